"""The one way a report becomes a file.

The customers of the tenant are cut into ranges. Each range is one query and one part of the file,
which grows in a draft and is published whole. PostgreSQL writes CSV itself (COPY of the scoped query), other
databases stream rows through Python; the bytes are the same. A range is read in one statement, so a
file is consistent within a range and not across ranges, which are read one after the other.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import shutil
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import CharField, F, Func, Value

from customers.models import Customer
from downloads import writers
from downloads.report import DECIDED, EVALUATED_AT, Column, Decisions, Report, Shape
from portal.core.scope import Scope

CUSTOMERS_PER_PART = 5_000
BLOCK = 1 << 20
# More memory does not make these queries faster, and many reports may run at once. Rows near each other
# are cheap to read in the order of an index, which saves a sort. A statement that runs longer than the
# lease of its worker would lose the lease without noticing.
FOR_COPY = """
    SET LOCAL work_mem = '16MB'; SET LOCAL random_page_cost = 1.1; SET LOCAL timezone = 'UTC';
    SET LOCAL statement_timeout = '45s'
"""


# --- Shapes as SQL (PostgreSQL) ---------------------------------------------------------------


# The characters by their numbers: comparing those costs a third of comparing texts. All of them come
# before the letters, with which nearly every text begins: one comparison settles those.
_STARTS = sorted(ord(character) for character in writers.FORMULA_STARTS)


def _runs(text: str) -> str:
    numbers = ", ".join(str(number) for number in _STARTS)
    return f"ascii({text}) <= {_STARTS[-1]} AND ascii({text}) IN ({numbers})"


class _Text(Func):
    output_field = CharField()
    template = f"CASE WHEN {_runs('%(expressions)s')} THEN '''' || %(expressions)s ELSE NULLIF(%(expressions)s, '') END"


class _Word(Func):
    """The words that nearly every row has are written out; any other takes the long way, where the
    first letter that is printed decides, and an underscore is not printed."""

    output_field = CharField()
    template = (
        "CASE %(expressions)s "
        + " ".join(f"WHEN '{word}' THEN '{writers.word(word)}'" for word in ("monthly", "annual", "triennial"))
        + " ELSE CASE WHEN "
        + _runs("ltrim(%(expressions)s, '_')")
        + " THEN '''' ELSE '' END"
        " || NULLIF(replace(initcap(%(expressions)s), '_', ''), '') END"
    )


class _Moment(Func):
    """In the time zone of the session, which _copy sets."""

    output_field = CharField()
    template = "to_char(%(expressions)s, 'FMMM/FMDD/YYYY FMHH12:MI:SS AM')"


class _Money(Func):
    output_field = CharField()
    template = "round(%(expressions)s, 2)::text"


class _Flag(Func):
    output_field = CharField()
    template = "CASE WHEN %(expressions)s THEN 'TRUE' WHEN NOT %(expressions)s THEN 'FALSE' END"


_AS_SQL: dict[Shape, type[Func]] = {
    Shape.TEXT: _Text,
    Shape.WORD: _Word,
    Shape.MOMENT: _Moment,
    Shape.MONEY: _Money,
    Shape.FLAG: _Flag,
}


def _sql(column: Column, evaluation_at: datetime) -> Any:
    """The column as an expression that prints what `writers` would print."""
    if column.field == EVALUATED_AT:
        return Value(writers.moment(evaluation_at), output_field=CharField())
    field = F(column.field)
    return _AS_SQL[column.shape](field) if column.shape in _AS_SQL else field


# --- Ranges -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Range:
    """Customers by key: from `first` to `last`, both included."""

    number: int
    first: int
    last: int


def ranges(scope: Scope, *, after: int = 0, number: int = 1) -> Iterator[Range]:
    """The tenant's customers in ranges, beyond the key `after`."""
    customers = Customer.objects.within(scope).order_by("pk").values_list("pk", flat=True)
    while keys := list(customers.filter(pk__gt=after)[:CUSTOMERS_PER_PART]):
        yield Range(number=number, first=keys[0], last=keys[-1])
        after, number = keys[-1], number + 1


def count(report: type[Report], scope: Scope, *, evaluation_at: datetime) -> int:
    return int(report.query(scope, as_of=evaluation_at).count())


def write_range(
    report: type[Report],
    scope: Scope,
    keys: Range,
    out: writers.Out,
    *,
    evaluation_at: datetime,
    decided: Decided | None = None,
) -> int:
    """Write the rows of one range, without the header; answer how many.

    With `decided` (see `decided_for`) from one range to the next, what it learned is not asked again."""
    field = report.customer_field
    decided = decided or decided_for(report, scope, evaluation_at=evaluation_at)
    records: Any = (
        report.query(scope, as_of=evaluation_at)
        .filter(**{f"{field}__gte": keys.first, f"{field}__lte": keys.last})
        .order_by(field, *report.order)
    )
    if decided is not None:
        return decided.write(records, keys, out)
    if connection.vendor == "postgresql":
        printed = records.values_list(*(_sql(column, evaluation_at) for column in report.columns))
        return _write_blocks(_copy(printed), out)
    shapes = [column.shape for column in report.columns]
    return writers.write_rows(out, shapes, _rows(records, report.columns, evaluation_at))


def _rows(records: Any, columns: tuple[Column, ...], evaluation_at: datetime) -> Iterator[list[Any]]:
    fields = [column.field for column in columns if column.field != EVALUATED_AT]
    for record in records.values_list(*fields).iterator(chunk_size=2_000):
        values = iter(record)
        yield [evaluation_at if column.field == EVALUATED_AT else next(values) for column in columns]


def _copy(printed: Any) -> Iterator[bytes]:
    """The rows as PostgreSQL prints them, each with its line feed."""
    sql, params = printed.sql_with_params()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FOR_COPY)
        # With its values filled in, because Django's counting cursor passes on nothing but the text.
        statement = cursor.mogrify(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)", params)
        with cursor.copy(statement) as rows:
            yield from rows


def _write_blocks(lines: Iterator[bytes], out: writers.Out) -> int:
    """Write the lines in large blocks; answer how many there were."""
    block, count = bytearray(), 0
    for count, row in enumerate(lines, start=1):  # noqa: B007 - the last number is the answer
        block += row
        if len(block) >= BLOCK:
            out.write(block)
            block.clear()
    out.write(block)
    return count


# --- Decided columns --------------------------------------------------------------------------


class Decided:
    """Completes the records of one file with what a rule decides of them.

    The database prints the record's own columns; the decided ones are printed once for equal cases.
    """

    AT_MOST = 20_000  # printed cases in memory

    def __init__(self, report: type[Report], decisions: Decisions, evaluation_at: datetime) -> None:
        first = next(n for n, column in enumerate(report.columns) if column.field == DECIDED)
        self._own, self._rest = report.columns[:first], report.columns[first:]
        self._keys = (report.customer_field, *report.asks)
        self._decisions, self._evaluation_at = decisions, evaluation_at
        # What was asked for comes first in a row of PostgreSQL.
        self._asked = re.compile(rb'(?:(?:"(?:[^"]|"")*"|[^,"]*),){%d}' % len(report.asks))
        self._read: dict[bytes, tuple[str, ...]] = {}
        self._printed: dict[Hashable, tuple[bytes, ...]] = {}

    def write(self, records: Any, keys: Range, out: writers.Out) -> int:
        self._decisions.read(keys.first, keys.last)
        lines = self._by_copy(records) if connection.vendor == "postgresql" else self._by_rows(records)
        return _write_blocks(lines, out)

    def _by_copy(self, records: Any) -> Iterator[bytes]:
        own = [_sql(column, self._evaluation_at) for column in self._own]
        case, printed, asked_of, read = self._decisions.case, self._printed, self._asked.match, self._read
        for row in _copy(records.values_list(*map(F, self._keys), *own)):
            customer, _, rest = bytes(row).partition(b",")
            found = asked_of(rest)
            assert found is not None  # noqa: S101 - the pattern takes any row
            asked = read.get(found[0]) or self._read_asked(found[0])
            key = case(int(customer), asked)
            lines = printed.get(key)
            if lines is None:
                lines = self._print(key)
            if lines:
                head = rest[found.end() : -1]
                for line in lines:
                    yield head + line

    def _by_rows(self, records: Any) -> Iterator[bytes]:
        shapes, count = [column.shape for column in self._own], len(self._keys)
        fields = [column.field for column in self._own]
        for record in records.values_list(*self._keys, *fields).iterator(chunk_size=2_000):
            key = self._decisions.case(record[0], tuple(str(value) for value in record[1:count]))
            lines = self._printed.get(key)
            if lines is None:
                lines = self._print(key)
            if lines:
                head = writers.line(shapes, record[count:])[:-1]
                for line in lines:
                    yield head + line

    def _read_asked(self, text: bytes) -> tuple[str, ...]:
        if len(self._read) >= self.AT_MOST:
            self._read.clear()
        words = self._read[text] = tuple(next(csv.reader([text[:-1].decode()])))
        return words

    def _print(self, case: Hashable) -> tuple[bytes, ...]:
        if len(self._printed) >= self.AT_MOST:
            self._printed.clear()
        shapes = [column.shape for column in self._rest]
        lines = self._printed[case] = tuple(
            b"," + writers.line(shapes, self._filled(values)) for values in self._decisions.rows(case)
        )
        return lines

    def _filled(self, values: Sequence[Any]) -> list[Any]:
        decided = iter(values)
        return [self._evaluation_at if column.field == EVALUATED_AT else next(decided) for column in self._rest]


def decided_for(report: type[Report], scope: Scope, *, evaluation_at: datetime) -> Decided | None:
    """Who fills the decided columns of one file; None for a report that has none."""
    decisions = report.decisions(scope, as_of=evaluation_at)
    return None if decisions is None else Decided(report, decisions, evaluation_at)


# --- Files ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Part:
    rows: int
    size: int
    sha256: str


class Draft:
    """A file that grows part by part and knows the SHA-256 of each part and of the whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._file = path.open("wb", buffering=0)
        self._waiting = bytearray()
        self._whole, self._part, self._part_from = hashlib.sha256(), hashlib.sha256(), 0

    def write(self, block: bytes | bytearray) -> int:
        self._waiting += block
        if len(self._waiting) >= BLOCK:
            self._flush()
        return len(block)

    def _flush(self) -> None:
        self._file.write(self._waiting)
        self._whole.update(self._waiting)
        self._part.update(self._waiting)
        self.size += len(self._waiting)
        self._waiting.clear()

    def end_part(self, rows: int = 0) -> Part:
        """Hand the part to the system. What a power failure takes, its checksum tells the next attempt."""
        self._flush()
        part = Part(rows=rows, size=self.size - self._part_from, sha256=self._part.hexdigest())
        self._part, self._part_from = hashlib.sha256(), self.size
        return part

    def sync(self) -> None:
        """Put the whole file safely on disk."""
        os.fsync(self._file.fileno())

    @property
    def sha256(self) -> str:
        return self._whole.hexdigest()

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._file.close()


class Workshop:
    """The folder where the file of one request grows. Each attempt has a draft of its own, so that a
    worker which lost its lease never writes into the draft that counts."""

    def __init__(self, request_id: int) -> None:
        self.folder = Path(settings.MEDIA_ROOT) / ".work" / str(request_id)

    def draft(self, attempt: int, report: type[Report], parts: Sequence[Part]) -> tuple[Draft, int]:
        """A new draft with the header and those of the finished `parts` that an earlier draft still
        holds undamaged, up to the first that is not; and how many those are."""
        self.folder.mkdir(parents=True, exist_ok=True)
        drafts = sorted((int(path.stem), path) for path in self.folder.glob("*.csv"))
        earlier = [path for number, path in drafts if number < attempt]
        draft, kept = Draft(self.folder / f"{attempt}.csv"), 0
        header = writers.header(report.headers())
        draft.write(header)
        draft.end_part()
        for path in reversed(earlier):
            kept += self._take_over(draft, path, len(header), parts, kept)
            path.unlink(missing_ok=True)
        return draft, kept

    def _take_over(self, draft: Draft, path: Path, position: int, parts: Sequence[Part], kept: int) -> int:
        taken = 0
        with path.open("rb") as old:
            for number, part in enumerate(parts):
                old.seek(position)
                block = old.read(part.size)
                position += part.size
                if number < kept:
                    continue
                if hashlib.sha256(block).hexdigest() != part.sha256:
                    break
                draft.write(block)
                draft.end_part()
                taken += 1
        return taken

    def publish(self, draft: Draft, name: str) -> None:
        """Put the finished draft under `name` into the storage: the whole of it, or nothing at all."""
        draft.sync()
        try:
            place = Path(default_storage.path(name))
        except NotImplementedError:  # not on this disk: an object store, where an upload appears whole
            with draft.path.open("rb") as file:
                default_storage.save(name, File(file))
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            draft.path.replace(place)

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def write_file(report: type[Report], scope: Scope, path: Path, *, evaluation_at: datetime) -> Part:
    """The same file without a request, in one go. It appears under `path` when it is whole."""
    with Draft(path.with_name(f".{path.name}.tmp")) as draft:
        draft.write(writers.header(report.headers()))
        decided = decided_for(report, scope, evaluation_at=evaluation_at)
        rows = sum(
            write_range(report, scope, keys, draft, evaluation_at=evaluation_at, decided=decided)
            for keys in ranges(scope)
        )
        draft.end_part()
        draft.sync()
        draft.path.replace(path)
    return Part(rows=rows, size=draft.size, sha256=draft.sha256)
