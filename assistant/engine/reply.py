"""What a short reply says for the slot that was asked about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.skill import Slot


def fewer(names: Sequence[str], low: str) -> dict[str, Any]:
    """ "By 10" is not "to 10": how many go, where a skill asks how many stay."""
    found = re.search(r"\bby\s+(\d{1,7})\b", low) if {"subscriptions", "quantity"} <= set(names) else None
    return {"quantity": f"by {found.group(1)}"} if found else {}


def words_for(slot: Slot, text: str, raw: Mapping[str, Any]) -> Any:
    """The whole reply as the value, without the words around it."""
    words = re.sub(
        r"^(?:it(?:'s| is)|that(?:'s| is)|for|the|customer|product|i mean|use|take)\s+", "", text.strip(), flags=re.I
    )
    words = words.strip(" .!?\"'")
    if slot.kind in {"quantity", "stays"}:
        number = re.search(r"\d{1,7}", words.replace(",", ""))
        return int(number.group(0)) if number else None
    return [words] if slot.kind in {"customer", "owner", "product", "duplicates"} else words


def answer_with_a_bare_id(asked: Slot | None, raw: dict[str, Any]) -> None:
    """An ID or a name alone answers the question that was asked, whatever else it could be."""
    if asked is None or asked.kind not in {"owner", "upgraded"} or asked.name in raw:
        return
    words = raw.pop("subscriptions", None)
    if words:
        raw[asked.name] = words if asked.kind == "owner" else words[0]
