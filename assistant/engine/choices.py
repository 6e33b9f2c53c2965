"""Which of the offered choices a reply names: by place, by name, or several at once."""

from __future__ import annotations

import re
from typing import Any

_ALL = re.compile(
    r"^(?:please |cancel |reduce )*(?:both|all|everything|every one)(?: of)?(?: them| these| those| the (?:two|three|duplicates))?[.! ]*$"
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")


def place(low: str, count: int) -> int | None:
    """The position that "2", "the second one" or "last" names."""
    word = re.sub(r"^(?:the |number |no\.? |option |#)+|(?: one| please|[.!])+$", "", low).strip()
    if word in {"last"} and count:
        return count - 1
    if word.isascii() and word.isdigit() and 1 <= int(word) <= count:
        return int(word) - 1
    return _ORDINALS.index(word) if word in _ORDINALS and _ORDINALS.index(word) < count else None


def several_of(low: str, choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The choices that "both", "all of them", "1 and 3" or "the first two" names; empty when it names none so."""
    if _ALL.match(low):
        return choices
    if found := re.match(r"^(?:the )?first (two|three|\d)$", low):
        return choices[: {"two": 2, "three": 3}.get(found.group(1)) or int(found.group(1))]
    parts = [part for part in re.split(r"\s*(?:,|\band\b|&)\s*", low) if part]
    places = [place(part, len(choices)) for part in parts]
    if len(parts) > 1 and None not in places:
        return [choices[at] for at in places if at is not None]
    return []


def one_of(low: str, choices: list[dict[str, Any]]) -> dict[str, Any] | None:
    at = place(low, len(choices))
    if at is not None:
        return choices[at]
    exact = [choice for choice in choices if low in {str(choice["label"]).casefold(), str(choice["key"]).casefold()}]
    if exact:
        return exact[0] if len(exact) == 1 else None
    near = [choice for choice in choices if len(low) > 2 and low in str(choice["label"]).casefold()]
    return near[0] if len(near) == 1 else None
