"""Changes the partner of record of a distributor's subscription."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from customers.models import IndirectReseller, Subscription
from customers.rules import partner_of_record_change as rule
from customers.services import partner_of_record, subscription_facts
from customers.services.subscription_facts import Known
from customers.services.subscription_writing import open_for_change, save
from portal.core.access import PartnerKind
from portal.core.decision import Decision
from portal.core.jobs import writes
from portal.core.scope import Scope

# As many as a list to choose from can hold.
MOST = 500


@dataclass(frozen=True, kw_only=True)
class RecordPreview:
    """`decision` is None while nothing was asked."""

    row: Subscription
    wanted: str
    decision: Decision | None
    resellers: tuple[IndirectReseller, ...]


def preview(scope: Scope, *, subscription_id: UUID, wanted: str, as_of: datetime) -> RecordPreview:
    """Raises SubscriptionNotFound."""
    known = subscription_facts.read(scope, subscription_id=subscription_id)
    resellers = IndirectReseller.objects.within(scope).exclude(mpn_id="").order_by("name", "pk")
    return RecordPreview(
        row=known.row,
        wanted=wanted,
        decision=_decide(scope, known, wanted, as_of) if wanted else None,
        resellers=tuple(resellers[:MOST]),
    )


@writes
def change_partner_of_record(
    scope: Scope, *, subscription_id: UUID, partner_id: str, etag: str, as_of: datetime
) -> Subscription:
    """Raises SubscriptionNotFound, SubscriptionChanged, NotAllowed, PermissionDenied."""
    known = open_for_change(scope, subscription_id, etag)
    wanted = partner_id.strip()
    decision = _decide(scope, known, wanted, as_of)
    decision.require()
    changes = {"partner_of_record": wanted}
    return save(known, "subscription.partner_of_record_changed", changes, decision, as_of=as_of)


def _decide(scope: Scope, known: Known, wanted: str, as_of: datetime) -> Decision:
    return rule.decide(
        known.standing,
        is_distributor=known.row.customer.partner.kind == PartnerKind.INDIRECT_PROVIDER,
        present=known.row.partner_of_record,
        wanted=wanted,
        verdict=partner_of_record.verdict_of(scope, known.row, partner_id=wanted),
        as_of=as_of,
    )
