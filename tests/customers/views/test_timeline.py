"""A customer's subscriptions over twelve months: bars on one axis, and what they say in words beside them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from customers.models import OPEN_END, Customer, Subscription
from customers.queries import subscriptions as queries
from customers.tables.timeline import Months, following
from portal.core import clock
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LAST = datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC)


def listed(ours: Scope, **fields: Any) -> Any:
    row = factories.make_subscription(Customer.objects.within(ours).get(), **{"commitment_ends_at": LAST, **fields})
    return queries.found_of_customer(ours, row.customer).rows.get(pk=row.pk)


@pytest.mark.parametrize(
    ("fields", "words", "bars"),
    [
        ({}, "Renews 1 Mar 2027", [("d1", 0, 32.9), ("d1 later", 33.4, 100)]),
        ({"end_of_term": "est"}, "Extended term from 1 Mar 2027", [("d1", 0, 32.9), ("d3", 33.4, 100)]),
        ({"end_of_term": "silent_est"}, "Extended term from 1 Mar 2027, unasked", [("d1", 0, 32.9), ("d3", 33.4, 100)]),
        ({"end_of_term": "lapse"}, "Lapses 28 Feb 2027", [("d2", 0, 32.9)]),
        ({"end_of_term": "cancel"}, "Ends 28 Feb 2027", [("d2", 0, 32.9)]),
        ({"commitment_ends_at": LAST + timedelta(days=400)}, "Renews 4 Apr 2028", [("d1", 0, 100)]),
        ({"commitment_ends_at": OPEN_END, "billing_type": "usage"}, "By usage, no end", [("d1", 0, 100)]),
        ({"status": "deleted"}, "Canceled", []),
        (
            {"duplicate_of_id": uuid.UUID(int=1), "duplicate_help_until": NOW + timedelta(days=9)},
            "Duplicate, still billed Renews 1 Mar 2027",
            [("dai", 0, 32.9), ("d1 later", 33.4, 100)],
        ),
    ],
)
def test_bars_and_words(ours: Scope, fields: dict[str, Any], words: str, bars: list[Any]) -> None:
    row = listed(ours, **{"end_of_term": "renew", **fields})
    assert Months(NOW).bars(row) == bars
    assert re.sub("<[^>]+>", "", str(following(row, NOW))) == words


def test_a_monthly_term_comes_again_each_month(ours: Scope) -> None:
    ends = datetime(2026, 12, 10, 23, 59, 59, tzinfo=UTC)
    row = listed(ours, end_of_term="renew", term_duration="P1M", commitment_ends_at=ends)
    own, *others = Months(NOW).bars(row)
    assert own == ("d1", 0, 11.0)
    assert len(others) == 11
    assert others[-1][2] == 100
    assert following(row, NOW) == "Renews each month"


def test_the_page_has_both_views_with_the_same_rows(
    ours: Scope, ours_user: User, client_for: Callable[[User], Client]
) -> None:
    customer = Customer.objects.within(ours).get()
    Subscription.objects.bulk_create(
        factories.subscription(customer, name=f"Number {n:03}", commitment_ends_at=clock.now() + timedelta(days=n))
        for n in range(60)
    )
    client = client_for(ours_user)
    address = f"/customers/{customer.tenant_id}/"
    names = re.compile(r"Number \d{3}")
    table = client.get(address).content.decode()
    timeline = client.get(f"{address}?view=timeline").content.decode()
    assert set(names.findall(timeline)) == set(names.findall(table))
    assert "bars12" in timeline
    assert "bars12" not in table
    following_page = re.search(r'rel="next" href="([^"]+)"', timeline)
    assert following_page
    assert "view=timeline" in following_page[1]
    assert client.get(following_page[1].replace("&amp;", "&")).content.decode().count("bars12") == 20


def test_what_a_month_costs_and_what_is_paid_twice(
    ours: Scope, ours_user: User, client_for: Callable[[User], Client]
) -> None:
    """In the facts above: suspended is still billed, a legacy suspension and what is over are not; no price, no guess."""
    customer = Customer.objects.within(ours).get()
    until = clock.now() + timedelta(days=9)
    twice = {"duplicate_of_id": uuid.UUID(int=1), "duplicate_help_until": until}
    for name, quantity, price, fields in (
        ("One year", 10, "120", {}),
        ("Twice", 5, "24", twice),
        ("Monthly", 1, "7.50", {"term_duration": "P1M"}),
        ("Suspended", 1, "12", {"status": "suspended"}),
        ("Legacy suspended", 1, "999", {"status": "suspended", "offer_id": str(uuid.UUID(int=7))}),
        ("Over", 1, "999", {"status": "deleted"}),
        ("Without a price", 3, None, {}),
        ("By usage", 1, None, {"billing_type": "usage"}),
    ):
        currency = "USD" if price else ""
        factories.make_subscription(
            customer,
            name=name,
            quantity=quantity,
            unit_price=price,
            currency=currency,
            **{"commitment_ends_at": until, **fields},
        )
    client = client_for(ours_user)
    page = client.get(f"/customers/{customer.tenant_id}/").content.decode()
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>(.+?)</dd>", page))
    assert re.sub("<[^>]+>", "", facts["Per month"]) == "$118.50 and 1 without a known price"
    assert re.sub("<[^>]+>", "", facts["Paid twice"]) == "$10.00 a month for 1 duplicate"
    for row in Subscription.objects.within(ours):
        row.delete()
    page = client.get(f"/customers/{customer.tenant_id}/").content.decode()
    assert "Per month" not in page
    assert "Paid twice" not in page
