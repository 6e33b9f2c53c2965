"""What `tests.benchmarks.est_report` measures, once a filled database stands.

A worker is a process that waits for a number on its standard input, works on that request as the queue would
tell it to, and prints what became of it; so starting Python is in no figure, and neither is a broker.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psycopg
from django.test import Client

from downloads import files, pipeline, services
from downloads.models import DownloadChunk, DownloadRequest
from downloads.reports import REPORTS
from portal.core import clock
from portal.core.models import Membership
from portal.core.scope import Scope
from tests.benchmarks.memory import peak_megabytes

EVERYTHING = Scope.for_operator()
EST = REPORTS["est"]


# --- Workers ----------------------------------------------------------------------------------


def work() -> None:
    """A worker process: see above."""
    for line in sys.stdin:
        outcome = services.run(request_id=int(line), now=clock.now)
        megabytes = peak_megabytes()
        print(json.dumps({"outcome": outcome, "megabytes": megabytes}), flush=True)


class Worker:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["nice", "-n", "5", sys.executable, "-m", "tests.benchmarks.est_report", "--work"],  # as `serve` does
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def tell(self, request_id: int) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{request_id}\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout
        return dict(json.loads(self.process.stdout.readline()))


@contextmanager
def workers(count: int) -> Iterator[list[Worker]]:
    made = [Worker() for _ in range(count)]
    try:
        yield made
    finally:
        for worker in made:
            worker.process.kill()
            worker.process.wait()


def scope_of(partner: int) -> Scope:
    return Membership.objects.within(EVERYTHING).select_related("partner").get(partner=partner).scope()


def ask(partner: int) -> DownloadRequest:
    DownloadRequest.objects.within(EVERYTHING).delete()
    return services.request_report(scope_of(partner), report="est", as_of=clock.now()).request


def _together_on(request: DownloadRequest, team: list[Worker]) -> None:
    """The first worker cuts the parts and calls the others, which a broker would tell."""
    rows = DownloadRequest.objects.within(EVERYTHING).filter(pk=request.pk, parts_total__isnull=False)
    team[0].tell(request.pk)
    while len(team) > 1 and not rows.exists():
        time.sleep(0.001)
    for worker in team[1:]:
        worker.tell(request.pk)


def product(partner: int, team: list[Worker]) -> dict[str, float]:
    """One report, from the request to the published file: {seconds, megabytes, rows}."""
    started = time.perf_counter()
    request = ask(partner)
    _together_on(request, team)
    answers = [worker.answer() for worker in team]
    seconds = time.perf_counter() - started
    request.refresh_from_db()
    assert request.status == "completed", (request.failure, answers)
    return {
        "seconds": seconds, "megabytes": max(answer["megabytes"] for answer in answers), "rows": request.row_count or 0,
    }  # fmt: skip


# --- R6, R7 -----------------------------------------------------------------------------------


def backend_memory(url: str, partner: int, team: list[Worker]) -> float | None:
    """Peak of the anonymous memory of all backends of the workers during a report, MB; None: not to be read."""
    peak, stop = [0.0], Event()

    def look() -> None:
        with psycopg.connect(url, autocommit=True) as server:
            while not stop.wait(0.05):
                rows = server.execute(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    " AND (query LIKE 'COPY%' OR backend_type = 'parallel worker')"
                ).fetchall()
                peak[0] = max(peak[0], sum(_anonymous(pid) for (pid,) in rows))

    watcher = Thread(target=look)
    watcher.start()
    try:
        product(partner, team)
    finally:
        stop.set()
        watcher.join()
    return peak[0] or None


def _anonymous(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) / 1024
    return 0.0


def killed(partner: int, folder: Path) -> tuple[int, int, bool]:
    """kill -9 of two workers half way, then a new one: how many parts were written twice, all parts, whether the file is equal."""
    request = ask(partner)
    rows = DownloadRequest.objects.within(EVERYTHING).filter(pk=request.pk)
    with workers(2) as team:
        _together_on(request, team)
        half = (rows.get().parts_total or 0) // 2
        while rows.get().parts_done < half:
            time.sleep(0.002)
    assert rows.get().status == "processing", "it was too quick to be killed"
    services.sweep(as_of=clock.now() + timedelta(seconds=61))
    with workers(1) as team:
        team[0].tell(request.pk)
        team[0].answer()
    made = rows.get()
    assert made.status == "completed", made.failure
    claims = list(DownloadChunk.objects.within(EVERYTHING).filter(request=request).values_list("claims", flat=True))
    assert made.evaluation_at
    whole: files.Whole = pipeline.write_file(
        EST, scope_of(partner), folder / "whole.csv", evaluation_at=made.evaluation_at
    )
    return sum(count - 1 for count in claims), len(claims), whole.sha256 == made.sha256


# --- R8 ---------------------------------------------------------------------------------------


def table_export(partner: int, path: Path) -> float:
    """Seconds of django-tables2's own export of the same rows and columns."""
    import django_tables2  # noqa: PLC0415
    from django_tables2.export import TableExport  # noqa: PLC0415

    columns = {column.field.replace("__", "_"): column for column in EST.columns[:-1]}
    fields = {name: django_tables2.Column(column.header, accessor=column.field) for name, column in columns.items()}
    table = type("EstTable", (django_tables2.Table,), fields)
    started = time.perf_counter()
    rows = EST.query(scope_of(partner), as_of=clock.now()).select_related("customer").order_by("pk")
    path.write_text(str(TableExport("csv", table(rows)).export()))
    return time.perf_counter() - started


def import_export(partner: int, path: Path) -> float:
    """Seconds of django-import-export's export of the same rows and columns."""
    from import_export import fields, resources  # noqa: PLC0415

    made = {
        column.field.replace("__", "_"): fields.Field(column_name=column.header, attribute=column.field)
        for column in EST.columns[:-1]
    }
    resource_class = type("EstResource", (resources.Resource,), made)
    started = time.perf_counter()
    rows = EST.query(scope_of(partner), as_of=clock.now()).select_related("customer").order_by("pk")
    path.write_text(resource_class().export(rows).csv)
    return time.perf_counter() - started


# --- R9 ---------------------------------------------------------------------------------------


def pages_beside_reports(
    partner: int, team: list[Worker], port: int, *, seconds: float = 6
) -> tuple[float, float, float]:
    """p95 of the list page, ms, idle and while reports run back to back, at half the rate that saturates; the rate."""
    user = Membership.objects.within(EVERYTHING).select_related("user").get(partner=partner).user
    browser = Client()
    browser.force_login(user, backend="portal.core.auth.MembershipBackend")
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--bind", f"127.0.0.1:{port}", "--workers", "2",
         "--worker-class", "gthread", "--threads", "8", "--log-level", "error"],
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}/subscriptions/"

    def get() -> float:
        started = time.perf_counter()
        asked = urllib.request.Request(address, headers={"Cookie": cookie})
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
            answer.read()
        return (time.perf_counter() - started) * 1000

    try:
        _until(get)
        rate = _saturation(get)
        idle = _open_loop(get, rate / 2, seconds)
        stop = Event()
        reports = Thread(target=lambda: _back_to_back(partner, team, stop))
        reports.start()
        busy = _open_loop(get, rate / 2, seconds)
        stop.set()
        reports.join()
    finally:
        server.terminate()
        server.wait()
    return _p95(idle), _p95(busy), rate


def _until(get: Callable[[], float]) -> None:
    for _ in range(100):
        with suppress(OSError):
            for _ in range(20):
                get()
            return
        time.sleep(0.2)
    raise AssertionError("the web server does not answer")


def _saturation(get: Callable[[], float], seconds: float = 3) -> float:
    counts, until = [0] * 4, time.perf_counter() + seconds

    def loop(number: int) -> None:
        while time.perf_counter() < until:
            get()
            counts[number] += 1

    _together([lambda n=number: loop(n) for number in range(4)])  # type: ignore[misc]
    return sum(counts) / seconds


def _open_loop(get: Callable[[], float], rate: float, seconds: float) -> list[float]:
    """Requests at fixed moments, whether or not the one before has its answer."""
    times: list[float] = []
    begin = time.perf_counter() + 0.1

    def loop(first: int) -> None:
        for number in range(first, int(rate * seconds), 16):
            due = begin + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            get()
            times.append((time.perf_counter() - due) * 1000)

    _together([lambda n=number: loop(n) for number in range(16)])  # type: ignore[misc]
    return times


def _together(calls: list[Callable[[], None]]) -> None:
    threads = [Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _back_to_back(partner: int, team: list[Worker], stop: Event) -> None:
    from django.db import connection  # noqa: PLC0415

    while not stop.is_set():
        product(partner, team)
    connection.close()


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
