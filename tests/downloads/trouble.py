"""Ways to slow a portal down, so that there is a middle for something to happen in, and its state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests import services
from tests.downloads.installation import Installation, database, empty_redis

# Checkpoints that take a while.
SLOW_CHECKPOINT = {
    "postgresql": """
        CREATE FUNCTION wait_a_little() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN PERFORM pg_sleep(0.4); RETURN NEW; END$$;
        CREATE TRIGGER slow BEFORE UPDATE OF row_count ON downloads_downloadchunk
            FOR EACH ROW EXECUTE FUNCTION wait_a_little()
    """,
    "sqlite": """
        CREATE TRIGGER slow BEFORE UPDATE OF row_count ON downloads_downloadchunk BEGIN
            SELECT count(*) FROM (WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000000)
                                  SELECT n FROM n);
        END
    """,
}
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="other pass")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="other pass")
with_redis = pytest.mark.skipif(
    connection.vendor != "postgresql" or not services.redis_url(), reason="other pass, or no Redis"
)
WAYS = [
    pytest.param(("sqlite", "embedded"), marks=on_sqlite),
    pytest.param(("postgresql", "embedded"), marks=on_postgresql),
    pytest.param(("postgresql", "redis"), marks=with_redis),
]


@contextmanager
def installed(way: tuple[str, str], folder: Path, **environment: str) -> Iterator[Installation]:
    """An installation with an empty database, on (database, broker)."""
    vendor, broker = way
    with database(vendor, folder) as url:
        made = Installation(folder, database=url, broker=empty_redis() if broker == "redis" else "", **environment)
        try:
            made.manage("migrate", "-v", "0")
            yield made
        finally:
            made.end()


def ask_for_a_big_one(portal: Installation, *, parts: int) -> None:
    """A tenant whose report has `parts` parts, each of which takes its time; and the request."""
    portal.ask(f"""
        user = fill(customers={parts} * pipeline.CUSTOMERS_PER_PART, subscriptions=1)
        with connection.cursor() as cursor:
            cursor.execute({SLOW_CHECKPOINT}[connection.vendor])
        services.request_report(user.current_membership.scope(), report="est", as_of=clock.now())
        answer = None
    """)


def parts_begun(portal: Installation, number: int) -> bool:
    """Whether a worker writes part `number` of the first request: those before it are recorded, or about to be."""
    return bool(list((portal.folder / "files" / ".work" / "1-1").glob(f"{number:05d}-*")))


def state(portal: Installation, request_id: int = 1) -> dict[str, Any]:
    return dict(
        portal.ask(f"""
        row = DownloadRequest.objects.within(EVERYTHING).get(pk={request_id})
        chunks = DownloadChunk.objects.within(EVERYTHING).filter(request=row, row_count__isnull=False)
        answer = {{"status": row.status, "attempts": row.attempts, "sha256": row.sha256, "file": row.file_name,
                   "failure": row.failure, "rows": row.row_count, "chunks": list(chunks.values_list("number", "claims"))}}
    """)
    )


def uninterrupted(portal: Installation) -> str:
    """The checksum of the same file, made in one go."""
    return str(
        portal.ask("""
        from pathlib import Path
        from django.conf import settings
        row = DownloadRequest.objects.within(EVERYTHING).get(pk=1)
        scope = Membership.objects.within(EVERYTHING).select_related("partner").get(partner=row.partner_id).scope()
        path = Path(settings.DATA_DIR) / "uninterrupted.csv"
        answer = pipeline.write_file(REPORTS["est"], scope, path, evaluation_at=row.evaluation_at).sha256
    """)
    )


def sweep_later(portal: Installation) -> int:
    """What the scheduler does, as if the leases had ended."""
    return int(portal.ask("answer = services.sweep(as_of=clock.now() + timedelta(seconds=61))"))
