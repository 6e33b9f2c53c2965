"""Microsoft 365 Business subscriptions up for renewal, with the Copilot Business bundles to recommend.

Source: "Fields in upsell-recommendations files" in the AI assistant article of Partner Center; contract §14.
The order of the fields is the article's own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from customers.services import upsell
from downloads.report import DECIDED, EVALUATED_AT, Column, Decisions, Report, Shape
from portal.core.scope import Scope


class CopilotRecommendations(Report):
    key = "upsell"
    title = "Copilot Business recommendations"
    covers = "Microsoft 365 Business renewals of the next 60 days, with the bundle to upgrade to"
    prompt = (
        "Show customers renewing Microsoft 365 Business in the next 60 days and highlight which Copilot Business "
        "bundle to upgrade to."
    )
    nothing = "No Microsoft 365 Business subscription with a Copilot Business bundle renews in the next 60 days."
    icon = "arrow_circle_up_sparkle-20"
    asks = upsell.Recommendations.ASKS
    columns = (
        Column("CustomerTenantId", "customer__tenant_id", Shape.GUID),
        Column("ResellerPartnerId", "partner_of_record"),
        Column("SubscriptionId", "subscription_id", Shape.GUID),
        Column("SkuName", "offer_name"),
        Column("Quantity", "quantity", Shape.NUMBER),
        Column("TermDuration", "term_duration"),
        Column("TermEndDate", "commitment_ends_at", Shape.MOMENT),
        Column("BillingCycle", "billing_cycle", Shape.WORD),
        Column("UpsellRecommendationRank", DECIDED, Shape.NUMBER),
        Column("UpsellCatalogItemId", DECIDED),
        Column("UpsellSkuName", DECIDED),
        Column("PromotionId", DECIDED),
        Column("PromotionName", DECIDED),
        Column("ListPrice", DECIDED, Shape.MONEY),
        Column("DiscountedPrice", DECIDED, Shape.MONEY),
        Column("CurrencyCode", DECIDED),
        Column("EvaluationTime", EVALUATED_AT, Shape.MOMENT),
    )

    @classmethod
    def query(cls, scope: Scope, *, as_of: datetime) -> Any:
        return upsell.up_for_renewal(scope, as_of=as_of)

    @classmethod
    def decisions(cls, scope: Scope, *, as_of: datetime) -> Decisions:
        return upsell.Recommendations(scope, as_of=as_of)
