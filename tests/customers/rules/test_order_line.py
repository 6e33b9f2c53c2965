"""May a line be ordered, contract §1.5, §5.3, §6.3, §7.1, §7.2, §11.3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from customers.rules import order_line as rule
from customers.rules import promotions
from customers.rules.order_line import NOT_DECIDED, OF_PARTNER_OF_RECORD, CartErrorCode, LineFacts, Seller
from customers.rules.partner_of_record import Reseller
from customers.rules.pricing import Row, Wanted, price
from customers.rules.vocabulary import PartnerOfRecord
from portal.core.decision import Check
from tests.customers.rules import promotion_facts as given

LATER = datetime(2027, 1, 1, tzinfo=UTC)


def reseller(name: str, **fields: Any) -> Reseller:
    values: dict[str, Any] = {
        "is_location_account": True, "relationship_type": "is_indirect_cloud_solution_provider_of", "state": "Active",
        "country": "US", **fields,
    }  # fmt: skip
    return Reseller(name=name, **values)


DIRECT = Seller(is_indirect_provider=False, mpn_id="7000001", country="US", resellers={})
PROVIDER = Seller(
    is_indirect_provider=True,
    mpn_id="7000001",
    country="US",
    resellers={
        "7654321": (reseller("Nod Publishers"),),
        "7654322": (reseller("Fourth Coffee", state="Inactive"),),
        "7654323": (reseller("Munson's Pickles", is_location_account=False),),
        "7654324": (reseller("Alpine Ski House", relationship_type="is_indirect_reseller_of"),),
        "7654325": (reseller("Lamna Healthcare", country="DE"),),
        "7654326": (reseller("Relecloud", country="RU"),),
        "7654327": (reseller("Fourth Coffee", state="Inactive"), reseller("Fourth Coffee Retail")),
    },
)


def facts(
    rows: Sequence[Row] | None = None, offers: Sequence[Any] = (), line: dict[str, Any] | None = None, **fields: Any
) -> LineFacts:
    asked = given.line(**(line or {}))
    wanted = Wanted(
        title=asked.title, market="US", currency="USD", segment="Commercial", term_duration=asked.term_duration,
        billing_cycle=asked.billing_cycle, quantity=asked.quantity,
    )  # fmt: skip
    quote = price(given.rows() if rows is None else rows, wanted=wanted, as_of=given.NOW)
    outcome = promotions.explain(asked, buyer=given.buyer(), promotions=offers, quote=quote, as_of=given.NOW)
    return LineFacts(outcome=outcome, **fields)


def priced(**fields: Any) -> dict[str, Any]:
    """All rows of the list with these fields changed."""
    return {"rows": [replace(row, **fields) for row in given.rows()]}


# How the line is not as it should be -> cart error of §7.1, and the code of §1.5 that the API gives for the cause.
REFUSED = [
    pytest.param({"line": {"product_id": "195416C1"}}, "LegacyOfferNotEligibleForPurchase", 500600, 2085, id="legacy"),
    pytest.param({"line": {"is_purchasable": False}}, "InventoryNotAvailable", 10003, 800020, id="not purchasable"),
    pytest.param(priced(view="eos"), "InventoryNotAvailable", 10003, 2091, id="end of sale"),
    pytest.param({"rows": []}, "CatalogItemIdIsNotValid", 10001, 400018, id="in no list"),
    pytest.param(priced(market="DE"), "CatalogItemIdIsNotValid", 10001, 400019, id="another market"),
    pytest.param(priced(segment="Education"), "CatalogItemIdIsNotValid", 10001, 400019, id="another segment"),
    pytest.param(priced(starts_at=LATER), "CatalogItemIdIsNotValid", 10001, 400019, id="not valid yet"),
    pytest.param(priced(withdrawn_at=given.NOW), "CatalogItemIdIsNotValid", 10001, 400019, id="withdrawn"),
    pytest.param(priced(currency="EUR"), "CurrencyIsNotSupported", 10000, 400019, id="another currency"),
    pytest.param({"line": {"term_duration": "P3Y", "billing_cycle": "triennial"}}, "BillingPlanNotSupported", 10013,
                 800121, id="plan"),
    pytest.param(priced(tier_min=100), "InvalidInput", 10010, 900275, id="no tier for so many"),
    pytest.param(
        {"rows": [replace(given.rows()[0], billing_plan="triennial")],
         "line": {"term_duration": "P1M", "billing_cycle": "triennial"}},
        "UnableToProcessCartLineItem", 10006, 3000, id="a cycle that does not divide the term",
    ),
    pytest.param({"line": {"min_licenses": 26}}, "InvalidInput", 10010, 900275, id="too few"),
    pytest.param({"line": {"max_licenses": 24}}, "MaxAllowedSeatsPerSubscriptionExceeded", 10015, 900275,
                 id="too many on a line"),
    pytest.param({"line": {"max_licenses": 300}, "taken": 276}, "MaxAllowedSeatsPerSubscriptionExceeded", 10015, 800088,
                 id="too many for the customer"),
    pytest.param({"ownership_limit": 1, "times_bought": 1}, "QuotaNotAvailable", 10002, 800067, id="bought before"),
    pytest.param({"line": {"promotion_id": "39NFJQTXXXXX:0001:A"}}, "InvalidPromotionId", 10014, 27007,
                 id="unknown promotion"),
]  # fmt: skip
NAMED = [
    pytest.param(DIRECT, "7654321", "ParticipantsIsNotSupportedForPartner", 2071, id="a direct partner names one"),
    pytest.param(PROVIDER, "", "InvalidInput", 3000, id="none named"),
    pytest.param(PROVIDER, "76543x", "InvalidInput", 2071, id="no number"),
    pytest.param(PROVIDER, "7000001", "InvalidInput", 2072, id="its own id"),
    pytest.param(PROVIDER, "1111111", "InvalidInput", 800015, id="unknown"),
    pytest.param(PROVIDER, "7654322", "InvalidInput", 800016, id="not active"),
    pytest.param(PROVIDER, "7654323", "InvalidInput", 2071, id="a global account"),
    pytest.param(PROVIDER, "7654324", "InvalidInput", 800016, id="a relationship of another kind"),
    pytest.param(PROVIDER, "7654325", "InvalidInput", 800016, id="§11.4 another region"),
    pytest.param(PROVIDER, "7654326", "InvalidInput", 800016, id="§11.4 a country of no region"),
]


def only_failure(found: LineFacts, seller: Seller) -> Check:
    decision = rule.decide(found, seller=seller)
    (check,) = decision.failed
    assert not decision.allowed
    assert check.message in decision.verdict
    assert check.rule is not None
    return check


@pytest.mark.parametrize(("wrong", "name", "number", "code"), REFUSED)
def test_each_error_of_a_line(wrong: dict[str, Any], name: str, number: int, code: int) -> None:
    check = only_failure(facts(**wrong), DIRECT)
    assert check.code == name
    assert (check.data["errorCode"], check.data["code"]) == (number, code)
    assert CartErrorCode[name] == number


@pytest.mark.parametrize(("seller", "named", "error", "code"), NAMED)
def test_each_error_of_a_partner_of_record(seller: Seller, named: str, error: str, code: int) -> None:
    check = only_failure(facts(partner_of_record=named), seller)
    assert check.code == "partner_of_record"
    assert (check.data["errorCode"], check.data["code"]) == (CartErrorCode[error], code)


@pytest.mark.parametrize("named", ["", "76543x", "7000001", "1111111", *PROVIDER.resellers])
def test_the_partner_of_record_is_decided_by_its_own_rule(named: str) -> None:
    """§11.3: an order takes exactly the partners of record that the validation calls valid."""
    verdict = rule.partner_of_record(named, PROVIDER)
    (check,) = (
        c for c in rule.decide(facts(partner_of_record=named), seller=PROVIDER).checks if c.code == "partner_of_record"
    )
    assert check.passed is verdict.allowed is (verdict.state is PartnerOfRecord.VALID)
    if not check.passed:
        assert check.data["code"] == OF_PARTNER_OF_RECORD[verdict.state]
        assert all(each.message in check.message for each in verdict.failed) or not named


def test_every_state_of_a_partner_of_record_has_a_code() -> None:
    assert set(OF_PARTNER_OF_RECORD) == set(PartnerOfRecord) - {PartnerOfRecord.VALID, PartnerOfRecord.NOT_APPLICABLE}
    assert set(OF_PARTNER_OF_RECORD.values()) == {3000, 2071, 2072, 800015, 800016}


def test_every_documented_error_is_produced_or_explained() -> None:
    produced = {CartErrorCode(case.values[2]) for case in REFUSED} | {CartErrorCode[case.values[2]] for case in NAMED}
    produced.add(CartErrorCode.AttestationNotAccepted)  # of the cart: test_order.py
    assert produced | set(NOT_DECIDED) == set(CartErrorCode)
    assert not produced & set(NOT_DECIDED)


@pytest.mark.parametrize(
    ("found", "seller"),
    [
        pytest.param(facts(), DIRECT, id="direct, no reseller"),
        pytest.param(facts(partner_of_record="7654321"), PROVIDER, id="an active reseller"),
        pytest.param(facts(partner_of_record="7654327"), PROVIDER, id="one of two relationships is active"),
        pytest.param(facts(line={"is_purchasable": True}), DIRECT, id="an availability"),
        pytest.param(facts(line={"min_licenses": 25, "max_licenses": 25}), DIRECT, id="both limits exactly"),
        pytest.param(facts(line={"max_licenses": 300}, taken=275), DIRECT, id="the last of 300"),
        pytest.param(facts(line={"max_licenses": 25}, taken=500), DIRECT, id="a limit of the line alone"),
        pytest.param(facts(ownership_limit=2, times_bought=1), DIRECT, id="the second of two"),
        pytest.param(
            facts(offers=[given.promotion()], line={"promotion_id": given.FIRST_ID}), DIRECT, id="a promotion by its id"
        ),
    ],
)
def test_allowed(found: LineFacts, seller: Seller) -> None:
    decision = rule.decide(found, seller=seller)
    assert decision.allowed, decision.reasons
    assert all(check.message for check in decision.checks)


def test_the_pool_tells_how_many_are_left() -> None:
    check = only_failure(facts(line={"max_licenses": 300}, taken=280), DIRECT)
    assert (check.data["availableQuantity"], check.data["purchasedQuantity"]) == (20, 280)
    assert check.message == "25 licenses, but only 20 can be bought: 300 for the customer in all, 280 taken."


def test_without_an_availability_the_check_says_so() -> None:
    decision = rule.decide(facts(), seller=DIRECT)
    assert any(
        check.found == "not known" and "no availability was imported" in check.message for check in decision.checks
    )
