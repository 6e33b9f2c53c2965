"""Everything around a worker fails, for real: the request ends Completed once, or Failed with a sentence."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import psycopg
import pytest
from moto.server import ThreadedMotoServer

from downloads.services import runs
from tests.architecture.sources import ROOT
from tests.downloads.installation import Installation, wait_for
from tests.downloads.trouble import (
    WAYS,
    ask_for_a_big_one,
    installed,
    on_postgresql,
    on_sqlite,
    parts_begun,
    state,
    sweep_later,
    uninterrupted,
)

EMBEDDED = [
    pytest.param(("sqlite", "embedded"), marks=on_sqlite),
    pytest.param(("postgresql", "embedded"), marks=on_postgresql),
]
TRY_AGAIN = """
    user = User.objects.get(current_membership__partner__download_requests=1)
    made = services.request_report(user.current_membership.scope(), report="est", as_of=clock.now())
    answer = [made.is_new, made.request.pk]
"""


def ended(portal: Installation, request_id: int = 1) -> str:
    """Waits for the end of the request; answers how it ended."""
    found = wait_for(
        lambda: (s := state(portal, request_id))["status"] not in ("pending", "processing") and s,
        pause=0.5,
        seconds=120,
    )
    return str(found["status"])


# --- The database -----------------------------------------------------------------------------


@on_postgresql
def test_cut_connections_cost_one_part_and_no_attempt(tmp_path: Path) -> None:
    with installed(("postgresql", "embedded"), tmp_path) as portal:
        ask_for_a_big_one(portal, parts=6)
        portal.start_worker()
        wait_for(lambda: parts_begun(portal, 3), pause=0.005, seconds=120)
        with psycopg.connect(portal.environment["DATABASE_URL"], autocommit=True) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert ended(portal) == "completed", f"{state(portal)} {portal.output()}"
        after = state(portal)
        assert after["attempts"] == 1
        assert sum(claims - 1 for _, claims in after["chunks"]) == 1
        assert after["sha256"] == uninterrupted(portal)


# --- The broker -------------------------------------------------------------------------------


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("redis-server")
    assert program
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: _answers(port))
        yield server
    finally:
        server.kill()
        server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@on_postgresql
@pytest.mark.skipif(not shutil.which("redis-server"), reason="no Redis server")
def test_a_broker_that_dies_and_comes_back_empty(tmp_path: Path) -> None:
    """Its messages are gone. The running report goes on; what waited is sent again by the sweep."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with installed(("postgresql", "embedded"), tmp_path) as portal:
        portal.environment["CELERY_BROKER_URL"] = f"redis://127.0.0.1:{port}/0"
        with redis_server(tmp_path, port) as server:
            ask_for_a_big_one(portal, parts=6)
            worker = portal.start_worker()
            wait_for(lambda: parts_begun(portal, 2), pause=0.005, seconds=120)
            server.kill()
            server.wait()
            assert ended(portal) == "completed", portal.output()
            asked = portal.ask("""
                user = factories.make_member(factories.make_partner("Small", mpn_id="7999999"), email="small@contoso.example")
                row = factories.make_customer(user.current_membership.partner)
                factories.make_subscription(row, end_of_term="est")
                answer = services.request_report(user.current_membership.scope(), report="est", as_of=clock.now()).request.pk
            """)
        with redis_server(tmp_path, port):
            assert sweep_later(portal) == 1
            assert ended(portal, asked) == "completed", portal.output()
            assert worker.poll() is None, "the same worker"


@pytest.mark.parametrize("way", EMBEDDED)
def test_lost_messages_are_sent_again(tmp_path: Path, way: tuple[str, str]) -> None:
    with installed(way, tmp_path) as portal:
        ask_for_a_big_one(portal, parts=1)
        shutil.rmtree(tmp_path / "queue")
        portal.start_worker()
        assert sweep_later(portal) == 1
        assert ended(portal) == "completed"


# --- The disk ---------------------------------------------------------------------------------


def _mount(folder: Path) -> bool:
    """A file system of one megabyte at `folder`; False where this process may not mount one."""
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    return os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir()
    if not _mount(folder):
        pytest.skip("mounting needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("way", EMBEDDED)
def test_a_full_disk_fails_with_a_sentence_and_the_next_try_succeeds(tmp_path: Path, way: tuple[str, str]) -> None:
    with installed(way, tmp_path) as portal:
        with small_disk(tmp_path / "files"):
            ask_for_a_big_one(portal, parts=3)
            portal.start_worker()
            assert ended(portal) == "failed", portal.output()
            after = state(portal)
            assert (after["failure"], after["file"]) == (runs.NO_STORAGE, "")
            assert not [file for file in (tmp_path / "files").rglob("*") if file.is_file()], "nothing stays behind"
        is_new, again = portal.ask(TRY_AGAIN)
        assert is_new
        assert ended(portal, again) == "completed", portal.output()


# --- The storage ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", EMBEDDED)
def test_a_storage_that_refuses_and_then_does_not(tmp_path: Path, way: tuple[str, str]) -> None:
    """A bucket that is not there, then is: over HTTP, as with any S3-compatible storage."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    access = {"S3_BUCKET": "reports", "S3_ENDPOINT_URL": address, "S3_REGION": "us-east-1",
              "S3_ACCESS_KEY": "test", "S3_SECRET_KEY": "test"}  # fmt: skip
    try:
        with installed(way, tmp_path, **access) as portal:
            ask_for_a_big_one(portal, parts=2)
            portal.start_worker()
            assert ended(portal) == "failed", portal.output()
            assert state(portal)["failure"] == runs.NO_STORAGE
            bucket = boto3.client("s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="test",
                                  aws_secret_access_key="test")  # fmt: skip
            bucket.create_bucket(Bucket="reports")
            is_new, again = portal.ask(TRY_AGAIN)
            assert is_new
            assert ended(portal, again) == "completed", portal.output()
            after = state(portal, again)
            kept = bucket.list_objects_v2(Bucket="reports")["Contents"]
            assert [entry["Key"] for entry in kept] == [after["file"]], "one whole object"
            assert after["sha256"] == portal.ask(f"""
                import hashlib
                scope = Membership.objects.within(EVERYTHING).select_related("partner").get().scope()
                with services.open_file(scope, request_id={again}, as_of=clock.now()).file as file:
                    answer = hashlib.sha256(file.read()).hexdigest()
            """)
    finally:
        server.stop()


# --- Many at once -----------------------------------------------------------------------------

FIFTY = """
    import sys, threading, time
    scope = User.objects.get(email="everybody@contoso.example").current_membership.scope()
    answers, start = [], threading.Barrier(10)
    def ask():
        start.wait()
        try:
            made = services.request_report(scope, report="est", as_of=clock.now())
            answers.append([made.is_new, made.request.pk])
        except Exception as error:
            answers.append([repr(error), 0])
        finally:
            connection.close()
    threads = [threading.Thread(target=ask) for _ in range(10)]
    connection.close()
    time.sleep(max(0, float({at}) - time.time()))
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    answer = answers
"""


@pytest.mark.parametrize("way", EMBEDDED)
def test_fifty_ask_at_once_from_five_processes(tmp_path: Path, way: tuple[str, str]) -> None:
    """Once, and once more after the first one failed."""
    with installed(way, tmp_path) as portal:
        portal.ask("""
            user = factories.make_member(factories.make_partner(), email="everybody@contoso.example")
            factories.make_customer(user.current_membership.partner)
            answer = None
        """)
        for round_ in (1, 2):
            at = portal.ask("import time; answer = time.time()") + 4
            code = portal.program(FIFTY.format(at=at))
            command = [sys.executable, "-c", code]
            processes = [
                subprocess.Popen(command, env=portal.environment, stdout=subprocess.PIPE, cwd=ROOT) for _ in range(5)
            ]
            answers = [
                answer for process in processes for answer in json.loads(process.communicate()[0].splitlines()[-1])
            ]
            assert len(answers) == 50
            assert [is_new for is_new, _ in answers].count(True) == 1, answers
            assert {number for _, number in answers} == {round_}
            portal.ask("""
                answer = DownloadRequest.objects.within(EVERYTHING).update(status="failed")
            """)


@pytest.mark.parametrize("way", WAYS)
def test_a_small_report_does_not_wait_for_a_big_one(tmp_path: Path, way: tuple[str, str]) -> None:
    """With one worker process, the worst case."""
    with installed(way, tmp_path) as portal:
        ask_for_a_big_one(portal, parts=24)
        worker = portal.start_worker()
        wait_for(lambda: parts_begun(portal, 2), pause=0.005, seconds=120)
        small = portal.ask("""
            user = factories.make_member(factories.make_partner("Small", mpn_id="7999999"), email="small@contoso.example")
            row = factories.make_customer(user.current_membership.partner)
            factories.make_subscription(row, end_of_term="est")
            answer = services.request_report(user.current_membership.scope(), report="est", as_of=clock.now()).request.pk
        """)
        assert ended(portal, small) == "completed", portal.output()
        assert ended(portal) == "completed", portal.output()
        order = portal.ask(f"""
            big, small = (DownloadRequest.objects.within(EVERYTHING).get(pk=pk) for pk in (1, {small}))
            answer = [small.requested_at < big.finished_at, small.finished_at < big.finished_at]
        """)
        assert order == [True, True], "asked for later, finished earlier"
        assert state(portal)["sha256"] == uninterrupted(portal)
        assert worker.poll() is None
