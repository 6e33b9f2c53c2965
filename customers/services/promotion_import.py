"""Import promotions: the JSON that the vendor's promotions call answers, saved as a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, BinaryIO

from django.core.exceptions import PermissionDenied
from django.db import transaction

from customers.models import Promotion, PromotionProduct
from customers.rules import promotion_list
from customers.rules.promotion_constraints import Covered
from customers.rules.promotion_constraints import Promotion as Facts
from customers.rules.values import BadValue
from customers.rules.vocabulary import Segment, segment_of
from portal.core import audit
from portal.core.jobs import writes
from portal.core.scope import Scope

SEGMENTS = tuple(segment.value for segment in Segment)
LARGEST_FILE = 256 << 20
SHOWN_ERRORS = 50
Key = tuple[str, str, str]
KEY = ("promotion_id", "country", "segment")
PLAIN = ("name", "description", "starts_at", "ends_at", "is_auto_applicable")
LISTS = ("seat_constraints", "asset_ownership_limits", "eligibility_constraints", "product_ownership_constraints")
COVERED = tuple(field.name for field in fields(Covered))


class PromotionsUnreadable(Exception):
    """The file as a whole holds no promotions. The message says why."""


@dataclass(frozen=True)
class ItemError:
    position: int  # in the file, from 1
    promotion_id: str
    message: str

    def __str__(self) -> str:
        return f"Item {self.position:,} ({self.promotion_id or 'without an id'}): {self.message}"


@dataclass(frozen=True, kw_only=True)
class PromotionImport:
    """What came of it. Counts are promotions."""

    item_count: int
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    repeated: int = 0
    error_count: int = 0
    errors: tuple[ItemError, ...] = ()  # the first ones
    refused: bool = False  # because of the errors: nothing was compared, nothing stored


@writes
def import_promotions(
    scope: Scope,
    *,
    file: BinaryIO,
    name: str,
    as_of: datetime,
    country: str = "US",
    segment: str = Segment.COMMERCIAL,
    skip_bad: bool = False,
    dry_run: bool = False,
) -> PromotionImport:
    """Import the promotions in `file`: the answer of the promotions call, or the list of its items alone.

    The call does not say in its items which `country` and `segment` it was asked for. A promotion loses the required
    products that the file no longer gives it; promotions that the file lacks stay, for they end by their date, and so
    do the mark and the customers of a targeted one. One bad item refuses the file unless `skip_bad`. `dry_run` counts
    and stores nothing. Only the operator may. Raises PromotionsUnreadable.
    """
    if not scope.operator:
        raise PermissionDenied("Only the operator's staff import promotions.")
    items = _items(file)
    found, repeated, errors = _validated(items, country=country, segment=segment_of(segment))
    read = PromotionImport(
        item_count=len(items), repeated=repeated, error_count=len(errors), errors=tuple(errors[:SHOWN_ERRORS])
    )
    if errors and (not skip_bad or not found):
        return replace(read, refused=True)
    added, changed = _store(found, as_of=as_of)
    result = replace(read, added=added, changed=changed, unchanged=len(found) - added - changed)
    counts = {"added": result.added, "changed": result.changed, "unchanged": result.unchanged}
    audit.record(scope, "promotions.imported", as_of=as_of, after={"file": name, **counts})
    if dry_run:
        transaction.set_rollback(True)
    return result


def _items(file: BinaryIO) -> list[Any]:
    content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise PromotionsUnreadable("The file is too large for a list of promotions.")
    if not content.strip():
        raise PromotionsUnreadable("The file is empty.")
    try:
        items = promotion_list.items_of(json.loads(content.decode("utf-8-sig"), parse_constant=_no_number))
        # JSON can spell characters that no database stores: half a pair, and zero.
        if b"\\u0000" in json.dumps(items, ensure_ascii=False).encode():
            raise PromotionsUnreadable("The file is not UTF-8 text.")
    except UnicodeError:
        raise PromotionsUnreadable("The file is not UTF-8 text.") from None
    except json.JSONDecodeError as problem:
        where = f"line {problem.lineno:,}, column {problem.colno:,}"
        raise PromotionsUnreadable(f"The file is no JSON: {problem.msg} at {where}.") from None
    except RecursionError:
        raise PromotionsUnreadable("The file is no list of promotions: it is nested too deeply.") from None
    except BadValue as problem:
        raise PromotionsUnreadable(f"The file is no list of promotions. {problem}") from None
    except ValueError:
        raise PromotionsUnreadable(
            "The file is no list of promotions: it holds a number of thousands of digits."
        ) from None
    if not items:
        raise PromotionsUnreadable("The file holds no promotion.")
    return items


def _no_number(word: str) -> None:
    raise BadValue(f"{word} is no JSON number.")


def _validated(items: Sequence[Any], *, country: str, segment: str) -> tuple[dict[Key, Facts], int, list[ItemError]]:
    """The good promotions by key, how many stood there again, and what is wrong with the others."""
    found: dict[Key, Facts] = {}
    errors: list[ItemError] = []
    repeated = 0
    for position, item in enumerate(items, start=1):
        try:
            facts = promotion_list.promotion_of(item, country=country, segment=segment)
            known = found.setdefault(_key(facts), facts)
            if known is not facts:
                if known != facts:
                    raise BadValue("It contradicts an earlier item of the same promotion.")
                repeated += 1
        except BadValue as problem:
            named = item.get("id") if isinstance(item, dict) else ""
            errors.append(ItemError(position, str(named or "")[:40], str(problem)))
    return found, repeated, errors


def _store(found: dict[Key, Facts], *, as_of: datetime) -> tuple[int, int]:
    """Write what differs: how many promotions are new, and how many changed."""
    ids = {key[0] for key in found}
    stored = {
        _key(promotion): promotion
        for promotion in Promotion.objects.filter(promotion_id__in=ids).prefetch_related("required_products")
    }
    added: list[Promotion] = []
    changed: list[Promotion] = []
    new: list[PromotionProduct] = []
    gone: list[int] = []
    for key, facts in found.items():
        promotion = stored.get(key) or Promotion(**dict(zip(KEY, key, strict=True)))
        columns, covered = _columns(facts), {_values(one, COVERED): one for one in facts.covered}
        had = {_values(one, COVERED): one.pk for one in promotion.required_products.all()} if promotion.pk else {}
        if not promotion.pk:
            added.append(promotion)
        elif had.keys() != covered.keys() or any(getattr(promotion, name) != columns[name] for name in columns):
            changed.append(promotion)
        for name, value in columns.items():
            setattr(promotion, name, value)
        promotion.imported_at = as_of
        gone += [had[values] for values in had.keys() - covered.keys()]
        new += [
            PromotionProduct(promotion=promotion, **dict(zip(COVERED, values, strict=True)))
            for values in covered.keys() - had.keys()
        ]
    Promotion.objects.bulk_create(added)
    Promotion.objects.bulk_update([stored[key] for key in found if key in stored], [*PLAIN, *LISTS, "imported_at"])
    PromotionProduct.objects.filter(pk__in=gone).delete()
    PromotionProduct.objects.bulk_create(new)
    return len(added), len(changed)


def _columns(facts: Facts) -> dict[str, Any]:
    lists = {name: list(getattr(facts, name)) for name in LISTS}
    lists["product_ownership_constraints"] = [list(group) for group in facts.product_ownership_constraints]
    return {name: getattr(facts, name) for name in PLAIN} | lists


def _key(promotion: Promotion | Facts) -> Key:
    return promotion.promotion_id, promotion.country, promotion.segment


def _values(one: object, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(one, name) for name in names)
