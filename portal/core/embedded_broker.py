"""Celery's broker with no server beside it: messages are files in one folder.

kombu's filesystem transport writes into a file that readers can already see and takes messages
through the system's temporary folder; both can lose messages. Here a message appears and is taken
by a rename inside one folder. The row of a job, not the broker, guarantees that it is done (ADR 0008).
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    """One folder for every queue: `<time>_<uuid>.<queue>.msg`."""

    def _folder(self) -> Path:
        folder = Path(self.transport_options["queue_folder"])
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def data_folder_in(self) -> str:
        return str(self._folder())

    @property
    def data_folder_out(self) -> str:
        return str(self._folder())

    @property
    def control_folder(self) -> Path:
        folder = self._folder() / "control"
        folder.mkdir(exist_ok=True)
        return folder

    def get_table(self, exchange: str) -> list[Any]:
        try:
            return list(super().get_table(exchange))
        except ValueError:  # cut off by a power failure; the next process that binds writes it anew
            return []

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        binding = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        known = self.get_table(exchange)
        if binding not in known:
            table = self._exchange_file(exchange)
            hidden = table.with_name(f".{table.name}.{uuid.uuid4()}.tmp")
            hidden.write_text(dumps([binding, *known]))
            hidden.replace(table)

    def _put(self, queue: str, payload: Any, **_kwargs: Any) -> None:  # type: ignore[override]
        folder = self._folder()
        name = f"{time.time_ns()}_{uuid.uuid4()}.{queue}.msg"
        hidden = folder / f".{name}.tmp"
        with hidden.open("wb") as out:
            out.write(str_to_bytes(dumps(payload)))
            out.flush()
            os.fsync(out.fileno())
        hidden.replace(folder / name)

    def _get(self, queue: str, timeout: Any = None) -> Any:
        folder = self._folder()
        for name in self._waiting(queue):
            taken = folder / f".{os.getpid()}.{name}.take"
            try:
                (folder / name).rename(taken)
            except OSError:
                continue  # another worker was faster
            raw = taken.read_bytes()
            taken.unlink()
            try:
                return loads(bytes_to_str(raw))
            except ValueError:
                continue  # not ours to repair; the sweep sends the job again
        raise Empty

    def _waiting(self, queue: str) -> list[str]:
        end = f"{queue}.msg"
        return sorted(name for name in os.listdir(self._folder()) if name[0] != "." and name.partition(".")[2] == end)

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))

    def _purge(self, queue: str) -> int:
        waiting = self._waiting(queue)
        for name in waiting:
            (self._folder() / name).unlink(missing_ok=True)
        return len(waiting)


class Transport(filesystem.Transport):
    Channel = Channel
