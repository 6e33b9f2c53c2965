"""A rule tells where it comes from and when that was checked, and has a truth table of its own."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from portal.core.decision import Rule
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


def sections(text: str) -> set[str]:
    """`§3.3-§3.5` is three of them."""
    found = set()
    for first, last in re.findall(r"§\s?(\d+(?:\.\d+)?)(?:\s?[-–]\s?§?(\d+\.\d+))?", text):
        found.add(first)
        chapter, _, number = first.partition(".")
        if last.startswith(f"{chapter}."):
            found |= {f"{chapter}.{n}" for n in range(int(number), int(last.partition(".")[2]) + 1)}
    return found


def sections_of_rule(name: str) -> set[str]:
    module = importlib.import_module(f"customers.rules.{name}")
    named = " ".join(rule.section for rule in vars(module).values() if isinstance(rule, Rule))
    return sections(f"{module.__doc__} {named}")


def truth_table(name: str) -> str:
    return (ROOT / "tests/customers/rules" / f"test_{name}.py").read_text()


@pytest.mark.parametrize("path", rule_files(), ids=lambda p: p.stem)
def test_a_truth_table_names_the_sections_that_its_rule_is_made_of(path: Path) -> None:
    text = truth_table(path.stem)
    heading = sections(ast.get_docstring(ast.parse(text)) or "")
    assert heading, "the test's docstring names the section that it is a truth table of"
    assert sections_of_rule(path.stem) <= sections(text)


# Each decision of the product, the rule that gives it, and the sections of the contract that document it.
DECISIONS = {
    "price": ("pricing", "§5.2"),
    "promotion eligibility": ("promotions", "§6.1-§6.3"),
    "its constraints": ("promotion_constraints", "§6.1-§6.3"),
    "promotion alternatives": ("alternatives", "§6.2 §6.3"),
    "line of an order": ("order_line", "§5.3 §7.1 §7.2"),
    "order, and its promotions": ("order", "§7.1 §7.2"),
    "cancellation": ("cancellation", "§3.3 §3.7"),
    "quantity reduction": ("quantity_reduction", "§3.3 §3.7"),
    "another number of licenses": ("quantity_change", "§3.3 §6.3"),
    "scheduled change": ("schedule_change", "§3.4"),
    "end-of-term outcome": ("end_of_term", "§3.3-§3.5"),
    "end-of-term choice": ("end_of_term_choice", "§3.5"),
    "suspension": ("suspension", "§3.3"),
    "transitions and their status": ("transitions", "§8.1-§8.3"),
    "migration": ("migration", "§9.2 §9.3"),
    "duplicate after upgrade": ("duplicates", "§8.4 §10.1"),
    "refund estimate": ("refunds", "§10.2"),
    "reconciliation": ("reconciliation", "§10.2 §10.3"),
    "partner of record": ("partner_of_record", "§11.1-§11.4"),
    "regions": ("regions", "§11.4"),
    "renewals": ("renewals", "§3.3-§3.5 §5.2"),
    "announced prices": ("price_preview", "§5.1 §5.2"),
    "upsell recommendation": ("upsell", "§14"),
    "targeted offer": ("targeted_offers", "§6.4"),
}
# Sections of §3 and §5-§11 that no rule decides by, and why.
NO_RULE = {
    "3.6": "a line and a subscription take no custom term end date here",
}
CONTRACT = "§3.1-§3.7 §5.1-§5.3 §6.1-§6.4 §7.1-§7.2 §8.1-§8.4 §9.1-§9.3 §10.1-§10.3 §11.1-§11.4 §14"


@pytest.mark.parametrize(("rule", "documented"), DECISIONS.values(), ids=DECISIONS)
def test_a_decision_of_the_product_has_a_truth_table_of_its_sections(rule: str, documented: str) -> None:
    assert sections(documented) <= sections_of_rule(rule)
    assert sections(documented) <= sections(truth_table(rule))


def test_every_section_of_the_contract_is_tested_or_explained() -> None:
    tested = {section for path in rule_files() for section in sections(truth_table(path.stem))}
    assert sections(CONTRACT) - tested == set(NO_RULE)
