"""Whether the partners of record on a customer's subscriptions are valid. For distributors."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assistant.skill import REFUSED, Answer, Fact, Link, Ref, Skill, Slot, Source, checks_of, stamp
from customers.services import partner_of_record
from portal.core.decision import NotAllowed

SHOWN = 12


def validate(scope: Any, *, customer: Ref, as_of: datetime) -> Answer:
    """The matrix of the three requirements, failing entries first, with the reasons below."""
    try:
        found = partner_of_record.validate(scope, customer_id=customer.pk or 0, as_of=as_of)
    except NotAllowed as refused:
        return Answer(lead=str(refused), status=REFUSED, checks=checks_of(refused.decision), as_of=stamp(as_of))
    args = {"tenant_id": customer.key}
    page = Link(label=f"Partner of record for {customer.label}", to="customers:partner_of_record", args=args)
    links = (Link(label=customer.label, to="customers:customer", args=args), page)
    if not found.entries:
        fact = Fact(label="Customer", value=customer.label, link=links[0])
        return Answer(lead=found.summary, facts=(fact,), links=links, as_of=stamp(as_of))
    rule = found.entries[0].verdict.rule
    return Answer(
        lead=found.summary,
        body=found.rest,
        cards=(_matrix(found, page),),
        sources=(Source(title=rule.title, detail=f"checked {rule.checked_on:%d %b %Y}"),) if rule else (),
        links=(*links, *(_link(entry) for entry in found.failing[:SHOWN])),
        as_of=stamp(as_of),
    )


def _matrix(found: Any, page: Link) -> dict[str, Any]:
    failing = len(found.failing)
    title = f"{failing} partner of record entr{'y fails' if failing == 1 else 'ies fail'}"
    return {
        "kind": "requirements",
        "title": title if failing else "Every entry is valid",
        "failing": failing,
        "titles": list(partner_of_record.REQUIREMENTS.values()),
        "rows": [_row(entry) for entry in found.entries[:SHOWN]],
        "reasons": [_reason(entry) for entry in found.failing[:SHOWN]],
        "more": _more(found),
        "more_to": {"label": page.label, "to": page.to, "args": page.args},
        "plain": [f"{entry.name}: {entry.verdict.verdict} {entry.verdict.remedy}".strip() for entry in found.entries],
    }


def _more(found: Any) -> str:
    """The words of the link to the page; empty when it has nothing more."""
    if len(found.entries) > SHOWN:
        return f"Open all {len(found.entries)} entries"
    return "What to do about it" if found.failing else ""


def _row(entry: Any) -> dict[str, Any]:
    cells = [None if check is None else {"passed": check.passed} for _, check in entry.requirements]
    return {"name": entry.name, "partner_id": entry.partner_id, "cells": cells}


def _reason(entry: Any) -> dict[str, str]:
    return {"name": entry.name, "text": " ".join(entry.verdict.reasons)}


def _link(entry: Any) -> Link:
    args = {"subscription_id": str(entry.subscription_id)}
    return Link(label=entry.name, to="customers:subscription", args=args)


VALIDATE_PARTNER_OF_RECORD = Skill(
    key="validate_partner_of_record",
    title="validate the partner of record on a customer's subscriptions",
    prompt="Validate partner of record for customer [customer name].",
    slots=(Slot(name="customer", question="For which customer?", kind="customer"),),
    run=validate,
)
