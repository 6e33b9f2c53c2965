"""The file: header, shapes, safe cells, the same bytes on every database, parts that join."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from customers.models import Customer
from downloads import pipeline, writers
from downloads.report import Report, Shape
from downloads.reports import REPORTS
from portal.core.scope import NOBODY, Scope, UnscopedQuery
from tests import factories

HEADER = (
    "CustomerTenantId,ResellerPartnerId,SubscriptionId,SubscriptionName,OfferID,Quantity,TermDuration,"
    "BillingCycle,TermEndDate,EvaluationTime"
)
AS_OF = datetime(2026, 1, 20, 15, 45, 10, 987654, tzinfo=UTC)
NASTY = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\tindent", "\rreturn", "\nline", "plain", 'a "quoted", one', "two\nlines",
    "two\r\nlines", "ends with\r", "'already", "naïve ☃ 日本語", " =1", "", "1,5", '"', "\\.", "\\N", "NULL",
]  # fmt: skip


def est_rows(customer: Customer, count: int, **fields: object) -> None:
    for number in range(count):
        factories.make_subscription(customer, **{"name": f"Plan {number}", "end_of_term": "est", **fields})


def written(tmp_path: Path, scope: Scope, report: type[Report] = REPORTS["est"]) -> bytes:
    pipeline.write_file(report, scope, tmp_path / "out.csv", evaluation_at=AS_OF)
    return (tmp_path / "out.csv").read_bytes()


def test_the_header_and_the_formats_of_the_article(tmp_path: Path, ours: Scope) -> None:
    customer = Customer.objects.within(ours).get()
    row = factories.make_subscription(
        customer,
        end_of_term="silent_est",
        partner_of_record="7654321",
        quantity=25,
        billing_cycle="annual",
        commitment_ends_at=datetime(2026, 2, 14, 23, 59, 59, tzinfo=UTC),
    )
    lines = written(tmp_path, ours).decode().split("\n")
    assert lines == [
        HEADER,
        f"{customer.tenant_id},7654321,{row.subscription_id},Microsoft 365 Business Premium,"
        "CFQ7TTC0LCHC:0002:CFQ7TTC0X6RN,25,P1Y,Annual,2/14/2026 11:59:59 PM,1/20/2026 3:45:10 PM",
        "",
    ]


@pytest.mark.parametrize("outcome", ["renew", "cancel", "lapse", "not_applicable"])
def test_only_the_extended_term_is_listed(tmp_path: Path, ours: Scope, outcome: str) -> None:
    est_rows(Customer.objects.within(ours).get(), 1, end_of_term=outcome)
    assert written(tmp_path, ours).decode() == HEADER + "\n"


def test_nothing_of_another_tenant(tmp_path: Path, ours: Scope, theirs: Scope) -> None:
    est_rows(Customer.objects.within(ours).get(), 1, name="ours")
    est_rows(Customer.objects.within(theirs).get(), 1, name="theirs")
    assert b"theirs" not in written(tmp_path, ours)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 2, 14, 23, 59, 59, tzinfo=UTC), "2/14/2026 11:59:59 PM"),
        (datetime(2026, 12, 1, 0, 0, 0, tzinfo=UTC), "12/1/2026 12:00:00 AM"),
        (datetime(2026, 10, 31, 12, 5, 9, 999999, tzinfo=UTC), "10/31/2026 12:05:09 PM"),
    ],
)
def test_moments(at: datetime, text: str) -> None:
    assert writers.moment(at) == text


@pytest.mark.parametrize("start", list(writers.FORMULA_STARTS))
def test_a_cell_never_runs(start: str) -> None:
    assert writers.safe_text(f"{start}cmd") == f"'{start}cmd"


def test_nasty_names_come_back_harmless(tmp_path: Path, ours: Scope) -> None:
    customer = Customer.objects.within(ours).get()
    for name in NASTY:
        est_rows(customer, 1, name=name)
    rows = list(csv.reader(io.StringIO(written(tmp_path, ours).decode(), newline="")))[1:]
    harmless = [f"'{n}" if n[:1] in tuple(writers.FORMULA_STARTS) and n else n for n in NASTY]
    assert sorted(row[3] for row in rows) == sorted(harmless)


@pytest.mark.parametrize("field", ["name", "offer_id", "partner_of_record", "term_duration", "billing_cycle"])
def test_every_text_cell_is_safe(tmp_path: Path, ours: Scope, field: str) -> None:
    est_rows(Customer.objects.within(ours).get(), 1, **{field: "=A1"})
    assert b"'=A1" in written(tmp_path, ours)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="compares COPY with the rows through Python")
def test_copy_writes_the_same_bytes_as_python(tmp_path: Path, ours: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = Customer.objects.within(ours).get()
    for number, name in enumerate(NASTY):
        est_rows(
            customer,
            1,
            name=name,
            billing_cycle=["monthly", "one_time", "none", "", "=now", "Annual"][number % 6],
            partner_of_record=["", "7654321", "+1"][number % 3],
            commitment_ends_at=datetime(2026 + number, 1 + number % 12, 28, number % 24, 7, 9, number, tzinfo=UTC),
        )
    by_copy = written(tmp_path, ours)
    with monkeypatch.context() as patch:
        patch.setattr(connection, "vendor", "any other")
        by_python = written(tmp_path, ours)
    assert by_copy == by_python
    assert by_copy.count(b"CFQ7TTC0LCHC") == len(NASTY)


def test_parts_cover_every_customer_once(tmp_path: Path, ours: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Customer.objects.within(ours).get()
    for number in range(6):
        est_rows(factories.make_customer(first.partner, f"Customer {number}"), 2)
    in_one = written(tmp_path, ours)
    monkeypatch.setattr(pipeline, "CUSTOMERS_PER_PART", 2)
    cut = list(pipeline.ranges(ours))
    assert [keys.number for keys in cut] == [1, 2, 3, 4]
    assert all(a.last < b.first for a, b in zip(cut, cut[1:], strict=False))
    assert written(tmp_path, ours) == in_one


def test_nobody_gets_the_header_alone(tmp_path: Path, ours: Scope) -> None:
    est_rows(Customer.objects.within(ours).get(), 1)
    assert written(tmp_path, NOBODY).decode() == HEADER + "\n"


def test_a_report_that_forgets_the_scope_fails(tmp_path: Path, ours: Scope) -> None:
    class Forgetful(REPORTS["est"]):  # type: ignore[misc]
        @classmethod
        def query(cls, scope: Scope, *, as_of: datetime) -> object:
            return Customer.objects.all()

        customer_field = "id"
        columns = REPORTS["est"].columns[9:]

    with pytest.raises(UnscopedQuery):
        written(tmp_path, ours, Forgetful)


def test_every_shape_can_be_printed() -> None:
    assert set(writers.PRINT) == set(Shape)
