"""Which words of a sentence are a name, and whose: a customer's, a product's, or the upgraded subscription's.

A small linear model over the words around each word, with the best path through the whole sentence. It is learned
from the tuning sentences (`python -m tests.assistant.learn`), and it sees the kind and the shape of a word rather
than the word, so that a name it has never met is found by where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.engine.lexicon import TOKEN, lexicon

# Outside; a beginning and a continuation of a customer, a product or subscription, an upgraded subscription.
TAGS = ("O", "BC", "IC", "BP", "IP", "BU", "IU")
_FROM = {"IC": ("BC", "IC"), "IP": ("BP", "IP"), "IU": ("BU", "IU")}
_MARKS_TAGGED = {"<guid>", "<domain>", "<ref>", "<quote>"}
# "30 Business Standard", "Copilot x200", "Copilot 200x": how many there are is no part of the name.
_AMOUNT = re.compile(r"(?!365\b)\d{1,5}\s*(?:[x×]\s+|\s)(?=[^\W\d])", re.IGNORECASE)
_TIMES = re.compile(r"\s+(?:[x×]\s?\d{1,5}|\d{1,5}\s?[x×])$", re.IGNORECASE)
Weights = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Piece:
    """One token with its place in the text."""

    text: str
    start: int
    end: int

    @property
    def low(self) -> str:
        return self.text.casefold()


def pieces(text: str) -> list[Piece]:
    book = lexicon()
    found: list[Piece] = []
    for token in TOKEN.finditer(text):
        word, start, end = token.group(0), token.start(), token.end()
        if word.casefold().endswith("'s") and not book.knows(word.casefold()):
            # "Contoso's" is a name and what it owns; "what's" is one word.
            found += [Piece(word[:-2], start, end - 2), Piece(word[-2:], end - 2, end)]
        else:
            found.append(Piece(word, start, end))
    return found


def _shape(word: str, style: str) -> str:
    if word.startswith("<"):
        return word
    if not word[0].isalnum():
        return "sign"
    if word.isdigit():
        return "digits"
    if any(c.isdigit() for c in word):
        return "mixed"
    if style != "normal":
        return style
    return "upper" if word.isupper() and len(word) > 1 else "capital" if word[0].isupper() else "lower"


def _style(words: Sequence[Piece]) -> str:
    """Whether capital letters say anything in this sentence."""
    letters = "".join(piece.text for piece in words[1:] if not piece.text.startswith("<"))
    if letters.isupper() and len(letters) > 5:
        return "ALL"
    return "normal" if any(c.isupper() for c in letters) else "none"


def features(words: Sequence[Piece]) -> list[list[str]]:
    """What is seen at each piece."""
    book = lexicon()
    style = _style(words)
    # A capital letter says that a strange word is a name; without one it may be a slip of the finger.
    lows = [piece.low if style == "normal" and piece.text[0].isupper() else book.meant(piece.low) for piece in words]
    kinds = book.kinds(lows)
    shapes = [_shape(piece.text, style) for piece in words]
    names = [low if low.startswith("<") or not low[0].isalnum() or book.knows(low) else "?" for low in lows]
    before, after = ["^^", "^", *names], [*names[1:], "$", "$$", "$$$"]
    found = []
    for place, name in enumerate(names):
        last, previous = before[place + 1], before[place]
        follows, then = after[place], after[place + 1]
        shape = shapes[place]
        last_shape = shapes[place - 1] if place else "^"
        next_shape = shapes[place + 1] if place + 1 < len(words) else "$"
        here = [
            "1", f"w={name}", f"s={shape}", f"ws={name}/{shape}", f"-1={last}", f"+1={follows}", f"-2={previous} {last}",
            f"+2={follows} {then}", f"-1w={last} {name}", f"w+1={name} {follows}", f"ss={last_shape} {shape} {next_shape}",
            f"-1s={last}/{shape}", f"s+1={shape}/{follows}", f"-1w+1={last} {name} {follows}", f"-2w={previous} {last} {shape}",
        ]  # fmt: skip
        here += [f"k={kind}" for kind in kinds[place]]
        here += [f"ks={kind}/{shape}" for kind in kinds[place]]
        here += [f"k-1={kind}" for kind in kinds[place - 1]] if place else []
        here += [f"k+1={kind}" for kind in kinds[place + 1]] if place + 1 < len(words) else []
        if lows[place] != words[place].low:
            here.append(f"slip/{shape}")
        if name == "?":
            here.append(f"end={lows[place][-2:]}/{shape}")
        found.append(here)
    return found


def _starts(tag: str) -> bool:
    return tag not in _FROM


def best_path(seen: Sequence[Sequence[str]], weights: Weights) -> list[str]:
    """The tags that fit best together."""
    if not seen:
        return []
    scores = {tag: 0.0 for tag in TAGS}
    paths: list[dict[str, str]] = []
    for place, here in enumerate(seen):
        local = dict.fromkeys(TAGS, 0.0)
        for feature in here:
            for tag, weight in weights.get(feature, {}).items():
                local[tag] += weight
        new: dict[str, float] = {}
        came: dict[str, str] = {}
        for tag in TAGS:
            if place == 0:
                new[tag], came[tag] = (local[tag] if _starts(tag) else -1e9), "O"
                continue
            allowed = _FROM.get(tag, TAGS)
            turns = {last: scores[last] + weights.get(f"t={last}", {}).get(tag, 0.0) for last in allowed}
            last = max(turns, key=lambda each: turns[each])
            new[tag], came[tag] = turns[last] + local[tag], last
        scores = new
        paths.append(came)
    tag = max(scores, key=lambda each: scores[each])
    tags = [tag]
    for came in reversed(paths[1:]):
        tag = came[tag]
        tags.append(tag)
    return tags[::-1]


@dataclass(frozen=True)
class Span:
    """A name in the text: `role` is C, P or U."""

    role: str
    start: int
    end: int


def spans(words: Sequence[Piece], tags: Sequence[str], text: str) -> list[Span]:
    found: list[Span] = []
    for piece, tag in zip(words, tags, strict=True):
        if tag == "O":
            continue
        if tag[0] == "I" and found and found[-1].role == tag[1]:
            found[-1] = Span(tag[1], found[-1].start, piece.end)
        else:
            found.append(Span(tag[1], piece.start, piece.end))
    return [span for each in found if (span := _trimmed(each, text)) is not None]


def _trimmed(span: Span, text: str) -> Span | None:
    """Without a possessive, marks and an amount at the ends; nothing when no letter or digit is left."""
    if span.role != "C" and (amount := _AMOUNT.match(text[span.start : span.end])):
        span = Span(span.role, span.start + amount.end(), span.end)
    words = re.sub(r"(?<=\w)'s?$|(?<=s)'$", "", text[span.start : span.end], flags=re.IGNORECASE).rstrip(" ,;:!?'\"")
    if span.role != "C":
        words = _TIMES.sub("", words)
    last = words.rstrip(".").rpartition(" ")[2]
    if words.endswith(".") and "." not in last and "=endings" not in lexicon().of_word(last.casefold()):
        words = words.rstrip(".")
    if not any(c.isalnum() for c in words):
        return None
    return Span(span.role, span.start, span.start + len(words))
