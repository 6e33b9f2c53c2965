"""Long work makes way for pages."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from portal.core import pages_first


@pytest.fixture
def mark(settings, tmp_path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / "last-page"


@pytest.mark.parametrize(
    ("worked", "since_last_page", "rest"),
    [
        (0.002, 0.0, 0.024),
        (0.002, 0.24, 0.024),
        (0.002, 0.25, 0.0),  # nobody is there: full speed
        (10.0, 0.0, 0.5),  # a long step is no reason to sleep through the next one
    ],
)
def test_rest(worked, since_last_page, rest):
    assert pages_first.rest_after(worked, since_last_page) == pytest.approx(rest)


@pytest.mark.django_db
def test_every_page_leaves_its_mark(client, mark):
    client.get("/healthz")
    assert mark.exists()
    os.utime(mark, (0, 0))
    client.get("/subscriptions/")
    assert mark.stat().st_mtime > 0


def test_without_any_page_or_on_a_strange_disk_nothing_happens(mark, settings):
    pages_first.Courtesy()()
    settings.DATA_DIR = mark / "missing"
    pages_first.note()
    pages_first.Courtesy()()


def test_work_rests_while_pages_are_asked_for(mark):
    pages_first.note()
    os.utime(mark, (time.time() + 60, time.time() + 60))  # at this very moment, however slow this test is
    courtesy = pages_first.Courtesy()
    time.sleep(0.01)
    begun = time.monotonic()
    courtesy()
    assert time.monotonic() - begun >= 0.1
