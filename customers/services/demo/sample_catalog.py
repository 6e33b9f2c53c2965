"""What the sample price lists sell. Ids as far as the contract knows them (§14), prices invented.

`monthly` is the partner's price per license and month in USD for a year paid at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from customers.rules.vocabulary import TERM_MONTHS, BillingCycle, Segment

Plan = tuple[str, str]  # term duration, billing cycle

MONTH: tuple[Plan, ...] = (("P1M", "monthly"),)
YEAR: tuple[Plan, ...] = (("P1Y", "annual"), ("P1Y", "monthly"))
THREE_YEARS: tuple[Plan, ...] = (("P3Y", "annual"), ("P3Y", "monthly"), ("P3Y", "triennial"))
ALL = MONTH + YEAR + THREE_YEARS

COMMERCIAL = (Segment.COMMERCIAL,)
WITH_CHARITY = (Segment.COMMERCIAL, Segment.CHARITY)
EDUCATION = (Segment.EDUCATION,)
# What a segment pays of the commercial price.
SEGMENT_SHARE = {
    Segment.COMMERCIAL: Decimal(1),
    Segment.CHARITY: Decimal("0.25"),
    Segment.EDUCATION: Decimal(1),
    Segment.GOVERNMENT: Decimal("0.9"),
}
CURRENCY_RATE = {
    "USD": Decimal(1),
    "CAD": Decimal("1.36"),
    "GBP": Decimal("0.80"),
    "EUR": Decimal("0.93"),
    "CHF": Decimal("0.95"),
}
BUSINESS_SEATS = 300
COPILOT_BUSINESS = "Microsoft 365 Copilot Business"


@dataclass(frozen=True, kw_only=True)
class SampleSku:
    product_id: str
    sku_id: str
    product: str
    title: str
    monthly: str
    plans: tuple[Plan, ...] = ALL
    segments: tuple[Segment, ...] = COMMERCIAL
    availability: str = ""
    min_licenses: int = 1
    max_licenses: int | None = None
    product_type: str = "OnlineServicesNCE"
    unit: str = "Licenses"
    is_trial: bool = False
    is_addon: bool = False
    in_price_list: bool = True
    end_of_sale: bool = False

    @property
    def reference(self) -> str:
        return f"{self.product_id}:{self.sku_id}"

    @property
    def availability_id(self) -> str:
        return self.availability or code_of("availability", self.reference)

    @property
    def offer_id(self) -> str:
        return f"{self.reference}:{self.availability_id}"

    @property
    def est_sku_id(self) -> str:
        """The extended service term is sold as a SKU of its own, under the same product."""
        return f"E{self.sku_id[1:]}"

    @property
    def has_est(self) -> bool:
        return self.product_type == "OnlineServicesNCE" and not self.is_trial and self.in_price_list


def code_of(*words: str) -> str:
    """Twelve characters as an availability id has them, always the same for the same words."""
    digits = "0123456789ABCDEFGHJKLMNPQRSTVWXYZ"
    number = int.from_bytes(hashlib.sha256(":".join(words).encode()).digest()[:8])
    tail = ""
    for _ in range(4):
        number, place = divmod(number, len(digits))
        tail += digits[place]
    return f"CFQ7TTC0{tail}"


def unit_price(item: SampleSku, term: str, cycle: str, currency: str, segment: str = Segment.COMMERCIAL) -> Decimal:
    """Per license for the whole term (contract §5.2). A month costs 20 % more, a year billed monthly 5 %."""
    if cycle in (BillingCycle.NONE, BillingCycle.ONE_TIME):
        factor = Decimal(1)
    elif term == "P1M":
        factor = Decimal("1.20")
    else:
        factor = Decimal("1.05") if cycle == BillingCycle.MONTHLY else Decimal(1)
    monthly = Decimal(item.monthly) * CURRENCY_RATE[currency] * SEGMENT_SHARE[Segment(segment)] * factor
    return cents(monthly) * TERM_MONTHS[term]


def est_unit_price(item: SampleSku, currency: str, segment: str = Segment.COMMERCIAL) -> Decimal:
    """One month of extended service: 3 % above the monthly term, 23 % above the year without one (contract §3.5)."""
    if ("P1M", "monthly") in item.plans:
        return cents(unit_price(item, "P1M", "monthly", currency, segment) * Decimal("1.03"))
    return cents(unit_price(item, "P1Y", "annual", currency, segment) / 12 * Decimal("1.23"))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _business(
    product_id: str, name: str, monthly: str, bundle_sku: str, bundle_monthly: str, *, sku_id: str = "0001",
    availability: str = "", bundle_availability: str = "",
) -> tuple[SampleSku, SampleSku]:  # fmt: skip
    """A Business plan and, under the same product, its bundle with Copilot (contract §14)."""
    title = f"Microsoft 365 Business {name}"
    plan = SampleSku(
        product_id=product_id, sku_id=sku_id, product=title, title=title, monthly=monthly, segments=WITH_CHARITY,
        max_licenses=BUSINESS_SEATS, availability=availability,
    )  # fmt: skip
    bundle = SampleSku(
        product_id=product_id, sku_id=bundle_sku, product=title, title=f"{title} and {COPILOT_BUSINESS}",
        monthly=bundle_monthly, plans=MONTH + YEAR, max_licenses=BUSINESS_SEATS, availability=bundle_availability,
    )  # fmt: skip
    return plan, bundle


def _plain(product_id: str, sku_id: str, title: str, monthly: str, plans: tuple[Plan, ...] = ALL) -> SampleSku:
    return SampleSku(product_id=product_id, sku_id=sku_id, product=title, title=title, monthly=monthly, plans=plans)


BASIC, BASIC_BUNDLE = _business("CFQ7TTC0LH18", "Basic", "5.60", "000R", "19.20")
STANDARD, STANDARD_BUNDLE = _business("CFQ7TTC0LDPB", "Standard", "11.20", "000S", "24.80")
PREMIUM, PREMIUM_BUNDLE = _business(
    "CFQ7TTC0LCHC", "Premium", "17.60", "001Q", "32.00", sku_id="0002",
    availability="CFQ7TTC0X6RN", bundle_availability="CFQ7TTC0TQ0C",
)  # fmt: skip
PREMIUM_TRIAL = SampleSku(
    product_id="CFQ7TTC0LCHC", sku_id="0003", product="Microsoft 365 Business Premium",
    title="Microsoft 365 Business Premium Trial", monthly="0", plans=(("P1M", "none"),), is_trial=True,
    max_licenses=25,
)  # fmt: skip
COPILOT = SampleSku(
    product_id="CFQ7TTC0MZB1", sku_id="0002", product=COPILOT_BUSINESS, title=COPILOT_BUSINESS, monthly="16.80",
    plans=MONTH + YEAR, max_licenses=BUSINESS_SEATS, is_addon=True,
)  # fmt: skip
APPS = _plain("CFQ7TTC0LH1G", "0001", "Microsoft 365 Apps for business", "7.60")
E3 = _plain("CFQ7TTC0LFLX", "0001", "Microsoft 365 E3", "31.20")
E5 = _plain("CFQ7TTC0LFLZ", "0001", "Microsoft 365 E5", "48.00")
F3 = _plain("CFQ7TTC0LH05", "0001", "Microsoft 365 F3", "8.00")
EXCHANGE_1 = _plain("CFQ7TTC0LH16", "0001", "Exchange Online (Plan 1)", "3.20")
EXCHANGE_2 = _plain("CFQ7TTC0LH1P", "0001", "Exchange Online (Plan 2)", "6.40")
TEAMS_PREMIUM = _plain("CFQ7TTC0RM8K", "0002", "Microsoft Teams Premium", "8.00", MONTH + YEAR)
POWER_BI = _plain("CFQ7TTC0H9MP", "0001", "Power BI Pro", "11.20", MONTH + YEAR)
VISIO_1 = _plain("CFQ7TTC0HD33", "0003", "Visio Plan 1", "4.00")
VISIO_2 = _plain("CFQ7TTC0HD32", "0002", "Visio Plan 2", "12.00")
DEFENDER = _plain("CFQ7TTC0JXD3", "0001", "Microsoft Defender for Business", "2.40", MONTH + YEAR)
# No monthly plan: its extended service term costs 23 % more instead of 3 %.
ENTRA = _plain("CFQ7TTC0LFLS", "0002", "Microsoft Entra ID P2", "7.20", YEAR + THREE_YEARS)
FACULTY = SampleSku(
    product_id="CFQ7TTC0LFL5", sku_id="0001", product="Microsoft 365 A3 for faculty",
    title="Microsoft 365 A3 for faculty", monthly="3.25", plans=YEAR, segments=EDUCATION,
)  # fmt: skip
# Left the catalog: only the end-of-sale list still has a price.
PROJECT = SampleSku(
    product_id="CFQ7TTC0HDB0", sku_id="0001", product="Project Online Essentials", title="Project Online Essentials",
    monthly="5.60", plans=MONTH + YEAR, end_of_sale=True,
)  # fmt: skip
SQL_SERVER = SampleSku(
    product_id="DG7GMGF0FLR2", sku_id="0002", product="SQL Server Standard 2022", title="SQL Server Standard 2-core",
    monthly="78.00", plans=(("P1Y", "one_time"), ("P3Y", "one_time")), product_type="SoftwareSubscriptions",
)  # fmt: skip
AZURE = SampleSku(
    product_id="DZH318Z0BPS6", sku_id="0001", product="Azure plan", title="Azure plan", monthly="0", plans=(),
    product_type="Azure", unit="Usage-based", in_price_list=False,
)  # fmt: skip

SKUS: tuple[SampleSku, ...] = (
    BASIC, BASIC_BUNDLE, STANDARD, STANDARD_BUNDLE, PREMIUM, PREMIUM_BUNDLE, PREMIUM_TRIAL, COPILOT, APPS, E3, E5, F3,
    EXCHANGE_1, EXCHANGE_2, TEAMS_PREMIUM, POWER_BI, VISIO_1, VISIO_2, DEFENDER, ENTRA, FACULTY, PROJECT, SQL_SERVER,
    AZURE,
)  # fmt: skip

# What the legacy offers of these become in the new commerce; Exchange Online has no successor here.
LEGACY: tuple[SampleSku, ...] = (STANDARD, E3, POWER_BI)

# Up to what, and what the target holds besides: the monthly upgrade sheet (contract §8.4).
UPGRADES: tuple[tuple[SampleSku, SampleSku, tuple[SampleSku, ...]], ...] = (
    (BASIC, STANDARD, (APPS, EXCHANGE_1)),
    (BASIC, PREMIUM, (APPS, EXCHANGE_1, DEFENDER)),
    (APPS, STANDARD, (BASIC,)),
    (APPS, PREMIUM, (BASIC, DEFENDER)),
    (STANDARD, PREMIUM, (BASIC, APPS, DEFENDER)),
    (STANDARD, STANDARD_BUNDLE, (COPILOT,)),
    (PREMIUM, PREMIUM_BUNDLE, (COPILOT,)),
    (EXCHANGE_1, EXCHANGE_2, ()),
    (VISIO_1, VISIO_2, ()),
    (E3, E5, (EXCHANGE_2, POWER_BI)),
    (F3, E3, ()),
)
