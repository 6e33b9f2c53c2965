"""May the partner of record of a subscription become another one?

Source, checked 2026-11-23 (contract §1.5, §3.2, §11.3):
https://learn.microsoft.com/en-us/partner-center/developer/update-a-subscription-by-id

The rule, made precise: only a distributor's subscription has one to change, in service and with no renewal under way
(800098 for the refusals that are about this field). The new one meets the three requirements
(customers/rules/partner_of_record.py) and differs from the present one. The schedule for the end of the term stays.
"""

from __future__ import annotations

from datetime import date, datetime

from customers.rules import subscription_state as state
from customers.rules.partner_of_record import Verdict
from customers.rules.subscription_state import Standing, Suspended, passed, refused
from portal.core.decision import Decision, Rule

RULE = Rule(
    code="partner_of_record_change",
    title="Another partner of record",
    source="https://learn.microsoft.com/en-us/partner-center/developer/update-a-subscription-by-id",
    section="§3.2",
    checked_on=date(2026, 11, 23),
)


def decide(
    standing: Standing, *, is_distributor: bool, present: str, wanted: str, verdict: Verdict, as_of: datetime
) -> Decision:
    """`verdict` is that of `wanted`."""
    checks = state.checks(standing, as_of=as_of, suspended=Suspended.ALLOWED)
    if not is_distributor:
        no = "Only an indirect provider (distributor) sets a partner of record."
        checks.append(refused("distributor", no, error="800098", expected="an indirect provider", rule=RULE))
    if wanted == present:
        no = f"It is {present} already." if present else "Choose a partner of record."
        checks.append(refused("differs", no, expected="another PartnerID", found=present or "none", rule=RULE))
    else:
        checks.append(passed("differs", f"{present or 'None'} → {wanted}.", found=wanted, rule=RULE))
        checks += verdict.checks
    failed = [check.message for check in checks if not check.passed]
    yes = f"The partner of record can be {wanted}."
    return Decision(verdict=" ".join(failed) or yes, checks=tuple(checks), rule=RULE)
