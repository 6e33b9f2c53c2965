"""Reads the sample files without the importers."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from customers.models import PriceList, PriceRow, Product, Promotion, PromotionProduct, Sku, Subscription
from customers.rules.vocabulary import EndOfTerm, cycle_of
from portal.core.scope import Scope


def import_price_list(path: Path, *, view: str, as_of: datetime) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    price_list = PriceList.objects.create(
        view=view, file_name=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), imported_at=as_of,
        row_count=len(lines), added_count=len(lines),
    )  # fmt: skip
    skus: dict[tuple[str, str], Sku] = {}
    for line in lines:
        key = line["ProductId"], line["SkuId"].rjust(4, "0")
        if key not in skus:
            product, _ = Product.objects.get_or_create(
                product_id=key[0], defaults={"title": line["ProductTitle"], "publisher": line["Publisher"]}
            )
            skus[key], _ = Sku.objects.get_or_create(
                product=product, sku_id=key[1], defaults={"title": line["SkuTitle"]}
            )
    PriceRow.objects.bulk_create(
        [
            PriceRow(
                price_list=price_list, view=view, sku=skus[line["ProductId"], line["SkuId"].rjust(4, "0")],
                term_duration=line["TermDuration"], billing_plan=cycle_of(line["BillingPlan"]), market=line["Market"],
                currency=line["Currency"], segment=line["Segment"], unit_price=line["UnitPrice"],
                erp_price=line["ERP Price"], effective_start_at=_moment(line["EffectiveStartDate"]),
                effective_end_at=_moment(line["EffectiveEndDate"]), tags=line["Tags"],
            )
            for line in lines
        ],
        batch_size=500,
    )  # fmt: skip


def import_promotions(path: Path, *, country: str, segment: str, as_of: datetime) -> None:
    for item in json.loads(path.read_text())["items"]:
        limits = item["promotionConstraints"]
        promotion = Promotion.objects.create(
            promotion_id=item["id"], country=country, segment=segment, name=item["name"],
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


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)


def refresh_outcomes() -> None:
    everyone = Scope.for_operator()
    rows = list(Subscription.objects.within(everyone))
    for row in rows:
        kinds = [action["actionType"] for action in row.scheduled_actions]
        if row.status != "active" or row.has_no_end:
            row.end_of_term = EndOfTerm.NOT_APPLICABLE
        elif row.auto_renew_enabled:
            row.end_of_term = EndOfTerm.RENEW
        elif "Cancel" in kinds:
            row.end_of_term = EndOfTerm.CANCEL
        elif "RenewToExtendedServiceTerm" in kinds:
            row.end_of_term = EndOfTerm.EST
        elif row.is_legacy or row.is_trial or row.product_type != "OnlineServicesNCE":
            row.end_of_term = EndOfTerm.LAPSE
        else:
            recent = row.effective_start_at >= datetime(2025, 4, 1, tzinfo=UTC)
            row.end_of_term = EndOfTerm.SILENT_EST if recent else EndOfTerm.LAPSE
    Subscription.objects.within(everyone).bulk_update(rows, ["end_of_term"], batch_size=200)
