"""What a report is. One subclass per report, in downloads/reports/. Plain Python, no Django.

A column says its header, which field it prints and in which shape, all in one place. The pipeline
turns the shape into SQL on PostgreSQL and into Python elsewhere; both give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, ClassVar


class Shape(Enum):
    """How a value is printed."""

    TEXT = auto()  # as it is, but never a formula
    NUMBER = auto()  # an integer
    GUID = auto()  # 8-4-4-4-12, lower case
    WORD = auto()  # an API word with capitals: monthly → Monthly, one_time → OneTime
    MOMENT = auto()  # 2/14/2026 11:59:59 PM, UTC


# In place of a field: the instant that the whole file speaks of.
EVALUATED_AT = "evaluated_at"


@dataclass(frozen=True)
class Column:
    header: str
    field: str  # a path from the record, in the query's own words (customer__tenant_id), or EVALUATED_AT
    shape: Shape = Shape.TEXT


class Report:
    """A file that a person can ask for once in 24 hours."""

    key: ClassVar[str]
    title: ClassVar[str]
    covers: ClassVar[str]  # one line under the title
    prompt: ClassVar[str]  # the sentence that asks the assistant for it
    nothing: ClassVar[str]  # what the page says when there is no row
    icon: ClassVar[str] = "document_table-20"
    columns: ClassVar[tuple[Column, ...]]
    customer_field: ClassVar[str] = "customer_id"  # the file is cut by ranges of it
    order: ClassVar[tuple[str, ...]] = ("pk",)  # within a customer; total, so that a resumed file has the same bytes

    @classmethod
    def query(cls, scope: Any, *, as_of: datetime) -> Any:
        """The records as a scoped queryset. Excludes whatever the report does not speak of."""
        raise NotImplementedError

    @classmethod
    def headers(cls) -> list[str]:
        return [column.header for column in cls.columns]
