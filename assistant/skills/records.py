"""Records as an answer shows them: where they link to, and how their figures are said."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from assistant.skill import Fact, Link, Source


def customer_link(label: str, tenant_id: Any) -> Link:
    return Link(label=label, to="customers:customer", args={"tenant_id": str(tenant_id)})


def subscription_link(label: str, subscription_id: Any, *, page: str = "subscription") -> Link:
    """`page` is one of the subscription's own pages, by URL name."""
    return Link(label=label, to=f"customers:{page}", args={"subscription_id": str(subscription_id)})


def whose(row: Any) -> tuple[Fact, Fact]:
    """The subscription and its customer. The subscription says whose it is, whatever the question named."""
    customer = row.customer
    return (
        Fact(
            label="Subscription",
            value=row.friendly_name,
            link=subscription_link(row.friendly_name, row.subscription_id),
        ),
        Fact(
            label="Customer",
            value=customer.company_name,
            link=customer_link(customer.company_name, customer.tenant_id),
        ),
    )


def named(row: Any) -> str:
    """`Power BI Pro of Fabrikam Robotics`, as a sentence begins."""
    return f"{row.friendly_name} of {row.customer.company_name}"


def about(name: str, verdict: str) -> str:
    """A verdict that speaks of "it", said of the subscription by name."""
    return re.sub(r"\bit\b", lambda _: name, verdict, count=1, flags=re.IGNORECASE)


def split(text: str) -> tuple[str, str]:
    """The first sentence, which is the answer, and what follows."""
    for at, letter in enumerate(text[:-2]):
        if letter == "." and text[at + 1] == " " and text[at + 2].isupper():
            return text[: at + 1], text[at + 2 :]
    return text, ""


def licenses(quantity: int) -> str:
    return f"{quantity:,} license{'' if quantity == 1 else 's'}"


def day(when: datetime) -> str:
    return f"{when.day} {when:%b %Y}"


def moment(when: datetime) -> str:
    return f"{day(when)}, {when:%H:%M} UTC"


def of_rule(rule: Any) -> tuple[Source, ...]:
    """The rule behind a decision, with the day on which its page was last checked."""
    return (Source(title=rule.title, detail=f"checked {day(rule.checked_on)}"),) if rule else ()


def of_data(row: Any) -> Source:
    """The record itself, with the moment it was read."""
    return Source(title="Subscription", detail=f"as of {moment(row.synced_at)}")
