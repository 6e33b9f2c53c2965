"""SKUs and their price rows. Reference data of no tenant; only the customer is scoped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from customers.models import Availability, Customer, LegacyOfferMapping, PriceList, PriceRow, Sku
from customers.rules.pricing import Row
from customers.rules.vocabulary import PriceView
from portal.core.scope import Scope
from portal.core.text import fold

_ROW = (
    "id", "sku_id", "view", "price_list__file_name", "price_list__imported_at", "term_duration", "billing_plan",
    "market", "currency", "segment", "pricing_tier_min", "pricing_tier_max", "unit_price", "erp_price",
    "effective_start_at", "effective_end_at", "end_of_sale_at", "withdrawn_at",
)  # fmt: skip


def buyer(scope: Scope, *, customer_id: int) -> Customer | None:
    """The customer with its partner: the market, the segment and the currency of every price."""
    return Customer.objects.within(scope).select_related("partner").filter(pk=customer_id).first()


def skus_for(customer: Customer, sku_ids: Collection[int]) -> dict[int, Sku]:
    """SKUs with product, `has_availability` and `is_sold`: in the customer's market and segment."""
    here = Availability.objects.filter(sku=OuterRef("pk"), country=customer.country, segment=customer.segment)
    skus = Sku.objects.filter(pk__in=set(sku_ids)).select_related("product")
    return {
        sku.pk: sku
        for sku in skus.annotate(has_availability=Exists(here), is_sold=Exists(here.filter(is_purchasable=True)))
    }


def price_rows(customer: Customer, sku_ids: Collection[int]) -> dict[int, list[Row]]:
    """All rows of these SKUs in the customer's market, currency and segment: of any list and time, withdrawn too."""
    place = customer.country, customer.partner.currency, customer.segment
    return price_rows_in(*place, sku_ids=sku_ids)


def price_rows_in(market: str, currency: str, segment: str, *, sku_ids: Collection[int]) -> dict[int, list[Row]]:
    """The same where no one customer asks."""
    return _by_sku(PriceRow.objects.filter(sku__in=set(sku_ids), market=market, currency=currency, segment=segment))


def sku_keys(references: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The keys of the SKUs of these (product id, SKU id); what is in no catalog is left out."""
    products = {product_id for product_id, _ in references}
    rows = Sku.objects.filter(product__product_id__in=products).values_list("product__product_id", "sku_id", "pk")
    return {(product_id, sku_id): pk for product_id, sku_id, pk in rows if (product_id, sku_id) in references}


def price_rows_elsewhere(customer: Customer, sku_ids: Collection[int]) -> dict[int, list[Row]]:
    """What explains that `price_rows` has none: the rows of the market, and one of each other market."""
    rows = PriceRow.objects.filter(sku__in=set(sku_ids))
    others = rows.exclude(market=customer.country).values("sku", "market").annotate(one=Min("pk"))
    return _by_sku(rows.filter(Q(market=customer.country) | Q(pk__in=others.values("one"))))


def priced_skus(customer: Customer, text: str) -> QuerySet[Sku]:
    """SKUs with a row of the current or the end-of-sale list for the customer, that `text` finds:
    every word of it in the title, or a product id, or a reference. Unsorted."""
    rows = PriceRow.objects.filter(
        sku=OuterRef("pk"),
        market=customer.country,
        view__in=(PriceView.CURRENT, PriceView.END_OF_SALE),
        segment=customer.segment,
        currency=customer.partner.currency,
        withdrawn_at=None,
    )
    return Sku.objects.filter(Exists(rows)).filter(titled(text)).select_related("product")


def titles() -> list[tuple[int, str]]:
    """(key, folded title) of every SKU. Some thousands of short texts."""
    return list(Sku.objects.values_list("pk", "title_key"))


def skus_by_id(product_id: str, sku_id: str) -> list[Sku]:
    """The SKU, or every SKU of the product when `sku_id` is empty; products loaded, paid ones first."""
    skus = Sku.objects.select_related("product").filter(product__product_id=product_id)
    if sku_id:
        skus = skus.filter(sku_id=sku_id)
    return list(skus.order_by("is_trial", "sku_id"))


def skus_by_key(keys: Collection[int]) -> dict[int, Sku]:
    return Sku.objects.select_related("product").in_bulk(keys)


def only_extended(keys: Collection[int]) -> set[int]:
    """Those SKUs that are in the price list of the extended service term and in no other."""
    rows = PriceRow.objects.filter(sku__in=keys)
    elsewhere = rows.exclude(view=PriceView.EST).values("sku")
    return set(Sku.objects.filter(pk__in=rows.values("sku")).exclude(pk__in=elsewhere).values_list("pk", flat=True))


def extended_offer(*, product_id: str, customer: Customer) -> str | None:
    """The SKU id under which a product is sold in the extended service term to this customer; None unless it is one."""
    rows = PriceRow.objects.filter(
        sku__product__product_id=product_id,
        view=PriceView.EST,
        market=customer.country,
        segment=customer.segment,
        withdrawn_at=None,
    )
    found = list(rows.values_list("sku__sku_id", flat=True).distinct()[:2])
    return found[0] if len(found) == 1 else None


def titled(text: str) -> Q:
    """The condition that a title has every word of `text`, or that it is an id."""
    words = Q()
    for word in fold(text).split():
        words &= Q(title_key__contains=word)
    product_id, _, sku_id = text.strip().upper().replace("/", ":").partition(":")
    if not product_id.isalnum():
        return words
    identity = Q(product__product_id=product_id)
    if sku_id:
        identity &= Q(sku_id=sku_id.split(":")[0].rjust(4, "0"))
    return words | identity


def _by_sku(rows: QuerySet[PriceRow]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in _rows(rows.values_list(*_ROW)):
        found[row.sku_id].append(row)
    return found


def _rows(values: Iterable[tuple]) -> Iterable[Row]:
    for (
        pk, sku_id, view, list_name, imported_at, term, plan, market, currency, segment, tier_min, tier_max,
        unit_price, erp_price, starts_at, ends_at, end_of_sale_at, withdrawn_at,
    ) in values:  # fmt: skip
        yield Row(
            id=pk,
            sku_id=sku_id,
            view=view,
            list_name=list_name,
            list_date=imported_at.date(),
            term_duration=term,
            billing_plan=plan,
            market=market,
            currency=currency,
            segment=segment,
            tier_min=tier_min,
            tier_max=tier_max,
            unit_price=unit_price,
            erp_price=erp_price,
            starts_at=starts_at,
            ends_at=ends_at,
            end_of_sale_at=end_of_sale_at,
            withdrawn_at=withdrawn_at,
        )


def terms_on_sale(*, product_id: str, sku_id: str, market: str) -> set[str]:
    """The terms that the current price list has for a SKU in a market; empty when it has none."""
    rows = PriceRow.objects.filter(
        sku__product__product_id=product_id,
        sku__sku_id=sku_id,
        market=market,
        view=PriceView.CURRENT,
        withdrawn_at=None,
    )
    return set(rows.values_list("term_duration", flat=True).distinct())


def legacy_mappings(offers: Collection[str]) -> list[LegacyOfferMapping]:
    """What these legacy offers become, whatever the casing of their ids; an offer without a path is left out."""
    wanted = Q(pk__in=[])
    for offer in offers:
        wanted |= Q(legacy_offer_id__iexact=offer)
    return list(LegacyOfferMapping.objects.filter(wanted))


def latest_announced() -> PriceList | None:
    """The newest imported list of announced prices of which something still stands."""
    standing = PriceRow.objects.filter(price_list=OuterRef("pk"), view=PriceView.FUTURE, withdrawn_at=None)
    lists = PriceList.objects.filter(view=PriceView.FUTURE).filter(Exists(standing))
    return lists.order_by("-imported_at", "-pk").first()
