"""The search of the top bar: an ID leads to its object, a name or a domain to a short list."""

from __future__ import annotations

from dataclasses import dataclass, field

from customers.models import Customer, Order, Subscription, Ticket
from customers.queries import search as queries
from customers.queries import tickets as ticket_queries
from customers.services import customers
from customers.services.customers import CustomerMatch
from portal.core.scope import Scope

LONGEST = 200  # characters that are looked at
SHOWN = 10  # of each kind
TICKET_DIGITS = (15, 16)


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What a text may mean. `exact` is the one object whose ID it is; otherwise the lists say what was found.
    A list ends after SHOWN entries; `more_subscriptions` says that there are others."""

    text: str
    exact: Customer | Subscription | Order | Ticket | None = None
    customers: list[CustomerMatch] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    more_subscriptions: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.exact or self.subscriptions or self.orders or self.tickets or self.sure_customers)

    @property
    def sure_customers(self) -> list[CustomerMatch]:
        """Without those that are only spelled alike."""
        return [match for match in self.customers if match.how != "similar"]

    @property
    def nearest(self) -> CustomerMatch | None:
        """The name spelled most like the text, when nothing matches it."""
        return self.customers[0] if self.is_empty and self.customers else None


def find(scope: Scope, *, text: str) -> SearchResult:
    """Look for a tenant ID, subscription ID, order ID or ticket ID, else for names and domains. Six queries at most."""
    wanted = text.replace("\x00", "").strip()[:LONGEST]
    if not wanted:
        return SearchResult(text="")
    number = queries.uuid_of(wanted)
    if number is not None:
        exact = (
            Customer.objects.within(scope).filter(tenant_id=number).first()
            or Subscription.objects.within(scope).filter(subscription_id=number).first()
        )
        orders = _orders(scope, wanted)
        return SearchResult(text=wanted, exact=exact or (orders[0] if len(orders) == 1 else None), orders=orders)
    orders = _orders(scope, wanted)
    tickets = _tickets(scope, wanted)
    if orders or tickets:
        found: list[Order | Ticket] = [*orders, *tickets]
        one = found[0] if len(found) == 1 else None
        return SearchResult(text=wanted, exact=one, orders=orders, tickets=tickets)
    named = Subscription.objects.within(scope).select_related("customer").filter(queries.named(wanted, "name_key"))
    rows = list(named.order_by("name_key", "id")[: SHOWN + 1])
    return SearchResult(
        text=wanted,
        customers=customers.match(scope, text=wanted, limit=SHOWN),
        subscriptions=rows[:SHOWN],
        more_subscriptions=len(rows) > SHOWN,
    )


def _orders(scope: Scope, text: str) -> list[Order]:
    rows = Order.objects.within(scope).select_related("customer").prefetch_related("lines")
    return list(rows.filter(order_id=text).order_by("pk")[:SHOWN])


def _tickets(scope: Scope, text: str) -> list[Ticket]:
    if not (text.isascii() and text.isdigit() and len(text) in TICKET_DIGITS):
        return []
    return list(ticket_queries.visible(scope).select_related("customer").filter(ticket_id=text))
