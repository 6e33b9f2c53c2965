"""Whether a subscription may be canceled, and whether some of its licenses may go. Both only read."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from assistant.skill import Answer, Fact, Link, Ref, Skill, Slot, checks_of, stamp
from assistant.skills import records
from customers.services import cancellation, duplicates, quantity_reduction, refunds, subscriptions


def check_cancellation(scope: Any, *, subscription: Ref, customer: Ref | None = None, as_of: datetime) -> Answer:
    """The decision with its window, what would come back, and what remains possible where the answer is no."""
    key = UUID(subscription.key)
    row = subscriptions.get(scope, subscription_id=key)
    found = cancellation.explain(scope, subscription_id=key, as_of=as_of)
    lead, body = records.split(records.about(records.named(row), found.verdict))
    facts = [*records.whose(row), Fact(label="Licenses", value=_quantity(row))]
    if found.until:
        facts.append(Fact(label="Window", value=f"until {records.moment(found.until)}"))
    if found.allowed:
        facts += _refund(scope, key, as_of)
    links = _what_else(scope, row, allowed=found.allowed, as_of=as_of)
    return Answer(
        lead=f"{'Yes' if found.allowed else 'No'}. {lead}",
        body=body,
        facts=tuple(facts),
        checks=checks_of(found),
        cards=() if found.allowed else (_instead("cancel", row, links),),
        sources=(*records.of_rule(found.rule), records.of_data(row)),
        chips=("How much quantity can I reduce on it?",) if row.status == "active" else (),
        links=(*(fact.link for fact in facts if fact.link), *links),
        as_of=stamp(as_of),
    )


def check_reduction(scope: Any, *, subscription: Ref, customer: Ref | None = None, as_of: datetime) -> Answer:
    """How many licenses may go now, window by window; where none may, when they can."""
    key = UUID(subscription.key)
    row = subscriptions.get(scope, subscription_id=key)
    found = quantity_reduction.explain(scope, subscription_id=key, as_of=as_of)
    facts = [*records.whose(row), Fact(label="Licenses now", value=_quantity(row))]
    links: tuple[Link, ...] = ()
    if found.reducible:
        facts.append(Fact(label="May go now", value=records.licenses(found.reducible)))
        facts.append(Fact(label="Must stay", value=records.licenses(found.lowest)))
        facts += [Fact(label="Window", value=_window(each)) for each in found.windows]
        links = (records.subscription_link("Change the licenses", row.subscription_id, page="subscription_licenses"),)
    elif not row.has_no_end:
        links = (
            records.subscription_link("Schedule it for the renewal", row.subscription_id, page="subscription_schedule"),
        )
    return Answer(
        lead=f"{records.named(row)}: {found.verdict[:1].lower()}{found.verdict[1:]}"
        if found.verdict[:1].isalpha()
        else f"{records.named(row)}: {found.verdict}",
        body="" if found.reducible else " ".join(found.reasons[:1]),
        facts=tuple(facts),
        checks=checks_of(found),
        cards=() if found.reducible else (_instead("reduce", row, links),),
        sources=(*records.of_rule(found.rule), records.of_data(row)),
        links=(*(fact.link for fact in facts if fact.link), *links),
        as_of=stamp(as_of),
    )


def _refund(scope: Any, key: UUID, as_of: datetime) -> list[Fact]:
    """What would come back, with the arithmetic; what is missing where it cannot be known."""
    estimate = refunds.estimate(scope, subscription_id=key, to_quantity=0, as_of=as_of)
    if estimate.amount is None:
        return [Fact(label="Refund", value=" ".join(estimate.reasons[:1]) or "not known")]
    return [Fact(label="Refund, an estimate", value=f"{estimate.amount} = {estimate.formula}")]


def _what_else(scope: Any, row: Any, *, allowed: bool, as_of: datetime) -> tuple[Link, ...]:
    """The page that does it; where it cannot be done, help with a duplicate, or the end of the term."""
    key = row.subscription_id
    if allowed:
        return (records.subscription_link("Cancel it on its page", key, page="subscription_cancel"),)
    links: tuple[Link, ...] = ()
    original = duplicates.original_of(scope, subscription=row, as_of=as_of)
    if original is not None:
        label = f"It is a duplicate after an upgrade: get help at {original.friendly_name}"
        links = (records.subscription_link(label, original.subscription_id),)
    if not row.has_no_end and row.commitment_ends_at >= as_of:
        label = "Choose what happens at the end of the term"
        links += (records.subscription_link(label, key, page="subscription_end_of_term"),)
    return links


def _instead(what: str, row: Any, links: tuple[Link, ...]) -> dict[str, Any]:
    """Not possible: the nearest thing that works, with the page that does it."""
    if row.has_no_end:
        text = "It has no term to wait for. Help + support can look into it."
    elif what == "cancel":
        text = f"What works: let it end with its term on {records.day(row.commitment_ends_at)}."
    else:
        text = f"What works: fewer licenses from the renewal on, after {records.day(row.commitment_ends_at)}."
    return {
        "kind": "instead",
        "text": text,
        "links": [{"label": link.label, "to": link.to, "args": link.args} for link in links],
        "plain": [text],
    }


def _window(window: Any) -> str:
    return f"{records.licenses(window.quantity)} until {records.moment(window.until)}"


def _quantity(row: Any) -> str:
    return "billed by usage" if row.billing_type == "usage" else f"{row.quantity:,}"


_SLOTS = (
    Slot(name="subscription", question="Which subscription?", kind="subscription"),
    Slot(name="customer", question="For which customer?", kind="customer", required=False),
)
CANCELLATION_ELIGIBILITY = Skill(
    key="cancellation_eligibility",
    title="check whether a subscription can be canceled",
    prompt="Is subscription [subscription name] eligible for cancellation for customer [customer name]?",
    slots=_SLOTS,
    run=check_cancellation,
)
QUANTITY_REDUCTION = Skill(
    key="quantity_reduction",
    title="tell how many licenses can be reduced",
    prompt="How much quantity can I reduce on subscription [subscription name] for customer [customer name]?",
    slots=_SLOTS,
    run=check_reduction,
)
