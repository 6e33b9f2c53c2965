"""Upgrades of a subscription: to what, what is lost, making one, and how it stands."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from customers.models import Sku, Subscription, Transition, TransitionEvent
from customers.queries import catalog, orders
from customers.queries import subscriptions as subscription_queries
from customers.queries import upgrades as queries
from customers.rules import transitions as rule
from customers.rules.cart import Limits
from customers.rules.pricing import Quote
from customers.rules.promotions import LineOutcome
from customers.rules.transitions import Eligibility, Existing, Offer, Source, Stage, Standing, TransitionType
from customers.rules.vocabulary import SubscriptionStatus, day_words
from customers.services import customers, pricing, promotions, reconciliation, subscription_changes, subscription_facts
from customers.services.reconciliation import Item
from customers.services.subscription_changes import Losses, ScheduleWouldBeLost
from customers.services.subscription_facts import Known
from customers.services.subscriptions import SubscriptionNotFound
from portal.core import audit
from portal.core.decision import Decision
from portal.core.jobs import writes
from portal.core.scope import Scope

LEAVES: dict[str, Any] = {
    "scheduled_next_term_instructions": None,
    "scheduled_actions": [],
    "refundable_quantity": None,
}


class PromotionChanged(ValueError):
    """Another promotion applies than the one that was shown, or none any more."""

    def __init__(self) -> None:
        super().__init__("The promotion changed since you looked. Nothing was upgraded. Look at the price once more.")


@dataclass(frozen=True, kw_only=True)
class Into:
    """A subscription that is there already, and whether the licenses may go into it."""

    subscription: Subscription
    eligibility: Eligibility


@dataclass(frozen=True, kw_only=True)
class Target:
    """One product to upgrade to. `full` and `partial` make or keep a subscription of their own, `into` are the
    existing ones. `quote` is the price for the source's term and plan."""

    sku: Sku
    offer: Offer
    quote: Quote | None
    full: Eligibility
    partial: Eligibility | None  # None where one license cannot be parted
    into: tuple[Into, ...]

    @property
    def reference(self) -> str:
        return self.offer.reference

    @property
    def allowed(self) -> bool:
        partial = self.partial is not None and self.partial.allowed
        return self.full.allowed or partial or any(each.eligibility.allowed for each in self.into)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything that a person chooses from. `source` decides whether there can be an upgrade at all."""

    row: Subscription
    facts: Source
    source: Decision
    targets: tuple[Target, ...]
    losses: Losses


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One upgrade, before it is made. `lost` are sentences beside the schedule. `outcome`: the promotions of the new
    subscription, and its price; None where there is no new one."""

    target: Target
    quantity: int
    into: Subscription | None
    eligibility: Eligibility
    lost: tuple[str, ...]
    losses: Losses  # what is scheduled and would be deleted, of the subscription that the licenses go into as well
    outcome: LineOutcome | None

    @property
    def promotion_id(self) -> str:
        return self.outcome.promotion_id if self.outcome else ""

    @property
    def unit_price(self) -> Decimal | None:
        """Per license for the whole term, after the promotion; None where nobody told it."""
        quote = self.outcome or self.target.quote
        return quote.unit_price if quote else None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One upgrade from or into a subscription, and how it stands."""

    transition: Transition
    standing: Standing


def eligibilities(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> list[Target]:
    """The products that the latest upgrade lists lead up to, each with its checks. Raises SubscriptionNotFound."""
    return list(options(scope, subscription_id=subscription_id, as_of=as_of).targets)


def options(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> Options:
    """Raises SubscriptionNotFound."""
    return _options(subscription_facts.read(scope, subscription_id=subscription_id), as_of=as_of)


def choose(
    scope: Scope,
    found: Options,
    *,
    to_sku: str,
    quantity: int,
    into_subscription_id: UUID | None,
    as_of: datetime,
) -> Chosen | None:
    """One of the options with its decision; None where there is no such target or subscription to go into."""
    target = next((each for each in found.targets if each.reference == to_sku), None)
    if target is None:
        return None
    source, into = found.facts, None
    if into_subscription_id is not None:
        into = next(
            (i.subscription for i in target.into if i.subscription.subscription_id == into_subscription_id), None
        )
        if into is None:
            return None
        decision = rule.into_existing(source, target.offer, _existing(into), quantity=quantity, as_of=as_of)
    else:
        decision = rule.into_new(source, target.offer, quantity=quantity, as_of=as_of)
    lost = _lost(found.row, decision, into, as_of)
    losses = subscription_changes.with_those_of(found.losses, into)
    outcome = None
    if decision.takes_promotion(is_into_existing=into is not None):
        outcome = promotions.explain_line(
            scope, customer_id=found.row.customer_id, sku_id=target.sku.pk, term_duration=source.term_duration,
            billing_cycle=source.billing_cycle, quantity=quantity, as_of=as_of,
        )  # fmt: skip
    return Chosen(
        target=target, quantity=quantity, into=into, eligibility=decision, lost=lost, losses=losses, outcome=outcome
    )


@writes
def start(
    scope: Scope,
    *,
    subscription_id: UUID,
    to_sku: str,
    quantity: int,
    etag: str,
    as_of: datetime,
    into_subscription_id: UUID | None = None,
    promotion_id: str | None = None,
    confirmed: bool = False,
) -> Transition:
    """Upgrade now. `confirmed`: the loss of the schedule is accepted. `promotion_id`: the promotion that was shown, empty
    for none; None takes what applies.

    Raises SubscriptionNotFound (also where there is no such target), SubscriptionChanged, NotAllowed,
    ScheduleWouldBeLost, PromotionChanged, PermissionDenied."""
    known = subscription_changes.opened(scope, subscription_id=subscription_id, etag=etag)
    if into_subscription_id is not None:
        subscription_facts.locked(scope, subscription_id=into_subscription_id)
    found = _options(known, as_of=as_of)
    chosen = choose(
        scope, found, to_sku=to_sku, quantity=quantity, into_subscription_id=into_subscription_id, as_of=as_of
    )
    if chosen is None:
        raise SubscriptionNotFound
    chosen.eligibility.require()
    if chosen.losses and not confirmed:
        raise ScheduleWouldBeLost(chosen.losses.scheduled)
    if promotion_id is not None and promotion_id != chosen.promotion_id:
        raise PromotionChanged
    from_item, before = known.row.offer_id, reconciliation.item(scope, known.row)
    target = _carry_out(known, chosen, as_of=as_of)
    made = _record(known.row, target, chosen, from_item, as_of=as_of)
    subscription_changes.refresh(scope, [known.row, target], as_of=as_of)
    if target.created_at == as_of:  # one more subscription
        customers.refresh_summaries(scope, customer_ids={target.customer_id}, as_of=as_of)
    _bill(scope, before, target, chosen, as_of=as_of)
    return made


def status(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> list[Progress]:
    """The upgrades from or into this subscription, newest first. Raises SubscriptionNotFound."""
    subscription_facts.read(scope, subscription_id=subscription_id)
    found = subscription_queries.transitions_of(scope, subscription_id=subscription_id)
    return [Progress(transition=each, standing=standing(each)) for each in found]


def standing(transition: Transition) -> Standing:
    """How an upgrade stands that was read with its events."""
    events = [(e.name, e.status, e.occurred_at, e.errors) for e in transition.events.all()]
    return rule.standing(events, asks_for_move=transition.transition_type == TransitionType.WITH_LICENSES)


def _options(known: Known, *, as_of: datetime) -> Options:
    scope, row = known.scope, known.row
    here = f"{row.product_id}:{row.sku_id}"
    paths = queries.latest_paths()
    above = {
        f"{path.to_product_id}:{path.to_sku_id}"
        for path in (*paths.many_to_one, *paths.offer_matrix)
        if f"{path.from_product_id}:{path.from_sku_id}" == here
    }
    found = queries.skus(above)
    skus = catalog.skus_for(row.customer, [sku.pk for sku in found])
    quotes = pricing.quotes_for(row.customer, list(skus.values()), as_of=as_of)
    source = _source(known, scope)
    others = _existing_of(scope, row, above)
    targets = [_target(source, sku, quotes.get(sku.pk, []), others, as_of) for sku in skus.values()]
    targets.sort(key=lambda each: (not each.allowed, each.sku.title))
    checks = rule.source_checks(source, has_targets=bool(targets), as_of=as_of)
    may = all(check.passed for check in checks)
    verdict = f"{row.friendly_name} can be upgraded." if may else f"{row.friendly_name} cannot be upgraded now."
    decision = Decision(verdict=verdict, checks=checks, rule=rule.RULE)
    losses = subscription_changes.losses(known)
    return Options(row=row, facts=source, source=decision, targets=tuple(targets), losses=losses)


def _target(
    source: Source, sku: Sku, quotes: Sequence[Quote], others: Mapping[str, list[Subscription]], as_of: datetime
) -> Target:
    sold = [quote for quote in quotes if quote.allowed]
    offer = Offer(
        reference=sku.reference,
        title=sku.title,
        is_target=True,
        is_sold=sku.is_sold,  # type: ignore[attr-defined]  # annotated
        plans=frozenset((quote.term_duration, quote.billing_cycle) for quote in sold),
        limits=Limits(min_licenses=sku.min_licenses, max_licenses=sku.max_licenses),
    )
    plan = (source.term_duration, source.billing_cycle)
    part = source.quantity - 1
    return Target(
        sku=sku,
        offer=offer,
        quote=next((quote for quote in sold if (quote.term_duration, quote.billing_cycle) == plan), None),
        full=rule.into_new(source, offer, quantity=source.quantity, as_of=as_of),
        partial=rule.into_new(source, offer, quantity=part, as_of=as_of) if part else None,
        into=tuple(
            Into(
                subscription=row,
                eligibility=rule.into_existing(source, offer, _existing(row), quantity=source.quantity, as_of=as_of),
            )
            for row in others.get(sku.reference, ())
        ),
    )


def _source(known: Known, scope: Scope) -> Source:
    row = known.row
    upgrades = subscription_queries.transitions_of(scope, subscription_id=row.subscription_id)
    mine = [each for each in upgrades if each.from_subscription_id == row.subscription_id]
    return Source(
        subscription_id=str(row.subscription_id),
        name=row.friendly_name,
        reference=f"{row.product_id}:{row.sku_id}" if row.product_id else "",
        quantity=row.quantity,
        term_duration=row.term_duration,
        billing_cycle=row.billing_cycle,
        status=row.status,
        is_trial=row.is_trial,
        is_legacy=row.is_legacy,
        billing_type=row.billing_type,
        term_ends_at=row.commitment_ends_at,
        addons=len(subscription_queries.active_addons(scope, row)),
        running=any(standing(each).stage is Stage.RUNNING for each in mine),
        by_person=scope.user_id is not None,
    )


def _existing_of(scope: Scope, row: Subscription, references: set[str]) -> dict[str, list[Subscription]]:
    """The customer's other subscriptions of these SKUs, canceled and expired ones left out."""
    found: dict[str, list[Subscription]] = {}
    for other in queries.subscriptions_of_skus(scope, customer_id=row.customer_id, references=references):
        if other.pk != row.pk:
            found.setdefault(f"{other.product_id}:{other.sku_id}", []).append(other)
    return found


def _existing(row: Subscription) -> Existing:
    return Existing(
        subscription_id=str(row.subscription_id),
        name=row.friendly_name,
        reference=f"{row.product_id}:{row.sku_id}",
        quantity=row.quantity,
        term_duration=row.term_duration,
        status=row.status,
        term_ends_at=row.commitment_ends_at,
        cancellation_allowed_until=row.cancellation_allowed_until,
    )


def _lost(row: Subscription, decision: Eligibility, into: Subscription | None, as_of: datetime) -> tuple[str, ...]:
    """What a person should know before it is made, beside the schedule."""
    found = ["An upgrade cannot be changed or canceled after it is submitted."]
    if row.promotion_id:
        whose = "the subscription" if decision.is_full else "the licenses that are upgraded"
        found.append(f"The promotion {row.promotion_id} ends for {whose}.")
    if into is not None and decision.is_full:
        found.append(f"{row.friendly_name} is closed: all of its licenses move to {into.friendly_name}.")
    if into is not None:
        found.append("The term, the plan and the end of that subscription stay as they are.")
    elif not decision.is_full:
        until = row.cancellation_allowed_until
        window = "which is not known" if until is None else f"which closed on {day_words(until)}"
        if until is not None and until >= as_of:
            window = f"open until {day_words(until)}"
        found.append(f"The new subscription has no cancellation window of its own: it inherits this one's, {window}.")
    if not decision.is_full:
        found.append("Licenses have to be assigned again by hand.")
    return tuple(found)


def _carry_out(known: Known, chosen: Chosen, *, as_of: datetime) -> Subscription:
    """Change the subscriptions; returns the one that holds the upgraded licenses."""
    row, full = known.row, chosen.eligibility.is_full
    if chosen.into is not None:
        into = chosen.into
        _save(known, into, {"quantity": into.quantity + chosen.quantity, **LEAVES}, chosen, as_of=as_of)
        _save(known, row, _closed() if full else _rest(row, chosen.quantity), chosen, as_of=as_of)
        return into
    if full:
        _save(known, row, {**_product(row, chosen), "quantity": chosen.quantity, **LEAVES}, chosen, as_of=as_of)
        return row
    made = _second(row, chosen, as_of=as_of)
    _save(known, row, _rest(row, chosen.quantity), chosen, as_of=as_of)
    return made


def _product(row: Subscription, chosen: Chosen) -> dict[str, Any]:
    """The fields of the product. A name that a person gave stays."""
    sku, quote = chosen.target.sku, chosen.target.quote
    items = orders.availability_ids(row.customer, [sku])
    return {
        "offer_id": f"{sku.reference}:{items.get(sku.pk, '')}",
        "product_id": sku.product.product_id,
        "sku_id": sku.sku_id,
        "offer_name": sku.title,
        "friendly_name": sku.title if row.friendly_name == row.offer_name else row.friendly_name,
        "promotion_id": chosen.promotion_id,
        "unit_price": chosen.unit_price,
        "currency": quote.currency if quote else row.currency,
    }


def _rest(row: Subscription, moved: int) -> dict[str, Any]:
    return {"quantity": row.quantity - moved, **LEAVES}


def _closed() -> dict[str, Any]:
    return {
        "status": SubscriptionStatus.DELETED, "auto_renew_enabled": False, "actions": [], "refund_options": [],
        "next_charge_instructions": None, **LEAVES,
    }  # fmt: skip


def _second(row: Subscription, chosen: Chosen, *, as_of: datetime) -> Subscription:
    """The subscription that a partial upgrade makes: with the term, its charge cycles and the cancellation window of its
    source. A cycle that began anew today would give back more than the days that were charged."""
    kept = (
        "partner_id", "customer", "product_type", "unit_type", "effective_start_at", "commitment_ends_at", "cancellation_allowed_until",
        "billing_cycle_ends_at", "auto_renew_enabled", "billing_type", "billing_cycle", "term_duration",
        "renewal_term_duration", "is_microsoft_product", "partner_of_record", "partner_of_record_state",
        "custom_term_ends_at", "contract_type", "order_id", "publisher_name", "refund_options", "actions",
    )  # fmt: skip
    row_name = chosen.target.sku.title
    made = Subscription(
        **{name: getattr(row, name) for name in kept},
        **{**_product(row, chosen), "friendly_name": row_name},
        subscription_id=uuid.uuid4(),
        quantity=chosen.quantity,
        created_at=as_of,
        status=SubscriptionStatus.ACTIVE,
        etag=uuid.uuid4().hex,
        synced_at=as_of,
    )
    made.save()
    return made


def _save(known: Known, row: Subscription, changes: dict[str, Any], chosen: Chosen, *, as_of: datetime) -> None:
    """Write the fields, a new etag and the audit entry."""
    changes = {**changes, "etag": uuid.uuid4().hex}
    before = {name: _plain(getattr(row, name)) for name, value in changes.items() if getattr(row, name) != value}
    for name in before:
        setattr(row, name, changes[name])
    row.save(update_fields=[*before, "name_key"])
    after = {name: _plain(getattr(row, name)) for name in before}
    decision = chosen.eligibility
    audit.record(known.scope, "subscription.upgraded", row, as_of=as_of, before=before, after=after, decision=decision)


def _record(row: Subscription, target: Subscription, chosen: Chosen, from_item: str, *, as_of: datetime) -> Transition:
    """The transition with the events that make it completed."""
    kind = chosen.eligibility.transition_type
    made = Transition.objects.create(
        customer_id=row.customer_id,
        from_catalog_item_id=from_item,
        from_subscription_id=row.subscription_id,
        to_catalog_item_id=target.offer_id,
        to_subscription_id=target.subscription_id,
        quantity=chosen.quantity,
        term_duration=target.term_duration,
        billing_cycle=target.billing_cycle,
        transition_type=kind,
        promotion_id=chosen.promotion_id,
    )
    steps = ["Conversion", "LicenseReassignment"] if kind == TransitionType.WITH_LICENSES else ["Conversion"]
    for name in steps:
        for state in ("Started", "Completed"):
            TransitionEvent.objects.create(transition=made, name=name, status=state, occurred_at=as_of)
    return made


def _bill(scope: Scope, before: Item, target: Subscription, chosen: Chosen, *, as_of: datetime) -> None:
    """The pair of lines: licenses that moved into another subscription, or became another product."""
    if chosen.into is not None:
        reconciliation.moved(scope, before=before, target=target, licenses=chosen.quantity, as_of=as_of)
        return
    listed = chosen.target.quote.unit_price if chosen.target.quote else None
    reconciliation.converted(
        scope, before=before, target=target, list_price=listed, licenses=chosen.quantity, as_of=as_of
    )


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | bool | list | dict) else str(value)
