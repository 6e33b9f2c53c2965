from django.db import migrations

from portal.core.database import VendorSQL


class Migration(migrations.Migration):
    """The database itself refuses to change or remove an audit entry."""

    dependencies = [("core", "0001_initial")]

    operations = [
        VendorSQL(
            postgresql=[
                """CREATE FUNCTION core_auditevent_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'audit entries are append-only'; END $$""",
                """CREATE TRIGGER core_auditevent_append_only BEFORE UPDATE OR DELETE ON core_auditevent
                FOR EACH ROW EXECUTE FUNCTION core_auditevent_refuse()""",
            ],
            sqlite=[
                """CREATE TRIGGER core_auditevent_no_update BEFORE UPDATE ON core_auditevent
                BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END""",
                """CREATE TRIGGER core_auditevent_no_delete BEFORE DELETE ON core_auditevent
                BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END""",
            ],
            undo_postgresql=[
                "DROP TRIGGER core_auditevent_append_only ON core_auditevent",
                "DROP FUNCTION core_auditevent_refuse()",
            ],
            undo_sqlite=["DROP TRIGGER core_auditevent_no_update", "DROP TRIGGER core_auditevent_no_delete"],
        )
    ]
