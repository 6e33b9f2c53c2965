"""Cleaning and masking: what the matcher sees of a sentence, and what it must not see.

Names, ids and numbers are masked before matching, so that a customer called "Cancel & Sons" or a
prompt hidden in a name cannot choose the skill.
"""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 2000
_PLAIN = str.maketrans("’‘“”–—", "''\"\"--")
_CONTROL = {"Cc", "Cf", "Cs", "Co", "Cn"}


class TooLong(ValueError):
    """More text than anybody types: the message says how much is read."""


def clean(text: str) -> str:
    """`text` without control and invisible characters, quotes and dashes made plain, spaces single.

    Raises TooLong above MAX_LENGTH characters.
    """
    if len(text) > MAX_LENGTH:
        raise TooLong(f"That is {len(text):,} characters. A question may have {MAX_LENGTH:,}. Nothing was looked up.")
    kept = "".join(" " if c in "\r\n\t\u2028\u2029\u00a0" else c for c in text)
    kept = "".join(c for c in unicodedata.normalize("NFC", kept) if unicodedata.category(c) not in _CONTROL)
    kept = kept.translate(_PLAIN)
    return " ".join(kept.split())


_NEGATED = re.compile(
    r"\b(?:do(?:es)? not|don't|dont|not|never|without|rather than|instead of|no need to|nothing (?:to|should)(?: be)?)\s+(?:\w+\s+){0,2}?"
    r"(?:cancel\w*|reduc\w*|start\w*|generat\w*|download\w*|order\w*|buy\w*|chang\w*|upgrad(?:e|ing)\b|terminat\w*|delet\w*"
    r"|run\w*|submit\w*|creat\w*)(?:\s+(?:anything|it|them|now|yet|today))?",
    re.IGNORECASE,
)


def mark_negated(text: str) -> str:
    """`text` with the actions that the person rules out as a mark: "don't cancel, only check" is only a check."""
    return " ".join(_NEGATED.sub(" <not> ", text).split())


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text.casefold())
