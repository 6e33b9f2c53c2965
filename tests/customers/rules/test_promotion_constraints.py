"""Contract §6.1-§6.3: each condition of a promotion, with the vendor's own fields."""

from __future__ import annotations

from typing import Any

import pytest

from customers.rules.promotion_constraints import (
    UNKNOWN,
    Redemption,
    first_purchase,
    ownership,
    promotion_key,
    redemptions,
    seat_limits,
    seats,
    seats_left,
)
from portal.core.decision import Check
from tests.customers.rules.promotion_facts import FIRST_ID, PREMIUM, STANDARD, buyer, line, promotion

KEY = promotion_key(FIRST_ID)


def seat(least: Any, most: Any, kind: str = "SubscriptionQuantity") -> dict[str, Any]:
    return {"minSeats": least, "maxSeats": most, "type": kind}


def taken(count: int, licenses: int = 0) -> dict[str, Redemption]:
    return {KEY: Redemption(count=count, licenses=licenses)}


SEATS = [
    # constraints, quantity, owned, licenses taken with the promotion, passed, data
    pytest.param([], 25, 0, 0, True, (0, None, None), id="§6.1 none"),
    pytest.param([seat(10, 300)], 10, 0, 0, True, (10, 300, 300), id="§6.1 the minimum counts"),
    pytest.param([seat(10, 300)], 9, 0, 0, False, (10, 300, 300), id="§6.2 below the minimum"),
    pytest.param([seat(10, 300)], 9, 1, 0, True, (10, 300, 300), id="§6.3 owned licenses count for the minimum"),
    pytest.param([seat(10, 300)], 300, 0, 0, True, (10, 300, 300), id="§6.1 the maximum counts"),
    pytest.param([seat(10, 300)], 301, 0, 0, False, (10, 300, 300), id="§6.2 above the maximum"),
    pytest.param(
        [seat(10, 300)], 25, 500, 0, True, (10, 300, 300), id="§6.3 owned licenses do not count for the maximum"
    ),
    pytest.param([seat(1, 2400)], 2400, 0, 1900, False, (1, 2400, 500), id="§6.2 taken licenses count for the maximum"),
    pytest.param([seat(1, 2400)], 500, 0, 1900, True, (1, 2400, 500), id="§6.2 what is left can be taken"),
    pytest.param([seat(1, 300)], 1, 0, 400, False, (1, 300, 0), id="§6.3 more taken than the maximum: nothing left"),
    pytest.param([seat(10, None)], 25, 0, 0, True, (10, None, None), id="no maximum"),
    pytest.param([seat(None, 300)], 1, 0, 0, True, (0, 300, 300), id="no minimum"),
    pytest.param([seat(5, 300), seat(10, 100)], 7, 0, 0, False, (10, 100, 100), id="several: the tightest"),
    pytest.param([seat("10", "300")], 25, 0, 0, True, (10, 300, 300), id="numbers as text"),
    pytest.param([seat(10, 300, "subscription_quantity")], 25, 0, 0, True, (10, 300, 300), id="§0 any casing"),
]


@pytest.mark.parametrize(("constraints", "quantity", "owned", "used", "passed", "data"), SEATS)
def test_seats(
    constraints: list[dict[str, Any]], quantity: int, owned: int, used: int, passed: bool, data: tuple[Any, ...]
) -> None:
    unknown: list[Check] = []
    who = buyer(owned={PREMIUM: owned}, redeemed=taken(1, used) if used else {})
    what = promotion(seat_constraints=tuple(constraints))
    check = seats(line(quantity=quantity), what, who, unknown)
    assert (check.code, check.passed) == ("SeatCount", passed), check.message
    assert check.data == dict(
        zip(("minimumRequiredSeats", "maximumRequiredSeats", "availableSeats"), data, strict=True)
    )
    assert check.message
    assert not unknown
    assert seat_limits(what) == data[:2]
    assert seats_left(what, who) == data[2]


FIRST = [
    pytest.param([], True, True, id="§6.1 no condition"),
    pytest.param([{"isApplicable": True, "type": "FirstPurchase"}], False, True, id="§6.3 never bought"),
    pytest.param([{"isApplicable": True, "type": "FirstPurchase"}], True, False, id="§6.3 bought before"),
    pytest.param([{"isApplicable": False, "type": "FirstPurchase"}], True, True, id="§6.1 does not apply"),
    pytest.param([{"type": "FirstPurchase"}], True, False, id="applies unless it says that it does not"),
]


@pytest.mark.parametrize(("constraints", "before", "passed"), FIRST)
def test_first_purchase(constraints: list[dict[str, Any]], before: bool, passed: bool) -> None:
    unknown: list[Check] = []
    who = buyer(bought_before=frozenset({PREMIUM} if before else {STANDARD}))
    check = first_purchase(line(), promotion(eligibility_constraints=tuple(constraints)), who, unknown)
    assert (check.code, check.passed) == ("OfferPurchasedPreviously", passed)
    assert not unknown


def limit(least: Any, most: Any) -> dict[str, Any]:
    return {"minAssets": least, "maxAssets": most, "type": "LifetimeRedemptionCount"}


LIMITS = [
    pytest.param([], 9, True, (None, None), id="§6.1 no limit"),
    pytest.param([limit(0, 1)], 0, True, (1, 1), id="§6.2 not used yet"),
    pytest.param([limit(0, 1)], 1, False, (1, 0), id="§6.2 used as often as allowed"),
    pytest.param([limit(0, 3)], 2, True, (3, 1), id="§6.2 once more"),
    pytest.param([limit(0, 1)], 4, False, (1, 0), id="used more often than allowed"),
    pytest.param([limit(1, 3)], 0, False, (3, 3), id="§6.1 must have been used"),
    pytest.param([limit(0, None)], 9, True, (None, None), id="no maximum"),
    pytest.param([limit(0, 0)], 0, False, (0, 0), id="a maximum of none"),
]


@pytest.mark.parametrize(("constraints", "count", "passed", "data"), LIMITS)
def test_redemptions(
    constraints: list[dict[str, Any]], count: int, passed: bool, data: tuple[int | None, int | None]
) -> None:
    unknown: list[Check] = []
    who = buyer(redeemed=taken(count) if count else {})
    check = redemptions(promotion(asset_ownership_limits=tuple(constraints)), who, unknown)
    assert (check.code, check.passed) == ("RedemptionLimit", passed), check.message
    assert tuple(check.data.values()) == data
    assert list(check.data) == ["maxPromotionRedemptionCount", "remainingPromotionRedemptionCount"]
    assert not unknown


def own(big_id: str, least: Any, most: Any) -> dict[str, Any]:
    return {"bigId": big_id, "minSeats": least, "maxSeats": most}


NEEDS_PREMIUM = own("CFQ7TTC0LCHC/0002", 1, None)
NO_STANDARD = own("CFQ7TTC0LDPB/0001", 0, 0)
OWNED = [
    pytest.param([], {}, True, id="§6.1 nothing asked"),
    pytest.param([[NEEDS_PREMIUM]], {PREMIUM: 1}, True, id="§6.2 has the required product"),
    pytest.param([[NEEDS_PREMIUM]], {}, False, id="§6.2 lacks the required product"),
    pytest.param([[own("CFQ7TTC0LCHC/0002", 10, 300)]], {PREMIUM: 9}, False, id="fewer than required"),
    pytest.param([[own("CFQ7TTC0LCHC/0002", 10, 300)]], {PREMIUM: 301}, False, id="more than allowed"),
    pytest.param([[NO_STANDARD]], {}, True, id="§6.1 exclusion: does not have it"),
    pytest.param([[NO_STANDARD]], {STANDARD: 1}, False, id="§6.1 exclusion: has it"),
    pytest.param([[NEEDS_PREMIUM, NO_STANDARD]], {PREMIUM: 5}, True, id="§6.1 all of one list"),
    pytest.param([[NEEDS_PREMIUM, NO_STANDARD]], {PREMIUM: 5, STANDARD: 5}, False, id="§6.1 not all of one list"),
    pytest.param(
        [[NEEDS_PREMIUM], [own("CFQ7TTC0LDPB/0001", 1, None)]], {STANDARD: 1}, True, id="§6.1 one of two lists"
    ),
    pytest.param([[NEEDS_PREMIUM], [own("CFQ7TTC0LDPB/0001", 1, None)]], {}, False, id="§6.1 none of two lists"),
    pytest.param([[own("CFQ7TTC0LCHC/2", 1, None)]], {PREMIUM: 1}, True, id="§4.2 SKU without zeros"),
    pytest.param([[own("CFQ7TTC0LCHC:0002", 1, None)]], {PREMIUM: 1}, True, id="§4.2 colon for the slash"),
]


@pytest.mark.parametrize(("constraints", "owned", "passed"), OWNED)
def test_ownership(constraints: list[list[dict[str, Any]]], owned: dict[tuple[str, str], int], passed: bool) -> None:
    unknown: list[Check] = []
    what = promotion(product_ownership_constraints=tuple(tuple(entries) for entries in constraints))
    check = ownership(what, buyer(owned=owned), unknown)
    assert (check.code, check.passed) == ("PrerequisiteProductOwnership", passed), check.message
    assert not unknown


STRANGE = [
    pytest.param("seat_constraints", seat(1, 300, "TenantQuantity"), "TenantQuantity", id="unknown seat type"),
    pytest.param("seat_constraints", seat("ten", 300), "SubscriptionQuantity", id="a minimum that is no number"),
    pytest.param("seat_constraints", seat("9" * 5000, 300), "SubscriptionQuantity", id="more digits than are read"),
    pytest.param("seat_constraints", seat(-1, 300), "SubscriptionQuantity", id="a negative minimum"),
    pytest.param("seat_constraints", seat(True, 300), "SubscriptionQuantity", id="a truth value for a number"),
    pytest.param("seat_constraints", "10", "10", id="no object"),
    pytest.param("asset_ownership_limits", {"maxAssets": 1, "type": "ConcurrentCount"}, "ConcurrentCount", id="limit type"),
    pytest.param("eligibility_constraints", {"isApplicable": True, "type": "NewTenant"}, "NewTenant", id="eligibility type"),
    pytest.param("eligibility_constraints", {"isApplicable": "maybe", "type": "FirstPurchase"}, "FirstPurchase", id="no truth"),
    pytest.param("product_ownership_constraints", ({"bigId": "", "minSeats": 1},), "bigId", id="no product"),
    pytest.param("product_ownership_constraints", (own("CFQ7TTC0LCHC/0002", 5, 0),), "CFQ7TTC0LCHC", id="no range"),
    pytest.param("product_ownership_constraints", ("CFQ7TTC0LCHC/0002",), "CFQ7TTC0LCHC", id="no object to own"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "entry", "named"), STRANGE)
def test_what_is_not_understood_is_named(field: str, entry: Any, named: str) -> None:
    unknown: list[Check] = []
    what, who = promotion(**{field: (entry,)}), buyer(owned={PREMIUM: 5})
    seats(line(), what, who, unknown)
    first_purchase(line(), what, who, unknown)
    redemptions(what, who, unknown)
    ownership(what, who, unknown)
    assert [(check.code, check.passed) for check in unknown] == [(UNKNOWN, False)]
    assert named in unknown[0].message


def test_a_strange_alternative_does_not_matter_when_another_holds() -> None:
    unknown: list[Check] = []
    what = promotion(product_ownership_constraints=(({"bigId": ""},), (NEEDS_PREMIUM,)))
    assert ownership(what, buyer(owned={PREMIUM: 1}), unknown).passed
    assert not unknown
