"""Import a price list file: validate every row, compare with what is stored, store the difference."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from operator import attrgetter
from typing import Any, BinaryIO, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import transaction

from customers.models import PriceList
from customers.rules.price_list import Columns, OfferFacts, SkuFacts, WrongHeader
from customers.rules.values import BadValue, price_of
from customers.rules.vocabulary import PriceView, Segment
from customers.services.price_list_file import PriceListUnreadable, Row, rows
from customers.services.price_list_tables import StagedRow, Staging
from portal.core import audit
from portal.core.jobs import writes
from portal.core.scope import Scope

VIEWS = tuple(view.value for view in PriceView)
SEGMENTS = tuple(segment.value for segment in Segment)
SHOWN_ERRORS = 50
BATCH = 5_000
# How many distinct SKUs, offers and prices the reader remembers; beyond it starts afresh, so that memory stays flat.
REMEMBERED = 20_000

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class RowError:
    line: int  # of the file, where the row starts
    message: str

    def __str__(self) -> str:
        return f"Line {self.line:,}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class PriceListImport:
    """What came of it. Counts are rows of the file, except `withdrawn`, which are stored rows it no longer has."""

    row_count: int
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    repeated: int = 0
    error_count: int = 0
    errors: tuple[RowError, ...] = ()  # the first ones, by line
    refused: bool = False  # because of the errors: nothing was compared, nothing stored
    nothing_withdrawn: bool = False  # rows were skipped, so what the file lacks is not known


@writes
def import_price_list(
    scope: Scope,
    *,
    file: BinaryIO,
    name: str,
    as_of: datetime,
    view: str = PriceView.CURRENT,
    segment: str = Segment.COMMERCIAL,
    skip_bad: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _rows: None,
) -> PriceListImport:
    """Import the price list in `file` (binary, seekable). Only the operator may.

    The file is the whole list of each (view, market) in it, and of `segment` alone when it has no such column: stored
    rows that it lacks are withdrawn, and come back when a later file has them. A future list only adds and changes.
    One bad row refuses the file unless `skip_bad`; then nothing is withdrawn either. `dry_run` counts and stores
    nothing. Rows keep the list that last changed them. `progress` hears how many rows were read so far.
    Raises PriceListUnreadable when the file as a whole is no price list.
    """
    if not scope.operator:
        raise PermissionDenied("Only the operator's staff import price lists.")
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    staging = Staging()
    intake = _Intake(staging, rows(file), Segment(segment))
    intake.read_all(progress)
    if intake.error_count and not skip_bad or intake.error_count == intake.row_count:
        transaction.set_rollback(True)
        return PriceListImport(row_count=intake.row_count, refused=True, **intake.findings())
    added, changed, unchanged = staging.compare(view)
    whole = view != PriceView.FUTURE and not intake.error_count
    spoken_of = None if intake.columns.has_segment else segment
    withdrawn = staging.withdraw(view, segment=spoken_of, as_of=as_of) if whole else 0
    if dry_run:
        transaction.set_rollback(True)
    else:
        price_list = PriceList.objects.create(
            view=view,
            file_name=name[-255:],
            sha256=sha256,
            imported_at=as_of,
            row_count=intake.row_count,
            added_count=added,
            changed_count=changed,
            unchanged_count=unchanged,
            withdrawn_count=withdrawn,
            skipped_count=intake.error_count,
        )
        staging.store(view, price_list_id=price_list.pk)
        staging.close()
        counts = {"added": added, "changed": changed, "unchanged": unchanged, "withdrawn": withdrawn}
        audit.record(scope, "price_list.imported", price_list, as_of=as_of, after=counts)
    return PriceListImport(
        row_count=intake.row_count,
        added=added,
        changed=changed,
        unchanged=unchanged,
        withdrawn=withdrawn,
        nothing_withdrawn=view != PriceView.FUTURE and not whole,
        **intake.findings(),
    )


class _Intake:
    """Reads a file row by row: good rows go into staging, bad ones into the list of errors."""

    def __init__(self, staging: Staging, found: Iterator[Row], segment: Segment) -> None:
        self._staging = staging
        self._found = found
        self._segment = segment
        try:
            self.columns = Columns(next(found)[1])
        except WrongHeader as problem:
            raise PriceListUnreadable(f"This is no price list. {problem}") from None
        self.row_count = 0
        self.error_count = 0
        self.repeated = 0
        self._errors: list[RowError] = []
        self._skus: dict[tuple[str, ...], int] = {}
        self._offers: dict[tuple[str, ...], int] = {}
        self._prices: dict[str, str] = {}
        self._new_skus: list[tuple[int, SkuFacts]] = []
        self._new_offers: list[tuple[int, OfferFacts]] = []
        self._numbers = count(1)

    def read_all(self, progress: Callable[[int], None]) -> None:
        """Read the file to its end and weed out what names the same offer twice. Raises PriceListUnreadable."""
        good: list[StagedRow] = []
        for line, cells in self._found:
            self.row_count += 1
            try:
                good.append((line, *self._validated(cells)))
            except BadValue as problem:
                self.error_count += 1
                if len(self._errors) < SHOWN_ERRORS:
                    self._errors.append(RowError(line, str(problem)))
            if self.row_count % BATCH == 0:
                self._load(good)
                progress(self.row_count)
        self._load(good)
        if not self.row_count:
            raise PriceListUnreadable("The file has a header and no rows.")
        self.repeated, conflicts, shown = self._staging.drop_repeated(show=SHOWN_ERRORS)
        self.error_count += conflicts
        self._errors += [
            RowError(conflict.line, f"It contradicts line {conflict.first_line:,}, which names the same offer.")
            for conflict in shown
        ]

    def findings(self) -> dict[str, Any]:
        """What the result says of the rows that were not taken."""
        shown = sorted(self._errors, key=attrgetter("line"))[:SHOWN_ERRORS]
        return {"repeated": self.repeated, "error_count": self.error_count, "errors": tuple(shown)}

    def _load(self, good: list[StagedRow]) -> None:
        self._staging.load(self._new_skus, self._new_offers, good)
        self._new_skus.clear()
        self._new_offers.clear()
        good.clear()

    def _validated(self, cells: list[str]) -> tuple[int, int, str, str | None]:
        """The numbers of the row's SKU and offer, and its prices. Most rows cost four look-ups. Raises BadValue."""
        columns = self.columns
        if len(cells) != columns.width:
            columns.check_width(cells)
        key = columns.sku_cells(cells)
        sku = self._skus.get(key) or self._sku(key)
        key = columns.offer_cells(cells)
        offer = self._offers.get(key) or self._offer(key)
        unit_text, erp_text = cells[columns.unit_price], cells[columns.erp_price] if columns.has_erp_price else ""
        unit_price = self._prices.get(unit_text) or self._price("UnitPrice", unit_text)
        erp_price = self._prices.get(erp_text) or (self._price("ERP Price", erp_text) if erp_text.strip() else None)
        return sku, offer, unit_price, erp_price

    def _sku(self, cells: tuple[str, ...]) -> int:
        facts = self.columns.sku(cells)
        number = _remember(self._skus, cells, next(self._numbers))
        self._new_skus.append((number, facts))
        return number

    def _offer(self, cells: tuple[str, ...]) -> int:
        facts = self.columns.offer(cells, default_segment=self._segment)
        number = _remember(self._offers, cells, next(self._numbers))
        self._new_offers.append((number, facts))
        return number

    def _price(self, column: str, text: str) -> str:
        return _remember(self._prices, text, price_of(column, text))


def _remember(memory: dict[K, V], key: K, value: V) -> V:
    if len(memory) >= REMEMBERED:
        memory.clear()
    memory[key] = value
    return value
