"""From a cart to an order: review, checkout, what was ordered."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from customers.models import (
    Availability,
    Cart,
    CartLine,
    Customer,
    IndirectReseller,
    Order,
    OrderLine,
    PriceRow,
    Promotion,
    Sku,
    Subscription,
)
from customers.services import cart as carts
from customers.services import orders as service
from customers.services.cart import CartChanged, CartClosed, CartNotFound
from customers.services.orders import (
    AlreadyOrdered,
    CheckoutResult,
    FiguresChanged,
    OrderAmbiguous,
    OrderNotFound,
    OrderRefused,
    Review,
)
from customers.services.promotions import explain_line
from portal.core.models import AuditEvent, Partner
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def reseller(ours: Scope) -> IndirectReseller:
    return factories.make_reseller(Partner.objects.get(pk=ours.partner_id))


@pytest.fixture
def customer(ours: Scope, reseller: IndirectReseller) -> Customer:
    Customer.objects.within(ours).update(reseller=reseller)
    return Customer.objects.within(ours).get()


@pytest.fixture
def sku() -> Sku:
    sku = factories.make_sku()
    factories.make_price(sku, unit_price="264.00")
    factories.make_price(sku, plan="annual", unit_price="252.00")
    Availability.objects.create(sku=sku, availability_id="CFQ7TTC0X6RN", segment="Commercial", country="US")
    return sku


@pytest.fixture
def cart(ours: Scope, customer: Customer, sku: Sku, as_of: datetime) -> Cart:
    """Line 1: 25 licenses, a year, billed at once; the launch offer takes a quarter off."""
    factories.make_promotion()
    cart = carts.open_for(ours, customer_id=customer.pk, as_of=as_of)
    add(ours, cart, sku, as_of, billing_cycle="annual")
    return cart


def add(scope: Scope, cart: Cart, sku: Sku, as_of: datetime, **fields: Any) -> CartLine:
    values: dict[str, Any] = {
        "sku_id": sku.pk, "term_duration": "P1Y", "billing_cycle": "monthly", "quantity": 25,
        "submission_key": uuid.uuid4(), **fields,
    }  # fmt: skip
    return carts.add_line(scope, cart_id=cart.cart_id, as_of=as_of, **values)


def look(scope: Scope, cart: Cart, as_of: datetime, **fields: Any) -> Review:
    return service.review(scope, cart_id=cart.cart_id, as_of=as_of, **fields)


def buy(scope: Scope, cart: Cart, as_of: datetime, *, seen: Review | None = None, **fields: Any) -> CheckoutResult:
    """Checkout by somebody who has just looked, or who saw `seen`."""
    seen = seen or look(scope, cart, as_of, resellers=fields.get("resellers"))
    values: dict[str, Any] = {
        "version": seen.cart.version, "attestation_accepted": True, "confirmed": seen.figures, **fields,
    }  # fmt: skip
    return service.checkout(scope, cart_id=cart.cart_id, as_of=as_of, **values)


def second_sku(**fields: Any) -> Sku:
    sku = factories.make_sku("Visio Plan 2", "CFQ7TTC0HD32:0002", **fields)
    factories.make_price(sku, unit_price="120.00")
    return sku


def nothing_was_ordered(scope: Scope, cart: Cart) -> bool:
    return (
        not Order.objects.within(scope).exists()
        and not Subscription.objects.within(scope).exists()
        and Cart.objects.within(scope).get(pk=cart.pk).status == "Active"
        and not AuditEvent.objects.filter(event="order.placed").exists()
    )


def test_the_subscription_has_every_field(ours: Scope, cart: Cart, reseller: IndirectReseller, as_of: datetime) -> None:
    order = buy(ours, cart, as_of).order
    row = Subscription.objects.within(ours).get()
    until = "2026-11-30T12:00:00Z"
    assert {name: getattr(row, name) for name in EXPECTED} == EXPECTED
    assert row.refundable_quantity == {
        "totalQuantity": 25,
        "details": [{"quantity": 25, "allowedUntilDateTime": until}],
    }
    assert row.refund_options == [{"type": "Partial", "expiresAt": until}]
    assert (row.order_id, row.partner_of_record) == (order.order_id, reseller.mpn_id)
    assert len(row.etag) == 32


EXPECTED: dict[str, Any] = {
    "offer_id": "CFQ7TTC0LCHC:0002:CFQ7TTC0X6RN",
    "product_id": "CFQ7TTC0LCHC",
    "sku_id": "0002",
    "friendly_name": "Microsoft 365 Business Premium",
    "name_key": "microsoft 365 business premium",
    "quantity": 25,
    "status": "active",
    "term_duration": "P1Y",
    "billing_cycle": "annual",
    "created_at": datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
    "effective_start_at": datetime(2026, 11, 23, tzinfo=UTC),
    "commitment_ends_at": datetime(2027, 11, 22, 23, 59, 59, tzinfo=UTC),
    "billing_cycle_ends_at": datetime(2027, 11, 22, 23, 59, 59, tzinfo=UTC),
    "cancellation_allowed_until": datetime(2026, 11, 30, 12, 0, tzinfo=UTC),
    "auto_renew_enabled": True,
    "end_of_term": "renew",
    "partner_of_record_state": "valid",
    "promotion_id": "39NFJQT26J7Z:0006:084R5MQ9QF1W",
    "unit_price": Decimal("189.000000"),
    "currency": "USD",
    "actions": ["edit", "cancel"],
    "is_microsoft_product": True,
    "publisher_name": "Microsoft Corporation",
    "product_type": "OnlineServicesNCE",
}


def test_the_order_and_its_line(ours: Scope, cart: Cart, as_of: datetime) -> None:
    result = buy(ours, cart, as_of)
    order, line = Order.objects.within(ours).get(), OrderLine.objects.within(ours).get()
    assert result.order == order
    assert len(order.order_id) == 12
    assert set(order.order_id) <= set("0123456789abcdef")
    assert (order.total_price, order.currency, order.billing_cycle) == (Decimal("4725.00"), "USD", "annual")
    assert (order.status, order.transaction_type, order.attestation_accepted) == ("completed", "UserPurchase", True)
    assert (line.number, line.list_price, line.unit_price) == (1, Decimal(252), Decimal(189))
    assert (line.promotion_id, line.transaction_type) == ("39NFJQT26J7Z:0006:084R5MQ9QF1W", "new")
    assert line.subscription_id == result.subscriptions[0].subscription_id


def test_cart_customer_and_audit_follow(ours: Scope, cart: Cart, customer: Customer, as_of: datetime) -> None:
    order = buy(ours, cart, as_of).order
    done = Cart.objects.within(ours).get(pk=cart.pk)
    assert (done.status, done.attestation_accepted) == ("Ordered", True)
    fresh = Customer.objects.within(ours).get(pk=customer.pk)
    assert (fresh.subscription_count, fresh.license_count) == (1, 25)
    assert Partner.objects.get(pk=ours.partner_id).subscription_count == 1
    entry = AuditEvent.objects.get(event="order.placed")
    assert (entry.target_name, entry.user_email) == (order.order_id, "ours@contoso.example")
    assert entry.after["total"] == "4725.00 USD"
    codes = [check["code"] for check in entry.decision]
    assert {"cart_active", "customer_agreement", "AttestationNotAccepted", "partner_of_record"} <= set(codes)
    assert all(check["passed"] for check in entry.decision)
    assert AuditEvent.objects.get(event="cart.ordered").after["order"] == order.order_id


def test_a_term_of_a_month(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    factories.make_price(sku, term="P1M", unit_price="26.40")
    add(ours, cart, sku, as_of, term_duration="P1M", quantity=1)
    order = buy(ours, cart, as_of).order
    row = Subscription.objects.within(ours).get(term_duration="P1M")
    assert row.commitment_ends_at == datetime(2026, 12, 22, 23, 59, 59, tzinfo=UTC)
    assert order.billing_cycle == ""


def test_software_and_trials(ours: Scope, cart: Cart, as_of: datetime) -> None:
    software = second_sku()
    software.product.product_type = "SoftwareSubscriptions"
    software.product.save()
    trial = factories.make_sku("Trial", "CFQ7TTC0TRIA:0001", is_trial=True)
    factories.make_price(trial, unit_price="0", term="P1M")
    add(ours, cart, software, as_of)
    add(ours, cart, trial, as_of, term_duration="P1M")
    buy(ours, cart, as_of)
    row = Subscription.objects.within(ours).get(product_type="SoftwareSubscriptions")
    assert row.refundable_quantity == {"totalQuantity": 0, "details": []}
    assert row.offer_id == "CFQ7TTC0HD32:0002:"  # no availability was imported
    trying = Subscription.objects.within(ours).get(is_trial=True)
    assert trying.cancellation_allowed_until == trying.commitment_ends_at


# Lines that cannot be ordered ------------------------------------------------------------------------------------


def test_lines_with_errors_stay_in_an_open_cart(ours: Scope, cart: Cart, as_of: datetime) -> None:
    other = second_sku()
    add(ours, cart, other, as_of, quantity=3)
    PriceRow.objects.filter(sku=other).update(withdrawn_at=as_of)
    seen = look(ours, cart, as_of)
    assert [line.number for line in seen.orderable] == [1]
    assert [str(total.per_month) for total in seen.totals] == ["$393.75"]
    result = buy(ours, cart, as_of, seen=seen)
    assert [line.number for line in result.refused] == [2]
    assert result.left is not None
    left = carts.view(ours, cart_id=result.left.cart_id, as_of=as_of)
    assert left.is_open
    assert [(line.number, line.line.sku, line.line.quantity) for line in left.lines] == [(1, other, 3)]
    assert [line.sku.title for line in CartLine.objects.within(ours).filter(cart=cart)] == [
        "Microsoft 365 Business Premium"
    ]
    assert Order.objects.within(ours).get().total_price == Decimal("4725.00")
    entry = AuditEvent.objects.get(event="cart.lines_left")
    assert any("withdrawn" in check["message"] for check in entry.decision)
    with pytest.raises(CartChanged, match="moved lines here that could not be ordered"):
        carts.change_line(ours, cart_id=result.left.cart_id, number=1, version=1, quantity=4, as_of=as_of)


def test_when_no_line_is_good_nothing_happens(ours: Scope, cart: Cart, as_of: datetime) -> None:
    PriceRow.objects.update(withdrawn_at=as_of)
    with pytest.raises(OrderRefused, match=r"No line of this cart can be ordered\."):
        buy(ours, cart, as_of)
    assert nothing_was_ordered(ours, cart)


def test_an_empty_cart(ours: Scope, customer: Customer, as_of: datetime) -> None:
    cart = carts.open_for(ours, customer_id=customer.pk, as_of=as_of)
    with pytest.raises(OrderRefused):
        buy(ours, cart, as_of)


def test_the_pool_counts_what_the_customer_has_and_earlier_lines(
    ours: Scope, cart: Cart, customer: Customer, sku: Sku, as_of: datetime
) -> None:
    Sku.objects.update(max_licenses=300)
    factories.make_subscription(customer, quantity=200)
    factories.make_subscription(customer, quantity=50, status="deleted")
    add(ours, cart, sku, as_of, quantity=80)
    first, second = look(ours, cart, as_of).lines
    assert first.decision.allowed
    (check,) = second.decision.failed
    assert check.code == "MaxAllowedSeatsPerSubscriptionExceeded"
    assert (check.data["availableQuantity"], check.data["purchasedQuantity"]) == (75, 225)


def test_a_trial_once_in_a_lifetime(ours: Scope, cart: Cart, customer: Customer, as_of: datetime) -> None:
    trial = second_sku(is_trial=True, asset_ownership_limit=1, asset_ownership_limit_type="Lifetime")
    add(ours, cart, trial, as_of)
    add(ours, cart, trial, as_of)
    lines = look(ours, cart, as_of).lines
    assert [line.decision.allowed for line in lines] == [True, True, False]
    factories.make_subscription(customer, offer_id="CFQ7TTC0HD32:0002:X", status="deleted", is_trial=True)
    assert [line.decision.allowed for line in look(ours, cart, as_of).lines] == [True, False, False]


def test_what_is_not_sold_here(ours: Scope, cart: Cart, as_of: datetime) -> None:
    Availability.objects.update(is_purchasable=False)
    (line,) = look(ours, cart, as_of).lines
    assert {check.data["code"] for check in line.decision.failed} == {800020}


# Who buys --------------------------------------------------------------------------------------------------------


def test_an_unknown_agreement_refuses_the_whole_cart(
    ours: Scope, cart: Cart, customer: Customer, as_of: datetime
) -> None:
    Customer.objects.within(ours).update(agreement_accepted_at=None)
    seen = look(ours, cart, as_of)
    assert [check.data["code"] for check in seen.decision.failed] == [13605]
    with pytest.raises(OrderRefused, match="Microsoft Customer Agreement"):
        buy(ours, cart, as_of, seen=seen)
    assert nothing_was_ordered(ours, cart)


def test_a_distributor_attests_the_partner_of_record(ours: Scope, cart: Cart, as_of: datetime) -> None:
    with pytest.raises(OrderRefused, match="has to be attested"):
        buy(ours, cart, as_of, attestation_accepted=False)
    assert nothing_was_ordered(ours, cart)


def test_the_reseller_is_chosen_per_line(
    ours: Scope, cart: Cart, customer: Customer, sku: Sku, reseller: IndirectReseller, as_of: datetime
) -> None:
    other = factories.make_reseller(customer.partner, "Fourth Coffee", mpn_id="7654322")
    factories.make_reseller(customer.partner, "Gone", mpn_id="7654323", state="Inactive")
    factories.make_reseller(customer.partner, "Global", mpn_id="7654324", is_location_account=False)
    factories.make_reseller(customer.partner, "Far", mpn_id="7654325", country="DE")
    kind = "is_indirect_reseller_of"
    factories.make_reseller(customer.partner, "Above", mpn_id="7654326", relationship_type=kind)
    add(ours, cart, sku, as_of)
    seen = look(ours, cart, as_of)
    assert [each.name for each in seen.resellers] == ["Fourth Coffee", "Nod Publishers"]
    assert [line.partner_of_record for line in seen.lines] == [reseller.mpn_id] * 2  # the customer's own
    buy(ours, cart, as_of, resellers={2: other.mpn_id})
    assert list(OrderLine.objects.within(ours).values_list("partner_of_record", flat=True)) == ["7654321", "7654322"]


@pytest.mark.parametrize(("named", "code"), [("", 3000), ("own", 2072), ("1111111", 800015), ("7654323", 800016)])
def test_a_wrong_partner_of_record(
    ours: Scope, cart: Cart, customer: Customer, as_of: datetime, named: str, code: int
) -> None:
    factories.make_reseller(customer.partner, "Gone", mpn_id="7654323", state="Inactive")
    named = customer.partner.mpn_id if named == "own" else named
    seen = look(ours, cart, as_of, resellers={1: named})
    assert [check.data["code"] for check in seen.lines[0].decision.failed] == [code]
    with pytest.raises(OrderRefused):
        buy(ours, cart, as_of, seen=seen, resellers={1: named})
    assert nothing_was_ordered(ours, cart)


def test_a_line_without_a_choice_keeps_the_order_back(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    """It is for the person on the page to make: no line is left behind because of it."""
    add(ours, cart, sku, as_of)
    seen = look(ours, cart, as_of, resellers={2: ""})
    assert [line.is_unnamed for line in seen.lines] == [False, True]
    assert [str(total.per_month) for total in seen.totals] == ["$943.75"]
    with pytest.raises(OrderRefused, match=r"Choose the partner of record of 1 line\."):
        buy(ours, cart, as_of, seen=seen, resellers={2: ""})
    assert nothing_was_ordered(ours, cart)
    assert len(buy(ours, cart, as_of, seen=seen).subscriptions) == 2


def test_another_tenants_reseller_is_unknown(ours: Scope, theirs: Scope, cart: Cart, as_of: datetime) -> None:
    factories.make_reseller(Partner.objects.get(pk=theirs.partner_id), "Theirs", mpn_id="7650000")
    (line,) = look(ours, cart, as_of, resellers={1: "7650000"}).lines
    assert [check.data["code"] for check in line.decision.failed] == [800015]


def test_who_bills_directly_names_nobody(ours: Scope, cart: Cart, as_of: datetime) -> None:
    Partner.objects.filter(pk=ours.partner_id).update(kind="direct_bill")
    seen = look(ours, cart, as_of)
    assert (seen.resellers, seen.names_resellers, seen.lines[0].partner_of_record) == ((), False, "")
    order = buy(ours, cart, as_of, attestation_accepted=False).order
    assert not order.attestation_accepted
    assert OrderLine.objects.within(ours).get().partner_of_record == ""


@pytest.mark.parametrize(
    "change",
    [
        {"roles": frozenset({"helpdesk_agent"})},
        {"roles": frozenset({"billing_admin"})},
        {"partner_kind": "indirect_reseller"},
    ],
)
def test_who_may_not_sell(ours: Scope, cart: Cart, as_of: datetime, change: dict[str, Any]) -> None:
    seen = look(ours, cart, as_of)
    with pytest.raises(PermissionDenied):
        buy(replace(ours, **change), cart, as_of, seen=seen)
    assert nothing_was_ordered(ours, cart)


def test_strangers_find_nothing(ours: Scope, theirs: Scope, cart: Cart, as_of: datetime) -> None:
    seen = look(ours, cart, as_of)
    with pytest.raises(CartNotFound):
        look(theirs, cart, as_of)
    with pytest.raises(CartNotFound):
        buy(theirs, cart, as_of, seen=seen)
    order = buy(ours, cart, as_of, seen=seen).order
    for read in (service.get, service.view):
        with pytest.raises(OrderNotFound):
            read(theirs, order_id=order.order_id)
    with pytest.raises(OrderNotFound):
        service.order_promotion(theirs, order_id=order.order_id, as_of=as_of)


# What was seen ---------------------------------------------------------------------------------------------------


def test_a_price_that_changed_is_shown_first(ours: Scope, cart: Cart, as_of: datetime) -> None:
    seen = look(ours, cart, as_of)
    PriceRow.objects.filter(billing_plan="annual").update(unit_price="260.00")
    with pytest.raises(FiguresChanged) as changed:
        buy(ours, cart, as_of, seen=seen)
    assert [(c.number, c.what, c.was, c.now) for c in changed.value.review.changes] == [
        (1, "price", "$252.00 per license", "$260.00 per license"),
        (1, "amount", "$4,725.00 for the term", "$4,875.00 for the term"),
    ]
    assert nothing_was_ordered(ours, cart)
    assert buy(ours, cart, as_of, seen=changed.value.review).order.total_price == Decimal("4875.00")


def test_a_promotion_that_ended_is_shown_first(ours: Scope, cart: Cart, as_of: datetime) -> None:
    seen = look(ours, cart, as_of)
    Promotion.objects.update(ends_at=as_of)
    with pytest.raises(FiguresChanged) as changed:
        buy(ours, cart, as_of + timedelta(seconds=1), seen=seen)
    assert [c.what for c in changed.value.review.changes] == ["promotion", "amount"]
    assert nothing_was_ordered(ours, cart)


def test_a_form_that_confirmed_nothing_orders_nothing(ours: Scope, cart: Cart, as_of: datetime) -> None:
    with pytest.raises(FiguresChanged):
        buy(ours, cart, as_of, confirmed={})
    assert nothing_was_ordered(ours, cart)


def test_a_line_changed_by_a_colleague(ours: Scope, cart: Cart, as_of: datetime) -> None:
    seen = look(ours, cart, as_of)
    carts.change_line(ours, cart_id=cart.cart_id, number=1, version=seen.cart.version, quantity=26, as_of=as_of)
    with pytest.raises(CartChanged, match=r"quantity 25 → 26, at 12:00 UTC\. Nothing was ordered\.$"):
        buy(ours, cart, as_of, seen=seen)
    assert nothing_was_ordered(ours, cart)


def test_an_expired_cart(ours: Scope, cart: Cart, as_of: datetime) -> None:
    seen = look(ours, cart, as_of)
    with pytest.raises(CartClosed, match="expired"):
        buy(ours, cart, as_of + timedelta(days=7), seen=seen)
    assert nothing_was_ordered(ours, cart)


def test_the_second_checkout_is_told_of_the_first(ours: Scope, cart: Cart, as_of: datetime) -> None:
    seen = look(ours, cart, as_of)
    order = buy(ours, cart, as_of, seen=seen).order
    with pytest.raises(AlreadyOrdered, match=order.order_id) as told:
        buy(ours, cart, as_of, seen=seen)
    assert told.value.order == order
    assert Order.objects.within(ours).count() == 1


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    quantity=some.integers(1, 5000), price=some.decimals("0.01", "9999", places=2), off=some.decimals(0, 1, places=4)
)
def test_what_is_ordered_costs_what_was_quoted(
    ours: Scope, customer: Customer, sku: Sku, as_of: datetime, quantity: int, price: Decimal, off: Decimal
) -> None:
    PriceRow.objects.filter(billing_plan="annual").update(unit_price=price)
    Promotion.objects.all().delete()
    factories.make_promotion(covers=(("CFQ7TTC0LCHC", "0002", "P1Y", "annual", str(off)),))
    cart = carts.open_for(ours, customer_id=customer.pk, as_of=as_of)
    add(ours, cart, sku, as_of, billing_cycle="annual", quantity=quantity)
    quoted = explain_line(
        ours, customer_id=customer.pk, sku_id=sku.pk, term_duration="P1Y", billing_cycle="annual", quantity=quantity,
        as_of=as_of,
    )  # fmt: skip
    result = buy(ours, cart, as_of)
    (row,) = result.subscriptions
    assert quoted.discounted_per_term is not None
    assert result.order.total_price == quoted.discounted_per_term.amount
    assert abs(row.unit_price * quantity - result.order.total_price) < Decimal("0.02")
    assert row.unit_price <= price
    assert (row.promotion_id != "") == (quoted.applied is not None)


# What was ordered ------------------------------------------------------------------------------------------------


def test_order_promotion(ours: Scope, cart: Cart, as_of: datetime) -> None:
    add(ours, cart, second_sku(), as_of)
    order = buy(ours, cart, as_of).order
    decision = service.order_promotion(ours, order_id=f" {order.order_id.upper()} ", as_of=as_of)
    assert decision.verdict == f"A promotion was applied to 1 of 2 lines of order {order.order_id}."
    first, second = decision.checks
    assert first.data == {
        "line": 1, "promotionId": "39NFJQT26J7Z:0006:084R5MQ9QF1W", "promotionName": "Launch offer",
    }  # fmt: skip
    assert second.message == "Line 2, Visio Plan 2: no promotion."


def test_two_customers_with_the_same_order_id(ours: Scope, customer: Customer, as_of: datetime) -> None:
    other = factories.make_customer(customer.partner, "Alpine Ski House")
    for buyer in (customer, other):
        Order.objects.create(customer=buyer, order_id="34b37d7340cc", currency="USD", created_at=as_of)
    with pytest.raises(OrderAmbiguous, match="Fabrikam Robotics, Alpine Ski House"):
        service.get(ours, order_id="34b37d7340cc")
    assert service.get(ours, order_id="34b37d7340cc", tenant_id=other.tenant_id).customer == other


def test_queries_do_not_grow_with_lines(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    with CaptureQueriesContext(connection) as few:
        look(ours, cart, as_of)
    for number in range(10):
        each = factories.make_sku(f"Product {number}", f"CFQ7TTC1{number:04}:0002")
        factories.make_price(each)
        add(ours, cart, each, as_of)
    with CaptureQueriesContext(connection) as many:
        assert len(look(ours, cart, as_of).orderable) == 11
    assert len(many) == len(few) <= 14
    order = buy(ours, cart, as_of).order
    with CaptureQueriesContext(connection) as shown:
        assert len(service.view(ours, order_id=order.order_id).lines) == 11
    assert len(shown) <= 5


# At once ---------------------------------------------------------------------------------------------------------


def together(*attempts: Any) -> list[Any]:
    """Run each in a thread and connection of its own, started at once; results or the exceptions."""
    results: list[Any] = [None] * len(attempts)
    barrier = Barrier(len(attempts))

    def run(index: int, attempt: Any) -> None:
        barrier.wait()
        try:
            results[index] = attempt()
        except Exception as problem:  # handed to the test
            results[index] = problem
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(attempts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


concurrent = pytest.mark.skipif(connection.vendor != "postgresql", reason="rows are locked on PostgreSQL")


@concurrent
@pytest.mark.django_db(transaction=True)
def test_of_four_checkouts_one_orders(ours: Scope, cart: Cart, as_of: datetime) -> None:
    seen = look(ours, cart, as_of)
    results = together(*[lambda: buy(ours, cart, as_of, seen=seen) for _ in range(4)])
    won = [result for result in results if isinstance(result, CheckoutResult)]
    lost = [result for result in results if isinstance(result, AlreadyOrdered)]
    assert (len(won), len(lost)) == (1, 3), results
    assert {each.order for each in lost} == {won[0].order}
    assert Order.objects.within(ours).count() == Subscription.objects.within(ours).count() == 1


@concurrent
@pytest.mark.django_db(transaction=True)
def test_two_carts_share_the_pool_of_a_customer(ours: Scope, cart: Cart, sku: Sku, as_of: datetime) -> None:
    Sku.objects.update(max_licenses=300)
    other = Cart.objects.create(
        customer=cart.customer, created_at=as_of, modified_at=as_of, expires_at=as_of + timedelta(days=7)
    )
    for each in (cart, other):
        add(ours, each, sku, as_of, quantity=260)
    seen = {each: look(ours, each, as_of) for each in (cart, other)}
    together(*[lambda each=each: buy(ours, each, as_of, seen=seen[each]) for each in (cart, other)])
    assert sum(Subscription.objects.within(ours).values_list("quantity", flat=True)) <= 300


@concurrent
@pytest.mark.django_db(transaction=True)
def test_a_change_and_a_checkout_at_once(ours: Scope, cart: Cart, as_of: datetime) -> None:
    seen = look(ours, cart, as_of)
    change = together(
        lambda: buy(ours, cart, as_of, seen=seen),
        lambda: carts.change_line(
            ours, cart_id=cart.cart_id, number=1, version=seen.cart.version, quantity=30, as_of=as_of
        ),
    )
    assert sum(isinstance(result, Exception) for result in change) == 1, change
    ordered = list(Subscription.objects.within(ours).values_list("quantity", flat=True))
    assert ordered == ([25] if isinstance(change[0], CheckoutResult) else [])
