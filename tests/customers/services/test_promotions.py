"""Promotions for the lines of one customer, from the database."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from customers.models import Availability, Customer, Order, OrderLine, Promotion, PromotionAssignment, Sku
from customers.rules.promotions import LineOutcome
from customers.services import promotions
from customers.services.customers import CustomerNotFound
from customers.services.promotions import Asked
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
OFFER = "CFQ7TTC0LCHC:0002:CFQ7TTC0X6RN"
ANNUAL = (("CFQ7TTC0LCHC", "0002", "P1Y", "annual", "0.25"),)
FIRST = [{"isApplicable": True, "type": "FirstPurchase"}]
ONCE = [{"minAssets": 0, "maxAssets": 1, "type": "LifetimeRedemptionCount"}]
TEN = [{"minSeats": 10, "maxSeats": 300, "type": "SubscriptionQuantity"}]


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


@pytest.fixture
def sku() -> Sku:
    sku = factories.make_sku()
    factories.make_price(sku, term="P1M", unit_price="26.40")
    factories.make_price(sku, unit_price="264.00")
    factories.make_price(sku, plan="annual", unit_price="252.00")
    return sku


def ask(
    scope: Scope, customer: Customer, sku: Sku, as_of: datetime, *, cycle: str = "annual", quantity: int = 25
) -> LineOutcome:
    return promotions.explain_line(
        scope, customer_id=customer.pk, sku_id=sku.pk, term_duration="P1Y", billing_cycle=cycle, quantity=quantity,
        as_of=as_of,
    )  # fmt: skip


def make_order_line(customer: Customer, as_of: datetime, **fields: object) -> OrderLine:
    order = Order.objects.create(customer=customer, order_id=uuid.uuid4().hex[:12], currency="USD", created_at=as_of)
    values = {"offer_id": OFFER, "quantity": 5, "subscription_id": uuid.uuid4(), **fields}
    return OrderLine.objects.create(order=order, number=0, **values)


def failed(outcome: LineOutcome) -> list[str]:
    return [check.code for check in outcome.decision.failed]


def test_a_promotion_applies(ours: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    factories.make_promotion()
    found = ask(ours, customer, sku, as_of)
    assert found.applied is not None
    assert found.applied.name == "Launch offer"
    assert (str(found.list_price), str(found.discounted)) == ("$525.00", "$393.75")


def test_nothing_exists(ours: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    assert failed(ask(ours, customer, sku, as_of)) == ["NoPromotionsAvailable"]


def test_ended_promotions_are_not_considered(ours: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    factories.make_promotion(ends_at=as_of - timedelta(seconds=1))
    assert failed(ask(ours, customer, sku, as_of)) == ["NoPromotionsAvailable"]


def test_the_row_of_the_market_and_segment_is_taken(ours: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    for country, segment, value in (
        ("DE", "Commercial", "0.50"), ("US", "Education", "0.40"), ("US", "Commercial", "0.10"), ("FR", "Education", "0.60"),
    ):  # fmt: skip
        covers = (("CFQ7TTC0LCHC", "0002", "P1Y", "annual", value),)
        factories.make_promotion(country=country, segment=segment, covers=covers)
    found = ask(ours, customer, sku, as_of)
    assert len(found.considered) == 1
    assert found.discount is not None
    assert str(found.discount.normalize()) == "0.1"


def test_a_promotion_of_other_markets_is_told_once(ours: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    for country in ("DE", "FR", "AT"):
        factories.make_promotion(country=country)
    found = ask(ours, customer, sku, as_of)
    assert len(found.considered) == 1
    assert failed(found) == ["Market"]


@pytest.mark.parametrize("assigned_to", ["ours", "another", "nobody"])
def test_targeted(ours: Scope, customer: Customer, sku: Sku, as_of: datetime, assigned_to: str) -> None:
    promotion = factories.make_promotion(is_targeted=True)
    another = factories.make_customer(customer.partner, "Tailspin Toys")
    if assigned_to != "nobody":
        who = customer if assigned_to == "ours" else another
        PromotionAssignment.objects.create(promotion=promotion, customer=who, assigned_at=as_of)
    assert failed(ask(ours, customer, sku, as_of)) == ([] if assigned_to == "ours" else ["AssignedCustomer"])


@pytest.mark.parametrize(
    ("fields", "bought"),
    [
        pytest.param({"status": "deleted"}, True, id="canceled"),
        pytest.param({"is_trial": True}, True, id="a trial"),
        pytest.param({}, True, id="active"),
        pytest.param({"offer_id": "CFQ7TTC0LCHC:0003:CFQ7TTC0X6RN"}, False, id="another SKU"),
        pytest.param({"offer_id": str(uuid.uuid4())}, False, id="a legacy offer"),
    ],
)
def test_first_purchase(
    ours: Scope, customer: Customer, sku: Sku, as_of: datetime, fields: dict[str, object], bought: bool
) -> None:
    factories.make_promotion(eligibility_constraints=FIRST)
    factories.make_subscription(customer, **fields)
    assert failed(ask(ours, customer, sku, as_of)) == (["OfferPurchasedPreviously"] if bought else [])


def test_an_order_tells_of_a_purchase_too(ours: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    factories.make_promotion(eligibility_constraints=FIRST)
    make_order_line(customer, as_of)
    assert failed(ask(ours, customer, sku, as_of)) == ["OfferPurchasedPreviously"]


def test_what_other_customers_bought_does_not_count(
    ours: Scope, theirs: Scope, customer: Customer, sku: Sku, as_of: datetime
) -> None:
    factories.make_promotion(eligibility_constraints=FIRST, asset_ownership_limits=ONCE)
    for other in (factories.make_customer(customer.partner, "Tailspin Toys"), Customer.objects.within(theirs).get()):
        factories.make_subscription(other, promotion_id="39NFJQT26J7Z:0006:084R5MQ9QF1W")
        make_order_line(other, as_of, promotion_id="39NFJQT26J7Z:0006:084R5MQ9QF1W")
    assert failed(ask(ours, customer, sku, as_of)) == []


def test_redemptions_are_counted_once_per_subscription(
    ours: Scope, customer: Customer, sku: Sku, as_of: datetime
) -> None:
    limit = [{"minAssets": 0, "maxAssets": 3, "type": "LifetimeRedemptionCount"}]
    factories.make_promotion(asset_ownership_limits=limit, seat_constraints=TEN)
    # The availability of a promotion id changes over time: the first two parts count.
    canceled = factories.make_subscription(
        customer, quantity=40, status="deleted", promotion_id="39NFJQT26J7Z:0006:OLD"
    )
    make_order_line(
        customer, as_of, promotion_id="39NFJQT26J7Z:0006:OLD", subscription_id=canceled.subscription_id, quantity=50
    )
    make_order_line(customer, as_of, promotion_id="39NFJQT26J7Z:0006:084R5MQ9QF1W", quantity=5)
    found = ask(ours, customer, sku, as_of)
    data = {check.code: check.data for check in found.considered[0].checks}
    assert data["RedemptionLimit"] == {"maxPromotionRedemptionCount": 3, "remainingPromotionRedemptionCount": 1}
    assert data["SeatCount"] == {"minimumRequiredSeats": 10, "maximumRequiredSeats": 300, "availableSeats": 245}


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        pytest.param({}, True, id="active"),
        pytest.param({"status": "suspended"}, True, id="suspended"),
        pytest.param({"status": "deleted"}, False, id="canceled"),
        pytest.param({"is_trial": True}, False, id="a trial"),
        pytest.param({"offer_id": "CFQ7TTC0LDPB:0001:CFQ7TTC0X6RN"}, False, id="another SKU"),
    ],
)
def test_owned_licenses_count_for_the_minimum(
    ours: Scope, customer: Customer, sku: Sku, as_of: datetime, fields: dict[str, object], counts: bool
) -> None:
    factories.make_promotion(seat_constraints=TEN)
    factories.make_subscription(customer, quantity=6, **fields)
    assert failed(ask(ours, customer, sku, as_of, quantity=4)) == ([] if counts else ["SeatCount"])


@pytest.mark.parametrize(("purchasable", "codes"), [(True, []), (False, ["InvalidCatalogItemId"])])
def test_a_sku_that_is_not_sold_now(
    ours: Scope, customer: Customer, sku: Sku, as_of: datetime, purchasable: bool, codes: list[str]
) -> None:
    factories.make_promotion()
    Availability.objects.create(
        sku=sku, availability_id="CFQ7TTC0X6RN", segment="Commercial", country="US", is_purchasable=purchasable
    )
    assert failed(ask(ours, customer, sku, as_of)) == codes


def test_strangers_are_not_found(theirs: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    with pytest.raises(CustomerNotFound):
        ask(theirs, customer, sku, as_of)
    with pytest.raises(CustomerNotFound):
        promotions.alternatives(
            theirs, customer_id=customer.pk, sku_id=sku.pk, term_duration="P1Y", billing_cycle="annual", quantity=1,
            as_of=as_of,
        )  # fmt: skip


def test_the_grid_and_the_nearest_change(ours: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    factories.make_promotion()
    found = promotions.alternatives(
        ours,
        customer_id=customer.pk,
        sku_id=sku.pk,
        term_duration="P1Y",
        billing_cycle="monthly",
        quantity=25,
        as_of=as_of,
    )
    shown = [
        (cell.term_duration, cell.billing_cycle, cell.promotion_name, str(cell.outcome.discounted))
        for cell in found.cells
        if cell.offered and cell.outcome
    ]
    assert shown == [
        ("P1M", "monthly", "", "$660.00"), ("P1Y", "monthly", "", "$550.00"), ("P1Y", "annual", "Launch offer", "$393.75"),
    ]  # fmt: skip
    assert found.nearest is not None
    assert (found.nearest.changed, str(found.nearest.before), str(found.nearest.after)) == (
        ("billing_cycle",), "$550.00", "$393.75",
    )  # fmt: skip


@pytest.mark.parametrize("many", [1, 15])
def test_queries_do_not_grow(
    ours: Scope, customer: Customer, as_of: datetime, many: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    asked = []
    for number in range(many):
        sku = factories.make_sku(f"Product {number}", f"CFQ7TTC0{number:04d}:0001")
        for plan in ("monthly", "annual"):
            factories.make_price(sku, plan=plan)
            asked.append(Asked(sku_id=sku.pk, term_duration="P1Y", billing_cycle=plan, quantity=25))
        for each in range(3):
            covers = ((f"CFQ7TTC0{number:04d}", "0001", "P1Y", "annual", f"0.{each + 1}"),)
            promotion_id = f"39NFJQT{number:05d}:000{each}:084R5MQ9QF1W"
            factories.make_promotion(promotion_id=promotion_id, covers=covers)
            factories.make_subscription(customer, promotion_id=promotion_id)
            make_order_line(customer, as_of, promotion_id=promotion_id)
    with django_assert_num_queries(8):
        found = promotions.explain_lines(ours, customer_id=customer.pk, lines=asked, as_of=as_of)
    assert [outcome.line.billing_cycle for outcome in found] == ["monthly", "annual"] * many
    with django_assert_num_queries(8):
        promotions.alternatives(
            ours, customer_id=customer.pk, sku_id=asked[0].sku_id, term_duration="P1Y", billing_cycle="monthly",
            quantity=25, as_of=as_of,
        )  # fmt: skip
    assert Promotion.objects.count() == 3 * many
