"""A price list file goes in, purchases are asked for: the answer is the line a person would point at, or none."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import Customer, Sku
from customers.services import pricing
from customers.services.price_list_import import import_price_list
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
DAYS = [TODAY + timedelta(days=days) for days in (-400, -30, -1, 0, 1, 30)]
MARKETS, SEGMENTS, PLANS = ["US", "DE"], ["Commercial", "Education"], [("P1M", "Monthly"), ("P1Y", "Annual")]
Line = dict[str, str]


def smallest(line: Line) -> int:
    return int(line["PricingTierRangeMin"] or 0)


def largest(line: Line) -> int:
    return int(line["PricingTierRangeMax"] or 10**9)


def identity(line: Line) -> tuple[str, ...]:
    """What a file may say only once."""
    names = ["SkuId", "Market", "Segment", "TermDuration", "BillingPlan", "PricingTierRangeMin", "EffectiveStartDate"]
    return tuple(line[name] for name in names)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    term, plan = draw(st.sampled_from(PLANS))
    return {
        "ProductTitle": "Microsoft Teams Enterprise", "ProductId": "CFQ7TTC0RM8K", "SkuTitle": "Microsoft Teams Enterprise",
        "Publisher": "Microsoft Corporation", "SkuDescription": "", "UnitOfMeasure": "", "Currency": "USD", "Tags": "License",
        "ERP Price": "", "SkuId": draw(st.sampled_from(["0001", "0002"])), "TermDuration": term, "BillingPlan": plan,
        "Market": draw(st.sampled_from(MARKETS)), "Segment": draw(st.sampled_from(SEGMENTS)),
        "EffectiveStartDate": f"{draw(st.sampled_from(DAYS))}T00:00:00.0000000Z",
        "EffectiveEndDate": f"{draw(st.sampled_from([*DAYS[1:], date(9999, 11, 30)]))}T23:59:59.9999999Z",
        "PricingTierRangeMin": draw(st.sampled_from(["", "1", "10"])),
        "PricingTierRangeMax": draw(st.sampled_from(["", "9", "300"])),
        "UnitPrice": str(draw(st.decimals(0, 99_999, places=2))),
    }  # fmt: skip


files = st.lists(
    lines().filter(
        lambda line: line["EffectiveStartDate"] < line["EffectiveEndDate"] and smallest(line) <= largest(line)
    ),
    min_size=1,
    max_size=10,
    unique_by=identity,
)


def fitting(file: list[Line], customer: Customer, sku_id: str, term: str, plan: str, quantity: int) -> list[Line]:
    """The lines of the file for this purchase that began first."""
    wanted = (sku_id, customer.country, customer.segment, term, plan)
    found = [
        line
        for line in file
        if identity(line)[:5] == wanted
        and line["EffectiveStartDate"][:10] <= str(TODAY) <= line["EffectiveEndDate"][:10]
        and smallest(line) <= quantity <= largest(line)
    ]
    first = min((line["EffectiveStartDate"] for line in found), default="")
    return [line for line in found if line["EffectiveStartDate"] == first]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(file=files, quantity=st.sampled_from([1, 9, 10, 300, 301]))
def test_the_price_of_a_purchase_is_the_one_in_the_file(file: list[Line], quantity: int, ours: Scope) -> None:
    content = io.StringIO()
    writer = csv.DictWriter(content, list(file[0]))
    writer.writeheader()
    writer.writerows(file)
    with transaction.atomic():
        import_price_list(
            Scope.for_operator(), file=io.BytesIO(content.getvalue().encode()), name="list.csv", as_of=NOW
        )
        partner = Customer.objects.within(ours).get().partner
        buyers = [
            factories.make_customer(partner, f"{market} {segment}", country=market, qualification=qualification)
            for market in MARKETS
            for segment, qualification in zip(SEGMENTS, ["None", "Education"], strict=True)
        ]
        for customer, sku, (term, plan) in product(buyers, Sku.objects.all(), PLANS):
            quote = pricing.quote(
                ours, customer_id=customer.pk, sku_id=sku.pk, term_duration=term, billing_cycle=plan.lower(),
                quantity=quantity, as_of=NOW,
            )  # fmt: skip
            told = fitting(file, customer, sku.sku_id, term, plan, quantity)
            assert quote.allowed is bool(told), quote.verdict
            assert quote.unit_price in ([Decimal(line["UnitPrice"]) for line in told] or [None])
        transaction.set_rollback(True)
