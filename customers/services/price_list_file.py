"""Open a price list as it was sent: CSV, zip with a CSV, gzip, deflate or xlsx, told apart by content, not by name."""

from __future__ import annotations

import csv
import hashlib
import io
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from gzip import BadGzipFile, GzipFile
from typing import BinaryIO

from customers.rules import price_list

CHUNK = 1 << 18
LONGEST_LINE = 4 << 20
# What a packed file may grow to. Real lists pack 20 to 60 times; deflate can do 1,032.
LARGEST_UNPACKED = 8 << 30
LARGEST_RATIO = 300
ALWAYS_UNPACKED = 64 << 20
HEADER_ROWS = 20

Row = tuple[int, list[str]]


class PriceListUnreadable(Exception):
    """The file as a whole is no price list. The message says why, and what to do."""


def sha256_of(file: BinaryIO) -> str:
    """The fingerprint of the file as it was sent."""
    file.seek(0)
    digest = hashlib.sha256()
    for piece in _pieces(file.read):
        digest.update(piece)
    return digest.hexdigest()


def rows(file: BinaryIO) -> Iterator[Row]:
    """The rows of `file` (binary, seekable), each with the number of the line on which it starts; the header first.

    Empty rows are left out. Raises PriceListUnreadable, at the latest when the broken place is reached.
    """
    file.seek(0)
    start = file.read(8)
    packed = file.seek(0, io.SEEK_END)
    file.seek(0)
    if not packed:
        raise PriceListUnreadable("The file is empty.")
    try:
        if start.startswith(b"PK"):
            yield from _zip_rows(file, packed)
        elif start.startswith(b"\xd0\xcf\x11\xe0"):
            raise PriceListUnreadable("This is an old Excel file. Save it as .xlsx or as CSV UTF-8.")
        elif start.startswith(b"\x1f\x8b"):
            yield from _csv_rows(_pieces(GzipFile(fileobj=file).read), packed)
        elif start[0] == 0x78 and int.from_bytes(start[:2]) % 31 == 0:
            yield from _csv_rows(_inflated(file), packed)
        else:
            yield from _csv_rows(_pieces(file.read), packed)
    except (
        BadGzipFile,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
    ) as broken:
        raise PriceListUnreadable("The compressed file is damaged. Fetch it again.") from broken


def _zip_rows(file: BinaryIO, packed: int) -> Iterator[Row]:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if "[Content_Types].xml" in names:
            if sum(member.file_size for member in archive.infolist()) > max(ALWAYS_UNPACKED, packed * LARGEST_RATIO):
                raise _bomb()
            yield from _readable(_workbook_rows(file))
            return
        lists = [name for name in names if name.lower().endswith(".csv") and not name.startswith("__MACOSX")]
        if len(lists) != 1:
            what = "no CSV file" if not lists else f"{len(lists)} CSV files"
            raise PriceListUnreadable(f"The zip holds {what}; it must hold exactly one.")
        member = archive.getinfo(lists[0])
        if member.flag_bits & 1:
            raise PriceListUnreadable("The zip is locked with a password. Unpack it first.")
        try:
            unpacked = archive.open(member)
        except NotImplementedError:
            raise PriceListUnreadable(
                "The zip is packed in a way that is not read here. Send the CSV itself."
            ) from None
        with unpacked:
            yield from _csv_rows(_pieces(unpacked.read), packed)


def _pieces(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while piece := read(CHUNK):
        yield piece


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    inflate = zlib.decompressobj()
    for piece in _pieces(file.read):
        while piece:
            yield inflate.decompress(piece, CHUNK)
            piece = inflate.unconsumed_tail
    if not inflate.eof:
        raise EOFError


def _bomb() -> PriceListUnreadable:
    return PriceListUnreadable("The file unpacks to far more than a price list can hold.")


class _Checked(io.RawIOBase):
    """A stream of bytes that stops at what no price list holds, before it fills the memory."""

    def __init__(self, pieces: Iterator[bytes], packed: int) -> None:
        self._pieces = pieces
        self._limit = min(LARGEST_UNPACKED, max(ALWAYS_UNPACKED, packed * LARGEST_RATIO))
        self._total = 0
        self._line = 0
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = memoryview(self._next())
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def _next(self) -> bytes:
        piece = next((piece for piece in self._pieces if piece), b"")
        self._total += len(piece)
        if self._total > self._limit:
            raise _bomb()
        if b"\0" in piece:
            raise _not_text()
        self._line = 0 if b"\n" in piece or b"\r" in piece else self._line + len(piece)
        if self._line > LONGEST_LINE:
            raise PriceListUnreadable("This is no CSV file: it has no lines.")
        return piece


def _not_text(line: int | None = None) -> PriceListUnreadable:
    where = f" near line {line:,}" if line else ""
    return PriceListUnreadable(f"The file is not UTF-8 text{where}. Save it as CSV UTF-8.")


def _csv_rows(pieces: Iterator[bytes], packed: int) -> Iterator[Row]:
    checked = io.BufferedReader(_Checked(pieces, packed), CHUNK)
    text = io.TextIOWrapper(checked, encoding="utf-8-sig", newline="")
    line = 1
    try:
        while (first := text.readline()) and not first.strip():
            line += 1
        if not first:
            raise PriceListUnreadable("The file is empty.")
        yield line, _header(first)
        line += 1
        skipped = line
        reader = csv.reader(text, strict=True)
        for cells in reader:
            if cells:
                yield line, cells
            line = skipped + reader.line_num
    except UnicodeDecodeError:
        raise _not_text(line) from None
    except csv.Error as problem:
        raise PriceListUnreadable(f"From line {line:,} on the file is no CSV: {problem}.") from None


def _header(line: str) -> list[str]:
    """The names in the first line. The vendor's own sample ends it with a curly quote, which closes no CSV value."""
    straight = line.replace("“", '"').replace("”", '"')
    return [name.strip().strip('"') for name in next(csv.reader([straight]))]


def _workbook_rows(file: BinaryIO) -> Iterator[Row]:
    import openpyxl  # noqa: PLC0415 - takes 15 MB in each process, and only a workbook needs it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and validations, which nobody here reads
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    try:
        sheets = [sheet for sheet in book.worksheets if any(_filled(sheet, HEADER_ROWS))]
        if not sheets:
            raise PriceListUnreadable("The workbook is empty.")
        for sheet in sheets:
            top = next((line for line, cells in _filled(sheet, HEADER_ROWS) if price_list.is_header(cells)), None)
            if top:
                break
        else:
            sheet, top = sheets[0], 1
        width = 0
        for line, cells in _filled(sheet, None, top):
            while len(cells) > width and not cells[-1]:
                cells.pop()
            width = width or len(cells)
            yield line, cells + [""] * (width - len(cells))
    finally:
        book.close()


def _readable(rows: Iterator[Row]) -> Iterator[Row]:
    """`rows`, with one sentence for whatever openpyxl raises about a workbook that is none: it may be any error."""
    try:
        yield from rows
    except (PriceListUnreadable, zipfile.BadZipFile, zlib.error):
        raise
    except Exception as broken:
        if isinstance(broken, OSError) and broken.errno is not None:  # the disk, not the workbook
            raise
        raise PriceListUnreadable("The workbook is damaged. Save it again, as .xlsx or as CSV UTF-8.") from broken


def _filled(sheet: object, last: int | None, first: int = 1) -> Iterator[Row]:
    """Rows of the sheet that are not empty, as text."""
    sheet.reset_dimensions()  # type: ignore[attr-defined] # some writers record a wrong size
    found = sheet.iter_rows(min_row=first, max_row=last, values_only=True)  # type: ignore[attr-defined]
    for line, values in enumerate(found, start=first):
        cells = [_cell(value) for value in values]
        if any(cells):
            yield line, cells


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return format(value, ".15g")  # the digits that Excel itself shows
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
