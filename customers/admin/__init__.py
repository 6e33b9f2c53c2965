"""The operator's back office, one module per subject. Importing registers."""

from customers.admin import billing, catalog, customers, orders, promotions, subscriptions, tickets

__all__ = ["billing", "catalog", "customers", "orders", "promotions", "subscriptions", "tickets"]
