"""Which of the finds in a sentence goes into which slot of a skill."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from assistant.engine.lexicon import lexicon
from assistant.engine.names import Names
from assistant.engine.slots import GUID, Heard

_PLAIN = ("order", "term_duration", "billing_cycle", "quantity", "email", "phone", "verification_id", "sku")


def fill(slots: Iterable[str], heard: Heard, names: Names) -> dict[str, Any]:
    """Raw values for `slots`. A customer or product is a list of candidates, surest first; nothing is looked up."""
    wanted = set(slots)
    found: dict[str, Any] = {name: heard.values[name] for name in _PLAIN if name in wanted and name in heard.values}
    if "order" in wanted and "order" not in found and (order := _order(heard, names)):
        found["order"] = order
    customers, products = _unique(names.customers), _unique(names.products)
    upgraded = _unique(names.upgraded)
    if wanted & {"product", "subscription"} and not products and not upgraded and len(customers) > 1:
        # Two names, and neither is a product whose words are known: the lookup says whether there is one.
        products = names.perhaps[:1]
        customers = [name for name in customers if name not in products]
    if "product" in wanted:
        products = [name for name in products + upgraded if not re.fullmatch(GUID, name, re.IGNORECASE)]
        exact = [heard.values["product"]] if "product" in heard.values else []
        if exact or products:
            found["product"] = exact or products
    if "upgraded_subscription" in wanted and upgraded:
        found["upgraded_subscription"] = upgraded[0]
        products = [name for name in products if name.casefold() != upgraded[0].casefold()]
    if "subscriptions" in wanted and products:
        found["subscriptions"] = [each for name in products for each in _each_of(name)]
    if "subscription" in wanted and (products or upgraded):
        found["subscription"] = (products + upgraded)[0]
    if "customer" in wanted:
        if not customers and not wanted & {"subscription", "subscriptions"}:
            # Only a customer can be meant by an ID where no subscription is asked for.
            ids = [name for name in _unique(names.products + upgraded) if re.fullmatch(GUID, name, re.IGNORECASE)]
            customers = ids or ([] if "product" in wanted else products)
        if customers:
            found["customer"] = customers
    if "cart_line" in wanted:
        if "line" in heard.values:
            found["cart_line"] = heard.values["line"]
        elif products:
            found["cart_line"] = products[0]
    return found


def _order(heard: Heard, names: Names) -> str:
    """An order is asked about: what has an ID's shape is its ID, whatever stands before it."""
    ids = [name for name in names.products + names.customers if re.fullmatch(GUID, name, re.IGNORECASE)]
    odd = re.search(r"(?<![\w<])[A-Za-z]{0,4}[-#]?\d{4,}[\w-]*", heard.rest)
    return ids[0] if ids else odd.group(0) if odd else ""


def _each_of(name: str) -> list[str]:
    """ "Business Basic and Business Standard" are two; a product that is sold with Copilot in one is not."""
    parts = re.split(r"\s+(?:and|&)\s+", name)
    products = [any("=products" in lexicon().of_word(word) for word in part.casefold().split()) for part in parts]
    generic = [
        any("=generic_products" in lexicon().of_word(word) for word in part.casefold().split()) for part in parts
    ]
    named = all(one or other for one, other in zip(products, generic, strict=True))
    return parts if named and "copilot" not in parts[-1].casefold() else [name]


def _unique(names: Iterable[str]) -> list[str]:
    return list({name.casefold(): name for name in reversed(list(names))}.values())[::-1]
