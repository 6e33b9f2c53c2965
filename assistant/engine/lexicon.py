"""Kinds of words (lexicon.toml) and the pieces of a sentence: what both learned parts look at."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

# A mark, a word with what may stand inside one, or a single sign.
TOKEN = re.compile(r"<\w+>|\d{1,3}(?:,\d{3})+(?!\w)|[^\W_]+(?:[.'&-][^\W_]+)*|[^\w\s]", re.UNICODE)
_SHORTEST_BEGINNING = 3
_LONG_ENOUGH = 5  # shorter words have too many neighbors
_LONG = 8  # from here on two letters may be wrong


@dataclass(frozen=True)
class Lexicon:
    """`kinds` says which kinds of word stand at each place; "PROMO+" marks an entry of several words."""

    words: dict[str, frozenset[str]]
    beginnings: dict[str, frozenset[str]]
    phrases: dict[tuple[str, ...], frozenset[str]]
    longest: int
    known: frozenset[str]  # every word that questions are made of; what is not here may be a name

    def of_word(self, word: str) -> set[str]:
        found = set(self.words.get(word, ()))
        for end in range(_SHORTEST_BEGINNING, len(word) + 1):
            found |= self.beginnings.get(word[:end], frozenset())
        return found

    def meant(self, word: str) -> str:
        """A mistyped word of a question as it is spelled: "subscriptons"; any other word as it is."""
        if len(word) < _LONG_ENOUGH or not word.isalpha() or self.knows(word):
            return word
        return _nearest(word) or word

    def kinds(self, words: Sequence[str]) -> list[set[str]]:
        found = []
        for place, word in enumerate(words):
            here = {word} if word.startswith("<") else self.of_word(word)
            for length in range(1, self.longest + 1):
                phrase = self.phrases.get(tuple(words[place : place + length]))
                if phrase:
                    here |= phrase | {f"{kind}+" for kind in phrase}
            found.append(here)
        return found

    def knows(self, word: str) -> bool:
        return word in self.known or bool(self.of_word(word))


@lru_cache(maxsize=20_000)
def _nearest(word: str) -> str:
    choices = _by_beginning().get(word[0], ())
    found = process.extractOne(word, choices, scorer=OSA.distance, score_cutoff=2 if len(word) >= _LONG else 1)
    return str(found[0]) if found else ""


@cache
def _by_beginning() -> dict[str, list[str]]:
    """Words to mistype, by their first letter, which people get right."""
    found: dict[str, list[str]] = defaultdict(list)
    for word in sorted(lexicon().known):
        if len(word) >= _LONG_ENOUGH and word.isalpha():
            found[word[0]].append(word)
    return found


def forget() -> None:
    """Read the files anew: for the learning, which writes one."""
    for cached in (lexicon, _by_beginning, _nearest):
        cached.cache_clear()


@cache
def lexicon() -> Lexicon:
    folder = Path(__file__).parent
    kinds = tomllib.loads((folder / "lexicon.toml").read_text(encoding="utf-8"))
    vocabulary = tomllib.loads((folder / "vocabulary.toml").read_text(encoding="utf-8"))
    words: dict[str, set[str]] = defaultdict(set)
    beginnings: dict[str, set[str]] = defaultdict(set)
    phrases: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for kind, entries in kinds.items():
        single, *several = entries.split("|")
        for word in single.split():
            (beginnings if word.endswith("*") else words)[word.rstrip("*")].add(kind)
        for phrase in several:
            phrases[tuple(phrase.split())].add(kind)
    for kind in ("products", "generic_products", "endings", "cues"):
        for word in vocabulary[kind].split():
            words[word].add(f"={kind}")
    english = (folder / "english.txt").read_text(encoding="utf-8")
    learned = (folder / "learned_words.txt").read_text(encoding="utf-8")
    known = (
        set(english.split())
        | set(learned.split())
        | set(vocabulary["common"].split())
        | set(words)
        | {word for phrase in phrases for word in phrase}
    )
    return Lexicon(
        words={word: frozenset(found) for word, found in words.items()},
        beginnings={word: frozenset(found) for word, found in beginnings.items()},
        phrases={phrase: frozenset(found) for phrase, found in phrases.items()},
        longest=max(map(len, phrases)),
        known=frozenset(known),
    )
