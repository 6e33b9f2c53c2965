"""Writes many rows at once: COPY on PostgreSQL, executemany on SQLite. For rows that no model instance is made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from psycopg.types.json import Jsonb

Row = Sequence[Any]
# Name and definition of the indexes that keep nothing unique.
PLAIN_INDEXES = {
    "postgresql": """
        SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = %s::regclass AND NOT i.indisunique ORDER BY c.relname""",
    "sqlite": """
        SELECT name, sql FROM sqlite_master
        WHERE type = 'index' AND tbl_name = %s AND sql LIKE 'CREATE INDEX%%' ORDER BY name""",
}


class Table:
    """The columns of one model, and rows as the database takes them: a value per column, as plain text or number."""

    def __init__(self, model: type[models.Model], *, with_key: bool) -> None:
        self.name = model._meta.db_table
        self.fields = [f for f in model._meta.concrete_fields if with_key or not f.primary_key]
        self.place = {f.attname: n for n, f in enumerate(self.fields)}

    def row_of(self, instance: models.Model) -> list[Any]:
        """The values of an instance, in the order of the columns."""
        return [plain(f.get_db_prep_save(_value(instance, f), connection)) for f in self.fields]

    def insert(self, rows: Iterable[Row]) -> None:
        """Write the rows. One statement, so it takes an iterator of any length."""
        names = ", ".join(f'"{f.column}"' for f in self.fields)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f'COPY "{self.name}" ({names}) FROM STDIN') as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                marks = ", ".join(["%s"] * len(self.fields))
                cursor.executemany(f'INSERT INTO "{self.name}" ({names}) VALUES ({marks})', rows)  # type: ignore[arg-type]  # noqa: S608

    def keys(self, count: int) -> Sequence[int]:
        """So many primary keys that no other row has or will get. Inside the transaction of the insert."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [self.name, count]
                )
                return [key for (key,) in cursor.fetchall()]
            cursor.execute(f'SELECT COALESCE(MAX(id), 0) FROM "{self.name}"')  # noqa: S608 - a model's own table
            (last,) = cursor.fetchone()
            return range(last + 1, last + 1 + count)


@contextmanager
def indexes_built_after(*tables: Table) -> Iterator[None]:
    """Take the indexes of these tables away for a great load and build them at its end: three times as fast.

    Those that keep rows unique stay. Inside a transaction, so an error brings all of them back.
    """
    found: list[tuple[str, str]] = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(PLAIN_INDEXES[connection.vendor], [table.name])
            found += cursor.fetchall()
        for name, _ in found:
            cursor.execute(f'DROP INDEX "{name}"')
    yield
    with connection.cursor() as cursor:
        for _, definition in found:
            cursor.execute(definition)


def _value(instance: models.Model, field: models.Field[Any, Any]) -> Any:
    value = getattr(instance, field.attname)
    return field.db_default if isinstance(value, DatabaseDefault) else value


def plain(value: Any) -> Any:
    """A value as text or number, the same for a parameter of SQLite and a field of COPY."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, Jsonb):
        return json.dumps(value.obj)
    if isinstance(value, Decimal):
        return str(value)
    return value


@lru_cache(maxsize=20_000)
def moment(value: datetime) -> str:
    """A moment as the database stores it: SQLite compares text, so the form must be Django's own."""
    if connection.vendor == "postgresql":
        return value.isoformat()
    return str(value.astimezone(UTC).replace(tzinfo=None))
