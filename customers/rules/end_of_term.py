"""What happens to a subscription when its term ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from customers.rules.vocabulary import EndOfTerm
from portal.core.decision import Decision


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The fields of a subscription that decide, as the API returns them."""

    status: str
    auto_renew_enabled: bool
    is_legacy: bool
    is_trial: bool
    is_microsoft_product: bool
    billing_type: str
    product_type: str
    term_starts_at: datetime
    term_ends_at: datetime
    has_no_end: bool
    scheduled_actions: Sequence[Mapping[str, Any]]
    has_monthly_plan: bool | None = None  # is the SKU sold for one month? None: no price list says


@dataclass(frozen=True, kw_only=True)
class Outcome(Decision):
    """The end of a term. Allowed means: somebody chose it. `uplift` is a fraction, for both kinds of EST."""

    outcome: EndOfTerm
    uplift: Decimal | None = None


def outcome_of(facts: Facts) -> EndOfTerm:
    """The outcome alone, for bulk work. `decide` explains it."""
    raise NotImplementedError


def decide(facts: Facts, *, as_of: datetime) -> Outcome:
    raise NotImplementedError
