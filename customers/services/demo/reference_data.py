"""Catalog, prices and promotions: written as files, read by the product's own importers, then completed."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from pathlib import Path

from customers.models import Availability, LegacyOfferMapping, Product, Promotion, Sku, UpgradePath
from customers.services.demo import files, upgrades
from customers.services.demo import sample_catalog as catalog
from customers.services.demo import sample_promotions as promotions
from customers.services.demo.subscriptions import legacy_offer
from customers.services.price_list_import import PriceListImport, import_price_list
from customers.services.promotion_import import PromotionImport, import_promotions
from portal.core.scope import Scope


def make_reference_data(today: date, as_of: datetime) -> dict[str, Sku]:
    """Everything that no tenant owns. Returns the SKUs by reference."""
    operator = Scope.for_operator()
    with tempfile.TemporaryDirectory(prefix="sample-lists-") as name:
        folder = Path(name)
        for prices in files.write_price_lists(folder, today):
            with prices.path.open("rb") as file:
                read = import_price_list(operator, file=file, name=prices.path.name, view=prices.view, as_of=as_of)
            _expect_taken(prices.path, read)
        for offers in files.write_promotions(folder, today):
            with offers.path.open("rb") as file:
                found = import_promotions(
                    operator, file=file, name=offers.path.name, country=offers.country, segment=offers.segment,
                    as_of=as_of,
                )  # fmt: skip
            _expect_taken(offers.path, found)
    targeted = [p.promotion_id for p in promotions.PROMOTIONS if p.targeted]
    Promotion.objects.filter(promotion_id__in=targeted).update(is_targeted=True)
    skus = _complete_skus()
    _make_availabilities(skus)
    LegacyOfferMapping.objects.bulk_create(
        [
            LegacyOfferMapping(
                legacy_offer_id=str(legacy_offer(item)), legacy_title=item.title, product_id=item.product_id,
                sku_id=item.sku_id,
            )
            for item in catalog.LEGACY
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    UpgradePath.objects.bulk_create(upgrades.make_paths(today), ignore_conflicts=True)
    return skus


def _expect_taken(path: Path, result: PriceListImport | PromotionImport) -> None:
    if result.refused:
        raise ValueError(f"{path.name}: {result.errors[0]}")


def _complete_skus() -> dict[str, Sku]:
    """What a price list does not say: product type, limits, what is a trial or an add-on."""
    found = {sku.reference: sku for sku in Sku.objects.select_related("product")}
    for item in catalog.SKUS:
        sku = found.get(item.reference)
        if sku is None:
            # Sold by use: no price list has it.
            product, _ = Product.objects.get_or_create(
                product_id=item.product_id, defaults={"title": item.product, "publisher": "Microsoft Corporation"}
            )
            sku = found[item.reference] = Sku(product=product, sku_id=item.sku_id, title=item.title)
        sku.product.product_type = item.product_type
        sku.product.save(update_fields=["product_type"])
        sku.unit_of_measure = sku.unit_of_measure or item.unit
        sku.min_licenses, sku.max_licenses = item.min_licenses, item.max_licenses
        sku.asset_ownership_limit = 1 if item.is_trial else None
        sku.asset_ownership_limit_type = "Lifetime" if item.is_trial else ""
        sku.is_trial, sku.is_addon = item.is_trial, item.is_addon
        sku.save()
    return found


def _make_availabilities(skus: dict[str, Sku]) -> None:
    """In every market of the price list. What left sale can be bought nowhere."""
    Availability.objects.bulk_create(
        [
            Availability(
                sku=skus[item.reference], availability_id=item.availability_id, segment=segment, country=market,
                is_purchasable=not item.end_of_sale,
            )
            for item in catalog.SKUS
            for segment in item.segments
            for market in files.MARKETS
        ],
        ignore_conflicts=True,
    )  # fmt: skip
