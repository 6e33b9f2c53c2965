"""The subscriptions list and the page of one subscription."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import OPEN_END, Customer
from portal.core import clock
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


@pytest.fixture
def customer(ours_user: User) -> Customer:
    return Customer.objects.within(Scope(partner_id=ours_user.current_membership.partner_id)).get()


def page(client: Client, customer: Customer, **fields: object) -> str:
    row = factories.make_subscription(customer, **fields)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(f"/subscriptions/{row.subscription_id}/")
    assert response.status_code == 200
    # A legacy subscription also asks for its add-ons and what its offer becomes.
    # One of the new commerce asks for its renewal's price, and for the upgrades possible with their prices.
    assert len(captured) <= (18 if row.product_id else 16)
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("status=gone", "“gone” is not a status."),
        ("outcome=magic", "“magic” is not an end of a term."),
        ("term=P9Y", "“P9Y” is not a term."),
        ("ending=-1", "“-1” is not a number of days that can be chosen: 30, 60 or 90."),
        ("week=tomorrow", "A week is named by its Monday, for example 2026-11-23."),
        ("week=9999-12-31", "A week is named by its Monday, for example 2026-11-23."),
        ("customer=fabrikam", "A customer is named by its Microsoft ID."),
    ],
)
def test_a_value_that_means_nothing_is_told_and_not_applied(
    client: Client, customer: Customer, query: str, sentence: str
) -> None:
    factories.make_subscription(customer)
    html = client.get(f"/subscriptions/?{query}").content.decode()
    assert f"{sentence} This filter is not applied." in html
    assert "Microsoft 365 Business Premium" in html


def test_a_chosen_filter_is_named_and_can_be_removed(client: Client, customer: Customer) -> None:
    factories.make_subscription(customer)
    url = f"/subscriptions/?customer={customer.tenant_id}&status=active&sort=-ends"
    html = client.get(url).content.decode()
    assert "Customer: <bdi>Fabrikam Robotics</bdi>" in html
    assert f'href="/subscriptions/?customer={customer.tenant_id}&amp;sort=-ends"' in html
    assert 'href="/subscriptions/?status=active&amp;sort=-ends"' in html


def test_saved_views_are_links_and_the_one_in_use_is_current(client: Client) -> None:
    html = client.get("/subscriptions/?status=active&ending=60").content.decode()
    assert (
        '<a href="/subscriptions/?status=active&amp;ending=60" hx-get="/subscriptions/?status=active&amp;ending=60" aria-current="page">'
        in html
    )


def test_the_page_tells_licenses_term_price_and_outcome(client: Client, customer: Customer) -> None:
    now = clock.now()
    html = page(
        client, customer, quantity=60, assigned_licenses=52, unit_price="264.00", currency="USD", partner_of_record="7654321",
        effective_start_at=now - timedelta(days=41), commitment_ends_at=now + timedelta(days=324),
        cancellation_allowed_until=now - timedelta(days=34), promotion_id="39NFJQT26J7Z:0006:084R5MQ9QF1W",
    )  # fmt: skip
    assert "of 60 assigned" in html
    assert "8 free" in html
    assert "$264.00 for 1 year" in html
    assert "$1,320.00, billed monthly" in html
    assert "Day 42 of 366. Renews" in html
    assert "The cancellation window closed on" in html
    assert "Promotion 39NFJQT26J7Z:0006:084R5MQ9QF1W" in html
    assert "7654321" in html
    assert "What happens when the term ends" in html


def test_what_is_not_known_is_said_and_not_guessed(client: Client, customer: Customer) -> None:
    html = page(client, customer)
    assert "How many are assigned is not known" in html
    assert "The price of the running term is not known" in html
    assert "No cancellation window is known." in html


def test_a_subscription_without_an_end_has_no_line(client: Client, customer: Customer) -> None:
    html = page(
        client,
        customer,
        commitment_ends_at=OPEN_END,
        billing_type="usage",
        term_duration="",
        end_of_term="not_applicable",
    )
    assert "This subscription has no end" in html
    assert '<svg class="tl"' not in html
    assert "There are no licenses to count or assign." in html
    assert "The price of the running term" not in html


def test_no_term_runs_for_a_canceled_subscription(client: Client, customer: Customer) -> None:
    html = page(client, customer, status="deleted", end_of_term="not_applicable")
    assert "No term runs. The last one was to run from" in html
    assert "What happens when the term ends" not in html


def test_the_list_counts_no_licenses_of_a_usage_plan_and_no_days_of_a_canceled_one(
    client: Client, customer: Customer
) -> None:
    usage = {"billing_type": "usage", "term_duration": "", "end_of_term": "not_applicable"}
    factories.make_subscription(customer, name="Azure plan", quantity=7, commitment_ends_at=OPEN_END, **usage)
    html = client.get("/subscriptions/").content.decode()
    assert "By usage, monthly" in html
    assert "<span>7</span>" not in html
    factories.make_subscription(customer, name="Old one", status="deleted", end_of_term="not_applicable")
    html = client.get("/subscriptions/?status=deleted").content.decode()
    assert "Old one" in html
    assert "in 90 d" not in html
    assert "Canceled" in html


def test_every_documented_field_is_listed(client: Client, customer: Customer) -> None:
    html = page(client, customer, refundable_quantity={"totalQuantity": 25}, offer_id="0A1B2C3D-legacy-offer")
    for name in ("offerId", "cancellationAllowedUntilDate", "refundableQuantity", "scheduledActions", "etag"):
        assert f'<dt class="mono">{name}</dt>' in html
    assert "&quot;totalQuantity&quot;: 25" in html
    assert ">Legacy<" in html
