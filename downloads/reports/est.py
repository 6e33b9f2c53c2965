"""Subscriptions that go to the extended service term (EST) when their term ends.

Source: "Extended service term subscriptions" in the AI assistant article of Partner Center; contract §3.5.
The article prints the ninth field as `TernEndDate`, against its own second report: `TermEndDate` here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from customers.queries import renewals
from downloads.report import EVALUATED_AT, Column, Report, Shape
from portal.core.scope import Scope


class ExtendedServiceTerm(Report):
    key = "est"
    title = "Extended service term"
    covers = "Subscriptions that go to EST when their term ends"
    prompt = "Please generate a list of all my subscriptions that are set to go to EST at the end of their term."
    nothing = "No subscription goes to EST at the end of its term."
    icon = "calendar_clock-20"
    # As an index has them, so that nothing is sorted.
    order = ("name_key", "pk")
    columns = (
        Column("CustomerTenantId", "customer__tenant_id", Shape.GUID),
        Column("ResellerPartnerId", "partner_of_record"),
        Column("SubscriptionId", "subscription_id", Shape.GUID),
        Column("SubscriptionName", "friendly_name"),
        Column("OfferID", "offer_id"),
        Column("Quantity", "quantity", Shape.NUMBER),
        Column("TermDuration", "term_duration"),
        Column("BillingCycle", "billing_cycle", Shape.WORD),
        Column("TermEndDate", "commitment_ends_at", Shape.MOMENT),
        Column("EvaluationTime", EVALUATED_AT, Shape.MOMENT),
    )

    @classmethod
    def query(cls, scope: Scope, *, as_of: datetime) -> Any:
        return renewals.going_to_extended_term(scope)
