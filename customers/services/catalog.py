"""Find products and SKUs: for a customer's catalog page, and from what a person typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rapidfuzz import fuzz, process

from customers.models import Customer, Sku
from customers.queries import catalog as queries
from customers.rules import product_names
from customers.rules.pricing import Quote
from customers.rules.vocabulary import sku_id_of
from customers.services import pricing
from customers.services.customers import CustomerNotFound
from customers.services.pricing import SkuNotFound
from portal.core import keyset
from portal.core.scope import Scope
from portal.core.text import fold

__all__ = ["CatalogItem", "CatalogPage", "Match", "SkuNotFound", "match_products", "search", "sku_by_reference"]

PER_PAGE = 25
SIMILAR_FROM = 70
BY_TITLE = keyset.Sort("title", "title_key")


@dataclass(frozen=True, kw_only=True)
class CatalogItem:
    """A SKU and its prices for the customer, shortest term first."""

    sku: Sku
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, kw_only=True)
class CatalogPage:
    """Up to 25 SKUs by title. `after` leads to the next page; empty on the last one."""

    customer: Customer
    market: str
    currency: str
    segment: str
    text: str
    items: tuple[CatalogItem, ...]
    after: str


@dataclass(frozen=True, kw_only=True)
class Match:
    """A SKU that fits a text. `how`: id, title, alias, prefix, words or similar; `score` 0-100, and 100 only
    for an id, a whole title or an alias of one."""

    sku: Sku
    score: int
    how: str


def search(scope: Scope, *, customer_id: int, text: str, after: str, as_of: datetime) -> CatalogPage:
    """SKUs with a price for the customer, whose title has every word of `text` or whose id it is.
    Raises CustomerNotFound."""
    customer = queries.buyer(scope, customer_id=customer_id)
    if customer is None:
        raise CustomerNotFound
    place = keyset.place_of({"after": after}, Sku, BY_TITLE)
    page = keyset.page_of(keyset.Found(queries.priced_skus(customer, text), None), sort=BY_TITLE, place=place, size=PER_PAGE)
    skus: list[Sku] = page.rows
    quotes = pricing.quotes_for(customer, skus, as_of=as_of)
    return CatalogPage(
        customer=customer,
        market=customer.country,
        currency=customer.partner.currency,
        segment=customer.segment,
        text=text,
        items=tuple(CatalogItem(sku=sku, quotes=tuple(quotes[sku.pk])) for sku in skus),
        after=page.after,
    )


def sku_by_reference(reference: str) -> Sku:
    """`productId:skuId`, with `/` or a trailing availability as well. Raises SkuNotFound."""
    parts = reference.strip().upper().replace("/", ":").split(":")
    if len(parts) not in (2, 3):
        raise SkuNotFound
    found = queries.skus_by_id(parts[0], sku_id_of(parts[1]))
    if not found:
        raise SkuNotFound
    return found[0]


def match_products(text: str, *, limit: int = 5) -> list[Match]:
    """SKUs that the text may mean, best first. Never picks: the caller asks when the first is not clear.

    The text is a name, not a sentence. An id decides alone; then a whole title, short names written out
    (customers/rules/aliases.toml); then titles that have every word, the shortest first; then similar titles."""
    reference = product_names.reference_in(text)
    if reference is not None:
        return [Match(sku=sku, score=100, how="id") for sku in queries.skus_by_id(*reference)[:limit]]
    wanted, meant = product_names.plain(fold(text)), product_names.meaning(fold(text))
    if not wanted:
        return []
    titles = {pk: product_names.plain(title) for pk, title in queries.titles()}
    scored = (
        [(pk, 100, "title") for pk, title in titles.items() if title == wanted]
        or [(pk, 100, "alias") for pk, title in titles.items() if title == meant]
        or _with_every_word(titles, meant)
        or _similar(titles, meant, limit)
    )
    best = sorted(scored, key=lambda found: (-found[1], titles[found[0]], found[0]))[:limit]
    skus = queries.skus_by_key([pk for pk, _, _ in best])
    return [Match(sku=skus[pk], score=score, how=how) for pk, score, how in best]


Scored = tuple[int, int, str]  # key of the SKU, score, how


def _with_every_word(titles: dict[int, str], wanted: str) -> list[Scored]:
    """The more of the title the text is, the higher the score: 60 to 99."""
    words = set(wanted.split())
    return [
        (pk, 60 + 39 * len(wanted) // max(len(title), len(wanted)), "prefix" if title.startswith(wanted) else "words")
        for pk, title in titles.items()
        if words <= set(title.split())
    ]


def _similar(titles: dict[int, str], wanted: str, limit: int) -> list[Scored]:
    """Spelling mistakes and left-out words."""
    best = process.extract(wanted, titles, scorer=fuzz.WRatio, limit=limit, score_cutoff=SIMILAR_FROM)
    return [(pk, min(round(score), 99), "similar") for _, score, pk in best]
