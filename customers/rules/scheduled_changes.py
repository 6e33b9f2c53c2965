"""What is set to happen at the end of a term, in words, and what a change before it does to that.

Sources, checked 2026-11-23 (contract §3.1, §3.4, §3.5):
https://learn.microsoft.com/en-us/partner-center/developer/create-scheduled-changes
https://learn.microsoft.com/en-us/partner-center/customers/extended-service-terms

Any change in the middle of a term (licenses, an upgrade, a cancellation, auto-renew switched, the conversion of a
trial) deletes the schedule: `scheduledNextTermInstructions` and every entry of `scheduledActions`. A change of the
billing plan (`nextChargeInstructions`) stays. A scheduled cancellation is deleted as well while auto-renew stays off,
so that the extended service term may follow unasked: what comes then is decided anew
(customers/rules/end_of_term.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from customers.rules.vocabulary import CYCLE_WORDS, TERM_WORDS, licenses, word

_ACTIONS = {
    "cancel": "Canceled at the end of the term",
    "renewtonewterm": "Renewed to a new term",
    "renewtoextendedserviceterm": "Continued in the extended service term",
    "transition": "Changed to another product at the end of the term",
}

_PLAIN_CHOICES = {"cancel", "renewtoextendedserviceterm"}


def sentences(next_term: Mapping[str, Any] | None, actions: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """One sentence for each thing that is scheduled, in the order of the fields; none when nothing is."""
    found = []
    if next_term:
        found.append(f"At the renewal: {_instructions(next_term) or 'instructions without details'}.")
    for entry in actions:
        kind = str(entry.get("actionType") or "")
        what = _ACTIONS.get(word(kind), f"Scheduled action {kind or 'without a name'}")
        details = _instructions(entry.get("instructions") or {})
        found.append(f"{what}: {details}." if details else f"{what}.")
    return tuple(found)


def replaced_by_choice(actions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The actions that a choice for the end of the term deletes and that were more than an earlier such choice."""
    return [
        entry
        for entry in actions
        if is_for_term_end(entry) and word(str(entry.get("actionType") or "")) not in _PLAIN_CHOICES
    ]


def is_for_term_end(entry: Mapping[str, Any]) -> bool:
    """The field has two spellings; an action that says neither is one for the end of the term."""
    when = entry.get("scheduleType") or entry.get("scheduledType") or "TermEnd"
    return word(str(when)) == "termend"


def _instructions(instructions: Mapping[str, Any]) -> str:
    """`12 licenses, 3 years, yearly, SKU CFQ7TTC0LCHC:0002`, of what is there."""
    product = instructions.get("product") or {}
    quantity = instructions.get("quantity")
    term, cycle = str(product.get("termDuration") or ""), str(product.get("billingCycle") or "")
    reference = ":".join(str(product[key]) for key in ("productId", "skuId") if product.get(key))
    parts = [
        licenses(quantity) if isinstance(quantity, int) else "",
        TERM_WORDS.get(term, term),
        f"billed {CYCLE_WORDS.get(cycle.casefold(), cycle)}" if cycle else "",
        f"SKU {reference}" if reference else "",
        f"promotion {product['promotionId']}" if product.get("promotionId") else "",
    ]
    return ", ".join(part for part in parts if part)
