"""No change in the middle of a term deletes a schedule that its page did not list and nobody confirmed.

Every address that changes a subscription is tried with the form of the table, so a new one cannot be forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from customers.models import Subscription
from portal.core.access import PartnerKind
from portal.core.scope import Scope
from tests.access.table import TABLE
from tests.access.world import World, make_catalog

pytestmark = pytest.mark.django_db
NEXT = {
    "product": {"productId": "CFQ7TTC0LDPB", "skuId": "0001", "termDuration": "P3Y", "billingCycle": "monthly"},
    "quantity": 8,
}
SENTENCE = "At the renewal: 8 licenses, 3 years"
CHANGES = sorted(
    name for name, row in TABLE.items() if name.startswith("customers:subscription_") and row.post.split()[0] != "signed_in"
) + ["customers:end_of_terms"]  # fmt: skip
WIPES = {
    "customers:subscription_licenses", "customers:subscription_cancel", "customers:subscription_end_of_term",
    "customers:subscription_suspension", "customers:subscription_upgrade", "customers:end_of_terms",
}  # fmt: skip
# Puts another schedule in the place of this one, which its page lists, and changes nothing else.
REPLACES = {"customers:subscription_schedule"}
# The contract says so (§3.2), or nothing of the subscription changes.
KEEPS = {"customers:subscription_record", "customers:subscription_notice"}


@pytest.fixture
def world() -> World:
    make_catalog()
    world = World.of(PartnerKind.INDIRECT_PROVIDER, "Schedules")
    Subscription.objects.within(Scope.for_operator()).filter(pk=world.subscription.pk).update(
        scheduled_next_term_instructions=NEXT, auto_renew_enabled=True
    )
    return world


def now(world: World) -> dict[str, Any]:
    row = Subscription.objects.within(Scope.for_operator()).filter(pk=world.subscription.pk)
    return dict(row.values("scheduled_next_term_instructions", "scheduled_actions", "etag").get())


def test_every_change_is_known() -> None:
    posts = {name for name in CHANGES if name != "customers:subscription_history"}
    assert posts == WIPES | REPLACES | KEEPS


@pytest.mark.parametrize("name", sorted(WIPES))
def test_what_would_be_deleted_is_listed_and_confirmed_first(world: World, name: str) -> None:
    row = TABLE[name]
    browser, before = Client(), now(world)
    browser.force_login(world.user, backend="portal.core.auth.MembershipBackend")
    address, fields = world.asked(name, row.query), row.data(world)
    asked = {key: value for key, value in fields.items() if key not in ("etag", "confirmed", "pick")}
    page = browser.get(address, asked) if asked else browser.get(address)
    assert SENTENCE in page.content.decode()
    assert 'name="confirmed"' in page.content.decode()

    refused = browser.post(address, {key: value for key, value in fields.items() if key != "confirmed"})
    assert refused.status_code in (200, 409, 422)
    assert SENTENCE in refused.content.decode()
    assert now(world) == before, "nothing was changed"

    assert browser.post(address, fields).status_code in (200, 302)
    assert now(world)["scheduled_next_term_instructions"] is None


@pytest.mark.parametrize("name", sorted(REPLACES))
def test_a_schedule_that_is_replaced_is_listed(world: World, name: str) -> None:
    browser = Client()
    browser.force_login(world.user, backend="portal.core.auth.MembershipBackend")
    page = browser.get(world.address(name), {"quantity": "20", "offer": "P1Y:monthly"}).content.decode()
    assert page.count(SENTENCE) == 2, "as it is now, and among what is replaced"


@pytest.mark.parametrize("name", sorted(KEEPS))
def test_what_deletes_nothing_asks_nothing(world: World, name: str) -> None:
    browser = Client()
    browser.force_login(world.user, backend="portal.core.auth.MembershipBackend")
    fields = {key: value for key, value in TABLE[name].data(world).items() if key != "confirmed"}
    assert browser.post(world.address(name), fields).status_code == 302
    assert now(world)["scheduled_next_term_instructions"] == NEXT
