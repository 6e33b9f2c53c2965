"""A large distributor: customers and subscriptions by the hundred thousand, streamed to the database in batches.

Nothing here grows with the number of rows. The stored outcomes and summaries are those that the services of the
product would store; a test compares the two.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from customers.models import OPEN_END, Customer, IndirectReseller, Subscription
from customers.rules import end_of_term, partner_of_record
from customers.rules.terms import add_months
from customers.rules.vocabulary import EndOfTerm, PartnerOfRecord, Qualification, SubscriptionStatus
from customers.services import renewals
from customers.services.customers import CALENDAR_MONTHS, KIND_OF
from customers.services.demo import names
from customers.services.demo.dates import at, first_of_month
from customers.services.demo.ids import Ids
from customers.services.demo.mix import Kind, kinds
from customers.services.demo.rows import Table, moment, plain
from customers.services.demo.subscriptions import (
    Deal,
    actions,
    build,
    dates_of,
    is_open,
    refund_options,
    scheduled_actions,
)
from customers.services.renewals import Valued
from portal.core.models import Partner
from portal.core.scope import Scope
from portal.core.text import fold

BATCH = 1_000  # customers
RESELLERS = 40
REMEMBERED = 400  # answers of one kind
MARKER = "8000001"  # the first of their PartnerIDs tells that these rows are there
# A thousand customers' shares, over and over: few have much, many have little, some have nothing.
SHARES = 1_000
DATES = (
    "created_at", "effective_start_at", "commitment_ends_at", "cancellation_allowed_until", "billing_cycle_ends_at",
    "actions", "refund_options",
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """How many rows to add."""

    customers: int
    subscriptions: int


@dataclass(frozen=True, slots=True)
class Placed:
    """What the start of a term decides: the values of DATES, and what the summary needs."""

    values: tuple[Any, ...]
    outcome: EndOfTerm
    ends_at: datetime
    month: str
    runs: bool


class Template:
    """One kind of subscription as a row that needs few changes, and what it becomes by the day it started."""

    def __init__(self, kind: Kind, partner: Partner, today: date, table: Table, shared: dict[Any, Placed]) -> None:
        self.kind = kind
        self.deal = deal = kind.deal
        self._today = today
        customer = Customer(partner=partner, country=partner.country)
        self._sample = build(deal, Ids(0, "template"), customer, currency=partner.currency, today=today)
        self.row = table.row_of(self._sample)
        self._until = at(add_months(first_of_month(today), CALENDAR_MONTHS))
        # Dates and outcome are the same for all products of a type.
        self._alike = (deal.term, deal.cycle, deal.bought, deal.status, deal.at_end, deal.legacy, deal.extended,
                       deal.item.is_trial, deal.item.product_type)  # fmt: skip
        self._shared = shared
        self._followed: dict[tuple[str, int, EndOfTerm, bool], tuple[Any, ...]] = {}
        # What ends on the day before renews on the first.
        self._announced = at(first_of_month(today, 1)) - timedelta(days=1)
        self._currency = partner.currency

    def renewal(self, placed: Placed, quantity: int, market: str, valued: Valued) -> tuple[Any, ...]:
        """What follows the term, as customers.services.renewals would store it: the values of its STORED."""
        # Of the day only this counts: whether the announced prices, which have no end, hold when it renews.
        key = market, quantity, placed.outcome, placed.ends_at >= self._announced
        found = self._followed.get(key)
        if found is None:
            row = self._sample
            facts, where = renewals.facts_of([
                row.status, placed.outcome, row.product_id, row.sku_id, row.term_duration, row.renewal_term_duration,
                row.billing_cycle, quantity, placed.ends_at, row.scheduled_next_term_instructions,
                scheduled_actions(self.deal, quantity), market, Qualification.NONE, self._currency,
            ])  # fmt: skip
            valued.learn([(facts, where)])
            found = tuple(plain(value) for value in valued.stored(facts, where))
            if len(self._followed) < REMEMBERED:
                self._followed[key] = found
        return found

    def placed(self, days_ago: int) -> Placed:
        """The values for a term that started so many days ago."""
        key = days_ago, self._alike
        found = self._shared.get(key)
        if found is None:
            found = self._shared[key] = self._place(days_ago)
        return found

    def _place(self, days_ago: int) -> Placed:
        bought = None if self.deal.bought is None else self.deal.bought - days_ago
        deal = replace(self.deal, starts=-days_ago, bought=bought)
        dates = dates_of(deal, self._today)
        open_until = dates.window_until if is_open(deal, dates, self._today) else None
        sample = self._sample
        sample.effective_start_at, sample.commitment_ends_at = dates.starts_at, dates.ends_at
        return Placed(
            values=(
                *(moment(value) for value in (dates.bought_at, dates.starts_at, dates.ends_at)),
                dates.window_until and moment(dates.window_until),
                dates.cycle_ends_at and moment(dates.cycle_ends_at),
                json.dumps(actions(deal, open_until)),
                json.dumps(refund_options(open_until)),
            ),
            outcome=_outcome(sample),
            ends_at=dates.ends_at,
            month=f"{dates.ends_at:%Y-%m}" if dates.ends_at < self._until else "",
            runs=deal.status == SubscriptionStatus.ACTIVE and dates.ends_at >= at(self._today),
        )


class Summary:
    """What the lists show of one customer, counted along (see customers.services.customers.refresh_summaries)."""

    def __init__(self) -> None:
        self.subscriptions = 0
        self.licenses = 0
        self.assigned: int | None = None
        self.known = True
        self.next_end = OPEN_END
        self.calendar: dict[str, dict[str, int]] = {}
        self.est = 0

    def add(self, deal: Deal, placed: Placed, quantity: int, assigned: int | None) -> None:
        self.subscriptions += 1
        if not placed.runs:
            return
        if deal.has_assignments:
            self.licenses += quantity
            if assigned is None:
                self.known = False
            else:
                self.assigned = (self.assigned or 0) + assigned
        self.next_end = min(self.next_end, placed.ends_at)
        if placed.outcome in (EndOfTerm.EST, EndOfTerm.SILENT_EST):
            self.est += 1
        kind = KIND_OF.get(placed.outcome)
        if placed.month and kind:
            month = self.calendar.setdefault(placed.month, {})
            month[kind] = month.get(kind, 0) + 1


class Generator:
    """Makes the rows of one partner, batch by batch. The same seed and day make the same rows."""

    def __init__(self, partner: Partner, wanted: Wanted, *, seed: int, today: date) -> None:
        self.partner = partner
        self.wanted = wanted
        self._chance = random.Random(f"{seed}/bulk")  # noqa: S311 - sample data, no secret
        self._today = today
        self.customers = Table(Customer, with_key=True)
        self.subscriptions = Table(Subscription, with_key=False)
        shared: dict[Any, Placed] = {}
        self._templates = [Template(kind, partner, today, self.subscriptions, shared) for kind in kinds()]
        self._odds = list(itertools.accumulate(t.kind.share for t in self._templates))
        weights = [self._chance.lognormvariate(0, 1.2) if self._chance.random() > 0.04 else 0 for _ in range(SHARES)]
        self._upto = [0.0, *itertools.accumulate(weights)]
        self._resellers: list[tuple[int, str]] = []
        self._inactive: frozenset[str] = frozenset()
        self._done = 0
        self._valued = Valued(at(today))
        self._plain = self._plain_customer()

    def make_resellers(self) -> None:
        """The indirect resellers that most of the customers come through."""
        rows = [
            IndirectReseller(
                partner=self.partner, tenant_id=_guid(self._chance), name=f"{names.company(self._chance)} Resale",
                mpn_id=str(int(MARKER) + number), country=self.partner.country,
                state="Active" if number % 10 != 9 else "Inactive",
            )
            for number in range(RESELLERS)
        ]  # fmt: skip
        IndirectReseller.objects.bulk_create(rows)
        mine = IndirectReseller.objects.within(Scope(partner_id=self.partner.pk)).filter(
            mpn_id__in=[row.mpn_id for row in rows]
        )
        self._resellers = list(mine.order_by("mpn_id").values_list("pk", "mpn_id"))
        self._inactive = frozenset(row.mpn_id for row in rows if row.state != "Active")

    def batches(self) -> Iterator[tuple[list[list[Any]], list[list[Any]]]]:
        """Rows of customers and of their subscriptions, in the order of the tables' columns."""
        while self._done < self.wanted.customers:
            count = min(BATCH, self.wanted.customers - self._done)
            customers: list[list[Any]] = []
            subscriptions: list[list[Any]] = []
            for key in self.customers.keys(count):
                customers.append(self._customer(key, subscriptions))
                self._done += 1
            yield customers, subscriptions

    def _share(self, number: int) -> int:
        """How many subscriptions the customers before `number` have together."""
        rounds, rest = divmod(number, SHARES)
        whole_rounds, whole_rest = divmod(self.wanted.customers, SHARES)
        total = whole_rounds * self._upto[-1] + self._upto[whole_rest]
        if number >= self.wanted.customers or not total:
            return self.wanted.subscriptions if number >= self.wanted.customers else 0
        return round(self.wanted.subscriptions * (rounds * self._upto[-1] + self._upto[rest]) / total)

    def _customer(self, key: int, subscriptions: list[list[Any]]) -> list[Any]:
        chance, place = self._chance, self.customers.place
        name = names.company(chance)
        domain = names.domain(name, self._done)
        reseller, mpn_id = chance.choice(self._resellers) if chance.random() < 0.8 else (None, "")
        known = chance.random() < 0.85
        market = "GU" if chance.random() < 0.01 else "US"
        summary = Summary()
        for _ in range(self._share(self._done + 1) - self._share(self._done)):
            subscriptions.append(self._subscription(key, mpn_id, summary, market=market, known=known))
        since = moment(at(self._today - timedelta(days=chance.randint(1600, 2600))))
        row = self._plain.copy()
        for attribute, value in (
            ("id", key), ("tenant_id", _guid(chance)), ("reseller_id", reseller), ("company_name", name),
            ("name_key", fold(name)), ("domain", domain), ("email", f"it@{domain}"),
            ("country", market), ("city", chance.choice(names.CITIES)),
            ("agreement_accepted_at", since if chance.random() < 0.97 else None), ("created_at", since),
            ("subscription_count", summary.subscriptions), ("license_count", summary.licenses),
            ("assigned_license_count", summary.assigned if summary.known else None),
            ("next_term_ends_at", moment(summary.next_end)), ("est_count", summary.est),
            ("renewal_calendar", json.dumps(dict(sorted(summary.calendar.items())))),
        ):  # fmt: skip
            row[place[attribute]] = value
        return row

    def _subscription(self, customer: int, mpn_id: str, summary: Summary, *, market: str, known: bool) -> list[Any]:
        chance, place = self._chance, self.subscriptions.place
        template = chance.choices(self._templates, cum_weights=self._odds)[0]
        deal = template.deal
        placed = template.placed(template.kind.some_day(chance))
        fixed = deal.item.is_trial or deal.item.unit != "Licenses"
        quantity = deal.quantity if fixed else min(int(chance.lognormvariate(2.3, 1.2)) + 1, 4000)
        assigned = int(quantity * (0.6 + 0.42 * chance.random())) if known and deal.has_assignments else None
        row = template.row.copy()
        row[place["customer_id"]] = customer
        row[place["subscription_id"]] = _guid(chance)
        row[place["quantity"]] = quantity
        row[place["order_id"]] = f"{chance.getrandbits(48):012x}"
        row[place["etag"]] = f"{chance.getrandbits(64):016x}"
        row[place["partner_of_record"]] = mpn_id
        row[place["partner_of_record_state"]] = self._record_state(deal.status, mpn_id)
        row[place["assigned_licenses"]] = assigned
        row[place["end_of_term"]] = placed.outcome.value
        for name, value in zip(DATES, placed.values, strict=True):
            row[place[name]] = value
        for name, value in zip(renewals.STORED, template.renewal(placed, quantity, market, self._valued), strict=True):
            row[place[name]] = value
        if deal.at_end in {"est", "new_term"}:
            row[place["scheduled_actions"]] = json.dumps(scheduled_actions(deal, quantity))
        if chance.random() < 0.1:
            nickname = chance.choice(names.NICKNAMES)
            row[place["friendly_name"]] = nickname
            row[place["name_key"]] = fold(nickname)
        summary.add(deal, placed, quantity, assigned)
        return row

    def _record_state(self, status: str, mpn_id: str) -> PartnerOfRecord:
        """The resellers made here are in the distributor's country; some are not active."""
        if status not in partner_of_record.IN_SERVICE:
            return PartnerOfRecord.NOT_APPLICABLE
        if not mpn_id:
            return PartnerOfRecord.EMPTY
        return PartnerOfRecord.NOT_ACTIVE if mpn_id in self._inactive else PartnerOfRecord.VALID

    def _plain_customer(self) -> list[Any]:
        customer = Customer(
            partner=self.partner, tenant_id=_guid(random.Random(0)), language="en-US",  # noqa: S311
            created_at=at(self._today), synced_at=at(self._today),
        )  # fmt: skip
        return self.customers.row_of(customer)


def _outcome(built: Subscription) -> EndOfTerm:
    return end_of_term.outcome_of(
        end_of_term.Facts(
            status=built.status,
            auto_renew_enabled=built.auto_renew_enabled,
            is_legacy=built.is_legacy,
            is_trial=built.is_trial,
            is_microsoft_product=built.is_microsoft_product,
            billing_type=built.billing_type,
            product_type=built.product_type,
            term_starts_at=built.effective_start_at,
            term_ends_at=built.commitment_ends_at,
            has_no_end=built.has_no_end,
            scheduled_actions=built.scheduled_actions,
        )
    )


def _guid(chance: random.Random) -> str:
    """A GUID of version 4 as 32 digits, which both databases take."""
    number = chance.getrandbits(128) & ~(0xF << 76 | 0x3 << 62) | 4 << 76 | 2 << 62
    return f"{number:032x}"
