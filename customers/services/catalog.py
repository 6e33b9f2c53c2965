"""Find products and SKUs: for a customer's catalog page, and from what a person typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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

__all__ = [
    "CatalogItem",
    "CatalogPage",
    "Match",
    "SkuNotFound",
    "everything",
    "match_products",
    "search",
    "sku_by_reference",
]

PER_PAGE = 25
SIMILAR_FROM = 75
EST_SHARE = 2  # a product has one SKU of the extended service term at most
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
    """A SKU that fits a text. `how`: id, title, alias, prefix, words or similar. `score`: 100 for an id, a whole
    title or an alias of one; 60 to 99 when the title has every word; below 60 when words are spelled alike."""

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
    page = keyset.page_of(
        keyset.Found(queries.priced_skus(customer, text), None), sort=BY_TITLE, place=place, size=PER_PAGE
    )
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


def everything(
    scope: Scope, *, customer_id: int, text: str, as_of: datetime
) -> Iterator[tuple[CatalogPage, CatalogItem]]:
    """The items of every page of `search`, read page by page as they are walked. Raises CustomerNotFound."""
    after, first = "", True
    while first or after:
        page = search(scope, customer_id=customer_id, text=text, after=after, as_of=as_of)
        yield from ((page, item) for item in page.items)
        after, first = page.after, False


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
    (customers/rules/aliases.toml); then titles that have every word, the shortest first; then titles with words
    spelled alike. SKUs of the extended service term, which nobody buys, are found by id or whole title only."""
    reference = product_names.reference_in(text)
    if reference is not None:
        return [Match(sku=sku, score=100, how="id") for sku in queries.skus_by_id(*reference)[:limit]]
    wanted, meant = product_names.plain(fold(text)), product_names.meaning(fold(text))
    if not wanted:
        return []
    titles = {pk: product_names.plain(title) for pk, title in queries.titles()}
    exact = [(pk, 100, "title") for pk, title in titles.items() if title == wanted] or [
        (pk, 100, "alias") for pk, title in titles.items() if title == meant
    ]
    scored = exact or _with_every_word(titles, meant) or _spelled_alike(titles, meant)
    best = sorted(scored, key=lambda found: (-found[1], titles[found[0]], found[0]))[: limit * EST_SHARE]
    if not exact:
        extended = queries.only_extended([pk for pk, _, _ in best])
        best = [found for found in best if found[0] not in extended]
    skus = queries.skus_by_key([pk for pk, _, _ in best[:limit]])
    return [Match(sku=skus[pk], score=score, how=how) for pk, score, how in best[:limit]]


Scored = tuple[int, int, str]  # key of the SKU, score, how


def _with_every_word(titles: dict[int, str], wanted: str) -> list[Scored]:
    """The more of the title the text is, the higher the score: 60 to 99."""
    words = set(wanted.split())
    return [
        (pk, 60 + 39 * len(wanted) // max(len(title), len(wanted)), "prefix" if title.startswith(wanted) else "words")
        for pk, title in titles.items()
        if words <= set(title.split())
    ]


def _spelled_alike(titles: dict[int, str], wanted: str) -> list[Scored]:
    """Titles with a word like each word of the text; up to 59, the less the more of the title is not in the text."""
    vocabulary = {word for title in titles.values() for word in title.split()}
    alike = [_alike(word, vocabulary) for word in wanted.split()]
    found = []
    for pk, title in titles.items():
        words = title.split()
        best = [max((close.get(word, 0.0) for word in words), default=0.0) for close in alike]
        if min(best) > 0:
            share = min(1.0, len(wanted) / len(title))
            found.append((pk, int(59 * (0.8 + 0.2 * share) * sum(best) / len(best) / 100), "similar"))
    return found


def _alike(word: str, vocabulary: Iterable[str]) -> dict[str, float]:
    """Words that `word` may be a slip for, with how like they are, up to 100. A number is no slip for another."""
    if any(character.isdigit() for character in word):
        return {word: 100.0}
    found = process.extract(word, vocabulary, scorer=fuzz.ratio, limit=None, score_cutoff=SIMILAR_FROM)
    return {other: score for other, score, _ in found}
