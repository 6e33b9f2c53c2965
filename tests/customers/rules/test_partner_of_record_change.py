"""Contract §1.5, §3.2, §11.3: another partner of record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from customers.rules.partner_of_record import Facts, Reseller
from customers.rules.partner_of_record import decide as judge
from customers.rules.partner_of_record_change import decide
from customers.rules.subscription_state import Standing

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STANDING = Standing(status="active", term_ends_at=NOW + timedelta(days=40), has_no_end=False)
NOD = Reseller(
    name="Nod Publishers",
    is_location_account=True,
    relationship_type="is_indirect_cloud_solution_provider_of",
    state="Active",
    country="US",
)


@pytest.mark.parametrize(
    ("status", "is_distributor", "present", "reseller", "failed"),
    [
        pytest.param("active", True, "", NOD, [], id="set for the first time"),
        pytest.param("suspended", True, "1234567", NOD, [], id="suspended is in service"),
        pytest.param("active", True, "7654321", NOD, ["differs"], id="the same"),
        pytest.param("active", False, "", NOD, ["distributor"], id="800098 no distributor"),
        pytest.param("active", True, "", None, ["valid_pla"], id="§11.3 an unknown ID"),
        pytest.param("active", True, "", replace(NOD, state="Inactive"), ["active_reseller"], id="§11.3 not active"),
        pytest.param("active", True, "", replace(NOD, country="DE"), ["same_region"], id="§11.4 another region"),
        pytest.param("deleted", True, "", NOD, ["in_service"], id="2011 deleted"),
    ],
)
def test_another_partner_of_record(
    status: str, is_distributor: bool, present: str, reseller: Reseller | None, failed: list[str]
) -> None:
    known = (reseller,) if reseller else ()
    verdict = judge(Facts(status=status, partner_id="7654321", own_id="5512890", own_country="US", resellers=known))
    decision = decide(
        replace(STANDING, status=status), is_distributor=is_distributor, present=present, wanted="7654321",
        verdict=verdict, as_of=NOW,
    )  # fmt: skip
    assert [check.code for check in decision.failed] == failed
