"""The processes of the worker: when one of them is killed, the worker ends and is started anew.

With the embedded broker they wait for work behind one lock. A process that is killed while it waits takes the lock
along, and the others would wait for ever, without a word. `manage.py serve` (or the service manager) starts the
worker again; the sweep takes up what was under way (ADR 0008).
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from typing import Any

from billiard.pool import EX_RECYCLE
from celery.concurrency import prefork

log = logging.getLogger(__name__)


class TaskPool(prefork.TaskPool):
    def on_start(self) -> None:
        super().on_start()
        if self.options.get("threads", True):  # with Redis each process has a pipe of its own instead
            self._pool.on_process_down = self._on_process_down

    def _on_process_down(self, process: Any) -> None:
        ended_as_told = getattr(process, "_controlled_termination", False)  # such as by the time limit
        if process.exitcode in (os.EX_OK, EX_RECYCLE) or ended_as_told:
            return
        log.error("A process of the worker ended with code %s; the worker ends too.", process.exitcode)
        for other in self._pool._pool:
            with contextlib.suppress(ProcessLookupError):
                os.kill(other.pid, signal.SIGKILL)
        # A polite end would wait for the lock.
        os._exit(1)
