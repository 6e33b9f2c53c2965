"""Which customers a filter or a text finds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from customers.models import Customer
from customers.queries import customers as queries
from customers.queries.customers import CustomerFilters
from portal.core.keyset import Total
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def scope(ours: Scope, theirs: Scope) -> Scope:
    """Ours, with customers of every kind; the other tenant has the same names."""
    for who in (ours, theirs):
        partner = factories.Partner.objects.get(pk=who.partner_id)
        nod = factories.make_reseller(partner)
        factories.make_customer(partner, "Müller & Söhne", country="DE", reseller=nod, domain="mueller.example")
        factories.make_customer(partner, "Straße Übersee", country="DE", est_count=2, domain="uebersee.example")
        factories.make_customer(
            partner,
            "Coho Winery",
            domain="fabrikam-wines.example",
            next_term_ends_at=factories.AS_OF + timedelta(days=59),
        )
    return ours


def names(scope: Scope, **filters: object) -> list[str]:
    rows = queries.listing(scope, CustomerFilters(**filters), as_of=factories.AS_OF)
    return sorted(row.company_name for row in rows)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("muller", ["Müller & Söhne"]),
        ("MÜLLER", ["Müller & Söhne"]),
        ("ller &  SÖ", ["Müller & Söhne"]),
        ("strasse", ["Straße Übersee"]),
        ("fabrikam", ["Coho Winery", "Fabrikam Robotics"]),
        ("fa", ["Coho Winery", "Fabrikam Robotics"]),
        ("ob", []),
        ("100%", []),
        ("_", []),
        ("\u0301", []),
    ],
)
def test_text_is_folded_and_looked_for_in_name_and_domain(scope: Scope, text: str, found: list[str]) -> None:
    assert names(scope, text=text) == found


def test_a_tenant_id_is_exact_in_any_spelling(scope: Scope, theirs: Scope) -> None:
    row = Customer.objects.within(scope).get(company_name="Coho Winery")
    key = str(row.tenant_id)
    for text in (key, key.upper(), key.replace("-", ""), f" {{{key}}} "):
        assert names(scope, text=text) == ["Coho Winery"]
    assert names(theirs, text=key) == []


def test_filters_narrow_and_combine(scope: Scope) -> None:
    reseller = str(factories.IndirectReseller.objects.within(scope).get().tenant_id)
    assert names(scope, market="DE") == ["Müller & Söhne", "Straße Übersee"]
    assert names(scope, reseller=reseller) == ["Müller & Söhne"]
    assert names(scope, reseller="direct") == ["Coho Winery", "Fabrikam Robotics", "Straße Übersee"]
    assert names(scope, renewing=60) == ["Coho Winery"]
    assert names(scope, renewing=30) == []
    assert names(scope, extended_term=True) == ["Straße Übersee"]
    assert names(scope, market="DE", extended_term=True, text="uber") == ["Straße Übersee"]
    assert names(scope, market="US", extended_term=True) == []


def test_only_a_filtered_list_is_counted(scope: Scope) -> None:
    everything = Total(99)
    whole = queries.found(scope, CustomerFilters(), everything=everything, as_of=factories.AS_OF)
    assert whole.total == everything
    assert queries.found(
        scope, CustomerFilters(market="DE"), everything=everything, as_of=factories.AS_OF
    ).total == Total(2)
    some = Scope(partner_id=scope.partner_id, customer_ids=frozenset([whole.rows[0].id]))
    assert queries.found(some, CustomerFilters(), everything=everything, as_of=factories.AS_OF).total == Total(1)


def test_menus_hold_what_this_tenant_has(scope: Scope) -> None:
    assert queries.markets(scope) == [("DE", 2), ("US", 2)]
    assert [(name, count) for _, name, count in queries.resellers(scope)] == [("Nod Publishers", 1)]
