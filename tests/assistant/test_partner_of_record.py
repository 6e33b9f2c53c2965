"""Validate partner of record: the matrix in the panel, for distributors only."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Customer
from portal.core.models import Partner, User
from portal.core.scope import Scope
from tests import factories
from tests.assistant.conftest import Say

pytestmark = pytest.mark.django_db
ASK = "Validate partner of record for customer Fabrikam Robotics."


@pytest.fixture
def entries(fabrikam: Customer) -> Customer:
    factories.make_reseller(fabrikam.partner)
    factories.make_reseller(fabrikam.partner, "Relecloud", "7650042", state="Inactive")
    factories.make_subscription(fabrikam, name="Business Premium", partner_of_record="7654321")
    factories.make_subscription(fabrikam, name="Exchange Online", partner_of_record="7650042")
    factories.make_subscription(fabrikam, name="Visio Plan 2", partner_of_record="")
    return fabrikam


def test_the_matrix_with_reasons(say: Say, entries: Customer) -> None:
    reply = say(ASK)
    assert (reply.skill, reply.status) == ("validate_partner_of_record", "answered")
    assert reply.slots == {"customer": "Fabrikam Robotics"}
    assert reply.text.startswith("2 of 3 need a fix. The other one meets all requirements.")
    (card,) = reply.answer["cards"]
    assert [row["name"] for row in card["rows"]] == ["Exchange Online", "Visio Plan 2", "Business Premium"]
    assert [cell and cell["passed"] for cell in card["rows"][0]["cells"]] == [True, False, True]
    assert card["rows"][1]["cells"][1:] == [None, None]
    assert card["reasons"][0]["text"] == "The reseller tenant of Relecloud is not active."
    assert "Set the partner of record to the location account ID" in reply.text
    assert "Requirements for a partner of record, checked 23 Nov 2026" in reply.text


def test_nothing_to_check(say: Say, fabrikam: Customer) -> None:
    assert say(ASK).text.startswith("No subscription in service has a partner of record to check.")


def test_more_than_fit(say: Say, fabrikam: Customer) -> None:
    for number in range(20):
        factories.make_subscription(fabrikam, name=f"Number {number}")
    reply = say(ASK)
    (card,) = reply.answer["cards"]
    assert len(card["rows"]) == 12
    assert card["more"] == "Open all 20 entries"
    assert reply.text.count("No partner of record is set.") == 20


@pytest.mark.parametrize("kind", ["direct_bill", "indirect_reseller"])
def test_only_distributors(say: Say, entries: Customer, kind: str) -> None:
    Partner.objects.filter(pk=entries.partner_id).update(kind=kind)
    reply = say(ASK)
    assert reply.status == "refused"
    assert reply.text.startswith("Only an indirect provider (distributor) has partners of record to validate.")


def test_another_tenants_customer_is_not_found(say: Say, theirs: Scope) -> None:
    reply = say("Validate partner of record for customer Northwind Traders.")
    assert reply.status == "needs_input"
    assert "No customer matches “Northwind Traders”" in reply.text


def test_the_page_draws_it(ours_user: User, entries: Customer, client_for: Callable[[User], Client]) -> None:
    client = client_for(ours_user)
    asked = client.post(reverse("assistant:ask"), {"text": ASK}, follow=True)
    html = asked.content.decode()
    assert "2 partner of record entries fail" in html
    assert '<span class="vh">Not checked</span>' in html
    assert f'href="/customers/{entries.tenant_id}/partner-of-record/">What to do about it' in html


@pytest.mark.parametrize(("kind", "offered"), [("indirect_provider", True), ("direct_bill", False)])
def test_a_distributors_panel_offers_it(
    ours_user: User, fabrikam: Customer, client_for: Callable[[User], Client], kind: str, offered: bool
) -> None:
    Partner.objects.filter(pk=fabrikam.partner_id).update(kind=kind)
    html = client_for(ours_user).get(reverse("assistant:home"), {"page": f"/customers/{fabrikam.tenant_id}/"}).content
    assert (b"Validate partner of record" in html) is offered
