"""The matrix of a customer's partners of record, its menu, the filter and the line on the list."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from customers.models import Customer
from customers.services import partner_of_record
from portal.core import clock
from portal.core.access import Role
from portal.core.models import Partner, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


@pytest.fixture
def customer(ours: Scope) -> Customer:
    """Three entries fail, four are valid, one subscription is canceled."""
    customer = Customer.objects.within(ours).get()
    partner = customer.partner
    factories.make_reseller(partner)
    factories.make_reseller(partner, "Relecloud", "7650042", state="Inactive")
    factories.make_reseller(partner, "Best For You", "7600913", country="CA")
    for name in ("Azure plan", "Business Premium", "Business Standard", "Power BI Pro"):
        factories.make_subscription(customer, name=name, partner_of_record="7654321")
    factories.make_subscription(customer, name="Exchange Online (Plan 1)", partner_of_record="7650042")
    factories.make_subscription(customer, name="Teams Premium", partner_of_record="7600913")
    factories.make_subscription(customer, name="Visio Plan 2", partner_of_record="")
    factories.make_subscription(customer, name="Old one", status="deleted")
    partner_of_record.refresh(ours, customer_ids=None, as_of=clock.now())
    return customer


def page(client: Client, customer: Customer) -> str:
    response = client.get(f"/customers/{customer.tenant_id}/partner-of-record/")
    assert response.status_code == 200
    return response.content.decode()


def matrix(html: str) -> list[tuple[str, list[str]]]:
    """Name and the three cells of each row, in words."""
    rows = re.findall(r"<tr><th scope=\"row\"><a[^>]*>([^<]+)</a>.*?</th>(.*?)</tr>", html, re.DOTALL)
    return [(name, re.findall(r"<span class=\"vh\">([^<]+)</span>", cells)) for name, cells in rows]


def test_the_matrix_names_what_fails_first(client: Client, customer: Customer) -> None:
    html = page(client, customer)
    assert "<b>3 of 7 need a fix.</b> The other 4 meet all requirements." in html
    assert "3 partner of record entries fail" in html
    assert matrix(html) == [
        ("Exchange Online (Plan 1)", ["Met", "Not met", "Met"]),
        ("Teams Premium", ["Met", "Met", "Not met"]),
        ("Visio Plan 2", ["Not met", "Not checked", "Not checked"]),
        *((name, ["Met"] * 3) for name in ("Azure plan", "Business Premium", "Business Standard", "Power BI Pro")),
    ]
    assert "The reseller tenant of Relecloud is not active." in html
    assert "Best For You is in the CSP region Canada, you sell from United States." in html
    assert "Partner Center names this 2201." in html
    assert "Ask the reseller to activate its CSP indirect reseller account" in html
    assert "1 subscription out of service is not checked" in html


def test_a_customer_without_a_failure_and_one_without_subscriptions(client: Client, customer: Customer) -> None:
    other = factories.make_customer(customer.partner, "Alpine Ski House")
    assert "Nothing to check" in page(client, other)
    factories.make_subscription(other, partner_of_record="7654321")
    html = page(client, other)
    assert "The only entry meets all requirements." in html
    assert "What to do" not in html


def test_a_name_from_the_database_is_text(client: Client, customer: Customer) -> None:
    customer.subscriptions.filter(friendly_name="Visio Plan 2").update(friendly_name="<script>x</script>")
    html = page(client, customer)
    assert "<script>x" not in html
    assert "&lt;script&gt;x" in html


@pytest.mark.parametrize("role", Role.values)
def test_every_role_may_look(ours_user: User, customer: Customer, client_for: Callable[..., Client], role: str) -> None:
    member = factories.make_member(customer.partner, roles=(role,))
    assert "3 of 7 need a fix." in page(client_for(member), customer)


def test_a_foreign_customer_is_not_found(client: Client, customer: Customer, theirs: Scope) -> None:
    foreign = Customer.objects.within(theirs).get()
    for tenant_id in (foreign.tenant_id, uuid.uuid4()):
        assert client.get(f"/customers/{tenant_id}/partner-of-record/").status_code == 404
    assert client.post(f"/customers/{customer.tenant_id}/partner-of-record/").status_code == 405


@pytest.mark.parametrize("kind", ["direct_bill", "indirect_reseller"])
def test_other_kinds_of_partner_see_nothing_of_it(client: Client, customer: Customer, kind: str) -> None:
    Partner.objects.filter(pk=customer.partner_id).update(kind=kind)
    assert client.get(f"/customers/{customer.tenant_id}/partner-of-record/").status_code == 404
    assert b"partner-of-record" not in client.get(f"/customers/{customer.tenant_id}/").content
    assert b"Partner of record" not in client.get("/subscriptions/").content
    assert b"record=problem" not in client.get("/customers/renewals/").content
    assert b"Azure plan" in client.get("/subscriptions/?record=problem").content, "no such filter here"


def test_the_customers_page_leads_there_and_shows_the_outcome(client: Client, customer: Customer) -> None:
    html = client.get(f"/customers/{customer.tenant_id}/").content.decode()
    assert re.search(r'<a href="/customers/[^"]+/partner-of-record/">.*?Validate partner of record', html)
    assert '7650042<small class="badtxt">Reseller not active</small>' in html
    assert '<span class="two">Not set</span>' in html
    assert "Partner of record: Other region</span>" in html, "on the card of a narrow screen"


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        ("problem", {"Exchange Online (Plan 1)", "Teams Premium", "Visio Plan 2"}),
        ("empty", {"Visio Plan 2"}),
        ("other_region", {"Teams Premium"}),
        ("own", set()),
    ],
)
def test_the_list_filters_on_it(client: Client, customer: Customer, record: str, shown: set[str]) -> None:
    html = client.get(f"/subscriptions/?record={record}").content.decode()
    assert set(re.findall(r'class="prim" href="/subscriptions/[^"]+" dir="auto">([^<]+)<', html)) == shown


def test_an_unknown_problem_is_told(client: Client, customer: Customer) -> None:
    html = client.get("/subscriptions/?record=nonsense").content.decode()
    assert "“nonsense” is not a problem of a partner of record." in html
    assert "Azure plan" in html


def test_the_list_says_how_many(client: Client, customer: Customer) -> None:
    html = client.get("/customers/renewals/").content.decode()
    assert "<b>3 subscriptions</b> with a partner of record problem" in html
    assert 'href="/subscriptions/?record=problem"' in html
