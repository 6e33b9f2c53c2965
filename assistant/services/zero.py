"""What can be asked before the first question: cards that fit the page and the role, with counts from the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assistant.services.pages import PageContext
from assistant.skills import SKILLS
from customers.services import duplicates, partner_of_record, renewal_outlook, targeted_offers, upsell
from downloads import services as downloads
from portal.core.access import can
from portal.core.scope import Scope

AT_MOST = 4
COUNTED = 1000  # from there on the card says that there are more
# The families of questions in the article. Pressed, they take what the page shows and ask for the rest.
FAMILIES = (
    ("Price of a product for a customer", "What is the current price of a product for a customer?"),
    ("Promotion on an order", "Is there a promotion applied to my order?"),
    ("Upgrade paths", "Which upgrade paths does a subscription have?"),
    ("How many licenses can I reduce?", "How much quantity can I reduce on a subscription?"),
    ("List a customer's subscriptions", "Get the list of subscriptions for a customer."),
    ("Other terms with a promotion", "Which other terms or billing cycles have a promotion?"),
)


@dataclass(frozen=True, kw_only=True)
class ZeroPrompt:
    """A card before the first question. It sends `prompt`."""

    icon: str
    title: str
    about: str
    prompt: str


def prompts(scope: Scope, context: PageContext, *, as_of: datetime) -> list[ZeroPrompt]:
    """At most four: what the page is about first, then the reports. Nothing that this person may not do."""
    found = [card for card in _of_page(scope, context, as_of) if card is not None]
    if len(found) < AT_MOST:
        found += _reports(scope, context, as_of, AT_MOST - len(found))
    return found[:AT_MOST]


def _of_page(scope: Scope, context: PageContext, as_of: datetime) -> list[ZeroPrompt | None]:
    cards = {
        "cart": _on_cart,
        "order": _on_order,
        "customer": _on_customer,
        "subscription": _on_subscription,
    }
    draw = cards.get(context.kind)
    if draw is None:
        return [] if context.path.startswith("/downloads/") else [_clean_up(scope, as_of)]
    return draw(scope, context, as_of)


# The pages ----------------------------------------------------------------------------------------


def _on_cart(scope: Scope, context: PageContext, as_of: datetime) -> list[ZeroPrompt | None]:
    bare = context.counts.get("bare", 0)
    lines = "1 line has none" if bare == 1 else f"{bare} lines have none"
    why = ZeroPrompt(
        icon="tag-20",
        title="Find out why there is no promotion",
        about=f"{lines}, {context.counts['lines']} in all",
        prompt="Why is there no promotion in this cart?",
    )
    return [why if bare else None, _list(context), _price(context)]


def _on_order(scope: Scope, context: PageContext, as_of: datetime) -> list[ZeroPrompt | None]:
    order = context.slots["order"]["label"]
    promotion = ZeroPrompt(
        icon="tag-20",
        title="Promotion on this order",
        about="Its name and ID, line by line",
        prompt=f"Is there a promotion applied to my order {order}?",
    )
    return [promotion, _list(context), _price(context)]


def _on_customer(scope: Scope, context: PageContext, as_of: datetime) -> list[ZeroPrompt | None]:
    return [_left_behind(scope, context, as_of), _list(context), _validate(scope, context), _price(context)]


def _on_subscription(scope: Scope, context: PageContext, as_of: datetime) -> list[ZeroPrompt | None]:
    about = context.slots["subscription"]["label"]
    window = context.facts.get("cancel_window", "")
    cancel = ZeroPrompt(
        icon="calendar-20",
        title="Can it be canceled?",
        about=window or f"{about}, with what comes back",
        prompt="Is this subscription eligible for cancellation?",
    )
    licenses = context.counts.get("licenses", 0)
    fewer = ZeroPrompt(
        icon="people-20",
        title="How many licenses can go?",
        about=f"Of {licenses:,} now, by window",
        prompt="How much quantity can I reduce on this subscription?",
    )
    upgrade = ZeroPrompt(
        icon="arrow_upload-20",
        title="What can it be upgraded to?",
        about="Fully, in part, or into another one",
        prompt="Which upgrades are possible for this subscription?",
    )
    move = ZeroPrompt(
        icon="arrow_sync-20",
        title="Does Microsoft migrate it?",
        about="Legacy to new commerce, with the conditions",
        prompt="Is this subscription eligible for MS-led migration?",
    )
    first = _left_behind(scope, context, as_of)
    if context.facts.get("legacy"):
        return [first, move, cancel]
    return [first, cancel, fewer if licenses else None, upgrade]


# The cards ----------------------------------------------------------------------------------------


def _may(scope: Scope, skill: str) -> bool:
    return skill in SKILLS and can(scope, SKILLS[skill].capability)


def _clean_up(scope: Scope, as_of: datetime) -> ZeroPrompt | None:
    """Over all customers, where an upgrade left something behind that nobody asked help for yet, and this person may."""
    if not _may(scope, "cancel_duplicate"):
        return None
    count = duplicates.count_free(scope, as_of=as_of)
    if not count:
        return None
    return ZeroPrompt(
        icon="arrow_circle_up_sparkle-20",
        title="Clean up after an upgrade",
        about=f"Cancel or reduce {count:,} duplicate{'' if count == 1 else 's'}",
        prompt="Cancel the duplicate subscription due to an upgrade for a customer.",
    )


def _left_behind(scope: Scope, context: PageContext, as_of: datetime) -> ZeroPrompt | None:
    """The same for the customer of the page; on the upgraded subscription's page the prompt names it."""
    if not _may(scope, "cancel_duplicate"):
        return None
    customer = context.slots["customer"]
    rows = duplicates.free_of_customer(scope, customer_id=customer["pk"], as_of=as_of)
    shown = context.slots.get("subscription")
    if shown:
        rows = [row for row in rows if shown["key"] in (str(row.duplicate_of_id), str(row.subscription_id))]
    if not rows:
        return None
    upgraded = {str(row.duplicate_of_id) for row in rows}
    which = f" The upgraded subscription is {upgraded.pop()}." if len(upgraded) == 1 else ""
    names = rows[0].friendly_name if len(rows) == 1 else f"{len(rows)} duplicates"
    return ZeroPrompt(
        icon="arrow_circle_up_sparkle-20",
        title="Clean up after the upgrade",
        about=f"Cancel or reduce {names}",
        prompt=f"Cancel the duplicate subscription due to an upgrade for customer {customer['key']}.{which}",
    )


def _list(context: PageContext) -> ZeroPrompt:
    customer = context.slots["customer"]["label"]
    count = context.counts.get("subscriptions")
    about = "All of them, with licenses and end of term" if count is None else f"{count:,} in all"
    return ZeroPrompt(
        icon="box_multiple-20",
        title="List the subscriptions",
        about=f"{customer}: {about}" if count is not None else about,
        prompt=f"Get the list of subscriptions for customer “{customer}”.",
    )


def _validate(scope: Scope, context: PageContext) -> ZeroPrompt | None:
    if not partner_of_record.is_for(scope):
        return None
    count = context.counts.get("subscriptions", 0)
    wrong = partner_of_record.problems(scope, customer_id=context.slots["customer"]["pk"])
    about = f"Which of {count:,} entries need a fix, and why" if count > 1 else "Which entries need a fix, and why"
    if wrong.count:
        many = f"{wrong.count:,}{'+' if wrong.more else ''}"
        about = "1 entry needs a fix" if many == "1" else f"{many} entries need a fix"
    return ZeroPrompt(
        icon="shield_checkmark-20",
        title="Validate partner of record",
        about=about,
        prompt=f"Validate partner of record for customer “{context.slots['customer']['label']}”.",
    )


def _price(context: PageContext) -> ZeroPrompt:
    customer = context.slots["customer"]["label"]
    return ZeroPrompt(
        icon="money-20",
        title="Look up a price",
        about=f"For {customer}, from the price list",
        prompt=f"What is the current price of a product for customer “{customer}”?",
    )


def _reports(scope: Scope, context: PageContext, as_of: datetime, room: int) -> list[ZeroPrompt]:
    """The reports that there are; on a record's page only the first, on a list as many as there is room for."""
    if not can(scope, "download"):
        return []
    few = 1 if context.slots else room
    return [_report(scope, report, as_of) for report in list(downloads.REPORTS.values())[:few]]


def _report(scope: Scope, report: Any, as_of: datetime) -> ZeroPrompt:
    about = _in_it(scope, report.key, as_of) or report.covers
    return ZeroPrompt(icon=report.icon, title=f"{report.title} report", about=about, prompt=report.prompt)


def _in_it(scope: Scope, report: str, as_of: datetime) -> str:
    """What the file would be about now, in numbers; empty where there is nothing to count."""
    if report == "est":
        count = renewal_outlook.outlook(scope, as_of=as_of).est_90.count
        return _many(count, "subscription goes", "subscriptions go", "to EST within 90 days", most=count)
    if report == "upsell":
        count = upsell.count_up_for_renewal(scope, as_of=as_of, most=COUNTED)
        return _many(count, "Business renewal", "Business renewals", "in the next 60 days", most=COUNTED)
    if report == "targeted-offers":
        count = targeted_offers.count_customers(scope, as_of=as_of, most=COUNTED)
        return _many(count, "customer has", "customers have", "a promotion of their own", most=COUNTED)
    return ""


def _many(count: int, one: str, several: str, rest: str, *, most: int) -> str:
    if not count:
        return ""
    number = f"More than {most:,}" if count > most else f"{count:,}"
    return f"{number} {one if count == 1 else several} {rest}"
