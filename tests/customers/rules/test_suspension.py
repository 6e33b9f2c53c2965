"""Contract §3.3: suspended and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from customers.rules.subscription_state import Standing
from customers.rules.suspension import reactivate, suspend

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STANDING = Standing(status="active", term_ends_at=NOW + timedelta(days=20), has_no_end=False)


@pytest.mark.parametrize(
    ("status", "days", "to_suspend", "to_reactivate"),
    [
        pytest.param("active", 0, "", "800096", id="active"),
        pytest.param("suspended", 0, "800096", "", id="suspended"),
        pytest.param("deleted", 0, "2011", "2011", id="2011 deleted"),
        pytest.param("disabled", 0, "900279", "900279", id="900279 disabled"),
        pytest.param("suspended", 21, "800096", "900278", id="reactivated until the term ends"),
        pytest.param("active", 21, "900278", "800096", id="900278 the renewal runs"),
    ],
)
def test_suspend_and_reactivate(status: str, days: int, to_suspend: str, to_reactivate: str) -> None:
    standing, as_of = replace(STANDING, status=status), NOW + timedelta(days=days)
    for decision, error in (
        (suspend(standing, as_of=as_of), to_suspend),
        (reactivate(standing, as_of=as_of), to_reactivate),
    ):
        codes = [check.data["errorCode"] for check in decision.failed]
        assert codes[-1:] == ([error] if error else [])
