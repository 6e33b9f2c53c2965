"""The shape of what an upgrade linked: the rows of the table, and the notice above the page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.html import format_html
from django.utils.safestring import SafeString

from customers.models import Subscription
from customers.rules.vocabulary import licenses
from customers.services.duplicates import AfterUpgrade, Candidate
from customers.services.subscriptions import Link, price
from customers.tables import pieces
from portal.core.money import Money
from portal.core.templatetags.portal_ui import icon

DUPLICATE = "Duplicate"


@dataclass(frozen=True, kw_only=True)
class LinkedRow:
    """One subscription of the table. `subscription` is None for one that was never imported, or is this one before."""

    name: str
    note: str
    is_here: bool = False
    subscription: Subscription | None = None
    tag: SafeString | str = ""
    per_month: Money | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Notice:
    """The bar on the page of an upgraded subscription that left duplicates. Without `can_ask` open tickets ask for all
    of them already."""

    title: str
    text: str
    help_until: datetime | None
    can_ask: bool
    waiting: tuple[Waiting, ...]


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """An open ticket: its number, what it asks for, and whether this person may open it."""

    ticket_id: str
    names: str
    can_open: bool


def rows(here: Subscription, links: Sequence[Link], after: AfterUpgrade | None) -> list[LinkedRow]:
    """This subscription, the other ends of its upgrades, and what may be a duplicate; empty when nothing is linked."""
    candidates = {c.subscription.subscription_id: c for c in (after.candidates if after else ())}
    others = [_linked(link, candidates) for link in links]
    shown = {link.subscription_id for link in links}
    others += [_candidate(c) for key, c in candidates.items() if key not in shown]
    if not others:
        return []
    note = "Upgraded subscription, this page" if after else "This page"
    return [_row(here, note, is_here=True, tag=pieces.status(here.status)), *others]


def in_tickets(after: AfterUpgrade | None) -> dict[str, list[str]]:
    """The open tickets that ask for what the upgrade left behind: number to the names of the subscriptions."""
    found: dict[str, list[str]] = {}
    for each in after.left_behind if after else ():
        if each.verdict.in_ticket:
            found.setdefault(each.verdict.in_ticket, []).append(each.subscription.friendly_name)
    return found


def notice(after: AfterUpgrade | None, *, readable: Collection[str] = ()) -> Notice | None:
    """None unless something is still active and there is time to ask for help. `readable` are the tickets that this
    person may open."""
    if after is None or not after.in_time or not after.left_behind:
        return None
    count = len(after.left_behind)
    left = [each for each in after.left_behind if not each.verdict.in_ticket]
    waiting = tuple(
        Waiting(ticket_id=number, names=", ".join(names), can_open=number in readable)
        for number, names in in_tickets(after).items()
    )
    return Notice(
        title="This upgrade left a duplicate." if count == 1 else f"This upgrade left {count} duplicates.",
        text=_still_billed(left),
        help_until=after.help_until,
        can_ask=after.can_ask,
        waiting=waiting,
    )


def _still_billed(left: Sequence[Candidate]) -> str:
    if not left:
        return ""
    first = left[0].subscription
    if len(left) == 1:
        return f"{first.friendly_name} ({licenses(first.quantity)}) is still billed for this customer."
    more = "one more" if len(left) == 2 else f"{len(left) - 1} more"
    return f"{first.friendly_name} ({licenses(first.quantity)}) and {more} are still billed for this customer."


def paid_twice(after: AfterUpgrade | None) -> list[Money]:
    """What the duplicates that can be canceled, or wait for it in a ticket, cost a month, one sum per currency."""
    sums: dict[str, Money] = {}
    for candidate in after.left_behind if after else ():
        amounts = price(candidate.subscription)
        if candidate.verdict.is_duplicate and amounts and amounts.per_month:
            month = amounts.per_month
            sums[month.currency] = sums[month.currency] + month if month.currency in sums else month
    return list(sums.values())


def _linked(link: Link, candidates: dict[UUID, Candidate]) -> LinkedRow:
    words = "Upgraded from" if link.came_from else "Upgraded to"
    note = f"{words}, {licenses(link.transition.quantity)}"
    if link.subscription is None:
        name = link.name if link.product else "Not imported"
        stays = "This subscription before, " if link.product else ""
        return LinkedRow(name=name, note=f"{stays}{note[0].lower() if stays else note[0]}{note[1:]}")
    candidate = candidates.get(link.subscription.subscription_id)
    return _row(link.subscription, note, tag=_tag(candidate) if candidate else pieces.status(link.subscription.status))


def _candidate(candidate: Candidate) -> LinkedRow:
    return _row(candidate.subscription, "", tag=_tag(candidate))


def _row(row: Subscription, note: str, *, tag: SafeString | str, is_here: bool = False) -> LinkedRow:
    amounts = price(row)
    return LinkedRow(
        name=row.friendly_name,
        note=note,
        is_here=is_here,
        subscription=row,
        tag=tag,
        per_month=amounts.per_month if amounts else None,
        ends_at=None if row.has_no_end else row.commitment_ends_at,
    )


def _tag(candidate: Candidate) -> SafeString | str:
    if candidate.is_original:
        return format_html('<span class="tag">{}</span>', "Rest of the upgrade")
    if candidate.verdict.allowed:
        return format_html('<span class="tag tag--ai">{}{}</span>', icon("sparkle-16f", "i12"), DUPLICATE)
    number = candidate.verdict.in_ticket
    return format_html('<span class="tag">{}</span>', f"In ticket {number}" if number else "Duplicate, not eligible")
