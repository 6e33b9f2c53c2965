"""A list as a CSV file: all rows that its filters let through, written as they are read."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

from portal.core.keyset import Found, Sort
from portal.core.text import safe_text

CHUNK = 2_000


@dataclass(frozen=True)
class ExportColumn:
    """Head and value of one column, side by side so that they cannot drift apart. None is an empty cell."""

    head: str
    value: Callable[[Any], object]


class _Echo:
    """csv writes into this and gets the line back."""

    def write(self, line: str) -> str:
        return line


def csv_response(file_name: str, columns: Sequence[ExportColumn], found: Found, sort: Sort) -> StreamingHttpResponse:
    """Every row of the list in its order, CHUNK rows in memory at a time."""
    sign = "-" if sort.descending else ""
    rows = found.rows.order_by(f"{sign}{sort.field}", f"{sign}pk").iterator(chunk_size=CHUNK)
    return csv_file(file_name, columns, rows)


def csv_file(file_name: str, columns: Sequence[ExportColumn], rows: Iterable[Any]) -> StreamingHttpResponse:
    """These rows, written as they are read. UTF-8; cells that a spreadsheet would run as formulas are made harmless."""
    return StreamingHttpResponse(
        _lines(columns, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def _lines(columns: Sequence[ExportColumn], rows: Iterable[Any]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow([column.head for column in columns])
    for row in rows:
        values = [column.value(row) for column in columns]
        yield writer.writerow([_cell(value) for value in values])


def _cell(value: object) -> object:
    """A number is no formula, also below zero: made harmless it would be text."""
    if value is None or isinstance(value, int | Decimal):
        return value
    return safe_text(value)
