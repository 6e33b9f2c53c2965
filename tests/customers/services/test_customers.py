"""Finding a customer by what a person typed, and the summaries that the lists show."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from customers.models import OPEN_END, Customer, Subscription
from customers.services import customers as service
from portal.core.models import Partner
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def ours_customer(scope: Scope, name: str = "Fabrikam Robotics") -> Customer:
    return Customer.objects.within(scope).get(company_name=name)


def test_get_answers_not_found_for_a_foreign_customer(ours: Scope, theirs: Scope) -> None:
    mine = ours_customer(ours)
    assert service.get(ours, tenant_id=mine.tenant_id) == mine
    for key in (mine.tenant_id, uuid.uuid4()):
        with pytest.raises(service.CustomerNotFound):
            service.get(theirs, tenant_id=key)


@pytest.fixture
def many(ours: Scope, theirs: Scope) -> Scope:
    for who in (ours, theirs):
        partner = Partner.objects.get(pk=who.partner_id)
        for name in ("Fabrikam", "Fabrikam Residences", "Müller & Söhne", "Contoso Fabrics"):
            factories.make_customer(partner, name)
    return ours


@pytest.mark.parametrize(
    ("text", "how", "found"),
    [
        ("fabrikam", "name", ["Fabrikam"]),
        ("MÜLLER & SÖHNE", "name", ["Müller & Söhne"]),
        ("fabrikam r", "prefix", ["Fabrikam Residences", "Fabrikam Robotics"]),
        ("fabri", "prefix", ["Fabrikam", "Fabrikam Residences", "Fabrikam Robotics"]),
        ("sohne", "part", ["Müller & Söhne"]),
        ("robotics", "part", ["Fabrikam Robotics"]),
    ],
)
def test_match_climbs_from_exact_to_part(many: Scope, text: str, how: str, found: list[str]) -> None:
    got = service.match(many, text=text)
    assert [(m.how, m.customer.company_name) for m in got] == [(how, name) for name in found]


def test_match_by_id_and_domain(many: Scope, theirs: Scope) -> None:
    row = ours_customer(many)
    assert [(m.how, m.score, m.customer) for m in service.match(many, text=str(row.tenant_id))] == [("id", 1.0, row)]
    assert [(m.how, m.customer) for m in service.match(many, text=row.domain.upper())] == [("domain", row)]
    assert service.match(theirs, text=str(row.tenant_id)) == []


@pytest.mark.parametrize("text", ["fabrikm robotics", "Fabrikam Robtics", "fabrikam robotic inc"])
def test_a_misspelt_name_finds_the_similar_one_and_says_so(many: Scope, text: str) -> None:
    got = service.match(many, text=text)
    assert (got[0].customer.company_name, got[0].how) == ("Fabrikam Robotics", "similar")
    assert got[0].score < 1
    assert {m.customer.partner_id for m in got} == {many.partner_id}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Dautm", "Datum"),  # two letters changed places in the middle of a short name
        ("lmaware", "Lamware"),
        ("fabirkam", "Fabrikam"),
        ("consolidted messengr", "Consolidated Messenger Holdings GmbH"),
        ("holdings consoldated", "Consolidated Messenger Holdings GmbH"),  # a word left out, another order
        ("Consolidated Mesenger GmbH", "Consolidated Messenger Holdings GmbH"),
        ("wide wrold importers inc", "Wide World Importers"),
    ],
)
def test_a_slip_of_the_finger_finds_the_name(many: Scope, text: str, name: str) -> None:
    partner = Partner.objects.get(pk=many.partner_id)
    for each in ("Datum", "Lamware", "Consolidated Messenger Holdings GmbH", "Wide World Importers"):
        factories.make_customer(partner, each)
    assert service.match(many, text=text)[0].customer.company_name == name


def test_a_name_is_found_as_soon_as_it_is_written_and_not_after(many: Scope) -> None:
    row = factories.make_customer(Partner.objects.get(pk=many.partner_id), "Northwind Traders")
    for name, text, part in (
        ("Northwind Traders", "nortwhind traders", "wind trad"),
        ("Lucerne Publishing", "lucenre publishing", "rne pub"),
    ):
        row.company_name = name
        row.save()
        assert [m.customer.company_name for m in service.match(many, text=text)] == [name]
        assert [m.customer.company_name for m in service.match(many, text=part)] == [name]
    assert service.match(many, text="nortwhind traders") == service.match(many, text="wind trad") == []
    Customer.objects.within(many).filter(pk=row.pk).update(company_name="Trey Research", name_key="trey research")
    assert service.match(many, text="lucenre publishing") == []
    row.delete()
    assert service.match(many, text="trye research") == service.match(many, text="y resea") == []


@pytest.mark.parametrize(
    "text",
    ['fab" OR "mül', "name_key : fab*", "{domain} : (x)", "fab%kam_", "NOT fabrikam NEAR(a, b)", "'); --", "\\", '"""'],
)
def test_no_sign_of_a_name_is_a_command(many: Scope, text: str) -> None:
    assert {match.how for match in service.match(many, text=text)} <= {"similar"}


@pytest.mark.parametrize("text", ["", "   ", "\u0301", "zzzzzzzzzzzz"])
def test_nothing_is_guessed(many: Scope, text: str) -> None:
    assert service.match(many, text=text) == []


def test_summaries_count_what_runs(ours: Scope, theirs: Scope) -> None:
    customer = ours_customer(ours)
    rows: list[dict[str, Any]] = [
        {"quantity": 60, "assigned_licenses": 52, "commitment_ends_at": factories.AS_OF + 20 * DAY},
        {
            "quantity": 5,
            "assigned_licenses": 5,
            "end_of_term": "silent_est",
            "commitment_ends_at": factories.AS_OF + 10 * DAY,
        },
        {
            "quantity": 7,
            "assigned_licenses": 0,
            "end_of_term": "cancel",
            "commitment_ends_at": factories.AS_OF + 25 * DAY,
        },
        {"quantity": 9, "status": "deleted", "commitment_ends_at": factories.AS_OF + DAY},
        {"quantity": 9, "commitment_ends_at": factories.AS_OF - DAY},
        {"quantity": 1, "billing_type": "usage", "commitment_ends_at": OPEN_END, "end_of_term": "not_applicable"},
        {"quantity": 3, "assigned_licenses": 1, "commitment_ends_at": factories.AS_OF + 500 * DAY},
    ]
    Subscription.objects.bulk_create([factories.subscription(customer, **row) for row in rows])
    service.refresh_summaries(ours, customer_ids=None, as_of=factories.AS_OF)

    customer.refresh_from_db()
    assert (customer.subscription_count, customer.license_count, customer.assigned_license_count) == (7, 75, 58)
    assert customer.next_term_ends_at == factories.AS_OF + 10 * DAY
    assert customer.est_count == 1
    assert customer.renewal_calendar == {"2026-12": {"renew": 1, "est": 1, "lapse": 1}}
    partner = Partner.objects.get(pk=ours.partner_id)
    assert (partner.customer_count, partner.subscription_count) == (1, 7)
    assert Partner.objects.get(pk=theirs.partner_id).customer_count == 0


def test_assigned_licenses_are_unknown_as_soon_as_one_is(ours: Scope) -> None:
    customer = ours_customer(ours)
    factories.make_subscription(customer, assigned_licenses=4)
    factories.make_subscription(customer, assigned_licenses=None)
    service.refresh_summaries(ours, customer_ids=[customer.pk], as_of=factories.AS_OF)
    customer.refresh_from_db()
    assert customer.assigned_license_count is None
    assert customer.license_count == 20


def test_summaries_go_back_to_nothing(ours: Scope) -> None:
    customer = ours_customer(ours)
    row = factories.make_subscription(customer)
    service.refresh_summaries(ours, customer_ids=None, as_of=factories.AS_OF)
    row.delete()
    service.refresh_summaries(ours, customer_ids=None, as_of=factories.AS_OF)
    customer.refresh_from_db()
    assert (customer.subscription_count, customer.renewal_calendar, customer.assigned_license_count) == (0, {}, None)
    assert customer.next_term_ends_at == OPEN_END


def test_only_the_named_customers_of_the_scope_are_touched(ours: Scope, theirs: Scope) -> None:
    mine, other = ours_customer(ours), ours_customer(theirs, "Northwind Traders")
    for customer in (mine, other):
        factories.make_subscription(customer)
    service.refresh_summaries(ours, customer_ids=[mine.pk, other.pk], as_of=factories.AS_OF)
    assert ours_customer(ours).subscription_count == 1
    assert ours_customer(theirs, "Northwind Traders").subscription_count == 0


def test_summaries_take_the_same_queries_for_any_number(
    ours: Scope, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = Partner.objects.get(pk=ours.partner_id)
    customers = [factories.make_customer(partner, f"Customer {n}") for n in range(12)]
    Subscription.objects.bulk_create([factories.subscription(c) for c in customers for _ in range(5)])
    with django_assert_max_num_queries(14):
        service.refresh_summaries(ours, customer_ids=None, as_of=factories.AS_OF)
    monkeypatch.setattr(service, "CHUNK", 5)
    service.refresh_summaries(ours, customer_ids=None, as_of=factories.AS_OF)
    counts = (
        Customer.objects.within(ours)
        .exclude(company_name="Fabrikam Robotics")
        .values_list("subscription_count", flat=True)
    )
    assert set(counts) == {5}
