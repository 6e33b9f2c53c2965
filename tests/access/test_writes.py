"""Every service that writes: recorded in its transaction, and closed to an indirect reseller."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError

from downloads.services.requests import OpenedFile
from portal.core import jobs
from portal.core.models import AuditEvent, User
from portal.core.scope import Scope
from tests import factories
from tests.access.stored import everything, refuse_entries
from tests.access.writes import NOT_RECORDED, WRITES, Stage, Write
from tests.architecture.sources import parsed
from tests.factories import AS_OF

pytestmark = pytest.mark.django_db
every_write = pytest.mark.parametrize("write", WRITES, ids=str)
# Fields that every change of a row counts up or stamps.
STAMPS = {"modified_at", "modified_by_id", "version", "etag"}


def who_calls(write: Write, stage: Stage) -> Scope:
    return Scope.for_operator(factories.make_staff().pk) if write.by_staff else stage.seller


def call(write: Write, scope: Scope, given: dict[str, Any]) -> None:
    answer = write.service(scope, **given, as_of=AS_OF)
    if isinstance(answer, OpenedFile):
        answer.file.close()


def test_every_writing_service_is_called_here_or_has_a_reason() -> None:
    for path, _ in parsed():
        importlib.import_module(path.removesuffix(".py").replace("/", ".").removesuffix(".__init__"))
    called = {write.service for write in WRITES}
    assert len(jobs.WRITES) >= 45
    unknown = jobs.WRITES - called - set(NOT_RECORDED)
    assert not unknown, f"enter it in tests/access/writes.py: {[f'{w.__module__}.{w.__qualname__}' for w in unknown]}"
    assert set(NOT_RECORDED) <= jobs.WRITES - called, "remove the stale exception"
    assert all(NOT_RECORDED.values())


@every_write
def test_a_write_is_recorded(write: Write) -> None:
    stage = Stage.of()
    given, scope = write.given(stage), who_calls(write, stage)
    before, earlier = everything(), set(AuditEvent.objects.values_list("pk", flat=True))
    call(write, scope, given)
    entries = list(AuditEvent.objects.exclude(pk__in=earlier))
    told = [entry for entry in entries if entry.event == write.event]
    assert told, f"{write.event} is not among {[entry.event for entry in entries]}"
    email = User.objects.get(pk=scope.user_id).email
    partner = None if write.of_nobody else stage.world.partner.pk
    assert {(each.user_id, each.user_email, each.partner_id) for each in entries} == {(scope.user_id, email, partner)}
    decided = any(entry.decision for entry in told)
    assert decided != bool(write.undecided), "the decision is missing, or is there against the reason given"
    assert all(check["code"] and check["message"] for entry in told for check in entry.decision)
    lacking = without_sides(entries, before, everything())
    assert bool(lacking) == bool(write.no_before), lacking or "remove the stale reason"


def without_sides(entries: list[AuditEvent], before: Any, after: Any) -> list[str]:
    """The targets of which the entries do not tell what they were before, or what they are now."""
    found = []
    for target in {(entry.target_type, entry.target_id) for entry in entries}:
        about = [entry for entry in entries if (entry.target_type, entry.target_id) == target]
        old, new = before.get(target, {}), after.get(target, {})
        changed = {name for name in old if new and old[name] != new[name]} - STAMPS
        if (changed or (old and not new)) and not any(entry.before for entry in about):
            found.append(f"{target}: no value before, of {changed or 'what is gone'}")
        if (new or not old) and not any(entry.after for entry in about):
            found.append(f"{target}: no value after")
    return found


@every_write
def test_without_its_entry_it_is_not_written(write: Write) -> None:
    stage = Stage.of()
    given, scope = write.given(stage), who_calls(write, stage)
    before = everything()
    refuse_entries()
    with pytest.raises(DatabaseError, match="no entry"):
        call(write, scope, given)
    assert everything() == before


@every_write
def test_an_indirect_reseller_changes_nothing_that_is_sold(write: Write) -> None:
    """Contract: an indirect reseller cannot transact, whatever the role and whichever way it asks."""
    stage = Stage.of()
    given, scope = write.given(stage), stage.as_reseller()
    if write.open_to_resellers:
        call(write, scope, given)
        return
    before, entries = everything(), AuditEvent.objects.count()
    with pytest.raises(PermissionDenied, match="can look but not transact|Only the operator's staff"):
        call(write, scope, given)
    assert everything() == before
    assert AuditEvent.objects.count() == entries


def test_the_guard_is_alive() -> None:
    refused = [write for write in WRITES if not write.open_to_resellers]
    assert len(refused) >= 30
    assert len([write for write in refused if not write.by_staff]) >= 20
