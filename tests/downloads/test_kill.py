"""A worker killed in the middle of a file, for real: processes, queue, database, kill -9."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests import services
from tests.downloads.installation import Installation, database, empty_redis, kill, wait_for

PARTS = 6
# Checkpoints that take a while, so that there is a middle to be killed in.
SLOW_CHECKPOINT = {
    "postgresql": """
        CREATE FUNCTION wait_a_little() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN PERFORM pg_sleep(0.4); RETURN NEW; END$$;
        CREATE TRIGGER slow BEFORE UPDATE OF row_count ON downloads_downloadchunk FOR EACH ROW EXECUTE FUNCTION wait_a_little()
    """,
    "sqlite": """
        CREATE TRIGGER slow BEFORE UPDATE OF row_count ON downloads_downloadchunk BEGIN
            SELECT count(*) FROM (WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000000)
                                  SELECT n FROM n);
        END
    """,
}
WAYS = [
    pytest.param(("sqlite", "embedded"), marks=pytest.mark.skipif(connection.vendor != "sqlite", reason="other pass")),
    pytest.param(
        ("postgresql", "embedded"), marks=pytest.mark.skipif(connection.vendor != "postgresql", reason="other pass")
    ),
    pytest.param(
        ("postgresql", "redis"),
        marks=pytest.mark.skipif(
            connection.vendor != "postgresql" or not services.redis_url(), reason="other pass, or no Redis"
        ),
    ),
]


@pytest.fixture
def portal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    vendor, broker = request.param
    with database(vendor, tmp_path) as url:
        made = Installation(tmp_path, database=url, broker=empty_redis() if broker == "redis" else "")
        try:
            made.manage("migrate", "-v", "0")
            yield made
        finally:
            made.end()


def state(portal: Installation) -> dict[str, Any]:
    return portal.ask("""
        row = DownloadRequest.objects.within(EVERYTHING).get()
        chunks = DownloadChunk.objects.within(EVERYTHING).filter(row_count__isnull=False)
        answer = {"status": row.status, "attempts": row.attempts, "sha256": row.sha256, "file": row.file_name,
                  "rows": row.row_count, "chunks": list(chunks.values_list("number", "claims"))}
    """)


@pytest.mark.parametrize("portal", WAYS, indirect=True)
def test_a_killed_worker_costs_one_part_at_most(portal: Installation) -> None:
    portal.ask(f"""
        user = fill(customers={PARTS} * pipeline.CUSTOMERS_PER_PART, subscriptions=1)
        with connection.cursor() as cursor:
            cursor.execute({SLOW_CHECKPOINT}[connection.vendor])
        services.request_report(user.current_membership.scope(), report="est", as_of=clock.now())
        answer = None
    """)
    worker = portal.start_worker()
    parts = portal.folder / "files" / ".work" / "1-1"
    # With the third on disk, the second is recorded.
    wait_for(lambda: list(parts.glob("00003-*")), pause=0.005)
    kill(worker)
    before = state(portal)
    assert before["status"] == "processing", portal.output()
    assert 2 <= len(before["chunks"]) < PARTS
    assert before["file"] == ""
    assert not list((portal.folder / "files").glob("downloads/**/*.csv")), "nothing half is published"

    sent = portal.ask("answer = services.sweep(as_of=clock.now() + timedelta(seconds=61))")
    assert sent == 1
    portal.start_worker()
    wait_for(lambda: state(portal)["status"] == "completed", pause=0.2)
    after = state(portal)
    assert after["attempts"] == 2
    assert after["chunks"][: len(before["chunks"])] == before["chunks"], "finished parts were kept"
    assert len(after["chunks"]) == PARTS
    assert sum(claims - 1 for _, claims in after["chunks"]) <= 1, "one part at most was written twice"
    assert after["rows"] == PARTS * 2_500
    assert len(list((portal.folder / "files").glob("downloads/**/*.csv"))) == 1
    whole = portal.ask("""
        from pathlib import Path
        from django.conf import settings
        row = DownloadRequest.objects.within(EVERYTHING).get()
        scope = Membership.objects.within(EVERYTHING).select_related("partner").get().scope()
        path = Path(settings.DATA_DIR) / "uninterrupted.csv"
        made = pipeline.write_file(REPORTS["est"], scope, path, evaluation_at=row.evaluation_at)
        answer = made.sha256
    """)
    assert after["sha256"] == whole
