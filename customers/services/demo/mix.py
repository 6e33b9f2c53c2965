"""What a large distributor's subscriptions are made of: products, terms and states, each with its share."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from customers.rules.vocabulary import SubscriptionStatus as Status
from customers.services.demo import sample_catalog as catalog
from customers.services.demo import sample_promotions as promotions
from customers.services.demo.sample_catalog import Plan, SampleSku
from customers.services.demo.subscriptions import Deal

PRODUCTS: tuple[tuple[SampleSku, int], ...] = (
    (catalog.PREMIUM, 22), (catalog.STANDARD, 20), (catalog.BASIC, 18), (catalog.APPS, 7), (catalog.E3, 5),
    (catalog.E5, 3), (catalog.F3, 2), (catalog.EXCHANGE_1, 6), (catalog.EXCHANGE_2, 2), (catalog.TEAMS_PREMIUM, 2),
    (catalog.POWER_BI, 4), (catalog.VISIO_1, 1), (catalog.VISIO_2, 2), (catalog.DEFENDER, 2), (catalog.ENTRA, 2),
    (catalog.COPILOT, 3), (catalog.PREMIUM_BUNDLE, 2), (catalog.STANDARD_BUNDLE, 1), (catalog.PROJECT, 1),
)  # fmt: skip
PLAN_SHARE: dict[Plan, int] = {
    ("P1M", "monthly"): 18, ("P1Y", "monthly"): 46, ("P1Y", "annual"): 26, ("P3Y", "monthly"): 4, ("P3Y", "annual"): 4,
    ("P3Y", "triennial"): 2,
}  # fmt: skip
TERM_DAYS = {"P1M": 28, "P1Y": 365, "P3Y": 1095}


@dataclass(frozen=True)
class Kind:
    """A deal of which many are made; the running term began between so many days ago."""

    deal: Deal
    share: int
    oldest: int
    youngest: int

    def some_day(self, chance: random.Random) -> int:
        """How many days ago a term began. Three-year terms begin on the same weekday: fewer dates to remember."""
        step = 7 if self.deal.term == "P3Y" else 1
        return self.youngest + step * int(chance.random() * ((self.oldest - self.youngest) // step + 1))


def kinds() -> list[Kind]:
    """Every product in every term and state, with its share of the whole."""
    made = []
    for item, popularity in PRODUCTS:
        for term, cycle in item.plans:
            deal = Deal(item=item, term=term, cycle=cycle, details_read=False)
            days = TERM_DAYS[term]
            for variant, share, oldest, youngest in _states(deal, days):
                made.append(Kind(variant, popularity * PLAN_SHARE[term, cycle] * share, oldest, youngest))
    made += [Kind(deal, share, oldest, youngest) for deal, share, oldest, youngest in _others()]
    return made


def _states(deal: Deal, days: int) -> Iterator[tuple[Deal, int, int, int]]:
    """What a running subscription can be, per hundred."""
    running = days - 1, 1
    # The long-standing ones were bought before the term that runs now.
    renewed = replace(deal, bought=-1500)
    promotion = next(
        (
            p
            for p in promotions.PROMOTIONS
            for item, plan, _ in p.covers
            if item is deal.item and plan == (deal.term, deal.cycle) and not p.targeted and p.starts < -60 < p.ends
        ),
        None,
    )
    yield deal, 22, *running
    yield replace(deal, promotion=promotion), 12, min(days - 1, 110), 1
    yield renewed, 36, *running
    yield replace(renewed, at_end="new_term"), 4, *running
    yield replace(renewed, at_end="off"), 7, *running
    yield replace(renewed, at_end="est"), 4, *running
    yield replace(deal, at_end="cancel"), 5, *running
    yield replace(deal, at_end="off", status=Status.SUSPENDED, suspended_because="Customer"), 2, *running
    yield replace(deal, at_end="off", status=Status.DELETED), 4, days + 400, 5
    yield replace(deal, at_end="off", status=Status.EXPIRED), 2, days + 29, days + 5
    yield replace(deal, at_end="off", status=Status.DISABLED), 2, days + 100, days + 40


def _others() -> Iterator[tuple[Deal, int, int, int]]:
    """What is sold otherwise: legacy, trials, software, by use, in the extended term. Shares of 1,000,000."""
    legacy = Deal(item=catalog.STANDARD, legacy=True, bought=-1500, details_read=False)
    yield legacy, 12_000, 364, 1
    yield replace(legacy, item=catalog.E3, cycle="annual", at_end="off"), 4_000, 364, 1
    trial = Deal(item=catalog.PREMIUM_TRIAL, term="P1M", cycle="none", quantity=25, details_read=False)
    yield trial, 4_000, 27, 1
    yield replace(trial, at_end="off"), 3_000, 27, 1
    yield Deal(item=catalog.SQL_SERVER, cycle="one_time", details_read=False), 6_000, 364, 8
    yield Deal(item=catalog.AZURE, term="", quantity=1, details_read=False), 14_000, 1500, 30
    yield Deal(item=catalog.BASIC, term="P1M", bought=-600, extended=True, details_read=False), 9_000, 27, 1
