"""What a skill is, what it needs to know, and what it answers. Plain declarations, no Django.

A skill names an intent of the product, the slots it needs and one function that asks a service.
`run(scope, *, <slots>, as_of) -> Answer`: the keyword names are the slot names, so there is no glue.
An answer is data: it is stored as JSON and drawn by templates that escape it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from portal.core.decision import Check, Decision

ANSWERED, NEEDS_INPUT, NEEDS_CONFIRMATION = "answered", "needs_input", "needs_confirmation"
REFUSED, ERROR = "refused", "error"


class NotFound(Exception):
    """What a slot names is not there, or is not this tenant's: the two look the same."""


@dataclass(frozen=True, kw_only=True)
class Ref:
    """A record that a slot resolved to. `key` is its public id, `label` what people call it."""

    kind: str
    key: str
    label: str
    pk: int | None = None
    note: str = ""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Ref:
        return cls(
            kind=data["kind"], key=data["key"], label=data["label"], pk=data.get("pk"), note=data.get("note", "")
        )


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One thing a skill needs. `kind` says how its words become a value; `question` asks for it.

    `finds`: when nothing was said for it, the page or another slot may tell, so it is looked for before it is asked for.
    """

    name: str
    question: str
    kind: str = "value"
    required: bool = True
    finds: bool = False


@dataclass(frozen=True, kw_only=True)
class Skill:
    """`key` is the id in product.md. `title` completes the sentence "I can …"."""

    key: str
    title: str
    prompt: str
    slots: tuple[Slot, ...]
    run: Callable[..., Answer]
    capability: str = "view"
    confirm: bool = False

    def slot(self, name: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.name == name), None)


@dataclass(frozen=True, kw_only=True)
class Link:
    """A record or a page, by URL name: who draws the answer turns it into an address."""

    label: str
    to: str
    args: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Fact:
    label: str
    value: str
    link: Link | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a number or a rule comes from, with the day of it."""

    title: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`lead` is the answer in one sentence; `body` at most two more. `cards` are plain dicts with a `kind`.

    `proposes` are changes that the person may approve; who runs the skill stages them, the skill never acts."""

    lead: str
    body: str = ""
    status: str = ANSWERED
    asks_for: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    checks: tuple[dict[str, Any], ...] = ()
    cards: tuple[dict[str, Any], ...] = ()
    choices: tuple[dict[str, str], ...] = ()
    sources: tuple[Source, ...] = ()
    chips: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    as_of: str = ""
    proposes: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As it is stored: lists for tuples."""
        data: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return data

    def plain(self) -> str:
        """The whole answer as text, for the command line and the clipboard."""
        lines = [f"{self.lead} {self.body}".strip()]
        lines += [f"{fact.label}: {fact.value}" for fact in self.facts]
        lines += [f"{'Met' if check['passed'] else 'Not met'}: {check['message']}" for check in self.checks]
        for card in self.cards:
            lines += [str(line) for line in card.get("plain", ())]
        lines += [", ".join(filter(None, (f"- {each['label']}", each.get("note")))) for each in self.choices]
        lines += [f"Source: {source.title}{', ' + source.detail if source.detail else ''}" for source in self.sources]
        return "\n".join(lines)


def checks_of(decision: Decision) -> tuple[dict[str, Any], ...]:
    """The checks of a decision as data, with the rule each comes from."""
    return tuple(_check(check) for check in decision.checks)


def _check(check: Check) -> dict[str, Any]:
    rule = check.rule
    return {
        "code": check.code,
        "passed": check.passed,
        "message": check.message,
        "expected": check.expected,
        "found": check.found,
        "rule": f"{rule.title}, checked {rule.checked_on:%d %b %Y}" if rule else "",
        "rule_code": rule.code if rule else "",
    }


def stamp(moment: datetime) -> str:
    """The as-of time as people read it."""
    return f"{moment:%d %b %Y, %H:%M} UTC"
