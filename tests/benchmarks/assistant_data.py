"""A partner with many customers, some of them with subscriptions, and one product with prices."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from customers.models import Customer
from portal.core import clock
from portal.core.text import fold
from tests import factories

STEP = 5_000


def fill(names: Sequence[str]) -> None:
    """One partner with these customers, and one admin agent."""
    partner = factories.make_partner(kind="indirect_provider")
    factories.make_member(partner, roles=("admin_agent",))
    sku = factories.make_sku()
    factories.make_price(sku, term="P1Y", plan="monthly", unit_price="264.00")
    factories.make_price(sku, term="P1Y", plan="annual", unit_price="240.00")
    factories.make_promotion()
    now = clock.now()
    for start in range(0, len(names), STEP):
        Customer.objects.bulk_create(
            Customer(
                partner=partner,
                tenant_id=UUID(int=start + place),
                company_name=name,
                name_key=fold(name),
                domain=f"c{start + place}.example",
                country="US",
                created_at=now,
                synced_at=now,
            )
            for place, name in enumerate(names[start : start + STEP])
        )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as a load does at its end
