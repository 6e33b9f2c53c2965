"""Names of customers and products in a sentence, as the person wrote them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from assistant.engine import slots as shapes
from assistant.engine import tagger
from assistant.engine.lexicon import lexicon
from assistant.engine.slots import Heard
from assistant.engine.tagger import Piece, Span

_MASKS = {"C": "<name>", "P": "<product>", "U": "<product>"}
# Said in so many words: "the upgraded subscription is …", "duplicate: …".
_UPGRADED = re.compile(
    r"(?:\bupgraded\s+(?:(?:sub|subscription|one|product|plan)\s*)?(?:id\s*)?(?:is|was|:|=)?|\bnew (?:sub|subscription|one)\s*(?:is|:|=)?)\s*[\"'\[(*]*$",
    re.IGNORECASE,
)
_FOR_CUSTOMER = re.compile(
    r"\b(?:for|at|customer|client|tenant|company|by|from|does|can|will|has)\b\W*$", re.IGNORECASE
)
_SAID_CUSTOMER = re.compile(
    r"\b(?:customers?|cust|clients?|tenants?|accounts?|company|organi[sz]ation)\b\W*(?:(?:tenant|customer)\s*)?(?:(?:id|guid)\b)?\W*$",
    re.IGNORECASE,
)
_DUPLICATE = re.compile(
    r"\b(?:duplicates?|dups?|dupes?|duplicated|leftover|redundant)\s+(?:(?:sub|subscription|one|product)s?\s*)?(?:ids?\s*)?"
    r"(?:is|are|was|to (?:cancel|reduce|be cancell?ed|be reduced)|:|=)?\s*:?\s*[\"'\[(*]*$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"([^\"\0]{2,120})\"|\*{0,2}\[([^\]\0]{2,120})\]\*{0,2}|(?<!\w)'([^'\0]{2,120})'(?!\w)")
_QUOTE_MARKS = {"<quotedname>": "BC", "<quotedproduct>": "BP"}
LONGEST_QUOTED = 8  # words of a name
_OWN_MARK = {"<guid>", "<domain>", "<ref>"}  # an id stays what it is, whoever it belongs to


@dataclass
class Names:
    """In the order of the sentence. `masked` is the sentence with every find as a mark, for the matcher."""

    customers: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    upgraded: list[str] = field(default_factory=list)
    perhaps: list[str] = field(default_factory=list)  # of the customers, those that may be products nobody knows
    masked: str = ""


def understand(text: str, known: Sequence[str] = ()) -> tuple[Heard, Names]:
    """Everything that a cleaned sentence says besides its intent. `known` are customers that it is sure to name."""
    heard = shapes.extract(text)
    words = pieces_of(heard)
    tags = tagger.best_path(tagger.features(words), _weights())
    _settle(words, tags, heard.text, known)
    found = _joined(tagger.spans(words, tags, heard.text), heard.text)
    names = _sorted(heard.text, words, found)
    shapes.amounts(heard, _masked(words, found))
    names.masked = heard.rest
    return heard, names


def pieces_of(heard: Heard) -> list[Piece]:
    """The pieces of the sentence, a mark for each find and each quoted name; places are those of the text."""
    found: list[Piece] = []
    at = 0
    for find in sorted([*heard.finds, *_quotes(heard), _end(heard)], key=lambda each: each.start):
        if find.start < at:
            continue
        gap = tagger.pieces(heard.text[at : find.start])
        found += [Piece(piece.text, piece.start + at, piece.end + at) for piece in gap]
        if find.mark:
            found.append(Piece(f"<{find.mark}>", find.start, find.end))
        at = find.end
    return found


def _end(heard: Heard) -> shapes.Find:
    return shapes.Find(len(heard.text), len(heard.text), "")


def _quotes(heard: Heard) -> list[shapes.Find]:
    """Names in quotes or brackets, whole: what stands in one can not choose the skill."""
    book = lexicon()
    quoted = []
    for found in _QUOTED.finditer(heard.rest):
        inner = next(part for part in found.groups() if part is not None)
        words = [piece.text for piece in tagger.pieces(inner)]
        odd = [word for word in words if word[0].isalnum() and not book.knows(word.casefold())]
        is_product = any("=products" in book.of_word(word.casefold()) for word in words)
        if len(words) > LONGEST_QUOTED or inner[-1] in "?!":
            continue  # what somebody said
        if odd or is_product or sum(word[:1].isupper() for word in words) > 1:
            quoted.append(shapes.Find(found.start(), found.end(), "quotedproduct" if is_product else "quotedname"))
    return quoted


def _settle(words: Sequence[Piece], tags: list[str], text: str, known: Sequence[str]) -> None:
    """What is sure, whatever was learned: a quoted name is a name, a customer's whole name is a customer."""
    for place, piece in enumerate(words):
        if tags[place] == "O" and piece.text in _QUOTE_MARKS:
            tags[place] = _QUOTE_MARKS[piece.text]
    for name in known:
        for found in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
            inside = [place for place, piece in enumerate(words) if found.start() <= piece.start < found.end()]
            for place in inside:
                tags[place] = "BC" if place == inside[0] else "IC"
            if inside and inside[-1] + 1 < len(tags) and tags[inside[-1] + 1][0] == "I":
                tags[inside[-1] + 1] = "B" + tags[inside[-1] + 1][1]


def _joined(found: Sequence[Span], text: str) -> list[Span]:
    """A sentence names one customer: another "customer" right before a product is the product's first word."""
    named = [span for span in found if span.role == "C" and _FOR_CUSTOMER.search(text[: span.start])]
    out: list[Span] = []
    for span in found:
        last = out[-1] if out else None
        stray = last is not None and last.role == "C" and last not in named and bool(named) and span.role == "P"
        if last is not None and stray and not text[last.end : span.start].strip():
            out[-1] = Span("P", last.start, span.end)
        else:
            out.append(span)
    return out


def _sorted(text: str, words: Sequence[Piece], found: Sequence[Span]) -> Names:
    names = Names()
    groups = {"C": names.customers, "P": names.products, "U": names.upgraded}
    for span in found:
        inside = [piece.text for piece in words if span.start <= piece.start < span.end]
        if inside == ["<ref>"]:
            continue
        name = _bare(text[span.start : span.end])
        if span.role == "C" and not _FOR_CUSTOMER.search(text[: span.start]):
            names.perhaps.append(name)
        if name and not any(mark in {"<order>", "<line>", "<email>", "<phone>"} for mark in inside):
            groups[_role(text, span, found)].append(name)
    return names


def _role(text: str, span: Span, found: Sequence[Span]) -> str:
    before = text[: span.start][-60:]
    if span.role == "C" and re.fullmatch(shapes.GUID, text[span.start : span.end], re.IGNORECASE):
        # An ID is the customer's where that is said, or where something else is the subscription.
        others = [each for each in found if each.role != "C" or each.start < span.start]
        return "C" if others or _SAID_CUSTOMER.search(before) else "P"
    if span.role == "P" and _UPGRADED.search(before):
        return "U"
    return "P" if span.role == "U" and _DUPLICATE.search(before) else span.role


def _bare(name: str) -> str:
    """Without quotes and without a bracket that has no other half."""
    name = name.strip("\"'[]* ")
    return name if name.count("(") == name.count(")") else name.strip("() ")


def _masked(words: Sequence[Piece], found: Sequence[Span]) -> str:
    out: list[str] = []
    for piece in words:
        span = next((each for each in found if each.start <= piece.start < each.end), None)
        if piece.low == "'s":
            continue
        if span is None or piece.text in _OWN_MARK:
            out.append(piece.text)
        elif piece.start == span.start:
            out.append(_MASKS[span.role])
    return re.sub(r" (?=[,.;:?!])", "", " ".join(out))


@cache
def _weights() -> Any:
    return json.loads((Path(__file__).parent / "learned_names.json").read_text(encoding="utf-8"))
