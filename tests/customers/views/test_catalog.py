"""The catalog of one customer: its prices, and the way into the cart."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.models import CartLine, Customer, Sku
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def sku() -> Sku:
    sku = factories.make_sku()
    factories.make_price(sku, term="P1M", unit_price="26.40")
    factories.make_price(sku, unit_price="264.00")
    factories.make_price(sku, term="P3Y", plan="triennial", unit_price="756.00")
    return sku


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


def page_of(customer: Customer) -> str:
    return reverse("customers:catalog", args=[customer.tenant_id])


def add(
    client: Client, customer: Customer, reference: str = "CFQ7TTC0LCHC:0002", *, htmx: bool = False, **fields: Any
) -> Any:
    data = {"offer": "P1Y:monthly", "quantity": "25", "submission_key": str(uuid.uuid4()), "q": "premium", **fields}
    where = reverse("customers:catalog_add", args=[customer.tenant_id, reference])
    return client.post(where, data, headers=HTMX if htmx else {})


def text_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def lines(scope: Scope) -> list[tuple[int, str, str, int]]:
    rows = CartLine.objects.within(scope).order_by("number")
    return [(row.number, row.term_duration, row.billing_cycle, row.quantity) for row in rows]


class TestSearch:
    @pytest.mark.parametrize("text", ["", "premium", "business PREMIUM", "CFQ7TTC0LCHC:0002", "cfq7ttc0lchc"])
    def test_finds_by_name_and_id_with_every_price(
        self, client: Client, customer: Customer, sku: Sku, text: str
    ) -> None:
        shown = text_of(client.get(page_of(customer), {"q": text}))
        assert "1 month, monthly $26.40 $26.40 $26.40" in shown
        assert "1 year, monthly $22.00 $22.00 $264.00" in shown
        assert "3 years, every 3 years $21.00 $756.00 $756.00" in shown
        assert shown.count("current-november-2026.csv, 1 Nov 2026") == 1

    def test_only_what_is_offered_can_be_chosen(self, client: Client, customer: Customer, sku: Sku) -> None:
        body = client.get(page_of(customer)).content.decode()
        assert re.findall(r'<option value="([^"]+)"', body) == ["P1M:monthly", "P1Y:monthly", "P3Y:triennial"]

    def test_prices_are_the_customers_own(self, client: Client, customer: Customer, sku: Sku) -> None:
        school = factories.make_customer(customer.partner, "School of Fine Art", qualification="Education")
        factories.make_price(sku, unit_price="36.00", segment="Education")
        assert "$3.00" in text_of(client.get(page_of(school)))
        assert "$3.00" not in text_of(client.get(page_of(customer)))

    def test_without_a_price_it_says_why(self, client: Client, customer: Customer) -> None:
        factories.make_price(factories.make_sku("Visio Plan 2", "CFQ7TTC0HD32:0002"), market="DE", currency="EUR")
        shown = text_of(client.get(page_of(customer), {"q": "visio"}))
        assert "No product with a price for this customer matches “visio”" in shown
        assert "Visio Plan 2 has no price in the market US, only in DE." in shown

    def test_a_slip_of_the_keyboard_leads_to_the_closest_name(
        self, client: Client, customer: Customer, sku: Sku
    ) -> None:
        shown = text_of(client.get(page_of(customer), {"q": "busines premum"}))
        assert "Closest name: Microsoft 365 Business Premium" in shown

    def test_nothing_imported_yet(self, client: Client, customer: Customer) -> None:
        assert "No imported price list has a price in USD" in text_of(client.get(page_of(customer)))

    @pytest.mark.parametrize(
        "query",
        [
            {"q": "x" * 5000},
            {"q": "%_\\'\""},
            {"after": "no such place"},
            {"q": "a", "after": "€" * 900},
        ],
    )
    def test_odd_addresses_answer(self, client: Client, customer: Customer, sku: Sku, query: dict[str, str]) -> None:
        assert client.get(page_of(customer), query).status_code == 200

    def test_what_was_typed_is_text(self, client: Client, customer: Customer, sku: Sku) -> None:
        body = client.get(page_of(customer), {"q": "<script>alert(1)</script>"}).content.decode()
        assert "<script>alert" not in body

    def test_pages_and_their_region(self, client: Client, customer: Customer) -> None:
        for number in range(27):
            factories.make_price(factories.make_sku(f"Product {number:02}", f"CFQ7TTC1{number:04}:0002"))
        first = client.get(page_of(customer), {"q": "product"}, headers=HTMX)
        assert first.content.decode().lstrip().startswith('<section id="results"')
        assert first.content.decode().count("<article") == 25
        following = re.search(r'rel="next" href="([^"]+)"', first.content.decode())
        assert following
        second = client.get(page_of(customer) + following[1].replace("&amp;", "&"))
        assert "Product 26" in text_of(second)
        assert second.content.decode().count("<article") == 2

    def test_queries_do_not_grow_with_products(self, client: Client, customer: Customer, sku: Sku) -> None:
        client.get(page_of(customer))
        with CaptureQueriesContext(connection) as few:
            client.get(page_of(customer))
        for number in range(15):
            factories.make_price(factories.make_sku(f"Product {number}", f"CFQ7TTC1{number:04}:0002"))
        with CaptureQueriesContext(connection) as many:
            assert client.get(page_of(customer)).content.decode().count("<article") == 16
        assert len(many) <= len(few)


class TestAdd:
    def test_without_script_it_leads_to_the_cart(
        self, client: Client, ours: Scope, customer: Customer, sku: Sku
    ) -> None:
        answer = add(client, customer)
        assert answer.status_code == 302
        assert lines(ours) == [(1, "P1Y", "monthly", 25)]
        assert "Line 1 added: 25 × Microsoft 365 Business Premium." in text_of(client.get(answer["Location"]))

    def test_with_htmx_the_product_says_it_and_gets_a_new_key(
        self, client: Client, ours: Scope, customer: Customer, sku: Sku
    ) -> None:
        key = str(uuid.uuid4())
        body = add(client, customer, htmx=True, submission_key=key).content.decode()
        assert body.lstrip().startswith('<article class="card product"')
        assert "Line 1 added: 25 × Microsoft 365 Business Premium." in body
        assert key not in body
        assert lines(ours) == [(1, "P1Y", "monthly", 25)]

    @pytest.mark.parametrize("htmx", [False, True])
    def test_a_double_click_is_one_line(
        self, client: Client, ours: Scope, customer: Customer, sku: Sku, htmx: bool
    ) -> None:
        key = str(uuid.uuid4())
        for _ in range(2):
            add(client, customer, submission_key=key, htmx=htmx)
        assert len(lines(ours)) == 1

    @pytest.mark.parametrize("htmx", [False, True])
    @pytest.mark.parametrize(
        ("fields", "control"),
        [
            ({"quantity": "-1"}, "quantity"),
            ({"quantity": "0"}, "quantity"),
            ({"quantity": "many"}, "quantity"),
            ({"quantity": ""}, "quantity"),
            ({"quantity": "9" * 30}, "quantity"),
            ({"offer": "P1Y:annual"}, "offer"),
            ({"offer": "forever"}, "offer"),
            ({"offer": ""}, "offer"),
        ],
    )
    def test_what_cannot_be_is_told_beside_its_field(
        self,
        client: Client,
        ours: Scope,
        customer: Customer,
        sku: Sku,
        fields: dict[str, str],
        control: str,
        htmx: bool,
    ) -> None:
        answer = add(client, customer, htmx=htmx, **fields)
        body = answer.content.decode()
        assert answer.status_code == 422
        assert f'aria-describedby="{control}-{sku.pk}-err"' in body
        if fields.get("quantity"):
            assert f'value="{fields["quantity"]}"' in body
        if not htmx:
            assert "<title>Error: " in body
            assert 'name="q" value="premium"' in body
        assert lines(ours) == []

    def test_the_address_of_a_refused_form_leads_to_the_product(self, client: Client, customer: Customer) -> None:
        answer = client.get(reverse("customers:catalog_add", args=[customer.tenant_id, "CFQ7TTC0LCHC:0002"]))
        assert answer["Location"] == f"{page_of(customer)}?q=CFQ7TTC0LCHC%3A0002"

    def test_a_product_that_is_not_there(self, client: Client, ours: Scope, customer: Customer, sku: Sku) -> None:
        for reference in ("CFQ7TTC0LCHC:9999", "nothing", "1"):
            assert add(client, customer, reference).status_code == 404

    def test_another_tenants_customer_is_not_found(
        self, theirs_user: User, theirs: Scope, client_for: Any, customer: Customer, sku: Sku
    ) -> None:
        client = client_for(theirs_user)
        assert client.get(page_of(customer)).status_code == 404
        assert client.get(page_of(customer), headers=HTMX).status_code == 404
        assert add(client, customer).status_code == 404
        assert lines(theirs) == []

    @pytest.mark.parametrize("role", ["helpdesk_agent", "billing_admin"])
    def test_others_see_prices_and_why_they_cannot_order(
        self, ours_user: User, ours: Scope, client_for: Any, customer: Customer, sku: Sku, role: str
    ) -> None:
        client = client_for(factories.make_member(ours_user.current_membership.partner, roles=(role,)))
        answer = client.get(page_of(customer))
        assert "$22.00" in text_of(answer)
        assert "This needs the role Admin agent or Sales agent." in text_of(answer)
        assert "Add to cart" not in text_of(answer)
        assert add(client, customer).status_code == 403
        assert lines(ours) == []
