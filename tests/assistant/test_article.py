"""Every example prompt of the article works as it is written, one by one, with the card that answers it.

Source: "What can AI assistant do in the Customers workspace?", read 2026-11-23. What stands in brackets there is
replaced by a record; the article prints some of these in bold, so each prompt is sent plain, with the brackets left
on, and with both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from assistant.models import Proposal
from assistant.services.present import links
from customers.models import Availability, Customer, Order, OrderLine, Ticket
from portal.core.scope import Scope
from tests import factories
from tests.assistant.conftest import Say
from tests.assistant.duplicates import CONTACT, code, left_behind

pytestmark = pytest.mark.django_db
STANDARD, PREMIUM = "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"
VALUE = re.compile(r"\[([^\]]+)\]")


@dataclass(frozen=True)
class Example:
    """`text` as the article prints it; the skill, the kinds of its cards, and what the answer says."""

    text: str
    skill: str
    cards: tuple[str, ...]
    says: str
    facts: tuple[str, ...] = ()


EXAMPLES = (
    Example(
        "What is the current price for end of sale [product name at its end of sale] for customer [customer name]?",
        "price_lookup", (), "Visio Plan 1 costs Fabrikam Robotics $5.00 per month for 1 license",
        ("Customer", "Product", "Term and billing", "Per month"),
    ),
    Example(
        "What is the current price for [product name] for customer [customer name]?",
        "price_lookup", ("prices",), "Microsoft 365 Business Premium costs Fabrikam Robotics from $20.00 per month",
    ),
    Example(
        "Is [legacy subscription name] eligible for MS-led migration for my customer [customer name]?",
        "migration_eligibility", (), "Office 365 E1 (legacy)", ("Subscription", "Customer"),
    ),
    Example(
        "Is [legacy subscription ID] eligible for MS-led migration for my customer [customer name]?",
        "migration_eligibility", (), "Office 365 E1 (legacy)", ("Subscription", "Customer"),
    ),
    Example(
        "Is the offer [product name and SKU ID] eligible for promotion for customer [customer name]",
        "promotion_eligibility", ("matrix",), "Yes. Microsoft 365 Business Premium has a promotion",
        ("Customer", "Product"),
    ),
    Example(
        "Is there a promotion applied to my order [order ID]? If so, what is the promo ID?",
        "order_promotion", (), "Order 34b37d7340cc has a promotion: Launch offer, 39NFJQT26J7Z:0006:084R5MQ9QF1W.",
        ("Order", "Customer", "Promotion", "Promotion ID"),
    ),
    Example(
        "What are the transitions eligible for [subscription name] for my customer [customer name]?",
        "transition_eligibility", ("upgrades",),
        "Microsoft 365 Business Standard of Fabrikam Robotics can be upgraded to Microsoft 365 Business Premium.",
        ("Subscription", "Customer"),
    ),
    Example(
        "What are the transitions eligible for [subscription ID] for my customer [customer name]?",
        "transition_eligibility", ("upgrades",),
        "Microsoft 365 Business Standard of Fabrikam Robotics can be upgraded to Microsoft 365 Business Premium.",
        ("Subscription", "Customer"),
    ),
    Example(
        "What is the status of my transition for [upgraded subscription name]?",
        "transition_status", ("events",), "the upgrade is completed", ("Subscription", "Customer", "Stands"),
    ),
    Example(
        "What is the status of my transition for [upgraded subscription ID]?",
        "transition_status", ("events",), "the upgrade is completed", ("Subscription", "Customer", "Stands"),
    ),
    Example(
        "Get my list of subscriptions for customer [customer name].",
        "subscription_list", ("list",), "Fabrikam Robotics has 4 subscriptions",
    ),
    Example(
        "Get the details of subscription [subscription name] for customer [customer name].",
        "subscription_details", (), "Microsoft 365 Business Standard of Fabrikam Robotics is active: 45 licenses",
        ("Status", "Licenses", "Term and billing", "Term ends"),
    ),
    Example(
        "Is subscription [subscription name] eligible for cancellation for customer [customer name]?",
        "cancellation_eligibility", ("instead",), "No. Microsoft 365 Business Standard of Fabrikam Robotics cannot",
        ("Subscription", "Customer"),
    ),
    Example(
        "How much quantity can I reduce on subscription [subscription name] for customer [customer name]?",
        "quantity_reduction", (), "5 of 45 licenses may go now", ("May go now", "Must stay", "Window"),
    ),
    Example(
        "Validate partner of record for customer [customer name]",
        "validate_partner_of_record", ("requirements",), "need",
    ),
    Example(
        "Generate a downloadable file of the partner's subscriptions configured for EST at the end of their terms.",
        "est_report", ("report",), "The Extended service term report is requested",
    ),
    Example(
        "Please generate a list of all my subscriptions that are set to go to EST at the end of their term.",
        "est_report", ("report",), "The Extended service term report is requested",
    ),
    Example(
        "Verify if a product [product ID], sku [SKU ID] is eligible for promo for [term duration] termDuration, "
        "[billing cycle] billingCycle and [number of seats] quantity for customer [customer name].",
        "promotion_eligibility", (), "Yes. Microsoft 365 Business Premium gets 25% off for Fabrikam Robotics",
        ("Customer", "Product", "Asked for", "Promotion"),
    ),
    Example(
        "Verify if a product [product ID], sku [SKU ID] is eligible for promo for [term duration] termDuration, "
        "[billing cycle] billingCycle and [number of seats] quantity for customer [customer ID].",
        "promotion_eligibility", (), "Yes. Microsoft 365 Business Premium gets 25% off for Fabrikam Robotics",
        ("Customer", "Product", "Asked for", "Promotion"),
    ),
)  # fmt: skip
# The prompts that ask for a file, and what the answer says about it.
REPORTS = (
    Example(
        "Show customers renewing Microsoft 365 Business in the next 60 days and highlight which Copilot Business "
        "bundle to upgrade to",
        "upsell_report", ("report",), "The Copilot Business recommendations report is requested as DR-",
    ),
    Example(
        "Download targeted offers applicable to my customers",
        "targeted_offers_report", ("report",), "The Targeted promotions report is requested as DR-",
    ),
    Example(
        "Show targeted promotions available for my customers",
        "targeted_offers_report", ("report",), "The Targeted promotions report is requested as DR-",
    ),
    Example(
        "Generate a report of targeted offers for customers associated with my partner account",
        "targeted_offers_report", ("report",), "The Targeted promotions report is requested as DR-",
    ),
)  # fmt: skip
CHECKED = ("eligibility", "approval")
DUPLICATES = (
    Example(
        "Cancel the subscription **[subscription ID]** for customer **[customer ID]**, as it is a duplicate resulting "
        "from an upgrade. The upgraded subscription is **[upgraded subscription ID]**.",
        "cancel_duplicate", CHECKED, "Microsoft 365 Business Standard can be canceled as a duplicate.",
    ),
    Example(
        "Reduce the license count for Subscription **[subscription ID]** belonging to customer **[customer ID]**, as "
        "this is a duplicate resulting from an upgrade. The upgraded subscription is **[upgraded subscription ID]**.",
        "reduce_duplicate", (), "How many licenses should stay?",
    ),
    Example(
        "Cancel the subscription **[subscription ID, other subscription ID]** for customer **[customer ID]**, as "
        "it is a duplicate resulting from an upgrade. The upgraded subscription is **[upgraded subscription ID]**.",
        "cancel_duplicate", ("eligibility", *CHECKED), "All 2 subscriptions can be canceled as duplicates.",
    ),
    Example(
        "Reduce the license count for Subscription **[subscription ID, other subscription ID]** belonging to customer "
        "**[customer ID]**, as this is a duplicate resulting from an upgrade. The upgraded subscription is "
        "**[upgraded subscription ID]**.",
        "reduce_duplicate", (), "How many licenses should stay?",
    ),
    Example(
        "Cancel the duplicate subscription due to an upgrade for customer [customer ID]. The upgraded subscription is "
        "[upgraded subscription ID].",
        "cancel_duplicate", ("choose_duplicates",), "Microsoft 365 Business Premium left 2 possible duplicates.",
    ),
    Example(
        "Reduce the license count of the duplicate subscription due to an upgrade for customer [customer ID]. The "
        "upgraded subscription is [upgraded subscription ID].",
        "reduce_duplicate", ("choose_duplicates",), "Microsoft 365 Business Premium left 2 possible duplicates.",
    ),
)  # fmt: skip
WRITINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: VALUE.sub(r"\1", text).replace("**", ""),
    "in brackets": lambda text: text.replace("**", ""),
    "bold": lambda text: VALUE.sub(r"**\1**", text.replace("**", "")),
    "bold, in brackets": lambda text: VALUE.sub(r"**[\1]**", text.replace("**", "")),
}


@pytest.fixture
def values(ours: Scope, fabrikam: Customer, as_of: datetime) -> dict[str, str]:
    """Every record that the examples name, of one customer."""
    premium = factories.make_sku("Microsoft 365 Business Premium", PREMIUM)
    factories.make_price(premium, term="P1Y", plan="monthly", unit_price="264.00")
    factories.make_price(premium, term="P1Y", plan="annual", unit_price="240.00")
    factories.make_promotion()
    Availability.objects.create(sku=premium, availability_id="CFQ7TTC0X6RN", segment="Commercial", country="US")
    factories.make_price(factories.make_sku("Visio Plan 1", "CFQ7TTC0HD33:0001"), unit_price="60.00", view="eos")
    factories.make_path(STANDARD, PREMIUM)
    until = (as_of + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    standard = factories.make_subscription(
        fabrikam, name="Microsoft 365 Business Standard", quantity=45, offer_id=f"{STANDARD}:CFQ7TTC0LGNT",
        cancellation_allowed_until=as_of - timedelta(days=200),
        refundable_quantity={"totalQuantity": 5, "details": [{"quantity": 5, "allowedUntilDateTime": until}]},
    )  # fmt: skip
    legacy = factories.make_subscription(
        fabrikam, name="Office 365 E1 (legacy)", offer_id="91fd106f-4b2c-4938-95ac-f54f74e9a239", term_duration="P1Y"
    )
    upgraded = factories.make_subscription(fabrikam, name="Microsoft 365 E3", offer_id="CFQ7TTC0LFLX:0001:CFQ7TTC0K5P1")
    factories.make_transition(upgraded)
    factories.make_subscription(fabrikam, name="Power BI Pro", offer_id="CFQ7TTC0H9MP:0001:CFQ7TTC0X6RN")
    order = Order.objects.create(customer=fabrikam, order_id="34b37d7340cc", currency="USD", created_at=as_of)
    OrderLine.objects.create(
        order=order, number=1, offer_id=f"{PREMIUM}:CFQ7TTC0X6RN", friendly_name="Microsoft 365 Business Premium",
        quantity=25, promotion_id="39NFJQT26J7Z:0006:084R5MQ9QF1W",
    )  # fmt: skip
    return {
        "customer name": fabrikam.company_name,
        "customer ID": str(fabrikam.tenant_id),
        "product name": "Microsoft 365 Business Premium",
        "product name at its end of sale": "Visio Plan 1",
        "product name and SKU ID": f"Microsoft 365 Business Premium {PREMIUM}",
        "product ID": "CFQ7TTC0LCHC",
        "SKU ID": "0002",
        "order ID": order.order_id,
        "subscription name": standard.friendly_name,
        "subscription ID": str(standard.subscription_id),
        "legacy subscription name": legacy.friendly_name,
        "legacy subscription ID": str(legacy.subscription_id),
        "upgraded subscription name": upgraded.friendly_name,
        "upgraded subscription ID": str(upgraded.subscription_id),
        "term duration": "P1Y",
        "billing cycle": "Annual",
        "number of seats": "25",
    }


def written(text: str, values: dict[str, str], writing: str) -> str:
    """The example with the records in place of what stands in brackets."""
    return WRITINGS[writing](VALUE.sub(lambda found: f"[{values[found.group(1)]}]", text))


def every() -> Iterator[Any]:
    for example in EXAMPLES:
        for writing in WRITINGS if "[" in example.text else ("plain",):
            yield pytest.param(example, writing, id=f"{example.skill}, {writing}: {example.text[:40]}")


@pytest.mark.parametrize(("example", "writing"), list(every()))
def test_example(say: Say, values: dict[str, str], example: Example, writing: str) -> None:
    reply = say(written(example.text, values, writing))
    assert (reply.skill, reply.status) == (example.skill, "answered"), reply.text
    assert tuple(card["kind"] for card in reply.answer["cards"]) == example.cards
    assert example.says in reply.answer["lead"]
    assert set(example.facts) <= {fact["label"] for fact in reply.answer["facts"]}
    assert reply.answer["sources"], "each answer says where it comes from"
    assert reply.answer["as_of"] == "23 Nov 2026, 12:00 UTC"


@pytest.mark.parametrize("writing", ["{}", "“{}”", '"{}"', "{}."])
@pytest.mark.parametrize("example", REPORTS, ids=lambda example: example.text[:40])
def test_report(say: Say, example: Example, writing: str) -> None:
    reply = say(writing.format(example.text))
    assert (reply.skill, reply.status) == (example.skill, "answered")
    assert [card["kind"] for card in reply.answer["cards"]] == ["report"]
    assert reply.answer["lead"].startswith(example.says)
    assert "/downloads/" in [link["url"] for link in links(reply.answer)], "the link to Downloads"
    assert reply.answer["cards"][0]["number"] in reply.text, "and the ID of the request"
    assert reply.answer["sources"]


def test_other_terms_after_a_question_about_one(say: Say, values: dict[str, str]) -> None:
    """The second bullet of the article goes on from the first."""
    say("Is Microsoft 365 Business Premium eligible for promotion for customer Fabrikam Robotics?")
    reply = say("Find out if other promotions are available for other terms or billing cycles.")
    assert (reply.skill, reply.status) == ("promotion_alternatives", "answered")
    assert [card["kind"] for card in reply.answer["cards"]] == ["matrix"]


def test_other_terms_alone_asks_for_the_product(say: Say, values: dict[str, str]) -> None:
    reply = say("Find out if other promotions are available for other terms or billing cycles.")
    assert (reply.skill, reply.answer["asks_for"]) == ("promotion_alternatives", ["product"])


@pytest.fixture
def upgrade(fabrikam: Customer) -> dict[str, str]:
    """An upgrade that left two duplicates: the records that the prompts about them name."""
    left = left_behind(fabrikam, more=True)
    assert left.apps
    return {
        "customer ID": str(fabrikam.tenant_id),
        "upgraded subscription ID": str(left.upgraded.subscription_id),
        "subscription ID": str(left.standard.subscription_id),
        "other subscription ID": str(left.apps.subscription_id),
        "subscription ID, other subscription ID": f"{left.standard.subscription_id}, {left.apps.subscription_id}",
    }


@pytest.mark.parametrize("quote", ["{}", "“{}”", '"{}"'])
@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("example", DUPLICATES, ids=lambda example: example.text[:60])
def test_duplicates(say: Say, upgrade: dict[str, str], example: Example, writing: str, quote: str) -> None:
    reply = say(quote.format(written(example.text, upgrade, writing)))
    assert reply.skill == example.skill
    assert [card["kind"] for card in reply.answer["cards"]] == list(example.cards), reply.text
    assert example.says in reply.answer["lead"]
    assert reply.slots["customer"] == upgrade["customer ID"]
    assert reply.slots["upgraded_subscription"] == upgrade["upgraded subscription ID"]
    eligible = [card for card in reply.answer["cards"] if card["kind"] == "eligibility"]
    assert reply.status == ("needs_confirmation" if eligible else "needs_input")
    if eligible:
        assert [card["id"] for card in eligible] == upgrade[
            next(name for name in VALUE.findall(example.text) if name.startswith("subscription ID"))
        ].split(", ")
        for card in eligible:
            for shown in ("name", "term", "plan", "quantity", "action", "change", "refund"):
                assert card[shown], "step 3 of the article names what is shown"
            assert len(card["checks"]) == 7


@pytest.mark.parametrize("quote", ["{}", "“{}”", '"{}"'])
@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("example", DUPLICATES[-2:], ids=lambda example: example.skill)
def test_the_duplicate_is_identified(
    say: Say, upgrade: dict[str, str], example: Example, writing: str, quote: str
) -> None:
    """Step 2 of the article, after a request that names none."""
    say(written(example.text, upgrade, "plain"))
    reply = say(quote.format(written("The duplicate subscription is [subscription ID].", upgrade, writing)))
    assert reply.skill == example.skill
    if example.skill == "reduce_duplicate":
        assert reply.answer["lead"] == "How many licenses should stay?"
        reply = say("12")
    assert [card["kind"] for card in reply.answer["cards"]] == list(CHECKED), reply.text
    assert reply.answer["cards"][0]["id"] == upgrade["subscription ID"]
    assert reply.status == "needs_confirmation"


def test_the_duplicate_is_identified_alone(say: Say, upgrade: dict[str, str]) -> None:
    """The same line without a request before it: the upgrade is found from the ID, nothing is proposed unasked."""
    reply = say(written("The duplicate subscription is [subscription ID].", upgrade, "plain"))
    assert reply.status in {"answered", "needs_input"}
    assert not Proposal.unscoped.exists()


def test_the_steps_after_the_check(say: Say, upgrade: dict[str, str]) -> None:
    """Steps 4 and 5: the verification ID, both contact details, and the link with ?tid=."""
    say(written(DUPLICATES[2].text, upgrade, "bold, in brackets"))
    asked = say(code())
    assert [card["kind"] for card in asked.answer["cards"]] == ["contact"]
    assert asked.answer["asks_for"] == ["email", "phone"]
    done = say(CONTACT)
    assert [card["kind"] for card in done.answer["cards"]] == ["ticket"]
    ticket = Ticket.unscoped.get()
    assert f"/support/?tid={ticket.ticket_id}" in [link["url"] for link in links(done.answer)]
    assert ticket.actions.count() == 2
