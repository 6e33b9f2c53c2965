"""One choice for the end of the term of many subscriptions: what it would do to each, then doing it to those picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from customers.models import Subscription
from customers.queries import subscriptions as queries
from customers.queries.subscriptions import SubscriptionFilters
from customers.rules import end_of_term
from customers.rules import end_of_term_choice as rule
from customers.rules.end_of_term_choice import Choice, Option
from customers.rules.vocabulary import EndOfTerm, SubscriptionStatus
from customers.services import end_of_term_options
from customers.services.subscription_changes import (
    ScheduleWouldBeLost,
    SubscriptionChanged,
    choose_end_of_term,
    losses_of_choice,
)
from customers.services.subscription_facts import Known
from customers.services.subscriptions import SubscriptionNotFound
from portal.core import access
from portal.core.decision import NotAllowed
from portal.core.scope import Scope

# As many as a person looks through on one page.
MOST = 100


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A subscription with what the choice means for it. `lost` is scheduled and would be deleted."""

    row: Subscription
    option: Option
    lost: tuple[str, ...]

    @property
    def unasked(self) -> str:
        """What comes though nobody chose it, and what it costs; empty where something was chosen."""
        if self.row.end_of_term != EndOfTerm.SILENT_EST:
            return ""
        return end_of_term.unasked_words(self.row.renewal_uplift)

    @property
    def can_be_picked(self) -> bool:
        return self.option.allowed and not self.option.is_current


@dataclass(frozen=True, kw_only=True)
class Preview:
    entries: tuple[Entry, ...]
    more: bool  # there are more than MOST

    @property
    def loses(self) -> bool:
        return any(entry.lost and entry.can_be_picked for entry in self.entries)

    @property
    def pickable(self) -> int:
        return sum(entry.can_be_picked for entry in self.entries)


@dataclass(frozen=True, kw_only=True)
class Picked:
    """A subscription as the page showed it."""

    subscription_id: UUID
    etag: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was changed, and why the others were not: (name or ID, sentence)."""

    changed: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def preview(scope: Scope, *, choice: str, filters: SubscriptionFilters, as_of: datetime) -> Preview:
    """The first MOST active subscriptions that the filters leave, those that end first at the top. One query."""
    rows = queries.listing(scope, replace(filters, status=SubscriptionStatus.ACTIVE), as_of=as_of)
    found = list(rows.select_related("customer").order_by("commitment_ends_at", "id")[: MOST + 1])
    entries = tuple(_entry(scope, row, Choice(choice), as_of) for row in found[:MOST])
    return Preview(entries=entries, more=len(found) > MOST)


def choose(scope: Scope, *, choice: str, picked: Sequence[Picked], as_of: datetime, confirmed: bool = False) -> Result:
    """Make the choice for each, in a transaction of its own: one that is refused keeps no other from it.

    Raises PermissionDenied."""
    access.require(scope, "sell")
    changed, refused = [], []
    for each in picked[:MOST]:
        try:
            row = choose_end_of_term(
                scope,
                subscription_id=each.subscription_id,
                choice=choice,
                etag=each.etag,
                as_of=as_of,
                confirmed=confirmed,
            )
            changed.append(row.friendly_name)
        except (SubscriptionChanged, ScheduleWouldBeLost, NotAllowed, SubscriptionNotFound) as problem:
            refused.append((_name(scope, each.subscription_id), str(problem)))
    return Result(changed=tuple(changed), refused=tuple(refused))


def _entry(scope: Scope, row: Subscription, choice: Choice, as_of: datetime) -> Entry:
    # Without the SKU no price is read: what it costs is on the page of the subscription.
    known = Known(scope=scope, row=row, sku=None, updates=0)
    option = rule.decide(choice, end_of_term_options.situation(known, as_of=as_of), as_of=as_of)
    return Entry(row=row, option=option, lost=losses_of_choice(known).scheduled)


def _name(scope: Scope, subscription_id: UUID) -> str:
    row = Subscription.objects.within(scope).filter(subscription_id=subscription_id).first()
    return row.friendly_name if row else str(subscription_id)
