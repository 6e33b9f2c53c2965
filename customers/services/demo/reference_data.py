"""Catalog, prices and promotions: written as files, read by the product's own importers, then completed."""

from __future__ import annotations

import json
import tempfile
from datetime import date, datetime
from pathlib import Path

from customers.models import Availability, Product, Promotion, PromotionProduct, Sku, UpgradePath
from customers.rules.vocabulary import cycle_of
from customers.services.demo import files, upgrades
from customers.services.demo import sample_catalog as catalog
from customers.services.demo import sample_promotions as promotions
from customers.services.demo.files import SamplePromotionFile
from customers.services.price_list_import import import_price_list
from portal.core.scope import Scope


def make_reference_data(today: date, as_of: datetime) -> dict[str, Sku]:
    """Everything that no tenant owns. Returns the SKUs by reference."""
    with tempfile.TemporaryDirectory(prefix="sample-lists-") as name:
        folder = Path(name)
        for list_file in files.write_price_lists(folder, today):
            with list_file.path.open("rb") as file:
                result = import_price_list(
                    Scope.for_operator(), file=file, name=list_file.path.name, view=list_file.view, as_of=as_of
                )
            if result.refused:
                raise ValueError(f"{list_file.path.name}: {result.errors[0]}")
        for promotion_file in files.write_promotions(folder, today):
            _import_promotions(promotion_file, as_of=as_of)
    targeted = [p.promotion_id for p in promotions.PROMOTIONS if p.targeted]
    Promotion.objects.filter(promotion_id__in=targeted).update(is_targeted=True)
    skus = _complete_skus()
    _make_availabilities(skus)
    UpgradePath.objects.bulk_create(upgrades.make_paths(today), ignore_conflicts=True)
    return skus


def _import_promotions(file: SamplePromotionFile, *, as_of: datetime) -> None:
    for item in json.loads(file.path.read_text(encoding="utf-8"))["items"]:
        limits = item["promotionConstraints"]
        promotion = Promotion.objects.create(
            promotion_id=item["id"], country=file.country, segment=file.segment, name=item["name"],
            description=item["description"], starts_at=datetime.fromisoformat(item["startDate"]),
            ends_at=datetime.fromisoformat(item["endDate"]), is_auto_applicable=item["properties"]["isAutoApplicable"],
            seat_constraints=limits.get("seatConstraints", []),
            asset_ownership_limits=limits.get("assetOwnershipLimits", []),
            eligibility_constraints=limits.get("eligibilityConstraints", []),
            product_ownership_constraints=limits.get("productOwnershipConstraints", []), imported_at=as_of,
        )  # fmt: skip
        PromotionProduct.objects.bulk_create(
            PromotionProduct(
                promotion=promotion, product_id=p["productId"], sku_id=p["skuId"], term_duration=p["term"]["duration"],
                billing_cycle=cycle_of(p["term"]["billingCycle"]), policy_type=p["pricingPolicies"][0]["policyType"],
                value=p["pricingPolicies"][0]["value"],
            )
            for p in item["requiredProducts"]
        )  # fmt: skip


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
