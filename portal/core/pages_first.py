"""Pages come first: long work in the background slows down while somebody asks for pages on the same disk.

Being nice reaches the process of a worker and not the database that works for it; a worker that reads slowly
holds up both. Every page leaves its mark on a file, so this costs a page some microseconds and asks nobody.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings

# A page that was asked for this long ago, in seconds, is taken for one of several.
RECENT = 0.25
# How long to rest for each second of work meanwhile, and at most at a time, in seconds.
REST, AT_MOST = 12.0, 0.5


def _mark() -> Path:
    return Path(settings.DATA_DIR) / "last-page"


def note() -> None:
    """A page is asked for. Says nothing when the disk does not let it."""
    with suppress(OSError):
        try:
            os.utime(_mark())
        except FileNotFoundError:
            _mark().touch()


def rest_after(worked: float, since_last_page: float) -> float:
    """How long to rest after so much work, all in seconds."""
    return min(AT_MOST, worked * REST) if since_last_page < RECENT else 0.0


class Courtesy:
    """What long work calls now and then, every few milliseconds of it."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def __call__(self) -> None:
        try:
            since_last_page = time.time() - _mark().stat().st_mtime
        except FileNotFoundError:
            return
        if rest := rest_after(time.monotonic() - self._since, since_last_page):
            time.sleep(rest)
        self._since = time.monotonic()
