"""Customers by a name or domain as it was typed: what holds it, what begins with it, what is spelled like it.

PostgreSQL serves these with its trigram indexes, SQLite with a full-text table of trigrams that triggers keep
(migration 0010): both find a text in the middle of a name without reading every name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from customers.models import Customer
from customers.queries import search
from portal.core.scope import Scope

# More names than this are not compared with one that is misspelt.
COMPARED = 20_000
_SHORT = 9  # below this, thirds would be too short for an index
_SQLITE = "SELECT rowid FROM customers_customer_text WHERE customers_customer_text MATCH %s"
# How a company's name ends says least about which one is meant.
_LEGAL_FORMS = frozenset(
    ("ab", "ag", "as", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "kg", "limited", "llc", "ltd", "nv",
     "oy", "plc", "sa", "sarl", "sas", "spa", "srl")
)  # fmt: skip


def holding(texts: Iterable[str], *, columns: tuple[str, ...] = ("name_key", "domain")) -> Q:
    """One of `columns` contains one of `texts`: folded, at least search.SUBSTRING_FROM characters each."""
    if connection.vendor == "sqlite":
        phrases = " OR ".join('"' + text.replace('"', '""') + '"' for text in texts)
        return Q(pk__in=RawSQL(_SQLITE, [f"{{{' '.join(columns)}}} : ({phrases})"]))  # noqa: S611 - a constant
    return reduce(or_, (Q(**{f"{column}__contains": text}) for text in texts for column in columns))


def beginning(text: str) -> Q:
    """The name begins with `text`, folded."""
    if connection.vendor == "sqlite":
        # No index of SQLite serves LIKE with an escape; its order is that of the code points.
        return Q(name_key__gte=text, name_key__lt=text + "\U0010ffff")
    return Q(name_key__startswith=text)


def with_part(scope: Scope, text: str) -> dict[int, str]:
    """Row keys and folded names of customers whose name or domain contains `text` (folded); one or two letters count
    at the beginning of the name only. Not ordered by name: PostgreSQL would walk through all of them instead."""
    return _compared(scope, holding([text]) if len(text) >= search.SUBSTRING_FROM else beginning(text))


def alike(scope: Scope, text: str) -> Iterator[dict[int, str]]:
    """Row keys and folded names of customers whose name shares a piece with `text` (folded): of its halves, then of its
    thirds, then of its words. A slip of the finger spoils one piece, or two where they meet; the words are for a text
    that leaves some out or has them in another order. The longer the piece, the fewer names share it."""
    bare = _without_form(text)
    for pieces in dict.fromkeys((_parts(bare, 2), _parts(bare, 3), _of_words(bare))):
        yield _compared(scope, _any_of(pieces, text))


def _compared(scope: Scope, condition: Q) -> dict[int, str]:
    rows = Customer.objects.within(scope).filter(condition).order_by("pk")
    return dict(rows.values_list("pk", "name_key")[:COMPARED])


def _any_of(pieces: Iterable[str], text: str) -> Q:
    long = sorted({piece for piece in pieces if len(piece) >= search.SUBSTRING_FROM})
    condition = holding(long, columns=("name_key",)) if long else Q(pk__in=[])
    # Two letters that changed places leave nothing whole in the middle of a short name, but its beginning.
    return condition | beginning(text[:2]) if len(text) < _SHORT else condition


def _without_form(text: str) -> str:
    words = text.split()
    while len(words) > 1 and words[-1].strip(".,") in _LEGAL_FORMS:
        words.pop()
    return " ".join(words)


def _parts(text: str, count: int) -> tuple[str, ...]:
    size = len(text)
    if size < _SHORT:
        return text[:3], text[max(0, size // 2 - 1) :][:3], text[-3:]
    return tuple(text[size * part // count : size * (part + 1) // count] for part in range(count))


def _of_words(text: str) -> tuple[str, ...]:
    middles = [(word, max(3, len(word) // 2)) for word in text.split()]
    return tuple(piece for word, middle in middles for piece in (word[:middle], word[-middle:]))
