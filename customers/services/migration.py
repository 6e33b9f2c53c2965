"""Will Microsoft migrate a legacy subscription to new commerce? Gathers the facts for the rule."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from customers.models import LegacyOfferMapping, Sku, Subscription
from customers.queries import catalog
from customers.queries import subscriptions as queries
from customers.rules import migration as rule
from customers.rules.migration import Eligibility, Facts, Path
from customers.rules.vocabulary import PartnerOfRecord
from customers.services import partner_of_record, pricing
from customers.services.subscriptions import SubscriptionNotFound
from portal.core.scope import Scope


def eligibility(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> Eligibility:
    """Whether and when Microsoft migrates it, computed. Raises SubscriptionNotFound, also for another tenant's."""
    rows = Subscription.objects.within(scope).select_related("partner")
    subscription = rows.filter(subscription_id=subscription_id).first()
    if subscription is None:
        raise SubscriptionNotFound
    return rule.decide(_facts(scope, subscription, as_of=as_of), as_of=as_of)


def _facts(scope: Scope, subscription: Subscription, *, as_of: datetime) -> Facts:
    offer = _plain(subscription.offer_id)
    sku, path, addons, sold, record = None, None, [], None, PartnerOfRecord.NOT_APPLICABLE
    if subscription.is_legacy:
        addons = queries.active_addons(scope, subscription)
        mapped = _mapped({offer, *(_plain(addon.offer_id) for addon in addons)})
        if offer in mapped:
            sku, path = _path(mapped[offer])
        sold = _sold(scope, subscription.customer_id, sku, as_of=as_of)
        record = partner_of_record.state_of(scope, subscription)
        addons = [a for a in addons if (m := mapped.get(_plain(a.offer_id))) is None or not m.migration_enabled]
    return Facts(
        is_legacy=subscription.is_legacy,
        status=subscription.status,
        billing_type=subscription.billing_type,
        auto_renew_enabled=subscription.auto_renew_enabled,
        is_trial=subscription.is_trial,
        promotion_id=subscription.promotion_id,
        bought_at=subscription.created_at,
        renews_at=subscription.commitment_ends_at,
        has_no_end=subscription.has_no_end,
        billing_cycle=subscription.billing_cycle,
        quantity=subscription.quantity,
        mapping_imported=path is not None or LegacyOfferMapping.objects.exists(),
        path=path,
        sold=sold,
        stuck_addons=tuple(addon.friendly_name for addon in addons),
        partner_of_record=record,
    )


def _plain(offer_id: str) -> str:
    """A GUID as the mapping is compared by: the casing says nothing."""
    return offer_id.casefold()


def _mapped(offers: Collection[str]) -> dict[str, LegacyOfferMapping]:
    """The paths of these legacy offers, by offer."""
    return {_plain(row.legacy_offer_id): row for row in catalog.legacy_mappings(offers)}


def _path(mapping: LegacyOfferMapping) -> tuple[Sku | None, Path]:
    """The SKU that the offer becomes, when the catalog has it, and the path to it."""
    reference = f"{mapping.product_id}:{mapping.sku_id}"
    sku = next(iter(catalog.skus_by_id(mapping.product_id, mapping.sku_id)), None)
    title = sku.title if sku else mapping.legacy_title or reference
    return sku, Path(reference=reference, title=title, migration_enabled=mapping.migration_enabled)


def _sold(scope: Scope, customer_id: int, sku: Sku | None, *, as_of: datetime) -> frozenset[tuple[str, str]] | None:
    """The terms and billing cycles that the price list has for this customer now; None when it has none."""
    if sku is None:
        return None
    quotes = pricing.quotes(scope, customer_id=customer_id, sku_ids=[sku.pk], as_of=as_of).get(sku.pk, [])
    return frozenset((quote.term_duration, quote.billing_cycle) for quote in quotes) or None
