"""A customer with a product, its prices and a promotion, and a cart whose line has none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from assistant import services
from customers.models import Cart, Customer, Sku
from customers.services import cart as carts
from portal.core.scope import Scope
from tests import factories


@pytest.fixture
def fabrikam(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get(company_name="Fabrikam Robotics")


@pytest.fixture
def premium(db: None) -> Sku:
    """Sold for 1 month and 1 year; the promotion covers the year that is billed yearly."""
    sku = factories.make_sku()
    factories.make_price(sku, term="P1M", plan="monthly", unit_price="26.40")
    factories.make_price(sku, term="P1Y", plan="monthly", unit_price="264.00")
    factories.make_price(sku, term="P1Y", plan="annual", unit_price="240.00")
    factories.make_promotion()
    return sku


@pytest.fixture
def cart(ours: Scope, fabrikam: Customer, premium: Sku, as_of: datetime) -> Cart:
    """One line: 25 licenses for 1 month, without a promotion."""
    found = carts.open_for(ours, customer_id=fabrikam.pk, as_of=as_of)
    carts.add_line(
        ours,
        cart_id=found.cart_id,
        sku_id=premium.pk,
        term_duration="P1M",
        billing_cycle="monthly",
        quantity=25,
        submission_key=None,
        as_of=as_of,
    )
    found.refresh_from_db()
    return found


Say = Callable[..., Any]


@pytest.fixture
def say(ours: Scope, as_of: datetime) -> Say:
    """Ask as ours; the next call goes on with the same conversation. Returns the answer's turn."""
    talk: dict[str, Any] = {"id": None}

    def ask(text: str, **more: Any) -> Any:
        exchange = services.handle(ours, text=text, as_of=as_of, conversation_id=talk["id"], **more)
        talk["id"] = exchange.conversation.conversation_id
        return exchange.answer

    return ask
