"""Price list files as they come, from the command line into the database."""

from __future__ import annotations

import csv
import gzip
import io
import random
import zipfile
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import PriceList, PriceRow, Product, Sku
from customers.services.price_list_import import PriceListImport, import_price_list
from portal.core.models import AuditEvent
from portal.core.scope import Scope

pytestmark = pytest.mark.django_db

DOCUMENTED = [
    "ProductTitle", "ProductId", "SkuId", "SkuTitle", "Publisher", "SkuDescription", "UnitOfMeasure", "TermDuration",
    "BillingPlan", "Market", "Currency", "UnitPrice", "PricingTierRangeMin", "PricingTierRangeMax",
    "EffectiveStartDate", "EffectiveEndDate", "Tags", "ERP Price",
]  # fmt: skip
WORKBOOK = ["ChangeIndicator", *(c for c in DOCUMENTED if not c.startswith("PricingTier")), "Segment"]
HEADERS = {
    "documented": DOCUMENTED,
    "with segment": [*DOCUMENTED, "Segment"],
    "with change indicator": [*DOCUMENTED, "Segment", "ChangeIndicator"],
    "workbook": WORKBOOK,
    "preview": [*DOCUMENTED, "Segment", "EndofSaleDate"],
    "ERP": ["ERP" if column == "ERP Price" else column for column in DOCUMENTED],
    "any order": random.Random(4).sample([*DOCUMENTED, "Segment"], 19),
    "more columns": ["Region", *DOCUMENTED, "Segment", "", "Note"],
}
BUSINESS_PREMIUM = {
    "ProductTitle": "Microsoft 365 Business Premium",
    "ProductId": "CFQ7TTC0LCHC",
    "SkuId": "2",
    "SkuTitle": "Microsoft 365 Business Premium",
    "Publisher": "Microsoft Corporation",
    "SkuDescription": 'Office, e-mail and "security",\nfor up to 300 people.',
    "TermDuration": "P1Y",
    "BillingPlan": "Monthly",
    "Market": "US",
    "Currency": "USD",
    "UnitPrice": "264.00",
    "ERP Price": "330",
    "ERP": "330",
    "EffectiveStartDate": "11/1/2026 12:00:00 AM",
    "EffectiveEndDate": "11/30/9999 11:59:59 PM",
    "Tags": "License",
    "Segment": "Commercial",
    "ChangeIndicator": "Unchanged",
}
TEAMS = BUSINESS_PREMIUM | {
    "ProductTitle": "Microsoft Teams Enterprise", "ProductId": "CFQ7TTC0RM8K", "SkuId": "0001",
    "SkuTitle": "Microsoft Teams Enterprise", "UnitPrice": "63.00", "ERP Price": "78.75", "ERP": "78.75",
}  # fmt: skip


def as_csv(rows: Iterable[dict[str, str]], header: list[str] = HEADERS["with segment"]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", extrasaction="ignore", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Import this content; the answer is what the command printed."""

    def importing(content: str | bytes, *options: str, name: str = "sheets.csv") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        capsys.readouterr()
        call_command("import_price_list", str(path), *options)
        return capsys.readouterr().out

    return importing


def counts(printed: str) -> dict[str, int]:
    found = [line.rsplit(maxsplit=1) for line in printed.splitlines() if line[:1].isupper() and line[-1:].isdigit()]
    return {word: int(number.replace(",", "")) for word, number in found}


def the_row() -> PriceRow:
    return PriceRow.objects.select_related("sku__product").get()


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_every_header_in_use(run, header):
    printed = run("\ufeff" + as_csv([BUSINESS_PREMIUM], header))

    assert counts(printed) == {"Added": 1, "Changed": 0, "Unchanged": 0, "Withdrawn": 0}
    row = the_row()
    assert row.sku.reference == "CFQ7TTC0LCHC:0002"
    assert row.sku.description == 'Office, e-mail and "security",\nfor up to 300 people.'
    assert row.sku.product.publisher == "Microsoft Corporation"
    assert row.sku.title_key == "microsoft 365 business premium"
    assert (row.unit_price, row.erp_price) == (264, 330)
    assert (row.term_duration, row.billing_plan, row.market, row.currency) == ("P1Y", "monthly", "US", "USD")
    assert (row.segment, row.view, row.tags) == ("Commercial", "current", "License")
    assert row.effective_start_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert row.effective_end_at == datetime(9999, 11, 30, 23, 59, 59, tzinfo=UTC)
    assert (row.pricing_tier_min, row.pricing_tier_max, row.end_of_sale_at) == (0, None, None)


def test_the_header_sample_of_the_documentation_ends_with_a_curly_quote(run):
    first, rest = as_csv([BUSINESS_PREMIUM], DOCUMENTED).split("\r\n", 1)
    run(f"{first[:-1]}”\r\n{rest}")
    assert the_row().erp_price == 330


def packed_zip(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._sheets.csv", b"\x00\x05")
        archive.writestr("updatedlicensebased/sheets.CSV", content)
    return file.getvalue()


@pytest.mark.parametrize("pack", [packed_zip, gzip.compress, zlib.compress], ids=["zip", "gzip", "deflate"])
@pytest.mark.parametrize("name", ["sheets.csv", "sheets"])
def test_packed_files_are_known_by_their_content(run, pack, name):
    run(pack(as_csv([BUSINESS_PREMIUM, TEAMS]).encode()), name=name)
    assert PriceRow.objects.count() == 2


def workbook(*sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, lines in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {number}")
        for line in lines:
            sheet.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_workbook_with_numbers_dates_and_a_title_above(run):
    typed = BUSINESS_PREMIUM | {
        "SkuId": 2, "UnitPrice": 221.76, "ERP Price": 277.2,
        "EffectiveStartDate": datetime(2026, 11, 1), "EffectiveEndDate": datetime(9999, 11, 30, 23, 59, 59),  # noqa: DTZ001
    }  # fmt: skip
    run(
        workbook(
            [["About this list"], ["Prices exclude tax."]],
            [["Price list"], [], WORKBOOK, [typed.get(column) for column in WORKBOOK], [], [None] * 30],
        ),
        name="list.xlsx",
    )
    row = the_row()
    assert (row.unit_price, row.erp_price) == (Decimal("221.76"), Decimal("277.2"))
    assert row.sku.sku_id == "0002"
    assert row.effective_start_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert row.effective_end_at == datetime(9999, 11, 30, 23, 59, 59, tzinfo=UTC)


def test_a_bad_row_of_a_workbook_is_named_by_its_row(run, capsys):
    bad = BUSINESS_PREMIUM | {"UnitPrice": "call us"}
    with pytest.raises(CommandError):
        run(workbook([["Price list"], [], WORKBOOK, [bad.get(column) for column in WORKBOOK]]), name="list.xlsx")
    assert "Line 4: UnitPrice 'call us' is not a number." in capsys.readouterr().err


def test_a_second_import_changes_nothing(run):
    run(as_csv([BUSINESS_PREMIUM, TEAMS]))
    before = list(PriceRow.objects.values().order_by("id")), list(Sku.objects.values().order_by("id"))

    printed = run(as_csv([BUSINESS_PREMIUM, TEAMS]))

    assert counts(printed) == {"Added": 0, "Changed": 0, "Unchanged": 2, "Withdrawn": 0}
    assert (list(PriceRow.objects.values().order_by("id")), list(Sku.objects.values().order_by("id"))) == before
    latest = PriceList.objects.latest()
    assert (latest.file_name, latest.row_count, latest.unchanged_count) == ("sheets.csv", 2, 2)


def test_the_change_list(run):
    leaving = BUSINESS_PREMIUM | {"TermDuration": "P3Y"}
    german = BUSINESS_PREMIUM | {"Market": "DE", "Currency": "EUR"}
    run(as_csv([BUSINESS_PREMIUM, TEAMS, leaving, german]))
    first = PriceList.objects.get()

    printed = run(as_csv([BUSINESS_PREMIUM | {"UnitPrice": "270"}, TEAMS, TEAMS | {"TermDuration": "P1M"}]))

    assert counts(printed) == {"Added": 1, "Changed": 1, "Unchanged": 1, "Withdrawn": 1}
    changed = PriceRow.objects.get(unit_price=270)
    assert changed.price_list.changed_count == 1
    gone = PriceRow.objects.get(term_duration="P3Y")
    assert gone.withdrawn_at is not None
    assert gone.price_list == first
    assert PriceRow.objects.get(market="DE").withdrawn_at is None, "the file has no German row, so says nothing of them"

    printed = run(as_csv([BUSINESS_PREMIUM | {"UnitPrice": "270"}, TEAMS, TEAMS | {"TermDuration": "P1M"}, leaving]))

    assert counts(printed) == {"Added": 0, "Changed": 1, "Unchanged": 3, "Withdrawn": 0}
    gone.refresh_from_db()
    assert gone.withdrawn_at is None


def test_a_row_is_withdrawn_once(run):
    run(as_csv([BUSINESS_PREMIUM, TEAMS]))
    assert counts(run(as_csv([TEAMS])))["Withdrawn"] == 1
    withdrawn_at = PriceRow.objects.exclude(withdrawn_at=None).get().withdrawn_at
    assert counts(run(as_csv([TEAMS])))["Withdrawn"] == 0
    assert PriceRow.objects.exclude(withdrawn_at=None).get().withdrawn_at == withdrawn_at


DIFFERENCES = [
    {"UnitPrice": "264.000001"},
    {"ERP Price": ""},
    {"ERP Price": "331"},
    {"EffectiveEndDate": "2027-06-30T23:59:59Z"},
    {"Tags": "License;Trial"},
    {"PricingTierRangeMax": "300"},
    {"EndofSaleDate": "3/31/2027"},
]


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda cells: next(iter(cells)))
def test_what_counts_as_a_change_is_also_a_contradiction_within_one_file(run, difference):
    header = HEADERS["preview"]
    run(as_csv([BUSINESS_PREMIUM], header))
    other = BUSINESS_PREMIUM | difference
    assert counts(run(as_csv([other], header)))["Changed"] == 1
    assert counts(run(as_csv([other], header)))["Unchanged"] == 1
    with pytest.raises(CommandError, match="1 of 2 rows are bad"):
        run(as_csv([BUSINESS_PREMIUM, other], header))


def test_an_import_is_audited(run):
    run(as_csv([BUSINESS_PREMIUM]))
    entry = AuditEvent.objects.get(event="price_list.imported")
    assert entry.after["added_count"] == 1
    assert entry.target_id == str(PriceList.objects.get().pk)


def test_another_remark_of_the_vendor_is_kept_but_is_no_change(run):
    header = HEADERS["with change indicator"]
    run(as_csv([BUSINESS_PREMIUM | {"ChangeIndicator": "Change"}], header))
    printed = run(as_csv([BUSINESS_PREMIUM], header))
    assert counts(printed)["Changed"] == 0
    assert the_row().change_indicator == "Unchanged"


def test_a_new_title_reaches_the_sku_and_a_missing_description_leaves_it(run):
    run(as_csv([BUSINESS_PREMIUM]))
    run(as_csv([BUSINESS_PREMIUM | {"SkuTitle": "Büro  Premium", "SkuDescription": "", "Publisher": ""}]))
    sku = the_row().sku
    assert (sku.title, sku.title_key) == ("Büro Premium", "buro premium")
    assert sku.description.startswith("Office")
    assert sku.product.publisher == "Microsoft Corporation"
    assert Product.objects.count() == 1


def test_a_future_list_only_adds_and_changes(run):
    run(as_csv([BUSINESS_PREMIUM, TEAMS]), "--view", "future")
    printed = run(as_csv([TEAMS | {"UnitPrice": "66"}]), "--view", "future")
    assert counts(printed) == {"Added": 0, "Changed": 1, "Unchanged": 0, "Withdrawn": 0}
    assert PriceRow.objects.filter(view="future", withdrawn_at=None).count() == 2


@pytest.mark.parametrize("view", ["future", "eos", "est"])
def test_the_lists_of_other_views_stay_apart(run, view):
    run(as_csv([BUSINESS_PREMIUM]))
    assert counts(run(as_csv([BUSINESS_PREMIUM]), "--view", view))["Added"] == 1
    assert PriceRow.objects.filter(withdrawn_at=None).count() == 2


def test_a_list_without_segments_speaks_of_one_segment_alone(run):
    run(as_csv([BUSINESS_PREMIUM], DOCUMENTED))
    printed = run(as_csv([TEAMS], DOCUMENTED), "--segment", "Education")
    assert counts(printed) == {"Added": 1, "Changed": 0, "Unchanged": 0, "Withdrawn": 0}
    assert set(PriceRow.objects.values_list("segment", "withdrawn_at")) == {("Commercial", None), ("Education", None)}


def test_rows_that_overlap_in_time_are_both_kept(run):
    later = BUSINESS_PREMIUM | {"EffectiveStartDate": "2026-12-01T00:00:00.0000000Z", "UnitPrice": "280"}
    run(as_csv([BUSINESS_PREMIUM, later]))
    assert set(PriceRow.objects.values_list("unit_price", flat=True)) == {264, 280}


def test_offers_that_the_portal_does_not_sell_are_kept_as_they_come(run):
    run(as_csv([TEAMS | {"TermDuration": term, "BillingPlan": "OneTime"} for term in ("P5Y", "NoTerm", "")]))
    assert set(PriceRow.objects.values_list("term_duration", flat=True)) == {"P5Y", "NoTerm", ""}


def test_a_row_that_stands_there_twice_counts_once(run):
    again = BUSINESS_PREMIUM | {"SkuId": "0002", "BillingPlan": "MONTHLY", "UnitPrice": "264.0"}
    printed = run(as_csv([BUSINESS_PREMIUM, TEAMS, again, BUSINESS_PREMIUM]))
    assert counts(printed) == {"Added": 2, "Changed": 0, "Unchanged": 0, "Withdrawn": 0, "Repeated": 2}


def test_two_prices_for_one_offer_refuse_the_file(run, capsys):
    rows = [BUSINESS_PREMIUM, TEAMS, BUSINESS_PREMIUM | {"UnitPrice": "265"}, BUSINESS_PREMIUM]
    with pytest.raises(CommandError, match="1 of 4 rows are bad. Nothing was stored"):
        run(as_csv(rows))
    assert "Line 6: It contradicts line 2, which names the same offer." in capsys.readouterr().err
    assert not PriceRow.objects.exists()

    printed = run(as_csv(rows), "--skip-bad")
    assert counts(printed) | {"Skipped": 1, "Repeated": 1} == counts(printed)
    assert PriceRow.objects.get(sku__sku_id="0002").unit_price == 264


@pytest.fixture
def stored(run):
    """One list is stored; the answer tells whether nothing has moved since."""
    run(as_csv([BUSINESS_PREMIUM, TEAMS]))

    def everything() -> list[object]:
        models = (PriceList, PriceRow, Product, Sku, AuditEvent)
        return [list(model.objects.values().order_by("id")) for model in models]

    before = everything()
    return lambda: everything() == before


def test_bad_rows_refuse_the_file_and_each_is_named(run, stored, capsys):
    rows = [
        BUSINESS_PREMIUM | {"UnitPrice": "1"},
        BUSINESS_PREMIUM | {"ProductId": "ABC"},
        TEAMS | {"SkuTitle": "New", "UnitPrice": "-1"},
        TEAMS | {"BillingPlan": "Weekly"},
    ]
    with pytest.raises(CommandError, match=r"sheets.csv: 4 of 5 rows are bad. Nothing was stored."):
        run(as_csv(rows) + '"only","three","values"\r\n')
    printed = capsys.readouterr().err.splitlines()
    # Each description has a line break, so a row takes two lines of the file.
    assert [line.split(" is ")[0].split(" has ")[0] for line in printed] == [
        "Line 4: ProductId 'ABC'",
        "Line 6: UnitPrice '-1'",
        "Line 8: BillingPlan 'Weekly'",
        "Line 10: The row",
    ]
    assert stored()


def test_fifty_bad_rows_are_shown_and_all_are_counted(run, capsys):
    rows = [BUSINESS_PREMIUM] + [BUSINESS_PREMIUM | {"UnitPrice": "?"}] * 70
    with pytest.raises(CommandError, match="70 of 71 rows are bad"):
        run(as_csv(rows))
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == 51
    assert printed[-1] == "and 20 more"


def test_bad_rows_can_be_skipped_and_then_nothing_is_withdrawn(run):
    run(as_csv([BUSINESS_PREMIUM, TEAMS, TEAMS | {"TermDuration": "P3Y"}]))
    printed = run(as_csv([BUSINESS_PREMIUM | {"UnitPrice": "270"}, TEAMS | {"UnitPrice": "?"}]), "--skip-bad")
    assert counts(printed) == {"Added": 0, "Changed": 1, "Unchanged": 0, "Withdrawn": 0, "Skipped": 1}
    assert "Nothing was withdrawn" in printed
    assert PriceRow.objects.filter(withdrawn_at=None).count() == 3
    assert PriceList.objects.latest().skipped_count == 1


def test_a_file_of_bad_rows_alone_is_refused_even_then(run, stored):
    with pytest.raises(CommandError, match="1 of 1 rows are bad. Nothing was stored"):
        run(as_csv([TEAMS | {"UnitPrice": "?"}]), "--skip-bad")
    assert stored()


def test_a_dry_run_counts_and_leaves_nothing(run, stored):
    new = TEAMS | {"ProductId": "CFQ7TTC0AAAA", "SkuTitle": "New", "ProductTitle": "New"}
    printed = run(as_csv([BUSINESS_PREMIUM | {"UnitPrice": "1"}, new]), "--dry-run")
    assert counts(printed) == {"Added": 1, "Changed": 1, "Unchanged": 0, "Withdrawn": 1}
    assert "Dry run: nothing was stored." in printed
    assert stored()


def test_a_dry_run_of_a_bad_file_says_so(run, stored):
    with pytest.raises(CommandError, match="1 of 2 rows are bad"):
        run(as_csv([BUSINESS_PREMIUM, TEAMS | {"UnitPrice": "?"}]), "--dry-run")
    assert stored()


GOOD = as_csv([BUSINESS_PREMIUM])
DAMAGED = "The workbook is damaged"


def parts(files: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def changed_workbook(before: bytes, after: bytes) -> bytes:
    """A good workbook in whose sheet a hand was at work."""
    with zipfile.ZipFile(
        io.BytesIO(workbook([WORKBOOK, [BUSINESS_PREMIUM.get(column) for column in WORKBOOK]]))
    ) as good:
        return parts({name: good.read(name).replace(before, after) for name in good.namelist()})


UNREADABLE = {
    "empty": (b"", "The file is empty"),
    "blank": (b"\n \n\n", "The file is empty"),
    "header alone": (as_csv([]), "a header and no rows"),
    "wrong header": (GOOD.replace("UnitPrice", "Price").replace("Market", "Land"), "missing: Market, UnitPrice"),
    "other text": ("Dear operator,\nplease find the list attached.\n", "missing: ProductId, SkuId"),
    "html": ("<!DOCTYPE html><html><body>Sign in</body></html>", "missing: ProductId, SkuId"),
    "latin-1": (GOOD.replace("Office", "Büro").encode("latin-1"), "not UTF-8 text near line"),
    "utf-16": (GOOD.encode("utf-16"), "not UTF-8 text"),
    "binary": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not UTF-8 text"),
    "zero byte": (GOOD.replace("Office", "Off\0ice"), "not UTF-8 text"),
    "quote left open": (GOOD.replace('Commercial"', "Commercial"), "From line 2 on the file is no CSV"),
    "letters after a quote": (GOOD + 'a,"b"c\n', "From line 4 on the file is no CSV"),
    "endless value": (GOOD + '"' + "line\n" * 40_000, "From line 4 on the file is no CSV"),
    "endless line": (GOOD + "x" * 6_000_000, "it has no lines"),
    "cut gzip": (gzip.compress(GOOD.encode())[:-9], "compressed file is damaged"),
    "damaged gzip": (gzip.compress(GOOD.encode())[:40] + b"\xff" * 300, "compressed file is damaged"),
    "cut deflate": (zlib.compress(GOOD.encode())[:-9], "compressed file is damaged"),
    "cut zip": (packed_zip(GOOD.encode())[:-60], "compressed file is damaged"),
    "cut workbook": (workbook([WORKBOOK])[:-60], "compressed file is damaged"),
    "workbook of nothing": (parts({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"}), DAMAGED),
    "workbook of other text": (parts({"[Content_Types].xml": "<"}), DAMAGED),
    "odd cells": (changed_workbook(b'r="A2"', b'r="?"'), DAMAGED),
    "zip of another method": (packed_zip(GOOD.encode()).replace(b"\x08\x00", b"\x09\x00"), "not read here"),
    "empty workbook": (workbook([]), "The workbook is empty"),
    "other workbook": (workbook([["Name", "Amount"], ["a", 1]]), "missing: ProductId"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an old Excel file"),
}


@pytest.mark.parametrize(("content", "sentence"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_that_is_no_price_list_is_refused_in_one_sentence(run, stored, content, sentence):
    with pytest.raises(CommandError, match=f"^sheets.csv: .*{sentence}") as refused:
        run(content)
    assert "\n" not in str(refused.value)
    assert refused.value.returncode == 1
    assert stored()


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, GOOD)
    return file.getvalue()


@pytest.mark.parametrize(
    ("names", "sentence"),
    [((), "holds no CSV file"), (("a.txt",), "holds no CSV file"), (("a.csv", "b.csv"), "holds 2 CSV files")],
)
def test_a_zip_without_one_csv_is_refused(run, names, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(zipped(*names))


@pytest.mark.parametrize("pack", [packed_zip, gzip.compress, zlib.compress], ids=["zip", "gzip", "deflate"])
def test_a_file_that_unpacks_to_much_more_than_a_list_is_refused(run, pack, monkeypatch):
    monkeypatch.setattr("customers.services.price_list_file.ALWAYS_UNPACKED", 100_000)
    bomb = GOOD.encode() + b'"",\n' * 200_000
    with pytest.raises(CommandError, match="unpacks to far more"):
        run(pack(bomb))
    assert not PriceRow.objects.exists()


def test_a_file_that_is_not_there(run, tmp_path):
    with pytest.raises(CommandError, match=r"nowhere.csv cannot be read: No such file"):
        call_command("import_price_list", str(tmp_path / "nowhere.csv"))


def test_only_the_operator_imports(ours, as_of):
    with pytest.raises(PermissionDenied):
        import_price_list(ours, file=io.BytesIO(GOOD.encode()), name="x", as_of=as_of)


def test_memory_of_the_reader_may_run_full(run, monkeypatch):
    monkeypatch.setattr("customers.services.price_list_import.REMEMBERED", 2)
    monkeypatch.setattr("customers.services.price_list_import.BATCH", 3)
    rows = [
        TEAMS | {"ProductId": f"CFQ7TTC0AAA{n % 5}", "Market": market, "UnitPrice": f"{n}"}
        for n in range(20)
        for market in ("US", "DE", "FR")
    ]
    printed = run(as_csv([*rows[:15], *rows[:15]]))
    assert counts(printed) == {"Added": 15, "Changed": 0, "Unchanged": 0, "Withdrawn": 0, "Repeated": 15}
    assert Sku.objects.count() == 5


offers = st.fixed_dictionaries(
    {
        "SkuId": st.sampled_from(["1", "0002", "00J"]),
        "Market": st.sampled_from(["US", "de"]),
        "BillingPlan": st.sampled_from(["Monthly", "ANNUAL", "one_time"]),
        "TermDuration": st.sampled_from(["P1M", "P1Y", "NoTerm"]),
        "Segment": st.sampled_from(["Commercial", "education"]),
        "EffectiveStartDate": st.datetimes(datetime(1753, 1, 1), datetime(2200, 1, 1)).map(  # noqa: DTZ001
            lambda moment: moment.replace(microsecond=0).isoformat() + ".0000000Z"
        ),
        # SQLite keeps 15 digits of a decimal.
        "UnitPrice": st.decimals(0, 999_999_999, places=6).map(str),
        "ERP Price": st.one_of(st.just(""), st.decimals(0, 99_999, places=2).map(str)),
        "SkuDescription": st.text("ab\n\r,\"'; é", max_size=20),
        "Tags": st.sampled_from(["License", "License;Trial", ""]),
    }
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(
    rows=st.lists(offers, min_size=1, max_size=12), header=st.permutations(HEADERS["with segment"]), bom=st.booleans()
)
def test_prices_read_back_equal_the_file(rows, header, bom, as_of):
    def key(row: dict[str, str]) -> tuple[str, ...]:
        return (
            row["SkuId"].rjust(4, "0"), row["Market"].upper(), row["BillingPlan"].lower(), row["TermDuration"],
            row["Segment"].capitalize(), row["EffectiveStartDate"][:19],
        )  # fmt: skip

    wanted = {key(row): TEAMS | row for row in rows}
    content = ("\ufeff" if bom else "") + as_csv(wanted.values(), header)
    with transaction.atomic():
        result = import_price_list(
            Scope.for_operator(), file=io.BytesIO(content.encode()), name="list.csv", as_of=as_of
        )
        found = {
            (
                row.sku.sku_id, row.market, row.billing_plan, row.term_duration, row.segment,
                row.effective_start_at.isoformat()[:19],
            ): (row.unit_price, row.erp_price, row.tags)
            for row in PriceRow.objects.select_related("sku")
        }  # fmt: skip
        again = import_price_list(Scope.for_operator(), file=io.BytesIO(content.encode()), name="list.csv", as_of=as_of)
        transaction.set_rollback(True)

    assert result == PriceListImport(row_count=len(wanted), added=len(wanted))
    assert again == PriceListImport(row_count=len(wanted), unchanged=len(wanted))
    assert found == {
        key(row): (Decimal(row["UnitPrice"]), Decimal(row["ERP Price"]) if row["ERP Price"] else None, row["Tags"])
        for row in wanted.values()
    }
