"""A customer's subscriptions, and one of them with everything that is asked about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from assistant.skill import Answer, Fact, Link, Ref, Skill, Slot, Source, checks_of, stamp
from assistant.skills import records
from customers.services import end_of_term, partner_of_record, subscriptions

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


def show_details(scope: Any, *, subscription: Ref, customer: Ref | None = None, as_of: datetime) -> Answer:
    """State, licenses, term, what happens at its end, price, partner of record, promotion and order."""
    key = UUID(subscription.key)
    row = subscriptions.get(scope, subscription_id=key)
    outcome = end_of_term.explain(scope, subscription_id=key, as_of=as_of)
    facts = (*records.whose(row), *_term(row, outcome), *_money(row), *_record(scope, row))
    state = subscriptions.state_words(row).lower()
    terms = subscriptions.terms(row)
    lead = f"{records.named(row)} is {state}: {_licenses(row)}{f', {terms}' if terms else ''}."
    body = "It has no end." if row.has_no_end else _after(row, outcome)
    links = tuple(fact.link for fact in facts if fact.link)
    return Answer(
        lead=lead,
        body=body,
        facts=facts,
        checks=() if outcome.allowed or row.has_no_end else checks_of(outcome),
        sources=(records.of_data(row), *records.of_rule(outcome.rule)),
        chips=_next_questions(row),
        links=links,
        as_of=stamp(as_of),
    )


def _after(row: Any, outcome: Any) -> str:
    then = records.split(outcome.verdict)[0]
    # "Renews at the end of the term." speaks of the subscription; "Service ends with the term." of the service.
    if then.startswith(("Renews", "Ends", "Goes")):
        then = f"It {then[:1].lower()}{then[1:]}"
    return f"Its term ends on {_end(row)}. {then}"


def _term(row: Any, outcome: Any) -> list[Fact]:
    facts = [Fact(label="Status", value=subscriptions.state_words(row)), Fact(label="Licenses", value=_assigned(row))]
    if terms := subscriptions.terms(row):
        facts.append(Fact(label="Term and billing", value=terms))
    facts.append(Fact(label="Running since", value=records.day(row.effective_start_at)))
    if not row.has_no_end:
        facts.append(Fact(label="Term ends", value=_end(row)))
        facts.append(Fact(label="Auto-renew", value="on" if row.auto_renew_enabled else "off"))
        facts.append(Fact(label="Then", value=outcome.verdict))
    if row.cancellation_allowed_until:
        facts.append(Fact(label="Cancelable until", value=records.moment(row.cancellation_allowed_until)))
    return facts


def _money(row: Any) -> list[Fact]:
    price = subscriptions.price(row)
    facts = []
    if price and price.per_month:
        facts.append(Fact(label="Price", value=f"{price.per_month} per month"))
    elif price:
        facts.append(Fact(label="Price", value=f"{price.per_term} for the term"))
    if row.promotion_id:
        facts.append(Fact(label="Promotion", value=row.promotion_id))
    if row.order_id:
        page = Link(label=f"Order {row.order_id}", to="customers:order", args={"order_id": row.order_id})
        facts.append(Fact(label="Order", value=row.order_id, link=page))
    return facts


def _record(scope: Any, row: Any) -> list[Fact]:
    """Who the partner of record is; whether it is valid is another question."""
    identifier = row.partner_of_record
    if not identifier:
        return [Fact(label="Partner of record", value="not set")] if partner_of_record.is_for(scope) else []
    reseller = None
    if partner_of_record.is_for(scope):
        reseller = partner_of_record.verdict_of(scope, row, partner_id=identifier).reseller
    return [Fact(label="Partner of record", value=f"{reseller.name} · {identifier}" if reseller else identifier)]


def _next_questions(row: Any) -> tuple[str, ...]:
    if row.status != "active":
        return ()
    return "Is it eligible for cancellation?", "How much quantity can I reduce on it?"


def _assigned(row: Any) -> str:
    if row.billing_type == "usage":
        return "by usage"
    return (
        f"{row.quantity:,}"
        if row.assigned_licenses is None
        else f"{row.quantity:,}, {row.assigned_licenses:,} assigned"
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
SUBSCRIPTION_DETAILS = Skill(
    key="subscription_details",
    title="show the details of a subscription",
    prompt="Get the details of subscription [subscription name] for customer [customer name].",
    slots=(
        Slot(name="subscription", question="Which subscription?", kind="subscription"),
        Slot(name="customer", question="For which customer?", kind="customer", required=False),
    ),
    run=show_details,
)
