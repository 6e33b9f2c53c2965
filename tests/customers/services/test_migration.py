"""The facts behind a Microsoft-led migration: the mapping, the price list, add-ons, the partner of record."""

from __future__ import annotations

import uuid
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, LegacyOfferMapping, Subscription
from customers.services import migration
from customers.services.subscriptions import SubscriptionNotFound
from portal.core.models import Partner
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
OFFER, ADDON = "B07A1127-de83-4a6d-9f85-2c104bdae8b4", "a2706f86-868d-4048-989b-0c69e5c76b63"


@pytest.fixture
def mapping() -> LegacyOfferMapping:
    return LegacyOfferMapping.objects.create(
        legacy_offer_id=OFFER.lower(),
        legacy_title="Business Premium (legacy)",
        product_id="CFQ7TTC0LCHC",
        sku_id="0002",
    )


@pytest.fixture
def legacy(ours: Scope, mapping: LegacyOfferMapping) -> Subscription:
    """Mapped, priced, with no partner of record."""
    factories.make_price(factories.make_sku(), term="P1Y", plan="monthly")
    return factories.make_subscription(Customer.objects.within(ours).get(), offer_id=OFFER, name="Old seats")


def codes(scope: Scope, subscription: Subscription, as_of: datetime) -> list[str]:
    found = migration.eligibility(scope, subscription_id=subscription.subscription_id, as_of=as_of)
    return [check.code for check in found.failed]


def test_eligible(ours: Scope, legacy: Subscription, as_of: datetime) -> None:
    found = migration.eligibility(ours, subscription_id=legacy.subscription_id, as_of=as_of)
    assert found.allowed, found.reasons
    assert found.path is not None
    assert (found.path.reference, found.path.title) == ("CFQ7TTC0LCHC:0002", "Microsoft 365 Business Premium")
    assert found.planned_at == legacy.commitment_ends_at


def test_the_mapping_says_what_it_becomes(
    ours: Scope, legacy: Subscription, mapping: LegacyOfferMapping, as_of: datetime
) -> None:
    mapping.migration_enabled = False
    mapping.save()
    assert codes(ours, legacy, as_of) == ["path"]
    mapping.legacy_offer_id = ADDON
    mapping.save()
    assert codes(ours, legacy, as_of) == ["path"]
    mapping.delete()
    assert codes(ours, legacy, as_of) == ["missing_fact"]


def test_the_price_list_says_how_it_is_sold(ours: Scope, legacy: Subscription, as_of: datetime) -> None:
    legacy.billing_cycle = "annual"
    legacy.save()
    assert codes(ours, legacy, as_of) == ["plan"]
    Customer.objects.within(ours).update(country="DE")
    assert codes(ours, legacy, as_of) == ["missing_fact"], "no price list of that market"


def test_add_ons_move_with_it_or_not_at_all(ours: Scope, legacy: Subscription, as_of: datetime) -> None:
    addon = factories.make_subscription(
        legacy.customer, offer_id=ADDON, name="Audio", parent_subscription_id=legacy.subscription_id
    )
    found = migration.eligibility(ours, subscription_id=legacy.subscription_id, as_of=as_of)
    assert [(check.code, check.data["vendorCode"]) for check in found.failed] == [("addons", "900219")]
    assert "Audio" in found.reasons[0]
    other = LegacyOfferMapping.objects.create(legacy_offer_id=ADDON, product_id="CFQ7TTC0LHXJ", sku_id="0001")
    assert codes(ours, legacy, as_of) == []
    other.migration_enabled = False
    other.save()
    assert codes(ours, legacy, as_of) == ["addons"]
    addon.status = "deleted"
    addon.save()
    assert codes(ours, legacy, as_of) == []


def test_a_distributors_partner_of_record_counts(ours: Scope, legacy: Subscription, as_of: datetime) -> None:
    legacy.partner_of_record = "7654321"
    legacy.save()
    assert codes(ours, legacy, as_of) == ["partner_of_record"]
    Partner.objects.filter(pk=ours.partner_id).update(kind="direct_bill")
    assert codes(ours, legacy, as_of) == []
    Partner.objects.filter(pk=ours.partner_id).update(kind="indirect_provider")
    factories.make_reseller(legacy.customer.partner)
    assert codes(ours, legacy, as_of) == []


def test_a_new_commerce_subscription(ours: Scope, as_of: datetime) -> None:
    row = factories.make_subscription(Customer.objects.within(ours).get())
    assert codes(ours, row, as_of) == ["legacy"]


def test_another_tenants_subscription_is_not_found(ours: Scope, theirs: Scope, as_of: datetime) -> None:
    foreign = factories.make_subscription(Customer.objects.within(theirs).get(), offer_id=OFFER)
    for key in (foreign.subscription_id, uuid.uuid4()):
        with pytest.raises(SubscriptionNotFound):
            migration.eligibility(ours, subscription_id=key, as_of=as_of)


def test_few_queries(ours: Scope, legacy: Subscription, as_of: datetime) -> None:
    with CaptureQueriesContext(connection) as asked:
        migration.eligibility(ours, subscription_id=legacy.subscription_id, as_of=as_of)
    assert len(asked) <= 9, [query["sql"] for query in asked]
