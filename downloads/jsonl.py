"""A CSV file of ours as JSON Lines: the same rows, one object a line, with typed values. Plain Python.

Numbers and flags are JSON's own, money is a text with its two decimals (a binary fraction would lose them), moments
are ISO 8601 in UTC, an empty cell is null, and a text has no apostrophe against formulas.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator

from downloads.report import Report, Shape
from portal.core.text import FORMULA_STARTS

CONTENT_TYPE = "application/jsonl"


def _text(cell: str) -> str:
    guarded = cell[:1] == "'" and cell[1:2] in tuple(FORMULA_STARTS)
    return json.dumps(cell[1:] if guarded else cell, ensure_ascii=False)


def _moment(cell: str) -> str:
    # Not strptime, which takes longer than all the rest of the row.
    day, time, half = cell.split(" ")
    month, of_month, year = day.split("/")
    hour, minute, second = time.split(":")
    hours = int(hour) % 12 + 12 * (half == "PM")
    return f'"{year}-{month:0>2}-{of_month:0>2}T{hours:02}:{minute}:{second}Z"'


READ: dict[Shape, Callable[[str], str]] = {
    Shape.TEXT: _text,
    Shape.NUMBER: str,
    Shape.GUID: _text,
    Shape.WORD: _text,
    Shape.MOMENT: _moment,
    Shape.MONEY: _text,
    Shape.FLAG: str.lower,
}


def lines(report: type[Report], rows: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a CSV file, header first, as lines of JSON."""
    columns = [(f"{json.dumps(column.header)}: ", READ[column.shape]) for column in report.columns]
    cells = csv.reader(row.decode() for row in rows)
    next(cells, None)
    for row in cells:
        values = [key + (read(cell) if cell else "null") for (key, read), cell in zip(columns, row, strict=True)]
        yield ("{" + ", ".join(values) + "}\n").encode()
