"""Run web, worker and scheduler together; start a child that dies again; stop all of it at once.

Each child leads a process group of its own, and a group is killed before its child is started anew:
a killed worker would otherwise leave its pool behind. The scheduler is never inside the worker,
because there it outlives a killed parent, and two schedulers would send everything twice.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

START_SECONDS = 60
STOP_SECONDS = 10
LONGEST_PAUSE = 30
HEALTHY_SECONDS = 60
PDEATHSIG = 1  # prctl's option


class Child:
    """One process group, and how often it died lately."""

    def __init__(self, name: str, command: list[str], *, nice: int = 0) -> None:
        self.name, self.command, self.nice = name, command, nice
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_again_at = 0.0
        self.deaths = 0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own command line
            self.command, cwd=settings.BASE_DIR, start_new_session=True, preexec_fn=_in_child(self.nice)
        )

    @property
    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else None

    def stop_politely(self) -> None:
        # To the leader alone: the worker's pool hangs when it is told as well.
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def kill_group(self) -> None:
        if self.process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _in_child(nice: int) -> Callable[[], None]:
    """What a child does first: end when this process ends, however it ends (Linux), and be nice."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None) if sys.platform == "linux" else None

    def prepare() -> None:
        if prctl:
            prctl(PDEATHSIG, signal.SIGTERM)
        os.nice(nice)

    return prepare


class Command(BaseCommand):
    help = "Run web, worker and scheduler in one go. Ctrl-C stops all of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000), help="PORT, else 8000")
        parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1", help="HOST, else 127.0.0.1")
        parser.add_argument("--demo", action="store_true", help="fill an empty database with demo data first")

    def handle(self, *_args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        with self._alone(Path(settings.DATA_DIR)):
            self._port_is_free(host, port)
            self._prepare(demo=options["demo"])
            self._supervise(_children(host, port), host, port)

    @contextlib.contextmanager
    def _alone(self, folder: Path) -> Iterator[None]:
        """Two schedulers in one folder would send everything twice. The lock goes when the process goes."""
        with (folder / "serve.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise CommandError(f"The portal is already running with the data in {folder}.") from None
            yield

    def _port_is_free(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(
                    f"Port {port} cannot be used: {error.strerror}. Choose another one: PORT={port + 1}."
                ) from None

    def _prepare(self, *, demo: bool) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        if demo:
            # Loads nothing into a database that has a partner; shows the sign-in accounts every time.
            call_command("load_demo", if_empty=True, stdout=self.stdout)

    def _supervise(self, children: list[Child], host: str, port: int) -> None:
        stop: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _frame: stop.append(number))
        try:
            for child in children:
                child.start()
            self._wait_for_the_web(children[0], host, port, stop)
            while not stop:
                for child in children:
                    self._keep_alive(child)
                time.sleep(0.2)
        finally:
            self.stdout.write("Stopping.")
            _stop(children)

    def _wait_for_the_web(self, web: Child, host: str, port: int, stop: list[int]) -> None:
        until = time.monotonic() + START_SECONDS
        while not stop and not _answers(host, port):
            if web.exit_code is not None:
                raise CommandError("The web server did not start; its message is above.")
            if time.monotonic() > until:
                raise CommandError(f"The web server did not answer on port {port} within {START_SECONDS} seconds.")
            time.sleep(0.1)
        if not stop:
            self.stdout.write(self.style.SUCCESS(f"The portal is ready: http://{_shown(host)}:{port}/"))
            self.stdout.write("Ctrl-C stops it.")
            self.stdout.flush()

    def _keep_alive(self, child: Child) -> None:
        """Start a dead child again, after a pause that grows while it keeps dying."""
        code, now = child.exit_code, time.monotonic()
        if code is None:
            return
        if not child.start_again_at:
            child.kill_group()
            child.deaths = 1 if now - child.started_at > HEALTHY_SECONDS else child.deaths + 1
            pause = min(2 ** (child.deaths - 1), LONGEST_PAUSE)
            child.start_again_at = now + pause
            self.stderr.write(f"The {child.name} ended with code {code}; starting it again in {pause} s.")
        if now >= child.start_again_at:
            child.start_again_at = 0.0
            child.start()


def _children(host: str, port: int) -> list[Child]:
    # A trial in a container runs as root, and Celery says a screenful about that.
    calm = ["-W", "ignore:You're running the worker"] if settings.MODE == "demo" else []
    celery = [sys.executable, *calm, "-m", "celery", "-A", "portal", "-q"]
    quiet = ["-l", "WARNING"]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    web = [sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--bind", address, "--log-level", "warning",
           "--worker-class", "gthread", "--workers", os.environ.get("WEB_WORKERS") or "2", "--threads", "8",
           "--graceful-timeout", "5"]  # fmt: skip
    worker = [*celery, "worker", *quiet, "--without-gossip", "--without-mingle", "--without-heartbeat"]
    # A queue of long work has processes of its own, so that nothing short waits behind it.
    short, reports = (
        [*worker, "-Q", "default", "-c", "1"],
        [*worker, "-Q", "reports", "-c", str(settings.REPORT_WORKERS)],
    )
    beat = [*celery, "beat", *quiet, "--pidfile=", "-s", str(Path(settings.DATA_DIR) / "beat-schedule")]
    # Reports step back when pages need the processor.
    return [
        Child("web", web),
        Child("worker", short, nice=5),
        Child("report worker", reports, nice=5),
        Child("scheduler", beat),
    ]


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(_shown(host), port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def _shown(host: str) -> str:
    """The host to ask: a server on every address is asked on this one."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host  # noqa: S104


def _stop(children: list[Child]) -> None:
    """Ask every child to end, then end what is left of its group."""
    for child in children:
        child.stop_politely()
    until = time.monotonic() + STOP_SECONDS
    while any(child.exit_code is None for child in children if child.process) and time.monotonic() < until:
        time.sleep(0.05)
    for child in children:
        child.kill_group()
