"""Typed text as a condition: an id when it is one, else folded words in the name or the domain."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from portal.core.text import fold

# Below this the trigram index cannot help, so a shorter text is looked for at the beginning only.
SUBSTRING_FROM = 3


def uuid_of(text: str) -> UUID | None:
    """The GUID that `text` is, typed or pasted with braces or without dashes; None when it is none."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def named(text: str, *fields: str) -> Q:
    """One of `fields`, folded columns of one table, contains `text`. Never across a join: no index serves that."""
    wanted = fold(text)
    if not wanted:
        return Q(pk__in=[])
    lookup = "contains" if len(wanted) >= SUBSTRING_FROM else "startswith"
    condition = Q()
    for field in fields:
        condition |= Q(**{f"{field}__{lookup}": wanted})
    return condition
