"""One subscription with its price, its upgrades and its history."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from customers.models import Customer, Subscription, Transition, TransitionEvent
from customers.services import subscription_history as history
from customers.services import subscriptions as service
from customers.services.subscription_history import Entry
from portal.core import audit
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def row(ours: Scope) -> Subscription:
    return factories.make_subscription(Customer.objects.within(ours).get())


def upgrade(customer: Customer, source: uuid.UUID, target: uuid.UUID | None) -> Transition:
    transition = Transition.objects.create(
        customer=customer, from_catalog_item_id="a:b:c", from_subscription_id=source, to_catalog_item_id="d:e:f",
        to_subscription_id=target, quantity=7, transition_type="transition_only",
    )  # fmt: skip
    TransitionEvent.objects.create(
        transition=transition, name="Conversion", status="Completed", occurred_at=factories.AS_OF - 30 * DAY
    )
    return transition


def test_get_answers_not_found_for_a_foreign_subscription(ours: Scope, theirs: Scope, row: Subscription) -> None:
    assert service.get(ours, subscription_id=row.subscription_id) == row
    for scope, key in ((theirs, row.subscription_id), (ours, uuid.uuid4())):
        with pytest.raises(service.SubscriptionNotFound):
            service.get(scope, subscription_id=key)


def test_a_customers_list_puts_what_has_ended_last(ours: Scope, theirs: Scope, row: Subscription) -> None:
    old = factories.make_subscription(row.customer, name="Access", commitment_ends_at=factories.AS_OF - DAY)
    new = factories.make_subscription(row.customer, name="Zoom")
    found = service.of_customer(ours, customer_id=row.customer_id, as_of=factories.AS_OF)
    assert found == [row, new, old]
    assert service.of_customer(ours, customer_id=row.customer_id, as_of=factories.AS_OF, limit=1) == [old]
    assert service.of_customer(theirs, customer_id=row.customer_id, as_of=factories.AS_OF) == []


def test_an_unknown_price_stays_unknown(ours: Scope, row: Subscription) -> None:
    assert service.price(row) is None
    priced = factories.make_subscription(row.customer, unit_price="264.00", currency="USD", quantity=60)
    amounts: Any = service.price(Subscription.objects.within(ours).get(pk=priced.pk))
    assert (str(amounts.per_month), str(amounts.per_charge), str(amounts.per_term)) == (
        "$1,320.00",
        "$1,320.00",
        "$15,840.00",
    )


def test_upgrades_link_both_ends_and_say_when_one_is_missing(ours: Scope, row: Subscription) -> None:
    source = factories.make_subscription(row.customer, name="Business Standard")
    upgrade(row.customer, source.subscription_id, row.subscription_id)
    never_imported = uuid.uuid4()
    upgrade(row.customer, row.subscription_id, never_imported)
    upgrade(row.customer, row.subscription_id, None)
    links = service.links(ours, subscription=row)
    assert [(link.came_from, link.subscription_id, link.subscription) for link in links] == [
        (False, None, None),
        (False, never_imported, None),
        (True, source.subscription_id, source),
    ]


def test_a_transition_cannot_show_another_tenants_subscription(ours: Scope, theirs: Scope, row: Subscription) -> None:
    foreign = factories.make_subscription(Customer.objects.within(theirs).get(), name="Secret")
    upgrade(row.customer, foreign.subscription_id, row.subscription_id)
    links = service.links(ours, subscription=row)
    assert links[0].subscription is None
    assert "Secret" not in str(whole(ours, row))
    assert service.links(theirs, subscription=foreign) == ()


def whole(scope: Scope, row: Subscription) -> list[Entry]:
    links = service.links(scope, subscription=row)
    return list(history.entries(scope, subscription=row, links=links, as_of=factories.AS_OF))


def pages(scope: Scope, row: Subscription, size: int) -> list[list[Entry]]:
    """Every page from the newest to the oldest, and back to the newest: the same ones."""
    links = service.links(scope, subscription=row)

    def walk(place: dict[str, str], way: str) -> tuple[list[list[Entry]], dict[str, str]]:
        found = []
        while True:
            part = history.page(
                scope, subscription=row, links=links, as_of=factories.AS_OF, place=history.place_of(place), size=size
            )
            found.append(list(part.entries))
            if not (following := getattr(part, way)):
                return found, place
            place = {way: following}

    there, last = walk({}, "after")
    back, _ = walk(last, "before")
    assert list(reversed(back)) == there
    return there


def test_the_pages_of_the_history_are_all_of_it(ours: Scope, row: Subscription) -> None:
    row.cancellation_allowed_until = row.created_at + 7 * DAY
    source = factories.make_subscription(row.customer, name="Business Standard")
    upgrade(row.customer, source.subscription_id, row.subscription_id)
    for n in range(45):
        audit.record(
            ours, "subscription.licenses_added", row, as_of=row.created_at + n * DAY / 2,
            before={"quantity": n}, after={"quantity": n + 1},
        )  # fmt: skip
    together = pages(ours, row, 20)
    assert [entry for part in together for entry in part] == whole(ours, row)
    assert [sum(bool(entry.who) for entry in part) for part in together] == [20, 20, 5]
    assert {entry.what for part in together for entry in part} >= {"Bought", "Cancellation window closed"}


def test_a_page_of_the_history_costs_the_same_wherever_it_lies(
    ours: Scope, row: Subscription, django_assert_max_num_queries: Any
) -> None:
    for n in range(120):
        audit.record(ours, "subscription.suspended", row, as_of=row.created_at + n * DAY)
    first = history.page(ours, subscription=row, links=(), as_of=factories.AS_OF)
    place = history.place_of({"after": first.after})
    with django_assert_max_num_queries(2):
        assert history.page(ours, subscription=row, links=(), as_of=factories.AS_OF, place=place).entries


def test_history_is_told_newest_first(ours: Scope, row: Subscription) -> None:
    row.cancellation_allowed_until = row.created_at + 7 * DAY
    source = factories.make_subscription(row.customer, name="Business Standard")
    upgrade(row.customer, source.subscription_id, row.subscription_id)
    audit.record(
        ours,
        "subscription.auto_renew_changed",
        row,
        as_of=factories.AS_OF,
        before={"auto_renew_enabled": True},
        after={"auto_renew_enabled": False, "etag": "5b1e6c2a9d3f4e70"},
    )
    log = whole(ours, row)
    assert [(entry.what, entry.who) for entry in log] == [
        ("Auto renew changed: auto-renew on → off", "ours@contoso.example"),
        ("Upgrade from Business Standard, 7 licenses: Conversion Completed", ""),
        ("Cancellation window closed", ""),
        ("Bought", ""),
    ]
