"""May a subscription that an upgrade left behind be canceled, or reduced, as its duplicate?

Sources, checked 2026-11-23 (contract §10.1, §8.4):
https://learn.microsoft.com/en-us/partner-center/ai-assistant-customers-workspace
https://learn.microsoft.com/en-us/partner-center/customers/create-a-new-subscription

The rule is the seven conditions of the page, each a check, made precise:

1. Upgrade timing: the last `Conversion` event of the upgrade is `Completed`, and not longer ago than six calendar
   months, to the second.
2. Product inclusion: the upgraded SKU is the duplicate's, or the paths of the latest sheet say that it holds it: a
   target holds what is upgraded into it and the products listed with it, and what those hold in turn.
3. License count: the duplicate has as many licenses as the upgraded subscription, or fewer.
4. Billing term: the duplicate's is as long or shorter. A term that is no number of months cannot be compared.
5. Subscription status: the upgraded subscription is active.
6. Upgrade method: a transition into the upgraded subscription exists, which only the upgrade workflow makes.
7. Upgrade path: the latest month's many-to-one list names both SKUs. Without a list this is a missing fact.

What is no condition of the page is said only where it stands in the way: the duplicate is the upgraded subscription
itself, is billed no more, would not have fewer licenses, or stands in an open ticket, so that a second one would ask
for the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from customers.rules.billing import term_months
from customers.rules.terms import add_months
from customers.rules.vocabulary import TERM_WORDS, SubscriptionStatus, day_words, licenses, word
from portal.core.decision import Check, Decision, Rule, missing_fact

RULE = Rule(
    code="duplicate",
    title="Duplicates after an upgrade",
    source="https://learn.microsoft.com/en-us/partner-center/ai-assistant-customers-workspace",
    section="§10.1",
    checked_on=date(2026, 11, 23),
)
HELP_MONTHS = 6
_IMPORT = "Import the latest upgrade list."
BILLED = (SubscriptionStatus.ACTIVE, SubscriptionStatus.SUSPENDED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of the two subscriptions. `reference` is `productId:skuId`, empty for a legacy offer."""

    subscription_id: str
    name: str
    reference: str
    quantity: int
    term_duration: str
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Path:
    """One row of an upgrade sheet; all references are `productId:skuId`."""

    source: str
    target: str
    included: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """What the latest sheets say. `listed`: every SKU of the many-to-one list; None when none was imported.
    `holds`: for each target all SKUs that it contains."""

    listed: frozenset[str] | None
    holds: Mapping[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Upgrade:
    """The newest transition into the upgraded subscription. `completed_at` is None until its conversion is."""

    completed_at: datetime | None

    @property
    def help_until(self) -> datetime | None:
        return help_until(self.completed_at) if self.completed_at else None


@dataclass(frozen=True, kw_only=True)
class DuplicateVerdict(Decision):
    """Allowed means: a ticket may ask for it. `to_quantity` 0 cancels; more reduces to as many licenses. `in_ticket` is
    the number of the open ticket that asks for it already."""

    subscription_id: str
    name: str
    quantity: int
    to_quantity: int
    upgraded_id: str
    help_until: datetime | None
    in_ticket: str = ""

    @property
    def is_duplicate(self) -> bool:
        """Could it be asked for, or is it already?"""
        return all(check.passed for check in self.checks if check.code != "open_ticket")


def help_until(completed_at: datetime) -> datetime:
    """The last moment to ask for help with the duplicates of an upgrade."""
    moment = completed_at.astimezone(UTC)
    return datetime.combine(add_months(moment.date(), HELP_MONTHS), moment.timetz())


def help_since(as_of: datetime) -> datetime:
    """No upgrade that was completed before this moment can still be helped with; later ones may or may not."""
    return datetime.combine(add_months(as_of.date(), -HELP_MONTHS), datetime.min.time(), tzinfo=UTC)


def completed_at(events: Sequence[tuple[str, str, datetime]]) -> datetime | None:
    """When the conversion was completed, from (name, status, moment) in the order they happened. The last Conversion
    event tells how a transition stands; real answers put blanks around the words."""
    last = [(status, moment) for name, status, moment in events if word(name) == "conversion"]
    return last[-1][1] if last and word(last[-1][0]) == "completed" else None


def sheet(many_to_one: Collection[Path], others: Collection[Path] = ()) -> Sheet:
    """The sheet of these paths: the latest many-to-one list, and the latest of other lists."""
    direct: dict[str, set[str]] = {}
    for path in (*many_to_one, *others):
        direct.setdefault(path.target, set()).update((path.source, *path.included))
    listed = {sku for path in many_to_one for sku in (path.source, path.target, *path.included)}
    return Sheet(
        listed=frozenset(listed) if many_to_one else None,
        holds={target: frozenset(_all_of(target, direct)) for target in direct},
    )


def includes(paths: Sheet, upgraded: str, duplicate: str) -> bool:
    """Does the upgraded SKU hold everything of the other?"""
    return bool(duplicate) and (duplicate == upgraded or duplicate in paths.holds.get(upgraded, ()))


def decide(
    upgraded: Side,
    duplicate: Side,
    *,
    upgrade: Upgrade | None,
    paths: Sheet,
    as_of: datetime,
    to_quantity: int = 0,
    in_ticket: str = "",
) -> DuplicateVerdict:
    """The seven conditions for one duplicate. `upgrade` is None when no transition into `upgraded` is known,
    `in_ticket` the number of the open ticket that asks for a change of the duplicate."""
    checks = (
        _timing(upgrade, as_of),
        _inclusion(upgraded, duplicate, paths),
        _count(upgraded, duplicate),
        _term(upgraded, duplicate),
        _status(upgraded),
        _method(upgrade),
        _listed(upgraded, duplicate, paths),
        *_in_the_way(upgraded, duplicate, to_quantity, in_ticket),
    )
    return DuplicateVerdict(
        verdict=_verdict(duplicate.name, to_quantity, checks),
        checks=checks,
        rule=RULE,
        subscription_id=duplicate.subscription_id,
        name=duplicate.name,
        quantity=duplicate.quantity,
        to_quantity=to_quantity,
        upgraded_id=upgraded.subscription_id,
        help_until=upgrade.help_until if upgrade else None,
        in_ticket=in_ticket,
    )


def _verdict(name: str, to_quantity: int, checks: Sequence[Check]) -> str:
    action = "canceled" if not to_quantity else f"reduced to {licenses(to_quantity)}"
    met = sum(check.passed for check in checks[:7])
    failed = [check for check in checks if not check.passed]
    if not failed:
        return f"{name} can be {action} as a duplicate: 7 conditions are met."
    why = failed[0].message.rstrip(".").replace(f"{name} ", "it ", 1) if met == 7 else f"{met} of 7 conditions are met"
    return f"{name} cannot be {action} as a duplicate: {why}."


def _timing(upgrade: Upgrade | None, as_of: datetime) -> Check:
    expected = f"since {day_words(help_since(as_of))}"
    if upgrade is None or upgrade.completed_at is None:
        found = "no upgrade" if upgrade is None else "not completed"
        return _check("upgrade_timing", False, "", "No completed upgrade is known, so no day either.", expected, found)
    until = help_until(upgrade.completed_at)
    on, last = day_words(upgrade.completed_at), day_words(until)
    yes = f"Upgraded on {on}, within the last six months: help can be asked until {last}."
    no = f"Upgraded on {on}, longer ago than six months: help could be asked until {last}."
    return _check("upgrade_timing", as_of <= until, yes, no, expected, on)


def _inclusion(upgraded: Side, duplicate: Side, paths: Sheet) -> Check:
    if not paths.holds:
        return _unknown("product_inclusion", "what the upgraded product includes", _IMPORT)
    yes = f"{upgraded.name} includes everything in {duplicate.name}."
    no = f"No upgrade list says that {upgraded.name} includes everything in {duplicate.name}."
    held = paths.holds.get(upgraded.reference, frozenset())
    return _check(
        "product_inclusion",
        includes(paths, upgraded.reference, duplicate.reference),
        yes,
        no,
        f"one of {len(held)} included products",
        duplicate.reference or "a legacy offer",
    )


def _count(upgraded: Side, duplicate: Side) -> Check:
    passed = duplicate.quantity <= upgraded.quantity
    compared = "no more than" if passed else "more than"
    sentence = f"The duplicate has {licenses(duplicate.quantity)}, {compared} the upgraded {upgraded.quantity:,}."
    return _check(
        "license_count", passed, sentence, sentence, f"at most {licenses(upgraded.quantity)}", f"{duplicate.quantity:,}"
    )


def _term(upgraded: Side, duplicate: Side) -> Check:
    ours, theirs = term_months(upgraded.term_duration), term_months(duplicate.term_duration)
    words, found = _words(upgraded.term_duration), _words(duplicate.term_duration)
    if ours is None or theirs is None:
        which = upgraded.name if ours is None else duplicate.name
        return _unknown("billing_term", f"the billing term of {which}")
    yes = f"The duplicate's billing term, {found}, is not longer than the upgraded {words}."
    no = f"The duplicate's billing term, {found}, is longer than the upgraded {words}."
    return _check("billing_term", theirs <= ours, yes, no, f"{words} or shorter", found)


def _status(upgraded: Side) -> Check:
    passed = upgraded.status == SubscriptionStatus.ACTIVE
    no = f"The upgraded subscription is {upgraded.status}, not active."
    return _check("subscription_status", passed, "The upgraded subscription is active.", no, "active", upgraded.status)


def _method(upgrade: Upgrade | None) -> Check:
    yes = "Upgraded through the upgrade workflow of Partner Center."
    no = "No upgrade through the workflow of Partner Center is known. A manual purchase does not count."
    found = "a transition" if upgrade else "no transition"
    return _check("upgrade_method", upgrade is not None, yes, no, "a transition", found)


def _listed(upgraded: Side, duplicate: Side, paths: Sheet) -> Check:
    if paths.listed is None:
        return _unknown("upgrade_path", "the many-to-one upgrade list", _IMPORT)
    missing = [side.name for side in (upgraded, duplicate) if side.reference not in paths.listed]
    yes = "Both products are on the latest many-to-one upgrade list."
    no = f"Not on the latest many-to-one upgrade list: {' and '.join(missing)}."
    return _check("upgrade_path", not missing, yes, no, "both of 2 products", f"{2 - len(missing)} of 2")


def _in_the_way(upgraded: Side, duplicate: Side, to_quantity: int, in_ticket: str) -> list[Check]:
    """What no condition names and still forbids it; empty where nothing does."""
    found = []
    if duplicate.subscription_id == upgraded.subscription_id:
        no = "This is the upgraded subscription itself, not a duplicate of it."
        found.append(_check("two_subscriptions", False, "", no, "another subscription", "the same"))
    if duplicate.status not in BILLED:
        no = f"{duplicate.name} is {duplicate.status}: nothing is billed for it."
        found.append(_check("still_billed", False, "", no, "active", duplicate.status))
    if not 0 <= to_quantity < duplicate.quantity:
        no = f"{duplicate.name} has {licenses(duplicate.quantity)}: {to_quantity:,} would not be fewer."
        found.append(_check("fewer_licenses", False, "", no, f"fewer than {duplicate.quantity:,}", f"{to_quantity:,}"))
    if in_ticket:
        no = f"{duplicate.name} already stands in ticket {in_ticket}, which is open."
        found.append(_check("open_ticket", False, "", no, "no open ticket", f"ticket {in_ticket}"))
    return found


def _all_of(target: str, direct: Mapping[str, set[str]]) -> set[str]:
    """Everything that `target` holds, also through what it holds. Lists may go round in circles."""
    found: set[str] = set()
    waiting = list(direct[target])
    while waiting:
        sku = waiting.pop()
        if sku not in found:
            found.add(sku)
            waiting += direct.get(sku, ())
    return found - {target}


def _unknown(code: str, what: str, how_to_get_it: str = "") -> Check:
    """A missing fact under the code of its condition, so that all seven keep their names."""
    return replace(missing_fact(what, how_to_get_it=how_to_get_it), code=code, rule=RULE, data={"missing_fact": what})


def _words(term: str) -> str:
    return TERM_WORDS.get(term, term)


def _check(code: str, passed: bool, yes: str, no: str, expected: str, found: str) -> Check:
    return Check(code=code, passed=passed, message=yes if passed else no, expected=expected, found=found, rule=RULE)
