"""How this is decided: every rule has its place on the page, and decisions lead there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from customers.models import Customer
from customers.services import rule_book
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


def test_every_rule_has_an_anchor_a_sentence_a_source_and_a_day(client: Client) -> None:
    html = client.get("/how-this-is-decided/").content.decode()
    entries = rule_book.entries()
    assert len(entries) >= 25
    for entry in entries:
        assert f'id="{entry.rule.code}"' in html
        assert entry.sentence
        assert entry.rule.source
        assert " * " not in str(entry.steps), "a list comes apart"
        assert "customers/rules" not in " ".join((entry.sentence, *map(str, entry.steps))), "no addresses of the code"
    assert sum(bool(entry.steps) for entry in entries) >= 15


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("?q=renewal+stake", 'id="renewal"', 'id="refund"'),
        ("?q=REFUND", 'id="refund"', 'id="suspension"'),
        ("?q=zzzz", "No rule matches “zzzz”", "<article"),
    ],
)
def test_a_search_without_script(client: Client, query: str, there: str, not_there: str) -> None:
    html = client.get(f"/how-this-is-decided/{query}").content.decode()
    assert there in html
    assert not_there not in html
    part = client.get(f"/how-this-is-decided/{query}", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert there in part


def test_each_decision_of_a_page_leads_to_its_rule(client: Client, ours: Scope) -> None:
    row = factories.make_subscription(Customer.objects.within(ours).get())
    html = client.get(f"/subscriptions/{row.subscription_id}/").content.decode()
    for code in ("end_of_term", "renewal", "cancellation", "quantity_reduction"):
        assert f'href="/how-this-is-decided/#{code}"' in html
        assert code in {entry.rule.code for entry in rule_book.entries()}
