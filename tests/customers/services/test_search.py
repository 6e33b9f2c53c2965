"""The search of the top bar: what a text is taken for, and that it never leaves the tenant."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

import pytest

from customers.models import Customer, Order, OrderLine, Subscription, Ticket
from customers.services import search
from portal.core.models import Partner, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
TICKET = "2611230040001234"


@pytest.fixture
def partner(ours_user: User) -> Partner:
    return ours_user.current_membership.partner


@pytest.fixture
def customer(partner: Partner) -> Customer:
    return Customer.objects.within(Scope(partner_id=partner.pk)).get(company_name="Fabrikam Robotics")


@pytest.fixture
def subscription(customer: Customer) -> Subscription:
    return factories.make_subscription(customer, name="Microsoft 365 Business Premium")


def make_order(
    customer: Customer, subscription: Subscription, *, as_of: datetime, order_id: str = "d58af4b1bb12"
) -> Order:
    order = Order.objects.create(customer=customer, order_id=order_id, currency="USD", created_at=as_of)
    OrderLine.objects.create(
        order=order, number=0, offer_id="CFQ7TTC0LCHC:0002:CFQ7TTC0X6RN", quantity=25,
        subscription_id=subscription.subscription_id, friendly_name="Business Premium",
    )  # fmt: skip
    return order


def make_ticket(customer: Customer, *, as_of: datetime, by: int | None = None) -> Ticket:
    return Ticket.objects.create(
        partner=customer.partner,
        customer=customer,
        ticket_id=TICKET,
        created_by_id=by,
        title="Cancel",
        created_at=as_of,
        modified_at=as_of,
    )


@pytest.mark.parametrize(
    "write", [str, lambda i: f"  {str(i).upper()} ", lambda i: "{" + str(i) + "}", lambda i: i.hex]
)
def test_an_id_is_its_object_however_it_is_written(ours: Scope, customer, subscription, write) -> None:
    assert search.find(ours, text=write(customer.tenant_id)).exact == customer
    assert search.find(ours, text=write(subscription.subscription_id)).exact == subscription


@pytest.mark.parametrize(
    ("text", "found"),
    [("fabrikam robotics", True), ("Fabri", True), ("robot", True), ("fabrikm robotic", False), ("zzz", False)],
)
def test_a_name_lists_customers(ours: Scope, customer, text: str, found: bool) -> None:
    result = search.find(ours, text=text)
    assert [match.customer for match in result.sure_customers] == ([customer] if found else [])
    assert result.is_empty is not found


def test_a_domain_lists_its_customer(ours: Scope, customer) -> None:
    assert search.find(ours, text=customer.domain).sure_customers[0].customer == customer


def test_a_misspelled_name_is_nothing_found_but_names_the_nearest(ours: Scope, customer) -> None:
    result = search.find(ours, text="fabrikm robotic")
    assert result.is_empty
    assert result.nearest.customer == customer
    assert search.find(ours, text="zzz").nearest is None


def test_a_product_lists_subscriptions_ten_at_most(ours: Scope, customer, subscription) -> None:
    assert search.find(ours, text="business prem").subscriptions == [subscription]
    for number in range(search.SHOWN):
        factories.make_subscription(customer, name=f"Microsoft 365 Business Premium {number}")
    result = search.find(ours, text="business prem")
    assert (len(result.subscriptions), result.more_subscriptions) == (search.SHOWN, True)


def test_an_order_is_opened(ours: Scope, customer, subscription, as_of: datetime) -> None:
    order = make_order(customer, subscription, as_of=as_of)
    result = search.find(ours, text=" d58af4b1bb12")
    assert (result.exact, result.orders, result.is_empty) == (order, [order], False)


def test_orders_that_share_an_id_are_all_shown(ours: Scope, customer, subscription, as_of: datetime) -> None:
    other = factories.make_customer(customer.partner, "Alpine Ski House")
    orders = [make_order(each, subscription, as_of=as_of) for each in (customer, other)]
    result = search.find(ours, text="d58af4b1bb12")
    assert (result.exact, result.orders) == (None, orders)


def test_an_order_whose_id_is_a_guid_is_found_too(ours: Scope, customer, subscription, as_of: datetime) -> None:
    order = make_order(customer, subscription, as_of=as_of, order_id=str(uuid4()))
    assert search.find(ours, text=order.order_id).orders == [order]


def test_a_ticket_is_found_by_its_number(ours: Scope, customer, as_of: datetime) -> None:
    ticket = make_ticket(customer, as_of=as_of, by=ours.user_id)
    assert search.find(ours, text=TICKET).tickets == [ticket]
    colleague = factories.make_member(customer.partner).current_membership.scope()
    assert search.find(colleague, text=TICKET).tickets == []
    assert search.find(ours, text="２６１１２３００４０００１２３４").tickets == []


def test_nothing_of_another_tenant_is_found(theirs: Scope, customer, subscription, as_of: datetime) -> None:
    make_order(customer, subscription, as_of=as_of)
    make_ticket(customer, as_of=as_of)
    own = [
        customer.tenant_id,
        subscription.subscription_id,
        "d58af4b1bb12",
        TICKET,
        customer.company_name,
        customer.domain,
    ]
    for text in [*map(str, own), "business premium"]:
        result = search.find(theirs, text=text)
        assert result.is_empty, text
        assert customer not in [match.customer for match in result.customers]


@pytest.mark.parametrize("text", ["", "   ", "%", "_", "'", "a" * 5000, "\x00", "<b>"])
def test_odd_texts_do_no_harm(ours: Scope, customer, text: str) -> None:
    assert search.find(ours, text=text).exact is None


def test_the_search_costs_the_same_for_many(ours: Scope, customer, subscription, django_assert_max_num_queries) -> None:
    for number in range(5):
        other = factories.make_customer(customer.partner, f"Fabrikam {number}")
        factories.make_subscription(other, name=f"Fabrikam plan {number}")
    with django_assert_max_num_queries(6):
        search.find(ours, text="fabrikam")
