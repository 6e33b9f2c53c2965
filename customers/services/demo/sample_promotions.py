"""The sample promotions, in the shape of the productpromotions API (contract §6.1). Discounts are invented."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from customers.rules.terms import END_OF_DAY
from customers.rules.vocabulary import Segment
from customers.services.demo import sample_catalog as catalog
from customers.services.demo.dates import at
from customers.services.demo.sample_catalog import Plan, SampleSku

YEAR_ANNUAL: Plan = ("P1Y", "annual")
YEAR_MONTHLY: Plan = ("P1Y", "monthly")


@dataclass(frozen=True, kw_only=True)
class SamplePromotion:
    """`starts` and `ends` are days from today."""

    promotion_id: str
    name: str
    description: str
    covers: tuple[tuple[SampleSku, Plan, str], ...]
    starts: int = -120
    ends: int = 150
    seats: tuple[int, int] | None = None
    redemptions: int | None = None
    first_purchase: bool = False
    # Any of these SKUs must be owned already, with at least so many licenses.
    owned: tuple[tuple[SampleSku, int], ...] = ()
    auto: bool = True
    targeted: bool = False
    segments: tuple[Segment, ...] = (Segment.COMMERCIAL,)

    def document(self, today: date) -> dict[str, Any]:
        """The promotion as the API returns it."""
        constraints: dict[str, Any] = {}
        if self.seats:
            low, high = self.seats
            constraints["seatConstraints"] = [{"minSeats": low, "maxSeats": high, "type": "SubscriptionQuantity"}]
        if self.redemptions is not None:
            constraints["assetOwnershipLimits"] = [
                {"minAssets": 0, "maxAssets": self.redemptions, "type": "LifetimeRedemptionCount"}
            ]
        if self.first_purchase:
            constraints["eligibilityConstraints"] = [{"isApplicable": True, "type": "FirstPurchase"}]
        if self.owned:
            constraints["productOwnershipConstraints"] = [
                [{"bigId": f"{item.product_id}/{item.sku_id}", "minSeats": seats, "maxSeats": 2400}]
                for item, seats in self.owned
            ]
        return {
            "id": self.promotion_id,
            "name": self.name,
            "description": self.description,
            "startDate": at(today + timedelta(days=self.starts)).isoformat(),
            "endDate": at(today + timedelta(days=self.ends), END_OF_DAY).isoformat(),
            "properties": {"isAutoApplicable": self.auto},
            "requiredProducts": [
                {
                    "productId": item.product_id,
                    "skuId": item.sku_id,
                    "term": {"duration": term, "billingCycle": cycle.capitalize()},
                    "pricingPolicies": [{"policyType": "PercentDiscount", "value": value}],
                }
                for item, (term, cycle), value in self.covers
            ],
            "promotionConstraints": constraints,
        }


def _both(item: SampleSku, annual: str, monthly: str) -> tuple[tuple[SampleSku, Plan, str], ...]:
    """A year, paid at once and paid monthly."""
    return (item, YEAR_ANNUAL, annual), (item, YEAR_MONTHLY, monthly)


BUNDLE_PREMIUM = SamplePromotion(
    promotion_id="39NFJQT26J7Z:0006:084R5MQ9QF1W",
    name=f"Bundle & Save: Up to 25% off Microsoft 365 Business Premium and {catalog.COPILOT_BUSINESS}",
    description="25 % off the bundle for the first year, 10 to 300 licenses, once per customer.",
    covers=_both(catalog.PREMIUM_BUNDLE, "0.25", "0.25"), seats=(10, 300), redemptions=1,
)  # fmt: skip
BUNDLE_STANDARD = SamplePromotion(
    promotion_id="39NFJQT26J7Z:0007:084R5MQ9QF2X",
    name=f"Bundle & Save: Up to 35% off Microsoft 365 Business Standard and {catalog.COPILOT_BUSINESS}",
    description="35 % off the bundle for the first year when paid at once, 30 % when billed monthly.",
    covers=_both(catalog.STANDARD_BUNDLE, "0.35", "0.30"), seats=(10, 300), redemptions=1,
)  # fmt: skip
COPILOT_LAUNCH = SamplePromotion(
    promotion_id="39NFJQT26J8B:0001:084R5MQ9QK30", name=f"{catalog.COPILOT_BUSINESS} launch offer",
    description="A year of Copilot Business for less, 10 to 300 licenses.",
    covers=_both(catalog.COPILOT, "0.20", "0.15"), seats=(10, 300),
)  # fmt: skip
COPILOT_ADD_ON = SamplePromotion(
    promotion_id="39NFJQT26J8B:0002:084R5MQ9QK41", name="Copilot Business for Business Premium customers",
    description="10 % off for customers that own Microsoft 365 Business Standard or Premium already.",
    covers=((catalog.COPILOT, YEAR_ANNUAL, "0.10"),), owned=((catalog.PREMIUM, 1), (catalog.STANDARD, 1)),
)  # fmt: skip
TEAMS_LAUNCH = SamplePromotion(
    promotion_id="39NFJQT1W0TP:0002:39NFJQT1X5T1", name="Teams Premium launch offer",
    description="15 % off a year of Teams Premium.", covers=_both(catalog.TEAMS_PREMIUM, "0.15", "0.15"),
)  # fmt: skip
DEFENDER_FIRST = SamplePromotion(
    promotion_id="39NFJQT1W3DF:0001:39NFJQT1X7D2", name="Defender for Business, first purchase",
    description="20 % off for customers that never had Microsoft Defender for Business, a trial included.",
    covers=_both(catalog.DEFENDER, "0.20", "0.20"), first_purchase=True,
)  # fmt: skip
PREMIUM_THREE_YEARS = SamplePromotion(
    promotion_id="39NFJQT1Y6BP:0003:39NFJQT1Z2B7", name="Business Premium for three years",
    description="10 % off a 3-year commitment.", segments=(Segment.COMMERCIAL, Segment.CHARITY),
    covers=tuple((catalog.PREMIUM, plan, "0.10") for plan in catalog.THREE_YEARS),
)  # fmt: skip
E5_LARGE = SamplePromotion(
    promotion_id="39NFJQT1PM6C:0005:39NFJQT1Q5L7", name="Microsoft 365 E5 step up",
    description="15 % off Microsoft 365 E5, up to 2,400 licenses per customer.",
    covers=(*_both(catalog.E5, "0.15", "0.15"), (catalog.E5, ("P3Y", "annual"), "0.18")), seats=(1, 2400),
)  # fmt: skip
STANDARD_OPT_IN = SamplePromotion(
    promotion_id="39NFJQT1V9ST:0004:39NFJQT1V9Q8", name="Business Standard comeback offer",
    description="12 % off; the partner must ask for it with the promotion id.",
    covers=((catalog.STANDARD, YEAR_ANNUAL, "0.12"),), auto=False,
)  # fmt: skip
VISIO_ENDING = SamplePromotion(
    promotion_id="39NFJQT1T4VS:0001:39NFJQT1T4V9", name="Visio Plan 2 limited offer",
    description="10 % off, for a few days more.", covers=_both(catalog.VISIO_2, "0.10", "0.10"), ends=5,
)  # fmt: skip
ENTRA_PAST = SamplePromotion(
    promotion_id="39NFJQT1R2EN:0002:39NFJQT1R2E4", name="Entra ID P2 early offer",
    description="Ended; still found by its id for reconciliation.", covers=_both(catalog.ENTRA, "0.15", "0.15"),
    starts=-200, ends=-30,
)  # fmt: skip
BASIC_NEXT = SamplePromotion(
    promotion_id="39NFJQT2B5BB:0001:39NFJQT2B5B3", name="Business Basic coming offer",
    description="Starts in three weeks.", covers=_both(catalog.BASIC, "0.15", "0.10"), starts=21, ends=110,
)  # fmt: skip
E3_TARGETED = SamplePromotion(
    promotion_id="39NFJQT2C7E3:0001:39NFJQT2C7E1", name="Selected for you: Microsoft 365 E3",
    description="20 % off Microsoft 365 E3 for the customers that it is assigned to.",
    covers=_both(catalog.E3, "0.20", "0.20"), seats=(25, 2400), targeted=True,
)  # fmt: skip
COPILOT_TARGETED = SamplePromotion(
    promotion_id="39NFJQT2C8CP:0001:39NFJQT2C8C1", name="Selected for you: Copilot Business",
    description="30 % off for assigned customers that never had Copilot Business.",
    covers=((catalog.COPILOT, YEAR_ANNUAL, "0.30"),), seats=(5, 300), first_purchase=True, targeted=True,
)  # fmt: skip
# Shares its redemptions with E5_LARGE: they are counted by the first two parts of the id.
E5_TARGETED = SamplePromotion(
    promotion_id="39NFJQT1PM6C:0005:39NFJQT1Q6T2", name="Selected for you: Microsoft 365 E5",
    description="18 % off, once per customer and up to 8 licenses.",
    covers=((catalog.E5, YEAR_ANNUAL, "0.18"),), seats=(1, 8), redemptions=1, targeted=True,
)  # fmt: skip
EXCHANGE_TARGETED = SamplePromotion(
    promotion_id="39NFJQT2C9EX:0001:39NFJQT2C9E4", name="Selected for you: Exchange Online (Plan 2)",
    description="15 % off for assigned customers that own Exchange Online (Plan 1).",
    covers=_both(catalog.EXCHANGE_2, "0.15", "0.15"), owned=((catalog.EXCHANGE_1, 1),), targeted=True,
)  # fmt: skip
F3_TARGETED = SamplePromotion(
    promotion_id="39NFJQT2D1F3:0001:39NFJQT2D1F7", name="Selected for you: Microsoft 365 F3, coming",
    description="Starts in two weeks.", covers=((catalog.F3, YEAR_ANNUAL, "0.10"),), starts=14, targeted=True,
)  # fmt: skip
PROJECT_TARGETED = SamplePromotion(
    promotion_id="39NFJQT2D2PR:0001:39NFJQT2D2P2", name="Selected for you: Project Online Essentials",
    description="For a product that has left the catalog since.",
    covers=((catalog.PROJECT, YEAR_ANNUAL, "0.20"),), targeted=True,
)  # fmt: skip

PROMOTIONS: tuple[SamplePromotion, ...] = (
    BUNDLE_PREMIUM, BUNDLE_STANDARD, COPILOT_LAUNCH, COPILOT_ADD_ON, TEAMS_LAUNCH, DEFENDER_FIRST, PREMIUM_THREE_YEARS,
    E5_LARGE, STANDARD_OPT_IN, VISIO_ENDING, ENTRA_PAST, BASIC_NEXT, E3_TARGETED, COPILOT_TARGETED,
    E5_TARGETED, EXCHANGE_TARGETED, F3_TARGETED, PROJECT_TARGETED,
)  # fmt: skip


def documents(segment: Segment, today: date) -> dict[str, Any]:
    """The answer to one call: every promotion of a segment, as a collection."""
    items = [p.document(today) for p in PROMOTIONS if segment in p.segments]
    return {"totalCount": len(items), "items": items, "attributes": {"objectType": "Collection"}}


def segments() -> Iterable[Segment]:
    return (Segment.COMMERCIAL, Segment.CHARITY)
