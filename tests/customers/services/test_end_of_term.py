"""The stored outcome of a term, and its explanation."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import OPEN_END, Customer, Subscription
from customers.services import end_of_term
from customers.services.subscriptions import SubscriptionNotFound
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
CANCEL = [{"scheduleType": "TermEnd", "actionType": "Cancel"}]
EST = [{"scheduledType": "TermEnd", "actionType": "RenewToExtendedServiceTerm"}]


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


def stored(scope: Scope) -> dict[str, str]:
    return dict(Subscription.objects.within(scope).values_list("friendly_name", "end_of_term"))


def make_each(customer: Customer) -> None:
    for name, fields in {
        "renews": {},
        "canceled": {"auto_renew_enabled": False, "scheduled_actions": CANCEL},
        "est": {"auto_renew_enabled": False, "scheduled_actions": EST},
        "silent": {"auto_renew_enabled": False},
        "trial": {"auto_renew_enabled": False, "is_trial": True},
        "open": {"commitment_ends_at": OPEN_END},
        "legacy": {"auto_renew_enabled": False, "offer_id": "b07a1127-de83-4a6d-9f85-2c104bdae8b4"},
        "deleted": {"status": "deleted"},
    }.items():
        factories.make_subscription(customer, name=name, end_of_term="not_applicable", **fields)


EXPECTED = {
    "renews": "renew",
    "canceled": "cancel",
    "est": "est",
    "silent": "silent_est",
    "trial": "lapse",
    "open": "not_applicable",
    "legacy": "lapse",
    "deleted": "not_applicable",
}


def test_refresh_stores_every_outcome(ours: Scope, customer: Customer, as_of: datetime) -> None:
    make_each(customer)
    assert end_of_term.refresh(ours, subscription_ids=None, as_of=as_of) == 6
    assert stored(ours) == EXPECTED
    assert end_of_term.refresh(ours, subscription_ids=None, as_of=as_of) == 0


def test_refresh_of_some(ours: Scope, customer: Customer, as_of: datetime) -> None:
    make_each(customer)
    some = Subscription.objects.within(ours).filter(friendly_name__in=["silent", "open"]).values_list("pk", flat=True)
    assert end_of_term.refresh(ours, subscription_ids=iter(list(some)), as_of=as_of) == 1
    assert {name for name, outcome in stored(ours).items() if outcome != "not_applicable"} == {"silent"}


def test_refresh_stays_in_its_scope(ours: Scope, theirs: Scope, customer: Customer, as_of: datetime) -> None:
    row = factories.make_subscription(customer, end_of_term="not_applicable")
    assert end_of_term.refresh(theirs, subscription_ids=None, as_of=as_of) == 0
    assert end_of_term.refresh(theirs, subscription_ids=[row.pk], as_of=as_of) == 0
    assert end_of_term.refresh(Scope.for_operator(), subscription_ids=None, as_of=as_of) == 1


def test_refresh_works_in_portions(
    ours: Scope, customer: Customer, as_of: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(end_of_term, "CHUNK", 3)
    make_each(customer)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        end_of_term.refresh(ours, subscription_ids=None, as_of=as_of)
    assert stored(ours) == EXPECTED
    own = [q["sql"] for q in queries if "customers_subscription" in q["sql"] and "renewal" not in q["sql"]]
    asked = [sql for sql in own if sql.startswith("SELECT")]
    assert len(asked) == 4  # three portions, and the end


@pytest.mark.parametrize(
    ("terms", "uplift"),
    [
        pytest.param(["P1Y", "P1M"], Decimal("0.03"), id="sold for one month"),
        pytest.param(["P1Y"], Decimal("0.23"), id="not sold for one month"),
        pytest.param([], None, id="in no price list"),
    ],
)
def test_explain_tells_the_cost(
    ours: Scope, customer: Customer, as_of: datetime, terms: list[str], uplift: Decimal | None
) -> None:
    row = factories.make_subscription(customer, auto_renew_enabled=False)
    sku = factories.make_sku()
    for term in terms:
        factories.make_price(sku, term=term)
    factories.make_price(sku, term="P1M", market="DE")
    outcome = end_of_term.explain(ours, subscription_id=row.subscription_id, as_of=as_of)
    assert (outcome.outcome, outcome.uplift) == ("silent_est", uplift)


def test_strangers_are_not_found(ours: Scope, theirs: Scope, customer: Customer, as_of: datetime) -> None:
    row = factories.make_subscription(customer)
    with pytest.raises(SubscriptionNotFound):
        end_of_term.explain(theirs, subscription_id=row.subscription_id, as_of=as_of)
