"""The three requirements asked of a customer's entries, and the stored outcome."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, Subscription
from customers.services import partner_of_record as service
from customers.services.customers import CustomerNotFound
from customers.tasks import validate_partner_of_record
from portal.core.decision import NotAllowed
from portal.core.models import Partner
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
OWN = "5512890"
STATES = {
    "Valid": "valid",
    "Empty": "empty",
    "Own": "own",
    "Global": "not_valid_pla",
    "Letters": "not_valid_pla",
    "Inactive": "not_active",
    "Canada": "other_region",
    "Nowhere": "region_unknown",
    "Unknown": "unknown_id",
    "Canceled": "not_applicable",
}


@pytest.fixture
def customer(ours: Scope) -> Customer:
    """One subscription for each outcome."""
    customer = Customer.objects.within(ours).get()
    Partner.objects.filter(pk=ours.partner_id).update(mpn_id=OWN)
    make_each(customer)
    return customer


def make_each(customer: Customer) -> None:
    partner = customer.partner
    factories.make_reseller(partner)
    factories.make_reseller(partner, "Consolidated Messenger", "7654322", is_location_account=False)
    factories.make_reseller(partner, "Relecloud", "7654323", state="Inactive")
    factories.make_reseller(partner, "Wingtip Resale", "7654324", country="CA")
    factories.make_reseller(partner, "Far Away", "7654325", country="RU")
    ids = {
        "Valid": "7654321", "Empty": "", "Own": OWN, "Global": "7654322", "Letters": "7654X21", "Inactive": "7654323",
        "Canada": "7654324", "Nowhere": "7654325", "Unknown": "9999999",
    }  # fmt: skip
    for name, partner_id in ids.items():
        factories.make_subscription(customer, name=name, partner_of_record=partner_id)
    factories.make_subscription(customer, name="Canceled", status="deleted")


def stored(scope: Scope) -> dict[str, str]:
    return dict(Subscription.objects.within(scope).values_list("friendly_name", "partner_of_record_state"))


def test_validate_names_what_fails_first(ours: Scope, customer: Customer, as_of: datetime) -> None:
    found = service.validate(ours, customer_id=customer.pk, as_of=as_of)
    assert {entry.name: entry.verdict.state.value for entry in found.entries} == {
        name: state for name, state in STATES.items() if state != "not_applicable"
    }
    assert [entry.verdict.allowed for entry in found.entries] == [False] * 8 + [True]
    assert [entry.name for entry in found.failing] == sorted(entry.name for entry in found.failing)
    assert found.summary == "8 of 9 need a fix."
    assert found.rest == "The other one meets all requirements."
    assert found.ended == 1
    assert set(stored(ours).values()) == {""}, "looking stores nothing"
    relecloud = next(entry for entry in found.entries if entry.name == "Inactive")
    assert relecloud.reseller_name == "Relecloud"
    assert [(title, check and check.passed) for title, check in relecloud.requirements] == [
        ("Valid PLA ID", True), ("Active reseller", False), ("Same region", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("valid", "empty", "summary", "rest"),
    [
        (0, 0, "No subscription in service has a partner of record to check.", ""),
        (1, 0, "The only entry meets all requirements.", ""),
        (3, 0, "All 3 meet all requirements.", ""),
        (0, 2, "2 of 2 need a fix.", ""),
        (2, 1, "1 of 3 needs a fix.", "The other 2 meet all requirements."),
    ],
)
def test_the_summary_counts(ours: Scope, as_of: datetime, valid: int, empty: int, summary: str, rest: str) -> None:
    customer = Customer.objects.within(ours).get()
    factories.make_reseller(customer.partner)
    for number in range(valid + empty):
        factories.make_subscription(customer, partner_of_record="7654321" if number < valid else "")
    found = service.validate(ours, customer_id=customer.pk, as_of=as_of)
    assert (found.summary, found.rest) == (summary, rest)


def test_validate_asks_three_queries(ours: Scope, customer: Customer, as_of: datetime) -> None:
    with CaptureQueriesContext(connection) as asked:
        service.validate(ours, customer_id=customer.pk, as_of=as_of)
    assert len(asked) == 3


@pytest.mark.parametrize("kind", ["direct_bill", "indirect_reseller"])
def test_only_a_distributor_validates(ours: Scope, customer: Customer, as_of: datetime, kind: str) -> None:
    Partner.objects.filter(pk=ours.partner_id).update(kind=kind)
    with pytest.raises(NotAllowed, match="Only an indirect provider"):
        service.validate(ours, customer_id=customer.pk, as_of=as_of)
    assert service.refresh(ours, customer_ids=None, as_of=as_of) == 0


def test_another_tenants_customer_is_not_found(theirs: Scope, customer: Customer, as_of: datetime) -> None:
    with pytest.raises(CustomerNotFound):
        service.validate(theirs, customer_id=customer.pk, as_of=as_of)


def test_another_tenants_reseller_counts_for_nothing(ours: Scope, theirs: Scope, as_of: datetime) -> None:
    factories.make_reseller(Partner.objects.get(pk=theirs.partner_id))
    mine = Customer.objects.within(ours).get()
    factories.make_subscription(mine, partner_of_record="7654321")
    found = service.validate(ours, customer_id=mine.pk, as_of=as_of)
    assert found.entries[0].verdict.state == "unknown_id"
    factories.make_subscription(Customer.objects.within(theirs).get(), partner_of_record="7654321")
    service.refresh(Scope.for_operator(), customer_ids=None, as_of=as_of)
    assert set(stored(ours).values()) == {"unknown_id"}
    assert set(stored(theirs).values()) == {"valid"}


@pytest.mark.parametrize("chunk", [1, 3, 2_000])
def test_refresh_stores_every_outcome(
    ours: Scope, customer: Customer, as_of: datetime, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CHUNK", chunk)
    assert service.refresh(ours, customer_ids=None, as_of=as_of) == len(STATES)
    assert stored(ours) == STATES
    assert service.refresh(ours, customer_ids=None, as_of=as_of) == 0, "the second run changes nothing"


def test_refresh_of_some_customers(ours: Scope, customer: Customer, as_of: datetime) -> None:
    other = factories.make_customer(customer.partner, "Alpine Ski House")
    factories.make_subscription(other, name="Elsewhere", partner_of_record="")
    assert service.refresh(ours, customer_ids=[other.pk], as_of=as_of) == 1
    assert stored(ours)["Elsewhere"] == "empty"
    assert stored(ours)["Empty"] == ""


def test_refresh_writes_in_its_scope_only(ours: Scope, theirs: Scope, customer: Customer, as_of: datetime) -> None:
    factories.make_subscription(Customer.objects.within(theirs).get(), name="Theirs")
    service.refresh(ours, customer_ids=None, as_of=as_of)
    assert stored(theirs) == {"Theirs": ""}


def test_the_nightly_task_sweeps_every_distributor(ours: Scope, theirs: Scope, customer: Customer) -> None:
    factories.make_subscription(Customer.objects.within(theirs).get(), name="Theirs")
    assert validate_partner_of_record() == len(STATES) + 1
    assert stored(theirs) == {"Theirs": "empty"}
    relecloud = customer.partner.resellers.get(name="Relecloud")
    relecloud.state = "Active"
    relecloud.save()
    assert validate_partner_of_record(later="an argument of a newer version") == 1
    assert stored(ours)["Inactive"] == "valid"


def test_memory_does_not_grow_with_the_rows(ours: Scope, as_of: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more than CHUNK rows are read at once."""
    customer = Customer.objects.within(ours).get()
    Subscription.objects.bulk_create(factories.subscription(customer) for _ in range(25))
    monkeypatch.setattr(service, "CHUNK", 10)
    with CaptureQueriesContext(connection) as asked:
        assert service.refresh(ours, customer_ids=None, as_of=as_of) == 25
    reads = [q["sql"] for q in asked if "LIMIT" in q["sql"]]
    assert len(reads) == 4
    assert all("LIMIT 10" in sql for sql in reads)
