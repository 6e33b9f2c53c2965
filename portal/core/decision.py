"""The one shape of an answer to a business question. Plain Python, no Django."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Where a condition comes from: what a person can look up to check us."""

    code: str
    title: str
    source: str  # address of the page
    section: str  # section of the contract that records it
    checked_on: date


@dataclass(frozen=True, kw_only=True)
class Check:
    """One condition, and the sentence that explains its outcome to a person.

    `expected` and `found` are short phrases for a table; `message` is the whole sentence.
    `data` holds the vendor's own fields for this outcome (for example `minimumRequiredSeats`).
    """

    code: str
    passed: bool
    message: str
    expected: str = ""
    found: str = ""
    rule: Rule | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A verdict and the checks behind it. Allowed when every check passed.

    `verdict` is the answer as a sentence. A missing fact is a failed check that names it
    (`missing_fact(...)`), never a guess.
    """

    verdict: str
    checks: tuple[Check, ...]
    rule: Rule | None = None

    @property
    def allowed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.passed)

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(check.message for check in self.failed)

    def require(self) -> None:
        """Raise `NotAllowed` unless every check passed."""
        if not self.allowed:
            raise NotAllowed(self)


def missing_fact(what: str, *, how_to_get_it: str = "") -> Check:
    """The check for a fact that nobody has given us."""
    sentence = f"Not known: {what}."
    return Check(
        code="missing_fact",
        passed=False,
        message=f"{sentence} {how_to_get_it}".strip(),
        expected=what,
        found="not known",
    )


class NotAllowed(Exception):
    """A rule said no. The message is written for the user."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(" ".join(decision.reasons))
        self.decision = decision
