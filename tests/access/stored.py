"""What the database holds, and how to make it refuse an audit entry."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection

from portal.core.models import AuditEvent
from tests.architecture.sources import PACKAGES

Stored = dict[tuple[str, str], dict[str, Any]]


def everything() -> Stored:
    """Every stored row but the audit trail, by the name of its model and its key."""
    models = [m for m in apps.get_models() if m.__module__.split(".")[0] in PACKAGES and m is not AuditEvent]
    return {(m._meta.label_lower, str(row["id"])): row for m in models for row in m._base_manager.values()}


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
