"""Rows to CSV bytes, in Python. PostgreSQL writes the same bytes itself (downloads.pipeline).

UTF-8 without a byte order mark; lines end with a line feed, because that is what PostgreSQL's COPY
writes; an empty value is nothing between two commas.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from downloads.report import Shape
from portal.core.money import rounded
from portal.core.text import FORMULA_STARTS as FORMULA_STARTS
from portal.core.text import safe_text as safe_text


def moment(value: datetime) -> str:
    """For example `2/14/2026 11:59:59 PM`, in UTC."""
    at = value.astimezone(UTC)
    return f"{at.month}/{at.day}/{at.year:04d} {at.hour % 12 or 12}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"


def word(value: str) -> str:
    """`monthly` as `Monthly`, `one_time` as `OneTime`: the vendor's own casing."""
    return safe_text(re.sub(r"[^\W_]+", lambda run: run[0].capitalize(), value).replace("_", ""))


def money(value: Decimal) -> str:
    """For example `301.43`, without a currency."""
    return f"{rounded(value):f}"


def flag(value: bool) -> str:
    return "TRUE" if value else "FALSE"


PRINT: dict[Shape, Callable[[Any], str]] = {
    Shape.TEXT: safe_text,
    Shape.NUMBER: str,
    Shape.GUID: str,
    Shape.WORD: word,
    Shape.MOMENT: moment,
    Shape.MONEY: money,
    Shape.FLAG: flag,
}


class Out(Protocol):
    """Whatever takes bytes."""

    def write(self, block: Any, /) -> int: ...


class _Lines:
    """Receives csv's lines. csv is told CRLF so that it quotes both characters, as COPY does."""

    def __init__(self, out: Out) -> None:
        self.out = out

    def write(self, line: str) -> int:
        return self.out.write(line.removesuffix("\r\n").encode() + b"\n")


def header(names: Sequence[str]) -> bytes:
    return (",".join(names) + "\n").encode()


def write_rows(out: Out, shapes: Sequence[Shape], rows: Iterable[Sequence[Any]]) -> int:
    """Write each row in the shapes of its columns; answer how many rows there were."""
    printers = [PRINT[shape] for shape in shapes]
    writer = csv.writer(_Lines(out))
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007 - the last number is the answer
        writer.writerow(["" if value is None else show(value) for show, value in zip(printers, row, strict=True)])
    return count


def line(shapes: Sequence[Shape], values: Sequence[Any]) -> bytes:
    """One row, with its line feed."""
    out = bytearray()
    write_rows(_Bytes(out), shapes, [values])
    return bytes(out)


class _Bytes:
    def __init__(self, held: bytearray) -> None:
        self.held = held

    def write(self, block: Any, /) -> int:
        self.held += block
        return len(block)
