"""The file in other programs: JSON Lines, a spreadsheet, pandas."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client

from customers.models import Customer
from downloads import jsonl, pipeline
from downloads.models import DownloadRequest
from downloads.report import Shape
from downloads.reports import REPORTS
from portal.core import clock
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories, services
from tests.downloads.test_requests import make_file

AS_OF = datetime(2026, 1, 20, 15, 45, 10, tzinfo=UTC)
NAMES = [
    'Müller "Sohn" & Co. KG', "東京データ株式会社", "Two\nlines GmbH", "Line,with,commas", "Ærø Ø/Å; semicolon",
    "Zażółć gęślą jaźń", "O'Neil's", "  spaces  ", "🙂 emoji", "1-2", "00123", "TRUE", "3/4/2026", "1E5", "'s-Hertogenbosch",
]  # fmt: skip
HARMFUL = ["=1+1", "+1", "-1", "@SUM(A1)", "\tindent", "\rreturn", '=HYPERLINK("http://evil.example";"x")']


@pytest.fixture
def path(ours: Scope, tmp_path: Path) -> Path:
    """The file of a tenant whose subscriptions have every name."""
    customer = Customer.objects.within(ours).get()
    for name in NAMES + HARMFUL:
        factories.make_subscription(
            customer, name=name, end_of_term="est", quantity=25, billing_cycle="annual", partner_of_record="7654321",
            commitment_ends_at=datetime(2026, 2, 14, 23, 59, 59, tzinfo=UTC),
        )  # fmt: skip
    pipeline.write_file(REPORTS["est"], ours, tmp_path / "est.csv", evaluation_at=AS_OF)
    return tmp_path / "est.csv"


def cells(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))


def test_json_has_the_same_rows_with_typed_values(path: Path) -> None:
    with path.open("rb") as file:
        made = [json.loads(line) for line in jsonl.lines(REPORTS["est"], file)]
    header, *rows = cells(path)
    assert [list(row) for row in made] == [header] * len(rows)
    assert [row["SubscriptionId"] for row in made] == [row[2] for row in rows]
    assert sorted(row["SubscriptionName"] for row in made) == sorted(NAMES + HARMFUL)
    assert made[0] | {"SubscriptionName": "", "SubscriptionId": ""} == {
        "CustomerTenantId": rows[0][0], "ResellerPartnerId": "7654321", "SubscriptionId": "", "SubscriptionName": "",
        "OfferID": "CFQ7TTC0LCHC:0002:CFQ7TTC0X6RN", "Quantity": 25, "TermDuration": "P1Y", "BillingCycle": "Annual",
        "TermEndDate": "2026-02-14T23:59:59Z", "EvaluationTime": "2026-01-20T15:45:10Z",
    }  # fmt: skip


@pytest.mark.parametrize(("shape", "cell", "value"), [
    (Shape.MOMENT, "2/14/2026 11:59:59 PM", "2026-02-14T23:59:59Z"),
    (Shape.MOMENT, "12/1/2026 12:00:00 AM", "2026-12-01T00:00:00Z"),
    (Shape.MOMENT, "10/31/2026 12:05:09 PM", "2026-10-31T12:05:09Z"),
    (Shape.NUMBER, "25", 25), (Shape.MONEY, "301.40", "301.40"), (Shape.FLAG, "TRUE", True),
    (Shape.FLAG, "FALSE", False), (Shape.TEXT, "'=1+1", "=1+1"), (Shape.TEXT, "'s-Hertogenbosch", "'s-Hertogenbosch"),
])  # fmt: skip
def test_values_of_json(shape: Shape, cell: str, value: object) -> None:
    assert json.loads(jsonl.READ[shape](cell)) == value


def test_every_shape_can_be_read() -> None:
    assert set(jsonl.READ) == set(Shape)


def test_an_empty_cell_is_null() -> None:
    line = next(jsonl.lines(REPORTS["est"], [b"header\n", b"a,,b,c,d,5,P1Y,Annual,,1/20/2026 3:45:10 PM\n"]))
    assert json.loads(line)["ResellerPartnerId"] is None
    assert json.loads(line)["TermEndDate"] is None


def test_json_is_a_download_like_the_file(client_for: Callable[[User], Client], ours_user: User, path: Path) -> None:
    request = make_file(ours_user.current_membership.scope(), clock.now())
    name = default_storage.save("downloads/whole.csv", ContentFile(path.read_bytes()))
    DownloadRequest.objects.within(Scope.for_operator()).filter(pk=request.pk).update(file_name=name)
    answer = client_for(ours_user).get(f"/downloads/{request.pk}/file/", {"as": "jsonl"})
    assert answer["Content-Type"] == "application/jsonl"
    assert f"{request.number}.jsonl" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "private, no-store"
    assert len(b"".join(answer.streaming_content).splitlines()) == len(NAMES + HARMFUL)


def test_run_report_writes_json(path: Path, ours_user: User, tmp_path: Path) -> None:
    out = tmp_path / "json" / "est.jsonl"
    out.parent.mkdir()
    mpn_id = ours_user.current_membership.partner.mpn_id
    call_command("run_report", "est", "--partner", mpn_id, "--output", str(out), "--format", "jsonl")
    assert len(out.read_text().splitlines()) == len(NAMES + HARMFUL)
    assert [file.name for file in out.parent.iterdir()] == ["est.jsonl"]


def test_pandas_reads_the_same_values(path: Path) -> None:
    frame = pandas.read_csv(path, dtype=str, keep_default_na=False)
    header, *rows = cells(path)
    assert list(frame.columns) == header
    assert frame.to_numpy().tolist() == rows
    names = set(frame["SubscriptionName"])
    assert set(NAMES) <= names
    assert names - set(NAMES) == {f"'{name}" for name in HARMFUL}
    typed = pandas.read_csv(path)
    assert typed["Quantity"].tolist() == [25] * len(rows)
    assert pandas.to_datetime(typed["TermEndDate"], format="%m/%d/%Y %I:%M:%S %p").unique().tolist() == [
        pandas.Timestamp("2026-02-14 23:59:59")
    ]


@pytest.mark.skipif(not services.spreadsheet(), reason="no LibreOffice")
def test_a_spreadsheet_gives_the_same_values_back(path: Path, tmp_path: Path) -> None:
    """Opened as UTF-8 with commas and every column as text, and saved again; and no cell is a formula."""
    program, out = services.spreadsheet(), tmp_path / "saved"
    assert program
    as_text = "/".join(f"{number}/2" for number in range(1, 11))
    opened = f"CSV:44,34,76,1,{as_text}"
    for kind in ("csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false", "fods"):
        done = subprocess.run(
            [program, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", f"--infilter={opened}",
             "--convert-to", kind, "--outdir", str(out), str(path)],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    saved = cells(out / "est.csv")
    assert [[_line_ends(cell) for cell in row] for row in saved] == [
        [_line_ends(c) for c in row] for row in cells(path)
    ]
    assert "table:formula" not in (out / "est.fods").read_text()
    # As a double click opens it: the program guesses the types, and still runs nothing.
    subprocess.run(
        [program, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--infilter=CSV:44,34,76",
         "--convert-to", "fods", "--outdir", str(tmp_path / "guessed"), str(path)],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    assert "table:formula" not in (tmp_path / "guessed" / "est.fods").read_text()


def _line_ends(cell: str) -> str:
    """A spreadsheet knows one line end inside a cell."""
    return cell.replace("\r\n", "\n").replace("\r", "\n")
