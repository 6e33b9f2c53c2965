"""Which of the finds in a sentence goes into which slot of a skill."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from assistant.engine.names import Names
from assistant.engine.slots import Heard

_PLAIN = ("order", "term_duration", "billing_cycle", "quantity", "email", "sku")


def fill(slots: Iterable[str], heard: Heard, names: Names) -> dict[str, Any]:
    """Raw values for `slots`. A customer or product is a list of candidates, surest first; nothing is looked up."""
    wanted = set(slots)
    found: dict[str, Any] = {name: heard.values[name] for name in _PLAIN if name in wanted and name in heard.values}
    roles = _guid_roles(heard)
    customers = roles["customer"] + names.customers
    products = list(names.products)
    if "product" in wanted and "product" not in heard.values and not products and names.perhaps:
        # A name that is no product we know the words of: the lookup says whether there is one.
        products = names.perhaps[:1]
        customers = [name for name in customers if name not in products]
    if "product" in wanted:
        exact = [heard.values["product"]] if "product" in heard.values else []
        if exact or products:
            found["product"] = exact or products
    if "upgraded_subscription" in wanted:
        upgraded = roles["upgraded"] or _upgraded_name(heard, products)
        if upgraded:
            found["upgraded_subscription"] = upgraded[0]
            products = [name for name in products if name != upgraded[0]]
    if "subscriptions" in wanted and (roles["subscription"] or products):
        found["subscriptions"] = roles["subscription"] or products
    if "subscription" in wanted and (roles["subscription"] or roles["upgraded"] or products):
        found["subscription"] = (roles["subscription"] + roles["upgraded"] + products)[0]
    if "customer" in wanted:
        if not customers and not wanted & {"subscription", "subscriptions"}:
            customers = roles["subscription"]
        if customers:
            found["customer"] = customers
    if "cart_line" in wanted:
        if "line" in heard.values:
            found["cart_line"] = heard.values["line"]
        elif products:
            found["cart_line"] = products[0]
    return found


def _guid_roles(heard: Heard) -> dict[str, list[str]]:
    """An id is what the nearest word before it says."""
    roles: dict[str, list[str]] = {"customer": [], "upgraded": [], "subscription": []}
    previous = ""
    for guid, before in heard.guids:
        cues = {
            "customer": max((before.rfind(word) for word in ("customer", "tenant", "client", "company")), default=-1),
            "upgraded": max(before.rfind("upgraded"), before.rfind("upgrade to")),
            "subscription": max(before.rfind("subscription"), before.rfind("duplicate"), before.rfind("cancel")),
        }
        if cues["upgraded"] >= 0 and not re.search(r"[.;]|customer", before[cues["upgraded"] :]):
            role = "upgraded"
        else:
            role = max(("customer", "subscription"), key=lambda name: cues[name])
            if cues[role] < 0:
                role = previous or "subscription"
            elif before.endswith((",", ", and", " and")) and previous:
                role = previous
        roles[role].append(guid)
        previous = role
    return roles


def _upgraded_name(heard: Heard, products: list[str]) -> list[str]:
    """Said as "We upgraded Fabrikam to Business Premium"; "the upgraded subscription is Business Premium"."""
    for name in products:
        if re.search(
            rf"(?:upgraded?|moved|switched)\b[^.?!]*?\b(?:to|is)\s+{re.escape(name)}", heard.text, re.IGNORECASE
        ):
            return [name]
    return []
