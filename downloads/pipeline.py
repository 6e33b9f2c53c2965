"""The one way a report becomes a file.

The customers of the tenant are cut into ranges. Each range is one query, written to a part file; the
parts are joined and published whole. PostgreSQL writes CSV itself (COPY of the scoped query), other
databases stream rows through Python; the bytes are the same. A range is read in one statement, so a
file is consistent within a range and not across ranges, which are read one after the other.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import CharField, F, Func, Value

from customers.models import Customer
from downloads import writers
from downloads.report import EVALUATED_AT, Column, Report, Shape
from portal.core.scope import Scope, ScopedQuerySet

CUSTOMERS_PER_PART = 5_000
BLOCK = 1 << 20
# More memory does not make these queries faster, and many reports may run at once.
WORK_MEMORY = "16MB"
# A statement that runs longer than the lease of its worker would lose the lease without noticing.
STATEMENT_SECONDS = 45


# --- Shapes as SQL (PostgreSQL) ---------------------------------------------------------------


# The characters by their numbers: comparing those costs a third of comparing texts.
_RUNS = f"IN ({', '.join(str(ord(character)) for character in writers.FORMULA_STARTS)})"


class _Text(Func):
    output_field = CharField()
    template = (
        f"CASE WHEN ascii(%(expressions)s) {_RUNS} THEN '''' || %(expressions)s ELSE NULLIF(%(expressions)s, '') END"
    )


class _Word(Func):
    """The first letter that is printed decides, and an underscore is not printed."""

    output_field = CharField()
    template = (
        f"CASE WHEN ascii(ltrim(%(expressions)s, '_')) {_RUNS} THEN '''' ELSE '' END"
        " || NULLIF(replace(initcap(%(expressions)s), '_', ''), '')"
    )


class _Moment(Func):
    output_field = CharField()
    template = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'FMMM/FMDD/YYYY FMHH12:MI:SS AM')"


def _sql(column: Column, evaluation_at: datetime) -> Any:
    """The column as an expression that prints what `writers` would print."""
    if column.field == EVALUATED_AT:
        return Value(writers.moment(evaluation_at), output_field=CharField())
    field = F(column.field)
    match column.shape:
        case Shape.TEXT:
            return _Text(field)
        case Shape.WORD:
            return _Word(field)
        case Shape.MOMENT:
            return _Moment(field)
        case _:
            return field


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


def write_range(report: type[Report], scope: Scope, keys: Range, out: BinaryIO, *, evaluation_at: datetime) -> int:
    """Write the rows of one range, without the header; answer how many."""
    field = report.customer_field
    records = (
        report.query(scope, as_of=evaluation_at)
        .filter(**{f"{field}__gte": keys.first, f"{field}__lte": keys.last})
        .order_by(field, "pk")
    )
    if connection.vendor == "postgresql":
        return _copy(records, report.columns, out, evaluation_at)
    shapes = [column.shape for column in report.columns]
    return writers.write_rows(out, shapes, _rows(records, report.columns, evaluation_at))


def _rows(records: Any, columns: tuple[Column, ...], evaluation_at: datetime) -> Iterator[list[Any]]:
    fields = [column.field for column in columns if column.field != EVALUATED_AT]
    for record in records.values_list(*fields).iterator(chunk_size=2_000):
        values = iter(record)
        yield [evaluation_at if column.field == EVALUATED_AT else next(values) for column in columns]


def _copy(records: ScopedQuerySet, columns: tuple[Column, ...], out: BinaryIO, evaluation_at: datetime) -> int:
    sql, params = records.values_list(*(_sql(column, evaluation_at) for column in columns)).sql_with_params()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
        cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
        # With its values filled in, because Django's counting cursor passes on nothing but the text.
        statement = cursor.mogrify(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)", params)
        with cursor.copy(statement) as rows:
            for row in rows:
                out.write(row)
        return int(cursor.rowcount)


# --- Files ------------------------------------------------------------------------------------


class Hashed:
    """A file being written that knows its length and SHA-256. Collects small writes into blocks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._file = path.open("wb", buffering=0)
        self._sha = hashlib.sha256()
        self._waiting: list[Any] = []
        self._waiting_size = 0

    def write(self, block: Any) -> int:
        self._waiting.append(block)
        self._waiting_size += len(block)
        if self._waiting_size >= BLOCK:
            self._flush()
        return len(block)

    def _flush(self) -> None:
        block = b"".join(self._waiting)
        self._file.write(block)
        self._sha.update(block)
        self.size += len(block)
        self._waiting.clear()
        self._waiting_size = 0

    def close(self) -> str:
        """Put everything safely on disk; answer the SHA-256."""
        self._flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._sha.hexdigest()

    def __enter__(self) -> Hashed:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._file.close()


@dataclass(frozen=True, kw_only=True)
class Part:
    rows: int
    size: int
    sha256: str


class Workshop:
    """The folder where the parts of one request wait to be joined.

    A part is named after its content, so a worker that lost its lease can not put a different part
    in the place of one that counts.
    """

    def __init__(self, request_id: int) -> None:
        self.folder = Path(settings.MEDIA_ROOT) / ".work" / str(request_id)

    def part_path(self, number: int, sha256: str) -> Path:
        return self.folder / f"{number:05}-{sha256}.csv"

    def make_part(self, report: type[Report], scope: Scope, keys: Range, *, evaluation_at: datetime) -> Part:
        self.folder.mkdir(parents=True, exist_ok=True)
        hidden = self.folder / f".{keys.number:05}-{os.getpid()}.tmp"
        with Hashed(hidden) as out:
            rows = write_range(report, scope, keys, out, evaluation_at=evaluation_at)  # type: ignore[arg-type]
            sha256 = out.close()
        hidden.replace(self.part_path(keys.number, sha256))
        return Part(rows=rows, size=out.size, sha256=sha256)

    def has_part(self, number: int, sha256: str) -> bool:
        """Is the part here, and undamaged?"""
        path = self.part_path(number, sha256)
        if not path.exists():
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256

    def publish(self, report: type[Report], parts: Iterable[tuple[int, str]], name: str) -> Part:
        """Join header and parts and put the whole under `name` in the storage, or nothing at all."""
        whole = self.folder / f".whole-{os.getpid()}.tmp"
        with Hashed(whole) as out:
            out.write(writers.header(report.headers()))
            for number, sha256 in parts:
                with self.part_path(number, sha256).open("rb") as file:
                    while block := file.read(BLOCK):
                        out.write(block)
            sha256 = out.close()
        try:
            place = Path(default_storage.path(name))
        except NotImplementedError:  # not on this disk: an object store, where an upload appears whole
            with whole.open("rb") as file:
                default_storage.save(name, File(file))
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            whole.replace(place)
        return Part(rows=0, size=out.size, sha256=sha256)

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def write_file(report: type[Report], scope: Scope, path: Path, *, evaluation_at: datetime) -> Part:
    """The same file without a request, in one go. It appears under `path` when it is whole."""
    hidden = path.with_name(f".{path.name}.tmp")
    with Hashed(hidden) as out:
        out.write(writers.header(report.headers()))
        rows = sum(
            write_range(report, scope, keys, out, evaluation_at=evaluation_at)  # type: ignore[arg-type]
            for keys in ranges(scope)
        )
        sha256 = out.close()
    hidden.replace(path)
    return Part(rows=rows, size=out.size, sha256=sha256)
