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

_SKU = r"((?=[A-Z0-9]*\d)[A-Z0-9]{1,4})(?![A-Z0-9])"
# A product id, and a SKU id after it: `CFQ7TTC0LCHC:0002`, `CFQ7TTC0LCHC/2`, `CFQ7TTC0LCHC, sku 2`, `CFQ7TTC0LCHC 0002`.
# A bare number after it is not taken for a SKU: it may be a quantity.
_REFERENCE = re.compile(
    r"(?<![A-Z0-9])(?=[A-Z0-9]*\d)(?=\d*[A-Z])([A-Z0-9]{12})(?![A-Z0-9])"
    rf"(?:\s*[:/]\s*{_SKU}|[\s,]+SKU(?:\s*ID)?[\s:]*{_SKU}|[\s,]+(0[A-Z0-9]{{3}})(?![A-Z0-9]))?",
    re.IGNORECASE,
)


def reference_in(text: str) -> tuple[str, str] | None:
    """(product id, SKU id or empty) when the text holds a product id."""
    match = _REFERENCE.search(text)
    if match is None:
        return None
    sku_id = match[2] or match[3] or match[4]
    return match[1].upper(), sku_id_of(sku_id) if sku_id else ""


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
