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
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import itemgetter

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


class BadRow(ValueError):
    """A row that cannot be used. The message is one sentence for the person who sent the file."""


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
                f"These columns are missing: {', '.join(missing)}. The first row is: {_short(found, 200) or 'empty'}."
            )
        known = (*SKU_COLUMNS, *OFFER_COLUMNS, "UnitPrice", "ERP Price")
        twice = [name for name in known if names.count(_key(name)) > 1]
        if twice:
            raise WrongHeader(f"These columns stand there twice: {', '.join(twice)}.")
        self.width = len(header)
        self.has_segment = _key("Segment") in names
        self.unit_price = names.index("unitprice")
        self.has_erp_price = "erpprice" in names
        self.erp_price = names.index("erpprice") if self.has_erp_price else -1
        self._sku_names, self.sku_cells = _picker(names, SKU_COLUMNS)
        self._offer_names, self.offer_cells = _picker(names, OFFER_COLUMNS)

    def check_width(self, cells: Cells) -> None:
        """Raises BadRow when the row has too few cells, or too many that are not empty."""
        if len(cells) < self.width or any(cells[self.width :]):
            raise BadRow(f"The row has {len(cells)} values and the header has {self.width}.")

    def sku(self, cells: tuple[str, ...]) -> SkuFacts:
        """Raises BadRow with the first thing wrong in these cells."""
        row = dict(zip(self._sku_names, cells, strict=True))
        product_id = _code("ProductId", row["ProductId"], "12", r"[A-Z0-9]{12}")
        sku_id = _code("SkuId", row["SkuId"], "up to 4", r"[A-Z0-9]{1,4}")
        title = _text("SkuTitle", row["SkuTitle"], 300)
        if not title:
            raise BadRow("SkuTitle is empty.")
        description = row.get("SkuDescription", "").strip()
        if len(description) > LONGEST_DESCRIPTION:
            raise BadRow(f"SkuDescription is longer than {LONGEST_DESCRIPTION:,} characters.")
        return SkuFacts(
            product_id=product_id,
            sku_id=sku_id_of(sku_id),
            sku_title=title,
            product_title=_text("ProductTitle", row.get("ProductTitle", ""), 300) or title,
            publisher=_text("Publisher", row.get("Publisher", ""), 200),
            description=description,
            unit_of_measure=_text("UnitOfMeasure", row.get("UnitOfMeasure", ""), 60),
        )

    def offer(self, cells: tuple[str, ...], *, default_segment: Segment) -> OfferFacts:
        """Raises BadRow with the first thing wrong in these cells."""
        row = dict(zip(self._offer_names, cells, strict=True))
        facts = OfferFacts(
            market=_code("Market", row["Market"], "2", r"[A-Z]{2}"),
            currency=_code("Currency", row["Currency"], "3", r"[A-Z]{3}"),
            segment=_segment(row.get("Segment", "").strip()) or default_segment,
            term_duration=_term(row["TermDuration"]),
            billing_plan=_plan(row["BillingPlan"].strip()),
            tier_min=_whole("PricingTierRangeMin", row.get("PricingTierRangeMin", "")) or 0,
            tier_max=_whole("PricingTierRangeMax", row.get("PricingTierRangeMax", "")),
            starts_at=date_of("EffectiveStartDate", row["EffectiveStartDate"]),
            ends_at=date_of("EffectiveEndDate", row["EffectiveEndDate"])
            if row["EffectiveEndDate"].strip()
            else OPEN_END,
            tags=_text("Tags", row.get("Tags", ""), 200),
            change_indicator=_text("ChangeIndicator", row.get("ChangeIndicator", ""), 20),
            end_of_sale_at=_last_sale(row.get("EndofSaleDate", "").strip()),
        )
        if facts.ends_at <= facts.starts_at:
            raise BadRow("EffectiveEndDate is not after EffectiveStartDate.")
        if facts.tier_max is not None and facts.tier_max < facts.tier_min:
            raise BadRow("PricingTierRangeMax is below PricingTierRangeMin.")
        return facts


def _picker(names: list[str], wanted: tuple[str, ...]) -> tuple[list[str], Callable[[Cells], tuple[str, ...]]]:
    """The columns of `wanted` that the file has, and what takes their cells from a row."""
    present = [name for name in wanted if _key(name) in names]
    return present, itemgetter(*(names.index(_key(name)) for name in present))


def _short(text: str, longest: int = 40) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def _code(column: str, text: str, length: str, pattern: str) -> str:
    code = text.strip().upper()
    if not re.fullmatch(pattern, code):
        kind = "letters and digits" if "0-9" in pattern else "letters"
        raise BadRow(f"{column} {_short(text)!r} is not {length} {kind}.")
    return code


def _text(column: str, text: str, longest: int) -> str:
    plain = " ".join(text.split())
    if len(plain) > longest:
        raise BadRow(f"{column} is longer than {longest} characters.")
    return plain


def _segment(text: str) -> Segment | None:
    try:
        return segment_of(text) if text else None
    except ValueError:
        raise BadRow(f"Segment {_short(text)!r} is unknown: use {', '.join(Segment)}.") from None


def _plan(text: str) -> BillingCycle:
    try:
        return cycle_of(text)
    except ValueError:
        words = "Monthly, Annual, Triennial, Biennial, OneTime or None"
        raise BadRow(f"BillingPlan {_short(text)!r} is unknown: use {words}.") from None


def _term(text: str) -> str:
    term = text.strip()
    if len(term) > 8:
        raise BadRow(f"TermDuration {_short(term)!r} is no duration such as P1Y.")
    return term.upper() if re.fullmatch(r"(?i)p\d+[dwmy]", term) else term


def _whole(column: str, text: str) -> int | None:
    if not text.strip():
        return None
    if not re.fullmatch(r"\d{1,9}", text.strip(), re.ASCII):
        raise BadRow(f"{column} {_short(text)!r} is not a whole number.")
    return int(text)


def price_of(column: str, text: str) -> str:
    """The price as plain decimal digits. Raises BadRow."""
    text = text.strip()
    if _PLAIN_PRICE.fullmatch(text):
        return text
    if not _NUMBER.fullmatch(text):
        raise BadRow(f"{column} is empty." if not text else f"{column} {_short(text)!r} is not a number.")
    value = Decimal(text)
    if value < 0:
        raise BadRow(f"{column} {_short(text)!r} is negative.")
    if value >= 10**12:
        raise BadRow(f"{column} {_short(text)!r} is too large.")
    if value != (plain := round(value, 6)):
        raise BadRow(f"{column} {_short(text)!r} has more than 6 decimals.")
    return f"{abs(plain):f}"


_PLAIN_PRICE = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,2})?", re.ASCII)
_US_DATE = re.compile(
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"
    r"(?: (?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: (?P<half>[AaPp])[Mm])?)?",
    re.ASCII,
)
_ISO_DATE = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:[Tt ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?)?"
    r"(?P<offset>[Zz]|[+-]\d\d:?\d\d)?",
    re.ASCII,
)


def date_of(column: str, text: str) -> datetime:
    """`2/1/2023 12:00:00 AM` (month first) or `2024-05-01T00:00:00.0000000Z`, in UTC. Raises BadRow."""
    text = text.strip()
    found = _ISO_DATE.fullmatch(text) or _US_DATE.fullmatch(text)
    if not found:
        raise BadRow(
            f"{column} is empty."
            if not text
            else f"{column} {_short(text)!r} is no date such as 11/1/2026 or 2026-11-01."
        )
    part = found.groupdict()
    hour = int(part["hour"] or 0)
    try:
        if half := part.get("half"):
            if not 1 <= hour <= 12:
                raise ValueError
            hour = hour % 12 + (12 if half in "Pp" else 0)
        microsecond = int((part.get("fraction") or "0").ljust(6, "0")[:6])
        moment = datetime(
            int(part["year"]), int(part["month"]), int(part["day"]), hour,
            int(part["minute"] or 0), int(part["second"] or 0), microsecond, tzinfo=UTC,
        )  # fmt: skip
        return moment - _offset(part.get("offset") or "Z")
    except (ValueError, OverflowError):
        raise BadRow(f"{column} {_short(text)!r} is a day or time that does not exist.") from None


def _offset(text: str) -> timedelta:
    if text in "Zz":
        return timedelta()
    digits = text[1:].replace(":", "")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if text[0] == "-" else size


def _last_sale(text: str) -> datetime | None:
    """The last day of sale; 9999 and nothing mean none."""
    if not text:
        return None
    moment = date_of("EndofSaleDate", text)
    return None if moment.year == OPEN_END.year else moment
