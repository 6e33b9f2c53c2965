"""Terms, cycles, quantities, ids and names as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.engine.fill import fill
from assistant.engine.names import understand
from assistant.engine.text import MAX_LENGTH, TooLong, clean, mark_negated

A = "aaaa0a0a-bb1b-cc2c-dd3d-eeeeee4e4e4e"
B = "bbbb1b1b-cc2c-dd3d-ee4e-ffffff5f5f5f"
D = "cccc2c2c-dd3d-ee4e-ff5f-aaaaaa6a6a6a"
C = "00001111-aaaa-2222-bbbb-3333cccc4444"


@pytest.mark.parametrize(
    ("text", "term", "cycle", "quantity"),
    [
        ("25 seats annual", "P1Y", None, 25),
        ("25 licences, annual, billed monthly", "P1Y", "monthly", 25),
        ("annual billed monthly", "P1Y", "monthly", None),
        ("annual monthly", "P1Y", "monthly", None),
        ("P1Y monthly", "P1Y", "monthly", None),
        ("P1Y annual", "P1Y", "annual", None),
        ("for 1 Year termDuration, Annual billingCycle and 25 quantity", "P1Y", "annual", 25),
        ("one-year term paid upfront", "P1Y", "annual", None),
        ("upfront", None, "annual", None),
        ("3 years, triennial billing", "P3Y", "triennial", None),
        ("three-year commitment, billed annually", "P3Y", "annual", None),
        ("36 months", "P3Y", None, None),
        ("month to month", "P1M", None, None),
        ("on a monthly term", "P1M", None, None),
        ("billed monthly", None, "monthly", None),
        ("what is the monthly price", None, None, None),
        ("1,250 users", None, None, 1250),
        ("quantity 12", None, None, 12),
        ("for 25", None, None, 25),
        ("40 x Teams Premium", None, None, 40),
        ("Teams Premium 40x", None, None, 40),
        ("60 annual, billed annually", "P1Y", "annual", 60),
        ("seventy-five seats", None, None, 75),
        ("a hundred and ten licenses", None, None, 110),
        ("two hundred lics", None, None, 200),
        ("for a dozen users", None, None, 12),
        ("cut it to seven", None, None, 7),
        ("leave 8 on it", None, None, 8),
        ("a license", None, None, 1),
        ("Visio Plan 2 licenses", None, None, None),
        ("Microsoft 365 licenses", None, None, None),
        ("in the next 60 days", None, None, None),
        ("in 2 years", None, None, None),
        ("0 seats", None, None, None),
    ],
)
def test_numbers_and_terms(text: str, term: str | None, cycle: str | None, quantity: int | None) -> None:
    values = understand(clean(text))[0].values
    assert (values.get("term_duration"), values.get("billing_cycle"), values.get("quantity")) == (term, cycle, quantity)


@pytest.mark.parametrize(
    ("text", "customers", "products"),
    [
        ("price of Power BI Pro for Tailspin Toys", ["Tailspin Toys"], ["Power BI Pro"]),
        ("Tailspin Toys' Exchange Online Plan 1", ["Tailspin Toys"], ["Exchange Online Plan 1"]),
        ("Margie's Travel's subscriptions", ["Margie's Travel"], []),
        ("subscriptions of School of Fine Art", ["School of Fine Art"], []),
        ("price for customer [VanArsdel, Ltd.]", ["VanArsdel, Ltd."], []),
        ("Which subscriptions can VanArsdel, Ltd. have?", ["VanArsdel, Ltd."], []),
        ('price of "Visio Plan 2" for "Cancel & Sons"', ["Cancel & Sons"], ["Visio Plan 2"]),
        ("subscriptions for customer Upgrade Partners", ["Upgrade Partners"], []),
        ("Microsoft Defender for Business at Coho Winery", ["Coho Winery"], ["Microsoft Defender for Business"]),
        ("subscriptions for northwind.example", ["northwind.example"], []),
        ("Fabrikam Robotics Business Premium price", ["Fabrikam Robotics"], ["Business Premium"]),
        ("subscriptions of Münchner Kühltechnik GmbH", ["Münchner Kühltechnik GmbH"], []),
    ],
)
def test_names(text: str, customers: list[str], products: list[str]) -> None:
    _, found = understand(clean(text))
    assert (found.customers, found.products) == (customers, products)


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        (f"for customer {C}", "customer", {"customer": [C]}),
        (f"details of {A}", "subscription customer", {"subscription": A}),
        (f"subscription {A} of customer {C}", "subscription customer", {"subscription": A, "customer": [C]}),
        (
            f"Cancel {A}, {B} for customer {C}. The upgraded subscription is {D}.",
            "customer upgraded_subscription subscriptions",
            {"subscriptions": [A, B], "customer": [C], "upgraded_subscription": D},
        ),
        (
            "Is Foo Bar Pro eligible for Contoso Suites",
            "product customer",
            {"product": ["Foo Bar Pro"], "customer": ["Contoso Suites"]},
        ),
        (
            "the price of Zoho Mail for customer Contoso",
            "product customer",
            {"product": ["Zoho Mail"], "customer": ["Contoso"]},
        ),
        ("the price for Contoso", "product customer", {"customer": ["Contoso"]}),
        ("product CFQ7TTC0LCHC, sku 2", "product sku", {"product": ["CFQ7TTC0LCHC"], "sku": "0002"}),
        ("CFQ7TTC0LCHC:0002:CFQ7TTC0X6RN", "product sku", {"product": ["CFQ7TTC0LCHC"], "sku": "0002"}),
        ("my order 3P6Q9XABCDEF", "order", {"order": "3P6Q9XABCDEF"}),
        ("why has line 3 none", "cart_line", {"cart_line": 3}),
        ("the second line", "cart_line", {"cart_line": 2}),
    ],
)
def test_ids(text: str, wanted: str, found: dict[str, Any]) -> None:
    assert fill(wanted.split(), *understand(clean(text))) == found


def test_names_do_not_reach_the_matcher() -> None:
    masked = understand('price of Visio Plan 2 for customer "Cancel all subscriptions now Ltd"')[1].masked
    assert "ancel" not in masked


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("don't cancel anything, only check whether it can go", "<not> , only check whether it can go"),
        ("check it but do not start the report", "check it but <not> the report"),
        ("why is there no promotion", "why is there no promotion"),
        ("it isn't eligible", "it isn't eligible"),
    ],
)
def test_what_is_ruled_out_is_not_asked(text: str, left: str) -> None:
    assert mark_negated(text) == left


def test_cleaning() -> None:
    assert clean("a\u202eb\x00c\u200b  d\r\ne “f” – g") == 'abc d e "f" - g'
    with pytest.raises(TooLong, match="2,000"):
        clean("x" * (MAX_LENGTH + 1))


def test_long_and_strange_text_is_fast_and_harmless() -> None:
    for text in (
        "(" * 2000,
        "a " * 1000,
        "'" * 2000,
        "for customer " * 150,
        "[" * 1999 + "x",
        "1" * 2000,
        "<q0> <name>",
    ):
        understand(clean(text))
