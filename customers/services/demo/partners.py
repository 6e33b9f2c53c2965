"""The partner tenants with their people and resellers, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth.hashers import make_password

from customers.models import Customer, IndirectReseller
from customers.services.demo import companies
from customers.services.demo.companies import SamplePartner, SamplePerson
from customers.services.demo.dates import at
from customers.services.demo.ids import Ids
from portal.core.access import PartnerKind, Role
from portal.core.models import Membership, Partner, User
from portal.core.scope import Scope
from portal.core.text import fold


@dataclass(frozen=True)
class Account:
    """One line of the table of accounts that the command prints."""

    email: str
    name: str
    partner: str
    role: str


def make_partners(seed: int) -> dict[str, Partner]:
    """The three tenants by key."""
    ids = Ids(seed, "partners")
    return {
        sample.key: Partner.objects.create(
            name=sample.name, kind=sample.kind, tenant_id=ids.guid(), mpn_id=sample.mpn_id, country=sample.country,
            currency=sample.currency,
        )
        for sample in companies.PARTNERS
    }  # fmt: skip


def existing_partners() -> dict[str, Partner]:
    """Those of the three that this database holds, by key."""
    found = {p.mpn_id: p for p in Partner.objects.filter(mpn_id__in=[s.mpn_id for s in companies.PARTNERS])}
    return {s.key: found[s.mpn_id] for s in companies.PARTNERS if s.mpn_id in found}


def make_people(partners: dict[str, Partner], password: str) -> None:
    """One person per role and tenant, one in two tenants, one of staff. All with the same password."""
    # Hashed once: it is meant to be slow.
    hashed = make_password(password)
    for sample in companies.PARTNERS:
        for person in sample.people:
            _join(_user(person, hashed), partners[sample.key], person.role)
    both = companies.TWO_TENANTS
    user = _user(both, hashed)
    for key, role in reversed(companies.TWO_TENANTS_ROLES):
        _join(user, partners[key], role)
    email, name = companies.STAFF
    User.objects.create(email=email, password=hashed, name=name, is_staff=True, is_superuser=True)


def accounts() -> list[Account]:
    """Who can sign in, as the console shows it."""
    rows = [
        Account(person.email, person.name, f"{sample.name} ({PartnerKind(sample.kind).label})", Role(person.role).label)
        for sample in companies.PARTNERS
        for person in sample.people
    ]
    names = {sample.key: sample.name for sample in companies.PARTNERS}
    both = companies.TWO_TENANTS
    rows += [Account(both.email, both.name, names[key], Role(role).label) for key, role in companies.TWO_TENANTS_ROLES]
    email, name = companies.STAFF
    return [*rows, Account(email, name, "every tenant, in the admin", "Operator's staff")]


def make_resellers(partner: Partner, seed: int) -> dict[str, IndirectReseller]:
    """The distributor's resellers by key."""
    ids = Ids(seed, "resellers")
    rows = [
        IndirectReseller(
            partner=partner, tenant_id=ids.guid(), name=sample.name, mpn_id=sample.mpn_id, state=sample.state,
            country=sample.country, is_location_account=sample.is_location_account,
        )
        for sample in companies.RESELLERS
    ]  # fmt: skip
    IndirectReseller.objects.bulk_create(rows)
    made = {r.mpn_id: r for r in IndirectReseller.objects.within(Scope.for_operator()).filter(partner=partner)}
    return {sample.key: made[sample.mpn_id] for sample in companies.RESELLERS}


def make_customers(
    sample: SamplePartner, partner: Partner, resellers: dict[str, IndirectReseller], *, seed: int, today: date
) -> dict[str, Customer]:
    """The customers of one tenant by name."""
    ids = Ids(seed, f"customers/{sample.key}")
    rows = [
        Customer(
            partner=partner, reseller=resellers.get(company.reseller), tenant_id=ids.guid(), company_name=company.name,
            name_key=fold(company.name)[:300], domain=company.domain, country=company.country, city=company.city,
            qualification=company.qualification, email=f"it@{company.domain}",
            language=companies.LANGUAGES.get(company.country, "en-US"),
            # Every ninth has not accepted the customer agreement, as far as anybody knows.
            agreement_accepted_at=None if number % 9 == 8 else at(today - timedelta(days=300 + 11 * number)),
            created_at=at(today - timedelta(days=320 + 11 * number)), synced_at=at(today),
        )
        for number, company in enumerate(companies.CUSTOMERS[sample.key])
    ]  # fmt: skip
    Customer.objects.bulk_create(rows)
    made = (
        Customer.objects.within(Scope.for_operator()).filter(partner=partner).select_related("reseller").order_by("pk")
    )
    return {customer.company_name: customer for customer in made}


def _user(person: SamplePerson, hashed: str) -> User:
    return User.objects.create(email=person.email, password=hashed, name=person.name, phone=person.phone)


def _join(user: User, partner: Partner, role: Role) -> None:
    user.current_membership = Membership.objects.create(user=user, partner=partner, roles=[role])
    user.save(update_fields=["current_membership"])
