"""Whether Microsoft moves a legacy subscription to new commerce when it renews."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from assistant.skill import Answer, Fact, Link, Ref, Skill, Slot, Source, checks_of, stamp
from assistant.skills import records
from customers.services import migration


def check_migration(scope: Any, *, subscription: Ref, customer: Ref | None = None, as_of: datetime) -> Answer:
    """The decision with its conditions. The subscription says whose it is, so the customer may be left out."""
    found = migration.eligibility(scope, subscription_id=UUID(subscription.key), as_of=as_of)
    page = Link(label=subscription.label, to="customers:subscription", args={"subscription_id": subscription.key})
    facts = [Fact(label="Subscription", value=subscription.label, link=page)]
    if customer:
        args = {"tenant_id": customer.key}
        link = Link(label=customer.label, to="customers:customer", args=args)
        facts.append(Fact(label="Customer", value=customer.label, link=link))
    if found.path:
        facts.append(Fact(label="Becomes", value=f"{found.path.title} ({found.path.reference})"))
    if found.planned_at:
        facts.append(Fact(label="Planned for", value=f"{found.planned_at.day} {found.planned_at:%b %Y}, its renewal"))
    if found.vendor_code:
        facts.append(Fact(label="Partner Center code", value=found.vendor_code))
    rule = found.rule
    lead, body = records.split(records.about(subscription.label, found.verdict))
    return Answer(
        lead=lead,
        body=body,
        facts=tuple(facts),
        checks=checks_of(found),
        sources=(Source(title=rule.title, detail=f"checked {rule.checked_on:%d %b %Y}"),) if rule else (),
        links=(page,),
        as_of=stamp(as_of),
    )


MIGRATION_ELIGIBILITY = Skill(
    key="migration_eligibility",
    title="check whether a legacy subscription is eligible for Microsoft-led migration",
    prompt="Is [subscription name or ID] eligible for MS-led migration for my customer [customer name]?",
    slots=(
        Slot(name="subscription", question="Which subscription?", kind="subscription"),
        Slot(name="customer", question="For which customer?", kind="customer", required=False),
    ),
    run=check_migration,
)
