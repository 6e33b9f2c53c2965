"""Which bundle with Copilot Business to recommend when a Microsoft 365 Business subscription renews.

Sources, checked 2026-11-29 (contract §14, §5.2, §6.2):
https://learn.microsoft.com/en-us/partner-center/ai-assistant-customers-workspace
https://learn.microsoft.com/en-us/partner-center/developer/get-a-price-sheet

The article gives the columns of the file and one sample; which bundles there are and what they cost is never written
here: it follows from the price list. The rule, made precise:

1. `business`: the title of the subscription's SKU begins with "Microsoft 365 Business", it is no trial, and it is not
   itself a bundle with Copilot Business.
2. `renews`: it is active, and goes on after its term: it renews, or goes on in the extended service term, chosen or
   silent. One that is set to be canceled, or whose service ends with the term, is not up for renewal.
3. `horizon`: the term ends within 60 days from now. A term of one month does so each month, and counts.
4. Candidates are SKUs of the current price list for the customer's market, currency and segment. The first is the SKU
   whose title is "<title of the subscription's SKU> and Microsoft 365 Copilot Business". The second is the bundle of
   the next higher plan: of the Business plans that have a bundle and cost more than this plan (same term, cycle and
   quantity), the one that costs least. Titles are compared folded (case, accents and spaces do not count).
   `bundle`: there is a candidate.
5. A candidate is recommended for the term, billing cycle and quantity that the subscription has. It must be sold so:
   in the catalog, with a price to buy at, and in that many licenses. `offered`: at least one candidate is.
6. The promotion of a recommendation is the one that the cart would apply to that line (customers/rules/promotions.py);
   a recommendation without one stands at its list price and says why.
7. List price: quantity times unit price, for the whole term. Discounted price: the same with the promotion's discount.
   Each is rounded once. Rank 1 is the largest benefit (list price less discounted price); then the lower price, the
   bundle of the same plan, the title.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from customers.rules.billing import per_term
from customers.rules.pricing import Quote
from customers.rules.promotion_constraints import check
from customers.rules.promotions import LineOutcome, percent
from customers.rules.vocabulary import EndOfTerm, PriceView, SubscriptionStatus, day_words, licenses, term_words
from portal.core.decision import Check, Decision, Rule
from portal.core.money import Money
from portal.core.text import fold

RULE = Rule(
    code="upsell",
    title="Copilot Business at the renewal of Microsoft 365 Business",
    source="https://learn.microsoft.com/en-us/partner-center/ai-assistant-customers-workspace",
    section="§14",
    checked_on=date(2026, 11, 29),
)
HORIZON = timedelta(days=60)
FAMILY = "Microsoft 365 Business"
COPILOT = "Microsoft 365 Copilot Business"
# What a subscription does that goes on after its term.
GOES_ON = (EndOfTerm.RENEW, EndOfTerm.EST, EndOfTerm.SILENT_EST)
_AND = " and "
_OUTCOME_WORDS: dict[str, str] = {
    EndOfTerm.RENEW: "renews",
    EndOfTerm.EST: "goes on in the extended service term",
    EndOfTerm.SILENT_EST: "goes on in the extended service term",
    EndOfTerm.CANCEL: "is set to be canceled",
    EndOfTerm.LAPSE: "ends with its term",
    EndOfTerm.NOT_APPLICABLE: "has no term that ends",
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The subscription. `title` is that of its SKU in the catalog, or what the subscription calls it where the
    catalog does not have it; `end_of_term` the outcome of customers.rules.end_of_term."""

    title: str
    in_catalog: bool
    is_trial: bool
    status: str
    end_of_term: str
    term_ends_at: datetime
    term_duration: str
    billing_cycle: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A SKU of the Business family or a bundle of it. `key` is any key the caller knows it by."""

    key: int
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LicensePrice:
    """What one license costs for a term, and the fraction that the promotion takes off."""

    unit_price: Decimal
    discount: Decimal
    currency: str

    def of(self, quantity: int) -> tuple[Money, Money]:
        """(list price, discounted price) of a quantity that the same price and promotion hold for."""
        whole, less = (
            per_term(self.unit_price, quantity=quantity, currency=self.currency, discount=discount)
            for discount in (Decimal(0), self.discount)
        )
        return whole, less


@dataclass(frozen=True, kw_only=True)
class Recommendation(Decision):
    """A bundle for the subscription's term, cycle and quantity. Allowed means that it can be bought so."""

    key: int
    title: str
    is_higher: bool  # of the next higher plan
    outcome: LineOutcome
    rank: int = 0

    @property
    def unit_price(self) -> Decimal | None:
        return self.outcome.quote.unit_price

    @property
    def discount(self) -> Decimal:
        return self.outcome.discount or Decimal(0)

    @property
    def discount_words(self) -> str:
        return percent(self.discount)

    @property
    def list_price(self) -> Money | None:
        return self.outcome.quote.per_term

    @property
    def discounted_price(self) -> Money | None:
        return self.outcome.discounted_per_term

    @property
    def benefit(self) -> Money | None:
        if self.list_price is None or self.discounted_price is None:
            return None
        return self.list_price - self.discounted_price

    @property
    def promotion_id(self) -> str:
        return self.outcome.applied.promotion_id if self.outcome.applied else ""

    @property
    def promotion_name(self) -> str:
        return self.outcome.applied.name if self.outcome.applied else ""

    @property
    def license_price(self) -> LicensePrice:
        quote = self.outcome.quote
        assert quote.unit_price is not None  # noqa: S101 - what has no price is not recommended
        return LicensePrice(unit_price=quote.unit_price, discount=self.discount, currency=quote.currency)


@dataclass(frozen=True, kw_only=True)
class Upsell(Decision):
    """Allowed means that there is something to recommend now. `recommendations` in the order of their rank;
    `considered` are the candidates that cannot be bought so."""

    recommendations: tuple[Recommendation, ...] = ()
    considered: tuple[Recommendation, ...] = ()


def is_business(title: str) -> bool:
    """A plan of Microsoft 365 Business, and no bundle of one."""
    folded = fold(title)
    return folded.startswith(fold(FAMILY)) and not is_bundle(title)


def is_bundle(title: str) -> bool:
    """`<something> and Microsoft 365 Copilot Business`."""
    return fold(title).endswith(fold(f"{_AND}{COPILOT}"))


def decide(
    facts: Facts,
    *,
    listed: Sequence[Listed],
    price: Callable[[int], Quote],
    explain: Callable[[int], LineOutcome],
    as_of: datetime,
) -> Upsell:
    """`listed`: the Business family with its bundles. `price` and `explain` answer for a key of it, with the term,
    cycle and quantity of the subscription: the price, and the price with the promotion that would apply."""
    checks = [_business(facts), _renews(facts), _within_horizon(facts, as_of)]
    if not all(found.passed for found in checks):
        return _upsell(facts, checks)
    found = tuple(
        _recommendation(facts, candidate, explain(candidate.key), is_higher=is_higher)
        for candidate, is_higher in candidates(facts.title, listed, price)
    )
    checks.append(_bundle(facts, found))
    good = sorted((each for each in found if each.allowed), key=_best_first)
    if found:
        checks.append(_offered(found, good))
    return _upsell(
        facts,
        checks,
        recommendations=tuple(replace(each, rank=rank) for rank, each in enumerate(good, start=1)),
        considered=tuple(each for each in found if not each.allowed),
    )


def candidates(title: str, listed: Sequence[Listed], price: Callable[[int], Quote]) -> list[tuple[Listed, bool]]:
    """The bundle of this plan, and that of the next higher one; whichever the price list has."""
    bundles = {fold(each.title): each for each in listed if is_bundle(each.title)}
    found: list[tuple[Listed, bool]] = []
    if own := bundles.get(_with_copilot(title)):
        found.append((own, False))
    plans = {fold(each.title): _price_now(price(each.key)) for each in listed if is_business(each.title)}
    here = plans.get(fold(title))
    above = [
        (cost, plan)
        for plan, cost in plans.items()
        if here is not None and cost is not None and cost > here and _with_copilot(plan) in bundles
    ]
    if above:
        found.append((bundles[_with_copilot(min(above)[1])], True))
    return found


def _with_copilot(title: str) -> str:
    return fold(f"{title}{_AND}{COPILOT}")


def _price_now(quote: Quote) -> Decimal | None:
    return quote.unit_price if quote.view == PriceView.CURRENT else None


def _best_first(found: Recommendation) -> tuple[Decimal, Decimal, bool, str]:
    """By the license, which orders as the whole quantity does, before anything is rounded."""
    unit = found.unit_price or Decimal(0)
    return -unit * found.discount, unit * (1 - found.discount), found.is_higher, found.title


def _recommendation(facts: Facts, candidate: Listed, outcome: LineOutcome, *, is_higher: bool) -> Recommendation:
    line, quote = outcome.line, outcome.quote
    least, most = line.min_licenses or 1, line.max_licenses
    limits = f"{least:,} or more" if most is None else f"{least:,} to {most:,}"
    terms = term_words(line.term_duration, line.billing_cycle)
    in_catalog = line.is_purchasable is not False
    checks = (
        check(
            "catalog", in_catalog, f"{candidate.title} is in the catalog.",
            f"{candidate.title} is not sold in this market and segment now.", expected="in the catalog",
            found="in the catalog" if in_catalog else "not sold", rule=RULE,
        ),
        check(
            "price", quote.allowed, f"There is a price for {terms}.", " ".join(quote.reasons), expected=terms,
            found=f"{quote.per_term}" if quote.has_price else "no price", rule=quote.rule or RULE,
        ),
        check(
            "license_limit", least <= line.quantity and (most is None or line.quantity <= most),
            f"Sold in {limits} licenses.", f"Sold in {limits} licenses; the subscription has {line.quantity:,}.",
            expected=limits, found=licenses(line.quantity), rule=RULE,
        ),
    )  # fmt: skip
    failed = [each.message for each in checks if not each.passed]
    words = outcome.applied.verdict if outcome.applied else "No promotion; at its list price."
    return Recommendation(
        verdict=failed[0] if failed else words,
        checks=checks,
        rule=RULE,
        key=candidate.key,
        title=candidate.title,
        is_higher=is_higher,
        outcome=outcome,
    )


def _business(facts: Facts) -> Check:
    passed = is_business(facts.title) and not facts.is_trial and facts.in_catalog
    no = f"{facts.title} is no plan of {FAMILY}."
    if facts.is_trial:
        no = f"{facts.title} is a trial."
    elif is_bundle(facts.title):
        no = f"{facts.title} has Copilot Business already."
    elif is_business(facts.title) and not facts.in_catalog:
        no = f"The catalog does not have {facts.title}."
    yes = f"{facts.title} is a plan of {FAMILY}."
    return check("business", passed, yes, no, expected=f"a plan of {FAMILY}", found=facts.title, rule=RULE)


def _renews(facts: Facts) -> Check:
    if facts.status != SubscriptionStatus.ACTIVE:
        no, found = "The subscription is not active.", facts.status
    else:
        found = _OUTCOME_WORDS.get(facts.end_of_term, facts.end_of_term)
        no = f"The subscription {found}: it is not up for renewal."
    passed = facts.status == SubscriptionStatus.ACTIVE and facts.end_of_term in GOES_ON
    return check("renews", passed, f"The subscription {found}.", no, expected="renews", found=found, rule=RULE)


def _within_horizon(facts: Facts, as_of: datetime) -> Check:
    ends, until = day_words(facts.term_ends_at), day_words(as_of + HORIZON)
    no = f"The term ends on {ends}; recommendations begin {HORIZON.days} days before."
    if facts.term_ends_at < as_of:
        no = f"The term has ended on {ends}."
    return check(
        "horizon", as_of <= facts.term_ends_at < as_of + HORIZON, f"The term ends on {ends}.", no,
        expected=f"by {until}", found=ends, rule=RULE,
    )  # fmt: skip


def _bundle(facts: Facts, found: Sequence[Recommendation]) -> Check:
    names = " and ".join(each.title for each in found)
    wanted = f"{facts.title}{_AND}{COPILOT}"
    no = f"The price list has no {wanted}, nor a bundle of a higher plan."
    return check("bundle", bool(found), f"Bundles: {names}.", no, expected=wanted, found=names or "none", rule=RULE)


def _offered(found: Sequence[Recommendation], good: Sequence[Recommendation]) -> Check:
    no = " ".join(each.verdict for each in found)
    have = " and ".join(each.title for each in good)
    return check(
        "offered", bool(good), "Sold for this term and number of licenses.", no,
        expected="sold for this term and number of licenses", found=have or "none", rule=RULE,
    )  # fmt: skip


def _upsell(facts: Facts, checks: Sequence[Check], **found: tuple[Recommendation, ...]) -> Upsell:
    failed = [each.message for each in checks if not each.passed]
    good = found.get("recommendations", ())
    verdict = failed[0] if failed else f"Recommend {good[0].title} at the renewal on {day_words(facts.term_ends_at)}."
    return Upsell(verdict=verdict, checks=tuple(checks), rule=RULE, **found)
