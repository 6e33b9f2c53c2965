from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension
from django.db import migrations

from portal.core.database import VendorSQL

PAIR = "customers_subscription_partner_is_customers"
WRONG = "SELECT RAISE(ABORT, 'a subscription belongs to the partner of its customer')"
WHEN = "(SELECT partner_id FROM customers_customer WHERE id = NEW.customer_id) IS NOT NEW.partner_id"


class Migration(migrations.Migration):
    """Trigram search, and a subscription's partner that cannot differ from its customer's (ADR 0011)."""

    dependencies = [("customers", "0001_initial")]

    operations = [
        TrigramExtension(),
        BtreeGinExtension(),
        VendorSQL(
            postgresql=[
                "CREATE INDEX customer_search ON customers_customer USING gin (partner_id, name_key gin_trgm_ops)",
                "CREATE INDEX customer_domain_search ON customers_customer USING gin (partner_id, domain gin_trgm_ops)",
                "CREATE INDEX subscription_search ON customers_subscription"
                " USING gin (partner_id, name_key gin_trgm_ops)",
                "CREATE INDEX sku_search ON customers_sku USING gin (title_key gin_trgm_ops)",
                f"ALTER TABLE customers_subscription ADD CONSTRAINT {PAIR} FOREIGN KEY (customer_id, partner_id)"
                " REFERENCES customers_customer (id, partner_id) DEFERRABLE INITIALLY DEFERRED",
            ],
            sqlite=[
                f"CREATE TRIGGER {PAIR}_insert BEFORE INSERT ON customers_subscription WHEN {WHEN} BEGIN {WRONG}; END",
                f"CREATE TRIGGER {PAIR}_update BEFORE UPDATE OF partner_id, customer_id ON customers_subscription"
                f" WHEN {WHEN} BEGIN {WRONG}; END",
            ],
            undo_postgresql=[
                "DROP INDEX customer_search", "DROP INDEX customer_domain_search", "DROP INDEX subscription_search",
                "DROP INDEX sku_search", f"ALTER TABLE customers_subscription DROP CONSTRAINT {PAIR}",
            ],
            undo_sqlite=[f"DROP TRIGGER {PAIR}_insert", f"DROP TRIGGER {PAIR}_update"],
        ),
    ]
