"""What a form changes is recorded in the same transaction: who, in which tenant. Without the entry, no change."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import transaction

from portal.core.access import PartnerKind, Role
from portal.core.models import AuditEvent
from tests.access.stored import Stored, everything, refuse_entries
from tests.access.table import TABLE
from tests.access.world import World, make_catalog, signed_in

pytestmark = pytest.mark.django_db
SENT = sorted(name for name, row in TABLE.items() if "405" not in row.post and "404" not in row.post)


@pytest.mark.parametrize("name", SENT)
def test_a_change_is_recorded_or_not_made(name: str) -> None:
    make_catalog()
    world = World.of(PartnerKind.INDIRECT_PROVIDER, "Distribution", roles=tuple(Role.values))
    data, address = TABLE[name].data(world), world.asked(name, TABLE[name].query)
    client = signed_in(world.user)
    before = everything()
    with transaction.atomic():
        client.post(address, data)
        changed = everything() != before
        entries = list(AuditEvent.objects.values_list("user_id", "partner_id"))
        transaction.set_rollback(True)
    if not changed:
        return
    assert entries, "changed without an audit entry"
    assert all(partner == world.partner.pk for _, partner in entries)
    assert any(user == world.user.pk for user, _ in entries)
    cache.clear()
    refuse_entries()
    with transaction.atomic():
        answer = signed_in(world.user).post(address, data)
        assert answer.status_code == 500
        assert without_conversations(everything()) == without_conversations(before)


def without_conversations(rows: Stored) -> Stored:
    """A conversation is opened, and a question counted, before it is answered; a sign-in notes its time."""
    apart = {"assistant.conversation", "assistant.allowance", "core.user"}
    return {key: row for key, row in rows.items() if key[0] not in apart}


def test_the_guard_is_alive() -> None:
    assert len(SENT) >= 20
