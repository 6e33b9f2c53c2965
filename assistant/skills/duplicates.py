"""Cancel or reduce what an upgrade left behind (product.md §5.1).

The skills only check; what may be done is proposed, and services/proposals.py waits for the person's approval. All
cards of the flow are made here, so that each of its sentences stands in one file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from assistant.skill import (
    ANSWERED,
    NEEDS_CONFIRMATION,
    NEEDS_INPUT,
    Answer,
    Link,
    Ref,
    Skill,
    Slot,
    Source,
    checks_of,
    stamp,
)
from customers.services import duplicate_request
from customers.services.duplicate_request import Item, Request

NOTHING_YET = "Nothing changes until you approve."
NOTHING_CHANGED = "No ticket was created. Nothing changed."


def cancel(
    scope: Any,
    *,
    customer: Ref,
    upgraded_subscription: Ref,
    subscriptions: Sequence[Ref],
    quantity: int | None = None,
    as_of: datetime,
) -> Answer:
    """The verdict for canceling each. A number of licenses in the request is no cancellation: it asks what is meant."""
    found = _consider(scope, upgraded_subscription, subscriptions, 0, as_of)
    fewer = [item for item in found.items if quantity is not None and quantity < item.subscription.quantity]
    if fewer and quantity is not None:
        return _all_or_some(fewer[0], quantity)
    return _answer(found, customer, as_of)


def reduce(
    scope: Any,
    *,
    customer: Ref,
    upgraded_subscription: Ref,
    subscriptions: Sequence[Ref],
    quantity: int,
    as_of: datetime,
) -> Answer:
    """The verdict for going down to `quantity` licenses on each."""
    return _answer(_consider(scope, upgraded_subscription, subscriptions, quantity, as_of), customer, as_of)


def _consider(scope: Any, upgraded: Ref, subscriptions: Sequence[Ref], to: int, as_of: datetime) -> Request:
    return duplicate_request.consider(
        scope,
        upgraded_subscription_id=UUID(upgraded.key),
        to_quantities={UUID(each.key): to for each in subscriptions},
        as_of=as_of,
    )


def _all_or_some(item: Item, quantity: int) -> Answer:
    name = item.subscription.friendly_name
    return Answer(
        lead=f"{name} has {item.quantity}, and you named {quantity:,}. How many licenses should stay?",
        body="To cancel all of it, ask again without a number. Nothing was changed.",
        status=NEEDS_INPUT,
        asks_for=("quantity",),
        chips=(f"Keep {_licenses(quantity)}", f"Keep {_licenses(item.subscription.quantity - quantity)}"),
        links=_links(item),
    )


def _answer(found: Request, customer: Ref, as_of: datetime) -> Answer:
    upgraded = found.upgraded
    if not found.items:
        return _nothing_left(found, customer, as_of)
    eligible = [item for item in found.items if item.verdict.allowed]
    cards = [_eligibility(item, step=2 if eligible else 1, first=at == 0) for at, item in enumerate(_sorted(found))]
    rule = found.items[0].verdict.rule
    return Answer(
        lead=_lead(found, eligible),
        body=NOTHING_YET if eligible else "Nothing was changed.",
        status=NEEDS_CONFIRMATION if eligible else ANSWERED,
        asks_for=("verification_id",) if eligible else (),
        cards=tuple(cards),
        sources=(Source(title=rule.title, detail=f"checked {rule.checked_on:%d %b %Y}"),) if rule else (),
        links=(
            Link(label=customer.label, to="customers:customer", args={"tenant_id": str(upgraded.customer.tenant_id)}),
            _link(upgraded),
            *(link for item in found.items for link in _links(item)),
        ),
        as_of=stamp(as_of),
        proposes=found.content() if eligible else {},
    )


def _sorted(found: Request) -> list[Item]:
    """What can be done first; the others after it, with their reasons."""
    return sorted(found.items, key=lambda item: not item.verdict.allowed)


def _lead(found: Request, eligible: list[Item]) -> str:
    total = len(found.items)
    item = (eligible or list(found.items))[0]
    done = "reduced" if item.to_quantity else "canceled"
    if total == 1:
        can = "can" if eligible else "cannot"
        return f"{item.subscription.friendly_name} {can} be {done} as a duplicate."
    if not eligible:
        return f"None of the {total} subscriptions can be {done} as a duplicate."
    if len(eligible) == total:
        return f"All {total} subscriptions can be {done} as duplicates."
    return f"{len(eligible)} of {total} subscriptions can be {done} as duplicates. The others cannot, with the reasons."


def _nothing_left(found: Request, customer: Ref, as_of: datetime) -> Answer:
    name = found.upgraded.friendly_name
    return Answer(
        lead=f"No duplicate of {name} was found.",
        body=f"{customer.label} has no active subscription that an upgrade to it left behind. "
        "If you mean another one, name it or give its ID.",
        links=(_link(found.upgraded),),
        as_of=stamp(as_of),
    )


# Cards ---------------------------------------------------------------------------------------------


def choose_card(refs: Sequence[Ref], *, skill: str) -> dict[str, Any]:
    """Which of several is the duplicate, and what should happen."""
    return {
        "kind": "choose_duplicates",
        "title": "Which one is the duplicate?",
        "reduce": skill == REDUCE_DUPLICATE.key,
        "rows": [{"id": ref.key, "name": ref.label, "about": _about(ref)} for ref in refs],
        "plain": [f"- {ref.label}, {_about(ref)} ({ref.key})" for ref in refs],
    }


def left_behind(upgraded: Any, count: int) -> str:
    """What is asked about, in one sentence. `upgraded` is the JSON of a Ref."""
    name = upgraded["label"] if isinstance(upgraded, dict) else "The upgrade"
    return f"{name} left {count} possible duplicates. Which one is it?"


def _about(ref: Ref) -> str:
    """Licenses and end, of the note that tells subscriptions of one name apart."""
    return ref.note.rpartition(" · ")[0].rpartition(" · ")[2]


def _eligibility(item: Item, *, step: int, first: bool) -> dict[str, Any]:
    """The verdict on one, with its conditions; only what may be done has an action, an estimate and a loss."""
    row, verdict = item.subscription, item.verdict
    word = "cancel" if not item.to_quantity else "reduce"
    title = f"Eligible to {word}" if verdict.allowed else f"Not eligible to {word}"
    checks = checks_of(verdict)
    proposed = _proposed(item) if verdict.allowed else {}
    return {
        "kind": "eligibility",
        "step": step if first else 0,
        "allowed": verdict.allowed,
        "title": title,
        "name": row.friendly_name,
        "id": str(row.subscription_id),
        "term": item.term,
        "plan": item.plan,
        "quantity": item.quantity,
        **proposed,
        "checks": checks,
        "plain": [
            f"{title}: {row.friendly_name} ({row.subscription_id})",
            f"Billing term: {item.term}",
            f"Billing plan: {item.plan}",
            f"Current quantity: {item.quantity}",
            *(_proposed_lines(proposed) if proposed else ()),
            *(f"{'Met' if check['passed'] else 'Not met'}: {check['message']}" for check in checks),
        ],
    }


def _proposed(item: Item) -> dict[str, Any]:
    refund = item.refund
    # Why there is none: the first condition that the estimate needs and that does not hold.
    formula = refund.formula or next((check.message for check in refund.checks if not check.passed), refund.verdict)
    return {
        "action": item.action,
        "change": item.change,
        "refund": f"about {refund.amount}" if refund.amount else "not known",
        "formula": formula,
        "lost": list(item.lost),
    }


def _proposed_lines(proposed: dict[str, Any]) -> list[str]:
    return [
        f"Proposed action: {proposed['action']}, {proposed['change']}",
        f"Refund estimate: {proposed['refund']}. {proposed['formula']}",
        *(f"Deletes what is scheduled: {sentence}" for sentence in proposed["lost"]),
    ]


def approval_card(content: dict[str, Any], *, proposal: str, until: str, tries: int) -> dict[str, Any]:
    """One verification ID for all of `content`. The ID itself is no part of what is stored."""
    changes = content["changes"]
    verb = "reduction" if all(change["to"] for change in changes) else "cancellation"
    if len(changes) > 1:
        verb = f"{len(changes)} {verb}s"
    return {
        "kind": "approval",
        "proposal": proposal,
        "title": f"Approve the {verb}",
        "button": f"Approve {verb}",
        "lines": _lines(changes),
        "only": len(changes) == 1 and not changes[0]["to"] and changes[0]["from"] > 1,
        "until": until,
        "plain": [f"To approve, type the verification ID. It is valid until {until}, for {tries} tries."],
    }


def contact_card(content: dict[str, Any], *, proposal: str, approved: str, again: bool = False) -> dict[str, Any]:
    """How support reaches the person. `again`: the ticket could not be made, the same can be sent once more."""
    return {
        "kind": "contact",
        "proposal": proposal,
        "step": 3,
        "approved": approved,
        "lines": _lines(content["changes"]),
        "button": "Send again" if again else "Create ticket",
    }


def ticket_card(ticket: Any, content: dict[str, Any]) -> dict[str, Any]:
    reduces = all(change["to"] for change in content["changes"])
    return {
        "kind": "ticket",
        "ticket_id": ticket.ticket_id,
        "title": ticket.title,
        "at": f"{ticket.created_at:%H:%M}",
        "done": "Reduced" if reduces else "Canceled",
        "lines": _lines(content["changes"]),
        "plain": [f"{change['name']}: {_change(change)}" for change in content["changes"]],
    }


def again_card(proposal: str) -> dict[str, Any]:
    return {"kind": "check_again", "proposal": proposal}


def ticket_link(ticket_id: str) -> Link:
    return Link(label=f"Ticket {ticket_id}", to="customers:support", query={"tid": ticket_id})


def _lines(changes: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"name": change["name"], "id": change["subscription"], "change": _change(change)} for change in changes]


def _change(change: dict[str, Any]) -> str:
    return f"{change['from']:,} → {_licenses(change['to'])}"


def _licenses(number: int) -> str:
    return f"{number:,} license{'' if number == 1 else 's'}"


def _link(row: Any) -> Link:
    args = {"subscription_id": str(row.subscription_id)}
    return Link(label=row.friendly_name, to="customers:subscription", args=args)


def _links(item: Item) -> tuple[Link, ...]:
    return (_link(item.subscription),)


_WHO = Slot(name="customer", question="For which customer?", kind="owner", finds=True)
_UPGRADED = Slot(
    name="upgraded_subscription", question="Which subscription is the upgraded one?", kind="upgraded", finds=True
)
_WHICH = Slot(name="subscriptions", question="Which one is the duplicate?", kind="duplicates", finds=True)

CANCEL_DUPLICATE = Skill(
    key="cancel_duplicate",
    title="ask for the cancellation of a duplicate after an upgrade",
    prompt=(
        "Cancel the duplicate subscription due to an upgrade for customer [customer]. "
        "The upgraded subscription is [subscription]."
    ),
    slots=(
        _WHO,
        _UPGRADED,
        _WHICH,
        Slot(name="quantity", question="How many licenses should stay?", kind="quantity", required=False),
    ),
    run=cancel,
    capability="sell",
    confirm=True,
)
REDUCE_DUPLICATE = Skill(
    key="reduce_duplicate",
    title="ask for fewer licenses on a duplicate after an upgrade",
    prompt=(
        "Reduce the license count of the duplicate subscription due to an upgrade for customer [customer]. "
        "The upgraded subscription is [subscription]."
    ),
    slots=(_WHO, _UPGRADED, _WHICH, Slot(name="quantity", question="How many licenses should stay?", kind="stays")),
    run=reduce,
    capability="sell",
    confirm=True,
)
