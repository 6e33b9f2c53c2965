"""The customers list with its chart, and the page of one customer, as a person meets them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, Subscription
from customers.services.customers import refresh_summaries
from portal.core import clock
from portal.core.models import Partner, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
LISTS = (
    "/customers/", "/customers/?page=last", "/customers/?q=customer&sort=-licenses", "/customers/?market=US&renewing=60",
    "/customers/?q=nobody+at+all", "/subscriptions/", "/subscriptions/?q=business", "/subscriptions/?status=active&sort=ends",
    "/subscriptions/?q=nobody+at+all",
)  # fmt: skip


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


@pytest.fixture
def partner(ours_user: User) -> Partner:
    return ours_user.current_membership.partner


def fill(partner: Partner, count: int) -> None:
    """`count` customers with one subscription each, in bulk."""
    now = clock.now()
    made = Customer.objects.bulk_create(
        Customer(
            partner=partner, tenant_id=uuid.uuid4(), company_name=f"Customer {n:05}", name_key=f"customer {n:05}",
            domain=f"c{n}.example", country="US", created_at=now, synced_at=now, license_count=n % 7,
            next_term_ends_at=now + timedelta(days=n % 300),
        )
        for n in range(count)
    )  # fmt: skip
    Subscription.objects.bulk_create(
        factories.subscription(customer, quantity=n % 9 + 1) for n, customer in enumerate(made)
    )
    partner.customer_count = partner.subscription_count = count + 1
    partner.save()


def queries(client: Client, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return [query["sql"] for query in captured]


def region(html: str) -> str:
    return html[html.index('<div id="list"') : html.index("</section>\n</div>")]


def test_the_list_shows_our_customers_only(client: Client, theirs_user: User) -> None:
    text = client.get("/customers/").content.decode()
    assert "Fabrikam Robotics" in text
    assert "Northwind Traders" not in text


def test_ten_or_ten_thousand_rows_take_the_same_few_queries(client: Client, partner: Partner) -> None:
    fill(partner, 10)
    few = {url: queries(client, url) for url in LISTS}
    fill(partner, 10_000)
    for url in LISTS:
        many = queries(client, url)
        # One is the person's own views. A search that finds nothing looks for a misspelt name in up to three steps.
        assert len(many) <= (7 if "nobody" in url else 6), f"{url}\n" + "\n".join(many)
        assert len(many) <= len(few[url]), url
        assert not any("COUNT(" in sql and "customers_" in sql for sql in many), "nobody counts the whole list"


@pytest.mark.parametrize(
    "path", ["/customers/", "/subscriptions/", "/customers/?q=fab&sort=-subs", "/customers/?market=zz"]
)
def test_the_part_equals_the_region_of_the_page(client: Client, partner: Partner, path: str) -> None:
    fill(partner, 60)
    page, part = client.get(path), client.get(path, headers=HTMX)
    assert b"<html" not in part.content
    assert region(page.content.decode()) == region(part.content.decode())
    assert "HX-Request" in page["Vary"] and "HX-Request" in part["Vary"]  # noqa: PT018 - one fact


@pytest.mark.parametrize("sort", ["", "-name", "subs", "-licenses", "next", "-next"])
def test_following_next_meets_every_row_once(client: Client, partner: Partner, sort: str) -> None:
    fill(partner, 120)
    url, seen = f"/customers/?sort={sort}", []
    while url:
        html = client.get(url).content.decode()
        seen += re.findall(r'class="prim" href="/customers/([^/]+)/"', html)
        following = re.search(r'rel="next" href="([^"]+)"', html)
        url = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 121


def test_the_footer_counts_and_the_head_says_the_order(client: Client, partner: Partner) -> None:
    fill(partner, 120)
    html = client.get("/customers/?sort=-licenses").content.decode()
    assert "1–50 of 121" in html
    assert '<th scope="col" class="nowrap" aria-sort="descending">' in html
    assert "101–121 of 121" in client.get("/customers/?page=last").content.decode()
    assert "1–50 of 120" in client.get("/customers/?q=customer").content.decode()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("market=Germany", "A market is a country code of two letters, for example US."),
        ("reseller=somebody", "A reseller is named by its Microsoft ID"),
        ("renewing=7", "“7” is not a number of days that can be chosen: 30, 60 or 90."),
        ("extended=maybe", "“maybe” is not a choice for extended term."),
        ("q=" + "x" * 300, "The search text is too long."),
        ("sort=domain", "This list cannot be sorted by “domain”."),
    ],
)
def test_a_value_that_means_nothing_is_told_and_not_applied(client: Client, query: str, sentence: str) -> None:
    response = client.get(f"/customers/?{query}")
    html = response.content.decode()
    assert response.status_code == 200
    assert sentence in html
    assert "Fabrikam Robotics" in html


@pytest.mark.parametrize(
    "query", ["after=rubbish", "before=%E2%80%99", "page=99", "after=&before=", "page=last&after=x.y"]
)
def test_a_damaged_place_is_the_first_page(client: Client, query: str) -> None:
    assert "Fabrikam Robotics" in client.get(f"/customers/?{query}").content.decode()


def test_an_empty_list_tells_why(client: Client, partner: Partner) -> None:
    html = client.get("/customers/?q=fabrikm&market=DE").content.decode()
    assert "No customer matches “fabrikm”" in html
    assert "Market: DE." in html
    assert re.search(r"Closest name: <a [^>]+>Fabrikam Robotics</a>", html)
    Customer.objects.within(Scope(partner_id=partner.pk)).delete()
    assert "No customers yet" in client.get("/customers/").content.decode()


def test_names_are_escaped_in_rows_and_cards(client: Client, partner: Partner) -> None:
    factories.make_customer(partner, '<script>alert("x")</script>')
    html = client.get("/customers/?q=alert").content.decode()
    assert html.count("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;") == 2
    assert "<script>alert" not in html


def test_assigned_licenses_show_only_where_known(client: Client, partner: Partner) -> None:
    row = factories.make_customer(partner, "Known", license_count=139, assigned_license_count=85)
    factories.make_customer(partner, "Unknown", license_count=77)
    html = client.get("/customers/?q=known").content.decode()
    assert html.count('aria-label="85 of 139 licenses assigned"') == 2
    assert html.count('<svg class="meter"') == 2
    assert "85 <small>of 139</small>" in client.get(f"/customers/{row.tenant_id}/").content.decode()


def test_the_chart_is_a_page_and_a_part(client: Client, partner: Partner) -> None:
    customer = Customer.objects.within(Scope(partner_id=partner.pk)).get()
    ends = clock.now() + timedelta(days=8)
    for outcome in ("renew", "silent_est", "cancel"):
        factories.make_subscription(customer, commitment_ends_at=ends, end_of_term=outcome)
    page, part = client.get("/customers/renewals/"), client.get("/customers/renewals/", headers=HTMX)
    assert b"<h1>Renewals</h1>" in page.content
    assert b"<html" not in part.content
    text = " ".join(part.content.decode().split())
    assert "1 renew, 1 lapse, 1 go to extended term" in text
    assert "<b>1 subscription</b> goes to extended term" in text
    assert "<b>3 terms</b> end in the next 60 days" in text


@pytest.mark.parametrize("path", ["/customers/choices/market/", "/customers/choices/reseller/?q=fab"])
def test_menus_load_later_and_keep_the_filters(client: Client, partner: Partner, path: str) -> None:
    factories.make_customer(partner, "Fabrikam Two", country="DE", reseller=factories.make_reseller(partner))
    html = client.get(path, headers=HTMX).content.decode()
    assert "<html" not in html
    assert ("/customers/?market=DE" in html) or ("q=fab&amp;reseller=" in html)
    assert client.get("/customers/choices/password/").status_code == 404


@pytest.fixture
def paths(partner: Partner) -> dict[str, str]:
    customer = Customer.objects.within(Scope(partner_id=partner.pk)).get()
    row = factories.make_subscription(customer)
    return {"customer": f"/customers/{customer.tenant_id}/", "subscription": f"/subscriptions/{row.subscription_id}/"}


@pytest.mark.parametrize("what", ["customer", "subscription"])
def test_a_foreign_object_is_not_found(
    client: Client, theirs_user: User, client_for: Callable[[User], Client], paths: dict[str, str], what: str
) -> None:
    assert client.get(paths[what]).status_code == 200
    stranger = client_for(theirs_user)
    assert stranger.get(paths[what]).status_code == 404
    assert stranger.get(paths[what], headers=HTMX).status_code == 404
    assert client.get(f"/{what}s/{uuid.uuid4()}/").status_code == 404
    assert client.get(f"/{what}s/not-an-id/").status_code == 404


@pytest.mark.parametrize("role", ["admin_agent", "sales_agent", "helpdesk_agent", "billing_admin"])
def test_every_role_reads_and_only_sellers_order(
    partner: Partner, client_for: Callable[[User], Client], paths: dict[str, str], role: str
) -> None:
    person = client_for(factories.make_member(partner, roles=(role,)))
    for path in ("/customers/", "/customers/renewals/", "/subscriptions/", *paths.values()):
        assert person.get(path).status_code == 200
    sells = b"New order" in person.get(paths["customer"]).content
    assert sells == (role in ("admin_agent", "sales_agent"))


def test_nobody_reads_without_a_sign_in(paths: dict[str, str]) -> None:
    for path in (
        "/customers/",
        "/customers/renewals/",
        "/customers/choices/market/",
        "/subscriptions/",
        *paths.values(),
    ):
        assert Client().get(path).status_code == 302


def test_the_customer_page_lists_its_own_subscriptions(client: Client, partner: Partner, paths: dict[str, str]) -> None:
    scope = Scope(partner_id=partner.pk)
    other = factories.make_customer(partner, "Other Customer")
    factories.make_subscription(other, name="Not of this customer")
    refresh_summaries(scope, customer_ids=None, as_of=clock.now())
    html = client.get(paths["customer"]).content.decode()
    assert "Microsoft 365 Business Premium" in html
    assert "Not of this customer" not in html
    assert "1–1 of 1" in html
    assert len(queries(client, paths["customer"])) <= 6
    part: Any = client.get(paths["customer"] + "?sort=-ends", headers=HTMX)
    assert b"<h1" not in part.content
