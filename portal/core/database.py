"""SQL that differs between PostgreSQL and SQLite, for migrations."""

from __future__ import annotations

from typing import Any

from django.db import migrations


class VendorSQL(migrations.RunPython):
    """Statements for one kind of database each; the other kind skips them.

    `postgresql` and `sqlite` are lists of statements; `undo_*` take them back.
    """

    def __init__(
        self,
        *,
        postgresql: list[str] | None = None,
        sqlite: list[str] | None = None,
        undo_postgresql: list[str] | None = None,
        undo_sqlite: list[str] | None = None,
    ) -> None:
        forward = {"postgresql": postgresql or [], "sqlite": sqlite or []}
        back = {"postgresql": undo_postgresql or [], "sqlite": undo_sqlite or []}
        super().__init__(_runner(forward), _runner(back), elidable=False)


def _runner(statements: dict[str, list[str]]) -> Any:
    def run(_apps: Any, schema_editor: Any) -> None:
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement)

    return run
