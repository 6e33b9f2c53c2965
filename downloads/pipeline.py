"""The one way a report becomes a file.

The customers of the tenant are cut into ranges. Each range is one query and one part of the file, so that
several workers share a big report; the parts are joined at the end (downloads.files). PostgreSQL writes CSV
itself (COPY of the scoped query), other databases stream rows through Python; the bytes are the same. A range
is read in one statement, so a file is consistent within a range and not across ranges.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Generator, Hashable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import CharField, F, Func, Value
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus

from customers.models import Customer
from downloads import files, writers
from downloads.report import DECIDED, EVALUATED_AT, Column, Decisions, Report, Shape
from portal.core.scope import Scope

CUSTOMERS_PER_PART = 2_500
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


def ranges(scope: Scope) -> Iterator[Range]:
    """The tenant's customers in ranges."""
    keys = Customer.objects.within(scope).order_by("pk").values_list("pk", flat=True)
    number, after = 1, 0
    while True:
        rest = keys.filter(pk__gt=after)
        last = rest[CUSTOMERS_PER_PART - 1 : CUSTOMERS_PER_PART].first() or rest.last()
        if last is None:
            return
        yield Range(number=number, first=after + 1, last=last)
        number, after = number + 1, last


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


def _copy(printed: Any) -> Generator[memoryview]:
    """The rows as PostgreSQL prints them, each with its line feed.

    Asked of libpq itself, because the driver's own loop doubles what a row costs in this process."""
    sql, params = printed.sql_with_params()
    # Django's own errors, also in the middle of the rows.
    with connection.wrap_database_errors, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FOR_COPY)
        statement = cursor.mogrify(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)", params)
        libpq = connection.connection.pgconn
        begun = libpq.exec_(statement.encode())
        if begun.status != ExecStatus.COPY_OUT:
            raise error_from_result(begun)
        row_of = libpq.get_copy_data
        try:
            size, row = row_of(0)
            while size > 0:
                yield row
                size, row = row_of(0)
        except GeneratorExit:  # the reader failed: what is on the way must not be taken for the next answer
            libpq.get_cancel().cancel()
            while row_of(0)[0] > 0:
                pass
            raise
        finally:
            ended = [result for result in iter(libpq.get_result, None) if result.status != ExecStatus.COMMAND_OK]
        if ended:
            raise error_from_result(ended[0])


def _write_blocks(lines: Generator[bytes | memoryview], out: writers.Out) -> int:
    """Write the lines in blocks; answer how many there were."""
    block, count = bytearray(), 0
    # Closed here, because what catches an error may need the connection that the lines come from.
    with closing(lines):
        for count, row in enumerate(lines, start=1):  # noqa: B007 - the last number is the answer
            block += row
            if len(block) >= files.COURTEOUS_EVERY:
                out.write(block)
                block.clear()
    out.write(block)
    return count


# --- Decided columns --------------------------------------------------------------------------


class Decided:
    """Completes the records of one file with what a rule decides of them.

    The database prints the record's own columns; the decided ones are printed once for equal cases.
    """

    AT_MOST = 40_000  # printed cases in memory

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

    def _by_copy(self, records: Any) -> Generator[bytes]:
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

    def _by_rows(self, records: Any) -> Generator[bytes]:
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
        # Few words, many times.
        words = self._read[text] = tuple(map(sys.intern, next(csv.reader([text[:-1].decode()]))))
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


def write_file(report: type[Report], scope: Scope, path: Path, *, evaluation_at: datetime) -> files.Whole:
    """The same file without a request, in one go. It appears under `path` when it is whole."""
    with files.Draft(path.with_name(f".{path.name}.tmp")) as draft:
        draft.write(writers.header(report.headers()))
        decided = decided_for(report, scope, evaluation_at=evaluation_at)
        rows = sum(
            write_range(report, scope, keys, draft, evaluation_at=evaluation_at, decided=decided)
            for keys in ranges(scope)
        )
        draft.sync()
        draft.path.replace(path)
    return files.Whole(rows=rows, size=draft.size, sha256=draft.sha256)
