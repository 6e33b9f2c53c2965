"""The start page: what needs attention, each line with the number of rows of the list that it leads to."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import Cart, Customer, Subscription, Ticket
from customers.services import renewals
from portal.core import clock
from portal.core.models import Membership, Partner, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
EVERYTHING = Scope.for_operator()
OUTCOMES = ("renew", "silent_est", "est", "cancel", "lapse")


@pytest.fixture
def partner(ours_user: User) -> Partner:
    return ours_user.current_membership.partner


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


def fill(user: User, count: int = 40) -> None:
    now = clock.now()
    customer = Customer.objects.within(user.current_membership.scope()).get()
    if not factories.PriceRow.objects.exists():
        factories.make_price(factories.make_sku(), unit_price="264.00")
    Subscription.objects.bulk_create(
        factories.subscription(
            customer,
            quantity=n + 1,
            commitment_ends_at=now + timedelta(days=n % 100),
            end_of_term=OUTCOMES[n % 5],
            partner_of_record_state=("valid", "empty")[n % 2],
            duplicate_help_until=now + timedelta(days=9),
            duplicate_of_id=customer.tenant_id if n % 4 == 0 else None,
        )
        for n in range(count)
    )
    Cart.objects.create(
        customer=customer, created_at=now, modified_at=now, expires_at=now + timedelta(hours=20), modified_by=user
    )
    Ticket.objects.create(
        partner=customer.partner, ticket_id=str(10**15 + user.pk), title="Help", status=Ticket.Status.ATTENTION_NEEDED,
        created_by=user, created_at=now, modified_at=now,
    )  # fmt: skip
    renewals.refresh(EVERYTHING, subscription_ids=None, as_of=now)


def lines(client: Client) -> dict[str, str]:
    """Each line's text by the address that it leads to."""
    html = client.get("/").content.decode()
    found = dict(
        (url.replace("&amp;", "&"), re.sub(r"<[^>]+>|\s+", " ", text))
        for text, url in re.findall(
            r"<li[^>]*>(.*?)<a href=\"([^\"]+)\"", html[html.index('class="todo"') :], re.DOTALL
        )
    )
    found |= {url.replace("&amp;", "&"): text for url, text in re.findall(r'<dd><a href="([^"]+)">([^<]+)</a>', html)}
    return found


def test_each_line_leads_to_as_many_rows(client: Client, ours_user: User, theirs_user: User) -> None:
    fill(ours_user)
    fill(theirs_user, 90)
    found = lines(client)
    # The chart, on a phone, is no list; tickets stand below.
    lists = {url: text for url, text in found.items() if not url.startswith(("/support", "/customers/renewals/"))}
    assert len(lists) == 9, lists
    for url, text in lists.items():
        number = int(re.search(r"[\d,]+", text)[0].replace(",", ""))  # type: ignore[index]
        html = client.get(url).content.decode()
        rows = len(re.findall(r"<tr[^>]*><td", html))
        assert rows == number > 0, (url, text)
    assert all(re.search(r"1 ticket\s+needs", text) for url, text in found.items() if url.startswith("/support"))


def test_the_money_is_named(client: Client, ours_user: User) -> None:
    fill(ours_user)
    html = " ".join(client.get("/").content.decode().split())
    assert re.search(r"30 terms</a> <small>\$[\d,.]+ a month at stake", html)
    assert re.search(r"8 subscriptions</b> go to extended term unasked", html)
    assert "3% or 23% above the list price" in html


def test_nothing_needs_attention(client: Client) -> None:
    html = client.get("/").content.decode()
    assert "Nothing needs attention." in html
    assert html.count('<li class="w">') == 0


@pytest.mark.parametrize(
    ("roles", "kind", "carts", "records"),
    [
        (("sales_agent",), "indirect_provider", True, True),
        (("helpdesk_agent",), "indirect_provider", False, True),
        (("billing_admin",), "direct_bill", False, False),
        (("admin_agent",), "indirect_reseller", False, False),
    ],
)
def test_a_person_sees_what_concerns_the_role(
    ours_user: User, client_for: Callable[[User], Client], partner: Partner, roles: tuple[str, ...], kind: str,
    carts: bool, records: bool,
) -> None:  # fmt: skip
    fill(ours_user)
    partner.kind = kind
    partner.save()
    html = client_for(factories.make_member(partner, roles=roles)).get("/").content.decode()
    assert ("?expiring=1" in html) is carts
    assert ("?record=problem" in html) is records


def test_the_queries_do_not_grow(client: Client, ours_user: User) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/").status_code == 200
        return len(asked)

    fill(ours_user)
    client.get("/")
    few = cost()
    customer = Customer.objects.within(ours_user.current_membership.scope()).get()
    Subscription.objects.bulk_create(
        factories.subscription(customer, commitment_ends_at=clock.now() + timedelta(days=n % 100)) for n in range(2000)
    )
    assert cost() == few <= 8


def test_staff_without_a_partner_go_to_the_back_office(client_for: Callable[[User], Client]) -> None:
    response = client_for(factories.make_staff()).get("/")
    assert (response.status_code, response["Location"]) == (302, "/admin/")


def test_somebody_without_a_partner_is_told_so(client_for: Callable[[User], Client], ours_user: User) -> None:
    Membership.objects.within(EVERYTHING).delete()
    assert client_for(User.objects.get(pk=ours_user.pk)).get("/").status_code == 403
