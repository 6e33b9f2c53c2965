"""Sentences to learn from: the questions of questions.txt with invented names in them, and the tuning half.

A line of questions.txt may have {product}, {subscription}, {upgraded_subscription}, {subscriptions}, {customer},
{order}, {quantity}, {n} (a number that is no slot), {sku_ref}, {guid} and its kin, and [words|slot=value].
Under "# -" are parts of sentences, which name something and ask nothing.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from assistant.engine.lexicon import lexicon
from assistant.engine.slots import GUID
from assistant.engine.tagger import pieces
from tests.assistant.learning import names

FOLDER = Path(__file__).parent
TUNING = FOLDER.parent / "tuning.jsonl"
_ROLES = {
    "product": "P", "subscription": "P", "subscriptions": "P", "guid": "P", "guid_sub": "P", "guid_2": "P",
    "upgraded_subscription": "U", "guid_up": "U", "customer": "C", "guid_customer": "C",
}  # fmt: skip
UNCHANGED = rf"{GUID}|[A-Z0-9]{{12}}(?:[: ].*)?|[\w.-]+\.[a-z]{{2,15}}"  # what has the shape of an ID stays
_NICKNAMED = {"subscription", "subscriptions", "upgraded_subscription"}
NICKNAMES: set[str] = set()


@dataclass
class Sentence:
    """`spans` are (role, start, end) in `text`; None where they are not known."""

    text: str
    skill: str
    spans: list[tuple[str, int, int]] | None = field(default_factory=list)


def questions() -> Iterator[tuple[str, str]]:
    skill = ""
    for path in sorted(FOLDER.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("# "):
                skill = line[2:].strip()
            elif line.strip():
                yield skill, line


def written(skill: str, line: str, chance: random.Random) -> Sentence:
    """`line` with names, in one of the ways in which people type."""
    line = re.sub(r"\[([^\]|]*)\|[^\]]*\]", r"\1", line)
    if skill not in {"small_talk", "clarify"} or chance.random() < 0.3:
        line = _noisy(line, chance)
    style = chance.random()
    text, spans, at, said = "", [], 0, {}
    for found in re.finditer(r"\{(\w+)\}", line):
        text += _styled(line[at : found.start()], style, first=not text)
        at = found.end()
        key = found.group(1)
        value = said.get(key) if key in {"subscriptions"} else None
        value = value or _value(key, chance, said)
        said[key] = value
        value = _styled_name(value, style)
        quoted = 0.07 if key in {"customer", "product"} else 0.0
        if key in _NICKNAMED and said[key] in NICKNAMES:
            quoted = 0.85
        quote = chance.choice(('""', "''", "''", "[]")) if chance.random() < quoted else ""
        text += quote[:1]
        if key in _ROLES:
            spans.append((_ROLES[key], len(text), len(text) + len(value)))
        text += value + quote[1:]
    text += _styled(line[at:], style, first=not text)
    if chance.random() < 0.15 and text[-1].isalnum():
        text += chance.choice(("?", ".", "!", " please", " thanks"))
    return Sentence(text, skill, spans)


_BEFORE = ["hi, ", "hello, ", "hey ", "hello team, ", "good morning, ", "quick question: ", "one question: ", "please ", "pls ", "ok so ", "so ", "hi there! ", "sorry, ", "excuse me, ", "dear assistant, ", "morning! ", "I need your help: ", "urgent: ", "just checking: ", "could you help? ", "new request: "]  # fmt: skip
_AFTER = [
    " please",
    " pls",
    " thanks",
    " thank you",
    " thx",
    " asap",
    ", thanks in advance",
    " today",
    " for me",
    ", urgent",
    " if possible",
    "?",
    "??",
    " :)",
]


def _noisy(line: str, chance: random.Random) -> str:
    """With what people say around a question, and a slip of the finger."""
    if chance.random() < 0.15:
        line = chance.choice(_BEFORE) + line
    if chance.random() < 0.12 and line[-1].isalnum():
        line += chance.choice(_AFTER)
    if chance.random() < 0.12:
        words = line.split(" ")
        long = [place for place, word in enumerate(words) if len(word) > 5 and word.isalpha()]
        if long:
            place = chance.choice(long)
            words[place] = _mistyped(words[place], chance)
            line = " ".join(words)
    return line


def _mistyped(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    kind = chance.random()
    if kind < 0.4:
        return word[:at] + word[at + 1 :]
    if kind < 0.7:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at] + word[at:]


def _styled(text: str, style: float, *, first: bool) -> str:
    if style < 0.1:
        return text.upper()
    if style < 0.3:
        return text.lower().replace("?", "").replace(",", "")
    return text[:1].upper() + text[1:] if first and style < 0.65 else text


def _styled_name(name: str, style: float) -> str:
    if style < 0.1:
        return name.upper()
    return name.lower() if style < 0.42 else name


def _value(key: str, chance: random.Random, said: dict[str, str]) -> str:
    if key in {"quantity", "n"}:
        return str(chance.choice((2, 3, 5, 7, 10, 12, 15, 20, 25, 40, 60, 100, 250, 1200)))
    if key == "customer":
        return names.customer(chance)
    if key == "order":
        return f"{chance.getrandbits(48):x}" if chance.random() < 0.5 else f"{chance.randrange(10**7, 10**8)}"
    if key == "sku_ref":
        return f"CFQ7TTC0{''.join(chance.choices('ABCDFGHJKLMNPQRSTVWXYZ0123456789', k=4))}:000{chance.randrange(1, 9)}"
    if key.startswith("guid"):
        return str(UUID(int=chance.getrandbits(128), version=4))
    if key in _NICKNAMED and chance.random() < 0.12:
        NICKNAMES.add(name := names.nickname(chance))
        return name
    others = set(said.values())
    return chance.choice([name for name in names.PRODUCTS if name not in others])


def tuning() -> list[dict[str, Any]]:
    return [json.loads(line) for line in TUNING.read_text(encoding="utf-8").splitlines()]


def of_tuning() -> Iterator[Sentence]:
    """The tuning half; its names are found again where the sentence has them once."""
    for row in tuning():
        if "conversation" not in row:
            yield Sentence(row["prompt"], row["skill"], _spans(row))


def renamed(sentence: Sentence, chance: random.Random) -> Sentence:
    """The same sentence about another customer and other products."""
    text, spans, at, said = "", [], 0, {}
    for role, start, end in sorted(sentence.spans or (), key=lambda span: span[1]):
        name = old = sentence.text[start:end]
        if not re.fullmatch(UNCHANGED, old, re.IGNORECASE):
            name = _value("customer" if role == "C" else "product", chance, said)
            name = name.lower() if old.islower() else name.upper() if old.isupper() and len(old) > 5 else name
        said[f"{role}{start}"] = name
        text += sentence.text[at:start]
        spans.append((role, len(text), len(text) + len(name)))
        text, at = text + name, end
    return Sentence(text + sentence.text[at:], sentence.skill, spans)


def _spans(row: dict[str, Any]) -> list[tuple[str, int, int]] | None:
    if not row["slots"]:
        return None
    roles = {"customer": "C", "product": "P", "subscription": "P", "subscriptions": "P", "upgraded_subscription": "U"}
    spans = []
    for slot, role in roles.items():
        values = row["slots"].get(slot, [])
        for value in values if isinstance(values, list) else [values]:
            places = [found.start() for found in re.finditer(re.escape(value), row["prompt"], re.IGNORECASE)]
            if len(places) != 1:
                return None
            spans.append((role, places[0], places[0] + len(value)))
    return spans


def every(*, times: int, seed: int = 11) -> list[Sentence]:
    chance = random.Random(seed)
    found = [written(skill, line, chance) for _ in range(times) for skill, line in questions()]
    people = list(of_tuning())
    return [*found, *people, *(renamed(each, chance) for each in people if each.spans)]


def words() -> list[str]:
    """Words that people ask with and that no file lists yet: written small, outside of names, in three sentences or more,
    and no slip of the finger."""
    counts: Counter[str] = Counter()
    for each in of_tuning():
        told = list(each.text)
        for _, start, end in each.spans or ():
            told[start:end] = " " * (end - start)
        found = {piece.text for piece in pieces("".join(told))}
        counts.update(word for word in found if word.isalpha() and word.islower() and len(word) > 1)
    book = lexicon()
    return sorted(w for w, count in counts.items() if count > 2 and not book.knows(w) and book.meant(w) == w)
