"""Reading the rows of a price list: which columns there are, and what each cell may hold.

Source: Microsoft Learn, "Get a price sheet" and "Pricing and offers", with the header variants of real files
(contract §5.2), ids and vocabularies of contract §4.2 and §4.3. Checked 2026-11-23.

Columns are found by name: case, spaces, punctuation, order and unknown columns do not matter. `ERP` is `ERP Price`.
A price is per license for the whole term, whatever the billing plan. Words of offers that the portal does not sell
(`NoTerm`, an odd duration, no term) stay as they come. Dates are UTC; 1753 and 9999 are the vendor's "no start" and
"no end" and stay as they come. An EffectiveEndDate that is empty means no end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter

from customers.rules.values import BadValue, code_of, date_of, short, text_of
from customers.rules.vocabulary import BillingCycle, Segment, cycle_of, segment_of, sku_id_of

OPEN_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
LONGEST_DESCRIPTION = 10_000

SKU_COLUMNS = ("ProductId", "SkuId", "SkuTitle", "ProductTitle", "Publisher", "SkuDescription", "UnitOfMeasure")
OFFER_COLUMNS = (
    "Market", "Currency", "TermDuration", "BillingPlan", "EffectiveStartDate", "EffectiveEndDate", "Segment",
    "PricingTierRangeMin", "PricingTierRangeMax", "Tags", "ChangeIndicator", "EndofSaleDate",
)  # fmt: skip
REQUIRED = (
    "ProductId", "SkuId", "SkuTitle", "TermDuration", "BillingPlan", "Market", "Currency", "UnitPrice",
    "EffectiveStartDate", "EffectiveEndDate",
)  # fmt: skip
Cells = Sequence[str]


class WrongHeader(ValueError):
    """The first row does not name the columns of a price list."""


@dataclass(frozen=True, slots=True)
class SkuFacts:
    product_id: str
    sku_id: str
    sku_title: str
    product_title: str
    publisher: str
    description: str
    unit_of_measure: str


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """All of a row that is neither the SKU nor a price. Many rows share one."""

    market: str
    currency: str
    segment: str
    term_duration: str
    billing_plan: str
    tier_min: int
    tier_max: int | None
    starts_at: datetime
    ends_at: datetime
    tags: str
    change_indicator: str
    end_of_sale_at: datetime | None


def _key(name: str) -> str:
    key = "".join(c for c in name.casefold() if c.isalnum())
    return "erpprice" if key == "erp" else key


def is_header(cells: Cells) -> bool:
    """Does this row of a workbook name the columns?"""
    return {"productid", "skuid"} <= {_key(cell) for cell in cells}


class Columns:
    """Where the columns of one file are.

    `sku_cells` and `offer_cells` take a row and give a tuple of its cells, which `sku` and `offer` read;
    equal tuples read the same, so a caller may remember the answers.
    """

    def __init__(self, header: Cells) -> None:
        """Raises WrongHeader with the names that are missing or stand there twice."""
        names = [_key(cell) for cell in header]
        missing = [name for name in REQUIRED if _key(name) not in names]
        if missing:
            found = ", ".join(cell for cell in header if cell)
            raise WrongHeader(
                f"These columns are missing: {', '.join(missing)}. The first row is: {short(found, 200) or 'empty'}."
            )
        known = (*SKU_COLUMNS, *OFFER_COLUMNS, "UnitPrice", "ERP Price")
        twice = [name for name in known if names.count(_key(name)) > 1]
        if twice:
            raise WrongHeader(f"These columns stand there twice: {', '.join(twice)}.")
        self.width = len(header)
        self.has_segment = _key("Segment") in names
        self.unit_price = names.index("unitprice")
        self.erp_price = names.index("erpprice") if "erpprice" in names else None
        self._sku_names, self.sku_cells = _picker(names, SKU_COLUMNS)
        self._offer_names, self.offer_cells = _picker(names, OFFER_COLUMNS)

    def check_width(self, cells: Cells) -> None:
        """Raises BadValue when the row has too few cells, or too many that are not empty."""
        if len(cells) < self.width or any(cells[self.width :]):
            raise BadValue(f"The row has {len(cells)} values and the header has {self.width}.")

    def sku(self, cells: tuple[str, ...]) -> SkuFacts:
        """Raises BadValue with the first thing wrong in these cells."""
        row = dict(zip(self._sku_names, cells, strict=True))
        product_id = code_of("ProductId", row["ProductId"], "12", r"[A-Z0-9]{12}")
        sku_id = code_of("SkuId", row["SkuId"], "up to 4", r"[A-Z0-9]{1,4}")
        title = text_of("SkuTitle", row["SkuTitle"], 300)
        if not title:
            raise BadValue("SkuTitle is empty.")
        description = row.get("SkuDescription", "").strip()
        if len(description) > LONGEST_DESCRIPTION:
            raise BadValue(f"SkuDescription is longer than {LONGEST_DESCRIPTION:,} characters.")
        return SkuFacts(
            product_id=product_id,
            sku_id=sku_id_of(sku_id),
            sku_title=title,
            product_title=text_of("ProductTitle", row.get("ProductTitle", ""), 300) or title,
            publisher=text_of("Publisher", row.get("Publisher", ""), 200),
            description=description,
            unit_of_measure=text_of("UnitOfMeasure", row.get("UnitOfMeasure", ""), 60),
        )

    def offer(self, cells: tuple[str, ...], *, default_segment: Segment) -> OfferFacts:
        """Raises BadValue with the first thing wrong in these cells."""
        row = dict(zip(self._offer_names, cells, strict=True))
        facts = OfferFacts(
            market=code_of("Market", row["Market"], "2", r"[A-Z]{2}"),
            currency=code_of("Currency", row["Currency"], "3", r"[A-Z]{3}"),
            segment=_segment(row.get("Segment", "").strip()) or default_segment,
            term_duration=_term(row["TermDuration"]),
            billing_plan=_plan(row["BillingPlan"].strip()),
            tier_min=_whole("PricingTierRangeMin", row.get("PricingTierRangeMin", "")) or 0,
            tier_max=_whole("PricingTierRangeMax", row.get("PricingTierRangeMax", "")),
            starts_at=date_of("EffectiveStartDate", row["EffectiveStartDate"]),
            ends_at=date_of("EffectiveEndDate", row["EffectiveEndDate"])
            if row["EffectiveEndDate"].strip()
            else OPEN_END,
            tags=text_of("Tags", row.get("Tags", ""), 200),
            change_indicator=text_of("ChangeIndicator", row.get("ChangeIndicator", ""), 20),
            end_of_sale_at=_last_sale(row.get("EndofSaleDate", "").strip()),
        )
        if facts.ends_at <= facts.starts_at:
            raise BadValue("EffectiveEndDate is not after EffectiveStartDate.")
        if facts.tier_max is not None and facts.tier_max < facts.tier_min:
            raise BadValue("PricingTierRangeMax is below PricingTierRangeMin.")
        return facts


def _picker(names: list[str], wanted: tuple[str, ...]) -> tuple[list[str], Callable[[Cells], tuple[str, ...]]]:
    """The columns of `wanted` that the file has, and what takes their cells from a row."""
    present = [name for name in wanted if _key(name) in names]
    return present, itemgetter(*(names.index(_key(name)) for name in present))


def _segment(text: str) -> Segment | None:
    try:
        return segment_of(text) if text else None
    except ValueError:
        raise BadValue(f"Segment {short(text)!r} is unknown: use {', '.join(Segment)}.") from None


def _plan(text: str) -> BillingCycle:
    try:
        return cycle_of(text)
    except ValueError:
        words = "Monthly, Annual, Triennial, Biennial, OneTime or None"
        raise BadValue(f"BillingPlan {short(text)!r} is unknown: use {words}.") from None


def _term(text: str) -> str:
    term = text.strip()
    if len(term) > 8:
        raise BadValue(f"TermDuration {short(term)!r} is no duration such as P1Y.")
    return term.upper() if re.fullmatch(r"(?i)p\d+[dwmy]", term) else term


def _whole(column: str, text: str) -> int | None:
    if not text.strip():
        return None
    if not re.fullmatch(r"\d{1,9}", text.strip(), re.ASCII):
        raise BadValue(f"{column} {short(text)!r} is not a whole number.")
    return int(text)


def _last_sale(text: str) -> datetime | None:
    """The last day of sale; 9999 and nothing mean none."""
    if not text:
        return None
    moment = date_of("EndofSaleDate", text)
    return None if moment.year == OPEN_END.year else moment
