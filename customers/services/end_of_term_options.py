"""The choices for the end of a term, with what each costs."""

from __future__ import annotations

from datetime import datetime

from customers.rules import end_of_term_choice as rule
from customers.rules.end_of_term_choice import Option, Prices, Situation
from customers.rules.vocabulary import BillingCycle, Term
from customers.services.pricing import price_book
from customers.services.subscription_facts import Known


def options(known: Known, *, as_of: datetime) -> tuple[Option, ...]:
    """Renew, cancel and the extended service term for a subscription that was read. Four queries."""
    return rule.options(situation(known, as_of=as_of), as_of=as_of)


def situation(known: Known, *, as_of: datetime) -> Situation:
    row = known.row
    return Situation(
        standing=known.standing,
        facts=known.end_of_term,
        billing_cycle=row.billing_cycle,
        quantity=row.quantity,
        has_next_term_instructions=bool(row.scheduled_next_term_instructions),
        prices=_prices(known, as_of),
    )


def _prices(known: Known, as_of: datetime) -> Prices:
    """The unit prices for the number of licenses the subscription has; end-of-sale prices count as well."""
    if known.sku is None:
        return Prices(is_known=False)
    sku_id, quantity = known.sku.pk, max(1, known.row.quantity)
    book = price_book(known.scope, customer_id=known.row.customer_id, sku_ids=[sku_id], as_of=as_of)
    quotes = {(q.term_duration, q.billing_cycle): q for q in book.offers(sku_id, quantity=quantity) if q.has_price}
    month = quotes.get((Term.MONTH, BillingCycle.MONTHLY))
    year = quotes.get((Term.YEAR, BillingCycle.ANNUAL)) or quotes.get((Term.YEAR, BillingCycle.MONTHLY))
    return Prices(
        is_known=bool(quotes),
        currency=book.customer.partner.currency,
        month=month.unit_price if month else None,
        year=year.unit_price if year else None,
    )
