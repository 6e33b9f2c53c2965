"""Duplicates of stored upgrades."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, Subscription, Transition, TransitionEvent, UpgradePath
from customers.services import duplicates, tickets
from customers.services.duplicates import AfterUpgrade
from customers.services.subscriptions import SubscriptionNotFound
from portal.core.money import Money
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
BASIC, STANDARD, PREMIUM = "CFQ7TTC0LH18:0001", "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"
DONE = datetime(2026, 10, 14, 9, 41, tzinfo=UTC)
UNTIL = datetime(2027, 4, 14, 9, 41, tzinfo=UTC)


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


@pytest.fixture(autouse=True)
def paths(db: None) -> None:
    for month, pairs in ((10, [(BASIC, PREMIUM)]), (11, [(STANDARD, PREMIUM), (BASIC, STANDARD)])):
        for below, above in pairs:
            factories.make_path(below, above, month=date(2026, month, 1))


@pytest.fixture
def upgraded(customer: Customer) -> Subscription:
    """Fully upgraded from Standard to Premium: the same subscription."""
    row = factories.make_subscription(customer, name="Premium", offer_id=f"{PREMIUM}:CFQ7TTC0X6RN", quantity=60)
    factories.make_transition(row, source_offer=f"{STANDARD}:AAAA", done_at=DONE)
    return row


def make(customer: Customer, reference: str = STANDARD, **fields: object) -> Subscription:
    return factories.make_subscription(customer, offer_id=f"{reference}:AAAAAAAAAAAA", **fields)


def after_upgrade(scope: Scope, row: Subscription, as_of: datetime) -> AfterUpgrade:
    into = Transition.objects.within(scope).prefetch_related("events")
    after = duplicates.after_upgrade(scope, subscription=row, transitions=list(into), as_of=as_of)
    assert after is not None
    return after


def stored(scope: Scope) -> dict[str, tuple[object, object]]:
    rows = Subscription.objects.within(scope).filter(duplicate_of_id__isnull=False)
    return {r.friendly_name: (r.duplicate_of_id, r.duplicate_help_until) for r in rows}


def make_each(customer: Customer) -> None:
    make(customer, name="Standard", quantity=45)
    make(customer, BASIC, name="Basic", quantity=60)
    make(customer, BASIC, name="too many", quantity=61)
    make(customer, name="too long", quantity=5, term_duration="P3Y")
    make(customer, name="canceled", quantity=5, status="deleted")
    make(customer, "CFQ7TTC0HD33:0003", name="another product", quantity=5)
    make(customer, PREMIUM, name="the same product", quantity=5)


def test_refresh_stores_what_meets_all_conditions(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    make_each(customer)
    assert duplicates.refresh(ours, customer_ids=None, as_of=as_of) == 2
    expected = (upgraded.subscription_id, UNTIL)
    assert stored(ours) == {"Standard": expected, "Basic": expected}
    assert duplicates.refresh(ours, customer_ids=None, as_of=as_of) == 0


def test_refresh_takes_back_what_is_no_duplicate_any_more(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    make_each(customer)
    duplicates.refresh(ours, customer_ids=[customer.pk], as_of=as_of)
    Subscription.objects.within(ours).filter(friendly_name="Basic").update(status="deleted")
    assert duplicates.refresh(ours, customer_ids=[customer.pk], as_of=as_of) == 1
    assert set(stored(ours)) == {"Standard"}
    assert duplicates.refresh(ours, customer_ids=None, as_of=UNTIL) == 0
    assert duplicates.refresh(ours, customer_ids=None, as_of=UNTIL + timedelta(seconds=1)) == 1
    assert stored(ours) == {}


def test_refresh_long_after_the_upgrade(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    make_each(customer)
    duplicates.refresh(ours, customer_ids=None, as_of=as_of)
    assert duplicates.refresh(ours, customer_ids=None, as_of=as_of + timedelta(days=500)) == 2
    assert stored(ours) == {}


def test_refresh_stays_in_its_scope(
    ours: Scope, theirs: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    make_each(customer)
    assert duplicates.refresh(theirs, customer_ids=None, as_of=as_of) == 0
    assert duplicates.refresh(theirs, customer_ids=[customer.pk], as_of=as_of) == 0
    assert duplicates.refresh(Scope.for_operator(), customer_ids=None, as_of=as_of) == 2


def test_an_id_of_another_customer_links_nothing(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    other = factories.make_customer(customer.partner, "Adventure Works")
    make(other, name="elsewhere", quantity=5)
    Transition.objects.within(ours).update(customer=other)
    assert duplicates.refresh(ours, customer_ids=None, as_of=as_of) == 0


def test_the_newest_upgrade_takes_the_duplicate(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    newer = make(customer, PREMIUM, name="Newer", quantity=50)
    factories.make_transition(newer, source_offer=f"{STANDARD}:AAAA", done_at=DONE + timedelta(days=3))
    make(customer, name="fits both", quantity=50)
    make(customer, name="fits the older", quantity=55)
    duplicates.refresh(ours, customer_ids=None, as_of=as_of)
    assert {name: key for name, (key, _) in stored(ours).items()} == {
        "fits both": newer.subscription_id, "fits the older": upgraded.subscription_id,
    }  # fmt: skip


def test_what_a_partial_upgrade_left_is_judged_but_not_called_a_duplicate(
    ours: Scope, customer: Customer, as_of: datetime
) -> None:
    source = make(customer, name="Source", quantity=10)
    target = make(customer, PREMIUM, name="Target", quantity=30)
    factories.make_transition(target, source=source, done_at=DONE)
    assert duplicates.refresh(ours, customer_ids=None, as_of=as_of) == 0
    after = after_upgrade(ours, target, as_of)
    assert [(c.subscription, c.verdict.allowed, c.is_original) for c in after.candidates] == [(source, True, True)]
    assert not after.can_ask


def test_refresh_works_in_portions(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "CHUNK", 2)
    make_each(customer)
    for name in ("A. Datum", "Contoso Suites", "Proseware", "Relecloud"):
        other = factories.make_customer(customer.partner, name)
        row = make(other, PREMIUM, quantity=9)
        factories.make_transition(row, source_offer=f"{STANDARD}:AAAA", done_at=DONE)
        make(other, name=name, quantity=9)
    assert duplicates.refresh(ours, customer_ids=None, as_of=as_of) == 6
    everyone = Customer.objects.within(ours).values_list("pk", flat=True)
    assert duplicates.refresh(ours, customer_ids=iter(list(everyone)), as_of=as_of) == 0


def test_queries_do_not_grow_with_customers(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            duplicates.refresh(ours, customer_ids=None, as_of=as_of)
        return len(queries)

    make_each(customer)
    count()
    few = count()
    for n in range(5):
        other = factories.make_customer(customer.partner, f"Customer {n}")
        row = make(other, PREMIUM, quantity=9)
        factories.make_transition(row, source_offer=f"{STANDARD}:AAAA", done_at=DONE)
    assert count() == few


def test_explain_several_with_mixed_verdicts(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    good, many = make(customer, quantity=45), make(customer, BASIC, quantity=61)
    keys = [many.subscription_id, good.subscription_id]
    refused, allowed = duplicates.explain(
        ours, upgraded_subscription_id=upgraded.subscription_id, subscription_ids=keys,
        to_quantities={good.subscription_id: 5}, as_of=as_of,
    )  # fmt: skip
    assert [check.code for check in refused.failed] == ["license_count"]
    assert (allowed.allowed, allowed.to_quantity, allowed.help_until) == (True, 5, UNTIL)


def test_explain_without_an_upgrade(ours: Scope, customer: Customer, as_of: datetime) -> None:
    bought, old = make(customer, PREMIUM, quantity=60), make(customer, quantity=45)
    (verdict,) = duplicates.explain(
        ours, upgraded_subscription_id=bought.subscription_id, subscription_ids=[old.subscription_id], as_of=as_of
    )
    assert [check.code for check in verdict.failed] == ["upgrade_timing", "upgrade_method"]
    assert duplicates.candidates(ours, upgraded_subscription_id=bought.subscription_id, as_of=as_of) == []


def test_only_the_latest_list_counts(ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime) -> None:
    factories.make_path(STANDARD, "CFQ7TTC0LFLZ:0001", month=date(2026, 12, 1))
    old = make(customer, quantity=45)
    (verdict,) = duplicates.explain(
        ours, upgraded_subscription_id=upgraded.subscription_id, subscription_ids=[old.subscription_id], as_of=as_of
    )
    assert [check.code for check in verdict.failed] == ["product_inclusion", "upgrade_path"]


def test_what_was_bought_after_the_upgrade_is_none(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    make(customer, quantity=5, created_at=DONE + timedelta(seconds=1))
    assert duplicates.refresh(ours, customer_ids=None, as_of=as_of) == 0
    assert duplicates.candidates(ours, upgraded_subscription_id=upgraded.subscription_id, as_of=as_of) == []


def test_candidates_tell_the_refund(ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime) -> None:
    start = datetime(2026, 11, 10, tzinfo=UTC)
    make(
        customer, name="priced", quantity=10, unit_price=Decimal(264), currency="USD", effective_start_at=start, created_at=DONE - timedelta(days=9),
        commitment_ends_at=start + timedelta(days=364),
    )  # fmt: skip
    (found,) = duplicates.candidates(ours, upgraded_subscription_id=upgraded.subscription_id, as_of=as_of)
    assert found.refund.amount == Money(Decimal("124.60"), "USD")


@pytest.mark.parametrize("status", ["Started ", "InProgress", "Failed"])
def test_an_upgrade_that_is_not_completed(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime, status: str
) -> None:
    make_each(customer)
    TransitionEvent.objects.within(ours).update(status=status)
    assert duplicates.refresh(ours, customer_ids=None, as_of=as_of) == 0
    assert not after_upgrade(ours, upgraded, as_of).can_ask


def test_without_a_list_nothing_is_a_duplicate(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    make_each(customer)
    UpgradePath.objects.all().delete()
    assert duplicates.refresh(ours, customer_ids=None, as_of=as_of) == 0


def test_strangers_are_not_found(
    ours: Scope, theirs: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    mine = make(customer, quantity=5)
    foreign = make(Customer.objects.within(theirs).get(), quantity=5)
    key = upgraded.subscription_id
    for scope, other in ((theirs, mine.subscription_id), (ours, foreign.subscription_id), (ours, uuid.uuid4())):
        with pytest.raises(SubscriptionNotFound):
            duplicates.explain(scope, upgraded_subscription_id=key, subscription_ids=[other], as_of=as_of)
    with pytest.raises(SubscriptionNotFound):
        duplicates.candidates(theirs, upgraded_subscription_id=key, as_of=as_of)


def ask(scope: Scope, upgraded: Subscription, row: Subscription, as_of: datetime) -> str:
    return tickets.request_duplicate_change(
        scope, upgraded_subscription_id=upgraded.subscription_id, as_of=as_of, key=uuid.uuid4().hex,
        changes=[tickets.Change(subscription_id=row.subscription_id)], contact_email="mara@contoso.com",
        contact_phone="(425) 555-0100",
    ).ticket_id  # fmt: skip


def test_what_stands_in_an_open_ticket_is_refused_at_its_check(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    waiting, free = make(customer, name="Waiting", quantity=45), make(customer, name="Free", quantity=45)
    number = ask(ours, upgraded, waiting, as_of)
    refused, allowed = duplicates.explain(
        ours, upgraded_subscription_id=upgraded.subscription_id, as_of=as_of,
        subscription_ids=[waiting.subscription_id, free.subscription_id],
    )  # fmt: skip
    assert [check.code for check in refused.failed] == ["open_ticket"]
    assert number in refused.reasons[0]
    assert (refused.in_ticket, refused.is_duplicate, allowed.allowed) == (number, True, True)
    after = after_upgrade(ours, upgraded, as_of)
    assert {c.subscription.friendly_name: c.verdict.in_ticket for c in after.candidates} == {
        "Free": "", "Waiting": number,
    }  # fmt: skip
    assert after.can_ask
    ask(ours, upgraded, free, as_of)
    assert not after_upgrade(ours, upgraded, as_of).can_ask
    tickets.withdraw(ours, ticket_id=number, as_of=as_of)
    assert after_upgrade(ours, upgraded, as_of).can_ask


def test_it_stays_a_duplicate_while_its_ticket_is_open(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime
) -> None:
    row = make(customer, name="Waiting", quantity=45)
    ask(ours, upgraded, row, as_of)
    duplicates.refresh(ours, customer_ids=None, as_of=as_of)
    assert set(stored(ours)) == {"Waiting"}
    assert duplicates.summary(ours, as_of=as_of).count == 1
    assert duplicates.free_of_customer(ours, customer_id=customer.pk, as_of=as_of) == []
    assert duplicates.count_free(ours, as_of=as_of) == 0
