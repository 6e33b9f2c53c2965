"""The broker without a server: every message arrives once, whatever else lies in the folder."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from tests.architecture.sources import ROOT

CONSUMER = """
import sys, time
from queue import Empty
from kombu import Connection
import portal.celery
queue = Connection("embedded://localhost", transport_options={"queue_folder": sys.argv[1]}).SimpleQueue("default")
end = time.monotonic() + 60
while time.monotonic() < end:
    try:
        message = queue.get_nowait()
    except Empty:
        time.sleep(0.001)
        continue
    message.ack()
    if message.payload == "stop":
        break
    print(message.payload)
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Connection]:
    with Connection("embedded://localhost", transport_options={"queue_folder": str(tmp_path / "queue")}) as connection:
        connection.transport.state.clear()  # kombu remembers the bindings of the process, whatever the folder
        yield connection


def everything(queue: Any) -> list[Any]:
    found = []
    while True:
        try:
            message = queue.get_nowait()
        except Empty:
            return found
        message.ack()
        found.append(message.payload)


def test_messages_come_in_order_and_queues_do_not_mix(broker: Connection) -> None:
    reports, default = broker.SimpleQueue("reports"), broker.SimpleQueue("default")
    for number in range(5):
        reports.put(number)
        default.put(f"other {number}")
    assert reports.qsize() == 5
    assert everything(reports) == [0, 1, 2, 3, 4]
    assert default.clear() == 5
    assert everything(default) == []


def test_several_processes_share_the_messages_and_none_is_lost_or_doubled(broker: Connection, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CONSUMER, str(tmp_path / "queue")]
    consumers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    queue = broker.SimpleQueue("default")
    for number in range(150):
        queue.put(number)
    for _ in consumers:
        queue.put("stop")
    took = [consumer.communicate(timeout=90)[0].split() for consumer in consumers]
    counted = Counter(number for part in took for number in part)
    assert counted == Counter(str(number) for number in range(150))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"], ids=["empty", "cut off", "not text"])
def test_a_damaged_message_is_passed_over(broker: Connection, tmp_path: Path, content: bytes) -> None:
    queue = broker.SimpleQueue("default")
    (tmp_path / "queue" / "0_damaged.default.msg").write_bytes(content)
    queue.put("whole")
    assert everything(queue) == ["whole"]


def test_a_message_is_never_visible_half_written(broker: Connection, tmp_path: Path) -> None:
    queue = broker.SimpleQueue("default")
    (tmp_path / "queue" / ".1_growing.default.msg.tmp").write_bytes(b"{")
    assert queue.qsize() == 0
    assert everything(queue) == []


def test_a_cut_off_table_of_bindings_does_not_stop_the_next_start(broker: Connection, tmp_path: Path) -> None:
    broker.SimpleQueue("default").put("before")
    tables = list((tmp_path / "queue" / "control").glob("*.exchange"))
    assert tables
    for table in tables:
        table.write_bytes(b"")
    broker.transport.state.clear()  # as a new process
    with broker.clone() as later:
        queue = later.SimpleQueue("default")
        queue.put("after")
        assert everything(queue) == ["before", "after"]
