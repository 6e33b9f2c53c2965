"""Up to which product may a subscription be upgraded, fully or in part, and into what?

Sources, checked 2026-11-23 (contract §8.1-§8.3):
https://learn.microsoft.com/en-us/partner-center/developer/transition-a-new-commerce-subscription
https://learn.microsoft.com/en-us/partner-center/developer/transition-resources
https://learn.microsoft.com/en-us/partner-center/customers/create-a-new-subscription

The rule, made precise:

1. Only an active, paid, license-based new commerce subscription without add-ons is upgraded, by a signed-in person,
   and only while no other upgrade of it runs.
2. The targets are those of the latest upgrade lists. A path leads upward; there is no way back.
3. All licenses or more: a full upgrade. The subscription keeps its ID and changes its product; licenses move by
   themselves. Fewer: a partial one. A second subscription with the same end appears; people move their licenses by
   hand, and it inherits the cancellation window of the source.
4. Term and billing plan stay, so the target has to be sold for them. A cycle is never longer than its term.
5. Into an existing subscription: active, of the target product, not the source, outside its own cancellation window,
   with a term as long or longer that ends on the same day or later. Its term and plan stay.
6. What is scheduled is deleted, the promotion ends with the product, and the upgrade itself cannot be canceled.
7. The new subscription of a partial upgrade takes a promotion as a purchase does (§6.3). An existing one keeps what it
   has. Of a full upgrade, which keeps its subscription, the sources do not say it: none is promised.

Each refusal carries the vendor's codes (§8.2): `errorCode` of the eligibility, `targetErrorCode` of the subscription
to go into, and `apiError` where a request is answered with one. Those that only events of the vendor have are in NOT_DECIDED.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import IntEnum, StrEnum

from customers.rules.billing import charges_of, term_months
from customers.rules.cart import Limits
from customers.rules.vocabulary import TERM_WORDS, SubscriptionStatus, day_words, licenses, term_words, word
from portal.core.decision import Check, Decision, Rule

RULE = Rule(
    code="transition",
    title="Upgrades within the new commerce",
    source="https://learn.microsoft.com/en-us/partner-center/developer/transition-a-new-commerce-subscription",
    section="§8.3",
    checked_on=date(2026, 11, 23),
)


class ErrorCode(IntEnum):
    """TransitionErrorCode: why a subscription cannot be upgraded, or why an event failed. §8.2."""

    Other = 0
    DelegatedAdminPermissionsDisabled = 1
    SubscriptionStatusNotActive = 2
    ConflictingServiceTypes = 3
    ConcurrencyConflicts = 4
    UserContextRequired = 5
    SubscriptionAddOnsPresent = 6
    SubscriptionDoesNotHaveAnyTransitionedPaths = 7
    SubscriptionTargetOfferNotFound = 8
    SubscriptionNotProvisioned = 9
    OfferDoesNotSupportBillingCycle = 10
    ConversionsNotFound = 11
    UserLicenseError = 12
    InsufficientGranularAdminPermissions = 13


class TargetErrorCode(IntEnum):
    """Why licenses cannot go into a subscription. §8.2; the vendor gives the last one no name."""

    SubscriptionNotActive = 1
    SubscriptionInCancellationWindow = 2
    SubscriptionTermDurationShorterThanSourceTermDuration = 3
    SubscriptionEndsBeforeSource = 4


class ApiError(StrEnum):
    """What a request for an upgrade is refused with. §8.2."""

    TARGET_ENDS_EARLIER = "900236"
    TARGET_NOT_ACTIVE = "900258"
    TARGET_IS_SOURCE = "900259"
    TARGET_OF_ANOTHER_ITEM = "900260"
    TARGET_NOT_READY = "900261"
    TARGET_TERM_SHORTER = "900267"
    TERM_INVALID = "900268"
    CYCLE_INVALID = "900269"
    CYCLE_LONGER_THAN_TERM = "900270"


# Errors that no decision here gives, and why. They come with the events of the vendor, which `standing` names.
NOT_DECIDED: dict[ErrorCode, str] = {
    ErrorCode.DelegatedAdminPermissionsDisabled: "the customer's tenant knows its delegated rights, no record here does",
    ErrorCode.UserLicenseError: "it happens while the vendor moves licenses between users",
    ErrorCode.InsufficientGranularAdminPermissions: "the customer's tenant knows its delegated rights, no record here does",
}
E, T = ErrorCode, TargetErrorCode
NOT_PROVISIONED = (SubscriptionStatus.PENDING, SubscriptionStatus.NONE)


class TransitionType(StrEnum):
    WITH_LICENSES = "transition_with_license_transfer"
    ONLY = "transition_only"


class Stage(StrEnum):
    """Where an upgrade stands, by its last Conversion event."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The subscription to upgrade. `running`: another upgrade of it has not ended. `by_person`: somebody asks, not a
    program."""

    subscription_id: str
    name: str
    reference: str
    quantity: int
    term_duration: str
    billing_cycle: str
    status: str
    is_trial: bool
    is_legacy: bool
    billing_type: str
    term_ends_at: datetime
    addons: int
    running: bool
    by_person: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A product to upgrade to. `plans`: the (term, cycle) that it is sold for now. `is_sold`: in the customer's market
    and segment. `is_target`: an upgrade list leads from the source to it."""

    reference: str
    title: str
    is_target: bool
    is_sold: bool
    plans: frozenset[tuple[str, str]]
    limits: Limits


@dataclass(frozen=True, kw_only=True, slots=True)
class Existing:
    """A subscription to upgrade into."""

    subscription_id: str
    name: str
    reference: str
    quantity: int
    term_duration: str
    status: str
    term_ends_at: datetime
    cancellation_allowed_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Eligibility(Decision):
    """May this upgrade be made? `is_full`: all licenses or more."""

    is_full: bool
    transition_type: TransitionType

    def takes_promotion(self, *, is_into_existing: bool) -> bool:
        """Is there a new subscription that a promotion may apply to?"""
        return self.allowed and not self.is_full and not is_into_existing


@dataclass(frozen=True, kw_only=True)
class Standing(Decision):
    """How an upgrade stands. Allowed means: it is completed, licenses and all."""

    stage: Stage
    since: datetime | None


def source_checks(source: Source, *, has_targets: bool, as_of: datetime) -> tuple[Check, ...]:
    """What has to hold whatever the target."""
    waiting = source.status in NOT_PROVISIONED
    found = "legacy" if source.is_legacy else source.billing_type or "not known"
    return (
        _check("active", source.status == SubscriptionStatus.ACTIVE, "The subscription is active.",
               f"The subscription is {source.status}: only an active one is upgraded.", "active", source.status,
               code=E.SubscriptionNotProvisioned if waiting else E.SubscriptionStatusNotActive),
        _check("paid", not source.is_trial, "It is paid for.", "A trial is converted, not upgraded.", "paid",
               "trial" if source.is_trial else "paid", code=E.Other),
        _check("license_based", not source.is_legacy and source.billing_type.casefold() == "license",
               "A license-based new commerce subscription.",
               "Only license-based new commerce subscriptions are upgraded this way.", "license-based, new commerce",
               found, code=E.ConflictingServiceTypes),
        _check("term_running", source.term_ends_at >= as_of, f"The term runs until {day_words(source.term_ends_at)}.",
               f"The term ended on {day_words(source.term_ends_at)}.", f"ends after {day_words(as_of)}",
               day_words(source.term_ends_at), code=E.Other),
        _check("none_running", not source.running, "No other upgrade of it runs.",
               "Another upgrade of this subscription has not ended yet.", "none", "one" if source.running else "none",
               code=E.ConcurrencyConflicts),
        _check("no_addons", not source.addons, "It has no add-ons.",
               f"It has {source.addons} active add-on{'' if source.addons == 1 else 's'}. Remove them first.", "none",
               str(source.addons), code=E.SubscriptionAddOnsPresent),
        _check("user_context", source.by_person, "Asked for by a signed-in person.",
               "An upgrade is asked for by a signed-in person of the partner.", "a person",
               "a person" if source.by_person else "a program", code=E.UserContextRequired),
        _check("has_paths", has_targets, "The latest upgrade lists lead up from it.",
               "No upgrade list leads up from this product.", "a path", "a path" if has_targets else "none", code=E.SubscriptionDoesNotHaveAnyTransitionedPaths),
    )  # fmt: skip


def into_new(source: Source, offer: Offer, *, quantity: int, as_of: datetime) -> Eligibility:
    """An upgrade that keeps the subscription (full) or makes a second one (partial)."""
    plan = (source.term_duration, source.billing_cycle)
    words = term_words(*plan)
    checks = (
        *source_checks(source, has_targets=True, as_of=as_of),
        *_target(offer),
        _plan(offer, plan),
        _check("cycle_in_term", charges_of(*plan) is not None, "The billing cycle fits the term.",
               f"The billing cycle does not fit the term: {words}.", "a cycle that divides the term", words, code=E.OfferDoesNotSupportBillingCycle,
               api=ApiError.CYCLE_LONGER_THAN_TERM),
        *_quantity(offer, quantity, quantity),
    )  # fmt: skip
    return _eligibility(source, offer, checks, quantity)


def into_existing(source: Source, offer: Offer, existing: Existing, *, quantity: int, as_of: datetime) -> Eligibility:
    """An upgrade that adds its licenses to a subscription that is there."""
    checks = (
        *source_checks(source, has_targets=True, as_of=as_of),
        *_target(offer),
        *_destination(source, offer, existing, as_of),
        *_quantity(offer, min(quantity, source.quantity), existing.quantity + quantity),
        _check("moves_licenses", quantity <= source.quantity, "As many licenses move as there are.",
               f"Only {licenses(source.quantity)} can move.", f"at most {source.quantity:,}", f"{quantity:,}", code=E.Other),
    )  # fmt: skip
    return _eligibility(source, offer, checks, quantity)


def standing(
    events: Sequence[tuple[str, str, datetime, Sequence[dict[str, object]]]], *, asks_for_move: bool
) -> Standing:
    """How an upgrade stands, from its events (name, status, moment, errors) in the order they happened.

    `asks_for_move`: the licenses are to be moved by the vendor, not by hand."""
    conversion = [e for e in events if word(e[0]) == "conversion"]
    moves = [e for e in events if word(e[0]) in ("licensereassignment", "seatreassignment")]
    last = conversion[-1] if conversion else None
    status = word(last[1]) if last else ""
    stage = Stage.COMPLETED if status == "completed" else Stage.FAILED if status == "failed" else Stage.RUNNING
    checks = [_event("conversion", "The product is upgraded.", "The product is not upgraded", last)]
    if asks_for_move and stage is Stage.COMPLETED:
        checks.append(_event("licenses", "The licenses are moved.", "The licenses are not moved",
                             moves[-1] if moves else None))  # fmt: skip
    verdicts = {
        Stage.COMPLETED: "The upgrade is completed.",
        Stage.FAILED: "The upgrade failed.",
        Stage.RUNNING: "The upgrade is under way.",
    }
    verdict = verdicts[stage]
    if stage is Stage.COMPLETED and not checks[-1].passed:
        verdict = "The upgrade is completed, but licenses have to be moved by hand."
    elif stage is Stage.COMPLETED and not asks_for_move:
        verdict = "The upgrade is completed. Its licenses are assigned by hand."
    return Standing(verdict=verdict, checks=tuple(checks), rule=RULE, stage=stage, since=last[2] if last else None)


def error_name(code: object) -> str:
    """The vendor's name of an error code; the code itself where it has none."""
    try:
        return ErrorCode(int(str(code))).name
    except ValueError:
        return str(code)


def _target(offer: Offer) -> tuple[Check, ...]:
    return (
        _check("is_target", offer.is_target, f"The latest upgrade lists lead up to {offer.title}.",
               f"No upgrade list leads from this product up to {offer.title}.", "on the latest list",
               "on it" if offer.is_target else "not on it", code=E.ConversionsNotFound),
        _check("is_sold", offer.is_sold, f"{offer.title} is sold to this customer.",
               f"{offer.title} is not sold in the customer's market and segment.", "sold",
               "sold" if offer.is_sold else "not sold", code=E.SubscriptionTargetOfferNotFound),
    )  # fmt: skip


def _destination(source: Source, offer: Offer, existing: Existing, as_of: datetime) -> tuple[Check, ...]:
    until = existing.cancellation_allowed_until
    closed = until is None or until < as_of
    ours, theirs = term_months(source.term_duration), term_months(existing.term_duration)
    long_enough = ours is not None and theirs is not None and theirs >= ours
    words, found = (TERM_WORDS.get(t, t) or "not known" for t in (source.term_duration, existing.term_duration))
    ready = existing.status not in NOT_PROVISIONED
    ends = existing.term_ends_at.date() >= source.term_ends_at.date()
    return (
        _check("target_is_another", existing.subscription_id != source.subscription_id, "Another subscription.",
               "A subscription cannot be upgraded into itself.", "another subscription", existing.name, api=ApiError.TARGET_IS_SOURCE),
        _check("target_product", existing.reference == offer.reference, f"It is {offer.title}.",
               f"{existing.name} is not {offer.title}.", offer.reference, existing.reference or "a legacy offer",
               api=ApiError.TARGET_OF_ANOTHER_ITEM),
        _check("target_ready", ready, "It is set up.", f"{existing.name} is still being set up.", "set up",
               existing.status, api=ApiError.TARGET_NOT_READY),
        _check("target_active", existing.status == SubscriptionStatus.ACTIVE or not ready, "It is active.",
               f"{existing.name} is {existing.status}, not active.", "active", existing.status, target=T.SubscriptionNotActive, api=ApiError.TARGET_NOT_ACTIVE),
        _check("target_window", closed, "Its cancellation window is closed.",
               f"{existing.name} can still be canceled itself{f' until {day_words(until)}' if until else ''}. Wait until "
               "that is over.", "closed", "closed" if closed else "open", target=T.SubscriptionInCancellationWindow),
        _check("target_term", long_enough, "Its term is as long or longer.",
               f"Its term, {found}, is shorter than {words}.", f"{words} or longer", found, target=T.SubscriptionTermDurationShorterThanSourceTermDuration, api=ApiError.TARGET_TERM_SHORTER),
        _check("target_end", ends, "It ends on the same day or later.",
               f"It ends on {day_words(existing.term_ends_at)}, before {day_words(source.term_ends_at)}.",
               f"on or after {day_words(source.term_ends_at)}", day_words(existing.term_ends_at), target=T.SubscriptionEndsBeforeSource, api=ApiError.TARGET_ENDS_EARLIER),
    )  # fmt: skip


def _plan(offer: Offer, plan: tuple[str, str]) -> Check:
    """Term and plan stay. A term that the target is not sold for at all is another refusal than a cycle."""
    words = term_words(*plan)
    sold = "; ".join(sorted(term_words(*each) for each in offer.plans)) or "no plan"
    has_term = any(term == plan[0] for term, _ in offer.plans)
    return _check(
        "plan", plan in offer.plans, f"Sold for {words}.", f"{offer.title} is not sold for {words}.", words, sold,
        code=E.OfferDoesNotSupportBillingCycle, api=ApiError.CYCLE_INVALID if has_term else ApiError.TERM_INVALID,
    )  # fmt: skip


def _quantity(offer: Offer, moved: int, in_all: int) -> tuple[Check, ...]:
    least, most = offer.limits.min_licenses or 1, offer.limits.max_licenses
    fits = in_all >= least and (most is None or in_all <= most) and moved >= 1
    bounds = f"{least:,} or more" if most is None else f"{least:,} to {most:,}"
    no = f"{offer.title} takes {bounds} licenses, not {in_all:,}."
    return (_check("quantity", fits, f"{licenses(in_all)} fit.", no, bounds, f"{in_all:,}", code=E.Other),)


def _eligibility(source: Source, offer: Offer, checks: tuple[Check, ...], quantity: int) -> Eligibility:
    is_full = quantity >= source.quantity
    what = f"{quantity:,} of {licenses(source.quantity)}"
    if is_full:
        what = f"all {licenses(quantity)}" if quantity == source.quantity else f"with {licenses(quantity)}"
    can = "can" if all(check.passed for check in checks) else "cannot"
    return Eligibility(
        verdict=f"{source.name} {can} be upgraded to {offer.title}, {what}.",
        checks=checks,
        rule=RULE,
        is_full=is_full,
        transition_type=TransitionType.WITH_LICENSES if is_full else TransitionType.ONLY,
    )


def _event(code: str, yes: str, no: str, event: tuple[str, str, datetime, Sequence[dict[str, object]]] | None) -> Check:
    if event is None:
        return _check(code, False, "", f"{no}: nothing is reported.", "Completed", "no event")
    _, status, _, errors = event
    why = "; ".join(str(error.get("description") or error_name(error.get("code"))) for error in errors)
    sentence = f"{no}: {status.strip()}{f', {why}' if why else ''}."
    data = {"errors": [{**error, "name": error_name(error.get("code"))} for error in errors]} if errors else {}
    check = _check(code, word(status) == "completed", yes, sentence.replace("..", "."), "Completed", status.strip())
    return replace(check, data=data)


def _check(
    code_name: str,
    passed: bool,
    yes: str,
    no: str,
    expected: str,
    found: str,
    *,
    code: ErrorCode | None = None,
    target: TargetErrorCode | None = None,
    api: ApiError | None = None,
) -> Check:
    codes = {"errorCode": code, "targetErrorCode": target, "apiError": api}
    data: dict[str, object] = {} if passed else {name: each.value for name, each in codes.items() if each is not None}
    return Check(
        code=code_name,
        passed=passed,
        message=yes if passed else no,
        expected=expected,
        found=found,
        rule=RULE,
        data=data,
    )
