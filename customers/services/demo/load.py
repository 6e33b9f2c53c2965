"""Loads the demo data: the three tenants, and as many further rows as asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from customers.models import Customer, Subscription
from customers.services import customers as customer_services
from customers.services.demo import companies, direct, partners, reference_data, tenants
from customers.services.demo.dates import at
from customers.services.demo.tenants import Tenant
from portal.core.models import Partner, User
from portal.core.scope import Scope

Progress = Callable[[str], None]


class DemoRefused(RuntimeError):
    """The demo cannot be loaded into this database. The message says why."""


@dataclass(frozen=True)
class Loaded:
    """What there is now, in the three tenants together. `changed` is false when all of it was there before."""

    customers: int
    subscriptions: int
    changed: bool
    first: bool  # the people with their password were made now


def load(
    *, customers: int | None, subscriptions: int | None, seed: int, password: str, as_of: datetime, progress: Progress
) -> Loaded:
    """Make the tenants that are missing, then rows up to these totals (None: the small demo alone).

    The same seed on the same day writes the same rows. A second call with the same numbers writes nothing.
    Raises DemoRefused.
    """
    # The whole demo is placed around midnight, so that the hour of the call does not show in it.
    today = as_of.date()
    changed = False
    made = partners.existing_partners()
    if not made:
        progress("Three partner tenants")
        with transaction.atomic():
            _small(seed=seed, password=password, as_of=at(today))
        changed = True
    elif len(made) < len(companies.PARTNERS):
        raise DemoRefused("Some partners of the demo exist and some do not. Load it into an empty database.")
    there = count()
    if changed and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return Loaded(*there, changed, first=not made)


def count() -> tuple[int, int]:
    """Customers and subscriptions of the demo tenants."""
    mine = [partner.pk for partner in partners.existing_partners().values()]
    everyone = Scope.for_operator()
    return (
        Customer.objects.within(everyone).filter(partner__in=mine).count(),
        Subscription.objects.within(everyone).filter(partner__in=mine).count(),
    )


def _small(*, seed: int, password: str, as_of: datetime) -> None:
    today = as_of.date()
    skus = reference_data.make_reference_data(today, as_of)
    made = partners.make_partners(seed)
    partners.make_people(made, password)
    resellers = partners.make_resellers(made[companies.CONTOSO.key], seed)
    filled = {
        sample.key: _tenant(sample, made[sample.key], resellers, seed=seed, as_of=as_of)
        for sample in companies.PARTNERS
    }
    for tenant in filled.values():
        tenants.fill(tenant, skus)
    tenants.assign_promotions(filled, today)
    everyone = Scope.for_operator()
    direct.refresh_outcomes()
    customer_services.refresh_summaries(everyone, customer_ids=None, as_of=as_of)


def _tenant(
    sample: companies.SamplePartner, partner: Partner, resellers: dict[str, tenants.IndirectReseller], *, seed: int,
    as_of: datetime,
) -> Tenant:  # fmt: skip
    today = as_of.date()
    own = resellers if sample is companies.CONTOSO else {}
    customers = partners.make_customers(sample, partner, own, seed=seed, today=today)
    seller = User.objects.get(email=sample.people[1].email)
    return Tenant(
        sample=sample, partner=partner, customers=customers, resellers=own, seller=seller, seed=seed, today=today
    )
