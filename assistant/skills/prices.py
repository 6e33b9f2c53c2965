"""What a product costs a customer: the price decision, told with its list and date."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assistant.skill import Answer, Fact, Link, Ref, Skill, Slot, Source, checks_of, stamp
from customers.services import pricing, promotions
from portal.core.money import Money

# Said when nothing has a price: the reason is asked for the usual term and plan.
USUAL_TERM, USUAL_CYCLE = "P1Y", "monthly"
PRICES_CHANGE = "Prices can change before renewal."


def look_up_price(
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
    """One price when term and billing are given, else every price that the product has now."""
    line: dict[str, Any] = {
        "customer_id": customer.pk or 0,
        "sku_id": product.pk or 0,
        "term_duration": term_duration or USUAL_TERM,
        "billing_cycle": billing_cycle or USUAL_CYCLE,
        "quantity": quantity or 1,
        "as_of": as_of,
    }
    if not (term_duration and billing_cycle):
        found = [
            quote
            for quote in _all(scope, line, has_quantity=quantity is not None)
            if (not term_duration or quote.term_duration == term_duration)
            and (not billing_cycle or quote.billing_cycle == billing_cycle)
        ]
        if len(found) > 1:
            return _many(found, product, customer, as_of)
        if found:
            line |= {"term_duration": found[0].term_duration, "billing_cycle": found[0].billing_cycle}
    return _one(pricing.quote(scope, **line), product, customer, as_of)


def _all(scope: Any, line: dict[str, Any], *, has_quantity: bool) -> list[Any]:
    """Every price of the SKU: for the quantity that was named, else for one license, end of sale included."""
    if has_quantity:
        cells = promotions.alternatives(scope, **line).cells
        if priced := [cell.quote for cell in cells if cell.offered and cell.quote]:
            return priced
    offers = pricing.quotes(scope, customer_id=line["customer_id"], sku_ids=[line["sku_id"]], as_of=line["as_of"])
    return list(offers.get(line["sku_id"], []))


def _one(quote: Any, product: Ref, customer: Ref, as_of: datetime) -> Answer:
    links = _links(product, customer)
    if not quote.has_price:
        return Answer(
            lead=f"There is no price for {product.label} for {customer.label}.",
            body=" ".join(quote.reasons[:2]),
            checks=checks_of(quote),
            links=links,
            as_of=stamp(as_of),
        )
    licenses = f"{quote.quantity:,} license{'' if quote.quantity == 1 else 's'}"
    amount = quote.per_month or quote.per_term
    rhythm = "per month" if quote.per_month else "for the whole term"
    lead = f"{product.label} costs {customer.label} {amount} {rhythm} for {licenses}, {quote.terms}."
    body = PRICES_CHANGE
    if quote.view == "eos":
        body = "It is at its end of sale: this price is for subscriptions that run already. " + PRICES_CHANGE
    return Answer(
        lead=lead,
        body=body,
        facts=_facts(quote, product, customer),
        checks=() if quote.allowed else checks_of(quote),
        sources=(_source(quote),),
        chips=(f"Is {product.label} eligible for a promotion for {customer.label}?",),
        links=links,
        as_of=stamp(as_of),
    )


def _many(quotes: list[Any], product: Ref, customer: Ref, as_of: datetime) -> Answer:
    quantity = quotes[0].quantity
    licenses = f"{quantity:,} license{'' if quantity == 1 else 's'}"
    cheapest = min((quote for quote in quotes if quote.per_month), key=lambda q: q.per_month.amount, default=quotes[0])
    amount = f"{cheapest.per_month} per month" if cheapest.per_month else f"{cheapest.per_term} for the term"
    card = {
        "kind": "prices",
        "title": f"{product.label} for {customer.label}, {licenses}",
        "rows": [
            {
                "terms": quote.terms,
                "per_month": str(quote.per_month or "–"),
                "per_term": str(quote.per_term or "–"),
                "note": "End of sale" if quote.view == "eos" else "",
            }
            for quote in quotes
        ],
        "plain": [f"{q.terms}: {q.per_month or '–'} per month, {q.per_term} per term" for q in quotes],
    }
    return Answer(
        lead=f"{product.label} costs {customer.label} from {amount} for {licenses}, {cheapest.terms}.",
        body=f"There are {len(quotes)} prices, by term and billing plan. {PRICES_CHANGE}",
        cards=(card,),
        sources=tuple(dict.fromkeys(_source(quote) for quote in quotes)),
        chips=(f"Is {product.label} eligible for a promotion for {customer.label}?",),
        links=_links(product, customer),
        as_of=stamp(as_of),
    )


def _facts(quote: Any, product: Ref, customer: Ref) -> tuple[Fact, ...]:
    facts = [
        Fact(label="Customer", value=customer.label, link=_customer(customer)),
        Fact(label="Product", value=f"{product.label} ({product.key})"),
        Fact(label="Term and billing", value=quote.terms),
        Fact(label="Licenses", value=f"{quote.quantity:,}"),
        Fact(label="Unit price", value=f"{Money(quote.unit_price, quote.currency)} per license for the term"),
    ]
    if quote.per_month:
        facts.append(Fact(label="Per month", value=str(quote.per_month)))
    facts.append(Fact(label="Per term", value=str(quote.per_term)))
    facts.append(Fact(label="Market and segment", value=f"{quote.market}, {quote.currency}, {quote.segment}"))
    return tuple(facts)


def _source(quote: Any) -> Source:
    when = quote.list_date
    return Source(title=quote.list_name or "Price list", detail=f"{when.day} {when:%b %Y}" if when else "")


def _customer(customer: Ref) -> Link:
    return Link(label=customer.label, to="customers:customer", args={"tenant_id": customer.key})


def _links(product: Ref, customer: Ref) -> tuple[Link, ...]:
    return (
        _customer(customer),
        Link(label=f"Catalog for {customer.label}", to="customers:catalog", args={"tenant_id": customer.key}),
    )


PRICE_LOOKUP = Skill(
    key="price_lookup",
    title="look up the price of a product for a customer",
    prompt="What is the current price for [product name] for customer [customer name]?",
    slots=(
        Slot(name="product", question="Which product?", kind="product"),
        Slot(name="sku", question="Which SKU?", kind="sku", required=False),
        Slot(name="customer", question="For which customer?", kind="customer"),
        Slot(name="term_duration", question="For which term?", kind="term", required=False),
        Slot(name="billing_cycle", question="Billed how?", kind="cycle", required=False),
        Slot(name="quantity", question="How many licenses?", kind="quantity", required=False),
    ),
    run=look_up_price,
)
