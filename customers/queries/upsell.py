"""The Microsoft 365 Business family in the catalog, and its subscriptions that are up for renewal."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from customers.models import Customer, Sku, Subscription
from customers.rules.promotion_constraints import SkuKey
from customers.rules.upsell import COPILOT, FAMILY, GOES_ON, HORIZON
from customers.rules.vocabulary import SubscriptionStatus
from portal.core.scope import Scope, ScopedQuerySet
from portal.core.text import fold


def family() -> list[Sku]:
    """Every SKU whose title begins as a plan of the family does or ends as a bundle of it does, with its product."""
    titles = Q(title_key__startswith=fold(FAMILY)) | Q(title_key__endswith=fold(COPILOT))
    return list(Sku.objects.filter(titles).select_related("product").order_by("pk"))


def up_for_renewal(scope: Scope, plans: Collection[SkuKey], *, as_of: datetime) -> ScopedQuerySet:
    """Subscriptions of these SKUs that customers.rules.upsell finds up for renewal. Excludes trials, what is not
    active, and what ends with its term."""
    wanted = Q(pk__in=[])
    for product_id, sku_id in plans:
        wanted |= Q(product_id=product_id, sku_id=sku_id)
    return Subscription.objects.within(scope).filter(
        wanted,
        is_trial=False,
        status=SubscriptionStatus.ACTIVE,
        end_of_term__in=GOES_ON,
        commitment_ends_at__gte=as_of,
        commitment_ends_at__lt=as_of + HORIZON,
    )


def markets_between(scope: Scope, *, first: int, last: int) -> list[tuple[str, str, str]]:
    """(country, qualification, the partner's currency) of the customers with keys from `first` to `last`, each once."""
    rows = Customer.objects.within(scope).filter(pk__gte=first, pk__lte=last)
    return list(rows.order_by().values_list("country", "qualification", "partner__currency").distinct())
