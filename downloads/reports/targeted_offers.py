"""Targeted promotions of the customers, and whether each customer is eligible.

Source: "Fields in the targeted offers files" in the AI assistant article of Partner Center; contract §6.4.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from customers.services import targeted_offers
from downloads.report import DECIDED, EVALUATED_AT, Column, Decisions, Report, Shape
from portal.core.scope import Scope


class TargetedPromotions(Report):
    key = "targeted-offers"
    title = "Targeted promotions"
    covers = "Promotions that are assigned to your customers, and who is eligible"
    prompt = "Download targeted offers applicable to my customers."
    nothing = "No targeted promotion is assigned to any of your customers."
    icon = "tag-20"
    order = ("promotion_id", "promotion__required_products")
    asks = targeted_offers.TargetedOffers.ASKS
    columns = (
        Column("CustomerTenantId", "customer__tenant_id", Shape.GUID),
        Column("PromotionId", DECIDED),
        Column("PromotionName", DECIDED),
        Column("CatalogItemId", DECIDED),
        Column("SkuName", DECIDED),
        Column("Quantity", DECIDED, Shape.NUMBER),
        Column("TermDuration", DECIDED),
        Column("BillingCycle", DECIDED, Shape.WORD),
        Column("EligibleForPromotion", DECIDED, Shape.FLAG),
        Column("IneligibleReasons", DECIDED),
        Column("EvaluationTime", EVALUATED_AT, Shape.MOMENT),
    )

    @classmethod
    def query(cls, scope: Scope, *, as_of: datetime) -> Any:
        return targeted_offers.assigned(scope, as_of=as_of)

    @classmethod
    def decisions(cls, scope: Scope, *, as_of: datetime) -> Decisions:
        return targeted_offers.TargetedOffers(scope, as_of=as_of)
