from django.db import migrations

from portal.core.database import VendorSQL

TEXT = "customers_customer_text"
COLUMNS = "rowid, name_key, domain"
NEW = f"INSERT INTO {TEXT}({COLUMNS}) VALUES (NEW.id, NEW.name_key, NEW.domain);"
OLD = f"INSERT INTO {TEXT}({TEXT}, {COLUMNS}) VALUES ('delete', OLD.id, OLD.name_key, OLD.domain);"
CHANGED = "OLD.name_key IS NOT NEW.name_key OR OLD.domain IS NOT NEW.domain"
SEARCHED = ("customer_search", "customer_domain_search", "subscription_search", "sku_search")


class Migration(migrations.Migration):
    """Parts of a name or domain are found without reading every row, on both databases.

    PostgreSQL reads what its trigram indexes have not sorted in yet row by row: seconds, after many rows came in. That
    list is kept short. SQLite gets a table of trigrams; a later migration that makes the table of customers anew must
    put these triggers back.
    """

    dependencies = [("customers", "0009_hidden_notices")]

    operations = [
        VendorSQL(
            postgresql=[f"ALTER INDEX {name} SET (gin_pending_list_limit = 256)" for name in SEARCHED]
            + [f"SELECT gin_clean_pending_list('{name}')" for name in SEARCHED],
            sqlite=[
                f"CREATE VIRTUAL TABLE {TEXT} USING fts5(name_key, domain, content='customers_customer',"
                " content_rowid='id', tokenize='trigram case_sensitive 1')",
                f"INSERT INTO {TEXT}({TEXT}) VALUES ('rebuild')",
                f"CREATE TRIGGER {TEXT}_insert AFTER INSERT ON customers_customer BEGIN {NEW} END",
                f"CREATE TRIGGER {TEXT}_delete AFTER DELETE ON customers_customer BEGIN {OLD} END",
                f"CREATE TRIGGER {TEXT}_update AFTER UPDATE OF name_key, domain ON customers_customer"
                f" WHEN {CHANGED} BEGIN {OLD} {NEW} END",
            ],
            undo_postgresql=[f"ALTER INDEX {name} RESET (gin_pending_list_limit)" for name in SEARCHED],
            undo_sqlite=[
                *(f"DROP TRIGGER {TEXT}_{when}" for when in ("insert", "delete", "update")),
                f"DROP TABLE {TEXT}",
            ],
        ),
    ]
