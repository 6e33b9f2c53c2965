"""A customer's subscriptions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assistant.skill import Answer, Fact, Link, Ref, Skill, Slot, Source, stamp
from customers.services import subscriptions

SHOWN = 7
LISTED_AT_MOST = 50


def list_subscriptions(scope: Any, *, customer: Ref, as_of: datetime) -> Answer:
    """Names, licenses, state and end of term; the first seven in the panel, the rest behind a link."""
    rows = subscriptions.of_customer(scope, customer_id=customer.pk or 0, as_of=as_of)
    page = Link(label=customer.label, to="customers:customer", args={"tenant_id": customer.key})
    if not rows:
        return Answer(
            lead=f"{customer.label} has no subscriptions.",
            facts=(Fact(label="Customer", value=customer.label, link=page),),
            links=(page,),
            as_of=stamp(as_of),
        )
    active = sum(row.status == "active" for row in rows)
    many = "1 subscription" if len(rows) == 1 else f"{len(rows)} subscriptions"
    card = {
        "kind": "list",
        "title": f"{many} of {customer.label}",
        "rows": [_row(row) for row in rows[:SHOWN]],
        "more": f"Open all {len(rows)} on the customer's page" if len(rows) > SHOWN else "",
        "more_to": {"label": customer.label, "to": "customers:customer", "args": {"tenant_id": customer.key}},
        "plain": [
            f"{row.friendly_name}: {_licenses(row)}, {subscriptions.state_words(row).lower()}, {_end_words(row)}, {row.subscription_id}"
            for row in rows[:LISTED_AT_MOST]
        ],
    }
    newest = max(row.synced_at for row in rows)
    return Answer(
        lead=f"{customer.label} has {many}, {active} of them active.",
        cards=(card,),
        sources=(Source(title="Subscriptions", detail=f"as of {stamp(newest)}"),),
        links=(page, *(_link(row) for row in rows[:SHOWN])),
        as_of=stamp(as_of),
    )


def _row(row: Any) -> dict[str, Any]:
    return {
        "name": row.friendly_name,
        "id": str(row.subscription_id),
        "quantity": row.quantity,
        "status": row.status,
        "state": subscriptions.state_words(row),
        "by_usage": row.billing_type == "usage",
        "end": _end(row),
        "term_duration": row.term_duration,
        "billing_cycle": row.billing_cycle,
    }


def _licenses(row: Any) -> str:
    return "by usage" if row.billing_type == "usage" else f"{row.quantity:,} license{'' if row.quantity == 1 else 's'}"


def _end_words(row: Any) -> str:
    return _end(row) if row.has_no_end else f"term ends {_end(row)}"


def _end(row: Any) -> str:
    return "no end" if row.has_no_end else f"{row.commitment_ends_at.day} {row.commitment_ends_at:%b %Y}"


def _link(row: Any) -> Link:
    args = {"subscription_id": str(row.subscription_id)}
    return Link(label=row.friendly_name, to="customers:subscription", args=args)


SUBSCRIPTION_LIST = Skill(
    key="subscription_list",
    title="list a customer's subscriptions",
    prompt="Get my list of subscriptions for customer [customer name].",
    slots=(Slot(name="customer", question="For which customer?", kind="customer"),),
    run=list_subscriptions,
)
