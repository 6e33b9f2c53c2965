"""May a cart be ordered, and is it what was confirmed: contract §1.5, §7.1, §7.2."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from customers.rules import order as rule
from customers.rules.order import CartFacts, Figures
from portal.core.money import Money

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def cart(**fields: Any) -> CartFacts:
    values: dict[str, Any] = {
        "status": "Active", "expires_at": NOW + timedelta(days=1), "agreement_accepted_at": NOW - timedelta(days=400),
        "relationship": "reseller", "orderable": 2, "names_partner_of_record": True, **fields,
    }  # fmt: skip
    return CartFacts(**values)


@pytest.mark.parametrize(
    ("found", "accepted", "code"),
    [
        pytest.param(cart(), True, None, id="all well"),
        pytest.param(cart(names_partner_of_record=False), False, None, id="nothing to attest"),
        pytest.param(cart(), None, None, id="nobody was asked yet"),
        pytest.param(cart(expires_at=NOW + timedelta(microseconds=1)), True, None, id="the last moment"),
        pytest.param(cart(expires_at=NOW), True, 800008, id="expired"),
        pytest.param(cart(status="Ordered"), True, 800065, id="ordered before"),
        pytest.param(cart(agreement_accepted_at=None), True, 13605, id="agreement not known"),
        pytest.param(cart(relationship="none"), True, 20002, id="no relationship"),
        pytest.param(cart(orderable=0), True, 800009, id="no line"),
        pytest.param(cart(), False, 900206, id="not attested"),
        pytest.param(cart(unnamed=1), True, 3000, id="a partner of record is to be chosen"),
        pytest.param(cart(unnamed=1), None, None, id="nobody was asked to choose yet"),
        pytest.param(cart(orderable=0, unnamed=1), None, None, id="all lines only wait for the choice"),
    ],
)
def test_the_cart(found: CartFacts, accepted: bool | None, code: int | None) -> None:
    decision = rule.decide(found, attestation_accepted=accepted, as_of=NOW)
    assert [check.data["code"] for check in decision.failed] == ([] if code is None else [code])
    assert decision.allowed == (code is None)
    assert all(check.message.endswith(".") for check in decision.checks)


def test_what_is_not_known_of_the_agreement_is_said() -> None:
    (check,) = rule.decide(cart(agreement_accepted_at=None), attestation_accepted=True, as_of=NOW).failed
    assert "not known" in check.message
    assert check.found == "not known"


def test_the_attestation_has_the_number_of_its_cart_error() -> None:
    (check,) = rule.decide(cart(), attestation_accepted=False, as_of=NOW).failed
    assert (check.code, check.data["errorCode"]) == ("AttestationNotAccepted", 10012)


SEEN = Figures(
    title="Business Premium", orderable=True, unit_price=Decimal(252), promotion_id="39NFJQT26J7Z:0006:A",
    promotion="Launch offer", per_term=Money(Decimal("4725.00"), "USD"),
)  # fmt: skip
DEARER = Money(Decimal("6300.00"), "USD")


@pytest.mark.parametrize(
    ("was", "now", "found"),
    [
        pytest.param(SEEN, SEEN, [], id="as it was"),
        pytest.param(
            SEEN, replace(SEEN, unit_price=Decimal(264), per_term=Money(Decimal("4950.00"), "USD")),
            [("price", "$252.00 per license", "$264.00 per license"),
             ("amount", "$4,725.00 for the term", "$4,950.00 for the term")],
            id="dearer",
        ),
        pytest.param(
            SEEN, replace(SEEN, promotion_id="", promotion="", per_term=DEARER),
            [("promotion", "Launch offer", "no promotion"),
             ("amount", "$4,725.00 for the term", "$6,300.00 for the term")],
            id="the promotion ended",
        ),
        pytest.param(
            SEEN, replace(SEEN, promotion_id="39NFJQT26J7Z:0007:B", promotion="Second offer"),
            [("promotion", "Launch offer", "Second offer")], id="another promotion",
        ),
        pytest.param(
            SEEN, replace(SEEN, per_term=DEARER),
            [("amount", "$4,725.00 for the term", "$6,300.00 for the term")], id="another discount",
        ),
        pytest.param(
            SEEN, replace(SEEN, orderable=False, unit_price=None, per_term=None),
            [("line", "$4,725.00 for the term", "cannot be ordered any more")], id="the price was withdrawn",
        ),
        pytest.param(replace(SEEN, orderable=False), SEEN, [], id="mended"),
        pytest.param(replace(SEEN, orderable=False), replace(SEEN, orderable=False, unit_price=None), [],
                     id="not ordered either way"),
        pytest.param(
            replace(SEEN, orderable=False, unit_price=None, per_term=None), SEEN,
            [("price", "no price", "$252.00 per license"), ("amount", "no price", "$4,725.00 for the term")],
            id="a price that was not there",
        ),
        pytest.param(None, SEEN, [("line", "not shown", "$4,725.00 for the term")], id="a line that was not shown"),
        pytest.param(SEEN, None, [("line", "$4,725.00 for the term", "no longer in the cart")], id="a line that is gone"),
    ],
)  # fmt: skip
def test_changes(was: Figures | None, now: Figures | None, found: list[tuple[str, str, str]]) -> None:
    changes = rule.changes({1: was} if was else {}, {1: now} if now else {})
    assert [(change.what, change.was, change.now) for change in changes] == found
    assert {(change.number, change.title) for change in changes} <= {(1, "Business Premium")}


@pytest.mark.parametrize(
    ("lines", "verdict", "passed"),
    [
        ([(1, "Premium", "", "")], "No promotion was applied to order a1.", [False]),
        (
            [(1, "Premium", "39N:1:A", "Launch offer")],
            "Order a1 has a promotion: Launch offer, 39N:1:A.", [True],
        ),
        ([(1, "Premium", "39N:1:A", "")], "Order a1 has a promotion: 39N:1:A.", [True]),
        (
            [(1, "Premium", "39N:1:A", "Launch offer"), (2, "Visio", "", "")],
            "A promotion was applied to 1 of 2 lines of order a1.", [True, False],
        ),
        ([], "No promotion was applied to order a1.", []),
    ],
)  # fmt: skip
def test_promotions_of_an_order(lines: list[tuple[int, str, str, str]], verdict: str, passed: list[bool]) -> None:
    decision = rule.promotions("a1", lines)
    assert decision.verdict == verdict
    assert [check.passed for check in decision.checks] == passed
    assert [check.data["promotionId"] for check in decision.checks] == [line[2] for line in lines]
