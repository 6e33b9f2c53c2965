"""What needs attention: the numbers of the start page, each the number of rows of the list that it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from customers.queries import carts, subscriptions, tickets
from customers.services import duplicates, partner_of_record, renewal_outlook
from customers.services.renewal_outlook import Outlook
from customers.services.subscriptions import CostSummary
from portal.core.access import can
from portal.core.keyset import Total
from portal.core.scope import Scope


@dataclass(frozen=True, kw_only=True)
class Attention:
    """`carts` are those that end soon, for people who can order; `records` only a distributor has."""

    outlook: Outlook
    duplicates: CostSummary
    records: Total
    carts: int
    tickets: int

    @property
    def anything(self) -> bool:
        """Is there a line to show? Renewals as such are no trouble: what goes to the extended term or lapses is."""
        return bool(
            self.outlook.needs_attention or self.duplicates.count or self.records.count or self.carts or self.tickets
        )


def attention(scope: Scope, *, as_of: datetime) -> Attention:
    """Five queries at most, however large the tables are."""
    distributor = partner_of_record.is_for(scope)
    return Attention(
        outlook=renewal_outlook.outlook(scope, as_of=as_of),
        duplicates=duplicates.summary(scope, as_of=as_of),
        records=subscriptions.partner_of_record_problems(scope) if distributor else Total(0),
        carts=carts.ending_soon(scope, as_of=as_of).count() if can(scope, "sell") else 0,
        tickets=tickets.needing_attention(scope) if can(scope, "support") else 0,
    )
