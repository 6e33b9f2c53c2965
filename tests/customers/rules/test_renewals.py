"""Contract §3.3-§3.5 and §5.2: what follows a term, the last day to act, and what is at stake."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from customers.rules import renewals as rule
from customers.rules.pricing import Row, Wanted
from customers.rules.renewals import Facts, Next, Worth
from customers.rules.vocabulary import EndOfTerm
from portal.core.money import Money

AS_OF = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENDS = datetime(2026, 12, 14, 23, 59, 59, tzinfo=UTC)
NEXT = {"product": {"productId": "CFQ7TTC0LCHC", "skuId": "0002", "termDuration": "P3Y", "billingCycle": "Annual"}}


def facts(**changes: Any) -> Facts:
    values: dict[str, Any] = {
        "status": "active",
        "outcome": EndOfTerm.RENEW,
        "product_id": "CFQ7TTC0LCHC",
        "sku_id": "0002",
        "term_duration": "P1Y",
        "renewal_term_duration": "",
        "billing_cycle": "monthly",
        "quantity": 10,
        "term_ends_at": ENDS,
        "has_no_end": False,
        "next_term": None,
        "scheduled_actions": (),
        **changes,
    }
    return Facts(**values)


def row(term: str, plan: str, unit_price: str, **changes: Any) -> Row:
    values: dict[str, Any] = {
        "id": 1, "sku_id": 1, "view": "current", "list_name": "november.csv", "list_date": date(2026, 11, 1),
        "term_duration": term, "billing_plan": plan, "market": "US", "currency": "USD", "segment": "Commercial",
        "tier_min": 0, "tier_max": None, "unit_price": Decimal(unit_price), "erp_price": None,
        "starts_at": datetime(2026, 11, 1, tzinfo=UTC), "ends_at": datetime(9999, 11, 30, tzinfo=UTC),
        "end_of_sale_at": None, "withdrawn_at": None, **changes,
    }  # fmt: skip
    return Row(**values)


WANTED = Wanted(
    title="Business Premium", market="US", currency="USD", segment="Commercial", term_duration="", billing_cycle="",
    quantity=10,
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "last"),
    [
        pytest.param({}, date(2026, 12, 14), id="§3.3 the last day belongs to the term"),
        pytest.param(
            {"term_ends_at": datetime(2026, 12, 14, tzinfo=UTC)}, date(2026, 12, 14), id="§3.2 inclusive, as a date"
        ),
        pytest.param(
            {"product_id": "", "term_ends_at": datetime(2026, 12, 14, tzinfo=UTC)},
            date(2026, 12, 13),
            id="§3.2 legacy: exclusive",
        ),
    ],
)
def test_the_last_day_to_act(changes: dict[str, Any], last: date) -> None:
    one = facts(**changes)
    assert rule.last_day(one.term_ends_at, is_legacy=one.is_legacy) == last


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, ("CFQ7TTC0LCHC:0002", "P1Y", "monthly", 10, False), id="as it is"),
        pytest.param(
            {"next_term": {**NEXT, "quantity": 12}},
            ("CFQ7TTC0LCHC:0002", "P3Y", "annual", 12, True),
            id="§3.4 instructions for the next term",
        ),
        pytest.param(
            {
                "next_term": {**NEXT, "quantity": 12},
                "scheduled_actions": [
                    {"scheduleType": "TermEnd", "actionType": "Transition",
                     "instructions": {"product": {"productId": "CFQ7TTC0HL8W", "skuId": "0009"}, "quantity": 4}}
                ],
            },
            ("CFQ7TTC0HL8W:0009", "P1Y", "monthly", 4, True),
            id="§3.5 only the action counts where both are there",
        ),
        pytest.param(
            {"scheduled_actions": [{"scheduleType": "CustomDate", "actionType": "Transition", "instructions": NEXT}]},
            ("CFQ7TTC0LCHC:0002", "P1Y", "monthly", 10, False),
            id="§3.5 another date is not the end of the term",
        ),
        pytest.param(
            {"renewal_term_duration": "P1M"},
            ("CFQ7TTC0LCHC:0002", "P1M", "monthly", 10, True),
            id="§3.2 the term of the renewal",
        ),
        pytest.param(
            {"outcome": EndOfTerm.CANCEL, "next_term": NEXT},
            ("CFQ7TTC0LCHC:0002", "P1Y", "monthly", 10, False),
            id="what ends would have renewed as it is",
        ),
    ],
)  # fmt: skip
def test_what_follows(changes: dict[str, Any], expected: tuple[object, ...]) -> None:
    found = rule.following(facts(**changes))
    assert (
        f"{found.product_id}:{found.sku_id}", found.term_duration, found.billing_cycle, found.quantity, found.is_changed,
    ) == expected  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "is_rollover"),
    [
        pytest.param({"term_duration": "P1M"}, True, id="a monthly term goes on"),
        pytest.param({"term_duration": "P1Y"}, False, id="a year's term asks somebody"),
        pytest.param({"term_duration": "P1M", "outcome": EndOfTerm.SILENT_EST}, False, id="another outcome"),
        pytest.param({"term_duration": "P1M", "next_term": NEXT}, False, id="a longer term was set"),
        pytest.param({"term_duration": "P1M", "next_term": {"quantity": 3}}, False, id="fewer licenses were set"),
        pytest.param(
            {"term_duration": "P1M", "status": "suspended", "outcome": EndOfTerm.LAPSE}, False, id="suspended"
        ),
    ],
)
def test_a_rollover(changes: dict[str, Any], is_rollover: bool) -> None:
    one = facts(**changes)
    assert rule.is_rollover(one, rule.following(one)) is is_rollover


PRICES = [row("P1Y", "monthly", "264.00"), row("P1Y", "annual", "252.00"), row("P1M", "monthly", "25.00")]


@pytest.mark.parametrize(
    ("outcome", "prices", "expected", "uplift"),
    [
        pytest.param(EndOfTerm.RENEW, PRICES, "220.00", None, id="§5.2 the next term, by the month"),
        pytest.param(EndOfTerm.CANCEL, PRICES, "220.00", None, id="what ends is worth its renewal"),
        pytest.param(EndOfTerm.LAPSE, PRICES, "220.00", None, id="a lapse too"),
        pytest.param(EndOfTerm.EST, PRICES, "257.50", "0.03", id="§3.5 3 % more than the monthly term"),
        pytest.param(EndOfTerm.SILENT_EST, PRICES, "257.50", "0.03", id="§3.5 silence costs the same"),
        pytest.param(EndOfTerm.SILENT_EST, PRICES[:2], "258.30", "0.23", id="§3.5 23 % without a monthly term"),
        pytest.param(EndOfTerm.RENEW, PRICES[1:], None, None, id="no row for the plan: missing, not zero"),
        pytest.param(EndOfTerm.SILENT_EST, [], None, None, id="no list at all"),
        pytest.param(
            EndOfTerm.RENEW, [row("P1Y", "monthly", "264.00", view="eos")], "220.00", None, id="§5.2 end of sale renews"
        ),
        pytest.param(
            EndOfTerm.RENEW, [row("P1Y", "monthly", "264.00", view="future")], None, None, id="only announced"
        ),
    ],
)
def test_what_is_at_stake(outcome: EndOfTerm, prices: list[Row], expected: str | None, uplift: str | None) -> None:
    one = facts(outcome=outcome)
    found = rule.following(one)
    value = rule.worth(outcome, found, prices, wanted=WANTED, as_of=AS_OF)
    decision = rule.decide(one, value, currency="USD", as_of=AS_OF)
    assert decision.at_stake == (Money(Decimal(expected), "USD") if expected else None)
    assert decision.uplift == (Decimal(uplift) if uplift else None)
    assert decision.allowed is (expected is not None)
    assert ("not known" in decision.verdict) is (expected is None)


@pytest.mark.parametrize(
    ("changes", "as_of", "code"),
    [
        pytest.param({}, datetime(2026, 12, 14, 23, 59, tzinfo=UTC), "", id="the last minute of the last day"),
        pytest.param({}, datetime(2026, 12, 15, 0, 0, tzinfo=UTC), "time_to_act", id="§3.3 frozen from 00:00 UTC"),
        pytest.param({"status": "deleted", "outcome": EndOfTerm.NOT_APPLICABLE}, AS_OF, "term_ahead", id="canceled"),
        pytest.param({"has_no_end": True, "outcome": EndOfTerm.NOT_APPLICABLE}, AS_OF, "term_ahead", id="no end"),
    ],
)
def test_is_there_time_to_act(changes: dict[str, Any], as_of: datetime, code: str) -> None:
    value = Worth(unit_price=Decimal(264), months=12)
    decision = rule.decide(facts(**changes), value, currency="USD", as_of=as_of)
    assert [check.code for check in decision.failed] == ([code] if code else [])
    assert decision.allowed == all(check.passed for check in decision.checks)


def test_a_plain_next_term_equals_itself() -> None:
    assert rule.following(facts()) == Next(
        product_id="CFQ7TTC0LCHC", sku_id="0002", term_duration="P1Y", billing_cycle="monthly", quantity=10
    )
