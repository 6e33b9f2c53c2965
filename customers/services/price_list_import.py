"""Import a price list file: validate every row, compare with what is stored, store the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from operator import attrgetter
from typing import BinaryIO, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import transaction

from customers.models import PriceList
from customers.rules.price_list import Columns, OfferFacts, SkuFacts, WrongHeader
from customers.rules.values import BadValue, price_of
from customers.rules.vocabulary import PriceView, Segment
from customers.services.price_list_file import PriceListUnreadable, Row, rows, sha256_of
from customers.services.price_list_tables import StagedRow, Staging
from portal.core import audit
from portal.core.jobs import enqueue, writes
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
    staging = Staging()
    intake = _Intake(staging, rows(file), Segment(segment))
    intake.read_all(progress)
    result = intake.result()
    if result.error_count and not skip_bad or result.error_count == result.row_count:
        transaction.set_rollback(True)
        return replace(result, refused=True)
    added, changed, unchanged = staging.compare(view)
    result = replace(result, added=added, changed=changed, unchanged=unchanged)
    if view != PriceView.FUTURE and result.error_count:
        result = replace(result, nothing_withdrawn=True)
    elif view != PriceView.FUTURE:
        spoken_of = None if intake.columns.has_segment else segment
        result = replace(result, withdrawn=staging.withdraw(view, segment=spoken_of, as_of=as_of))
    if dry_run:
        transaction.set_rollback(True)
        return result
    price_list = _record(scope, result, view=view, name=name, sha256=sha256_of(file), as_of=as_of)
    staging.store(view, price_list_id=price_list.pk)
    staging.close()
    enqueue("customers.refresh_renewals")  # what renewals cost, by the new prices
    return result


def _record(scope: Scope, result: PriceListImport, *, view: str, name: str, sha256: str, as_of: datetime) -> PriceList:
    counts = {
        "added_count": result.added,
        "changed_count": result.changed,
        "unchanged_count": result.unchanged,
        "withdrawn_count": result.withdrawn,
        "skipped_count": result.error_count,
    }
    price_list = PriceList.objects.create(
        view=view, file_name=name[-255:], sha256=sha256, imported_at=as_of, row_count=result.row_count, **counts
    )
    audit.record(scope, "price_list.imported", price_list, as_of=as_of, after=counts)
    return price_list


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
        validated = self._validator()
        for line, cells in self._found:
            self.row_count += 1
            try:
                good.append(validated(line, cells))
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

    def result(self) -> PriceListImport:
        return PriceListImport(
            row_count=self.row_count,
            repeated=self.repeated,
            error_count=self.error_count,
            errors=tuple(sorted(self._errors, key=attrgetter("line"))[:SHOWN_ERRORS]),
        )

    def _load(self, good: list[StagedRow]) -> None:
        self._staging.load(self._new_skus, self._new_offers, good)
        self._new_skus.clear()
        self._new_offers.clear()
        good.clear()

    def _validator(self) -> Callable[[int, list[str]], StagedRow]:
        """What turns a row into the numbers of its SKU and offer, and its prices. It raises BadValue.

        Equal cells were read before, so most rows cost four look-ups. Local names, since half a million rows pass here.
        """
        columns, width = self.columns, self.columns.width
        sku_cells, offer_cells = columns.sku_cells, columns.offer_cells
        unit_at, erp_at = columns.unit_price, columns.erp_price
        skus, offers, prices = self._skus, self._offers, self._prices

        def validated(line: int, cells: list[str]) -> StagedRow:
            if len(cells) != width:
                columns.check_width(cells)
            key = sku_cells(cells)
            sku = skus.get(key) or self._sku(key)
            key = offer_cells(cells)
            offer = offers.get(key) or self._offer(key)
            text = cells[unit_at]
            unit_price = prices.get(text) or self._price("UnitPrice", text)
            text = "" if erp_at is None else cells[erp_at]
            erp_price = prices.get(text) or (self._price("ERP Price", text) if text.strip() else None)
            return line, sku, offer, unit_price, erp_price

        return validated

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
