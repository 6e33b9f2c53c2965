"""Entry points of the worker for the Customers workspace."""

from __future__ import annotations

from celery import shared_task

from customers.services import partner_of_record, renewals
from portal.core import clock
from portal.core.scope import Scope


@shared_task(name="customers.validate_partner_of_record")
def validate_partner_of_record(**_later: object) -> int:
    """Every night: reseller tenants become inactive and change regions without a word to the distributor."""
    return partner_of_record.refresh(Scope.for_operator(), customer_ids=None, as_of=clock.now())


@shared_task(name="customers.refresh_renewals")
def refresh_renewals(**_later: object) -> int:
    """After a price list is imported, and every night: prices begin and end without anybody importing them."""
    return renewals.refresh(Scope.for_operator(), subscription_ids=None, as_of=clock.now())
