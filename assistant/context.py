"""Whether the panel is open on this page, and what it is looking at."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def panel(request: HttpRequest) -> dict[str, Any]:
    return {}
