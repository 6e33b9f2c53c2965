"""Contract §5.3, §7.1: what a cart may hold."""

from __future__ import annotations

import pytest

from customers.rules.cart import MOST_LICENSES, Limits, decide, quantity, quantity_of
from tests.customers.rules.promotion_facts import line, quote

ANY = Limits(min_licenses=None, max_licenses=None)
SMALL = Limits(min_licenses=5, max_licenses=300)

TYPED = [
    pytest.param("25", ANY, True, id="a number"),
    pytest.param(" 25 ", ANY, True, id="with blanks around"),
    pytest.param(25, ANY, True, id="as a number"),
    pytest.param("1", ANY, True, id="one"),
    pytest.param("0", ANY, False, id="none"),
    pytest.param("-5", ANY, False, id="negative"),
    pytest.param("", ANY, False, id="nothing"),
    pytest.param("ten", ANY, False, id="a word"),
    pytest.param("2.5", ANY, False, id="half a license"),
    pytest.param("1,000", ANY, False, id="a separator"),
    pytest.param("1e3", ANY, False, id="an exponent"),
    pytest.param("٣", ANY, False, id="other digits"),
    pytest.param(True, ANY, False, id="a truth value"),
    pytest.param("9" * 400, ANY, False, id="absurd"),
    pytest.param(MOST_LICENSES, ANY, True, id="the most"),
    pytest.param(MOST_LICENSES + 1, ANY, False, id="more than the most"),
    pytest.param("4", SMALL, False, id="§5.3 below MinLicenses"),
    pytest.param("5", SMALL, True, id="§5.3 MinLicenses"),
    pytest.param("300", SMALL, True, id="§5.3 MaxLicenses"),
    pytest.param("301", SMALL, False, id="§5.3 above MaxLicenses"),
]


@pytest.mark.parametrize(("typed", "limits", "passed"), TYPED)
def test_quantity(typed: int | str, limits: Limits, passed: bool) -> None:
    check = quantity(typed, limits=limits)
    assert (check.code, check.passed) == ("quantity", passed)
    assert check.message.endswith(".")


@pytest.mark.parametrize(
    ("typed", "number"), [("25", 25), ("-5", -5), ("--5", None), ("-", None), ("007", 7), (12, 12), (False, None)]
)
def test_quantity_of(typed: int | str, number: int | None) -> None:
    assert quantity_of(typed) == number


def test_the_decision_names_the_field() -> None:
    offered, not_offered = quote(line()), quote(line(term_duration="P3Y", billing_cycle="triennial"))
    assert decide(offered, typed="25", limits=ANY).allowed
    assert [check.code for check in decide(not_offered, typed="0", limits=ANY).failed] == ["quantity", "term_duration"]
