"""One choice for many subscriptions: shown first, made for those picked, each on its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.models import Customer, Subscription
from portal.core import clock
from portal.core.models import AuditEvent, Partner, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
NEXT = {"product": {"termDuration": "P3Y"}, "quantity": 8}


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


def silent(customer: Customer, name: str, **fields: Any) -> Subscription:
    ends = clock.now() + timedelta(days=20)
    values = {"auto_renew_enabled": False, "end_of_term": "silent_est", "etag": "one", "commitment_ends_at": ends}
    return factories.make_subscription(customer, name=name, **{**values, **fields})


def where(**query: str) -> str:
    return reverse("customers:end_of_terms") + "?" + "&".join(f"{key}={value}" for key, value in query.items())


def pick(*rows: Subscription) -> list[str]:
    return [f"{row.subscription_id}|{row.etag}" for row in rows]


def outcomes(scope: Scope) -> dict[str, str]:
    return dict(Subscription.objects.within(scope).values_list("friendly_name", "end_of_term"))


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_look_then_choose_for_those_picked(ours: Scope, ours_user: User, customer: Customer, client_for: Any) -> None:
    first, second = silent(customer, "First"), silent(customer, "Second")
    old = silent(customer, "Old", effective_start_at=factories.AS_OF - timedelta(days=900), end_of_term="silent_est")
    factories.make_subscription(customer, name="Renewing")
    client = client_for(ours_user)
    page = text(client.get(where(choice="est", outcome="silent_est")))
    assert "First" in page
    assert "Renewing" not in page
    assert "Purchased or renewed before" in page
    answer = client.post(where(choice="cancel", outcome="silent_est"), {"pick": pick(first)})
    assert "Changed 1 subscription." in text(answer)
    assert outcomes(ours) == {"First": "cancel", "Second": "silent_est", "Old": "silent_est", "Renewing": "renew"}
    answer = client.post(where(choice="renew"), {"pick": [*pick(second, old), "nonsense|x"]})
    assert "Changed 2 subscriptions." in text(answer)
    assert AuditEvent.objects.filter(event="subscription.end_of_term_chosen").count() == 3


def test_one_that_is_refused_keeps_no_other_from_it(
    ours: Scope, theirs: Scope, ours_user: User, customer: Customer, client_for: Any
) -> None:
    good = silent(customer, "Good")
    stale = silent(customer, "Stale", etag="two")
    scheduled = silent(customer, "Scheduled", scheduled_next_term_instructions=NEXT)
    foreign = silent(Customer.objects.within(theirs).get(), "Foreign")
    picked = [*pick(good, scheduled, foreign), f"{stale.subscription_id}|one"]
    client = client_for(ours_user)
    assert "Deletes: At the renewal: 8 licenses, 3 years." in text(client.get(where(choice="cancel")))
    page = text(client.post(where(choice="cancel"), {"pick": picked}))
    assert "Changed 1 subscription." in page
    assert "3 not changed." in page
    assert "Scheduled: This change deletes what is scheduled." in page
    assert outcomes(ours) == {"Good": "cancel", "Stale": "silent_est", "Scheduled": "silent_est"}
    assert outcomes(theirs) == {"Foreign": "silent_est"}
    client.post(where(choice="cancel"), {"pick": pick(scheduled), "confirmed": "1"})
    assert outcomes(ours)["Scheduled"] == "cancel"


def test_many_cost_no_more_queries_to_show(ours_user: User, customer: Customer, client_for: Any) -> None:
    client = client_for(ours_user)
    counts = []
    for number in range(2):
        for row in range(1 + 20 * number):
            silent(customer, f"Row {number} {row}")
        with CaptureQueriesContext(connection) as captured:
            assert client.get(where(choice="est")).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 5


@pytest.mark.parametrize(
    ("roles", "kind"), [(("helpdesk_agent",), "direct_bill"), (("admin_agent",), "indirect_reseller")]
)
def test_who_may_only_look(
    ours: Scope, customer: Customer, client_for: Callable[[User], Client], roles: tuple[str, ...], kind: str
) -> None:
    row = silent(customer, "First")
    Partner.objects.filter(pk=ours.partner_id).update(kind=kind)
    reader = client_for(factories.make_member(Partner.objects.get(pk=ours.partner_id), roles=roles))
    page = text(reader.get(where(choice="renew")))
    assert "You can look at this but not change it." in page
    assert "Renew the picked ones" not in page
    assert reader.post(where(choice="renew"), {"pick": pick(row)}).status_code == 403
    assert outcomes(ours) == {"First": "silent_est"}
