"""A decision's verdict equals "all checks passed", for every rule that gives one. Contract §3, §5-§12, §14."""

from __future__ import annotations

import importlib
import inspect
import re
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.rules import (
    cancellation,
    duplicates,
    end_of_term,
    end_of_term_choice,
    migration,
    order,
    order_line,
    partner_of_record,
    pricing,
    promotion_constraints,
    promotions,
    quantity_change,
    quantity_reduction,
    refunds,
    renewals,
    schedule_change,
    subscription_state,
    transitions,
)
from customers.rules.partner_of_record import Reseller
from customers.rules.vocabulary import EndOfTerm
from portal.core.decision import Check, Decision
from tests.architecture.test_rules import rule_files
from tests.customers.rules import (
    promotion_facts,
    test_cancellation,
    test_duplicates,
    test_end_of_term,
    test_end_of_term_choice,
    test_migration,
    test_order,
    test_partner_of_record,
    test_pricing,
    test_quantity_change,
    test_quantity_reduction,
    test_refunds,
    test_renewals,
    test_schedule_change,
    test_transitions,
    test_upsell,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SKUS = ["CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"]
STATUSES = ["active", "active", "active", "suspended", "deleted", "pending", "expired"]
# What a field of this name holds; the other fields hold anything of their type.
NAMED: dict[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from(STATUSES),
    "term_duration": st.sampled_from(["P1Y", "P1Y", "P3Y", "P1M", ""]),
    "billing_cycle": st.sampled_from(["monthly", "annual", "triennial"]),
    "billing_plan": st.sampled_from(["monthly", "annual"]),
    "billing_type": st.sampled_from(["license", "license", "usage"]),
    "product_type": st.sampled_from(["OnlineServicesNCE", "Software"]),
    "reference": st.sampled_from(SKUS),
    "quantity": st.integers(1, 60),
    "typed": st.one_of(st.integers(-2, 60), st.just("ten")),
    "addons": st.sampled_from([0, 0, 0, 2]),
    "relationship": st.sampled_from(["reseller", "none"]),
    "refundable": st.sampled_from([
        None, {"totalQuantity": 9, "details": [{"quantity": 9, "allowedUntilDateTime": "2026-11-25T00:00:00Z"}]},
    ]),
    "email": st.sampled_from(["mara@contoso.com", "mara", ""]),
    "phone": st.sampled_from(["+1 425 555 0100", "12", ""]),
    "country": st.sampled_from(["US", "DE"]),
    "own_country": st.sampled_from(["US", "RU"]),
    "partner_id": st.sampled_from(["7654321", "7000001", "x", ""]),
    "own_id": st.just("7000001"),
    "relationship_type": st.sampled_from(["is_indirect_cloud_solution_provider_of", "is_indirect_reseller_of"]),
    "state": st.sampled_from(["Active", "Inactive"]),
    "market": st.just("US"),
    "currency": st.sampled_from(["USD", ""]),
    "segment": st.just("Commercial"),
    "view": st.sampled_from(["current", "eos"]),
    "events": st.lists(
        st.tuples(
            st.sampled_from(["Conversion", "LicenseReassignment"]), st.sampled_from(["Started", "Completed ", "Failed"]),
            st.just(NOW), st.just([]),
        ), max_size=3,
    ),
    "holds": st.sampled_from([{}, {SKUS[1]: frozenset({SKUS[0]})}]),
    "listed": st.sampled_from([None, frozenset(SKUS), frozenset(SKUS[:1])]),
    "plans": st.sampled_from([frozenset(), frozenset({("P1Y", "monthly"), ("P3Y", "annual")})]),
    "scheduled_actions": st.sampled_from([(), ({"scheduleType": "TermEnd", "actionType": "Cancel"},)]),
    "in_ticket": st.sampled_from(["", "", "6161222928745761"]),
    "subscription_id": st.sampled_from(["a", "b", "c"]),
    "named": st.sampled_from(["", "7654321", "7000001"]),
    "months": st.sampled_from([1, 12, 36]),
}  # fmt: skip
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.sampled_from(["", "Standard", "7654321"]),
    int: st.integers(0, 60),
    bool: st.booleans(),
    float: st.floats(0, 1),
    Decimal: st.decimals("0", "999", places=2),
    datetime: st.integers(-900, 900).map(lambda hours: NOW + timedelta(hours=hours)),
    date: st.just(NOW.date()),
    Any: st.none(),
    type(None): st.none(),
}


def some(kind: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Values of a type hint, chosen by the name of the field where that says more."""
    if name in NAMED:
        return NAMED[name]
    if kind in PLAIN:
        return PLAIN[kind]
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    if kind is order_line.LineFacts:
        return lines()
    if kind is order_line.Seller:
        return sellers()
    if kind in AS_THEY_ARE:
        return st.sampled_from(AS_THEY_ARE[kind])
    if kind in GOOD:
        return near(GOOD[kind])
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, **{each.name: some(hints[each.name], each.name) for each in fields(kind)})  # type: ignore[arg-type]
    origin, of = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(some(each, name) for each in of))
    if origin in (Mapping, dict):
        return st.just({})
    if origin in (tuple, Sequence, Collection, Iterable, list, frozenset):
        if origin is tuple and len(of) > 1 and of[-1] is not Ellipsis:
            return st.tuples(*(some(each) for each in of))
        found = st.lists(some(of[0]), max_size=2)
        return found.map(frozenset) if origin is frozenset else found.map(tuple)
    raise AssertionError(f"no values for {kind} {name}")


def lines() -> st.SearchStrategy[Any]:
    def line(quantity: int, most: int | None, named: str, sold: bool | None, price: bool) -> order_line.LineFacts:
        asked = promotion_facts.line(quantity=quantity, max_licenses=most, is_purchasable=sold)
        quote = promotion_facts.quote(asked, None if price else {})
        outcome = promotions.explain(asked, buyer=promotion_facts.buyer(), promotions=(), quote=quote, as_of=NOW)
        return order_line.LineFacts(outcome=outcome, partner_of_record=named)

    most = st.sampled_from([None, 30, 300])
    return st.builds(
        line,
        st.integers(0, 60),
        most,
        NAMED["named"],
        st.sampled_from([None, True, False]),
        st.sampled_from([True, True, False]),
    )


def sellers() -> st.SearchStrategy[Any]:
    return st.builds(
        order_line.Seller, is_indirect_provider=st.booleans(), mpn_id=st.just("7000001"), country=st.just("US"),
        resellers=some(Reseller).map(lambda each: {"7654321": (each,)}),
    )  # fmt: skip


# Facts that are allowed, of which one or two at a time become anything else: chance alone would meet none of them.
GOOD: dict[type, Any] = {
    cancellation.Facts: test_cancellation.FACTS,
    duplicates.Side: test_duplicates.UPGRADED,
    duplicates.Sheet: test_duplicates.PATHS,
    duplicates.Upgrade: test_duplicates.UPGRADE,
    end_of_term.Facts: test_end_of_term.ACTIVE,
    end_of_term_choice.Situation: test_end_of_term_choice.SITUATION,
    migration.Facts: test_migration.LEGACY,
    order.CartFacts: test_order.cart(),
    partner_of_record.Facts: test_partner_of_record.GOOD,
    pricing.Wanted: test_pricing.WANTED,
    pricing.Row: test_pricing.row(),
    pricing.Quote: promotion_facts.quote(promotion_facts.line()),
    promotion_constraints.Line: promotion_facts.line(),
    promotion_constraints.Promotion: promotion_facts.promotion(),
    promotion_constraints.Covered: promotion_facts.covered(),
    promotion_constraints.Buyer: promotion_facts.buyer(),
    quantity_change.Facts: test_quantity_change.FACTS,
    quantity_reduction.Facts: test_quantity_reduction.FACTS,
    refunds.Facts: test_refunds.BOUGHT,
    renewals.Facts: test_renewals.facts(),
    schedule_change.Running: test_schedule_change.RUNNING,
    subscription_state.Standing: test_cancellation.STANDING,
    transitions.Source: test_transitions.SOURCE,
    transitions.Offer: test_transitions.OFFER,
    transitions.Existing: test_transitions.THERE,
}
# A quote stands for the rule of prices, so it is one that this rule gave.
AS_THEY_ARE = {pricing.Quote: (GOOD[pricing.Quote], promotion_facts.quote(promotion_facts.line(), {}))}


def near(good: Any) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(type(good))
    names = [each.name for each in fields(good)]

    def changed(chosen: list[str]) -> st.SearchStrategy[Any]:
        return st.fixed_dictionaries({name: some(hints[name], name) for name in chosen}).map(
            lambda values: replace(good, **values)
        )

    return st.one_of(st.just(good), st.lists(st.sampled_from(names), max_size=2, unique=True).flatmap(changed))


# Arguments that no hint tells: what is asked of the rule, beside the facts.
ARGUMENTS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "duplicates.decide": {
        "duplicate": near(test_duplicates.DUPLICATE), "to_quantity": st.sampled_from([0, 5, 60]),
    },
    "order.promotions": {
        "lines": st.lists(st.tuples(st.just(1), st.just("Premium"), st.sampled_from(["", "P:1:A"]), st.just("")), min_size=1)
    },
    "partner_of_record_change.decide": {
        "verdict": near(test_partner_of_record.GOOD).map(partner_of_record.decide),
        "wanted": st.just("7654321"),
    },
    "promotions.eligibility": {"as_of": st.just(promotion_facts.NOW)},
    "renewals.decide": {"currency": st.just("USD")},
}  # fmt: skip
# What the verdict says exactly when the decision is allowed.
YES: dict[str, str] = {
    "cancellation.decide": r"^It can be canceled (until|at any time)",
    "cancellation.decide_execution": r"^It can be canceled for an approved request\.$",
    "cart.decide": r"^The line can be ordered\.$",
    "contact.decide": r"^Reachable at ",
    "duplicates.decide": r" can be (canceled|reduced to \d+ licenses?) as a duplicate: 7 conditions",
    "end_of_term_choice.decide": r"^(?!This cannot be chosen now\.)",
    "migration.decide": r"^Microsoft migrates it when it renews on ",
    "order.decide": r"^The cart can be ordered\.$",
    "order.promotions": r"^Order .* has a promotion|applied to (\d+) of \1 lines",
    "order_line.decide": r"^The line can be ordered\.$",
    "order_line.partner_of_record": r" meets all requirements\.$",
    "partner_of_record.decide": r" meets all requirements\.$|^Not checked",
    "partner_of_record_change.decide": r"^The partner of record can be ",
    "pricing.price": r"^\d[\d,]* licenses? for (?!.*End of sale)",
    "promotions.eligibility": r": [\d.]+% off\.$",
    "quantity_change.decide": r"^It can have ",
    "quantity_change.decide_execution": r"^It can have ",
    "quantity_reduction.decide": r"^\d[\d,]* of .* may go now",
    "refunds.estimate": r"^About ",
    "renewals.decide": r"^Last day to act: .* a month at stake\.$",
    "schedule_change.decide": r"^From the renewal on: ",
    "schedule_change.decide_removal": r"^The schedule can be removed\.$",
    "suspension.suspend": r"^It can be suspended\.",
    "suspension.reactivate": r"^It can be reactivated\.",
    "targeted_offers.decide": r": [\d.]+% off\.$",
    "transitions.into_existing": r" can be upgraded to ",
    "transitions.into_new": r" can be upgraded to ",
    "transitions.standing": r"^The upgrade is completed\.( Its licenses are assigned by hand\.)?$",
    "upsell.decide": r"^Recommend ",
}
# Verdicts that tell something else than whether it is allowed.
TELLS_OTHERWISE = {"end_of_term.decide": "what happens at the end of the term; allowed means that somebody chose it"}


def decisions() -> dict[str, Callable[..., Any]]:
    """Every public function of a rule whose hint says that it returns a decision."""
    found = {}
    for path in rule_files():
        module = importlib.import_module(f"customers.rules.{path.stem}")
        for name, function in vars(module).items():
            if not inspect.isfunction(function) or function.__module__ != module.__name__ or name.startswith("_"):
                continue
            answer = typing.get_type_hints(function).get("return")
            if inspect.isclass(answer) and issubclass(answer, Decision):
                found[f"{path.stem}.{name}"] = function
    return found


def asked(name: str) -> st.SearchStrategy[Decision]:
    """Decisions of this rule, about facts near those that it allows."""
    if name == "upsell.decide":  # it asks back for prices and promotions
        changes = st.fixed_dictionaries(
            {},
            optional={
                "status": NAMED["status"], "is_trial": st.booleans(), "quantity": st.integers(1, 400),
                "end_of_term": st.sampled_from(list(EndOfTerm)), "sold": st.sampled_from([None, True, False]),
                "term_ends_at": PLAIN[datetime], "term_duration": NAMED["term_duration"],
            },
        )  # fmt: skip
        return changes.map(lambda changed: test_upsell.asked(**changed))
    function = decisions()[name]
    hints, given_ones = typing.get_type_hints(function), ARGUMENTS.get(name, {})
    arguments = {
        each: given_ones[each] if each in given_ones else st.just(NOW) if each == "as_of" else some(hints[each], each)
        for each in inspect.signature(function).parameters
    }
    return st.fixed_dictionaries(arguments).map(lambda values: function(**values))


def test_every_decision_is_looked_at() -> None:
    assert set(decisions()) == set(YES) | set(TELLS_OTHERWISE)
    assert len(decisions()) >= 30


@pytest.mark.parametrize("name", sorted(decisions()))
def test_the_verdict_is_all_checks_passed(name: str) -> None:
    seen = set()

    @settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(asked(name))
    def holds(found: Decision) -> None:
        seen.add(found.allowed)
        assert found.allowed is all(check.passed for check in found.checks)
        assert found.checks or found.verdict.startswith("Not checked"), "a decision without a check says nothing"
        assert found.verdict
        assert all(isinstance(check, Check) and check.code and check.message for check in found.checks)
        if name in YES:  # the others are TELLS_OTHERWISE
            assert bool(re.search(YES[name], found.verdict)) is found.allowed, found.verdict

    holds()
    assert seen == {True, False}, "both answers were met"
