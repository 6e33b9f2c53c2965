"""A skill is a small declaration: its slots are its function's keywords, its ids are the product's."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from pathlib import Path

import pytest

from assistant.engine import match
from assistant.engine.match import matcher
from assistant.services.resolve_duplicates import AfterUpgrade
from assistant.skill import Skill
from assistant.skills import SKILLS
from downloads import services as downloads
from portal.core.access import CAPABILITIES
from portal.core.jobs import WRITES

KINDS = {
    "customer", "subscription", "product", "sku", "cart_line", "order", "term", "cycle", "quantity", "owner", "upgraded", "duplicates",
    "stays",
}  # fmt: skip
REPLIES = Path("templates/assistant/replies")


@pytest.mark.parametrize("skill", SKILLS.values(), ids=SKILLS.keys())
def test_slots_are_the_functions_keywords(skill: Skill) -> None:
    parameters = inspect.signature(skill.run).parameters
    assert next(iter(parameters)) == "scope"
    keywords = {name: p for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert "as_of" in keywords, "the moment is an argument, never read"
    assert {slot.name for slot in skill.slots} == set(keywords) - {"as_of"}
    for slot in skill.slots:
        assert slot.required == (keywords[slot.name].default is inspect.Parameter.empty)


@pytest.mark.parametrize("skill", SKILLS.values(), ids=SKILLS.keys())
def test_declaration_is_complete(skill: Skill) -> None:
    assert skill.capability in CAPABILITIES
    assert {slot.kind for slot in skill.slots} <= KINDS
    assert [slot.name for slot in skill.slots] == matcher().intents[skill.key].get("slots", "").split()
    assert all(slot.question.endswith(("?", ".")) for slot in skill.slots)


def test_found_the_skills() -> None:
    assert len(SKILLS) >= 6
    assert all(name == skill.key for name, skill in SKILLS.items())


def test_only_the_report_is_started_without_a_confirmation() -> None:
    """A skill that changes something asks first. A report only makes a file, so it does not."""
    writers = {service.__name__ for service in WRITES}
    used = {
        name
        for name, skill in SKILLS.items()
        for word in re.findall(r"\.(\w+)\(", inspect.getsource(inspect.getmodule(skill.run) or inspect))
        if word in writers and not skill.confirm
    }
    assert used == {f"{key.replace('-', '_')}_report" for key in downloads.REPORTS}


def test_what_ends_in_a_change_asks_first_and_needs_a_sure_sentence() -> None:
    """The three places that hold it back name the same skills: approval, the language model, the matcher."""
    proposing = {
        name
        for name, skill in SKILLS.items()
        if "proposes=" in inspect.getsource(inspect.getmodule(skill.run) or inspect)
    }
    assert {name for name, skill in SKILLS.items() if skill.confirm} == set(match.WRITES) == proposing


def test_no_phrase_claims_two_skills() -> None:
    """The same words, or the same title, would make one of two skills unreachable."""
    claims: dict[str, set[str]] = defaultdict(set)
    for key, intent in matcher().intents.items():
        for phrase in (*intent.get("examples", ()), intent.get("title", "")):
            claims[" ".join(phrase.casefold().split())].add(key)
    for key, skill in SKILLS.items():
        claims[skill.prompt.casefold()].add(key)
    claims.pop("", None)
    assert len(claims) >= 2 * len(SKILLS)
    assert not {phrase: keys for phrase, keys in claims.items() if len(keys) > 1}


@pytest.mark.parametrize("skill", SKILLS.values(), ids=SKILLS.keys())
def test_it_has_a_title_and_a_prompt(skill: Skill) -> None:
    """Help names it, its card in the panel sends the prompt."""
    assert skill.title[:1].islower(), "it goes on from: it can …"
    assert len(skill.prompt) > 20


def test_every_card_has_its_template() -> None:
    kinds = set()
    for path in Path("assistant/skills").glob("*.py"):
        kinds |= set(re.findall(r'"kind": "(\w+)"', path.read_text(encoding="utf-8")))
    assert len(kinds) >= 6
    assert {f"{kind}.html" for kind in kinds} == {path.name for path in REPLIES.glob("*.html")}


def test_resolver_knows_every_kind(ours: object, as_of: object) -> None:
    known = set(AfterUpgrade(ours, as_of=as_of).kinds)  # type: ignore[arg-type]
    assert KINDS - known == {"sku"}, "a SKU is resolved with its product"
