"""Microsoft-led migration in the panel, and how a subscription is found by its words."""

from __future__ import annotations

from datetime import datetime

import pytest

from customers.models import Customer, LegacyOfferMapping, Sku, Subscription
from customers.services import subscriptions
from portal.core.scope import Scope
from tests import factories
from tests.assistant.conftest import Say

pytestmark = pytest.mark.django_db
OFFER = "b07a1127-de83-4a6d-9f85-2c104bdae8b4"


@pytest.fixture
def legacy(fabrikam: Customer, premium: Sku) -> Subscription:
    LegacyOfferMapping.objects.create(legacy_offer_id=OFFER, product_id="CFQ7TTC0LCHC", sku_id="0002")
    return factories.make_subscription(fabrikam, name="Office 365 E3", offer_id=OFFER)


def test_eligible(say: Say, legacy: Subscription) -> None:
    reply = say("Is Office 365 E3 eligible for MS-led migration for my customer Fabrikam Robotics?")
    assert (reply.skill, reply.status) == ("migration_eligibility", "answered")
    assert reply.slots == {"subscription": "Office 365 E3", "customer": "Fabrikam Robotics"}
    assert reply.text.startswith("Microsoft migrates Office 365 E3 when it renews on 21 Feb 2027")
    assert "Becomes: Microsoft 365 Business Premium (CFQ7TTC0LCHC:0002)" in reply.text
    assert "Computed from the announced rule" in reply.text


def test_not_eligible_says_why(say: Say, legacy: Subscription) -> None:
    legacy.auto_renew_enabled = False
    legacy.promotion_id = "39NFJQT26J7Z:0006:084R5MQ9QF1W"
    legacy.save()
    reply = say("Is Office 365 E3 eligible for MS-led migration for my customer Fabrikam Robotics?")
    assert reply.text.startswith("Microsoft does not migrate Office 365 E3 when it renews.")
    assert "Not met: Auto-renew is off" in reply.text
    assert "Partner Center code: 900218" in reply.text


def test_by_id_alone(say: Say, legacy: Subscription) -> None:
    reply = say(f"Will Microsoft migrate the legacy subscription {legacy.subscription_id} to new commerce?")
    assert reply.status == "answered"
    assert reply.slots == {"subscription": str(legacy.subscription_id)}


def test_several_of_one_name_are_told_apart(say: Say, legacy: Subscription) -> None:
    other = factories.make_subscription(legacy.customer, name="Office 365 E3", quantity=33)
    reply = say("Is Office 365 E3 eligible for MS-led migration for my customer Fabrikam Robotics?")
    assert (reply.status, reply.answer["asks_for"]) == ("needs_input", ["subscription"])
    assert "33 licenses" in reply.answer["choices"][1]["note"]
    second = say("second", choice=str(other.subscription_id))
    assert second.text.startswith("Office 365 E3 is a new commerce subscription already: there is nothing to migrate.")


def test_what_is_missing_is_asked_for(say: Say, legacy: Subscription) -> None:
    first = say("check ms-led migration for customer Fabrikam Robotics")
    assert (first.status, first.answer["asks_for"]) == ("needs_input", ["subscription"])
    assert say("Office 365 E3").status == "answered"


def test_another_tenants_subscription_is_not_found(say: Say, theirs: Scope) -> None:
    foreign = factories.make_subscription(Customer.objects.within(theirs).get(), name="Secret", offer_id=OFFER)
    reply = say(f"Will Microsoft migrate the legacy subscription {foreign.subscription_id} to new commerce?")
    assert reply.status == "needs_input"
    assert f"No subscription matches “{foreign.subscription_id}”" in reply.text
    assert "Secret" not in reply.text


@pytest.mark.parametrize(
    ("text", "names", "how"),
    [
        ("microsoft 365 business premium", ["HQ seats"], "name"),
        ("HQ seats", ["HQ seats"], "name"),
        ("M365 BP", ["HQ seats"], "name"),
        ("Exchange Online Plan 1", ["Exchange Online (Plan 1)"], "name"),
        ("exchange", ["Exchange Online (Plan 1)", "Exchange Online (Plan 2)"], "part"),
        ("Exchnge Onlin Plan 2", ["Exchange Online (Plan 2)", "Exchange Online (Plan 1)"], "similar"),
        ("Visio", [], ""),
        ("", [], ""),
    ],
)
def test_a_name_among_the_customers(ours: Scope, fabrikam: Customer, text: str, names: list[str], how: str) -> None:
    factories.make_subscription(fabrikam, name="Microsoft 365 Business Premium", friendly_name="HQ seats")
    for number in (1, 2):
        factories.make_subscription(fabrikam, name=f"Exchange Online (Plan {number})")
    found = subscriptions.match(ours, text=text, customer_id=fabrikam.pk)
    assert [match.subscription.friendly_name for match in found] == names
    assert {match.how for match in found} == ({how} if how else set())


def test_a_name_without_a_customer_stays_in_the_tenant(
    ours: Scope, theirs: Scope, fabrikam: Customer, as_of: datetime
) -> None:
    factories.make_subscription(fabrikam, name="Power BI Pro")
    factories.make_subscription(Customer.objects.within(theirs).get(), name="Power BI Premium")
    found = subscriptions.match(ours, text="power bi", customer_id=None)
    assert [match.subscription.friendly_name for match in found] == ["Power BI Pro"]
