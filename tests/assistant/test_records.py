"""Questions about one subscription, its upgrades and an order: the answer, its facts, its checks, its way out."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from assistant import services
from customers.models import Availability, Customer, Order, OrderLine, Subscription
from portal.core.access import PartnerKind
from portal.core.scope import Scope
from tests import factories
from tests.assistant.conftest import Say

pytestmark = pytest.mark.django_db
NAME = "Power BI Pro"
OFFER = "CFQ7TTC0H9MP:0001:CFQ7TTC0X6RN"


@pytest.fixture
def power_bi(fabrikam: Customer, as_of: datetime) -> Subscription:
    return factories.make_subscription(
        fabrikam,
        name=NAME,
        quantity=25,
        offer_id=OFFER,
        order_id="34b37d7340cc",
        cancellation_allowed_until=as_of - timedelta(days=200),
        refundable_quantity={"totalQuantity": 0, "details": []},
    )


def facts(reply: Any) -> dict[str, str]:
    return {fact["label"]: fact["value"] for fact in reply.answer["facts"]}


def test_details_by_name_and_customer(say: Say, power_bi: Subscription) -> None:
    reply = say("Get the details of subscription Power BI Pro for customer Fabrikam Robotics.")
    assert (reply.skill, reply.status) == ("subscription_details", "answered")
    assert reply.answer["lead"] == ("Power BI Pro of Fabrikam Robotics is active: 25 licenses, 1 year, billed monthly.")
    assert reply.answer["body"].startswith("Its term ends on 21 Feb 2027. It renews at the end of the term.")
    assert facts(reply)["Order"] == "34b37d7340cc"
    assert {link["to"] for link in reply.answer["links"]} == {
        "customers:subscription",
        "customers:customer",
        "customers:order",
    }


def test_details_by_id_alone(say: Say, power_bi: Subscription) -> None:
    reply = say(f"Tell me about subscription {power_bi.subscription_id}")
    assert reply.answer["lead"].startswith("Power BI Pro of Fabrikam Robotics is active")
    assert reply.slots == {"subscription": str(power_bi.subscription_id)}


def test_details_say_who_the_partner_of_record_is(say: Say, power_bi: Subscription, ours: Scope) -> None:
    partner = power_bi.customer.partner
    assert partner.kind == PartnerKind.INDIRECT_PROVIDER
    factories.make_reseller(partner, "Nod Publishers", mpn_id="7654321")
    Subscription.objects.within(ours).filter(pk=power_bi.pk).update(partner_of_record="7654321")
    reply = say("Who is the partner of record on Power BI Pro of Fabrikam Robotics?")
    assert reply.skill == "subscription_details"
    assert facts(reply)["Partner of record"] == "Nod Publishers · 7654321"


def test_two_of_one_name_are_asked_about(say: Say, power_bi: Subscription, fabrikam: Customer) -> None:
    other = factories.make_subscription(fabrikam, name=NAME, quantity=3, offer_id=OFFER)
    asked = say("Get the details of subscription Power BI Pro for customer Fabrikam Robotics.")
    assert (asked.status, asked.answer["asks_for"]) == ("needs_input", ["subscription"])
    assert [choice["label"] for choice in asked.answer["choices"]] == [NAME, NAME]
    assert str(other.subscription_id) in asked.text
    chosen = say(NAME, choice=str(other.subscription_id))
    assert "3 licenses" in chosen.answer["lead"]


def test_a_subscription_of_another_tenant_is_not_found(say: Say, theirs: Scope) -> None:
    foreign = factories.make_subscription(Customer.objects.within(theirs).get(), name=NAME, offer_id=OFFER)
    replies = []
    for key in (foreign.subscription_id, uuid.uuid4()):
        reply = say(f"Get the details of subscription {key}")
        replies.append(reply.text.replace(str(key), "…"))
        say("stop")
    assert replies[0] == replies[1]
    assert replies[0].startswith("No subscription matches")


def test_cancellation_after_the_window_says_what_works(say: Say, power_bi: Subscription) -> None:
    reply = say("Is subscription Power BI Pro eligible for cancellation for customer Fabrikam Robotics?")
    assert reply.answer["lead"] == "No. Power BI Pro of Fabrikam Robotics cannot be canceled now."
    assert [check["code"] for check in reply.answer["checks"] if not check["passed"]] == ["window"]
    (card,) = reply.answer["cards"]
    assert card["text"] == "What works: let it end with its term on 21 Feb 2027."
    assert card["links"][0]["to"] == "customers:subscription_end_of_term"


def test_cancellation_in_the_window_shows_the_refund(
    say: Say, ours: Scope, power_bi: Subscription, as_of: datetime
) -> None:
    Subscription.objects.within(ours).filter(pk=power_bi.pk).update(
        cancellation_allowed_until=as_of + timedelta(days=3), unit_price="120", currency="USD"
    )
    reply = say("Can I still cancel Power BI Pro for Fabrikam Robotics?")
    assert reply.answer["lead"].startswith("Yes. Power BI Pro of Fabrikam Robotics can be canceled until 26 Nov 2026")
    assert "$" in facts(reply)["Refund, an estimate"]
    assert reply.answer["cards"] == []


def test_licenses_that_may_go(say: Say, ours: Scope, power_bi: Subscription, as_of: datetime) -> None:
    row = Subscription.objects.within(ours).get(pk=power_bi.pk)
    until = (as_of + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    row.refundable_quantity = {"totalQuantity": 5, "details": [{"quantity": 5, "allowedUntilDateTime": until}]}
    row.save()
    reply = say("How much quantity can I reduce on subscription Power BI Pro for customer Fabrikam Robotics?")
    assert reply.answer["lead"].startswith("Power BI Pro of Fabrikam Robotics: 5 of 25 licenses may go now, until")
    assert facts(reply)["Must stay"] == "20 licenses"


def test_no_license_may_go(say: Say, power_bi: Subscription) -> None:
    reply = say("How many licenses can I remove from Power BI Pro of Fabrikam Robotics?")
    assert reply.skill == "quantity_reduction"
    assert "no license may go now, only at the renewal" in reply.answer["lead"]
    assert reply.answer["cards"][0]["links"][0]["to"] == "customers:subscription_schedule"


def test_upgrades_that_are_possible(say: Say, fabrikam: Customer) -> None:
    sku = factories.make_sku("Microsoft 365 Business Premium", "CFQ7TTC0LCHC:0002")
    factories.make_price(sku, term="P1Y", plan="monthly")
    Availability.objects.create(sku=sku, availability_id="CFQ7TTC0X6RN", segment="Commercial", country="US")
    factories.make_path("CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002")
    name = "Microsoft 365 Business Standard"
    factories.make_subscription(fabrikam, name=name, offer_id="CFQ7TTC0LDPB:0001:CFQ7TTC0LGNT")
    reply = say(f"What are the transitions eligible for {name} for my customer Fabrikam Robotics?")
    assert reply.skill == "transition_eligibility"
    assert reply.answer["lead"] == f"{name} of Fabrikam Robotics can be upgraded to Microsoft 365 Business Premium."
    (card,) = reply.answer["cards"]
    assert card["rows"][0]["how"] == "all licenses, a part of them"


def test_no_upgrade_is_possible(say: Say, power_bi: Subscription) -> None:
    reply = say("What can I upgrade Power BI Pro of Fabrikam Robotics to?")
    assert reply.answer["lead"] == "Power BI Pro of Fabrikam Robotics cannot be upgraded now."
    assert "No upgrade list leads up from this product." in reply.answer["body"]


def test_how_an_upgrade_stands(say: Say, power_bi: Subscription) -> None:
    none = say(f"What is the status of my transition for {power_bi.subscription_id}?")
    assert none.answer["lead"] == "No upgrade of Power BI Pro of Fabrikam Robotics is known."
    factories.make_transition(power_bi)
    reply = say(f"What is the status of my transition for {power_bi.subscription_id}?")
    assert reply.skill == "transition_status"
    assert reply.answer["lead"].startswith("Power BI Pro of Fabrikam Robotics: the upgrade is completed")
    assert reply.answer["cards"][0]["rows"][-1]["name"] == "Conversion"


@pytest.mark.parametrize("promotion", ["39NFJQT26J7Z:0006:084R5MQ9QF1W", ""])
def test_promotion_on_an_order(say: Say, fabrikam: Customer, as_of: datetime, promotion: str) -> None:
    make_order(fabrikam, as_of, promotion)
    if promotion:
        factories.make_promotion(promotion_id=promotion)
    reply = say("Is there a promotion applied to my order 34b37d7340cc? If so, what is the promo ID?")
    assert (reply.skill, reply.status) == ("order_promotion", "answered")
    if promotion:
        assert facts(reply)["Promotion ID"] == promotion
        assert facts(reply)["Promotion"] == "Launch offer"
    else:
        assert reply.answer["lead"] == "No promotion was applied to order 34b37d7340cc."
        assert reply.answer["cards"][0]["rows"][0]["promotion"] == ""


def test_an_order_that_two_customers_have(say: Say, fabrikam: Customer, as_of: datetime) -> None:
    other = factories.make_customer(fabrikam.partner, "Tailspin Toys")
    for customer in (fabrikam, other):
        make_order(customer, as_of, "")
    asked = say("Is there a promotion applied to my order 34b37d7340cc?")
    assert asked.status == "needs_input"
    chosen = say(asked.answer["choices"][1]["label"], choice=asked.answer["choices"][1]["say"])
    assert facts(chosen)["Customer"] == "Tailspin Toys"


def test_an_order_of_another_tenant_is_not_found(say: Say, theirs: Scope, as_of: datetime) -> None:
    make_order(Customer.objects.within(theirs).get(), as_of, "")
    reply = say("Is there a promotion applied to my order 34b37d7340cc?")
    assert reply.text.startswith("No order matches “34b37d7340cc”.")


def make_order(customer: Customer, as_of: datetime, promotion_id: str) -> Order:
    order = Order.objects.create(customer=customer, order_id="34b37d7340cc", currency="USD", created_at=as_of)
    OrderLine.objects.create(
        order=order,
        number=1,
        offer_id=OFFER,
        friendly_name=NAME,
        quantity=25,
        term_duration="P1Y",
        billing_cycle="monthly",
        promotion_id=promotion_id,
    )
    return order


def test_the_suggested_next_questions_work(say: Say, power_bi: Subscription) -> None:
    """Each answer's suggestions are about the same subscription, though they say only "it"."""
    asked = ["Get the details of subscription Power BI Pro for customer Fabrikam Robotics."]
    seen = set()
    while asked:
        reply = say(text := asked.pop())
        assert reply.status == "answered", (text, reply.text)
        assert reply.slots["subscription"] == NAME
        seen.add(reply.skill)
        asked += [chip for chip in reply.answer["chips"] if chip not in seen and len(seen) < 4]
        seen |= set(reply.answer["chips"])
    assert {"subscription_details", "cancellation_eligibility", "quantity_reduction"} <= seen


def test_on_a_page_another_customers_subscription_can_be_asked_about(
    ours: Scope, say: Say, power_bi: Subscription, as_of: datetime
) -> None:
    other = factories.make_customer(power_bi.customer.partner, "Tailspin Toys")
    visio = factories.make_subscription(other, name="Visio Plan 2", offer_id=OFFER)
    page = services.look_at(ours, path=f"/subscriptions/{power_bi.subscription_id}/", as_of=as_of)
    by_id = say(f"Get the details of subscription {visio.subscription_id}", page=page)
    assert by_id.answer["lead"].startswith("Visio Plan 2 of Tailspin Toys is active")
    named = say("Can the subscription be canceled for customer Tailspin Toys?", page=page)
    assert (named.status, named.answer["asks_for"]) == ("needs_input", ["subscription"]), (
        "not the page's: it is another's"
    )


def test_a_customer_and_the_id_of_anothers_subscription_do_not_fit(say: Say, power_bi: Subscription) -> None:
    factories.make_customer(power_bi.customer.partner, "Tailspin Toys")
    reply = say(f"Get the details of subscription {power_bi.subscription_id} for customer Tailspin Toys.")
    assert reply.status == "needs_input"
    assert reply.text.startswith("No subscription matches")
