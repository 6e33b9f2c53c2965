"""Contract §5.2, with the ids and words of §4.2 and §4.3: what a cell of a price list may hold, and how columns are found."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from customers.rules.price_list import OPEN_END, REQUIRED, Columns, WrongHeader
from customers.rules.values import BadValue
from customers.rules.vocabulary import BillingCycle, Segment

OFFER = {
    "TermDuration": "P1Y",
    "BillingPlan": "Monthly",
    "Market": "US",
    "Currency": "USD",
    "EffectiveStartDate": "11/1/2026 12:00:00 AM",
    "EffectiveEndDate": "11/30/9999 11:59:59 PM",
    "PricingTierRangeMin": "",
    "PricingTierRangeMax": "",
    "Tags": "License",
    "ChangeIndicator": "Unchanged",
    "EndofSaleDate": "",
    "Segment": "Commercial",
}
SKU = {"ProductId": "CFQ7TTC0LCHC", "SkuId": "2", "SkuTitle": "Business Premium", "UnitPrice": "264.00"}


def read_offer(**cells: str):
    row = SKU | OFFER | cells
    columns = Columns(list(row))
    return columns.offer(columns.offer_cells(list(row.values())), default_segment=Segment.EDUCATION)


def read_sku(**cells: str):
    row = SKU | OFFER | cells
    columns = Columns(list(row))
    return columns.sku(columns.sku_cells(list(row.values())))


@pytest.mark.parametrize(("text", "sku_id"), [("1", "0001"), ("0002", "0002"), ("00j", "000J"), ("0", "0000")])
def test_sku_ids_get_their_zeros_back(text, sku_id):
    assert read_sku(SkuId=text).sku_id == sku_id


@pytest.mark.parametrize(
    ("cells", "field", "value"),
    [
        ({"BillingPlan": "MONTHLY"}, "billing_plan", BillingCycle.MONTHLY),
        ({"BillingPlan": "One_Time"}, "billing_plan", BillingCycle.ONE_TIME),
        ({"BillingPlan": "None"}, "billing_plan", BillingCycle.NONE),
        ({"Segment": "nonprofit"}, "segment", Segment.CHARITY),
        ({"Segment": "EDUCATION"}, "segment", Segment.EDUCATION),
        ({"Segment": ""}, "segment", Segment.EDUCATION),
        ({"TermDuration": "p1y"}, "term_duration", "P1Y"),
        ({"TermDuration": "NoTerm"}, "term_duration", "NoTerm"),
        ({"TermDuration": "P5Y"}, "term_duration", "P5Y"),
        ({"TermDuration": ""}, "term_duration", ""),
        ({"Market": "de"}, "market", "DE"),
        ({"PricingTierRangeMin": "1", "PricingTierRangeMax": "300"}, "tier_max", 300),
        ({"PricingTierRangeMin": ""}, "tier_min", 0),
        ({"EffectiveEndDate": ""}, "ends_at", OPEN_END),
        ({"EndofSaleDate": "3/31/2027"}, "end_of_sale_at", datetime(2027, 3, 31, tzinfo=UTC)),
        ({"EndofSaleDate": "9999-11-30T23:59:59Z"}, "end_of_sale_at", None),
        ({"Tags": "License;Trial"}, "tags", "License;Trial"),
    ],
)
def test_what_an_offer_may_say(cells, field, value):
    assert getattr(read_offer(**cells), field) == value


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"BillingPlan": "Weekly"}, "BillingPlan 'Weekly' is unknown: use Monthly"),
        ({"BillingPlan": ""}, "BillingPlan '' is unknown"),
        ({"Segment": "Consumer"}, "Segment 'Consumer' is unknown: use Commercial, Education"),
        ({"TermDuration": "twelve months"}, "TermDuration"),
        ({"Market": "USA"}, "Market 'USA' is not 2 letters"),
        ({"Currency": "$"}, "Currency '\\$' is not 3 letters"),
        ({"PricingTierRangeMin": "-1"}, "PricingTierRangeMin"),
        ({"PricingTierRangeMin": "10", "PricingTierRangeMax": "5"}, "PricingTierRangeMax is below"),
        ({"EffectiveEndDate": "11/1/2026"}, "EffectiveEndDate is not after"),
        ({"Tags": "x" * 201}, "Tags is longer than 200"),
    ],
)
def test_what_an_offer_may_not_say(cells, sentence):
    with pytest.raises(BadValue, match=sentence):
        read_offer(**cells)


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"ProductId": "CFQ7"}, "ProductId 'CFQ7' is not 12 letters and digits"),
        ({"SkuId": "1E+10"}, "SkuId '1E\\+10' is not up to 4"),
        ({"SkuId": ""}, "SkuId"),
        ({"SkuTitle": "  "}, "SkuTitle is empty"),
        ({"SkuTitle": "x" * 301}, "SkuTitle is longer than 300"),
        ({"SkuDescription": "x" * 10_001}, "SkuDescription is longer than 10,000"),
    ],
)
def test_what_a_sku_may_not_say(cells, sentence):
    with pytest.raises(BadValue, match=sentence):
        read_sku(**cells)


def test_columns_are_found_by_name_however_it_is_written():
    columns = Columns(["x", *(name.upper() for name in REQUIRED[::-1]), "Erp", "segment ", ""])
    assert columns.erp_price is not None
    assert columns.has_segment


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_column_is_named(name):
    with pytest.raises(WrongHeader, match=f"missing: {name}\\."):
        Columns([column for column in REQUIRED if column != name])


def test_a_column_that_stands_there_twice_is_named():
    with pytest.raises(WrongHeader, match="twice: ERP Price"):
        Columns([*REQUIRED, "ERP Price", "ERP"])
