"""Reading the items of the promotions call: what each may hold.

Source: Microsoft Learn, "Get promotions" (`GET /v1/productpromotions`), with the constraints that its current answers
carry (contract §6.1). Checked 2026-11-23.

The value of a PercentDiscount is a fraction (0.167 is 16.7 %); other policy types are kept with whatever they say.
Constraint lists keep the shape of the API: lists of objects, and for productOwnershipConstraints a list of such
lists. endDate is the last moment at which the promotion can be had. An item that names its country or segment wins
over the ones that were asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from customers.rules.promotion_constraints import Covered, Promotion
from customers.rules.values import BadValue, code_of, date_of, price_of, short
from customers.rules.vocabulary import cycle_of, segment_of, sku_id_of

PERCENT = "PercentDiscount"
LARGEST_VALUE = 999_999
Json = Any


def items_of(document: Json) -> list[Json]:
    """The items of a collection, or of a bare list. Raises BadValue."""
    items = document.get("items") if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise BadValue("It holds neither a list of promotions nor a collection with items.")
    return items


def promotion_of(item: Json, *, country: str, segment: str) -> Promotion:
    """Raises BadValue with the first thing wrong in the item."""
    item = _object("The item", item)
    item = item | {"country": item.get("country") or country, "segment": item.get("segment") or segment}
    automatic = _object("properties", item.get("properties") or {}).get("isAutoApplicable", True)
    if not isinstance(automatic, bool):
        raise BadValue("isAutoApplicable is neither true nor false.")
    limits = _object("promotionConstraints", item.get("promotionConstraints") or {})
    owned = limits.get("productOwnershipConstraints") or []
    if not isinstance(owned, list):
        raise BadValue("productOwnershipConstraints is not a list of lists of objects.")
    promotion = Promotion(
        promotion_id=_text(item, "id", 40),
        country=code_of("country", _text(item, "country", 40), "2", r"[A-Z]{2}"),
        segment=_word(segment_of, "segment", _text(item, "segment", 40)),
        name=_text(item, "name", 300),
        description=str(item.get("description") or "").strip(),
        starts_at=date_of("startDate", _text(item, "startDate", 40)),
        ends_at=date_of("endDate", _text(item, "endDate", 40)),
        is_auto_applicable=automatic,
        covered=_covered(item.get("requiredProducts")),
        seat_constraints=_objects("seatConstraints", limits.get("seatConstraints") or []),
        asset_ownership_limits=_objects("assetOwnershipLimits", limits.get("assetOwnershipLimits") or []),
        eligibility_constraints=_objects("eligibilityConstraints", limits.get("eligibilityConstraints") or []),
        product_ownership_constraints=tuple(_objects("Each of productOwnershipConstraints", group) for group in owned),
    )
    if promotion.ends_at < promotion.starts_at:
        raise BadValue("endDate is before startDate.")
    return promotion


def _covered(products: Json) -> tuple[Covered, ...]:
    found: dict[tuple[str, ...], Covered] = {}
    for product in _objects("requiredProducts", products):
        term = _object("term", product.get("term"))
        policies = _objects("pricingPolicies", product.get("pricingPolicies"))
        if not policies:
            raise BadValue("pricingPolicies is empty.")
        for policy in policies:
            policy_type = _text(policy, "policyType", 40)
            covered = Covered(
                product_id=code_of("productId", _text(product, "productId", 40), "12", r"[A-Z0-9]{12}"),
                sku_id=sku_id_of(code_of("skuId", _text(product, "skuId", 40), "up to 4", r"[A-Z0-9]{1,4}")),
                term_duration=_text(term, "duration", 8).upper(),
                billing_cycle=_word(cycle_of, "billingCycle", _text(term, "billingCycle", 40)),
                policy_type=policy_type,
                value=_discount(policy_type, policy.get("value")),
            )
            if found.setdefault(covered_key(covered), covered) != covered:
                raise BadValue(f"requiredProducts gives {covered.product_id}:{covered.sku_id} two discounts at once.")
    return tuple(found.values())


def covered_key(covered: Covered) -> tuple[str, ...]:
    """What is unique within a promotion."""
    return covered.product_id, covered.sku_id, covered.term_duration, covered.billing_cycle, covered.policy_type


def _discount(policy_type: str, value: Json) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise BadValue(f"The value of {policy_type} is missing.")
    amount = Decimal(price_of(f"The value of {policy_type}", str(value)))
    if policy_type == PERCENT and amount > 1:
        raise BadValue(f"The value {short(str(value))} of {PERCENT} is no fraction from 0 to 1.")
    if amount > LARGEST_VALUE:
        raise BadValue(f"The value {short(str(value))} of {policy_type} is too large.")
    return amount


def _object(name: str, found: Json) -> dict[str, Json]:
    if not isinstance(found, dict):
        raise BadValue(f"{name} is not an object.")
    return found


def _objects(name: str, found: Json) -> tuple[dict[str, Json], ...]:
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BadValue(f"{name} is not a list of objects.")
    return tuple(found)


def _text(item: dict[str, Json], name: str, longest: int) -> str:
    text = item.get(name)
    if not isinstance(text, str) or not text.strip():
        raise BadValue(f"{name} is missing.")
    if len(text.strip()) > longest:
        raise BadValue(f"{name} is longer than {longest} characters.")
    return text.strip()


def _word(known: Callable[[str], str], name: str, text: str) -> str:
    try:
        return str(known(text))
    except ValueError:
        raise BadValue(f"{name} {short(text)!r} is unknown.") from None
