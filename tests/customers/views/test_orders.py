"""The review page with its checkout, the orders list, and one order."""

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

from customers.models import Cart, Customer, IndirectReseller, Order, OrderLine, PriceRow, Sku, Subscription
from customers.services import cart as carts
from portal.core import clock
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
OPEN = datetime(9999, 12, 31, tzinfo=UTC)


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


@pytest.fixture
def reseller(ours_user: User) -> IndirectReseller:
    return factories.make_reseller(ours_user.current_membership.partner)


@pytest.fixture
def customer(ours: Scope, reseller: IndirectReseller) -> Customer:
    Customer.objects.within(ours).update(reseller=reseller)
    return Customer.objects.within(ours).get()


@pytest.fixture
def sku() -> Sku:
    sku = factories.make_sku()
    factories.make_price(sku, plan="annual", unit_price="252.00")
    return sku


@pytest.fixture
def cart(ours: Scope, customer: Customer, sku: Sku) -> Cart:
    factories.make_promotion(ends_at=OPEN)
    cart = carts.open_for(ours, customer_id=customer.pk, as_of=clock.now())
    add(ours, cart, sku)
    return cart


def add(scope: Scope, cart: Cart, sku: Sku, **fields: Any) -> None:
    values: dict[str, Any] = {"term_duration": "P1Y", "billing_cycle": "annual", "quantity": 10, **fields}
    carts.add_line(scope, cart_id=cart.cart_id, sku_id=sku.pk, submission_key=uuid.uuid4(), as_of=clock.now(), **values)


def review_of(cart: Cart) -> str:
    return reverse("customers:cart_review", args=[cart.cart_id])


def hidden(response: Any) -> dict[str, str]:
    """What the form on the page carries."""
    body = response.content.decode()
    found = dict(re.findall(r'<input type="hidden" name="(version|confirmed)" value="([^"]*)"', body))
    chosen = re.findall(r'<select [^>]*name="(reseller-\d+)".*?</select>', body, re.DOTALL)
    for name in chosen:
        part = body[body.index(f'name="{name}"') :]
        part = part[: part.index("</select>")]
        selected = re.search(r'<option value="([^"]*)" selected', part)
        found[name] = selected[1] if selected else ""
    return found


def place(client: Client, cart: Cart, shown: Any = None, **fields: Any) -> Any:
    """Look at the page, tick the box, press Place order."""
    shown = shown or client.get(review_of(cart))
    return client.post(review_of(cart), {**hidden(shown), "attested": "yes", "op": "order", **fields})


def text_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


class TestReview:
    def test_shows_lines_promotion_totals_and_reseller(self, client: Client, cart: Cart) -> None:
        shown = text_of(client.get(review_of(cart)))
        assert "Review order for Fabrikam Robotics" in shown
        assert "1 of 1 line can be ordered" in shown
        assert "25% off Launch offer" in shown
        assert "List price $210.00 Promotions −$52.50 Per month $157.50" in shown
        assert "First charge $1,890.00 Whole terms $1,890.00" in shown
        assert "Nod Publishers · 7654321" in shown
        assert "Place order" in shown

    def test_the_cart_leads_here(self, client: Client, cart: Cart) -> None:
        body = client.get(reverse("customers:cart", args=[cart.cart_id])).content.decode()
        assert f'href="{review_of(cart)}">Review and buy</a>' in body

    def test_an_unknown_agreement_says_what_to_do_and_has_no_button(
        self, client: Client, ours: Scope, cart: Cart
    ) -> None:
        Customer.objects.within(ours).update(agreement_accepted_at=None)
        shown = text_of(client.get(review_of(cart)))
        assert "It is not known that the customer accepted the Microsoft Customer Agreement. Have it accepted" in shown
        assert "Place order" not in shown

    def test_a_line_that_cannot_be_ordered_says_why(self, client: Client, ours: Scope, cart: Cart) -> None:
        other = factories.make_sku("Visio Plan 2", "CFQ7TTC0HD32:0002")
        row = factories.make_price(other, unit_price="120.00")
        add(ours, cart, other, billing_cycle="monthly")
        row.withdrawn_at = clock.now()
        row.save()
        shown = text_of(client.get(review_of(cart)))
        assert "1 of 2 lines can be ordered" in shown
        assert "Stays in the cart: The price of Visio Plan 2 was withdrawn" in shown
        assert "1 line stays in the cart" in shown

    def test_who_bills_directly_is_asked_nothing(self, client: Client, ours_user: User, cart: Cart) -> None:
        partner = ours_user.current_membership.partner
        partner.kind = "direct_bill"
        partner.save()
        body = client.get(review_of(cart)).content.decode()
        assert "Partner of record" not in body
        assert 'name="attested"' not in body
        assert client.post(review_of(cart), {**hidden(client.get(review_of(cart))), "op": "order"}).status_code == 302

    def test_a_closed_cart_is_shown_as_a_cart(self, client: Client, ours: Scope, cart: Cart) -> None:
        Cart.objects.within(ours).update(expires_at=clock.now() - timedelta(minutes=1))
        assert client.get(review_of(cart))["Location"] == reverse("customers:cart", args=[cart.cart_id])

    def test_check_again_keeps_what_was_chosen(self, client: Client, ours: Scope, cart: Cart) -> None:
        shown = client.post(review_of(cart), {"op": "update", "reseller-1": "", "attested": "yes"})
        assert "Choose the partner of record" in text_of(shown)
        assert re.search(r'name="attested" value="yes" checked', shown.content.decode())
        assert not Order.objects.within(ours).exists()

    def test_a_reseller_that_nobody_chose_yet_is_no_error(self, client: Client, ours: Scope, cart: Cart) -> None:
        Customer.objects.within(ours).update(reseller=None)
        shown = client.get(review_of(cart))
        assert "Choose the partner of record" not in text_of(shown)
        assert "1 of 1 line can be ordered" in text_of(shown)
        answer = place(client, cart, shown)
        assert answer.status_code == 422
        assert 'aria-describedby="por-1-err"' in answer.content.decode()
        assert place(client, cart, answer, **{"reseller-1": "7654321"}).status_code == 302

    def test_very_many_resellers_are_typed(self, client: Client, ours_user: User, cart: Cart) -> None:
        partner = ours_user.current_membership.partner
        IndirectReseller.objects.bulk_create(
            IndirectReseller(
                partner=partner, tenant_id=uuid.uuid4(), name=f"R {n}", mpn_id=str(8000000 + n), country="US"
            )
            for n in range(201)
        )
        body = client.get(review_of(cart)).content.decode()
        assert 'name="reseller-1" value="7654321" inputmode="numeric"' in body
        assert "R 100" not in body

    def test_nothing_in_it_can_be_code(self, client: Client, ours: Scope, cart: Cart) -> None:
        Customer.objects.within(ours).update(company_name="<script>alert(1)</script>")
        body = client.post(review_of(cart), {"op": "order", "reseller-1": '"><script>', "confirmed": "<b>"}).content
        assert b"<script>alert" not in body
        assert b'"><script>' not in body


class TestCheckout:
    def test_leads_to_the_order(self, client: Client, ours: Scope, cart: Cart) -> None:
        answer = place(client, cart)
        order = Order.objects.within(ours).get()
        assert (answer.status_code, answer["Location"]) == (302, reverse("customers:order", args=[order.order_id]))
        shown = text_of(client.get(answer["Location"]))
        assert f"Order {order.order_id} was placed." in shown
        assert "Launch offer 39NFJQT26J7Z:0006:084R5MQ9QF1W" in shown
        assert "Nod Publishers 7654321" in shown
        assert "by Mara König" in shown
        assert "Total for the terms $1,890.00" in shown

    def test_without_the_attestation(self, client: Client, ours: Scope, cart: Cart) -> None:
        answer = place(client, cart, attested="")
        assert answer.status_code == 422
        body = answer.content.decode()
        assert 'aria-describedby="attested-err"' in body
        assert "Nothing was ordered." in text_of(answer)
        assert not Order.objects.within(ours).exists()

    def test_changed_prices_are_shown_and_then_ordered(self, client: Client, ours: Scope, cart: Cart) -> None:
        shown = client.get(review_of(cart))
        PriceRow.objects.update(unit_price="300.00")
        answer = place(client, cart, shown)
        assert answer.status_code == 409
        assert "$252.00 per license → $300.00 per license" in text_of(answer)
        assert not Order.objects.within(ours).exists()
        assert place(client, cart, answer).status_code == 302
        assert str(Order.objects.within(ours).get().total_price) == "2250.00"

    @pytest.mark.parametrize("confirmed", ["", "x", "eyJhIjoxfQ:1:forged"])
    def test_figures_that_nobody_signed_confirm_nothing(
        self, client: Client, ours: Scope, cart: Cart, confirmed: str
    ) -> None:
        assert place(client, cart, confirmed=confirmed).status_code == 409
        assert not Order.objects.within(ours).exists()

    @pytest.mark.parametrize("version", ["", "1", "x", "9" * 40])
    def test_an_older_version(self, client: Client, ours: Scope, cart: Cart, version: str) -> None:
        answer = place(client, cart, version=version)
        assert answer.status_code == 409
        assert "Nothing was ordered." in text_of(answer)
        assert not Order.objects.within(ours).exists()

    def test_a_second_click_is_told_of_the_order(self, client: Client, ours: Scope, cart: Cart) -> None:
        shown = client.get(review_of(cart))
        first, second = place(client, cart, shown), place(client, cart, shown)
        assert first["Location"] == second["Location"]
        assert "This cart was ordered already as order" in text_of(client.get(second["Location"]))
        assert Order.objects.within(ours).count() == 1

    def test_an_expired_cart(self, client: Client, ours: Scope, cart: Cart) -> None:
        shown = client.get(review_of(cart))
        Cart.objects.within(ours).update(expires_at=clock.now() - timedelta(minutes=1))
        assert place(client, cart, shown)["Location"] == reverse("customers:cart", args=[cart.cart_id])

    def test_what_stays_behind_is_linked(self, client: Client, ours: Scope, cart: Cart) -> None:
        other = factories.make_sku("Visio Plan 2", "CFQ7TTC0HD32:0002")
        row = factories.make_price(other)
        add(ours, cart, other, billing_cycle="monthly")
        row.withdrawn_at = clock.now()
        row.save()
        answer = place(client, cart)
        left = Cart.objects.within(ours).get(status="Active")
        body = client.get(answer["Location"]).content.decode()
        assert f'1 line could not be ordered and is in the <a href="/carts/{left.cart_id}/">open cart</a>.' in body


class TestWho:
    @pytest.mark.parametrize("role", ["helpdesk_agent", "billing_admin"])
    def test_those_who_may_not_sell_read_orders_only(
        self, client: Client, client_for: Any, ours: Scope, ours_user: User, cart: Cart, role: str
    ) -> None:
        place(client, cart)
        order = Order.objects.within(ours).get()
        reader = client_for(factories.make_member(ours_user.current_membership.partner, roles=(role,)))
        for method in (reader.get, reader.post):
            answer = method(review_of(cart))
            assert answer.status_code == 403
            assert "This needs the role" in text_of(answer)
        assert reader.get(reverse("customers:orders")).status_code == 200
        assert reader.get(reverse("customers:order", args=[order.order_id])).status_code == 200
        assert "Review and buy" not in text_of(reader.get(reverse("customers:cart", args=[cart.cart_id])))

    def test_an_indirect_reseller_cannot_check_out(
        self, client: Client, ours: Scope, ours_user: User, cart: Cart
    ) -> None:
        shown = client.get(review_of(cart))
        partner = ours_user.current_membership.partner
        partner.kind = "indirect_reseller"
        partner.save()
        for answer in (client.get(review_of(cart)), place(client, cart, shown)):
            assert answer.status_code == 403
            assert "An indirect reseller can look but not transact." in text_of(answer)
        assert "Review and buy" not in text_of(client.get(reverse("customers:cart", args=[cart.cart_id])))
        assert not Order.objects.within(ours).exists()

    def test_strangers_find_nothing(
        self, client: Client, client_for: Any, theirs_user: User, ours: Scope, cart: Cart
    ) -> None:
        stranger = client_for(theirs_user)
        assert stranger.get(review_of(cart)).status_code == 404
        assert stranger.post(review_of(cart), {"op": "order"}).status_code == 404
        place(client, cart)
        order = Order.objects.within(ours).get()
        assert stranger.get(reverse("customers:order", args=[order.order_id])).status_code == 404
        assert order.order_id not in text_of(stranger.get(reverse("customers:orders")))


def make_order(customer: Customer, order_id: str = "34b37d7340cc", **fields: Any) -> Order:
    values: dict[str, Any] = {"currency": "USD", "created_at": clock.now(), "total_price": "189.00", **fields}
    return Order.objects.create(customer=customer, order_id=order_id, **values)


class TestOrder:
    def test_lines_link_to_their_subscriptions(self, client: Client, customer: Customer) -> None:
        order = make_order(customer)
        known = factories.make_subscription(customer, name="HQ seats")
        common = {"order": order, "offer_id": "CFQ7TTC0LCHC:0002:X", "quantity": 5}
        OrderLine.objects.create(number=1, subscription_id=known.subscription_id, **common)
        OrderLine.objects.create(number=2, subscription_id=uuid.uuid4(), friendly_name="Gone", **common)
        body = client.get(reverse("customers:order", args=[order.order_id])).content.decode()
        assert f'href="/subscriptions/{known.subscription_id}/" dir="auto">HQ seats</a>' in body
        assert '<b dir="auto">Gone</b>' in body
        assert "No promotion was applied to order 34b37d7340cc." in body

    def test_an_id_of_two_customers_asks_which(self, client: Client, customer: Customer) -> None:
        other = factories.make_customer(customer.partner, "Alpine Ski House")
        for each in (customer, other):
            make_order(each)
        answer = client.get("/orders/34b37d7340cc/", follow=True)
        body = answer.content.decode()
        assert answer.redirect_chain == [("/search/?q=34b37d7340cc", 302)]
        for each in (customer, other):
            where = f"/orders/34b37d7340cc/?customer={each.tenant_id}"
            assert f'href="{where}"' in body
            assert each.company_name in text_of(client.get(where))

    def test_the_search_of_the_top_bar_opens_it(self, client: Client, customer: Customer) -> None:
        make_order(customer)
        assert client.get("/search/?q=34b37d7340cc")["Location"] == "/orders/34b37d7340cc/"

    @pytest.mark.parametrize("order_id", ["nothing", "%00", "a%20b", "x" * 200, "'; DROP TABLE"])
    def test_what_is_not_there(self, client: Client, customer: Customer, order_id: str) -> None:
        assert client.get(f"/orders/{order_id}/").status_code in (400, 404)


class TestList:
    def test_newest_first_and_found_by_id_or_customer(self, client: Client, customer: Customer) -> None:
        other = factories.make_customer(customer.partner, "Alpine Ski House")
        now = clock.now()
        make_order(customer, "aaaaaaaaaaaa", created_at=now - timedelta(days=3))
        make_order(other, "bbbbbbbbbbbb", created_at=now)
        shown = text_of(client.get("/orders/"))
        assert shown.index("bbbbbbbbbbbb") < shown.index("aaaaaaaaaaaa")
        assert "$189.00" in shown
        for query in ("q=BBBBBBBBBBBB", "q=alpine", f"q={other.tenant_id}", f"customer={other.tenant_id}"):
            shown = text_of(client.get(f"/orders/?{query}"))
            assert "bbbbbbbbbbbb" in shown, query
            assert "aaaaaaaaaaaa" not in shown, query
        assert "No order matches “zzz”" in text_of(client.get("/orders/?q=zzz"))
        oldest = text_of(client.get("/orders/?sort=placed"))
        assert oldest.index("aaaaaaaaaaaa") < oldest.index("bbbbbbbbbbbb")

    def test_pages(self, client: Client, customer: Customer) -> None:
        now = clock.now()
        for number in range(60):
            make_order(customer, f"{number:012x}", created_at=now - timedelta(hours=number))
        body = client.get("/orders/").content.decode()
        assert "1–50 of 60" in body
        following = re.search(r'rel="next" href="([^"]+)"', body)
        assert following
        assert "51–60 of 60" in client.get(following[1].replace("&amp;", "&")).content.decode()

    def test_the_file_holds_exactly_what_is_filtered(
        self, client: Client, theirs_user: User, client_for: Any, customer: Customer
    ) -> None:
        other = factories.make_customer(customer.partner, "=SUM(A1) Analytics")
        now = datetime(2026, 11, 23, 12, tzinfo=UTC)
        for number in range(60):
            make_order(customer, f"{number:012x}", created_at=now - timedelta(hours=number))
        make_order(other, "abcdefabcdef", created_at=now, total_price=None)

        def lines(where: str, who: Client = client) -> list[str]:
            answer = who.get(where)
            assert answer["Content-Disposition"] == 'attachment; filename="orders.csv"'
            return b"".join(answer.streaming_content).decode().splitlines()

        body = client.get("/orders/?q=analytics&sort=placed").content.decode()
        assert 'href="/orders.csv?q=analytics&amp;sort=placed" download data-export>' in body
        assert "Export this row as CSV" in body
        head, row = lines("/orders.csv?q=analytics&sort=placed")
        assert head == "OrderId,CustomerTenantId,CustomerName,CreationDate,Status,BillingCycle,CurrencyCode,TotalPrice"
        assert row == f"abcdefabcdef,{other.tenant_id},'=SUM(A1) Analytics,2026-11-23T12:00:00Z,completed,,USD,"
        everything = lines("/orders.csv")
        assert len(everything) == 62
        assert everything[-1].startswith(f"{59:012x},")
        assert lines("/orders.csv?sort=placed")[1:] == everything[:0:-1]
        assert lines("/orders.csv", client_for(theirs_user)) == [head]

    def test_the_customer_page_leads_here(self, client: Client, customer: Customer) -> None:
        body = client.get(reverse("customers:customer", args=[customer.tenant_id])).content.decode()
        assert f'href="/orders/?customer={customer.tenant_id}"' in body

    def test_nobody_has_ordered_yet(self, client: Client, customer: Customer) -> None:
        assert "No orders yet" in text_of(client.get("/orders/"))


def test_queries_do_not_grow(client: Client, ours: Scope, customer: Customer, cart: Cart) -> None:
    order = make_order(customer)
    paths = {"/orders/": 5, reverse("customers:order", args=[order.order_id]): 8, review_of(cart): 18}
    for path in paths:
        client.get(path)
    for number in range(8):
        make_order(customer, f"{number:012x}")
        row = factories.make_subscription(customer)
        OrderLine.objects.create(
            order=order, number=number, offer_id="CFQ7TTC0LCHC:0002:X", quantity=5, partner_of_record="7654321",
            subscription_id=row.subscription_id, promotion_id=f"39NFJQT26J7Z:000{number}:A",
        )  # fmt: skip
        other = factories.make_sku(f"Product {number}", f"CFQ7TTC1{number:04}:0002")
        factories.make_price(other)
        add(ours, cart, other, billing_cycle="monthly")
    for path, most in paths.items():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        assert len(captured) <= most, (path, [query["sql"] for query in captured])


def test_subscriptions_of_an_order_are_on_the_list(client: Client, ours: Scope, cart: Cart) -> None:
    place(client, cart)
    row = Subscription.objects.within(ours).get()
    assert str(row.subscription_id) in client.get("/subscriptions/").content.decode()
