"""What a product is called by people: ids in a text, and short names for long ones.

Sources, checked 2026-11-23: the forms of ids are those of contract §4.2
(https://learn.microsoft.com/en-us/partner-center/developer/product-resources); the short names in aliases.toml are
usage of the trade, not the vendor's, and only lead to a title of the catalog: they never stand for a product that
is not there.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from customers.rules.vocabulary import sku_id_of

# A product id, and a SKU id after it: `CFQ7TTC0LCHC`, `CFQ7TTC0LCHC:0002`, `CFQ7TTC0LCHC/2`, `CFQ7TTC0LCHC sku 0002`.
_REFERENCE = re.compile(
    r"(?<![A-Z0-9])(?=[A-Z0-9]*\d)(?=\d*[A-Z])([A-Z0-9]{12})(?![A-Z0-9])"
    r"(?:\s*[:/,]?\s*(?:SKU(?:\s*ID)?\s*)?[:/]?\s*((?=[A-Z0-9]*\d)[A-Z0-9]{1,4})(?![A-Z0-9]))?",
    re.IGNORECASE,
)


def reference_in(text: str) -> tuple[str, str] | None:
    """(product id, SKU id or empty) when the text holds a product id."""
    match = _REFERENCE.search(text)
    if match is None:
        return None
    return match[1].upper(), sku_id_of(match[2]) if match[2] else ""


def plain(folded: str) -> str:
    """Folded text without punctuation: `exchange online plan 1`."""
    return " ".join(re.findall(r"\w+", folded.replace("co-pilot", "copilot")))


def meaning(folded: str) -> str:
    """The plain text with short names written out: `m365 bp` is `microsoft 365 business premium`."""
    words, names = _aliases()
    spelled = " ".join(words.get(word, word) for word in plain(folded).split())
    return names.get(spelled, spelled)


@cache
def _aliases() -> tuple[dict[str, str], dict[str, str]]:
    table = tomllib.loads(Path(__file__).with_name("aliases.toml").read_text("utf-8"))
    return table["words"], table["names"]
