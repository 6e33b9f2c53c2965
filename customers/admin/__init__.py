"""The operator's back office, one module per subject. Importing registers."""

from customers.admin import catalog, customers, orders, promotions, subscriptions, tickets

__all__ = ["catalog", "customers", "orders", "promotions", "subscriptions", "tickets"]
