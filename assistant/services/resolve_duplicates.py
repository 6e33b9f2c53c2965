"""Who and what a request about duplicates is about: the upgraded subscription, its customer, what it left behind.

What nobody said is looked for on the page, in the other slots, and among the upgrades of the customer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from assistant.engine.dialogue import Resolution
from assistant.services.resolve import Resolver, _not_found, _said_as, customer_ref, subscription_ref
from assistant.skill import Ref
from customers.services import duplicate_request, duplicates, subscriptions
from portal.core.scope import Scope

SHOWN = 7
MOST = 50  # changes in one request
_NUMBERS = re.compile(r"\b(?:to|by|keep|leave|only)\s+(\d{1,7})\b", re.IGNORECASE)


class AfterUpgrade(Resolver):
    """All slots, and those of cancel_duplicate and reduce_duplicate. Everything is looked for inside the scope."""

    def __init__(self, scope: Scope, *, as_of: datetime, sentence: str = "") -> None:
        super().__init__(scope, as_of=as_of)
        self.sentence = sentence
        self.kinds |= {
            "owner": self.owner, "upgraded": self.upgraded, "duplicates": self.duplicates, "stays": self.stays,
        }  # fmt: skip

    def owner(self, raw: Any, slots: Mapping[str, Any]) -> Resolution:
        """The customer who is named; else whose subscription is named by its ID; else the page's."""
        if raw is not None:
            return self._customer(raw, slots)
        for name in ("upgraded_subscription", "subscriptions"):
            for text in _texts(slots.get(name)):
                found = self._by_id(text)
                if found is not None:
                    return _found(customer_ref(found.customer))
            if isinstance(slots.get(name), dict):
                return self._owner_of(slots[name]["key"])
        shown = slots.get("page", {}).get("customer")
        return Resolution(value=shown | {"found": True} if shown else None)

    def upgraded(self, raw: Any, slots: Mapping[str, Any]) -> Resolution:
        """The subscription that an upgrade produced. Without a word for it, the only one there is is taken."""
        owner = slots.get("customer")
        if not isinstance(owner, dict):
            return Resolution()
        if raw is not None:
            return self._one(str(raw), owner, prefer=lambda: self._upgrades(owner))
        shown = self._of_page(slots, owner)
        if shown is not None:
            return Resolution(value=shown | {"found": True})
        for text in _texts(slots.get("subscriptions")):
            row = self._by_id(text)
            original = duplicates.original_of(self.scope, subscription=row, as_of=self.as_of) if row else None
            if original is not None:
                return _found(_ref(original, owner))
        rows = self._upgrades(owner)
        if len(rows) == 1:
            return _found(rows[0])
        said = "" if rows else f"No upgrade for {owner['label']} is known in the last six months."
        return Resolution(choices=tuple(rows[:SHOWN]), message=said)

    def duplicates(self, raw: Any, slots: Mapping[str, Any]) -> Resolution:
        """The subscriptions that go or shrink. Without a word for them, the only one that was left behind is taken."""
        owner, upgraded = slots.get("customer"), slots.get("upgraded_subscription")
        if not isinstance(owner, dict) or not isinstance(upgraded, dict):
            return Resolution()
        left = self._left_behind(upgraded, owner)
        if raw is None:
            shown = slots.get("page", {}).get("subscriptions")
            if shown and slots["page"].get("customer", {}).get("key") == owner["key"]:
                return Resolution(value=[each | {"found": True} for each in shown])
            if len(left) <= 1:
                return Resolution(value=[asdict(ref) | {"found": True} for ref in left])
            return Resolution(choices=tuple(left[:SHOWN]))
        found: dict[str, dict[str, Any]] = {}
        for text in _texts(raw)[:MOST]:
            one = self._one(text, owner, prefer=lambda: left)
            if one.value is None:
                return Resolution(choices=one.choices or tuple(left[:SHOWN]), message=one.message)
            if one.value["key"] != upgraded["key"] or len(_texts(raw)) == 1:
                found[one.value["key"]] = one.value
        return Resolution(value=list(found.values()))

    def stays(self, raw: Any, slots: Mapping[str, Any]) -> Resolution:
        """How many licenses stay. "by 10" counts from what is there, so it needs one subscription."""
        text = str(raw).replace(",", "").strip()
        chosen = [each for each in slots.get("subscriptions") or () if isinstance(each, dict)]
        if len(chosen) > 1 and len(set(_NUMBERS.findall(self.sentence))) > 1:
            # Which number is whose is not guessed.
            return Resolution(
                message=f"{len(chosen)} subscriptions, and several numbers. One number can be for all of "
                "them; for a number of its own, ask for one subscription at a time."
            )
        if text.startswith("by ") and text[3:].isdigit():
            if len(chosen) != 1:
                return Resolution(message="Several subscriptions have different numbers of licenses.")
            row = subscriptions.get(self.scope, subscription_id=UUID(chosen[0]["key"]))
            text = str(row.quantity - int(text[3:]))
        if text.isascii() and text.isdigit() and 0 < int(text[:9]) <= 1_000_000 and len(text) < 9:
            return Resolution(value=int(text))
        return Resolution(message="The number of licenses that stay is a whole number, 1 or more.")

    def _one(self, text: str, owner: Mapping[str, Any], *, prefer: Callable[[], list[Ref]]) -> Resolution:
        matches = subscriptions.match(self.scope, text=text[:300], customer_id=owner["pk"], limit=SHOWN)
        refs = [_ref(match.subscription, owner) for match in matches]
        if matches and matches[0].how == "similar":
            near = tuple(refs)
            return Resolution(choices=near, message=_not_found("subscription", text, near))
        if len(refs) > 1:
            known = {ref.key for ref in prefer()}
            refs = [ref for ref in refs if ref.key in known] or refs
        if len(refs) == 1:
            return Resolution(value=_said_as(refs[0], text, matches[0].how))
        said = "" if refs else _not_found("subscription", text, ()).replace("matches", f"of {owner['label']} matches")
        return Resolution(choices=tuple(refs), message=said)

    def _of_page(self, slots: Mapping[str, Any], owner: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the page shows, if it is this customer's and an upgrade produced it, or it is a duplicate of one."""
        page = slots.get("page", {})
        if page.get("customer", {}).get("key") != owner["key"]:
            return None
        if "upgraded_subscription" in page:
            return dict(page["upgraded_subscription"])
        shown = page.get("subscription")
        if shown is None:
            return None
        if any(ref.key == shown["key"] for ref in self._upgrades(owner)):
            return dict(shown)
        row = self._by_id(shown["key"])
        original = duplicates.original_of(self.scope, subscription=row, as_of=self.as_of) if row else None
        return asdict(_ref(original, owner)) if original else None

    def _upgrades(self, owner: Mapping[str, Any]) -> list[Ref]:
        rows = duplicate_request.upgraded(self.scope, customer_id=owner["pk"], as_of=self.as_of)
        return [_ref(row, owner) for row in rows]

    def _left_behind(self, upgraded: Mapping[str, Any], owner: Mapping[str, Any]) -> list[Ref]:
        """What can be asked for; where open tickets ask for all of it already, that, so that the check says which."""
        found = duplicates.candidates(self.scope, upgraded_subscription_id=UUID(upgraded["key"]), as_of=self.as_of)
        left = [each for each in found if not each.is_original]
        free = [each for each in left if not each.verdict.in_ticket]
        return [_ref(each.subscription, owner) for each in free or left]

    def _owner_of(self, key: str) -> Resolution:
        row = self._by_id(key)
        return _found(customer_ref(row.customer)) if row else Resolution()

    def _by_id(self, text: str) -> Any:
        try:
            return subscriptions.get(self.scope, subscription_id=UUID(text))
        except (subscriptions.SubscriptionNotFound, ValueError):
            return None


def _found(ref: Ref) -> Resolution:
    """A record that nobody named: it is used, and not told back as something that was said."""
    return Resolution(value=asdict(ref) | {"found": True})


def _ref(row: Any, owner: Mapping[str, Any]) -> Ref:
    return subscription_ref(row, company=owner["label"])


def _texts(raw: Any) -> list[str]:
    """The words for a slot; nothing of what is a record already."""
    if isinstance(raw, str):
        return [raw]
    return [each for each in raw if isinstance(each, str)] if isinstance(raw, list) else []
