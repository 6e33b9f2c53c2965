"""Entry points of the worker for the Customers workspace."""

from __future__ import annotations

from celery import shared_task

from customers.services import partner_of_record
from portal.core import clock
from portal.core.scope import Scope


@shared_task(name="customers.validate_partner_of_record")
def validate_partner_of_record(**_later: object) -> int:
    """Every night: reseller tenants become inactive and change regions without a word to the distributor."""
    return partner_of_record.refresh(Scope.for_operator(), customer_ids=None, as_of=clock.now())
