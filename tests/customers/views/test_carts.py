"""The cart pages: edited in place, with and without script, and never by somebody who may not."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.models import Cart, CartLine, Customer, Sku
from customers.services import cart as service
from portal.core import clock
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
OPEN = datetime(9999, 12, 31, tzinfo=UTC)


@pytest.fixture
def sku() -> Sku:
    sku = factories.make_sku()
    factories.make_price(sku, term="P1M", unit_price="26.40")
    factories.make_price(sku, unit_price="264.00")
    factories.make_price(sku, plan="annual", unit_price="252.00")
    return sku


@pytest.fixture
def cart(ours: Scope, sku: Sku) -> Cart:
    """Line 1: 25 licenses, 1 year, billed monthly."""
    now = clock.now()
    customer = Customer.objects.within(ours).get()
    cart = service.open_for(ours, customer_id=customer.pk, as_of=now)
    add(ours, cart, sku)
    return fresh(ours, cart)


def add(
    scope: Scope, cart: Cart, sku: Sku, *, term: str = "P1Y", cycle: str = "monthly", quantity: int = 25
) -> CartLine:
    return service.add_line(
        scope, cart_id=cart.cart_id, sku_id=sku.pk, term_duration=term, billing_cycle=cycle, quantity=quantity,
        submission_key=uuid.uuid4(), as_of=clock.now(),
    )  # fmt: skip


def fresh(scope: Scope, cart: Cart) -> Cart:
    return Cart.objects.within(scope).get(pk=cart.pk)


def stored(scope: Scope, cart: Cart, number: int = 1) -> tuple[str, str, int]:
    line = CartLine.objects.within(scope).get(cart=cart, number=number)
    return line.term_duration, line.billing_cycle, line.quantity


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


def page_of(cart: Cart) -> str:
    return reverse("customers:cart", args=[cart.cart_id])


def send(client: Client, cart: Cart, *, number: int = 1, htmx: bool = False, **fields: Any) -> Any:
    data = {"offer": "P1Y:monthly", "quantity": "25", "op": "update", "version": cart.version, **fields}
    where = reverse("customers:cart_line", args=[cart.cart_id, number])
    return client.post(where, data, headers=HTMX if htmx else {})


def text_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


class TestPage:
    def test_shows_price_terms_and_where_the_price_is_from(self, client: Client, cart: Cart) -> None:
        body = client.get(page_of(cart))
        assert body.status_code == 200
        shown = text_of(body)
        assert "Cart for Fabrikam Robotics" in shown
        assert "$22.00 $264.00 / 1 year" in shown
        assert "Per month $550.00" in shown
        assert "current-november-2026.csv, 1 Nov 2026" in shown
        assert "No promotion" in shown

    def test_a_promotion_takes_off_and_the_list_price_is_struck(
        self, client: Client, ours: Scope, cart: Cart, sku: Sku
    ) -> None:
        factories.make_promotion(ends_at=OPEN)
        add(ours, cart, sku, cycle="annual", quantity=10)
        body = client.get(page_of(cart))
        shown = text_of(body)
        assert "25% off Launch offer" in shown
        assert "<s>$210.00</s>" in body.content.decode()
        assert "List price $760.00 Promotions −$52.50 Per month $707.50" in shown
        assert "Billed monthly $550.00 Billed yearly $1,890.00" in shown

    def test_only_a_line_without_promotion_asks_why(self, client: Client, ours: Scope, cart: Cart, sku: Sku) -> None:
        factories.make_promotion(ends_at=OPEN)
        add(ours, cart, sku, cycle="annual", quantity=10)
        body = client.get(page_of(cart)).content.decode()
        assert body.count("Find out why") == 1
        assert f'name="cart_id" value="{cart.cart_id}"' in body
        assert 'name="line" value="1"' in body

    def test_a_line_that_lost_its_price_says_so_and_is_in_no_total(
        self, client: Client, ours: Scope, cart: Cart, sku: Sku
    ) -> None:
        other = factories.make_sku("Visio Plan 2", "CFQ7TTC0HD32:0002")
        row = factories.make_price(other, unit_price="120.00")
        add(ours, cart, other, quantity=3)
        row.withdrawn_at = clock.now()
        row.save()
        shown = text_of(client.get(page_of(cart)))
        assert "No price" in shown
        assert "withdrawn on" in shown
        assert "Not included: line 2, without a price to buy at." in shown
        assert "Per month $550.00" in shown

    def test_a_product_at_the_end_of_its_sale_is_priced_but_not_sold(
        self, client: Client, ours: Scope, cart: Cart
    ) -> None:
        other = factories.make_sku("Visio Plan 2", "CFQ7TTC0HD32:0002")
        row = factories.make_price(other, unit_price="120.00", plan="annual")
        add(ours, cart, other, cycle="annual", quantity=3)
        row.view = "eos"
        row.save()
        shown = text_of(client.get(page_of(cart)))
        assert "$30.00" in shown
        assert "Not included: line 2" in shown
        assert "Per month $550.00" in shown
        assert "Billed yearly" not in shown

    def test_without_script_every_control_belongs_to_a_form_of_its_line(self, client: Client, cart: Cart) -> None:
        body = client.get(page_of(cart)).content.decode()
        assert '<form id="line-1" method="post"' in body
        assert body.count('form="line-1"') == 5
        assert "style=" not in body
        first_button = body.index("<button", body.index('<form id="line-1"'))
        assert 'value="update"' in body[first_button : first_button + 120]  # what Enter in the number presses

    def test_an_empty_cart_leads_to_the_catalog(self, client: Client, ours: Scope, cart: Cart) -> None:
        send(client, cart, op="remove")
        body = client.get(page_of(cart))
        assert "This cart is empty" in text_of(body)
        assert reverse("customers:catalog", args=[cart.customer.tenant_id]) in body.content.decode()

    def test_names_are_text(self, client: Client, ours: Scope, cart: Cart) -> None:
        Customer.objects.within(ours).update(company_name="<script>alert(1)</script>")
        assert "<script>alert" not in client.get(page_of(cart)).content.decode()

    def test_the_region_is_the_same_bytes_in_the_page_and_alone(self, client: Client, cart: Cart) -> None:
        whole = client.get(page_of(cart))
        part = client.get(page_of(cart), headers=HTMX)
        assert "HX-Request" in part["Vary"]
        assert "<html" not in part.content.decode()
        unmask = re.compile(r'(csrfmiddlewaretoken" value=")\w+')
        assert unmask.sub(r"\1", part.content.decode()).strip() in unmask.sub(r"\1", whole.content.decode())

    def test_queries_do_not_grow_with_lines(self, client: Client, ours: Scope, cart: Cart, sku: Sku) -> None:
        client.get(page_of(cart))
        with CaptureQueriesContext(connection) as few:
            client.get(page_of(cart))
        for number in range(12):
            other = factories.make_sku(f"Product {number}", f"CFQ7TTC1{number:04}:0002")
            factories.make_price(other)
            add(ours, cart, other)
        with CaptureQueriesContext(connection) as many:
            assert text_of(client.get(page_of(cart))).count("Find out why") == 13
        assert len(many) <= len(few)


class TestChange:
    def test_without_script_it_saves_and_leads_back(self, client: Client, ours: Scope, cart: Cart) -> None:
        answer = send(client, cart, offer="P1Y:annual", quantity="12")
        assert (answer.status_code, answer["Location"]) == (302, page_of(cart))
        assert stored(ours, cart) == ("P1Y", "annual", 12)
        assert "Line 1 changed." in text_of(client.get(page_of(cart)))

    def test_with_htmx_it_answers_the_region_and_says_it(self, client: Client, ours: Scope, cart: Cart) -> None:
        answer = send(client, cart, quantity="10", htmx=True)
        body = answer.content.decode()
        assert answer.status_code == 200
        assert body.lstrip().startswith('<section id="cart-lines"')
        assert 'id="say" hx-swap-oob="innerHTML">Line 1 changed. Per month $220.00.' in body
        assert stored(ours, cart) == ("P1Y", "monthly", 10)

    @pytest.mark.parametrize(("op", "quantity"), [("fewer", 24), ("more", 26)])
    def test_the_buttons_count_from_what_is_typed(
        self, client: Client, ours: Scope, cart: Cart, op: str, quantity: int
    ) -> None:
        send(client, cart, op=op)
        assert stored(ours, cart)[2] == quantity

    def test_remove(self, client: Client, ours: Scope, cart: Cart) -> None:
        assert send(client, cart, op="remove").status_code == 302
        assert not CartLine.objects.within(ours).filter(cart=cart).exists()

    def test_after_a_removal_focus_is_on_the_next_line(self, client: Client, ours: Scope, cart: Cart, sku: Sku) -> None:
        add(ours, cart, sku)
        body = send(client, fresh(ours, cart), op="remove", htmx=True).content.decode()
        assert re.search(r'<a class="prim"[^>]* autofocus>', body)
        body = send(client, fresh(ours, cart), number=2, op="remove", htmx=True).content.decode()
        assert re.search(r"<h1[^>]* autofocus>", body)

    @pytest.mark.parametrize(
        "typed", ["-1", "0", "", "abc", "1.5", "1,000", "9" * 9, "9" * 300, "２５", "<b>", "25; --"]
    )
    @pytest.mark.parametrize("htmx", [False, True])
    def test_a_bad_number_is_told_beside_the_field_and_kept(
        self, client: Client, ours: Scope, cart: Cart, typed: str, htmx: bool
    ) -> None:
        answer = send(client, cart, quantity=typed, htmx=htmx)
        assert answer.status_code == 422
        body = answer.content.decode()
        assert 'aria-describedby="quantity-1-err"' in body
        assert "<b>" not in re.sub(r"<b>(?=[$\d])", "", body[body.index('id="quantity-1"') :][:300])
        line = answer.context["lines"][0]
        assert line.quantity == typed[:40]
        assert line.errors["quantity"]
        assert stored(ours, cart) == ("P1Y", "monthly", 25)
        assert fresh(ours, cart).version == cart.version

    def test_fewer_than_one_is_refused(self, client: Client, ours: Scope, cart: Cart) -> None:
        answer = send(client, cart, quantity="1", op="fewer")
        assert answer.status_code == 422
        assert "At least 1 license." in text_of(answer)

    @pytest.mark.parametrize("offer", ["P3Y:triennial", "P1Y", "", ":", "monthly:P1Y", "P1Y:monthly:x", "'; DROP"])
    def test_terms_that_are_not_offered(self, client: Client, ours: Scope, cart: Cart, offer: str) -> None:
        answer = send(client, cart, offer=offer)
        assert answer.status_code == 422
        assert 'aria-describedby="offer-1-err"' in answer.content.decode()
        assert stored(ours, cart) == ("P1Y", "monthly", 25)

    def test_the_address_of_a_refused_form_leads_to_the_cart(self, client: Client, cart: Cart) -> None:
        answer = client.get(reverse("customers:cart_line", args=[cart.cart_id, 1]))
        assert (answer.status_code, answer["Location"]) == (302, page_of(cart))


class TestConflict:
    @pytest.fixture
    def changed(self, ours_user: User, client_for: Any, ours: Scope, cart: Cart) -> Cart:
        """The cart as it is on screen; meanwhile a colleague has set line 1 to 12."""
        colleague = factories.make_member(ours_user.current_membership.partner, name="Jonas Weber")
        send(client_for(colleague), cart, quantity="12")
        return cart

    @pytest.mark.parametrize("htmx", [False, True])
    def test_says_who_did_what_and_keeps_what_was_typed(
        self, client: Client, ours: Scope, changed: Cart, htmx: bool
    ) -> None:
        answer = send(client, changed, quantity="40", htmx=htmx)
        assert answer.status_code == 409
        assert "Jonas Weber changed line 1: quantity 25 → 12" in text_of(answer)
        assert "Save mine" in text_of(answer)
        assert answer.context["lines"][0].quantity == "40"
        assert stored(ours, changed)[2] == 12

    def test_save_mine_carries_the_new_version(self, client: Client, ours: Scope, changed: Cart) -> None:
        answer = send(client, changed, quantity="40")
        version = re.search(r'name="version" value="(\d+)"', answer.content.decode())
        assert version
        assert send(client, changed, quantity="40", version=version[1]).status_code == 302
        assert stored(ours, changed)[2] == 40

    def test_removing_a_line_that_changed_asks_again(self, client: Client, ours: Scope, changed: Cart) -> None:
        answer = send(client, changed, op="remove")
        assert answer.status_code == 409
        assert 'name="op" value="remove">Save mine' in answer.content.decode()
        assert stored(ours, changed)[2] == 12

    def test_a_form_sent_twice_is_no_conflict(self, client: Client, ours: Scope, cart: Cart) -> None:
        for _ in range(2):
            assert send(client, cart, op="more").status_code == 302
        assert stored(ours, cart)[2] == 26

    def test_a_line_that_is_gone(self, client: Client, ours: Scope, cart: Cart) -> None:
        assert send(client, cart, op="remove").status_code == 302
        for seen in (cart, fresh(ours, cart)):  # the second of two clicks, and a page loaded since
            assert send(client, seen, op="remove").status_code == 302
            answer = send(client, seen, quantity="3")
            assert answer.status_code == 409
            assert "Line 1 is no longer in this cart." in text_of(answer)
            assert "Save mine" not in text_of(answer)

    @pytest.mark.parametrize("version", ["", "abc", "-1", "9" * 40])
    def test_a_form_without_a_version_changes_nothing(
        self, client: Client, ours: Scope, cart: Cart, version: str
    ) -> None:
        assert send(client, cart, quantity="40", version=version).status_code == 409
        assert stored(ours, cart)[2] == 25


class TestClosed:
    def test_an_expired_cart_can_be_read_and_a_new_one_started(self, client: Client, ours: Scope, cart: Cart) -> None:
        Cart.objects.within(ours).update(expires_at=clock.now() - timedelta(minutes=1))
        for answer in (client.get(page_of(cart)), send(client, cart, quantity="3")):
            assert "This cart expired on" in text_of(answer)
            assert "Start a new cart" in text_of(answer)
            assert 'id="line-1"' not in answer.content.decode()
        assert send(client, cart, quantity="3").status_code == 409
        started = client.post(reverse("customers:cart_open", args=[cart.customer.tenant_id]))
        assert started["Location"] != page_of(cart)

    def test_an_ordered_cart_is_read_only(self, client: Client, ours: Scope, cart: Cart) -> None:
        Cart.objects.within(ours).update(status="Ordered")
        answer = client.get(page_of(cart))
        assert "This cart was ordered" in text_of(answer)
        assert 'id="line-1"' not in answer.content.decode()


class TestWhoMay:
    @pytest.mark.parametrize("role", ["helpdesk_agent", "billing_admin"])
    def test_others_read_and_are_told_why(
        self, ours_user: User, ours: Scope, client_for: Any, cart: Cart, role: str
    ) -> None:
        client = client_for(factories.make_member(ours_user.current_membership.partner, roles=(role,)))
        answer = client.get(page_of(cart))
        assert "This needs the role Admin agent or Sales agent." in text_of(answer)
        assert "25 licenses" in text_of(answer)
        assert "<select" not in answer.content.decode()
        assert send(client, cart, quantity="3").status_code == 403
        assert client.post(reverse("customers:cart_open", args=[cart.customer.tenant_id])).status_code == 403
        assert "not open one" in text_of(client.get(reverse("customers:carts")))
        assert stored(ours, cart)[2] == 25

    def test_an_indirect_reseller_cannot_transact(self, client_for: Any) -> None:
        partner = factories.make_partner("Wingtip Resale", kind="indirect_reseller")
        customer = factories.make_customer(partner)
        client = client_for(factories.make_member(partner))
        assert client.post(reverse("customers:cart_open", args=[customer.tenant_id])).status_code == 403
        assert "look but not transact" in text_of(client.get(reverse("customers:carts")))

    def test_another_tenants_cart_is_not_found(
        self, theirs_user: User, theirs: Scope, ours: Scope, client_for: Any, cart: Cart
    ) -> None:
        client = client_for(theirs_user)
        for headers in ({}, HTMX):
            assert client.get(page_of(cart), headers=headers).status_code == 404
        assert send(client, cart, quantity="3").status_code == 404
        assert send(client, cart, op="remove").status_code == 404
        assert client.post(reverse("customers:cart_open", args=[cart.customer.tenant_id])).status_code == 404
        assert stored(ours, cart)[2] == 25

    def test_an_id_that_is_none(self, client: Client) -> None:
        assert client.get("/carts/not-a-guid/").status_code == 404
        assert client.get(reverse("customers:cart", args=[uuid.uuid4()])).status_code == 404

    def test_an_expired_session_mid_form_leads_to_the_sign_in_and_back(self, ours: Scope, cart: Cart) -> None:
        stranger = Client(headers={"referer": f"http://testserver{page_of(cart)}"})
        answer = send(stranger, cart, quantity="3")
        assert answer.status_code == 302
        assert page_of(cart) in answer["Location"]
        assert stored(ours, cart)[2] == 25


class TestList:
    def test_open_carts_of_the_tenant_newest_first(
        self, client: Client, theirs_user: User, client_for: Any, ours: Scope, cart: Cart
    ) -> None:
        old = factories.make_customer(cart.customer.partner, "Tailspin Toys")
        past = clock.now() - timedelta(days=8)
        Cart.objects.create(customer=old, created_at=past, modified_at=past, expires_at=past)
        shown = text_of(client.get(reverse("customers:carts")))
        assert "1 open cart " in shown
        assert "Fabrikam Robotics 1 line" in shown
        assert "Tailspin" not in shown
        assert "No open carts" in text_of(client_for(theirs_user).get(reverse("customers:carts")))

    def test_a_new_order_starts_from_a_customer(self, client: Client, ours: Scope) -> None:
        found = client.get(reverse("customers:carts"), {"customer": "fabri"}).content.decode()
        tenant_id = Customer.objects.within(ours).get().tenant_id
        where = reverse("customers:cart_open", args=[tenant_id])
        assert f'action="{where}"' in found
        first, second = client.post(where), client.post(where)
        assert first["Location"] == second["Location"]
        assert Cart.objects.within(ours).count() == 1
        assert client.get(where).status_code == 405
        assert "No customer matches “zzzz”" in text_of(client.get(reverse("customers:carts"), {"customer": "zzzz"}))

    def test_queries_do_not_grow_with_carts(self, client: Client, cart: Cart) -> None:
        client.get(reverse("customers:carts"))
        with CaptureQueriesContext(connection) as few:
            client.get(reverse("customers:carts"))
        for number in range(10):
            factories.make_customer(cart.customer.partner, f"Customer {number}")
        now = clock.now()
        Cart.objects.bulk_create(
            Cart(customer=row, created_at=now, modified_at=now, expires_at=now + timedelta(days=7))
            for row in Customer.objects.within(cart_scope(cart))
        )
        with CaptureQueriesContext(connection) as many:
            assert "12 open carts" in text_of(client.get(reverse("customers:carts")))
        assert len(many) <= len(few) <= 5


def cart_scope(cart: Cart) -> Scope:
    return Scope(partner_id=cart.customer.partner_id)
