"""Contract §3.3-§3.5: three choices for the end of a term."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from customers.rules.end_of_term import Facts
from customers.rules.end_of_term_choice import Choice, Prices, Situation, decide, options
from customers.rules.subscription_state import Standing

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
END = datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC)
FACTS = Facts(
    status="active",
    auto_renew_enabled=True,
    is_legacy=False,
    is_trial=False,
    is_microsoft_product=True,
    billing_type="license",
    product_type="OnlineServicesNCE",
    term_starts_at=datetime(2026, 2, 1, tzinfo=UTC),
    term_ends_at=END,
    has_no_end=False,
    scheduled_actions=(),
)
SITUATION = Situation(
    standing=Standing(status="active", term_ends_at=END, has_no_end=False),
    facts=FACTS,
    billing_cycle="monthly",
    quantity=10,
    has_next_term_instructions=False,
    prices=Prices(is_known=True, currency="USD", month=Decimal("26.40"), year=Decimal("264.00")),
)


def situation(**changed: Any) -> Situation:
    own = {key: changed.pop(key) for key in ("billing_cycle", "has_next_term_instructions", "prices") if key in changed}
    status = changed.get("status", "active")
    standing = replace(SITUATION.standing, status=status)
    return replace(SITUATION, standing=standing, facts=replace(FACTS, **changed), **own)


CASES = [
    pytest.param({}, "", "", "", id="§3.5 all three"),
    pytest.param({"status": "suspended"}, "800091", "800091", "800091", id="800091 suspended"),
    pytest.param({"status": "deleted"}, "2011", "2011", "2011", id="2011 deleted"),
    pytest.param({"is_legacy": True}, "800093", "800093", "800093", id="800093 legacy"),
    pytest.param({"has_no_end": True}, "has_end", "has_end", "has_end", id="no end"),
    pytest.param({"is_trial": True}, "800093", "", "not_trial", id="800093 a trial with nothing set"),
    pytest.param({"is_trial": True, "has_next_term_instructions": True}, "", "", "not_trial", id="§3.4 a trial"),
    pytest.param(
        {"product_type": "Software", "billing_cycle": "one_time"}, "800093", "", "online_service", id="800093 software"
    ),
    pytest.param(
        {"term_starts_at": datetime(2025, 3, 31, tzinfo=UTC)}, "", "", "bought_from", id="§3.5 bought before 2025-04-01"
    ),
]


@pytest.mark.parametrize(("changed", "renew", "cancel", "est"), CASES)
def test_what_can_be_chosen(changed: dict[str, Any], renew: str, cancel: str, est: str) -> None:
    found = options(situation(**changed), as_of=NOW)
    codes = [
        (option.failed[0].data.get("errorCode") or option.failed[0].code) if option.failed else "" for option in found
    ]
    assert codes == [renew, cancel, est]


@pytest.mark.parametrize("choice", list(Choice))
def test_nothing_is_chosen_while_the_renewal_runs(choice: Choice) -> None:
    decision = decide(choice, SITUATION, as_of=END + timedelta(hours=3))
    assert [check.data["errorCode"] for check in decision.failed] == ["900278"]


@pytest.mark.parametrize(
    ("prices", "words", "per_month"),
    [
        pytest.param(
            SITUATION.prices, "$271.90 a month: 3% more than the monthly term ($264.00).", "$271.90", id="§3.5 3 %"
        ),
        pytest.param(
            replace(SITUATION.prices, month=None), "$270.60 a month: 23% more than a month of the year's term ($220.00).",
            "$270.60", id="§3.5 23 % without a monthly term",
        ),
        pytest.param(Prices(is_known=False), "Not known: the price of the SKU.", None, id="no price list"),
        pytest.param(Prices(is_known=True, currency="USD"), "23% more, because", None, id="neither month nor year"),
    ],
)  # fmt: skip
def test_what_the_extended_term_costs(prices: Prices, words: str, per_month: str | None) -> None:
    option = decide(Choice.EST, situation(prices=prices), as_of=NOW)
    assert words in option.verdict
    assert (str(option.cost.per_month) if option.cost else None) == per_month


@pytest.mark.parametrize(
    ("changed", "current", "unasked"),
    [
        pytest.param({}, Choice.RENEW, None, id="auto-renew"),
        pytest.param(
            {"auto_renew_enabled": False, "scheduled_actions": [{"actionType": "Cancel"}]}, Choice.CANCEL, None,
            id="cancel",
        ),
        pytest.param({"auto_renew_enabled": False}, None, Choice.EST, id="§3.5 silent EST is named, not chosen"),
    ],
)  # fmt: skip
def test_what_is_chosen_now(changed: dict[str, Any], current: Choice | None, unasked: Choice | None) -> None:
    found = options(situation(**changed), as_of=NOW)
    assert [option.choice for option in found if option.is_current] == ([current] if current else [])
    assert [option.choice for option in found if option.comes_unasked] == ([unasked] if unasked else [])
