"""Every charge and credit that an event of this portal causes, written in the transaction of the event.

One event makes its lines once, adds them to the sums of their month and leaves one audit entry. A line whose amount
nobody can know stands without one and says why. What only time causes (the charge of a later cycle, a renewal) is the
vendor's: it is in the vendor's own file, not here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import F

from customers.models import Order, ReconciliationLine, ReconciliationMonth, Subscription
from customers.queries import reconciliation as queries
from customers.queries.reconciliation import Ordered
from customers.rules import reconciliation as rule
from customers.rules.reconciliation import Sold
from customers.rules.terms import END_OF_DAY
from portal.core import audit
from portal.core.jobs import writes
from portal.core.scope import Scope

ChargeType = ReconciliationLine.ChargeType


@dataclass(frozen=True, kw_only=True)
class Item:
    """A subscription as it is charged at one moment. Taken before an event that changes its product or price."""

    sold: Sold
    fields: dict[str, Any]  # those of the line that come from the subscription


def item(scope: Scope, row: Subscription) -> Item:
    """One query."""
    return _item(row, queries.ordered(scope, row))


def ordered(scope: Scope, *, order: Order, rows: Sequence[Subscription], as_of: datetime) -> list[ReconciliationLine]:
    """An order was placed: a `new` line for each of its subscriptions."""
    prices = queries.list_prices(scope, order_id=order.pk)
    lines = []
    for row in rows:
        told = Ordered(list_price=prices.get(row.subscription_id), order_at=order.created_at)
        lines.append(_line(_item(row, told), ChargeType.NEW, row.quantity, as_of, reference=order.order_id))
    return _write(scope, lines, as_of)


def quantity_changed(scope: Scope, *, row: Subscription, added: int, as_of: datetime) -> list[ReconciliationLine]:
    """Licenses were added, or removed inside their window (`added` below 0)."""
    kind = ChargeType.ADD_QUANTITY if added > 0 else ChargeType.REMOVE_QUANTITY
    return _write(scope, [_line(item(scope, row), kind, added, as_of)], as_of)


def canceled(scope: Scope, *, row: Subscription, as_of: datetime) -> list[ReconciliationLine]:
    """The whole subscription was canceled inside its window."""
    return _write(scope, [_line(item(scope, row), ChargeType.CANCEL_IMMEDIATE, -row.quantity, as_of)], as_of)


def credited(
    scope: Scope, *, row: Subscription, licenses: int, reference: str, as_of: datetime
) -> list[ReconciliationLine]:
    """Staff carried out a ticket (`reference` is its number): the credit stands in the next month."""
    month = rule.month_after(as_of)
    line = _line(item(scope, row), ChargeType.CUSTOMER_CREDIT, -licenses, as_of, reference=reference, month=month)
    return _write(scope, [line], as_of)


def converted(
    scope: Scope, *, before: Item, target: Subscription, list_price: Decimal | None, licenses: int, as_of: datetime
) -> list[ReconciliationLine]:
    """Licenses became another product, in this or a new subscription. `list_price` is what the list asks for its term."""
    after = _item(target, replace(queries.ordered(scope, target), list_price=list_price))
    return _pair(scope, ChargeType.CONVERT, before, after, licenses, as_of)


def moved(
    scope: Scope, *, before: Item, target: Subscription, licenses: int, as_of: datetime
) -> list[ReconciliationLine]:
    """Licenses were upgraded into a subscription that was there."""
    return _pair(scope, ChargeType.MOVE_QUANTITY, before, item(scope, target), licenses, as_of)


@writes
def refresh_months(scope: Scope, *, partner_id: int) -> None:
    """Add up the months of a partner anew: for lines that were written in bulk."""
    ReconciliationMonth.objects.within(scope).filter(partner_id=partner_id).delete()
    sums = [ReconciliationMonth(partner_id=partner_id, **each) for each in queries.sums(scope, partner_id=partner_id)]
    ReconciliationMonth.objects.bulk_create(sums)


def draft(
    row: Subscription, kind: str, billable: int, *, as_of: datetime, reference: str = "", told: Ordered | None = None
) -> ReconciliationLine:
    """A line as an event at `as_of` would make it, not saved. For lines that are written in bulk; `refresh_months`
    adds them up."""
    month = rule.month_after(as_of) if kind == ChargeType.CUSTOMER_CREDIT else None
    return _line(_item(row, told or Ordered()), kind, billable, as_of, reference=reference, month=month)


def _pair(
    scope: Scope, kind: ChargeType, before: Item, after: Item, licenses: int, as_of: datetime
) -> list[ReconciliationLine]:
    """What the licenses were is given back, what they are is charged. Both lines have one ReferenceId."""
    reference = str(uuid4())
    pair = [(before, -licenses), (after, licenses)]
    return _write(scope, [_line(each, kind, many, as_of, reference=reference) for each, many in pair], as_of)


def _item(row: Subscription, told: Ordered) -> Item:
    sold = Sold(
        unit_price=row.unit_price,
        list_price=told.list_price,
        currency=row.currency,
        term_duration=row.term_duration,
        billing_cycle=row.billing_cycle,
        term_starts_at=row.effective_start_at,
        term_ends_at=row.commitment_ends_at,
    )
    fields = {
        "partner_id": row.partner_id, "customer_id": row.customer_id, "subscription_id": row.pk, "order_id": row.order_id,
        "order_at": told.order_at, "offer_id": row.offer_id, "sku_name": row.offer_name, "currency": row.currency,
        "term_duration": row.term_duration, "billing_cycle": row.billing_cycle, "promotion_id": row.promotion_id,
        "partner_of_record": row.partner_of_record, "price_adjustment": _adjustment(row, told),
    }  # fmt: skip
    return Item(sold=sold, fields=fields)


def _adjustment(row: Subscription, told: Ordered) -> str:
    """`25% off by promotion 39NFJQT26J7Z:0006:084R5MQ9QF1W`; empty where nothing was taken off."""
    if row.unit_price is None or not told.list_price or row.unit_price >= told.list_price:
        return ""
    percent = (100 * (1 - row.unit_price / told.list_price)).quantize(Decimal("0.01")).normalize()
    return f"{percent:f}% off by promotion {row.promotion_id}" if row.promotion_id else f"{percent:f}% off"


def _line(
    each: Item, kind: str, billable: int, as_of: datetime, *, reference: str = "", month: date | None = None
) -> ReconciliationLine:
    amounts = rule.amounts(each.sold, billable=billable, as_of=as_of)
    return ReconciliationLine(
        **each.fields,
        month=month or rule.month_of(as_of),
        occurred_at=as_of,
        charge_type=kind,
        quantity=abs(billable),
        billable_quantity=billable,
        unit_price=amounts.unit_price,
        effective_unit_price=amounts.effective_unit_price,
        subtotal=amounts.subtotal,
        missing=amounts.missing,
        charge_starts_at=datetime.combine(amounts.first, time(), tzinfo=UTC),
        charge_ends_at=datetime.combine(amounts.last, END_OF_DAY, tzinfo=UTC),
        reference_id=reference,
    )


def _write(scope: Scope, lines: list[ReconciliationLine], as_of: datetime) -> list[ReconciliationLine]:
    made = ReconciliationLine.objects.bulk_create(lines)
    if not made:
        return made
    told = [
        {
            "charge_type": line.charge_type, "offer": line.offer_id, "licenses": line.billable_quantity,
            "month": line.month.isoformat(), "amount": line.missing or f"{line.subtotal} {line.currency}",
        }
        for line in made
    ]  # fmt: skip
    audit.record(scope, "reconciliation.lines_written", made[0], as_of=as_of, after={"lines": told})
    _add_to_months(scope, made)
    return made


def _add_to_months(scope: Scope, lines: Sequence[ReconciliationLine]) -> None:
    """Last in a transaction: the row of the month is everybody's, and stays locked to its end. In one order, so that
    two events never wait for each other."""
    added: dict[tuple[int, date, str], dict[str, Any]] = defaultdict(
        lambda: {"lines": 0, "charges": Decimal(0), "credits": Decimal(0), "without_amount": 0}
    )
    for line in lines:
        sums = added[line.partner_id, line.month, line.currency]
        sums["lines"] += 1
        if line.subtotal is None:
            sums["without_amount"] += 1
        else:
            sums["charges" if line.subtotal > 0 else "credits"] += line.subtotal
    for (partner_id, month, currency), sums in sorted(added.items()):
        rows = ReconciliationMonth.objects.within(scope).filter(partner_id=partner_id, month=month, currency=currency)
        more = {name: F(name) + value for name, value in sums.items()}
        if rows.update(**more):
            continue
        try:
            with transaction.atomic():
                ReconciliationMonth.objects.create(partner_id=partner_id, month=month, currency=currency, **sums)
        except IntegrityError:  # somebody else began the month at the same time
            rows.update(**more)
