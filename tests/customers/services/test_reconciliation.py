"""Each event of the portal writes its lines, once. Contract §10.2, §10.3."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import Availability, Customer, ReconciliationLine, ReconciliationMonth, Subscription
from customers.queries import reconciliation as queries
from customers.services import cart as carts
from customers.services import orders, subscription_changes, transitions
from customers.services import reconciliation as service
from portal.core.decision import NotAllowed
from portal.core.models import AuditEvent
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
STANDARD, PREMIUM = "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


@pytest.fixture
def row(customer: Customer, as_of: datetime) -> Subscription:
    """10 licenses at 10.00 a month; the cycle began three days ago and has 30 days."""
    return make(customer, as_of)


def make(customer: Customer, as_of: datetime, **fields: object) -> Subscription:
    until = (as_of + timedelta(days=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
    values: dict[str, object] = {
        "name": "Standard", "offer_id": f"{STANDARD}:AAAA", "quantity": 10, "unit_price": Decimal(120), "currency": "USD",
        "effective_start_at": datetime(2026, 11, 20, tzinfo=UTC),
        "commitment_ends_at": datetime(2027, 11, 19, 23, 59, 59, tzinfo=UTC), "etag": "one", "order_id": "0f3a",
        "cancellation_allowed_until": as_of + timedelta(days=4), "partner_of_record": "7654321",
        "refundable_quantity": {"totalQuantity": 10, "details": [{"quantity": 10, "allowedUntilDateTime": until}]},
        **fields,
    }  # fmt: skip
    return factories.make_subscription(customer, **values)


def lines(scope: Scope) -> list[ReconciliationLine]:
    return list(ReconciliationLine.objects.within(scope).order_by("pk"))


def months(scope: Scope) -> list[tuple[date, str, int, Decimal, Decimal, int]]:
    rows = ReconciliationMonth.objects.within(scope).order_by("month", "currency")
    return [(r.month, r.currency, r.lines, r.charges, r.credits, r.without_amount) for r in rows]


def change(scope: Scope, row: Subscription, quantity: int, as_of: datetime) -> Subscription:
    etag = Subscription.objects.within(scope).get(pk=row.pk).etag
    return subscription_changes.change_quantity(
        scope, subscription_id=row.subscription_id, quantity=quantity, etag=etag, as_of=as_of
    )


def sums_agree(scope: Scope) -> bool:
    added = {
        (e["month"], e["currency"], e["lines"], e["charges"], e["credits"], e["without_amount"])
        for e in queries.sums(scope, partner_id=scope.partner_id)
    }
    return added == set(months(scope))


def test_adding_reducing_and_canceling(ours: Scope, row: Subscription, as_of: datetime) -> None:
    change(ours, row, 15, as_of)
    change(ours, row, 12, as_of + timedelta(days=1))
    etag = Subscription.objects.within(ours).get(pk=row.pk).etag
    subscription_changes.cancel(ours, subscription_id=row.subscription_id, etag=etag, as_of=as_of + timedelta(days=2))
    told = [(e.charge_type, e.quantity, e.billable_quantity, e.effective_unit_price, e.subtotal) for e in lines(ours)]
    assert told == [
        ("addQuantity", 5, 5, Decimal("9.00"), Decimal("45.00")),
        ("removeQuantity", 3, -3, Decimal("8.66"), Decimal("-25.98")),
        ("cancelImmediate", 12, -12, Decimal("8.33"), Decimal("-99.96")),
    ]
    first = lines(ours)[0]
    assert (first.unit_price, first.currency, first.order_id, first.partner_of_record) == (10, "USD", "0f3a", "7654321")
    assert (first.charge_starts_at, first.charge_ends_at) == (
        datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 12, 19, 23, 59, 59, tzinfo=UTC),
    )  # fmt: skip
    assert months(ours) == [(NOVEMBER, "USD", 3, Decimal("45.00"), Decimal("-125.94"), 0)]
    assert sums_agree(ours)
    entries = AuditEvent.objects.filter(event="reconciliation.lines_written").order_by("pk")
    assert [entry.after["lines"][0]["amount"] for entry in entries] == ["45.00 USD", "-25.98 USD", "-99.96 USD"]


def test_what_is_refused_writes_nothing(ours: Scope, row: Subscription, as_of: datetime) -> None:
    with pytest.raises(NotAllowed):
        change(ours, row, 3, as_of + timedelta(days=30))
    with pytest.raises(NotAllowed):
        subscription_changes.cancel(
            ours, subscription_id=row.subscription_id, etag="one", as_of=as_of + timedelta(days=30)
        )
    subscription_changes.suspend(ours, subscription_id=row.subscription_id, etag="one", as_of=as_of)
    assert (lines(ours), months(ours)) == ([], [])


def test_a_missing_price_is_named(ours: Scope, customer: Customer, as_of: datetime) -> None:
    row = make(customer, as_of, unit_price=None, currency="")
    change(ours, row, 15, as_of)
    (line,) = lines(ours)
    assert (line.subtotal, line.unit_price, line.missing) == (None, None, "Not known: what one license costs.")
    assert months(ours) == [(NOVEMBER, "", 1, Decimal(0), Decimal(0), 1)]
    assert sums_agree(ours)


def test_an_order(ours: Scope, customer: Customer, as_of: datetime) -> None:
    sku = factories.make_sku()
    factories.make_price(sku, plan="annual", unit_price="252.00")
    factories.make_price(sku, unit_price="264.00")
    Availability.objects.create(sku=sku, availability_id="CFQ7TTC0X6RN", segment="Commercial", country="US")
    factories.make_promotion()
    reseller = factories.make_reseller(customer.partner)
    customer.reseller = reseller
    customer.save()
    cart = carts.open_for(ours, customer_id=customer.pk, as_of=as_of)
    for cycle in ("annual", "monthly"):
        carts.add_line(
            ours, cart_id=cart.cart_id, as_of=as_of, sku_id=sku.pk, term_duration="P1Y", billing_cycle=cycle, quantity=4,
            submission_key=None,
        )  # fmt: skip
    seen = orders.review(ours, cart_id=cart.cart_id, as_of=as_of)
    result = orders.checkout(
        ours, cart_id=cart.cart_id, version=seen.cart.version, attestation_accepted=True, confirmed=seen.figures,
        as_of=as_of,
    )  # fmt: skip
    yearly, monthly = lines(ours)
    assert (yearly.charge_type, yearly.unit_price, yearly.effective_unit_price, yearly.subtotal) == (
        "new", Decimal("252"), Decimal("189"), Decimal("756"),
    )  # fmt: skip
    assert yearly.price_adjustment == "25% off by promotion 39NFJQT26J7Z:0006:084R5MQ9QF1W"
    assert (monthly.unit_price, monthly.subtotal, monthly.price_adjustment) == (Decimal("22"), Decimal("88"), "")
    assert {line.order_id for line in (yearly, monthly)} == {result.order.order_id}
    assert {line.order_at for line in (yearly, monthly)} == {as_of}
    with pytest.raises(orders.AlreadyOrdered):
        orders.checkout(
            ours, cart_id=cart.cart_id, version=seen.cart.version, attestation_accepted=True, confirmed=seen.figures,
            as_of=as_of,
        )  # fmt: skip
    assert len(lines(ours)) == 2
    bought = result.subscriptions[0]
    change(ours, bought, 3, as_of + timedelta(days=1))
    credit = lines(ours)[2]
    assert (credit.unit_price, credit.effective_unit_price, credit.order_at) == (252, Decimal("188.48"), as_of)


def upgrade(scope: Scope, row: Subscription, as_of: datetime, **fields: object) -> Subscription:
    factories.make_path(STANDARD, PREMIUM)
    sku = factories.make_sku("Microsoft 365 Business Premium", PREMIUM)
    factories.make_price(sku, unit_price="240.00")
    Availability.objects.create(sku=sku, availability_id="CFQ7TTC0X6RN", segment="Commercial", country="US")
    values: dict[str, object] = {"quantity": 10, **fields}
    made = transitions.start(
        scope, subscription_id=row.subscription_id, to_sku=PREMIUM, etag="one", as_of=as_of, **values
    )  # type: ignore[arg-type]
    return Subscription.objects.within(scope).get(subscription_id=made.to_subscription_id)


def test_a_full_upgrade_is_a_pair(ours: Scope, row: Subscription, as_of: datetime) -> None:
    upgrade(ours, row, as_of, confirmed=True)
    old, new = lines(ours)
    assert [(e.charge_type, e.billable_quantity, e.effective_unit_price, e.subtotal) for e in (old, new)] == [
        ("convert", -10, Decimal("9.00"), Decimal("-90.00")), ("convert", 10, Decimal("18.00"), Decimal("180.00")),
    ]  # fmt: skip
    assert old.reference_id == new.reference_id != ""
    assert (old.offer_id, new.offer_id) == (f"{STANDARD}:AAAA", f"{PREMIUM}:CFQ7TTC0X6RN")
    assert sums_agree(ours)


def test_a_partial_upgrade_keeps_the_cycle(ours: Scope, row: Subscription, as_of: datetime) -> None:
    second = upgrade(ours, row, as_of, quantity=4, confirmed=True)
    old, new = lines(ours)
    assert (old.subscription_id, new.subscription_id) == (row.pk, second.pk)
    assert (old.subtotal, new.subtotal) == (Decimal("-36.00"), Decimal("72.00"))
    # Canceled the next day, it gives back no more than it was charged.
    subscription_changes.cancel(
        ours, subscription_id=second.subscription_id, etag=second.etag, as_of=as_of + timedelta(days=1)
    )
    assert lines(ours)[2].subtotal == Decimal("-69.32")


def test_a_promotion_of_the_new_product_stands_on_its_line(ours: Scope, row: Subscription, as_of: datetime) -> None:
    covers = (("CFQ7TTC0LCHC", "0002", row.term_duration, row.billing_cycle, "0.25"),)
    factories.make_promotion(promotion_id="39NFJQT1PM6C:0005:39NFJQT1Q5L7", covers=covers)
    upgrade(ours, row, as_of, quantity=4, confirmed=True)
    new = lines(ours)[1]
    assert (new.unit_price, new.effective_unit_price) == (Decimal(20), Decimal("13.50"))
    assert new.price_adjustment == "25% off by promotion 39NFJQT1PM6C:0005:39NFJQT1Q5L7"


def test_into_an_existing_one(ours: Scope, customer: Customer, row: Subscription, as_of: datetime) -> None:
    """Each side by its own cycle: 10 of 30 days are left of the one that is there."""
    there = make(
        customer, as_of, name="HQ", offer_id=f"{PREMIUM}:CFQ7TTC0X6RN", unit_price=Decimal(300),
        effective_start_at=datetime(2026, 11, 3, tzinfo=UTC), commitment_ends_at=datetime(2027, 12, 2, 23, tzinfo=UTC),
        cancellation_allowed_until=None,
    )  # fmt: skip
    upgrade(ours, row, as_of, quantity=10, into_subscription_id=there.subscription_id, confirmed=True)
    old, new = lines(ours)
    assert (old.subtotal, new.subtotal, new.subscription_id) == (Decimal("-90.00"), Decimal("83.30"), there.pk)
    assert (old.charge_type, new.charge_type) == ("moveQuantity", "moveQuantity")


def test_a_credit_of_a_ticket_stands_in_the_next_month(ours: Scope, row: Subscription, as_of: datetime) -> None:
    operator = Scope.for_operator()
    subscription_changes.execute_reduce(
        operator, subscription_id=row.subscription_id, to_quantity=4, ticket_id="2611230040001234", as_of=as_of
    )
    (line,) = lines(ours)
    assert (line.charge_type, line.month, line.reference_id) == ("customerCredit", DECEMBER, "2611230040001234")
    assert (line.billable_quantity, line.subtotal) == (-6, Decimal("-54.00"))
    with pytest.raises(IntegrityError), transaction.atomic():  # a ticket is carried out once
        service.credited(operator, row=row, licenses=1, reference="2611230040001234", as_of=as_of)
    assert len(lines(ours)) == 1
    assert sums_agree(ours)


def test_the_months_of_two_tenants(ours: Scope, theirs: Scope, as_of: datetime) -> None:
    for scope, currency in ((ours, "USD"), (ours, "EUR"), (theirs, "USD")):
        row = make(Customer.objects.within(scope).get(), as_of, currency=currency)
        change(scope, row, 11, as_of)
    assert [each[1:3] for each in months(ours)] == [("EUR", 1), ("USD", 1)]
    assert [each[1:3] for each in months(theirs)] == [("USD", 1)]
    before = months(ours)
    service.refresh_months(Scope.for_operator(), partner_id=ours.partner_id)
    assert (months(ours), months(theirs)[0][2]) == (before, 1)


def test_an_order_asks_as_much_for_many_lines(ours: Scope, customer: Customer, as_of: datetime) -> None:
    order = factories_order(customer, as_of)
    counts = []
    for many in (1, 20):
        rows = [make(customer, as_of) for _ in range(many)]
        with CaptureQueriesContext(
            connection,
        ) as queries_made:
            service.ordered(ours, order=order, rows=rows, as_of=as_of)
        counts.append(len(queries_made))
    assert counts[1] <= counts[0]


def factories_order(customer: Customer, as_of: datetime) -> orders.Order:
    return orders.Order.objects.create(customer=customer, order_id="34b37d730001", currency="USD", created_at=as_of)


@given(steps=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 30)), min_size=1, max_size=6))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_credits_never_exceed_what_was_charged(
    ours: Scope, customer: Customer, as_of: datetime, steps: list[tuple[int, int]]
) -> None:
    """A subscription bought here, changed as the rules allow, at last canceled: all in one cycle."""
    with transaction.atomic():
        row = make(customer, as_of - timedelta(days=3))
        order = factories_order(customer, as_of)
        service.ordered(ours, order=order, rows=[row], as_of=datetime(2026, 11, 20, 8, tzinfo=UTC))
        now = datetime(2026, 11, 20, 9, tzinfo=UTC)
        for days, quantity in steps:
            now += timedelta(days=days)
            try:
                change(ours, row, quantity, now)
            except NotAllowed:
                continue
        left = Subscription.objects.within(ours).get(pk=row.pk)
        subscription_changes.execute_cancel(
            Scope.for_operator(), subscription_id=row.subscription_id, ticket_id="1" * 16, as_of=now
        )
        assert left.quantity > 0
        mine = ReconciliationLine.objects.within(ours).filter(subscription=row)
        charged = mine.filter(subtotal__gt=0).aggregate(Sum("subtotal"))["subtotal__sum"]
        credited = mine.filter(subtotal__lt=0).aggregate(Sum("subtotal"))["subtotal__sum"]
        assert -credited <= charged
        transaction.set_rollback(True)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="real concurrency")
@pytest.mark.django_db(transaction=True)
def test_two_events_begin_a_month_together(ours: Scope, customer: Customer, as_of: datetime) -> None:
    """Two customers of one partner, the first lines of the month: both count."""
    other = factories.make_customer(customer.partner, "Alpine Ski House")
    rows = [make(each, as_of) for each in (customer, other)]
    start, failed = Barrier(2), []

    def run(act: Callable[[], object]) -> None:
        start.wait()
        try:
            act()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(lambda row=row: change(ours, row, 11, as_of),)) for row in rows]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert failed == []
    assert months(ours)[0][2] == 2
    assert sums_agree(ours)
