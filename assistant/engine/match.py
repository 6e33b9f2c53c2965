"""From a sentence to a skill: concept rules and nearest phrasings, summed, with a margin.

Both parts are data (concepts.toml, intents.toml). Rules know the boundaries of the skills; the nearest
phrasings carry what the rules do not foresee. A clear winner is answered, two close ones are asked about,
and a sentence that is near nothing is out of scope. Same sentence, same result: no chance, no clock.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from assistant.engine.text import without_negated

NEAREST_WEIGHT = 3.0  # what an exact phrasing is worth beside the rules
FLOOR = 2.2  # below this nothing is near
MARGIN = 0.55  # two skills nearer than this are asked about
NOT_ASKED_ABOUT = {"help", "small_talk", "out_of_scope", "clarify"}
# What is asked when a bare action fits a check and a request (product.md §5).
BOTH_MEANT = {
    "imperative_cancel": ("cancellation_eligibility", "cancel_duplicate"),
    "imperative_reduce": ("quantity_reduction", "reduce_duplicate"),
    "renewals": ("est_report", "upsell_report"),
}


@dataclass(frozen=True)
class Match:
    """The skill that was meant, and the nearest ones, best first. `between` is filled for `clarify`.

    `by` names the language model whose opinion it is, `proposed` what it found for slots; both empty offline."""

    skill: str
    nearest: tuple[str, ...]
    between: tuple[str, ...] = ()
    score: float = 0.0
    concepts: frozenset[str] = frozenset()
    proposed: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""


class Understands(Protocol):
    """What the dialogue needs of a matcher; a language model behind this may choose a skill, never run one."""

    def match(self, masked: str) -> Match: ...


@dataclass(frozen=True)
class _Rule:
    skill: str
    weight: float
    all: frozenset[str]
    any: frozenset[str]
    none: frozenset[str]

    def holds(self, concepts: frozenset[str]) -> bool:
        return self.all <= concepts and (not self.any or bool(self.any & concepts)) and not self.none & concepts


class Matcher:
    """Knows every intent of the product, wired to a skill or not."""

    def __init__(self, intents: dict[str, Any], concepts: dict[str, Any]) -> None:
        self.intents = intents
        self.patterns = {name: re.compile(pattern) for name, pattern in concepts["concepts"].items()}
        self.rules = [
            _Rule(
                rule["skill"], rule["weight"], frozenset(rule.get("all", ())), frozenset(rule.get("any", ())),
                frozenset(rule.get("none", ())),
            )
            for rule in concepts["rules"]
        ]  # fmt: skip
        examples = [(skill, _grams(text)) for skill, intent in intents.items() for text in intent["examples"]]
        seen = Counter(gram for _, grams in examples for gram in set(grams))
        self.idf = {gram: math.log((1 + len(examples)) / (1 + count)) + 1 for gram, count in seen.items()}
        self.examples = [(skill, _unit(self._weighed(grams))) for skill, grams in examples]

    def match(self, masked: str) -> Match:
        """`masked` is the sentence with names and values replaced (engine/names.py)."""
        sentence = _normal(without_negated(masked))
        concepts = self.concepts(sentence)
        scores = self.scores(sentence, concepts)
        ranked = sorted(scores, key=lambda skill: (-scores[skill], skill))
        best = ranked[0]
        nearest = tuple(skill for skill in ranked if skill not in NOT_ASKED_ABOUT)[:3]
        if scores[best] < FLOOR and "product" in concepts and best not in NOT_ASKED_ABOUT:
            # It names a product of ours: it is about something here, only what is not clear.
            return Match("clarify", nearest, nearest[:2], scores[best], concepts)
        if scores[best] < FLOOR:
            return Match("out_of_scope", nearest, score=scores[best], concepts=concepts)
        if best == "clarify":
            between = next((both for sign, both in BOTH_MEANT.items() if sign in concepts), nearest[:2])
            return Match("clarify", nearest, between, scores[best], concepts)
        second = ranked[1]
        close = scores[best] - scores[second] < MARGIN and scores[best] < 6
        if close and not {best, second} & NOT_ASKED_ABOUT:
            return Match("clarify", nearest, (best, second), scores[best], concepts)
        return Match(best, nearest, score=scores[best], concepts=concepts)

    def concepts(self, sentence: str) -> frozenset[str]:
        return frozenset(name for name, pattern in self.patterns.items() if pattern.search(sentence))

    def scores(self, sentence: str, concepts: frozenset[str]) -> dict[str, float]:
        totals = dict.fromkeys(self.intents, 0.0)
        for rule in self.rules:
            if rule.holds(concepts):
                totals[rule.skill] += rule.weight
        for skill, similarity in self._nearest(sentence).items():
            totals[skill] += NEAREST_WEIGHT * similarity
        return totals

    def _nearest(self, sentence: str) -> dict[str, float]:
        asked = _unit(self._weighed(_grams(sentence)))
        best: dict[str, float] = {}
        for skill, example in self.examples:
            similarity = sum(weight * example[gram] for gram, weight in asked.items() if gram in example)
            best[skill] = max(best.get(skill, 0.0), similarity)
        return best

    def _weighed(self, grams: list[str]) -> dict[str, float]:
        unknown = max(self.idf.values(), default=1.0)
        return {gram: (1 + math.log(count)) * self.idf.get(gram, unknown) for gram, count in Counter(grams).items()}


def _normal(sentence: str) -> str:
    sentence = sentence.casefold().replace("licence", "license")
    sentence = re.sub(r"\s+([,.;:?!'])", r"\1", sentence)
    return " ".join(sentence.split())


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ing", "ies", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.startswith("<"):
            return word[: -len(ending)]
    return word


def _grams(text: str) -> list[str]:
    """Stems and pairs of them."""
    stems = [_stem(word) for word in re.findall(r"<\w+>|[a-z0-9]+(?:'[a-z]+)?", text.casefold())]
    return stems + [f"{left} {right}" for left, right in zip(stems, stems[1:], strict=False)]


def _unit(vector: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
    return {gram: weight / length for gram, weight in vector.items()}


@cache
def matcher() -> Matcher:
    """The matcher over the data files beside this module."""
    folder = Path(__file__).parent
    return Matcher(
        tomllib.loads((folder / "intents.toml").read_text(encoding="utf-8")),
        tomllib.loads((folder / "concepts.toml").read_text(encoding="utf-8")),
    )
