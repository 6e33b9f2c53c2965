"""What a report is. One subclass per report, in downloads/reports/. Plain Python, no Django.

A column says its header, which field it prints and in which shape, all in one place. The pipeline
turns the shape into SQL on PostgreSQL and into Python elsewhere; both give the same bytes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, ClassVar, Protocol


class Shape(Enum):
    """How a value is printed."""

    TEXT = auto()  # as it is, but never a formula
    NUMBER = auto()  # an integer
    GUID = auto()  # 8-4-4-4-12, lower case
    WORD = auto()  # an API word with capitals: monthly → Monthly, one_time → OneTime
    MOMENT = auto()  # 2/14/2026 11:59:59 PM, UTC
    MONEY = auto()  # 301.43: two decimals, half up
    FLAG = auto()  # TRUE or FALSE


# In place of a field: the instant that the whole file speaks of.
EVALUATED_AT = "evaluated_at"
# In place of a field: what a rule decides of the record.
DECIDED = "decided"


@dataclass(frozen=True)
class Column:
    header: str
    field: str  # a path from the record, in the query's own words (customer__tenant_id), EVALUATED_AT or DECIDED
    shape: Shape = Shape.TEXT


class Decisions(Protocol):
    """Fills the decided columns of one file. Equal cases have equal rows, so that the rule is asked once for many.

    Only `read` may ask the database: the records are streaming while the others are called."""

    def read(self, first: int, last: int) -> None:
        """Learn about the customers with the keys from `first` to `last`, whose records come next."""

    def case(self, customer: int, asked: tuple[str, ...]) -> Hashable:
        """All that decides about a record: of its customer, and the record's values of `Report.asks`."""

    def rows(self, case: Any) -> Sequence[Sequence[Any]]:
        """The values of the decided columns: one sequence per line of the file, none to leave the record out."""


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
    # Fields of the record, numbers or texts without null, that `decisions` needs; printed nowhere. The decided
    # columns come after the record's own.
    asks: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def query(cls, scope: Any, *, as_of: datetime) -> Any:
        """The records as a scoped queryset. Excludes whatever the report does not speak of."""
        raise NotImplementedError

    @classmethod
    def decisions(cls, scope: Any, *, as_of: datetime) -> Decisions | None:
        """Who fills the decided columns; None for a report that has none."""
        return None

    @classmethod
    def headers(cls) -> list[str]:
        return [column.header for column in cls.columns]
