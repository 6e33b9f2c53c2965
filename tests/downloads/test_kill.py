"""A worker killed in the middle of a file, for real: processes, queue, database, kill -9."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.downloads.installation import Installation, kill, wait_for
from tests.downloads.trouble import (
    WAYS,
    ask_for_a_big_one,
    installed,
    on_postgresql,
    parts_begun,
    state,
    sweep_later,
    uninterrupted,
)

PARTS = 6


@pytest.fixture
def portal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    with installed(request.param, tmp_path) as made:
        yield made


@pytest.mark.parametrize("portal", WAYS, indirect=True)
def test_a_killed_worker_costs_one_part_at_most(portal: Installation) -> None:
    ask_for_a_big_one(portal, parts=PARTS)
    worker = portal.start_worker()
    wait_for(lambda: parts_begun(portal, 3), pause=0.005, seconds=120)
    kill(worker)
    before = state(portal)
    assert before["status"] == "processing", portal.output()
    assert 2 <= len(before["chunks"]) < PARTS
    assert before["file"] == ""
    assert not list((portal.folder / "files").glob("downloads/**/*.csv")), "nothing half is published"

    assert sweep_later(portal) == 1
    portal.start_worker()
    wait_for(lambda: state(portal)["status"] == "completed", pause=0.5, seconds=120)
    after = state(portal)
    assert after["attempts"] == 2
    assert after["chunks"][: len(before["chunks"])] == before["chunks"], "finished parts were kept"
    assert len(after["chunks"]) == PARTS
    assert sum(claims - 1 for _, claims in after["chunks"]) <= 1, "one part at most was written twice"
    assert after["rows"] == PARTS * 2_500
    assert len(list((portal.folder / "files").glob("downloads/**/*.csv"))) == 1
    assert after["sha256"] == uninterrupted(portal)


@pytest.mark.parametrize("portal", [pytest.param(("postgresql", "embedded"), marks=on_postgresql)], indirect=True)
def test_one_of_two_workers_is_killed_and_the_other_goes_on(portal: Installation) -> None:
    ask_for_a_big_one(portal, parts=8)
    first, second = portal.start_worker(), portal.start_worker()
    assert second
    wait_for(lambda: parts_begun(portal, 4), pause=0.005, seconds=120)
    kill(first)
    wait_for(
        lambda: len(state(portal)["chunks"]) >= 7 or state(portal)["status"] == "completed", pause=0.5, seconds=120
    )
    if state(portal)["status"] != "completed":  # the part of the killed one is left
        sweep_later(portal)
        wait_for(lambda: state(portal)["status"] == "completed", pause=0.5, seconds=120)
    after = state(portal)
    assert sum(claims - 1 for _, claims in after["chunks"]) <= 1
    assert after["sha256"] == uninterrupted(portal)
