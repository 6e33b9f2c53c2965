"""The promotion on an order that was placed, with its ID."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from assistant.skill import Answer, Fact, Link, Ref, Skill, Slot, Source, stamp
from assistant.skills import records
from customers.services import orders

SHOWN = 7


def show_promotions(scope: Any, *, order: Ref, as_of: datetime) -> Answer:
    """Each line with the promotion's name and ID, or that it has none."""
    order_id, _, tenant_id = order.key.partition("@")
    found = orders.view(scope, order_id=order_id, tenant_id=UUID(tenant_id) if tenant_id else None)
    placed, decided = found.order, found.promotions
    page = Link(label=f"Order {placed.order_id}", to="customers:order", args={"order_id": placed.order_id})
    who = records.customer_link(placed.customer.company_name, placed.customer.tenant_id)
    facts = [
        Fact(label="Order", value=placed.order_id, link=page),
        Fact(label="Customer", value=placed.customer.company_name, link=who),
        Fact(label="Placed", value=records.moment(placed.created_at)),
    ]
    given = [check.data for check in decided.checks if check.passed]
    if len(decided.checks) == 1 and given:
        facts.append(Fact(label="Promotion", value=given[0]["promotionName"] or "name not known"))
        facts.append(Fact(label="Promotion ID", value=given[0]["promotionId"]))
    rule = decided.rule
    return Answer(
        lead=decided.verdict,
        body=_rest(decided),
        facts=tuple(facts),
        cards=(_lines(found, decided, page),) if len(decided.checks) != 1 or not given else (),
        sources=(
            Source(title=f"Order {placed.order_id}", detail=records.day(placed.created_at)),
            *records.of_rule(rule),
        ),
        links=(page, who),
        as_of=stamp(as_of),
    )


def _rest(decided: Any) -> str:
    named = dict.fromkeys(check.found for check in decided.checks if check.passed)
    return "" if len(decided.checks) == 1 else " ".join(f"{name}." for name in list(named)[:2])


def _lines(found: Any, decided: Any, page: Link) -> dict[str, Any]:
    rows = [
        {
            "number": check.data["line"],
            "name": each.line.friendly_name or each.line.offer_id,
            "licenses": each.line.quantity,
            "promotion": check.data["promotionName"] or check.data["promotionId"],
            "id": check.data["promotionId"],
        }
        for check, each in zip(decided.checks, found.lines, strict=True)
    ]
    return {
        "kind": "order_lines",
        "title": f"{len(rows)} line{'' if len(rows) == 1 else 's'}",
        "rows": rows[:SHOWN],
        "more": f"Open all {len(rows)} in the order" if len(rows) > SHOWN else "",
        "more_to": {"label": page.label, "to": page.to, "args": page.args},
        "plain": [check.message for check in decided.checks],
    }


ORDER_PROMOTION = Skill(
    key="order_promotion",
    title="tell which promotion an order has",
    prompt="Is there a promotion applied to my order [order ID]? If so, what is the promo ID?",
    slots=(Slot(name="order", question="Which order? Give its ID.", kind="order"),),
    run=show_promotions,
)
