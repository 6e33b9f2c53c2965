"""Templates compile, carry no inline script or style, and name no path by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

from tests.architecture.sources import ROOT, templates

INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|hx-on|javascript:|hx-vals=.js:", re.IGNORECASE)
HAND_WRITTEN_PATH = re.compile(r'hx-(?:get|post|put|delete)="/')


def test_the_guard_is_alive() -> None:
    assert len(templates()) >= 15
    assert INLINE.search('<p style="color:red">')
    assert INLINE.search("<button onclick=x>")
    assert not INLINE.search('<script src="/static/portal.js" defer></script>')


@pytest.mark.parametrize("path", templates(), ids=lambda p: str(p.relative_to(ROOT / "templates")))
def test_a_template_compiles_and_is_clean(path: Path) -> None:
    get_template(str(path.relative_to(ROOT / "templates")))
    text = path.read_text()
    found = INLINE.search(text)
    assert not found, f"the content security policy blocks {found.group()!r}"
    assert not HAND_WRITTEN_PATH.search(text), "use {% url %}"
    if "<html" in text:
        assert re.search(r"<html[^>]*\blang=", text)
        assert "<title>" in text
