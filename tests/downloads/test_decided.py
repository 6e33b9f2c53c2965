"""Columns that a rule decides: the same bytes on every database, the rule asked once for equal cases."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from customers.models import Customer, Subscription
from downloads import pipeline
from downloads.report import DECIDED, EVALUATED_AT, Column, Report, Shape
from portal.core.scope import Scope
from tests import factories
from tests.downloads.test_pipeline import NASTY

AS_OF = datetime(2026, 1, 20, 15, 45, 10, tzinfo=UTC)


class Twice:
    """Two lines for each subscription with an even number of licenses, one otherwise; none for one license."""

    def __init__(self) -> None:
        self.read_ranges: list[tuple[int, int]] = []
        self.decided: list[Any] = []

    def read(self, first: int, last: int) -> None:
        self.read_ranges.append((first, last))

    def case(self, customer: int, asked: tuple[str, ...]) -> tuple[str, int]:
        name, quantity = asked
        return name, int(quantity)

    def rows(self, case: tuple[str, int]) -> list[list[Any]]:
        self.decided.append(case)
        name, quantity = case
        count = 0 if quantity == 1 else 2 - quantity % 2
        return [[n, f"{name}!", Decimal("10.005") * quantity, n == 1] for n in range(count)]


class Doubled(Report):
    key = "doubled"
    title = covers = prompt = nothing = "test"
    asks = ("friendly_name", "quantity")
    columns = (
        Column("Name", "friendly_name"),
        Column("End", "commitment_ends_at", Shape.MOMENT),
        Column("Rank", DECIDED, Shape.NUMBER),
        Column("Loud", DECIDED),
        Column("Price", DECIDED, Shape.MONEY),
        Column("First", DECIDED, Shape.FLAG),
        Column("At", EVALUATED_AT, Shape.MOMENT),
    )
    made: Twice

    @classmethod
    def query(cls, scope: Scope, *, as_of: datetime) -> Any:
        return Subscription.objects.within(scope)

    @classmethod
    def decisions(cls, scope: Scope, *, as_of: datetime) -> Twice:
        cls.made = Twice()
        return cls.made


def written(tmp_path: Path, scope: Scope) -> bytes:
    pipeline.write_file(Doubled, scope, tmp_path / "out.csv", evaluation_at=AS_OF)
    return (tmp_path / "out.csv").read_bytes()


def test_a_record_becomes_as_many_lines_as_the_rule_says(tmp_path: Path, ours: Scope) -> None:
    customer = Customer.objects.within(ours).get()
    for name, quantity in (("one", 1), ("two", 2), ("three", 3), ("two", 2)):
        factories.make_subscription(
            customer, name=name, quantity=quantity, commitment_ends_at=datetime(2026, 2, 14, 23, 59, 59, tzinfo=UTC)
        )
    lines = written(tmp_path, ours).decode().split("\n")
    two = ["two,2/14/2026 11:59:59 PM,0,two!,20.01,FALSE,1/20/2026 3:45:10 PM",
           "two,2/14/2026 11:59:59 PM,1,two!,20.01,TRUE,1/20/2026 3:45:10 PM"]  # fmt: skip
    three = "three,2/14/2026 11:59:59 PM,0,three!,30.02,FALSE,1/20/2026 3:45:10 PM"
    assert lines == ["Name,End,Rank,Loud,Price,First,At", *two, three, *two, ""]


def test_equal_cases_are_decided_once_in_a_file(tmp_path: Path, ours: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Customer.objects.within(ours).get()
    for number in range(5):
        customer = factories.make_customer(first.partner, f"Customer {number}")
        factories.make_subscription(customer, name="same", quantity=2)
    monkeypatch.setattr(pipeline, "CUSTOMERS_PER_PART", 2)
    written(tmp_path, ours)
    assert Doubled.made.decided == [("same", 2)]
    assert len(Doubled.made.read_ranges) == 3


@pytest.mark.skipif(connection.vendor != "postgresql", reason="compares COPY with the rows through Python")
def test_copy_writes_the_same_bytes_as_python(tmp_path: Path, ours: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = Customer.objects.within(ours).get()
    for number, name in enumerate([*NASTY, 'a,"b",c', ",", '""']):
        factories.make_subscription(customer, name=name, quantity=number)
    by_copy = written(tmp_path, ours)
    with monkeypatch.context() as patch:
        patch.setattr(connection, "vendor", "any other")
        by_python = written(tmp_path, ours)
    assert by_copy == by_python
    rows = list(csv.reader(io.StringIO(by_copy.decode(), newline="")))
    assert len(rows) > len(NASTY)
    assert {len(row) for row in rows} == {len(Doubled.columns)}
