"""Upgrades, which Partner Center calls transitions: which are possible, and how one that was started stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from assistant.skill import Answer, Fact, Ref, Skill, Slot, Source, checks_of, stamp
from assistant.skills import records
from customers.services import subscriptions, transitions

SHOWN = 7


def show_upgrades(scope: Any, *, subscription: Ref, customer: Ref | None = None, as_of: datetime) -> Answer:
    """Each product of the upgrade lists with the ways to it, or why there is none."""
    found = transitions.options(scope, subscription_id=UUID(subscription.key), as_of=as_of)
    row, source = found.row, found.source
    page = records.subscription_link("Open the upgrade page", row.subscription_id, page="subscription_upgrade")
    possible = [target for target in found.targets if target.allowed]
    facts = records.whose(row)
    if not source.allowed or not possible:
        lead, body = f"{records.named(row)} cannot be upgraded now.", " ".join(_why_not(found)[:2])
    elif len(possible) == 1:
        lead, body = f"{records.named(row)} can be upgraded to {possible[0].sku.title}.", ""
    else:
        lead, body = f"{records.named(row)} can be upgraded to {len(possible)} products.", ""
    if possible and source.allowed:
        body = "All licenses at once keep the subscription and its ID, fewer make a second subscription."
    return Answer(
        lead=lead,
        body=body,
        facts=facts,
        checks=checks_of(_behind(found, possible=bool(possible))),
        cards=(_targets(found, page),) if found.targets else (),
        sources=(*records.of_rule(source.rule), records.of_data(row)),
        chips=("What is the status of its transition?",) if _is_running(source) else (),
        links=(*(fact.link for fact in facts if fact.link), page),
        as_of=stamp(as_of),
    )


def show_status(scope: Any, *, subscription: Ref, customer: Ref | None = None, as_of: datetime) -> Answer:
    """The newest upgrade from or into it with its events, and how many came before."""
    key = UUID(subscription.key)
    row = subscriptions.get(scope, subscription_id=key)
    found = transitions.status(scope, subscription_id=key, as_of=as_of)
    facts = records.whose(row)
    if not found:
        return Answer(
            lead=f"No upgrade of {records.named(row)} is known.",
            body="None was started here, and none came with the data of Partner Center.",
            facts=facts,
            sources=(Source(title="Transitions", detail=f"as of {records.moment(row.synced_at)}"),),
            chips=("What are the transitions eligible for it?",),
            links=tuple(fact.link for fact in facts if fact.link),
            as_of=stamp(as_of),
        )
    newest = found[0]
    standing, made = newest.standing, newest.transition
    earlier = len(found) - 1
    since = f"since {records.moment(standing.since)}" if standing.since else "nothing is reported yet"
    more = (
        Fact(label="Stands", value=f"{standing.stage.value}, {since}"),
        Fact(label="Licenses", value=f"{made.quantity:,}"),
        Fact(label="Into", value=_into(made, row)),
    )
    return Answer(
        lead=f"{records.named(row)}: {standing.verdict[:1].lower()}{standing.verdict[1:]}",
        body=f"{earlier} earlier upgrade{'' if earlier == 1 else 's'} stand{'s' if earlier == 1 else ''} in its history."
        if earlier
        else "",
        facts=(*facts, *more),
        checks=checks_of(standing),
        cards=(_events(made),),
        sources=(*records.of_rule(standing.rule), Source(title="Transition events", detail=_last(made))),
        links=tuple(fact.link for fact in facts if fact.link),
        as_of=stamp(as_of),
    )


def _behind(found: Any, *, possible: bool) -> Any:
    """The decision on the subscription; where only the targets are in the way, on the first of them."""
    if possible or not found.source.allowed or not found.targets:
        return found.source
    return found.targets[0].full


def _why_not(found: Any) -> tuple[str, ...]:
    if found.source.reasons:
        return tuple(found.source.reasons)
    return tuple(dict.fromkeys(reason for target in found.targets for reason in target.full.reasons))


def _is_running(source: Any) -> bool:
    return any(check.code == "none_running" and not check.passed for check in source.checks)


def _targets(found: Any, page: Any) -> dict[str, Any]:
    rows = [_target(target, blocked=not found.source.allowed) for target in found.targets]
    count = len(rows)
    return {
        "kind": "upgrades",
        "title": f"{count} product{'' if count == 1 else 's'} on the upgrade lists",
        "rows": rows[:SHOWN],
        "more": f"Open all {count} on the upgrade page" if count > SHOWN else "",
        "more_to": {"label": page.label, "to": page.to, "args": page.args},
        "plain": [f"{row['name']} ({row['reference']}): {row['how']}{row['why']}" for row in rows],
    }


def _target(target: Any, *, blocked: bool) -> dict[str, Any]:
    ways = []
    if target.full.allowed:
        ways.append("all licenses")
    if target.partial is not None and target.partial.allowed:
        ways.append("a part of them")
    into = sum(each.eligibility.allowed for each in target.into)
    if into:
        ways.append(f"into {into} existing subscription{'' if into == 1 else 's'}")
    may = target.allowed and not blocked
    return {
        "name": target.sku.title,
        "reference": target.reference,
        "may": may,
        "how": ", ".join(ways) if may else "",
        "why": "" if may else " ".join(target.full.reasons[:1]),
        "price": f"{target.quote.per_month} per month for {records.licenses(target.quote.quantity)}"
        if target.quote and target.quote.per_month
        else "",
    }


def _into(made: Any, row: Any) -> str:
    if made.to_subscription_id and made.to_subscription_id != row.subscription_id:
        return f"subscription {made.to_subscription_id}"
    if made.from_subscription_id and made.from_subscription_id != row.subscription_id:
        return f"this subscription, from {made.from_subscription_id}"
    return "this subscription"


def _events(made: Any) -> dict[str, Any]:
    rows = [
        {"name": event.name, "status": event.status, "at": records.moment(event.occurred_at), "errors": _errors(event)}
        for event in made.events.all()
    ]
    return {
        "kind": "events",
        "title": "What happened",
        "rows": rows[::-1],
        "plain": [f"{row['at']}: {row['name']} {row['status']} {row['errors']}".strip() for row in rows],
    }


def _errors(event: Any) -> str:
    return "; ".join(str(error.get("description") or error.get("code") or "") for error in event.errors or ())


def _last(made: Any) -> str:
    moments = [event.occurred_at for event in made.events.all()]
    return f"last event {records.moment(max(moments))}" if moments else "no event"


_SLOTS = (
    Slot(name="subscription", question="Which subscription?", kind="subscription"),
    Slot(name="customer", question="For which customer?", kind="customer", required=False),
)
TRANSITION_ELIGIBILITY = Skill(
    key="transition_eligibility",
    title="list the upgrades that are possible for a subscription",
    prompt="What are the transitions eligible for [subscription name or ID] for my customer [customer name]?",
    slots=_SLOTS,
    run=show_upgrades,
)
TRANSITION_STATUS = Skill(
    key="transition_status",
    title="tell how an upgrade stands",
    prompt="What is the status of my transition for [subscription name or ID]?",
    slots=_SLOTS,
    run=show_status,
)
