"""From a sentence to a skill, with how sure that is.

What is looked at is the order of the kinds of words (lexicon.toml), the words themselves and the marks that stand
for names and values; how much each of it says for a skill is learned from the tuning sentences
(`python -m tests.assistant.learn`) and kept in a data file. A clear winner is answered, two close ones are asked
about, and a sentence that is near nothing is out of scope. Same sentence, same result: no chance, no clock.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from assistant.engine.lexicon import TOKEN, Lexicon, lexicon
from assistant.engine.text import mark_negated

ASK_BELOW = 0.3  # a winner less sure than this is asked about
DECLINE_BELOW = 0.15  # and one less sure than this is near nothing
ACT_FROM = 0.6  # what ends in a ticket is opened by a sentence that is much more likely it than all else
DOUBTED_FROM = 0.2  # and not while both are this likely: "no reduction, the whole duplicate has to go"
NOT_ASKED_ABOUT = {"help", "small_talk", "out_of_scope", "clarify"}
WRITES = {"cancel_duplicate": {"CANCEL", "ENDIT"}, "reduce_duplicate": {"REDUCE", "LICENSE", "<quantity>"}}
DUPLICATE = {"DUP", "OLD", "AFTERUP"}
_AMOUNTS = {"LICENSE", "<quantity>"}
_WHOLE = re.compile(
    r"\b(?:drop|remov(?:e|ing)|delet(?:e|ing)|close|get rid of|cancel\w*|terminat\w*)\b(?!.*\d)", re.IGNORECASE
)
# Whether something may be done is a question; doing it is not asked for.
_ASKS = re.compile(
    r"\b(?:too late|still time|until when|is it (?:still )?(?:possible|allowed)|(?:am|are) (?:i|we) (?:still )?allowed)\b"
    r"|\b(?:can|could|may|might|is|are)\b(?! (?:you|u)\b)[^.;:!]{0,80}?\b(?:cancel+ed|cancel+able|terminated|dropped|removed|reduced|"
    r"reducible|lowered|refund\w*)\b[^.;:!]*\?",
    re.IGNORECASE,
)
# What is asked when a bare action fits a check and a request (product.md §5).
BOTH_MEANT = (
    ({"REDUCE"}, ("quantity_reduction", "reduce_duplicate")),
    ({"CANCEL", "ENDIT"}, ("cancellation_eligibility", "cancel_duplicate")),
    ({"RENEWAL", "FILE"}, ("est_report", "upsell_report")),
)
# What only questions about this product are made of.
_OURS = {
    "PRICE", "PROMO", "SUB", "SUBS", "LICENSE", "CART", "ORDER", "UPGRADE", "MIGRATE", "POR", "EST", "UPSELL", "TARGETED",
    "CANCEL", "REDUCE", "FILE", "RENEWAL", "DUP", "<product>", "<name>", "<guid>", "<domain>", "<ref>", "<order>",
}  # fmt: skip
_QUIET = {"PREP", "AND", "PLEASE", "_"}


@dataclass(frozen=True)
class Match:
    """The skill that was meant, and the nearest ones, best first. `between` is filled for `clarify`.

    `score` is the probability of `skill`, 0 to 1. `by` names the language model whose opinion it is, `proposed` what it
    found for slots; both empty offline.
    """

    skill: str
    nearest: tuple[str, ...]
    between: tuple[str, ...] = ()
    score: float = 0.0
    proposed: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""


class Understands(Protocol):
    """What the dialogue needs of a matcher; a language model behind this may choose a skill, never run one."""

    def match(self, masked: str) -> Match: ...


def words_of(masked: str) -> list[str]:
    sentence = mark_negated(masked).casefold().replace("licence", "license")
    words = [word for word in TOKEN.findall(sentence) if word[0].isalnum() or word[0] == "<" or word == "?"]
    return [lexicon().meant(word) for word in words]


def features(masked: str) -> dict[str, float]:
    """What is seen in a sentence with masked names, each with its weight; the length of the whole is 1."""
    words = words_of(masked)
    kinds = [found or {"_"} for found in lexicon().kinds(words)]
    seen = _of_kinds(kinds) | _of_words(words)
    length = math.sqrt(sum(value * value for value in seen.values()))
    return {name: value / length for name, value in seen.items()}


def _of_kinds(kinds: Sequence[set[str]]) -> dict[str, float]:
    """Which kinds there are, which stand side by side, and which come somewhere after which."""
    seen = {f"k:{kind}": 1.0 for found in kinds for kind in found}
    for left, right in zip([{"^"}, *kinds], [*kinds, {"$"}], strict=True):
        seen |= {f"n:{one} {other}": 0.5 for one in left for other in right}
    if not any(found & _OURS for found in kinds):
        seen["foreign"] = 1.0
    told = [found - _QUIET for found in kinds]
    for place, found in enumerate(told):
        later = set().union(*told[place + 1 :])
        seen |= {f"o:{one} {other}": 0.35 for one in found for other in later if one != other}
    first = next((found for found in told if found), set())
    return seen | {f"first:{kind}": 0.7 for kind in first}


def _of_words(words: Sequence[str]) -> dict[str, float]:
    stems = [_stem(word) for word in words]
    seen = {f"w:{stem}": 0.6 for stem in stems}
    seen |= {f"b:{left} {right}": 0.5 for left, right in zip(["^", *stems], [*stems, "$"], strict=True)}
    seen["all"] = 1.0
    seen[f"products:{min(words.count('<product>'), 2)}"] = 0.7
    seen[f"guids:{min(words.count('<guid>'), 3)}"] = 0.7
    seen["asks"] = 1.0 if "?" in words else 0.0
    seen["short"] = 1.0 if len(words) < 4 else 0.0
    return seen


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ing", "ies", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.startswith("<"):
            return word[: -len(ending)]
    return word


def is_about_us(masked: str) -> bool:
    """Does the sentence have a word that only questions about this product have?"""
    words = words_of(masked)
    ours = _OURS | {"=products", "=generic_products"}
    return any(word[0] == "<" or found & ours for word, found in zip(words, lexicon().kinds(words), strict=True))


class Matcher:
    """Knows every intent of the product, wired to a skill or not."""

    def __init__(self, intents: dict[str, Any], learned: Mapping[str, Any]) -> None:
        self.intents = intents
        self.skills: list[str] = learned["skills"]
        self.weights: Mapping[str, Mapping[str, float]] = learned["weights"]
        self.book: Lexicon = lexicon()

    def match(self, masked: str) -> Match:
        """`masked` is the sentence with names and values replaced (engine/names.py)."""
        chances = self.chances(masked)
        kinds = set().union(*self.book.kinds(words_of(masked)))
        only_asks = _ASKS.search(masked) is not None
        if not kinds & _AMOUNTS and _WHOLE.search(masked):
            # "drop the old one" is the whole of it, "drop 5 seats of the old one" is not.
            chances["cancel_duplicate"] = max(chances["cancel_duplicate"], chances["reduce_duplicate"])
            chances["reduce_duplicate"] = 0.0
        is_doubted = all(chances[skill] >= DOUBTED_FROM for skill in WRITES)
        for skill, needed in WRITES.items():
            # Nothing but the request itself, and a duplicate said or implied, opens what ends in a ticket.
            if only_asks or not (kinds & needed and kinds & DUPLICATE):
                chances[skill] = 0.0
        ranked = sorted(chances, key=lambda skill: (-chances[skill], skill))
        best, second = ranked[:2]
        nearest = tuple(skill for skill in ranked if skill not in NOT_ASKED_ABOUT)[:3]
        score = chances[best]
        if best in WRITES and is_doubted:
            return Match("clarify", nearest, tuple(WRITES), score)
        if best == "clarify" or (best in WRITES and score < ACT_FROM):
            both = next((both for signs, both in BOTH_MEANT if kinds & signs), nearest[:2])
            return Match("clarify", nearest, both, score)
        if best in NOT_ASKED_ABOUT or score >= ASK_BELOW:
            return Match(best, nearest, score=score)
        if score < DECLINE_BELOW and not kinds & {"<product>", "<name>", "<guid>", "<ref>"}:
            return Match("out_of_scope", nearest, score=score)
        if second in NOT_ASKED_ABOUT and score - chances[second] > 0.1:
            return Match(best, nearest, score=score)
        return Match("clarify", nearest, nearest[:2], score)

    def chances(self, masked: str) -> dict[str, float]:
        """The probability of each skill."""
        totals = [0.0] * len(self.skills)
        for name, value in features(masked).items():
            for place, weight in self.weights.get(name, {}).items():
                totals[int(place)] += value * weight
        top = max(totals)
        odds = [math.exp(total - top) for total in totals]
        return {skill: chance / sum(odds) for skill, chance in zip(self.skills, odds, strict=True)}


@cache
def matcher() -> Matcher:
    """The matcher over the data files beside this module."""
    folder = Path(__file__).parent
    return Matcher(
        tomllib.loads((folder / "intents.toml").read_text(encoding="utf-8")),
        json.loads((folder / "learned_skills.json").read_text(encoding="utf-8")),
    )
