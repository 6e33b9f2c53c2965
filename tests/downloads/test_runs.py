"""A worker makes the file: whole or not at all, once, whoever dies or sleeps meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from moto import mock_aws

from customers.models import Customer, PromotionAssignment
from downloads import files, pipeline, services
from downloads.models import DownloadChunk, DownloadRequest
from downloads.reports import REPORTS
from downloads.services import keeping, runs
from portal.core.models import Membership
from portal.core.scope import Scope
from tests import factories
from tests.downloads.test_requests import make_request

Status = DownloadRequest.Status


class Clock:
    """Moves one second with each look."""

    def __init__(self, start: datetime) -> None:
        self.at = start

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@pytest.fixture
def clock(as_of: datetime) -> Clock:
    return Clock(as_of)


@pytest.fixture
def four_parts(ours: Scope, monkeypatch: pytest.MonkeyPatch) -> Scope:
    """Seven customers with two rows each, two customers in a part."""
    first = Customer.objects.within(ours).get()
    customers = [first, *(factories.make_customer(first.partner, f"Customer {n}") for n in range(6))]
    for customer in customers:
        for number in range(2):
            factories.make_subscription(customer, name=f"Plan {number}", end_of_term="est")
    monkeypatch.setattr(pipeline, "CUSTOMERS_PER_PART", 2)
    return ours


def expected(scope: Scope, at: datetime, tmp_path: Path) -> files.Whole:
    return pipeline.write_file(REPORTS["est"], scope, tmp_path / "expected.csv", evaluation_at=at)


def content(request: DownloadRequest) -> bytes:
    with default_storage.open(request.file_name) as file:
        return bytes(file.read())


def shop_of(request: DownloadRequest) -> files.Workshop:
    return files.Workshop(request.pk, 1)


def done_parts(request: DownloadRequest) -> Any:
    return DownloadChunk.objects.within(Scope.for_operator()).filter(request=request, row_count__isnull=False)


def run_until_killed(request: DownloadRequest, clock: Clock, *, parts: int) -> None:
    """The power fails in the part after `parts`."""
    write = pipeline.write_range

    def failing(report: Any, scope: Any, keys: pipeline.Range, out: Any, **more: Any) -> int:
        if keys.number > parts:
            out.write(b"half a li")
            raise KeyboardInterrupt
        return write(report, scope, keys, out, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "write_range", failing)
        with pytest.raises(KeyboardInterrupt):
            services.run(request_id=request.pk, now=clock)


def test_a_run_makes_the_file(four_parts: Scope, as_of: datetime, clock: Clock, tmp_path: Path) -> None:
    request = make_request(four_parts, as_of)
    assert services.run(request_id=request.pk, now=clock) == "completed"
    request.refresh_from_db()
    whole = expected(four_parts, request.evaluation_at, tmp_path)
    assert (request.status, request.attempts, request.lease_until) == (Status.COMPLETED, 1, None)
    assert request.partner.latest_download_at == request.finished_at  # the badge counts only after this
    assert (request.row_count, request.rows_done) == (14, 14)
    assert (request.parts_done, request.parts_total) == (4, 4)
    assert (request.sha256, request.byte_count) == (whole.sha256, whole.size)
    assert hashlib.sha256(content(request)).hexdigest() == request.sha256
    assert request.expires_at == request.finished_at + timedelta(days=30)
    assert done_parts(request).count() == 4
    assert not shop_of(request).folder.exists()


def test_a_second_message_does_nothing(four_parts: Scope, as_of: datetime, clock: Clock) -> None:
    request = make_request(four_parts, as_of)
    services.run(request_id=request.pk, now=clock)
    assert services.run(request_id=request.pk, now=clock) == "not mine"
    busy = make_request(
        four_parts, as_of, status=Status.PROCESSING, attempts=1, lease_until=as_of + timedelta(minutes=1)
    )
    assert services.run(request_id=busy.pk, now=clock) == "not mine"


def test_nothing_to_report_makes_no_file(ours: Scope, as_of: datetime, clock: Clock) -> None:
    request = make_request(ours, as_of)
    assert services.run(request_id=request.pk, now=clock) == "completed"
    request.refresh_from_db()
    assert (request.status, request.row_count, request.file_name, request.sha256) == (Status.COMPLETED, 0, "", "")


def test_a_killed_run_is_resumed_with_the_same_bytes(
    four_parts: Scope, as_of: datetime, clock: Clock, tmp_path: Path
) -> None:
    request = make_request(four_parts, as_of)
    run_until_killed(request, clock, parts=2)
    kept = list(done_parts(request).values_list("pk", "claims"))
    assert len(kept) == 2
    request.refresh_from_db()
    assert (request.status, request.rows_done) == (Status.PROCESSING, 8)
    assert services.sweep(as_of=clock.at) == 0, "the lease still runs"

    clock.at += runs.LEASE
    assert services.sweep(as_of=clock.at) == 1
    assert services.run(request_id=request.pk, now=clock) == "completed"
    first_evaluation = request.evaluation_at
    request.refresh_from_db()
    assert request.attempts == 2
    assert request.evaluation_at == first_evaluation
    assert request.sha256 == expected(four_parts, first_evaluation, tmp_path).sha256
    chunks = list(done_parts(request).values_list("pk", "claims"))
    assert chunks[:2] == kept, "no finished part was made again"
    assert [claims for _, claims in chunks] == [1, 1, 2, 1]


@pytest.mark.parametrize("damage", ["changed", "cut", "removed"])
def test_a_damaged_part_is_made_again(
    four_parts: Scope, as_of: datetime, clock: Clock, tmp_path: Path, damage: str
) -> None:
    request = make_request(four_parts, as_of)
    run_until_killed(request, clock, parts=3)
    part = shop_of(request).folder / "00002-1.part"
    content = bytearray(part.read_bytes())
    if damage == "changed":
        content[10] ^= 1
        part.write_bytes(content)
    elif damage == "cut":
        part.write_bytes(content[:10])
    else:
        part.unlink()
    clock.at += runs.LEASE
    assert services.run(request_id=request.pk, now=clock) == "completed"
    request.refresh_from_db()
    assert (request.parts_done, request.rows_done) == (4, 14)
    assert request.sha256 == expected(four_parts, request.evaluation_at, tmp_path).sha256
    assert list(done_parts(request).values_list("claims", flat=True)) == [1, 2, 1, 2]


def test_parts_on_another_disk_are_made_anew(four_parts: Scope, as_of: datetime, clock: Clock, tmp_path: Path) -> None:
    """A worker without the folder leaves a request alone that others work on, and starts anew when nobody does."""
    request = make_request(four_parts, as_of)
    run_until_killed(request, clock, parts=2)
    shop_of(request).clear()
    assert services.run(request_id=request.pk, now=clock) == "not mine"
    clock.at += runs.LEASE
    assert services.run(request_id=request.pk, now=clock) == "completed"
    request.refresh_from_db()
    assert (request.plan, request.attempts) == (2, 2)
    assert request.sha256 == expected(four_parts, request.evaluation_at, tmp_path).sha256


def test_two_kills_in_a_row(four_parts: Scope, as_of: datetime, clock: Clock, tmp_path: Path) -> None:
    request = make_request(four_parts, as_of)
    for parts in (1, 3):
        run_until_killed(request, clock, parts=parts)
        clock.at += runs.LEASE
    assert services.run(request_id=request.pk, now=clock) == "completed"
    request.refresh_from_db()
    assert request.attempts == 3
    assert request.sha256 == expected(four_parts, request.evaluation_at, tmp_path).sha256


def test_a_second_worker_shares_the_parts(
    four_parts: Scope, as_of: datetime, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the first is at its first part, the second takes the others; the first one joins them."""
    request = make_request(four_parts, as_of)
    write, answers = pipeline.write_range, []

    def shared(report: Any, scope: Any, keys: pipeline.Range, out: Any, **more: Any) -> int:
        if keys.number == 1:
            answers.append(services.run(request_id=request.pk, now=clock))
        return write(report, scope, keys, out, **more)

    monkeypatch.setattr(pipeline, "write_range", shared)
    assert services.run(request_id=request.pk, now=clock) == "completed"
    assert answers == ["left the rest to others"]
    request.refresh_from_db()
    assert (request.attempts, request.row_count) == (1, 14)
    assert request.sha256 == expected(four_parts, request.evaluation_at, tmp_path).sha256


def test_a_worker_that_lost_its_lease_stops_and_touches_nothing(
    four_parts: Scope, as_of: datetime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sleeps in its second part; meanwhile another worker takes the request and finishes it."""
    request = make_request(four_parts, as_of)
    write, slept = pipeline.write_range, []

    def sleepy(report: Any, scope: Any, keys: pipeline.Range, out: Any, **more: Any) -> int:
        rows = write(report, scope, keys, out, **more)
        if keys.number == 2 and not slept:
            slept.append(True)
            clock.at += runs.LEASE * 2
            assert services.run(request_id=request.pk, now=clock) == "completed"
        return rows

    monkeypatch.setattr(pipeline, "write_range", sleepy)
    assert services.run(request_id=request.pk, now=clock) == "lost the lease"
    request.refresh_from_db()
    assert (request.status, request.attempts) == (Status.COMPLETED, 2)
    assert hashlib.sha256(content(request)).hexdigest() == request.sha256
    assert done_parts(request).count() == 4


def test_a_worker_stops_while_the_other_one_is_still_at_work(
    four_parts: Scope, as_of: datetime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = make_request(four_parts, as_of)
    write, slept = pipeline.write_range, []

    def sleepy(report: Any, scope: Any, keys: pipeline.Range, out: Any, **more: Any) -> int:
        if keys.number == 2 and not slept:
            slept.append(True)
            clock.at += runs.LEASE * 2
            other = runs._take_up(request.pk, as_of=clock())
            assert other
            assert runs._claim(other, as_of=clock())
        return write(report, scope, keys, out, **more)

    monkeypatch.setattr(pipeline, "write_range", sleepy)
    assert services.run(request_id=request.pk, now=clock) == "lost the lease"
    request.refresh_from_db()
    assert (request.status, request.attempts, request.rows_done) == (Status.PROCESSING, 2, 4)
    assert done_parts(request).count() == 1
    assert shop_of(request).is_here, "the other one needs it"


def test_a_lease_lost_at_the_very_end_leaves_the_other_file_alone(
    four_parts: Scope, as_of: datetime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = make_request(four_parts, as_of)
    publish, slept = files.Workshop.publish, []

    def sleepy(self: Any, *arguments: Any) -> None:
        publish(self, *arguments)
        if not slept:
            slept.append(True)
            clock.at += runs.LEASE * 2
            assert services.run(request_id=request.pk, now=clock) == "completed"

    monkeypatch.setattr(files.Workshop, "publish", sleepy)
    assert services.run(request_id=request.pk, now=clock) == "lost the lease"
    request.refresh_from_db()
    assert hashlib.sha256(content(request)).hexdigest() == request.sha256
    assert default_storage.listdir(f"downloads/{request.partner_id}")[1] == [Path(request.file_name).name]


def test_no_half_file_is_ever_visible(
    four_parts: Scope, as_of: datetime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks into the storage at every write: nothing is there until the whole file is."""
    request = make_request(four_parts, as_of)
    seen: list[list[Path]] = []
    write = files._Counted.write

    def looking(self: Any, block: Any) -> int:
        seen.append(list(Path(default_storage.path("")).glob("downloads/**/*.csv")))
        return write(self, block)

    monkeypatch.setattr(files._Counted, "write", looking)
    services.run(request_id=request.pk, now=clock)
    assert len(seen) >= 5
    assert not any(seen)
    request.refresh_from_db()
    assert default_storage.exists(request.file_name)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(OSError(28, "No space left on device"), runs.NO_STORAGE), (ZeroDivisionError("of a library"), runs.NO_STORAGE)],
    ids=["disk full", "the storage's own error"],
)
def test_a_failure_is_told_in_a_sentence(
    four_parts: Scope, as_of: datetime, clock: Clock, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def broken(*_arguments: Any) -> None:
        raise error

    monkeypatch.setattr(files.Workshop, "publish", broken)
    request = make_request(four_parts, as_of)
    assert services.run(request_id=request.pk, now=clock) == "failed"
    request.refresh_from_db()
    assert (request.status, request.failure, request.file_name) == (Status.FAILED, sentence, "")
    assert not shop_of(request).folder.exists()
    assert services.request_report(four_parts, report="est", as_of=clock()).is_new, "a failure does not count"


@pytest.mark.parametrize("how", ["left the partner", "lost the role", "was closed"])
def test_rights_are_asked_again_when_the_job_runs(
    four_parts: Scope, as_of: datetime, clock: Clock, how: str, ours_user: Any
) -> None:
    request = make_request(four_parts, as_of)
    memberships = Membership.objects.within(four_parts).filter(user=ours_user)
    if how == "left the partner":
        memberships.delete()
    elif how == "lost the role":
        memberships.update(roles=[])
    else:
        ours_user.is_active = False
        ours_user.save()
    assert services.run(request_id=request.pk, now=clock) == "failed"
    request.refresh_from_db()
    assert request.failure == runs.NO_ACCESS


# --- The sweep ---


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The requests that the sweep sent, instead of a broker."""
    found: list[int] = []
    monkeypatch.setattr(keeping, "enqueue", lambda _name, *, request_id: found.append(request_id))
    return found


def test_only_what_waits_too_long_is_sent_again(ours: Scope, theirs: Scope, as_of: datetime, sent: list[int]) -> None:
    old = make_request(ours, as_of - timedelta(seconds=60))
    make_request(theirs, as_of - timedelta(seconds=59))
    assert services.sweep(as_of=as_of) == 1
    assert sent == [old.pk]
    assert services.sweep(as_of=as_of + timedelta(seconds=0.5)) == 0, "not again before another minute"


def test_a_lease_that_ended_is_taken_up_and_a_running_one_is_not(
    ours: Scope, theirs: Scope, as_of: datetime, sent: list[int]
) -> None:
    running = {"status": Status.PROCESSING, "attempts": 1}
    dead = make_request(ours, as_of, lease_until=as_of - timedelta(seconds=1), **running)
    make_request(theirs, as_of, lease_until=as_of + timedelta(seconds=1), **running)
    services.sweep(as_of=as_of)
    assert sent == [dead.pk]


def test_it_gives_up_with_a_sentence(ours: Scope, as_of: datetime, sent: list[int]) -> None:
    dead = make_request(
        ours, as_of, status=Status.PROCESSING, attempts=runs.MAX_ATTEMPTS, lease_until=as_of - timedelta(seconds=1)
    )
    services.sweep(as_of=as_of)
    dead.refresh_from_db()
    assert (dead.status, dead.failure, sent) == (Status.FAILED, runs.GAVE_UP, [])


def test_a_sweep_sends_no_more_than_its_cap(
    as_of: datetime, db: None, sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "SWEEP_AT_MOST", 2)
    for _ in range(3):
        make_request(Scope(partner_id=factories.make_partner().pk), as_of - timedelta(hours=1))
    assert [services.sweep(as_of=as_of), services.sweep(as_of=as_of)] == [2, 1]
    assert len(set(sent)) == 3


# --- Object storage ---


@pytest.fixture
def bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="reports")
        s3 = {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {"bucket_name": "reports", "region_name": "us-east-1", "file_overwrite": True},
        }
        settings.STORAGES = {**settings.STORAGES, "default": s3}
        yield client


def test_on_s3_the_object_appears_whole(four_parts: Scope, as_of: datetime, clock: Clock, bucket: Any) -> None:
    request = make_request(four_parts, as_of)
    assert services.run(request_id=request.pk, now=clock) == "completed"
    request.refresh_from_db()
    assert [o["Key"] for o in bucket.list_objects_v2(Bucket="reports")["Contents"]] == [request.file_name]
    with services.open_file(four_parts, request_id=request.pk, as_of=clock()).file as file:
        assert hashlib.sha256(file.read()).hexdigest() == request.sha256
    assert services.expire(as_of=clock() + timedelta(days=31)) == 1
    assert bucket.list_objects_v2(Bucket="reports")["KeyCount"] == 0


# --- Every report ---


@pytest.mark.parametrize("key", sorted(REPORTS))
def test_every_report_costs_the_same_queries_for_1_and_20_rows(
    key: str, ours: Scope, as_of: datetime, tmp_path: Path
) -> None:
    customer = Customer.objects.within(ours).get()
    factories.make_price(factories.make_sku())
    bundle = factories.make_sku(
        "Microsoft 365 Business Premium and Microsoft 365 Copilot Business", "CFQ7TTC0LCHC:001Q"
    )
    factories.make_price(bundle)
    costs, rows = [], []
    for more in (1, 19):
        for number in range(more):
            offer = factories.make_promotion(promotion_id=f"39NFJQT26J7Z:{number:04}:{more:012}", is_targeted=True)
            PromotionAssignment.objects.create(promotion=offer, customer=customer, assigned_at=as_of)
            factories.make_subscription(
                customer, end_of_term="est", commitment_ends_at=as_of + timedelta(days=9), billing_cycle="monthly"
            )
        with CaptureQueriesContext(connection) as queries:
            made = pipeline.write_file(REPORTS[key], ours, tmp_path / "out.csv", evaluation_at=as_of)
        costs.append(len(queries))
        rows.append(made.rows)
    assert rows == [1, 20]
    assert costs[0] == costs[1]


def test_every_report_is_declared_completely() -> None:
    assert list(REPORTS) == ["est", "upsell", "targeted-offers"]
    for key, report in REPORTS.items():
        assert report.key == key
        assert all((report.title, report.covers, report.prompt, report.nothing))
        assert len(set(report.headers())) == len(report.columns)
