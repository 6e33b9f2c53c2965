"""Who may open which address: one row per URL name, whole. A new URL is entered here or the guard fails.

A cell is "who status": the people and the status that they get when they ask for what is their own. Everybody else
gets what `expected` says. `data` is what a form of that page sends.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.access.world import OTHER_RESELLER, Person, World, confirmed_figures


@dataclass(frozen=True)
class Row:
    get: str
    post: str = "signed_in 405"
    data: Callable[[World], dict[str, Any]] = lambda world: {}
    query: str = ""


def changes(**fields: str) -> Callable[[World], dict[str, Any]]:
    """A form about the subscription as the page showed it."""
    return lambda world: {"etag": "one", "confirmed": "1", **fields}


def _line(world: World) -> dict[str, Any]:
    return {"offer": "P1Y:monthly", "quantity": "7", "version": "1", "op": "update"}


def _order(world: World) -> dict[str, Any]:
    return {
        "op": "order", "version": "1", "attested": "yes", "reseller-1": "7654321" if _names(world) else "",
        "confirmed": confirmed_figures(world),
    }  # fmt: skip


def _names(world: World) -> bool:
    return bool(world.partner.kind == "indirect_provider")


def _request(world: World) -> dict[str, Any]:
    return {
        "title": "A price", "workspace": "catalog", "problem_type": "price", "details": "Why?",
        "contact_email": "mara@contoso.example", "contact_phone": "+1 425 555 0100", "key": str(uuid.uuid4()),
    }  # fmt: skip


READ = "members 200"
TABLE: dict[str, Row] = {
    # Everybody
    "healthz": Row("public 200", "public 405"),
    "signin": Row("strangers 200", "public 422"),
    "admin_signin": Row("staff 302", "staff 302"),
    "signout": Row("signed_in 405", "signed_in 302"),
    "profile": Row("signed_in 200", "signed_in 302", lambda world: {"name": "Mara König", "theme": "dark"}),
    "password": Row("signed_in 302", "signed_in 422"),
    "theme": Row("signed_in 405", "signed_in 302", lambda world: {"theme": "dark"}),
    "membership": Row("signed_in 405", "owners 302"),
    # Reading
    "customers:home": Row("at_home 200"),
    "customers:search": Row(READ, READ, query="q=fab"),
    "customers:customers": Row(READ),
    "customers:renewals": Row(READ),
    "customers:customer_choices": Row(READ),
    "customers:customer": Row(READ),
    "customers:offers": Row(READ),
    "customers:partner_of_record": Row("distributors 200"),
    "customers:subscriptions": Row(READ),
    "customers:subscription": Row(READ),
    "customers:subscription_history": Row(READ),
    "customers:subscription_history_export": Row(READ),
    "customers:duplicates": Row(READ),
    "customers:carts": Row(READ),
    "customers:cart": Row(READ),
    "customers:catalog": Row(READ, query="q=business"),
    "customers:orders": Row(READ),
    "customers:orders_export": Row(READ),
    "customers:customers_export": Row(READ),
    "customers:subscriptions_export": Row(READ),
    "customers:duplicates_export": Row(READ),
    "customers:renewals_chart": Row(READ),
    "customers:renewals_export": Row(READ),
    "customers:order": Row(READ),
    "customers:carts_export": Row(READ),
    "customers:catalog_export": Row(READ),
    "customers:price_preview": Row(READ),
    "customers:price_preview_customers": Row(READ),
    "customers:price_preview_export": Row(READ),
    "customers:rules": Row(READ),
    "customers:subscription_notice": Row("members 302", "members 302", lambda world: {"op": "hide"}),
    "customers:save_view": Row(READ, "members 302", lambda world: {"name": "United States"}, query="market=US"),
    "customers:saved_view": Row(READ, "members 302", lambda world: {"name": "Another name"}),
    # Ordering
    "customers:cart_open": Row("signed_in 405", "sellers 302"),
    "customers:catalog_add": Row("sellers 302", "sellers 302", _line),
    "customers:cart_line": Row("sellers 302", "sellers 302", _line),
    "customers:cart_review": Row("sellers 200", "sellers 302", _order),
    # Managing
    "customers:subscription_licenses": Row(READ, "sellers 302", changes(quantity="20")),
    "customers:subscription_cancel": Row(READ, "sellers 302", changes()),
    "customers:subscription_end_of_term": Row(READ, "sellers 302", changes(choice="cancel")),
    "customers:subscription_suspension": Row(READ, "sellers 302", changes(op="suspend")),
    "customers:subscription_schedule": Row(READ, "sellers 302", changes(quantity="20", offer="P1Y:monthly")),
    "customers:subscription_record": Row(
        "distributors 200", "distributing_sellers 302", changes(partner_id=OTHER_RESELLER)
    ),
    "customers:subscription_upgrade": Row(READ, "sellers 302", changes(to="CFQ7TTC0LCHC:0002", quantity="25")),
    "customers:end_of_terms": Row(
        READ,
        "sellers 200",
        lambda world: {"pick": f"{world.subscription.subscription_id}|one", "confirmed": "1"},
        query="choice=cancel",
    ),
    # Billing and support
    "customers:billing": Row("billing 200"),
    "customers:billing_month": Row("billing 200"),
    "customers:billing_export": Row("billing 200"),
    "customers:support": Row(READ, "members 302", lambda world: {"op": "withdraw"}, query="tid={ticket_id}"),
    "customers:support_export": Row(READ),
    "customers:new_request": Row(READ, "members 302", _request),
    # Downloads
    "downloads:list": Row(READ, "members 405"),
    "downloads:request": Row("members 405", "members 302"),
    "downloads:file": Row(READ, "members 405"),
    "downloads:cancel": Row("members 405", "members 302"),
    "downloads:news": Row(READ, "members 405"),
    "downloads:schedule": Row("schedulers 405", "schedulers 302", lambda world: {"every": "day"}),
    # Assistant
    "assistant:home": Row(READ),
    "assistant:ask": Row("signed_in 405", "members 302", lambda world: {"text": "help", "key": str(uuid.uuid4())}),
    "assistant:find_out_why": Row(
        "signed_in 405", "members 302", lambda world: {"cart_id": str(world.cart.cart_id), "line": "1"}
    ),
    "assistant:panel": Row("signed_in 405", "members 302", lambda world: {"open": "1"}),
    "assistant:new": Row("signed_in 405", "members 302"),
    "assistant:look_away": Row("signed_in 405", "members 302"),
    "assistant:earlier": Row(READ),
    "assistant:conversation": Row(READ),
    "assistant:change": Row("signed_in 405", "sellers 302"),
    "assistant:report": Row("members 302"),
    "assistant:cancellation_help": Row(
        "signed_in 405", "sellers 302", lambda world: {"subscription_id": str(world.subscription.subscription_id)}
    ),
    # Steps of a request that the world does not have: tests/assistant walks through real ones.
    "assistant:check": Row("signed_in 405", "sellers 404"),
    "assistant:approve": Row("signed_in 405", "sellers 404"),
    "assistant:contact": Row("signed_in 405", "sellers 404"),
    "assistant:again": Row("signed_in 405", "sellers 404"),
    "assistant:instead": Row("signed_in 405", "sellers 404"),
    "assistant:feedback": Row("signed_in 405", "members 302", lambda world: {"helpful": "1"}),
}  # fmt: skip


def expected(cell: str, person: Person) -> int:
    """The status that this person gets. Who is not signed in is asked to; a page that a kind of partner does not
    have is not there for it; everybody else is refused."""
    who, status = cell.split()
    if who == "public":
        return int(status)
    if who == "strangers":
        return int(status) if person.name == "anonymous" else 302
    if person.name == "anonymous":
        return 302
    if who == "signed_in":
        return int(status)
    if who == "staff":
        return int(status) if person.name == "staff" else 403
    if who == "owners":  # of a thing that is the person's own
        return int(status) if person.is_member else 404
    if who == "at_home":  # staff without a partner start in the back office
        return 302 if person.name == "staff" else int(status) if person.is_member else 403
    if not person.is_member:
        return 403
    if who.startswith("distribut") and not person.is_distributor:
        return 404
    is_one = {
        "members": True,
        "distributors": True,
        "billing": person.role in ("admin_agent", "billing_admin"),
        "schedulers": person.role == "admin_agent",
        "sellers": person.may_sell,
        "distributing_sellers": person.may_sell,
    }[who]
    return int(status) if is_one else 403
