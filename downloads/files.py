"""Parts of a file on this disk, and how they become the file.

Each request has a folder, each claim on a part a file in it: a worker that lost its claim never writes into
what counts. When all parts are done, one worker joins them into a draft and publishes it whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from portal.core import pages_first

BLOCK = 1 << 20
# Bytes between two looks whether pages are waiting: some milliseconds of work.
COURTEOUS_EVERY = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a worker wrote. The checksum tells what a power failure took."""

    number: int
    claim: int
    rows: int
    size: int
    crc32: int


@dataclass(frozen=True, kw_only=True)
class Whole:
    rows: int
    size: int
    sha256: str


class _Counted:
    """A file that counts its bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._file: BinaryIO = path.open("wb", buffering=BLOCK)
        self._courtesy, self._courteous_at = pages_first.Courtesy(), COURTEOUS_EVERY

    def write(self, block: Any) -> int:
        self.size += len(block)
        if self.size >= self._courteous_at:
            self._courtesy()
            self._courteous_at = self.size + COURTEOUS_EVERY
        return self._file.write(block)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._file.close()


class PartFile(_Counted):
    """One range of customers, without a header."""

    crc32 = 0

    def write(self, block: Any) -> int:
        self.crc32 = zlib.crc32(block, self.crc32)
        return super().write(block)


class Draft(_Counted):
    """A whole file that is not published yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._sha256 = hashlib.sha256()

    def write(self, block: Any) -> int:
        self._sha256.update(block)
        return super().write(block)

    def sync(self) -> None:
        """Put the whole file safely on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()


class Workshop:
    """The folder of one request on this disk. A new plan has a new folder."""

    def __init__(self, request_id: int, plan: int) -> None:
        self.folder = _root() / f"{request_id}-{plan}"

    def open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def is_here(self) -> bool:
        """False on a machine that does not share the disk of the worker which cut the parts."""
        return self.folder.is_dir()

    def write_part(self, number: int, claim: int, write: Callable[[PartFile], int]) -> Part:
        """Let `write` fill the part; it answers the number of rows."""
        with PartFile(self._part(number, claim)) as out:
            rows = write(out)
        return Part(number=number, claim=claim, rows=rows, size=out.size, crc32=out.crc32)

    def _part(self, number: int, claim: int) -> Path:
        return self.folder / f"{number:05d}-{claim}.part"

    def join(self, draft: Draft, header: bytes, parts: Sequence[Part], beat: Callable[[], None]) -> list[int]:
        """Write header and parts into the draft. Answers the numbers of damaged parts; with one, the draft is no good."""
        damaged: list[int] = []
        draft.write(header)
        for part in parts:
            beat()
            size = crc32 = 0
            for block in _blocks(self._part(part.number, part.claim)):
                size, crc32 = size + len(block), zlib.crc32(block, crc32)
                if not damaged:
                    draft.write(block)
            if (size, crc32) != (part.size, part.crc32):
                damaged.append(part.number)
        return damaged

    def draft(self, attempt: int) -> Draft:
        return Draft(self.folder / f"{attempt}.draft")

    def publish(self, draft: Draft, name: str, beat: Callable[[], None]) -> None:
        """Put the finished draft under `name` into the storage: the whole of it, or nothing at all."""
        draft.sync()
        try:
            place = Path(default_storage.path(name))
        except NotImplementedError:  # not on this disk: an object store, where an upload appears whole
            with draft.path.open("rb") as file:
                default_storage.save(name, File(_Beating(file, beat)))  # type: ignore[arg-type]  # as a file does
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            draft.path.replace(place)

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class _Beating:
    """A file whose reader shows that it is alive: an upload may take longer than a lease."""

    def __init__(self, file: BinaryIO, beat: Callable[[], None]) -> None:
        self._file, self._beat = file, beat

    def read(self, size: int = -1) -> bytes:
        self._beat()
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb", buffering=0) as file:
            while block := file.read(BLOCK):
                yield block
    except FileNotFoundError:
        return


def clear_all_but(request_ids: Collection[int]) -> None:
    """Remove the folders of other requests, such as those of workers that were killed."""
    for folder in _root().glob("*-*"):
        if int(folder.name.partition("-")[0]) not in request_ids:
            shutil.rmtree(folder, ignore_errors=True)


def _root() -> Path:
    return Path(settings.MEDIA_ROOT) / ".work"
