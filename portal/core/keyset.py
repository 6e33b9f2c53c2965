"""Pages of a list that begin after a row, not after a number of rows: the last page costs what the first does.

A page is found by the row comparison `(column, id) > (value, id)`, so every way to sort needs an index that
ends in `(column, id)`, and the column has no nulls. The address carries the row as an opaque signed text;
one that is damaged, or made for another list or sort, means the first page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import DateTimeField, DecimalField, F, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

PER_PAGE = 50
COUNT_LIMIT = 1000


@dataclass(frozen=True)
class Sort:
    """One way to sort: `key` stands in the address, `field` is the column."""

    key: str
    field: str
    descending: bool = False

    @property
    def param(self) -> str:
        return f"-{self.key}" if self.descending else self.key

    def reversed(self) -> Sort:
        return Sort(self.key, self.field, not self.descending)


@dataclass(frozen=True)
class Total:
    """How many rows there are; with `more`, at least one more than `count`."""

    count: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.count:,}{'+' if self.more else ''}"


@dataclass(frozen=True)
class Found:
    """What a list found: its rows as a query still to be sorted, and how many there are. With `by_id`, the
    same rows without the filter, a page first finds its ids, from an index alone, and then reads only those rows."""

    rows: QuerySet[Any]
    total: Total | None
    by_id: QuerySet[Any] | None = None


@dataclass(frozen=True)
class Place:
    """Where a page lies: at the first row, after or before a row, or at the last row.

    `number` is the number, from 1, of the row that the place speaks of; None when nobody counted that far.
    """

    side: str = "first"
    value: Any = None
    pk: int = 0
    number: int | None = None


FIRST = Place()


@dataclass(frozen=True)
class Page:
    """The rows of one page. `start` is the number of the first row, from 1; `after` and `before` are the
    places of the next and the previous page, empty at an end."""

    rows: list[Any]
    sort: Sort
    start: int | None
    total: Total | None
    after: str
    before: str
    is_first: bool

    @property
    def end(self) -> int | None:
        return None if self.start is None else self.start + len(self.rows) - 1

    @property
    def span(self) -> str:
        """`1–50 of 248`, as the footer says it."""
        if not self.rows:
            return "0"
        of = f" of {self.total}" if self.total else ""
        if self.start is None:
            return f"{'Last ' if not self.after else ''}{len(self.rows)}{of}"
        return f"{self.start:,}–{self.end:,}{of}"


def place_of(params: Mapping[str, str], model: type[Model], sort: Sort) -> Place:
    """The place that `?after=`, `?before=` or `?page=last` names; the first page for anything else."""
    for side in ("after", "before"):
        if params.get(side):
            return _read(side, params[side], model, sort)
    return Place("last") if params.get("page") == "last" else FIRST


def page_of(found: Found, *, sort: Sort, place: Place = FIRST, size: int = PER_PAGE) -> Page:
    """One page, one query. The rows may have any filter, but no order and no nulls in the sort column; they are
    model rows or, several times cheaper, named tuples with `id` and the sort column among them.

    The total is only shown: the rows themselves tell whether there is a page before or after.
    """
    rows, total = found.rows, found.total
    backward = place.side in ("before", "last")
    ascending = sort.descending == backward
    if place.side in ("after", "before"):
        compare = TupleGreaterThan if ascending else TupleLessThan
        rows = rows.filter(compare(Tuple(F(sort.field), F("pk")), (place.value, place.pk)))
    if place.side == "last" and total and not total.more:
        size = total.count % size or size
    sign = "" if ascending else "-"
    order = (f"{sign}{sort.field}", f"{sign}pk")
    if found.by_id is not None:
        rows = found.by_id.filter(pk__in=rows.order_by(*order).values("pk")[: size + 1])
    got = list(rows.order_by(*order)[: size + 1])
    more = len(got) > size
    got = got[:size]
    if backward:
        got.reverse()
    has_before = more if backward else place.side == "after"
    has_after = place.side == "before" if backward else more
    start = _start(place, len(got), has_before=has_before, total=total)
    model = rows.model
    return Page(
        rows=got,
        sort=sort,
        start=start,
        total=_total(total, start, len(got), has_after=has_after),
        after=_write(got[-1], model, sort, None if start is None else start + len(got) - 1)
        if got and has_after
        else "",
        before=_write(got[0], model, sort, start) if got and has_before else "",
        is_first=not has_before,
    )


def narrowed(ids: QuerySet[Any], rows: QuerySet[Any], plain: QuerySet[Any]) -> Found:
    """The rows that match, and how many: one query, which counts no further than COUNT_LIMIT.

    `ids` is the cheapest query that yields the keys of the matches, `rows` all columns with the same filter,
    `plain` all columns of everybody in the scope. A few matches are read by their keys, whatever the filter
    costs; with many, walking `rows` in their order meets the next one soon.
    """
    keys = list(ids.order_by().values_list("pk", flat=True)[: COUNT_LIMIT + 1])
    if len(keys) > COUNT_LIMIT:
        return Found(rows, Total(COUNT_LIMIT, more=True), by_id=plain)
    return Found(plain.filter(pk__in=keys), Total(len(keys)))


def _start(place: Place, length: int, *, has_before: bool, total: Total | None) -> int | None:
    if not has_before:
        return 1
    if place.side == "last":
        return None if total is None or total.more else max(1, total.count - length + 1)
    if place.number is None:
        return None
    return place.number + 1 if place.side == "after" else max(1, place.number - length)


def _total(total: Total | None, start: int | None, length: int, *, has_after: bool) -> Total | None:
    """A total that does not contradict the rows on the screen."""
    if start is None:
        return total
    seen = start + length - 1
    if not has_after:
        return Total(seen)
    return Total(seen, more=True) if total is not None and total.count <= seen and not total.more else total


def _signer(model: type[Model], sort: Sort) -> Signer:
    return Signer(salt=f"keyset {model._meta.label_lower} {sort.param}", sep=".")


def _write(row: Any, model: type[Model], sort: Sort, number: int | None) -> str:
    value = getattr(row, sort.field)
    if isinstance(value, datetime):
        value = value.isoformat()
    elif isinstance(value, Decimal):
        value = str(value)
    return _signer(model, sort).sign_object([value, row.id, number])


def _read(side: str, text: str, model: type[Model], sort: Sort) -> Place:
    try:
        value, pk, number = _signer(model, sort).unsign_object(text)
    except (BadSignature, ValueError):
        return FIRST
    column = model._meta.get_field(sort.field)
    if isinstance(column, DateTimeField):
        value = datetime.fromisoformat(value)
    elif isinstance(column, DecimalField):
        value = Decimal(value)
    return Place(side, value, pk, number)
