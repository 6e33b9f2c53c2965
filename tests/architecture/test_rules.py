"""A rule tells where it comes from and when that was checked, and has a truth table of its own."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

DATA_ONLY = {"__init__", "vocabulary"}


def rule_files() -> list[Path]:
    return [p for p in sorted((ROOT / "customers/rules").glob("*.py")) if p.stem not in DATA_ONLY]


def test_the_guard_is_alive() -> None:
    assert len(rule_files()) >= 3


@pytest.mark.parametrize("path", rule_files(), ids=lambda p: p.stem)
def test_a_rule_names_its_source_and_has_a_truth_table(path: Path) -> None:
    doc = importlib.import_module(f"customers.rules.{path.stem}").__doc__ or ""
    assert re.search(r"§\s?\d+", doc), "name the section of the contract"
    assert re.search(r"checked\D{0,20}\d{4}-\d{2}-\d{2}", doc, re.IGNORECASE), "say when the source was checked"
    test = ROOT / "tests/customers/rules" / f"test_{path.stem}.py"
    assert test.exists(), f"{test.name} is missing"
    assert "parametrize" in test.read_text()
