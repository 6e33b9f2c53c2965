"""Views that a person saved: filters of a list under a name. Nobody else sees them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied

from customers.models import SavedView
from portal.core import access, audit
from portal.core.jobs import writes
from portal.core.models import Membership
from portal.core.scope import Scope, ScopedQuerySet

MOST = 20  # of one person and list
LONGEST_NAME = 60


class ViewNotFound(LookupError):
    """There is no such view of this person in this tenant."""


class ViewRefused(ValueError):
    """It cannot be saved under this name. The text is a sentence for the person."""


def of_list(scope: Scope, *, listing: str) -> list[SavedView]:
    """The person's own views of a list, the oldest first. One query, at most MOST rows."""
    return list(_own(scope).filter(listing=listing).order_by("pk"))


def get(scope: Scope, *, view_id: UUID) -> SavedView:
    """Raises ViewNotFound, also for a view of somebody else."""
    row = _own(scope).filter(view_id=view_id).first()
    if row is None:
        raise ViewNotFound("There is no such view.")
    return row


@writes
def save(scope: Scope, *, listing: str, name: str, query: str, as_of: datetime) -> SavedView:
    """Keep `query`, the filters as an address has them. Raises ViewRefused."""
    member = _one_at_a_time(scope)
    if not query:
        raise ViewRefused("Choose a filter in the list first.")
    name = _free_name(scope, listing, name)
    same = next((row for row in of_list(scope, listing=listing) if row.query == query), None)
    if same is not None:
        raise ViewRefused(f"You have these filters as “{same.name}” already. Rename that view in the list.")
    if _own(scope).filter(listing=listing).count() >= MOST:
        raise ViewRefused(f"You have {MOST} views of this list, which is the most. Remove one first.")
    row = SavedView.objects.create(
        partner_id=member.partner_id, user_id=member.user_id, listing=listing, name=name, query=query, created_at=as_of
    )
    audit.record(scope, "view.saved", row, as_of=as_of, after={"list": listing, "name": name, "query": query})
    return row


@writes
def rename(scope: Scope, *, view_id: UUID, name: str, as_of: datetime) -> SavedView:
    """Raises ViewNotFound, ViewRefused."""
    _one_at_a_time(scope)
    row = get(scope, view_id=view_id)
    before, row.name = row.name, _free_name(scope, row.listing, name, but=row)
    row.save(update_fields=["name"])
    audit.record(scope, "view.renamed", row, as_of=as_of, before={"name": before}, after={"name": row.name})
    return row


@writes
def remove(scope: Scope, *, view_id: UUID, as_of: datetime) -> None:
    """Raises ViewNotFound."""
    _one_at_a_time(scope)
    row = get(scope, view_id=view_id)
    before = {"list": row.listing, "name": row.name, "query": row.query}
    audit.record(scope, "view.removed", row, as_of=as_of, before=before)
    row.delete()


def _own(scope: Scope) -> ScopedQuerySet:
    rows = SavedView.objects.within(scope)
    return rows.none() if scope.user_id is None else rows.filter(user_id=scope.user_id)


def _one_at_a_time(scope: Scope) -> Membership:
    """What one person writes here waits for what the same person writes: the count and the names stay true."""
    access.require(scope, "view")
    if scope.partner_id is not None and scope.user_id is not None:
        members = Membership.objects.within(scope).select_for_update(no_key=True)
        if member := members.filter(user_id=scope.user_id).first():
            return member
    raise PermissionDenied("A view is saved by a person of a partner.")


def _free_name(scope: Scope, listing: str, name: str, *, but: SavedView | None = None) -> str:
    """`name` as it is stored. Capital and small letters make no other name. Raises ViewRefused."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise ViewRefused(f"Enter a name of 1 to {LONGEST_NAME} characters.")
    others = of_list(scope, listing=listing)
    if any(row.name.casefold() == name.casefold() for row in others if row != but):
        raise ViewRefused(f"You have a view “{name}” of this list already. Enter another name.")
    return name
