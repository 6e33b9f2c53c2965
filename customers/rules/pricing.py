"""What a SKU costs a customer: the row of the price list, and what is billed with each charge.

Sources, checked 2026-11-23 (contract §5.1, §5.2):
https://learn.microsoft.com/en-us/partner-center/developer/get-a-price-sheet
https://learn.microsoft.com/en-us/partner-center/pricing/pricing-and-offers
https://learn.microsoft.com/en-us/partner-center/pricing/manage-end-of-sale-offers

The rule, made precise:

1. A row fits when SKU, market, currency, segment, term, billing plan and pricing tier are those wanted. The
   currency is the one the partner is billed in (the file of a European market holds several); the segment
   follows from the customer's qualification. A tier holds both its ends: min <= quantity <= max; no max is open.
2. A fitting row applies at `t` when `start <= t < end`. Where rows overlap, the one that started first applies
   until its own end. Rows that a later file no longer has are withdrawn and price nothing.
3. Rows of the current list come first. When it has none that applies, the end-of-sale list is asked; a price
   from there (or a row whose end-of-sale date has come) is told but is not a price to buy at: running
   subscriptions keep and renew such products, nobody buys them anew. The announced (future) list and the list of
   the extended service term never price a purchase; they only explain why there is no price.
4. What is billed with each charge follows from the unit price (customers/rules/billing.py).
5. The facts are asked in the order of the checks below. The first that does not hold is the reason; what was
   found instead is named. Nothing after it is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from customers.rules.billing import Amounts, amounts, charges_of, in_order
from customers.rules.vocabulary import PriceView, day_words, licenses, term_words
from portal.core.decision import Check, Decision, Rule
from portal.core.money import Money

CHECKED_ON = date(2026, 11, 23)
PRICE_SHEET = Rule(
    code="price_sheet",
    title="The price list is the source of the price",
    source="https://learn.microsoft.com/en-us/partner-center/developer/get-a-price-sheet",
    section="§5.2",
    checked_on=CHECKED_ON,
)
END_OF_SALE = Rule(
    code="end_of_sale",
    title="End-of-sale products are not sold anew",
    source="https://learn.microsoft.com/en-us/partner-center/pricing/manage-end-of-sale-offers",
    section="§5.2",
    checked_on=CHECKED_ON,
)
OPEN_YEAR = 9999
_VIEW_WORDS = {
    PriceView.CURRENT: "current price list",
    PriceView.FUTURE: "list of announced prices",
    PriceView.END_OF_SALE: "end-of-sale price list",
    PriceView.EST: "extended service term price list",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a price list. `unit_price` is per license for the whole term, whatever the plan."""

    id: int
    sku_id: int
    view: str
    list_name: str
    list_date: date
    term_duration: str
    billing_plan: str
    market: str
    currency: str
    segment: str
    tier_min: int
    tier_max: int | None
    unit_price: Decimal
    erp_price: Decimal | None
    starts_at: datetime
    ends_at: datetime
    end_of_sale_at: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for: `quantity` licenses of a SKU, by a customer in `market` and `segment`,
    from a partner who is billed in `currency`."""

    title: str
    market: str
    currency: str
    segment: str
    term_duration: str
    billing_cycle: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class Quote(Decision):
    """A price and where it comes from. Allowed means: it can be bought at this price now.

    An end-of-sale price is shown but never allowed. `row` and the amounts are None when there is no price.
    """

    term_duration: str
    billing_cycle: str
    quantity: int
    currency: str
    market: str
    segment: str
    row: Row | None = None
    list_name: str = ""
    list_date: date | None = None
    view: str = ""
    unit_price: Decimal | None = None  # per license for the whole term
    charges: int | None = None  # how many times a term is billed
    per_charge: Money | None = None
    per_month: Money | None = None
    per_term: Money | None = None

    @property
    def has_price(self) -> bool:
        return self.row is not None

    @property
    def terms(self) -> str:
        return term_words(self.term_duration, self.billing_cycle)


def price(rows: Sequence[Row], *, wanted: Wanted, as_of: datetime) -> Quote:
    """The price of `wanted`. `rows`: those known for its SKU, of any list, market, currency and segment."""
    searches: dict[str, _Search] = {}
    for view in (PriceView.CURRENT, PriceView.END_OF_SALE, PriceView.FUTURE, PriceView.EST):
        searches[view] = _search([row for row in rows if row.view == view], wanted, as_of)
        row = searches[view].row
        if row is not None and view in (PriceView.CURRENT, PriceView.END_OF_SALE):
            return _quote(wanted, row, searches[view].checks, as_of)
    return _no_price(wanted, _reason(searches))


def offers(rows: Sequence[Row], *, wanted: Wanted, as_of: datetime) -> list[Quote]:
    """Every term and cycle that has a price for `wanted` (whose own term and cycle are ignored), shortest first."""
    pairs = {(row.term_duration, row.billing_plan) for row in rows}
    quotes = (
        price(rows, wanted=replace(wanted, term_duration=term, billing_cycle=cycle), as_of=as_of)
        for term, cycle in sorted(pairs, key=in_order)
    )
    return [quote for quote in quotes if quote.has_price]


@dataclass(frozen=True, kw_only=True)
class _Search:
    """How far the rows of one list led: the checks asked so far, and the row if all held."""

    checks: tuple[Check, ...]
    row: Row | None = None


def _search(rows: Sequence[Row], wanted: Wanted, as_of: datetime) -> _Search:
    found = _narrow([row for row in rows if row.withdrawn_at is None], wanted, as_of)
    if found.row is None:
        gone = _narrow(rows, wanted, as_of).row
        if gone is not None and gone.withdrawn_at is not None:
            kept = tuple(check for check in found.checks if check.passed)
            return _Search(checks=(*kept, _withdrawn(wanted, gone)))
    return found


def _narrow(rows: Sequence[Row], wanted: Wanted, as_of: datetime) -> _Search:
    """Ask fact after fact; stop at the first that leaves no row."""
    checks: list[Check] = []
    left = list(rows)
    for ask in _FACTS:
        check, keep = ask(left, wanted, as_of)
        checks.append(check)
        left = [row for row in left if keep(row)]
        if not check.passed:
            return _Search(checks=tuple(checks))
    return _Search(checks=tuple(checks), row=min(left, key=_oldest_first))


def _oldest_first(row: Row) -> tuple[datetime, int, int]:
    """Where rows overlap, the one that started first applies; of two starts alike, the newer list."""
    return row.starts_at, -row.list_date.toordinal(), row.id


def _is_valid(row: Row, as_of: datetime) -> bool:
    return row.starts_at <= as_of < row.ends_at


def _terms(row: Row) -> tuple[str, str]:
    return row.term_duration, row.billing_plan


Keep = Callable[[Row], bool]
Asked = tuple[Check, Keep]


def _is_listed(rows: Sequence[Row], wanted: Wanted, as_of: datetime) -> Asked:
    yes, no = f"{wanted.title} is in the price list.", f"No price list has {wanted.title}."
    found = "listed" if rows else "no row"
    return _check("listed", bool(rows), yes, no, expected=wanted.title, found=found), lambda row: True


def _fits_market(rows: Sequence[Row], wanted: Wanted, as_of: datetime) -> Asked:
    yes = f"Priced in the market {wanted.market}."
    no = f"{wanted.title} has no price in the market {wanted.market}, only in"
    return _one_of("market", rows, wanted.market, yes, no)


def _fits_currency(rows: Sequence[Row], wanted: Wanted, as_of: datetime) -> Asked:
    yes = f"Priced in {wanted.currency}, the partner's billing currency."
    no = f"The partner is billed in {wanted.currency}; the list for {wanted.market} has only"
    return _one_of("currency", rows, wanted.currency, yes, no)


def _fits_segment(rows: Sequence[Row], wanted: Wanted, as_of: datetime) -> Asked:
    yes = f"Priced for the segment {wanted.segment}."
    no = f"The customer's segment is {wanted.segment}; the list has a price only for"
    return _one_of("segment", rows, wanted.segment, yes, no)


def _fits_terms(rows: Sequence[Row], wanted: Wanted, as_of: datetime) -> Asked:
    asked = (wanted.term_duration, wanted.billing_cycle)
    words = term_words(*asked)
    fits = any(_terms(row) == asked for row in rows)
    valid = [row for row in rows if _is_valid(row, as_of)] or rows
    others = "; ".join(term_words(*pair) for pair in sorted({_terms(row) for row in valid}, key=in_order))
    yes, no = f"Offered for {words}.", f"Not offered for {words}. Offered: {others}."
    check = _check("term_and_plan", fits, yes, no, expected=words, found=words if fits else others)
    return check, lambda row: _terms(row) == asked


def _fits_tier(rows: Sequence[Row], wanted: Wanted, as_of: datetime) -> Asked:
    def holds(row: Row) -> bool:
        return row.tier_min <= wanted.quantity and (row.tier_max is None or wanted.quantity <= row.tier_max)

    many = licenses(wanted.quantity)
    tiers = ", ".join(_tier(row) for row in sorted(rows, key=lambda row: row.tier_min))
    yes, no = f"The price holds for {many}.", f"No price for {many}; the list has {tiers}."
    fits = any(holds(row) for row in rows)
    return _check("pricing_tier", fits, yes, no, expected=many, found=tiers), holds


def _is_valid_now(rows: Sequence[Row], wanted: Wanted, as_of: datetime) -> Asked:
    valid = [row for row in rows if _is_valid(row, as_of)]
    later = [row for row in rows if row.starts_at > as_of]
    if valid:
        found = _period(min(valid, key=_oldest_first))
        failed = ""
    elif later:
        found = _period(min(later, key=_oldest_first))
        failed = f"The price is not valid yet: {found}."
    else:
        found = _period(max(rows, key=lambda row: row.ends_at))
        failed = f"The last price has ended: {found}."
    check = _check(
        "valid_now", bool(valid), f"Valid {found}.", failed, expected=f"valid on {day_words(as_of)}", found=found
    )
    return check, lambda row: _is_valid(row, as_of)


_FACTS = (_is_listed, _fits_market, _fits_currency, _fits_segment, _fits_terms, _fits_tier, _is_valid_now)


def _reason(searches: dict[str, _Search]) -> tuple[Check, ...]:
    """Why there is no price: an announced or extended-term row says more than a row that is not there."""
    for view, code, message in (
        (PriceView.FUTURE, "valid_now", "Only announced: {period}, from the {list}. It is not sold yet."),
        (PriceView.EST, "on_sale", "Only in the {list}: an extended service term begins by itself and is not bought."),
    ):
        row = searches[view].row
        if row is not None:
            text = message.format(period=_period(row), list=_VIEW_WORDS[view])
            kept = searches[view].checks[:-1]  # the last one, of the date, is the reason itself
            return (*kept, _check(code, False, "", text, expected=_VIEW_WORDS[PriceView.CURRENT], found=text))
    # Of the list that led furthest; the current list where several led equally far.
    return max((search.checks for search in searches.values()), key=len)


def _quote(wanted: Wanted, row: Row, checks: tuple[Check, ...], as_of: datetime) -> Quote:
    charges = charges_of(wanted.term_duration, wanted.billing_cycle)
    all_checks = (*checks, _on_sale(wanted, row, as_of), _computable(wanted, charges))
    billed = amounts(
        row.unit_price,
        quantity=wanted.quantity,
        term=wanted.term_duration,
        cycle=wanted.billing_cycle,
        currency=wanted.currency,
    )
    return replace(
        _no_price(wanted, all_checks),
        verdict=_verdict(wanted, row, charges, billed, as_of),
        row=row,
        list_name=row.list_name,
        list_date=row.list_date,
        view=row.view,
        unit_price=row.unit_price,
        charges=charges,
        per_charge=billed.per_charge,
        per_month=billed.per_month,
        per_term=billed.per_term,
    )


def _no_price(wanted: Wanted, checks: tuple[Check, ...]) -> Quote:
    return Quote(
        verdict=f"No price for {wanted.title}.",
        checks=checks,
        rule=PRICE_SHEET,
        term_duration=wanted.term_duration,
        billing_cycle=wanted.billing_cycle,
        quantity=wanted.quantity,
        currency=wanted.currency,
        market=wanted.market,
        segment=wanted.segment,
    )


def _verdict(wanted: Wanted, row: Row, charges: int | None, billed: Amounts, as_of: datetime) -> str:
    many = licenses(wanted.quantity)
    amount = f"{billed.per_term}"
    if billed.per_charge and charges != 1:
        amount = f"{billed.per_charge} per charge, {billed.per_term} for the term"
    words = f"{many} for {term_words(wanted.term_duration, wanted.billing_cycle)}: {amount}."
    if row.view == PriceView.END_OF_SALE or (row.end_of_sale_at is not None and row.end_of_sale_at <= as_of):
        words += " End of sale: this price is for subscriptions that run already."
    return f"{words} From {row.list_name}, {day_words(row.list_date)}."


def _on_sale(wanted: Wanted, row: Row, as_of: datetime) -> Check:
    if row.view == PriceView.END_OF_SALE:
        found = f"only in the {_VIEW_WORDS[PriceView.END_OF_SALE]}"
        failed = f"{wanted.title} is at its end of sale: it is {found} and cannot be bought anew."
        return _check("on_sale", False, "", failed, expected="on sale", found=found, rule=END_OF_SALE)
    if row.end_of_sale_at is not None and row.end_of_sale_at <= as_of:
        found = f"end of sale on {day_words(row.end_of_sale_at)}"
        failed = f"{wanted.title} cannot be bought anew since its {found}."
        return _check("on_sale", False, "", failed, expected="on sale", found=found, rule=END_OF_SALE)
    return _check("on_sale", True, "On sale.", "", expected="on sale", found="on sale", rule=END_OF_SALE)


def _computable(wanted: Wanted, charges: int | None) -> Check:
    terms = term_words(wanted.term_duration, wanted.billing_cycle)
    return _check(
        "charges",
        charges is not None,
        f"{terms}: billed {_times(charges)} a term.",
        f"Not computed: the billing cycle does not divide the term ({terms}).",
        expected="a cycle that divides the term",
        found=_times(charges) if charges else terms,
    )


def _withdrawn(wanted: Wanted, row: Row) -> Check:
    assert row.withdrawn_at is not None  # noqa: S101 - the caller looked
    found = f"withdrawn on {day_words(row.withdrawn_at)}"
    return _check(
        "not_withdrawn",
        False,
        "",
        f"The price of {wanted.title} was {found}: newer files do not have it.",
        expected="in the newest file",
        found=found,
    )


def _one_of(name: str, rows: Sequence[Row], asked: str, yes: str, no: str) -> Asked:
    """Is the field `name` of any row what was asked for? `no` is completed with what there is."""
    fits = any(getattr(row, name) == asked for row in rows)
    others = _listing({getattr(row, name) for row in rows})
    check = _check(name, fits, yes, f"{no} {others}.", expected=asked, found=asked if fits else others)
    return check, lambda row: getattr(row, name) == asked


def _check(code: str, passed: bool, yes: str, no: str, *, expected: str, found: str, rule: Rule = PRICE_SHEET) -> Check:
    return Check(code=code, passed=passed, message=yes if passed else no, expected=expected, found=found, rule=rule)


def _listing(values: Iterable[str], *, most: int = 8) -> str:
    """`DE, FR, US`; a long list is cut and says how many more there are."""
    ordered = sorted(values)
    cut = ", ".join(ordered[:most])
    return f"{cut} and {len(ordered) - most} more" if len(ordered) > most else cut


def _times(charges: int | None) -> str:
    return "once" if charges == 1 else f"{charges} times"


def _tier(row: Row) -> str:
    return f"{row.tier_min:,} or more" if row.tier_max is None else f"{row.tier_min:,} to {row.tier_max:,}"


def _period(row: Row) -> str:
    start = (
        f"from {day_words(row.starts_at)}" if row.starts_at.year > 1800 else "from the beginning"
    )  # 1753 stands for no start
    return start if row.ends_at.year == OPEN_YEAR else f"{start} until {day_words(row.ends_at)}"
