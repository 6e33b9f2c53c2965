"""What a form changes is recorded in the same transaction: who, in which tenant. Without the entry, no change."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection, transaction

from portal.core.access import PartnerKind, Role
from portal.core.models import AuditEvent
from tests.access.table import TABLE
from tests.access.world import World, make_catalog, signed_in
from tests.architecture.sources import PACKAGES

pytestmark = pytest.mark.django_db
SENT = sorted(name for name, row in TABLE.items() if "405" not in row.post and "404" not in row.post)
# Forms that change what nobody else sees, and nothing that is sold.
OWN_SETTINGS = {"theme", "profile", "customers:subscription_notice"}


def everything() -> dict[str, Any]:
    """Every stored row but the audit trail itself and what belongs to a sign-in."""
    models = [m for m in apps.get_models() if m.__module__.split(".")[0] in PACKAGES and m is not AuditEvent]
    return {m._meta.label: sorted(map(repr, m._base_manager.values_list())) for m in models}


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
    if not changed or name in OWN_SETTINGS:
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


def without_conversations(rows: dict[str, Any]) -> dict[str, Any]:
    """A conversation is opened, and a question counted, before it is answered; a sign-in notes its time."""
    apart = {"assistant.Conversation", "assistant.Allowance", "core.User"}
    return {label: found for label, found in rows.items() if label not in apart}


def refuse_entries() -> None:
    """From here on the database takes no audit entry."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE FUNCTION refuse_entry() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'no entry'; END $$"
            )
            cursor.execute(
                "CREATE TRIGGER refuse_entry BEFORE INSERT ON core_auditevent "
                "FOR EACH ROW EXECUTE FUNCTION refuse_entry()"
            )
        else:
            cursor.execute(
                "CREATE TRIGGER refuse_entry BEFORE INSERT ON core_auditevent BEGIN SELECT RAISE(ABORT, 'no entry'); END"
            )


def test_the_guard_is_alive() -> None:
    assert len(SENT) >= 20
    assert set(TABLE) >= OWN_SETTINGS
