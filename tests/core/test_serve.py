"""`manage.py serve`: three children, all of them gone after Ctrl-C, the data still there."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.downloads.installation import Installation, kill, wait_for

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="once is enough: the processes are the same")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path, database=f"sqlite:///{tmp_path / 'portal.sqlite3'}")
    try:
        yield made
    finally:
        for pid in portal_processes(tmp_path):
            os.kill(pid, signal.SIGKILL)
        made.end()


def portal_processes(folder: Path) -> list[int]:
    """Processes with the data in this folder, found in their environment."""
    mark, found = f"PORTAL_DATA_DIR={folder}".encode(), []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if mark in environment and state != "Z":
            found.append(int(entry.name))
    return found


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def children(parent: int, folder: Path) -> dict[str, int]:
    """Name to process id of the four direct children."""
    found = {}
    for pid in portal_processes(folder):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        name = next((name for name in ("gunicorn", "reports", "worker", "beat") if name in command), "")
        if name and parent_of(pid) == parent:  # without a name: it was forked, and is not yet what it will be
            found[name] = pid
    return found


def pool_of(worker: int, folder: Path) -> list[int]:
    return [pid for pid in portal_processes(folder) if parent_of(pid) == worker]


def start(portal: Installation, port: int) -> subprocess.Popen[bytes]:
    said = portal.output().count("The portal is ready")
    process = portal.start("manage.py", "serve", "--port", str(port))
    wait_for(lambda: portal.output().count(f"The portal is ready: http://127.0.0.1:{port}/") > said, seconds=90)
    return process


def status_of(port: int) -> int:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        asked.request("GET", "/healthz")
        return asked.getresponse().status
    finally:
        asked.close()


def test_start_kill_one_stop_start_again(portal: Installation) -> None:
    port = free_port()
    serve = start(portal, port)
    assert status_of(port) == 200, "the address is printed when it answers, not before"
    first = wait_for(lambda: len(found := children(serve.pid, portal.folder)) == 4 and found)
    assert len({os.getpgid(pid) for pid in first.values()} | {os.getpgid(serve.pid)}) == 5, "a group each"

    os.kill(first["worker"], signal.SIGKILL)
    wait_for(lambda: children(serve.pid, portal.folder).get("worker", first["worker"]) != first["worker"], seconds=60)
    portal.ask("user = factories.make_member(factories.make_partner()); answer = None")

    started = time.monotonic()
    serve.send_signal(signal.SIGINT)
    assert serve.wait(30) == 0
    assert time.monotonic() - started < 15
    assert portal_processes(portal.folder) == [], "no orphan"

    again = start(portal, port)
    assert status_of(port) == 200
    assert portal.ask("answer = User.objects.count()") == 1, "the data stayed"
    other = portal.start("manage.py", "serve", "--port", str(free_port()))
    assert other.wait(60) == 1
    assert "is already running with the data in" in portal.output()

    kill(again)  # also when the supervisor itself is killed
    wait_for(lambda: portal_processes(portal.folder) == [], seconds=30, pause=0.2)


@pytest.mark.parametrize(("name", "processes"), [("worker", 1), ("reports", 2)])
def test_a_killed_process_of_the_pool_does_not_stop_the_work(portal: Installation, name: str, processes: int) -> None:
    """With the embedded broker it may hold the lock behind which the others wait for work."""
    serve = start(portal, free_port())
    worker = children(serve.pid, portal.folder)[name]
    pool = wait_for(lambda: len(found := pool_of(worker, portal.folder)) == processes and found)
    for pid in pool:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: children(serve.pid, portal.folder).get(name, worker) != worker)
    assert "A process of the worker ended with code -9" in portal.output()
    assert not set(pool) & set(portal_processes(portal.folder))
    beat = portal.folder / "last-beat"
    killed_at = time.time()
    wait_for(lambda: beat.exists() and beat.stat().st_mtime > killed_at, seconds=40, pause=0.2)


def test_a_taken_port_is_said_at_once(portal: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        serve = portal.start("manage.py", "serve", "--port", str(port))
        assert serve.wait(60) == 1
    assert f"Port {port} cannot be used" in portal.output()
    assert f"PORT={port + 1}" in portal.output()
    assert not (portal.folder / "portal.sqlite3").exists(), "nothing was prepared"
