"""Every list as a file: exactly what is filtered, all pages, harmless cells, flat memory."""

from __future__ import annotations

import csv
import io
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from customers.models import Cart, Customer, IndirectReseller, Order, Sku, Subscription, Ticket
from customers.services import customers, end_of_term
from portal.core import clock, exports
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
EVIL = "=cmd|'/c calc'!A1"
EVERYTHING = Scope.for_operator()


@dataclass(frozen=True)
class List:
    """A list: its page, its file, the column that names a row, how the page links that row, and some filters."""

    page: str
    file: str
    column: str
    link: str
    queries: tuple[str, ...]


SUBSCRIPTION = r'class="prim" href="/subscriptions/([0-9a-f-]{36})/"'
LISTS = {
    "customers": List(
        "/customers/", "/customers.csv", "Microsoft ID", r'class="prim" href="/customers/([0-9a-f-]{36})/"',
        ("", "?market=DE", "?q=acme&sort=-name", "?reseller=direct", "?renewing=30", "?extended=1&sort=licenses"),
    ),
    "subscriptions": List(
        "/subscriptions/", "/subscriptions.csv", "SubscriptionId", SUBSCRIPTION,
        ("", "?q=visio", "?status=active&outcome=est&sort=ends", "?ending=30", "?term=P1M&sort=-licenses", "?record=problem"),
    ),
    "renewals": List(
        "/renewals/", "/renewals.csv", "SubscriptionId", SUBSCRIPTION,
        ("", "?within=30", "?outcome=silent_est&sort=-stake", "?sort=-stake", "?sort=stake", "?q=visio&within=60", "?q=acme", "?q=bellows%20005", "?unpriced=1", "?term=P3Y"),
    ),
    "duplicates": List(
        "/subscriptions/duplicates/", "/subscriptions/duplicates.csv", "SubscriptionId", SUBSCRIPTION, ("", "?sort=-name"),
    ),
    "orders": List(
        "/orders/", "/orders.csv", "OrderId", r'class="prim mono" href="/orders/([^/"]+)/"', ("", "?q=acme&sort=placed"),
    ),
    "support": List(
        "/support/", "/support.csv", "TicketId", r'class="prim" href="/support/\?tid=(\d+)"',
        ("", "?sort=opened", "?q=acme", "?status=closed", "?status=not_closed&q=bellows&sort=opened"),
    ),
}  # fmt: skip


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


@pytest.fixture(autouse=True)
def _rows(ours_user: User, theirs_user: User) -> None:
    """More than two pages of everything, for us and for somebody else."""
    factories.make_price(factories.make_sku(), unit_price="264.00")
    for user in (ours_user, theirs_user):
        fill(user)
    end_of_term.refresh(EVERYTHING, subscription_ids=None, as_of=clock.now())
    customers.refresh_summaries(EVERYTHING, customer_ids=None, as_of=clock.now())


def fill(user: User) -> None:
    now = clock.now()
    partner = user.current_membership.partner
    reseller = factories.make_reseller(partner)
    for n in range(110):
        name = EVIL if n == 3 else f"{('Acme', 'Bellows')[n % 2]} {n:03}"
        customer = factories.make_customer(
            partner,
            name,
            country=("US", "DE")[n % 2],
            reseller=reseller if n % 3 else None,
            domain=f"d{n}.{partner.pk}.example",
        )
        row = factories.subscription(
            customer,
            name=("Visio Plan 1", "Microsoft 365 Business Premium")[n % 2],
            offer_id=("CFQ7TTC0LCHC:0002:X", "CFQ7TTC0ZZZZ:0001:X")[n % 4 == 0],
            quantity=n + 1,
            commitment_ends_at=now + timedelta(days=n % 80),
            effective_start_at=now - timedelta(days=100),
            term_duration=("P1Y", "P3Y", "P1M")[n % 3],
            auto_renew_enabled=n % 5 != 0,
            partner_of_record_state=("valid", "empty")[n % 2],
            duplicate_of_id=uuid.uuid4() if n % 2 else None,
            duplicate_help_until=now + timedelta(days=n + 1),
            unit_price=Decimal("120") if n % 3 else None,
            currency="USD" if n % 3 else "",
        )
        row.save()
        Order.objects.create(
            customer=customer, order_id=f"{partner.pk}{n:010}", created_at=now - timedelta(days=n),
            status="completed", currency="USD", billing_cycle="monthly",
        )  # fmt: skip
        Ticket.objects.create(
            partner=partner, customer=customer, ticket_id=f"{partner.pk:06}{n:010}", title=name, created_by=user,
            created_at=now - timedelta(days=n), modified_at=now, status=("open", "closed", "attention_needed")[n % 3],
        )  # fmt: skip


def shown(client: Client, url: str, pattern: str) -> list[str]:
    """The rows of every page of a list, in its order."""
    found: list[str] = []
    while url:
        html = client.get(url).content.decode()
        found += re.findall(pattern, html)
        following = re.search(r'rel="next" href="([^"]+)"', html)
        url = following[1].replace("&amp;", "&") if following else ""
    return found


def exported(client: Client, url: str) -> list[dict[str, str]]:
    response = client.get(url)
    assert response.status_code == 200, url
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(("name", "query"), [(name, query) for name, each in LISTS.items() for query in each.queries])
def test_a_file_has_the_rows_of_all_pages_in_their_order(client: Client, name: str, query: str) -> None:
    each = LISTS[name]
    on_pages = shown(client, each.page + query, each.link)
    in_file = [row[each.column] for row in exported(client, each.file + query)]
    assert in_file == on_pages
    assert in_file, "a filter that finds nothing proves nothing"


@pytest.mark.parametrize("name", LISTS)
def test_the_page_links_the_file_of_its_own_filters(client: Client, name: str) -> None:
    each = LISTS[name]
    for query in each.queries:
        html = client.get(each.page + query).content.decode()
        link = re.search(r'href="([^"]+)" download data-export', html)
        assert link, query
        assert [r[each.column] for r in exported(client, link[1].replace("&amp;", "&"))] == shown(
            client, each.page + query, each.link
        )


# Files whose lists are no tables of rows with a page each; their own tests stand below.
OTHERS = {
    "carts.csv",
    "subscriptions/<uuid:subscription_id>/history.csv",
    "customers/<uuid:tenant_id>/catalog.csv",
    "renewals/prices.csv",
    "renewals/prices/customers.csv",
}
ELSEWHERE = {"billing/<str:month>/reconciliation.csv"}


def test_every_list_that_has_a_file_is_tried_here() -> None:
    files = {str(p.pattern) for p in _patterns() if str(p.pattern).endswith(".csv")}
    assert files - OTHERS - ELSEWHERE == {each.file.lstrip("/") for each in LISTS.values()}
    assert files >= OTHERS


def test_announced_prices_have_the_lines_and_the_sums_of_all_customers(client: Client, ours: Scope) -> None:
    sku = Sku.objects.get()
    factories.make_price(sku, unit_price="300.00", view="future", start=clock.now() - timedelta(days=1))
    end_of_term.refresh(EVERYTHING, subscription_ids=None, as_of=clock.now())
    for query in ("", "?change=dearer", "?within=30&sort=-licenses"):
        on_pages = shown(client, f"/renewals/prices/{query}", SUBSCRIPTION)
        # The ten customers above the lines link to customers, not to subscriptions.
        lines = exported(client, f"/renewals/prices.csv{query}")
        assert [row["SubscriptionId"] for row in lines] == on_pages
        assert lines
        sums = exported(client, f"/renewals/prices/customers.csv{query}")
        assert sum(Decimal(row["ChangePerMonth"]) for row in sums) == sum(
            Decimal(row["ChangePerMonth"]) for row in lines
        )
        assert sums == sorted(sums, key=lambda row: -Decimal(row["ChangePerMonth"]))


def test_a_customers_page_leads_to_the_file_of_its_subscriptions(client: Client, ours: Scope) -> None:
    customer = Customer.objects.within(ours).filter(company_name__startswith="Acme").first()
    assert customer is not None
    for n in range(60):
        factories.make_subscription(customer, quantity=n + 1)
    page = f"/customers/{customer.tenant_id}/?sort=-licenses"
    link = re.search(r'href="([^"]+)" download data-export', client.get(page).content.decode())
    assert link
    in_file = [row["SubscriptionId"] for row in exported(client, link[1].replace("&amp;", "&"))]
    assert in_file == shown(client, page, SUBSCRIPTION)
    assert len(in_file) == 61


def test_carts_are_all_open_ones_or_those_that_expire(client: Client, ours: Scope, ours_user: User) -> None:
    now = clock.now()
    for n, customer in enumerate(Customer.objects.within(ours)):
        Cart.objects.create(
            customer=customer, created_at=now, modified_at=now - timedelta(minutes=n), modified_by=ours_user,
            expires_at=now + timedelta(hours=n + 1, minutes=30),
        )  # fmt: skip
    assert len(exported(client, "/carts.csv")) == 111
    soon = exported(client, "/carts.csv?expiring=1")
    assert len(soon) == 47
    page = client.get("/carts/?expiring=1").content.decode()
    assert re.findall(r'class="prim" href="/carts/([0-9a-f-]{36})/"', page) == [row["CartId"] for row in soon]
    assert 'href="/carts.csv?expiring=1" download data-export' in page


def test_the_catalog_has_the_prices_of_every_page(client: Client, ours: Scope) -> None:
    for n in range(60):
        sku = factories.make_sku(f"Product {n:02}", f"CFQ7TTC1{n:04}:0001")
        factories.make_price(sku, unit_price=f"{n + 1}.00")
        factories.make_price(sku, unit_price=f"{n + 1}.00", plan="annual")
    customer = Customer.objects.within(ours).filter(country="US").first()
    assert customer is not None
    rows = exported(client, f"/customers/{customer.tenant_id}/catalog.csv?q=product")
    assert len(rows) == 120
    assert len({row["ProductId"] for row in rows}) == 60
    assert {row["Currency"] for row in rows} == {"USD"}
    assert client.get(f"/customers/{uuid.uuid4()}/catalog.csv").status_code == 404


def _patterns() -> list[object]:
    resolver = next(r for r in get_resolver().url_patterns if getattr(r, "app_name", "") == "customers")
    return list(resolver.url_patterns)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", LISTS)
def test_no_cell_is_a_formula_and_no_row_is_foreign(client: Client, name: str, theirs: Scope) -> None:
    each = LISTS[name]
    rows = exported(client, each.file)
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "@", "\t", "\r"))]
    foreign = {str(key) for key in Customer.objects.within(theirs).values_list("tenant_id", flat=True)}
    foreign |= {str(key) for key in Subscription.objects.within(theirs).values_list("subscription_id", flat=True)}
    assert not foreign & {cell for row in rows for cell in row.values()}


def test_customers_begin_with_the_documented_columns(client: Client) -> None:
    rows = exported(client, "/customers.csv?market=DE")
    assert list(rows[0])[:4] == ["Microsoft ID", "Company name", "Primary domain name", "Relationship"]
    assert {row["Relationship"] for row in rows} == {"Cloud Reseller"}
    assert {row["Market"] for row in rows} == {"DE"}


def test_a_renewal_without_a_price_has_an_empty_cell_not_zero(client: Client) -> None:
    rows = exported(client, "/renewals.csv")
    assert {row["AtStakePerMonth"] for row in rows if not row["CurrencyCode"]} == {""}
    assert [row for row in rows if row["CurrencyCode"] == "USD"]


@pytest.mark.parametrize("name", LISTS)
def test_rows_are_read_in_portions(client: Client, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many queries with a hundred rows as with ten: the rows come from one cursor."""
    each = LISTS[name]

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            exported(client, each.file)
        return len(asked)

    many = cost()
    monkeypatch.setattr(exports, "CHUNK", 10)
    assert cost() == many


def test_an_unknown_sort_or_filter_is_as_on_the_page(client: Client) -> None:
    assert [r["SubscriptionId"] for r in exported(client, "/renewals.csv?sort=price&term=P9Y")] == shown(
        client, "/renewals/?sort=price&term=P9Y", SUBSCRIPTION
    )


def test_nobody_exports_without_a_sign_in() -> None:
    assert IndirectReseller.objects.within(EVERYTHING).exists()
    for each in LISTS.values():
        assert Client().get(each.file).status_code == 302
