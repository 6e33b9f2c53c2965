"""What goes to the extended service term though nobody chose it is named as that, with its cost, wherever it shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from customers.models import Customer, Subscription
from customers.services import end_of_term
from portal.core import clock
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
CHEAP = "It costs 3% more than the monthly term."
DEAR = "It costs 23% more, because the SKU has no monthly term."


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


def silent(ours: Scope, *, monthly: bool) -> Subscription:
    sku = factories.make_sku()
    factories.make_price(sku, unit_price="264.00")
    if monthly:
        factories.make_price(sku, unit_price="26.40", term="P1M")
    row = factories.make_subscription(
        Customer.objects.within(ours).get(), name="Silent Premium", auto_renew_enabled=False,
        commitment_ends_at=clock.now() + timedelta(days=20),
    )  # fmt: skip
    end_of_term.refresh(Scope(partner_id=ours.partner_id), subscription_ids=None, as_of=clock.now())
    row.refresh_from_db()
    assert row.end_of_term == "silent_est"
    return row


@pytest.mark.parametrize(("monthly", "cost", "percent"), [(True, CHEAP, "+3%"), (False, DEAR, "+23%")])
def test_silence_is_named_with_its_cost(client: Client, ours: Scope, monthly: bool, cost: str, percent: str) -> None:
    row = silent(ours, monthly=monthly)
    page = f"/subscriptions/{row.subscription_id}/"
    bulk = "/subscriptions/end-of-term/?choice=renew&outcome=silent_est"
    for address in (page, f"{page}end-of-term/", bulk):
        html = client.get(address).content.decode()
        assert cost in html, address
        assert "nobody chose that" in html.casefold(), address
    renewals = client.get("/renewals/").content.decode()
    assert "Goes to EST unasked" in renewals
    assert "nobody chose that" in renewals
    assert percent in renewals


def test_a_cost_that_is_not_known_is_said_to_be(client: Client, ours: Scope) -> None:
    row = silent(ours, monthly=True)
    Subscription.objects.within(ours).filter(pk=row.pk).update(renewal_uplift=None, renewal_is_priced=False)
    assert "+3% or 23%" in client.get("/renewals/").content.decode()
    bulk = client.get("/subscriptions/end-of-term/?choice=renew&outcome=silent_est").content.decode()
    assert "which, is not known" in bulk


def test_what_was_chosen_is_not_called_silence(client: Client, ours: Scope) -> None:
    row = silent(ours, monthly=True)
    Subscription.objects.within(ours).filter(pk=row.pk).update(end_of_term="est")
    for address in ("/renewals/", "/subscriptions/end-of-term/?choice=renew"):
        assert "nobody chose that" not in client.get(address).content.decode().casefold(), address
