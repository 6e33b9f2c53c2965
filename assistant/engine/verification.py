"""Verification IDs: short, readable aloud, hard to mistype. Plain functions; who keeps the secret is not told here.

Nine symbols in three groups, `KX7-4M2-Q9D`. No 0, 1, I, L, O, which people take for each other. Every group of three
has a digit, so that no nine-letter word looks like one. Spaces, dashes and case do not matter.
"""

from __future__ import annotations

import re

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
DIGITS = "23456789"
ALPHABET = LETTERS + DIGITS
GROUPS, LENGTH = 3, 9
# Any letters and digits, so that a slip of the finger is still seen as a try.
_GROUPED = re.compile(r"(?<![\w-])([A-Za-z0-9]{3})[ -]([A-Za-z0-9]{3})[ -]([A-Za-z0-9]{3})(?![\w-])")
_SOLID = re.compile(r"(?<![\w@.+-])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{9}(?![\w@-])")
_NAMED = re.compile(
    r"\b(?:verification|confirmation|approval)?\s*(?:id|code)\b(?:\s*(?:is|:|=)\s*|\s+)([A-Za-z0-9][A-Za-z0-9 -]{2,14})\W*$",
    re.IGNORECASE,
)
_ALONE = re.compile(r"^(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9-]{6,13}$")


def from_bytes(secret: bytes) -> str:
    """The ID of 32 secret bytes, without dashes. Two bytes a symbol, so that no symbol is likelier than another by
    more than one in 2,000."""
    numbers = [int.from_bytes(secret[2 * at : 2 * at + 2], "big") for at in range(LENGTH)]
    symbols = [ALPHABET[number % len(ALPHABET)] for number in numbers]
    for group in range(GROUPS):
        at = 3 * group
        if not any(symbol in DIGITS for symbol in symbols[at : at + 3]):
            symbols[at + 2] = DIGITS[numbers[at + 2] % len(DIGITS)]
    return "".join(symbols)


def grouped(code: str) -> str:
    """As it is shown: `KX7-4M2-Q9D`."""
    return "-".join(code[at : at + 3] for at in range(0, len(code), 3))


def plain(typed: str) -> str:
    """What was typed without spaces and dashes, in capitals. Anything else stays and will not match."""
    return re.sub(r"[\s\-\u2010-\u2015]+", "", typed).upper()[:64]


def in_sentence(text: str) -> str:
    """The verification ID that a sentence gives, right or wrong, as it was typed; empty when it gives none."""
    if (found := _GROUPED.search(text)) and any(c.isdigit() for c in found.group(0)):
        return found.group(0)
    if found := _SOLID.search(text):
        return found.group(0)
    if _ALONE.match(text.strip(" .!")):
        return text.strip(" .!")
    if found := _NAMED.search(text):
        return found.group(1).strip() if any(c.isdigit() for c in found.group(1)) else ""
    return ""
