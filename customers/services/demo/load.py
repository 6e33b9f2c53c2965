"""Loads the demo data: the three tenants, and as many further rows as asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from customers.models import Customer, IndirectReseller, PriceList, Subscription
from customers.services import customers as customer_services
from customers.services import duplicates, end_of_term, partner_of_record
from customers.services.demo import bulk, companies, partners, reference_data, rows, tenants
from customers.services.demo.bulk import Wanted
from customers.services.demo.dates import at
from customers.services.demo.tenants import Tenant
from portal.core.models import Partner, User
from portal.core.scope import Scope

Progress = Callable[[str], None]
# How many subscriptions a customer has on average where only the customers are asked for.
SUBSCRIPTIONS_EACH = 10
# More rows than this go in without indexes, which are built afterwards.
INDEXED_UPTO = 50_000


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
        if PriceList.objects.exists():
            raise DemoRefused(
                "There are price lists here, which the sample prices would replace. Use an empty database."
            )
        progress("Three partner tenants")
        with transaction.atomic():
            _small(seed=seed, password=password, as_of=at(today))
        changed = True
    elif len(made) < len(companies.PARTNERS):
        raise DemoRefused("Some partners of the demo exist and some do not. Load it into an empty database.")
    contoso = partners.existing_partners()[companies.CONTOSO.key]
    wanted = _missing(contoso, customers, subscriptions)
    if wanted:
        _add(contoso, wanted, seed=seed, today=today, progress=progress)
        changed = True
    if changed and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return Loaded(*count(), changed, first=not made)


def _missing(contoso: Partner, customers: int | None, subscriptions: int | None) -> Wanted | None:
    """What to add to reach these totals; None when there is nothing to add. Raises DemoRefused."""
    if customers is None and subscriptions is None:
        return None
    if customers is None:
        customers = subscriptions // SUBSCRIPTIONS_EACH if subscriptions else 0
    if subscriptions is None:
        subscriptions = customers * SUBSCRIPTIONS_EACH
    have_customers, have_subscriptions = count()
    if (customers, subscriptions) == (have_customers, have_subscriptions):
        return None
    there = f"{have_customers:,} customers and {have_subscriptions:,} subscriptions"
    if IndirectReseller.objects.within(Scope(partner_id=contoso.pk)).filter(mpn_id=bulk.MARKER).exists():
        raise DemoRefused(f"The demo has {there} already. Load another size into an empty database.")
    if customers <= have_customers and subscriptions <= have_subscriptions:
        return None
    if customers <= have_customers:
        raise DemoRefused(f"The demo has {there}. More subscriptions need more customers.")
    return Wanted(customers - have_customers, max(subscriptions - have_subscriptions, 0))


def _add(contoso: Partner, wanted: Wanted, *, seed: int, today: date, progress: Progress) -> None:
    """Add rows to the distributor, in one transaction: all of them or none."""
    made = 0
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # Checked with each batch, so that no list of a million rows waits for the commit.
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        generator = bulk.Generator(contoso, wanted, seed=seed, today=today)
        generator.make_resellers()
        great = wanted.subscriptions > INDEXED_UPTO
        tables = (generator.customers, generator.subscriptions) if great else ()
        with rows.indexes_built_after(*tables):
            for customers, subscriptions in generator.batches():
                generator.customers.insert(customers)
                generator.subscriptions.insert(subscriptions)
                made += len(subscriptions)
                progress(f"{made:,} of {wanted.subscriptions:,} subscriptions")
            progress("Indexes")
        customer_services.refresh_summaries(Scope.for_operator(), customer_ids=[], as_of=at(today))


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
    end_of_term.refresh(everyone, subscription_ids=None, as_of=as_of)
    duplicates.refresh(everyone, customer_ids=None, as_of=as_of)
    partner_of_record.refresh(everyone, customer_ids=None, as_of=as_of)
    customer_services.refresh_summaries(everyone, customer_ids=None, as_of=as_of)


def _tenant(
    sample: companies.SamplePartner, partner: Partner, resellers: dict[str, IndirectReseller], *, seed: int,
    as_of: datetime,
) -> Tenant:  # fmt: skip
    today = as_of.date()
    own = resellers if sample is companies.CONTOSO else {}
    customers = partners.make_customers(sample, partner, own, seed=seed, today=today)
    seller = User.objects.get(email=sample.people[1].email)
    return Tenant(
        sample=sample, partner=partner, customers=customers, resellers=own, seller=seller, seed=seed, today=today
    )
