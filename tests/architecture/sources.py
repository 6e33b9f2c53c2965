"""The project's source files, parsed once, for the guards."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("portal", "customers", "downloads", "assistant")


@cache
def parsed() -> tuple[tuple[str, ast.Module], ...]:
    """(path from the root, syntax tree) of every first-party module but migrations."""
    return tuple(
        (str(path.relative_to(ROOT)), ast.parse(path.read_text()))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    )


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html"))
