"""Every view says who may open it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from portal.core.access import CAPABILITIES, MARKER
from tests.access.table import TABLE

PUBLIC = {"signin", "healthz"}


def views(patterns: Any = None) -> Iterator[tuple[str, Any]]:
    for entry in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(entry, URLResolver):
            if entry.app_name != "admin":  # the admin has its own gate: staff only
                yield from views(entry.url_patterns)
        elif isinstance(entry, URLPattern):
            yield entry.name or str(entry.pattern), entry.callback


def names(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    """The full name of every address outside the back office."""
    for entry in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(entry, URLResolver):
            if entry.app_name != "admin":
                yield from names(entry.url_patterns, f"{prefix}{entry.app_name}:" if entry.app_name else prefix)
        elif isinstance(entry, URLPattern):
            yield f"{prefix}{entry.name}"


def test_every_address_is_in_the_table_of_roles() -> None:
    """tests/access tries each row with every role, with foreign ids and with broken requests."""
    found = set(names())
    assert len(found) >= 45
    assert found == set(TABLE), "enter the address in tests/access/table.py, or remove the stale row"


def test_every_view_says_who_may_open_it() -> None:
    found = list(views())
    assert len(found) >= 15
    silent = [f"{v.__module__}.{v.__qualname__}" for _, v in found if not hasattr(v, MARKER)]
    assert not silent, silent


def test_marks_are_known_and_public_views_are_few() -> None:
    marks = {name: getattr(view, MARKER) for name, view in views()}
    for name, mark in marks.items():
        assert mark in CAPABILITIES or mark.startswith(("public: ", "signed in: ")), (name, mark)
    assert {name for name, mark in marks.items() if mark.startswith("public")} == PUBLIC
