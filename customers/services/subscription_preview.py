"""What a change of a subscription would do, for the page that asks before it is made. Nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from customers.models import Subscription
from customers.rules import cancellation as cancellation_rule
from customers.rules import quantity_change, quantity_reduction, suspension
from customers.rules.billing import Amounts
from customers.rules.cancellation import Cancellation
from customers.rules.end_of_term_choice import Option
from customers.rules.quantity_change import Change
from customers.rules.quantity_reduction import Reduction
from customers.rules.refunds import RefundEstimate
from customers.rules.vocabulary import SubscriptionStatus
from customers.services import end_of_term as outcomes
from customers.services import end_of_term_options, refunds, subscription_facts, subscriptions
from customers.services.subscription_changes import Losses, losses, losses_of_choice
from portal.core.decision import Decision
from portal.core.scope import Scope


@dataclass(frozen=True, kw_only=True)
class LicensesPreview:
    """Another number of licenses. `change` is None while the number is the present one."""

    row: Subscription
    reduction: Reduction
    change: Change | None
    losses: Losses
    price: Amounts | None
    price_then: Amounts | None
    refund: RefundEstimate | None


@dataclass(frozen=True, kw_only=True)
class CancelPreview:
    row: Subscription
    decision: Cancellation
    losses: Losses
    refund: RefundEstimate


@dataclass(frozen=True, kw_only=True)
class ChoicePreview:
    """`outcome` is what happens as things stand, in words."""

    row: Subscription
    options: tuple[Option, ...]
    losses: Losses
    outcome: str


@dataclass(frozen=True, kw_only=True)
class SuspensionPreview:
    """`to_active`: it is suspended, so the question is whether it may come back."""

    row: Subscription
    decision: Decision
    losses: Losses
    to_active: bool


@dataclass(frozen=True, kw_only=True)
class Answers:
    """May it be canceled, and how many licenses may go? For the page of the subscription."""

    cancellation: Cancellation
    reduction: Reduction


def answers(scope: Scope, *, subscription: Subscription, as_of: datetime) -> Answers:
    """For a subscription that was read in this scope. Two queries."""
    known = subscription_facts.known(scope, subscription)
    return Answers(
        cancellation=cancellation_rule.decide(known.cancellation, as_of=as_of),
        reduction=quantity_reduction.decide(known.reduction, as_of=as_of),
    )


def licenses(scope: Scope, *, subscription_id: UUID, typed: str, as_of: datetime) -> LicensesPreview:
    """`typed` is the new total as it was typed; empty for the present one. Raises SubscriptionNotFound."""
    known = subscription_facts.read(scope, subscription_id=subscription_id)
    row = known.row
    same = typed.strip() in {"", str(row.quantity)}
    change = None if same else quantity_change.decide(known.change(), typed=typed, as_of=as_of)
    quantity = row.quantity if change is None or not change.allowed else change.to_quantity or row.quantity
    fewer = quantity < row.quantity
    return LicensesPreview(
        row=row,
        reduction=quantity_reduction.decide(known.reduction, as_of=as_of),
        change=change,
        losses=losses(known),
        price=subscriptions.price(row),
        price_then=subscriptions.price(row, quantity=quantity),
        refund=refunds.of(row, to_quantity=quantity, as_of=as_of) if fewer else None,
    )


def canceling(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> CancelPreview:
    """Raises SubscriptionNotFound."""
    known = subscription_facts.read(scope, subscription_id=subscription_id)
    return CancelPreview(
        row=known.row,
        decision=cancellation_rule.decide(known.cancellation, as_of=as_of),
        losses=replace(losses(known), afterwards=""),
        refund=refunds.of(known.row, to_quantity=0, as_of=as_of),
    )


def end_of_term(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> ChoicePreview:
    """Raises SubscriptionNotFound."""
    known = subscription_facts.read(scope, subscription_id=subscription_id)
    return ChoicePreview(
        row=known.row,
        options=end_of_term_options.options(known, as_of=as_of),
        losses=losses_of_choice(known),
        outcome=outcomes.explain(scope, subscription_id=subscription_id, as_of=as_of).verdict,
    )


def suspending(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> SuspensionPreview:
    """Raises SubscriptionNotFound."""
    known = subscription_facts.read(scope, subscription_id=subscription_id)
    to_active = known.row.status == SubscriptionStatus.SUSPENDED
    ask = suspension.reactivate if to_active else suspension.suspend
    return SuspensionPreview(
        row=known.row,
        decision=ask(known.standing, as_of=as_of),
        losses=replace(losses(known), afterwards=""),
        to_active=to_active,
    )
