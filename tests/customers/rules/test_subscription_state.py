"""Contract §1.5, §3.3: states in which a subscription can be changed, and the freeze of the renewal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from customers.rules.subscription_state import MOST_UPDATES, Standing, Suspended, checks

LAST_DAY = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STANDING = Standing(status="active", term_ends_at=LAST_DAY, has_no_end=False)


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


CASES = [
    pytest.param({}, NOW, Suspended.KEEPS_LICENSES, "", id="active"),
    pytest.param(
        {"status": "suspended"}, NOW, Suspended.ALLOWED, "", id="§3.7 suspended is no hindrance to a cancellation"
    ),
    pytest.param({"status": "suspended"}, NOW, Suspended.KEEPS_LICENSES, "2001", id="2001 quantity while suspended"),
    pytest.param({"status": "suspended"}, NOW, Suspended.KEEPS_TERM_END, "800091", id="800091 suspended"),
    pytest.param({"status": "deleted"}, NOW, Suspended.ALLOWED, "2011", id="2011 deleted"),
    pytest.param({"status": "expired"}, NOW, Suspended.ALLOWED, "900279", id="900279 expired"),
    pytest.param({"status": "disabled"}, NOW, Suspended.ALLOWED, "900279", id="900279 disabled"),
    pytest.param({"status": "pending"}, NOW, Suspended.ALLOWED, "900280", id="900280 pending"),
    pytest.param({"status": "none"}, NOW, Suspended.ALLOWED, "900280", id="900280 no state yet"),
    pytest.param({}, at(23, 23, 59, 59), Suspended.KEEPS_LICENSES, "", id="the last second of the term"),
    pytest.param({}, at(24), Suspended.KEEPS_LICENSES, "900278", id="900278 the renewal starts at 00:00 UTC"),
    pytest.param({}, at(24, 23, 59, 59), Suspended.KEEPS_LICENSES, "900278", id="900278 up to 24 hours"),
    pytest.param({"ends_with_term": True}, at(24, 8), Suspended.ALLOWED, "900277", id="900277 being expired"),
    pytest.param({}, at(25), Suspended.KEEPS_LICENSES, "900280", id="900280 out of date after the freeze"),
    pytest.param({"term_ends_at": at(23)}, at(23, 20), Suspended.ALLOWED, "", id="§3.2 the last day is inclusive"),
    pytest.param({"term_ends_at": at(23)}, at(24), Suspended.ALLOWED, "900278", id="§3.2 written as midnight"),
    pytest.param({"has_no_end": True}, at(28), Suspended.ALLOWED, "", id="no end, no renewal"),
    pytest.param({"updates": MOST_UPDATES - 1}, NOW, Suspended.ALLOWED, "", id="one update left"),
    pytest.param({"updates": MOST_UPDATES}, NOW, Suspended.ALLOWED, "900311", id="900311 updated too many times"),
]


@pytest.mark.parametrize(("facts", "as_of", "suspended", "error"), CASES)
def test_states(facts: dict[str, Any], as_of: datetime, suspended: Suspended, error: str) -> None:
    found = checks(replace(STANDING, **facts), as_of=as_of, suspended=suspended)
    assert [check.data.get("errorCode") for check in found if not check.passed] == ([error] if error else [])
    assert all(check.message and check.rule for check in found)
