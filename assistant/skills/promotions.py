"""Promotions: may this purchase have one, which other terms would, and why a cart line has none."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from assistant.skill import Answer, Fact, Link, NotFound, Ref, Skill, Slot, Source, checks_of, stamp
from customers.services import cart as carts
from customers.services import promotions
from portal.core.access import can

# Asked without a term or plan, the grid is built around the usual one; it is marked as nobody's line.
USUAL_TERM, USUAL_CYCLE = "P1Y", "monthly"
SHOWN_CHECKS = 12


def check_promotion(
    scope: Any,
    *,
    product: Ref,
    customer: Ref,
    sku: str | None = None,
    term_duration: str | None = None,
    billing_cycle: str | None = None,
    quantity: int | None = None,
    as_of: datetime,
) -> Answer:
    """With term and billing: this line. Without: every term and billing plan that fits what was said."""
    line: dict[str, Any] = {
        "customer_id": customer.pk or 0,
        "sku_id": product.pk or 0,
        "term_duration": term_duration or USUAL_TERM,
        "billing_cycle": billing_cycle or USUAL_CYCLE,
        "quantity": quantity or 1,
        "as_of": as_of,
    }
    if not (term_duration and billing_cycle):
        grid = promotions.alternatives(scope, **line)
        return _over_the_grid(grid, product, customer, term_duration, billing_cycle, quantity, as_of)
    outcome = promotions.explain_line(scope, **line)
    wanted = f"{_licenses(quantity or 1)}, {_terms(outcome)}"
    if outcome.applied:
        lead = f"Yes. {product.label} gets {_off(outcome.discount)} for {customer.label}: {outcome.applied.name}."
        chips = (f"What is the price of {product.label} for {customer.label}?",)
    else:
        lead = f"No. {product.label} gets no promotion for {customer.label} with {wanted}."
        chips = (f"Which other terms or billing cycles have a promotion for {product.label} for {customer.label}?",)
    return Answer(
        lead=lead,
        body="" if outcome.applied else _reasons(outcome),
        facts=_facts(outcome, product, customer, wanted),
        checks=checks_of(outcome.decision)[:SHOWN_CHECKS],
        sources=_sources(outcome),
        chips=chips,
        links=_links(customer),
        as_of=stamp(as_of),
    )


def show_alternatives(scope: Any, *, product: Ref, customer: Ref, sku: str | None = None, as_of: datetime) -> Answer:
    grid = promotions.alternatives(
        scope,
        customer_id=customer.pk or 0,
        sku_id=product.pk or 0,
        term_duration=USUAL_TERM,
        billing_cycle=USUAL_CYCLE,
        quantity=1,
        as_of=as_of,
    )
    return _over_the_grid(grid, product, customer, None, None, None, as_of)


def find_out_why(scope: Any, *, cart_line: Ref, as_of: datetime) -> Answer:
    """Why a line has no promotion, and the nearest change that would bring one."""
    view, shown = _cart_line(scope, cart_line, as_of)
    line, customer = shown.line, view.cart.customer
    grid = promotions.alternatives(
        scope,
        customer_id=customer.pk,
        sku_id=line.sku_id,
        term_duration=line.term_duration,
        billing_cycle=line.billing_cycle,
        quantity=line.quantity,
        as_of=as_of,
    )
    outcome = grid.current
    who = Ref(kind="customer", key=str(customer.tenant_id), label=customer.company_name, pk=customer.pk)
    matrix = _matrix(grid, f"Promotions for {customer.company_name}, {_licenses(line.quantity)}", "your line")
    change = None
    if outcome.applied:
        lead = f"Line {shown.number} has a promotion: {outcome.applied.name}, {_off(outcome.discount)}."
    else:
        lead = _why(outcome, shown)
        change = _change_card(grid.nearest, shown, view, may_sell=can(scope, "sell"))
    cart = Link(label=f"Cart for {who.label}", to="customers:cart", args={"cart_id": str(view.cart.cart_id)})
    return Answer(
        lead=lead,
        body="" if outcome.applied else _what_else(grid),
        checks=_shown_checks(_decision(grid)),
        cards=(matrix, change) if change else (matrix,),
        sources=_sources(outcome),
        chips=_other_lines(view, shown),
        links=(cart, *_links(who)),
        as_of=stamp(as_of),
    )


def _cart_line(scope: Any, wanted: Ref, as_of: datetime) -> tuple[Any, Any]:
    """The cart and the line of it. Raises NotFound."""
    cart_id, _, number = wanted.key.partition(":")
    try:
        view = carts.view(scope, cart_id=UUID(cart_id), as_of=as_of)
    except (carts.CartNotFound, ValueError):
        raise NotFound("This cart line is not there any more. Open the cart and try again.") from None
    shown = next((line for line in view.lines if str(line.number) == number), None)
    if shown is None:
        raise NotFound(f"Line {number} is no longer in this cart.")
    return view, shown


def _why(outcome: Any, shown: Any) -> str:
    failed = outcome.decision.failed
    if not outcome.considered:
        return f"No promotion exists for {_name(shown)}."
    if failed and failed[0].code == "Term":
        return f"There is no promotion for {_terms(outcome)}."
    return f"Line {shown.number} has no promotion. {failed[0].message}" if failed else outcome.decision.verdict


def _what_else(grid: Any) -> str:
    eligible = sum(cell.eligible for cell in grid.cells)
    if eligible:
        many = "1 other choice of" if eligible == 1 else f"{eligible} other choices of"
        return f"{many[0].upper()}{many[1:]} term and billing plan would bring a promotion."
    if grid.nearest:
        return "A different number of licenses would bring a promotion."
    return "No other term, billing plan or number of licenses would bring one."


def _decision(grid: Any) -> Any:
    """The conditions of the promotion that the nearest change would bring, else of the one that came nearest."""
    wanted = grid.nearest.promotion.promotion_id if grid.nearest else ""
    return next((each for each in grid.current.considered if each.promotion_id == wanted), grid.current.decision)


def _shown_checks(decision: Any) -> tuple[dict[str, Any], ...]:
    """What fails first, then what is met."""
    checks = sorted(checks_of(decision), key=lambda check: check["passed"])
    return tuple(checks[:SHOWN_CHECKS])


def _change_card(nearest: Any, shown: Any, view: Any, *, may_sell: bool) -> dict[str, Any] | None:
    """One press: what the line would become, with the price before and after."""
    if nearest is None or not view.is_open:
        return None
    to = nearest.outcome.quote.terms
    what = to if "quantity" not in nearest.changed else f"{_licenses(nearest.quantity)}, {to}"
    return {
        "kind": "change_line",
        "title": f"Change line {shown.number} to {what}?",
        "before": str(nearest.before) if nearest.before else "",
        "after": str(nearest.after),
        "keep": _kept(shown, nearest),
        "dearer": bool(nearest.before) and nearest.before.amount < nearest.after.amount,
        "promotion": nearest.promotion.name,
        "discount": _off(nearest.discount),
        "may": may_sell,
        "cart_id": str(view.cart.cart_id),
        "number": shown.number,
        "version": view.cart.version,
        "term_duration": nearest.term_duration,
        "billing_cycle": nearest.billing_cycle,
        "quantity": nearest.quantity,
        "longer": "term_duration" in nearest.changed,
        "plain": [
            f"Change line {shown.number} to {what}: {nearest.before or 'no price'} -> {nearest.after} per month, "
            f"{_off(nearest.discount)} ({nearest.promotion.name})"
        ],
    }


def _kept(shown: Any, nearest: Any) -> str:
    """What the line keeps when it is not changed, in as few words as tell it from the change."""
    if "term_duration" in nearest.changed:
        return str(shown.quote.terms).partition(",")[0]
    return str(shown.quote.terms) if "billing_cycle" in nearest.changed else _licenses(shown.line.quantity)


def _other_lines(view: Any, shown: Any) -> tuple[str, ...]:
    """The next line without a promotion, as a question."""
    others = [line for line in view.lines if line.number != shown.number and line.outcome.applied is None]
    return tuple(f"Why is there no promotion on line {line.number}?" for line in others[:1])


def _over_the_grid(
    grid: Any,
    product: Ref,
    customer: Ref,
    term: str | None,
    cycle: str | None,
    quantity: int | None,
    as_of: datetime,
) -> Answer:
    fitting = [
        cell
        for cell in grid.cells
        if cell.offered and (not term or cell.term_duration == term) and (not cycle or cell.billing_cycle == cycle)
    ]
    eligible = [cell for cell in fitting if cell.eligible]
    title = f"Promotions for {customer.label}, {_licenses(quantity or 1)}"
    if eligible:
        best = max(eligible, key=lambda cell: (cell.discount, cell.term_duration))
        lead = (
            f"Yes. {product.label} has a promotion for {customer.label}: {_off(best.discount)} with "
            f"{best.quote.terms} ({best.promotion_name})."
        )
        body = f"{len(eligible)} of {len(fitting)} choices of term and billing plan have one."
    else:
        lead = f"No. {product.label} has no promotion for {customer.label}."
        body = _reasons(grid.current)
    if not quantity:
        body += " Checked for 1 license."
    return Answer(
        lead=lead,
        body=body,
        facts=(
            Fact(label="Customer", value=customer.label, link=_customer(customer)),
            Fact(label="Product", value=f"{product.label} ({product.key})"),
        ),
        checks=() if eligible else _shown_checks(_decision(grid)),
        cards=(_matrix(grid, title, ""), *_nearest_card(grid, bool(eligible))),
        sources=_sources(grid.current),
        chips=(f"What is the price of {product.label} for {customer.label}?",),
        links=_links(customer),
        as_of=stamp(as_of),
    )


def _nearest_card(grid: Any, has_one: bool) -> tuple[dict[str, Any], ...]:
    """What would bring a promotion when no term or plan does: more licenses, said in words."""
    if has_one or grid.nearest is None:
        return ()
    words = f"{_licenses(grid.nearest.quantity)}, {grid.nearest.outcome.quote.terms}"
    text = f"With {words} it is {_off(grid.nearest.discount)}: {grid.nearest.after} per month."
    return ({"kind": "note", "text": text, "plain": [text]},)


def _matrix(grid: Any, title: str, mine: str) -> dict[str, Any]:
    """The grid term x billing plan, each cell with discount and price per month."""
    rows = [{"term": term, "cells": [_cell(cell, mine) for cell in cells]} for term, cells in grid.rows]
    plain = [
        f"{cell.quote.terms}: {_off(cell.discount) if cell.eligible else 'no promotion'}"
        f"{f', {cell.outcome.discounted} per month' if cell.outcome.discounted else ''}"
        for cell in grid.cells
        if cell.offered and cell.quote
    ]
    return {"kind": "matrix", "title": title, "cycles": list(grid.cycles), "rows": rows, "plain": plain}


def _cell(cell: Any, mine: str) -> dict[str, Any]:
    outcome = cell.outcome
    return {
        "offered": bool(cell.offered),
        "mine": mine if cell.is_current else "",
        "discount": _off(cell.discount) if cell.eligible else "",
        "promotion": cell.promotion_name,
        "per_month": str(outcome.discounted) if outcome and outcome.discounted else "",
    }


def _facts(outcome: Any, product: Ref, customer: Ref, wanted: str) -> tuple[Fact, ...]:
    facts = [
        Fact(label="Customer", value=customer.label, link=_customer(customer)),
        Fact(label="Product", value=f"{product.label} ({product.key})"),
        Fact(label="Asked for", value=wanted),
    ]
    if outcome.applied:
        facts.append(Fact(label="Promotion", value=f"{outcome.applied.name} ({outcome.applied.promotion_id})"))
    if outcome.list_price:
        facts.append(Fact(label="List price", value=f"{outcome.list_price} per month"))
    if outcome.applied and outcome.discounted:
        facts.append(Fact(label="With the promotion", value=f"{outcome.discounted} per month"))
    return tuple(facts)


def _sources(outcome: Any) -> tuple[Source, ...]:
    found: list[Source] = []
    if outcome.decision.rule:
        found.append(Source(title=outcome.decision.rule.title, detail=f"rule {_day(outcome.decision.rule.checked_on)}"))
    if outcome.quote.list_name:
        found.append(Source(title=outcome.quote.list_name, detail=_day(outcome.quote.list_date)))
    return tuple(found)


def _day(when: Any) -> str:
    return f"{when.day} {when:%b %Y}" if when else ""


def _reasons(outcome: Any) -> str:
    return " ".join(outcome.decision.reasons[:2])


def _terms(outcome: Any) -> str:
    return str(outcome.quote.terms)


def _name(shown: Any) -> str:
    return str(shown.line.friendly_name or shown.line.sku.title)


def _licenses(quantity: int) -> str:
    return f"{quantity:,} license{'' if quantity == 1 else 's'}"


def _off(discount: Any) -> str:
    return f"{(discount * 100).normalize():f}% off" if discount is not None else "a discount"


def _customer(customer: Ref) -> Link:
    return Link(label=customer.label, to="customers:customer", args={"tenant_id": customer.key})


def _links(customer: Ref) -> tuple[Link, ...]:
    return (_customer(customer),)


_LINE_SLOTS = (
    Slot(name="product", question="Which product?", kind="product"),
    Slot(name="sku", question="Which SKU?", kind="sku", required=False),
    Slot(name="customer", question="For which customer?", kind="customer"),
)
PROMOTION_ELIGIBILITY = Skill(
    key="promotion_eligibility",
    title="check whether a product has a promotion for a customer",
    prompt="Is the offer [product name and SKU ID] eligible for promotion for customer [customer name]?",
    slots=(
        *_LINE_SLOTS,
        Slot(name="term_duration", question="For which term?", kind="term", required=False),
        Slot(name="billing_cycle", question="Billed how?", kind="cycle", required=False),
        Slot(name="quantity", question="How many licenses?", kind="quantity", required=False),
    ),
    run=check_promotion,
)
PROMOTION_ALTERNATIVES = Skill(
    key="promotion_alternatives",
    title="show which other terms or billing plans have a promotion",
    prompt="Which other terms or billing cycles have a promotion for [product name] for customer [customer name]?",
    slots=_LINE_SLOTS,
    run=show_alternatives,
)
FIND_OUT_WHY = Skill(
    key="find_out_why",
    title="explain why a cart line has no promotion",
    prompt="Why is there no promotion on this cart line?",
    slots=(
        Slot(
            name="cart_line",
            question="Which cart line? Open the cart and choose Find out why beside the line.",
            kind="cart_line",
            finds=True,
        ),
    ),
    run=find_out_why,
)
