"""Upgrades that are asked about and made."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from customers.models import Availability, Customer, Subscription, Transition, TransitionEvent
from customers.rules.transitions import Stage
from customers.services import subscription_changes, transitions
from customers.services.subscription_changes import ScheduleWouldBeLost, SubscriptionChanged
from customers.services.subscriptions import SubscriptionNotFound
from customers.services.transitions import PromotionChanged
from portal.core.decision import NotAllowed
from portal.core.models import AuditEvent
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
STANDARD, PREMIUM = "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


@pytest.fixture
def source(customer: Customer, as_of: datetime) -> Subscription:
    """60 licenses of Standard, for which a list, a catalog and a price lead up to Premium."""
    factories.make_path(STANDARD, PREMIUM)
    sku = factories.make_sku("Microsoft 365 Business Premium", PREMIUM, max_licenses=300)
    factories.make_price(sku, unit_price="264.00")
    Availability.objects.create(sku=sku, availability_id="CFQ7TTC0X6RN", segment="Commercial", country="US")
    return factories.make_subscription(
        customer, name="Microsoft 365 Business Standard", offer_id=f"{STANDARD}:CFQ7TTC0LGNT", quantity=60, etag="one",
        unit_price=Decimal(150), currency="USD", promotion_id="39NFJQT26J7Z:0006:084R5MQ9QF1W",
        cancellation_allowed_until=as_of - timedelta(days=200),
    )  # fmt: skip


def start(scope: Scope, row: Subscription, as_of: datetime, **fields: object) -> Transition:
    values: dict[str, object] = {"to_sku": PREMIUM, "quantity": 60, "etag": row.etag, **fields}
    return transitions.start(scope, subscription_id=row.subscription_id, as_of=as_of, **values)  # type: ignore[arg-type]


def events(scope: Scope, made: Transition) -> list[tuple[str, str]]:
    return list(TransitionEvent.objects.within(scope).filter(transition=made).values_list("name", "status"))


def fresh(scope: Scope, row: Subscription) -> Subscription:
    return Subscription.objects.within(scope).get(pk=row.pk)


def test_eligibilities(ours: Scope, source: Subscription, as_of: datetime) -> None:
    (target,) = transitions.eligibilities(ours, subscription_id=source.subscription_id, as_of=as_of)
    assert (target.reference, target.allowed, target.full.is_full) == (PREMIUM, True, True)
    assert target.partial is not None
    assert target.partial.allowed
    assert target.quote is not None
    assert target.quote.unit_price == Decimal(264)


def test_no_path_and_no_price(ours: Scope, customer: Customer, source: Subscription, as_of: datetime) -> None:
    lone = factories.make_subscription(customer, offer_id="CFQ7TTC0HD33:0003:AAAAAAAAAAAA")
    found = transitions.options(ours, subscription_id=lone.subscription_id, as_of=as_of)
    assert (found.targets, [check.code for check in found.source.failed]) == ((), ["has_paths"])
    Availability.objects.all().delete()
    (target,) = transitions.eligibilities(ours, subscription_id=source.subscription_id, as_of=as_of)
    assert [check.code for check in target.full.failed] == ["is_sold"]


def test_a_full_upgrade_keeps_the_subscription(ours: Scope, source: Subscription, as_of: datetime) -> None:
    made = start(ours, source, as_of)
    row = fresh(ours, source)
    assert (row.offer_id, row.product_id, row.sku_id) == (f"{PREMIUM}:CFQ7TTC0X6RN", "CFQ7TTC0LCHC", "0002")
    assert (row.quantity, row.friendly_name, row.promotion_id) == (60, "Microsoft 365 Business Premium", "")
    assert (row.unit_price, row.commitment_ends_at) == (Decimal(264), source.commitment_ends_at)
    assert row.etag != source.etag
    assert (made.from_subscription_id, made.to_subscription_id) == (row.subscription_id, row.subscription_id)
    assert made.from_catalog_item_id == f"{STANDARD}:CFQ7TTC0LGNT"
    assert made.transition_type == "transition_with_license_transfer"
    assert events(ours, made) == [
        ("Conversion", "Started"), ("Conversion", "Completed"), ("LicenseReassignment", "Started"),
        ("LicenseReassignment", "Completed"),
    ]  # fmt: skip
    (entry,) = AuditEvent.objects.filter(event="subscription.upgraded")
    assert entry.before["offer_id"] == f"{STANDARD}:CFQ7TTC0LGNT"
    assert entry.after["offer_id"] == row.offer_id
    assert all(check["passed"] for check in entry.decision)


def test_a_name_that_somebody_gave_stays(ours: Scope, source: Subscription, as_of: datetime) -> None:
    Subscription.objects.within(ours).filter(pk=source.pk).update(friendly_name="HQ seats")
    start(ours, source, as_of)
    assert fresh(ours, source).friendly_name == "HQ seats"


def test_a_partial_upgrade_makes_a_second_one(ours: Scope, source: Subscription, as_of: datetime) -> None:
    made = start(ours, source, as_of, quantity=10)
    second = Subscription.objects.within(ours).get(subscription_id=made.to_subscription_id)
    assert second.pk != source.pk
    assert (fresh(ours, source).quantity, second.quantity) == (50, 10)
    assert second.commitment_ends_at == source.commitment_ends_at
    assert second.cancellation_allowed_until == source.cancellation_allowed_until
    assert made.transition_type == "transition_only"
    assert events(ours, made) == [("Conversion", "Started"), ("Conversion", "Completed")]
    assert fresh(ours, source).duplicate_of_id is None
    assert Customer.objects.within(ours).get().subscription_count == 2


OFFER = "39NFJQT1PM6C:0005:39NFJQT1Q5L7"


@pytest.fixture
def offered(source: Subscription) -> str:
    """A quarter off Premium, for the term and the plan of the source, up to 20 licenses."""
    limit = [{"minSeats": 1, "maxSeats": 20, "type": "SubscriptionQuantity"}]
    covers = (("CFQ7TTC0LCHC", "0002", source.term_duration, source.billing_cycle, "0.25"),)
    factories.make_promotion(promotion_id=OFFER, covers=covers, seat_constraints=limit)
    return OFFER


def test_the_new_subscription_of_a_partial_upgrade_takes_a_promotion(
    ours: Scope, source: Subscription, offered: str, as_of: datetime
) -> None:
    made = start(ours, source, as_of, quantity=10, promotion_id=offered)
    second = Subscription.objects.within(ours).get(subscription_id=made.to_subscription_id)
    assert (made.promotion_id, second.promotion_id, second.unit_price) == (offered, offered, Decimal(198))
    assert fresh(ours, source).promotion_id == source.promotion_id


def test_where_no_promotion_applies_the_upgrade_has_the_list_price(
    ours: Scope, customer: Customer, source: Subscription, offered: str, as_of: datetime
) -> None:
    too_many = start(ours, source, as_of, quantity=21)
    second = Subscription.objects.within(ours).get(subscription_id=too_many.to_subscription_id)
    assert (second.promotion_id, second.unit_price) == ("", Decimal(264))
    there = factories.make_subscription(
        customer,
        name="HQ",
        quantity=5,
        offer_id=f"{PREMIUM}:CFQ7TTC0X6RN",
        unit_price=Decimal(250),
        currency="USD",
    )
    start(ours, fresh(ours, source), as_of, quantity=5, into_subscription_id=there.subscription_id)
    assert (fresh(ours, there).promotion_id, fresh(ours, there).unit_price) == ("", Decimal(250))
    start(ours, fresh(ours, source), as_of, quantity=34)
    assert (fresh(ours, source).promotion_id, fresh(ours, source).unit_price) == ("", Decimal(264))


@pytest.mark.parametrize("shown", ["", "39NFJQT26J7Z:0006:084R5MQ9QF1W"])
def test_another_promotion_than_the_one_that_was_shown(
    ours: Scope, source: Subscription, offered: str, as_of: datetime, shown: str
) -> None:
    with pytest.raises(PromotionChanged):
        start(ours, source, as_of, quantity=10, promotion_id=shown)
    assert fresh(ours, source).quantity == 60


def test_into_an_existing_one(ours: Scope, customer: Customer, source: Subscription, as_of: datetime) -> None:
    there = factories.make_subscription(customer, name="HQ", quantity=20, offer_id=f"{PREMIUM}:CFQ7TTC0X6RN")
    start(ours, source, as_of, quantity=15, into_subscription_id=there.subscription_id)
    assert (fresh(ours, source).quantity, fresh(ours, there).quantity) == (45, 35)
    rest = fresh(ours, source)
    start(ours, rest, as_of, quantity=45, into_subscription_id=there.subscription_id)
    assert (fresh(ours, source).status, fresh(ours, there).quantity) == ("deleted", 80)
    with pytest.raises(SubscriptionNotFound):
        start(ours, fresh(ours, there), as_of, into_subscription_id=uuid.uuid4())


def test_the_schedule_of_the_subscription_it_goes_into_is_named_too(
    ours: Scope, customer: Customer, source: Subscription, as_of: datetime
) -> None:
    there = factories.make_subscription(
        customer, name="HQ", quantity=20, offer_id=f"{PREMIUM}:CFQ7TTC0X6RN",
        scheduled_next_term_instructions={"quantity": 12}, etag="two",
    )  # fmt: skip
    with pytest.raises(ScheduleWouldBeLost) as lost:
        start(ours, source, as_of, quantity=15, into_subscription_id=there.subscription_id)
    assert lost.value.losses == ("HQ: At the renewal: 12 licenses.",)
    assert fresh(ours, there).quantity == 20
    start(ours, source, as_of, quantity=15, into_subscription_id=there.subscription_id, confirmed=True)
    assert (fresh(ours, there).quantity, fresh(ours, there).scheduled_next_term_instructions) == (35, None)


def test_an_upgrade_finds_its_duplicates(
    ours: Scope, customer: Customer, source: Subscription, as_of: datetime
) -> None:
    old = factories.make_subscription(customer, name="Old", offer_id=f"{STANDARD}:CFQ7TTC0LGNT", quantity=30)
    start(ours, source, as_of)
    assert fresh(ours, old).duplicate_of_id == source.subscription_id


def test_the_schedule_is_deleted_only_when_that_is_confirmed(
    ours: Scope, source: Subscription, as_of: datetime
) -> None:
    Subscription.objects.within(ours).update(scheduled_actions=[{"scheduleType": "TermEnd", "actionType": "Cancel"}])
    with pytest.raises(ScheduleWouldBeLost):
        start(ours, source, as_of)
    assert fresh(ours, source).product_id == "CFQ7TTC0LDPB"
    start(ours, source, as_of, confirmed=True)
    assert fresh(ours, source).scheduled_actions == []


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        pytest.param({"etag": "old"}, SubscriptionChanged, id="an old page"),
        pytest.param({"quantity": 0}, NotAllowed, id="none"),
        pytest.param({"quantity": 301}, NotAllowed, id="too many"),
        pytest.param({"to_sku": STANDARD}, SubscriptionNotFound, id="no such target"),
    ],
)
def test_refused(
    ours: Scope, source: Subscription, as_of: datetime, fields: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        start(ours, source, as_of, **fields)
    assert not Transition.objects.within(ours).exists()
    assert fresh(ours, source).etag == "one"


def test_twice_is_once(ours: Scope, source: Subscription, as_of: datetime) -> None:
    start(ours, source, as_of, quantity=10)
    with pytest.raises(SubscriptionChanged):
        start(ours, source, as_of, quantity=10)
    assert fresh(ours, source).quantity == 50


def test_strangers_and_readers(ours: Scope, theirs: Scope, source: Subscription, as_of: datetime) -> None:
    with pytest.raises(SubscriptionNotFound):
        start(theirs, source, as_of)
    with pytest.raises(SubscriptionNotFound):
        transitions.eligibilities(theirs, subscription_id=source.subscription_id, as_of=as_of)
    with pytest.raises(SubscriptionNotFound):
        transitions.status(theirs, subscription_id=source.subscription_id, as_of=as_of)
    reader = Scope(partner_id=ours.partner_id, user_id=ours.user_id, roles=frozenset({"helpdesk_agent"}))
    with pytest.raises(PermissionDenied):
        start(reader, source, as_of)


def test_status(ours: Scope, source: Subscription, as_of: datetime) -> None:
    assert transitions.status(ours, subscription_id=source.subscription_id, as_of=as_of) == []
    start(ours, source, as_of)
    (progress,) = transitions.status(ours, subscription_id=source.subscription_id, as_of=as_of)
    assert (progress.standing.stage, progress.standing.allowed) == (Stage.COMPLETED, True)


def test_another_upgrade_runs(ours: Scope, source: Subscription, as_of: datetime) -> None:
    made = factories.make_transition(source, source=source)
    TransitionEvent.objects.within(ours).filter(transition=made, status="Completed").delete()
    with pytest.raises(NotAllowed, match="has not ended yet"):
        start(ours, source, as_of)


concurrent = pytest.mark.skipif(connection.vendor != "postgresql", reason="rows are locked on PostgreSQL")


def together(*attempts: Callable[[], object]) -> list[object]:
    """Run these at once, each in a thread with its own connection: what each returned or raised."""
    barrier = Barrier(len(attempts))
    results: list[object] = [None] * len(attempts)

    def run(place: int, attempt: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=10)
            results[place] = attempt()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(attempts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


@concurrent
@pytest.mark.django_db(transaction=True)
def test_an_upgrade_and_a_cancellation_at_once(ours: Scope, source: Subscription, as_of: datetime) -> None:
    Subscription.objects.within(ours).update(cancellation_allowed_until=as_of + timedelta(days=1))
    results = together(
        lambda: start(ours, source, as_of),
        lambda: subscription_changes.cancel(ours, subscription_id=source.subscription_id, etag="one", as_of=as_of),
    )
    assert sum(isinstance(result, SubscriptionChanged) for result in results) == 1, results
    upgraded = Transition.objects.within(ours).exists()
    row = fresh(ours, source)
    assert (row.sku_id, row.status) == (("0002", "active") if upgraded else ("0001", "deleted"))
    assert AuditEvent.objects.filter(event__startswith="subscription.").count() == 1


@concurrent
@pytest.mark.django_db(transaction=True)
def test_of_two_upgrades_of_the_same_licenses_one_wins(ours: Scope, source: Subscription, as_of: datetime) -> None:
    results = together(*[lambda: start(ours, source, as_of, quantity=40) for _ in range(2)])
    assert sorted(type(result).__name__ for result in results) == ["SubscriptionChanged", "Transition"], results
    assert fresh(ours, source).quantity == 20
    assert Subscription.objects.within(ours).count() == 2
