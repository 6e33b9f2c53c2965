"""The history of a subscription: what was done to it here, between the days and upgrades that its data tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from typing import Any

from customers.models import Subscription
from customers.queries import subscriptions as queries
from customers.services.subscriptions import Link
from portal.core.keyset import FIRST, Found, Page, Place, Sort, page_of
from portal.core.keyset import place_of as keyset_place
from portal.core.models import AuditEvent
from portal.core.scope import Scope

# The parts of a change that the history tells, and what they are called there.
TOLD = {
    "quantity": "licenses",
    "status": "status",
    "auto_renew_enabled": "auto-renew",
    "partner_of_record": "partner of record",
}
NEWEST_FIRST = Sort("at", "occurred_at", descending=True)
# So many entries stand on the page of the subscription.
ON_THE_PAGE = 20
_BEGINNING, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the history. `who` is an e-mail address, empty for what nobody did here."""

    at: datetime
    what: str
    who: str = ""


@dataclass(frozen=True, kw_only=True)
class History:
    """Some entries, newest first. `before` and `after` are the places of the pages with newer and with older ones,
    empty at an end."""

    entries: tuple[Entry, ...]
    before: str
    after: str


def page(
    scope: Scope,
    *,
    subscription: Subscription,
    links: Sequence[Link],
    as_of: datetime,
    place: Place = FIRST,
    size: int = ON_THE_PAGE,
) -> History:
    """Part of the history of a subscription that was read in this scope; `links` are its upgrades. `size` counts what
    was done here; the few other entries come along where their day belongs. Two queries at most."""
    done = page_of(queries.history(scope, subscription), sort=NEWEST_FIRST, place=place, size=size)
    since = done.rows[-1].occurred_at if done.after else _BEGINNING
    until = _newer(scope, subscription, done) if done.before else _END
    others = [entry for entry in _others(subscription, links, as_of=as_of) if since <= entry.at < until]
    entries = sorted([*others, *map(_entry, done.rows)], key=_at, reverse=True)
    return History(entries=tuple(entries), before=done.before, after=done.after)


def entries(scope: Scope, *, subscription: Subscription, links: Sequence[Link], as_of: datetime) -> Iterator[Entry]:
    """All of it, newest first, read as it is walked."""
    others = sorted(_others(subscription, links, as_of=as_of), key=_at, reverse=True)
    events = queries.history(scope, subscription).rows.order_by("-occurred_at", "-id").iterator(chunk_size=2_000)
    return merge(others, map(_entry, events), key=_at, reverse=True)


def place_of(params: Mapping[str, str]) -> Place:
    """The place that the address names."""
    return keyset_place(params, AuditEvent, NEWEST_FIRST)


def _at(entry: Entry) -> datetime:
    return entry.at


def _entry(event: AuditEvent) -> Entry:
    return Entry(at=event.occurred_at, what=_words(event), who=event.user_email)


def _newer(scope: Scope, subscription: Subscription, done: Page) -> datetime:
    """When the last thing on the page before this one was done."""
    rows = queries.history(scope, subscription).rows
    newer = page_of(
        Found(rows, None),
        sort=NEWEST_FIRST,
        place=keyset_place({"before": done.before}, AuditEvent, NEWEST_FIRST),
        size=1,
    )
    return newer.rows[0].occurred_at if newer.rows else _END


def _others(subscription: Subscription, links: Sequence[Link], *, as_of: datetime) -> list[Entry]:
    return [*_dates(subscription, as_of=as_of), *_upgrades(links)]


def _dates(subscription: Subscription, *, as_of: datetime) -> list[Entry]:
    entries = [Entry(at=subscription.created_at, what="Bought")]
    if subscription.effective_start_at > subscription.created_at:
        entries.append(Entry(at=subscription.effective_start_at, what="The running term started"))
    until = subscription.cancellation_allowed_until
    if until and until < as_of:
        entries.append(Entry(at=until, what="Cancellation window closed"))
    return entries


def _upgrades(links: Sequence[Link]) -> list[Entry]:
    entries = []
    for link in links:
        way = "Upgrade from" if link.came_from else "Upgrade to"
        licenses = f"{link.transition.quantity:,} licenses"
        entries += [
            Entry(at=event.occurred_at, what=f"{way} {link.name}, {licenses}: {event.name} {event.status}")
            for event in link.transition.events.all()
        ]
    return entries


def _words(event: AuditEvent) -> str:
    """`subscription.licenses_added` as "Licenses added", with what changed behind it in words."""
    what = event.event.rpartition(".")[2].replace("_", " ").capitalize()
    changes = [
        f"{label} {_plain(event.before.get(key))} → {_plain(event.after[key])}"
        for key, label in TOLD.items()
        if key in event.after
    ]
    if event.after.get("reason"):
        changes.append(str(event.after["reason"]))
    return f"{what}: {', '.join(changes)}" if changes else what


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
