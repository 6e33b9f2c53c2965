"""Products for a customer's catalog, and from what a person typed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from customers.models import Customer, Sku
from customers.services import catalog
from customers.services.catalog import SkuNotFound
from customers.services.customers import CustomerNotFound
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db

PREMIUM = "CFQ7TTC0LCHC:0002"
BUNDLE = "CFQ7TTC0LCHC:001Q"
STANDARD = "CFQ7TTC0LDPB:0001"
PRODUCTS = {
    PREMIUM: "Microsoft 365 Business Premium",
    BUNDLE: "Microsoft 365 Business Premium and Microsoft 365 Copilot Business",
    STANDARD: "Microsoft 365 Business Standard",
    "CFQ7TTC0LF8R:0001": "Office 365 E3",
    "CFQ7TTC0LFLX:0001": "Microsoft 365 E3",
    "CFQ7TTC0LH16:0001": "Exchange Online (Plan 1)",
    "CFQ7TTC0LHSF:000J": "Power BI Pro",
}


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


@pytest.fixture
def skus() -> dict[str, Sku]:
    return {reference: factories.make_sku(title, reference) for reference, title in PRODUCTS.items()}


@pytest.fixture
def priced(skus: dict[str, Sku]) -> dict[str, Sku]:
    for sku in skus.values():
        factories.make_price(sku)
    return skus


def titles(scope: Scope, customer: Customer, as_of: datetime, text: str = "") -> list[str]:
    page = catalog.search(scope, customer_id=customer.pk, text=text, after="", as_of=as_of)
    return [item.sku.title for item in page.items]


SEARCHES = [
    pytest.param("", len(PRODUCTS), id="everything"),
    pytest.param("business premium", 2, id="every word"),
    pytest.param("PREMIUM  business", 2, id="in any order and case"),
    pytest.param("prémium", 2, id="accents"),
    pytest.param("plan 1", 1, id="with punctuation in the title"),
    pytest.param("CFQ7TTC0LCHC", 2, id="product id"),
    pytest.param("cfq7ttc0lchc:0002", 1, id="reference"),
    pytest.param("CFQ7TTC0LCHC/2", 1, id="reference with a slash and without zeros"),
    pytest.param("CFQ7TTC0LCHC:0002:CFQ7TTC0X6RN", 1, id="with the availability"),
    pytest.param("100%", 0, id="nothing"),
    pytest.param("_", 0, id="no wildcard"),
]


@pytest.mark.parametrize(("text", "many"), SEARCHES)
def test_search(ours: Scope, customer: Customer, priced: dict[str, Sku], as_of: datetime, text: str, many: int) -> None:
    found = titles(ours, customer, as_of, text)
    assert len(found) == many
    assert found == sorted(found, key=str.casefold)


def test_only_what_has_a_price_for_the_customer(
    ours: Scope, customer: Customer, skus: dict[str, Sku], as_of: datetime
) -> None:
    factories.make_price(skus[PREMIUM])
    factories.make_price(skus[BUNDLE], market="DE")
    factories.make_price(skus[STANDARD], withdrawn_at=as_of - timedelta(days=1))
    factories.make_price(skus["CFQ7TTC0LF8R:0001"], segment="Education")
    factories.make_price(skus["CFQ7TTC0LFLX:0001"], currency="EUR")
    factories.make_price(skus["CFQ7TTC0LH16:0001"], view="future")
    factories.make_price(skus["CFQ7TTC0LHSF:000J"], view="eos")
    page = catalog.search(ours, customer_id=customer.pk, text="", after="", as_of=as_of)
    assert [(item.sku.title, [quote.allowed for quote in item.quotes]) for item in page.items] == [
        ("Microsoft 365 Business Premium", [True]), ("Power BI Pro", [False]),
    ]  # fmt: skip
    assert (page.market, page.currency, page.segment) == ("US", "USD", "Commercial")


def test_pages_follow_each_other(ours: Scope, customer: Customer, as_of: datetime) -> None:
    for number in range(60):
        # Many products share a title: the order is still total.
        factories.make_price(factories.make_sku(f"Product {number // 20}", f"CFQ7TTC0{number:04d}:0001"))
    seen: list[int] = []
    sizes, after = [], ""
    while True:
        page = catalog.search(ours, customer_id=customer.pk, text="", after=after, as_of=as_of)
        seen += [item.sku.pk for item in page.items]
        sizes.append(len(page.items))
        after = page.after
        if not after:
            break
    assert sizes == [25, 25, 10]
    assert len(set(seen)) == 60


@pytest.mark.parametrize("after", ["nonsense", "1:2", "\x00", "é" * 300])
def test_a_damaged_address_is_the_first_page(
    ours: Scope, customer: Customer, priced: dict[str, Sku], as_of: datetime, after: str
) -> None:
    page = catalog.search(ours, customer_id=customer.pk, text="", after=after, as_of=as_of)
    assert len(page.items) == len(PRODUCTS)


@pytest.mark.parametrize("many", [1, 40])
def test_queries_do_not_grow(
    ours: Scope, customer: Customer, as_of: datetime, many: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(many):
        factories.make_price(factories.make_sku(f"Product {number}", f"CFQ7TTC0{number:04d}:0001"))
    with django_assert_num_queries(3):  # customer, SKUs, rows
        page = catalog.search(ours, customer_id=customer.pk, text="product", after="", as_of=as_of)
    assert len(page.items) == min(many, 25)
    assert all(item.sku.reference and item.quotes for item in page.items)


def test_strangers_are_not_found(theirs: Scope, customer: Customer, as_of: datetime) -> None:
    with pytest.raises(CustomerNotFound):
        catalog.search(theirs, customer_id=customer.pk, text="", after="", as_of=as_of)


@pytest.mark.parametrize("reference", [PREMIUM, "CFQ7TTC0LCHC/2", " cfq7ttc0lchc:0002:CFQ7TTC0X6RN "])
def test_sku_by_reference(skus: dict[str, Sku], reference: str) -> None:
    assert catalog.sku_by_reference(reference) == skus[PREMIUM]


@pytest.mark.parametrize("reference", ["", "CFQ7TTC0LCHC", "CFQ7TTC0LCHC:9999", "CFQ7TTC0LCHC:", "a:b:c:d"])
def test_unknown_reference(skus: dict[str, Sku], reference: str) -> None:
    with pytest.raises(SkuNotFound):
        catalog.sku_by_reference(reference)


MATCHES = [
    pytest.param("CFQ7TTC0LCHC:0002", "id", [PREMIUM], id="reference"),
    pytest.param("CFQ7TTC0LCHC", "id", [PREMIUM, BUNDLE], id="product id: each of its SKUs"),
    pytest.param("Microsoft 365 Business Premium", "title", [PREMIUM], id="whole title"),
    pytest.param("exchange online plan 1", "title", ["CFQ7TTC0LH16:0001"], id="whole title without punctuation"),
    pytest.param("BP", "alias", [PREMIUM], id="BP"),
    pytest.param("Business Std", "alias", [STANDARD], id="Business Std"),
    pytest.param("business premium", "alias", [PREMIUM], id="Business Premium is not the bundle"),
    pytest.param("E3", "words", ["CFQ7TTC0LF8R:0001", "CFQ7TTC0LFLX:0001"], id="E3: both"),
    pytest.param("copilot", "words", [BUNDLE], id="copilot"),
    pytest.param("microsoft 365 business", "prefix", [PREMIUM, STANDARD, BUNDLE], id="beginning, the shortest first"),
    pytest.param("power bi po", "similar", ["CFQ7TTC0LHSF:000J"], id="slip of the keyboard"),
    pytest.param("Bussiness Premum", "similar", [PREMIUM], id="two slips"),
    pytest.param("microsoft 365 bussiness standrd", "similar", [STANDARD], id="slips in a long name"),
]


@pytest.mark.parametrize(("text", "how", "references"), MATCHES)
def test_match_products(skus: dict[str, Sku], text: str, how: str, references: list[str]) -> None:
    found = catalog.match_products(text)
    expected = [skus[reference] for reference in references]
    got = [match.sku for match in found]
    assert found[0].how == how, found
    if how == "similar":
        assert got[0] == expected[0]
        assert found[0].score < 100
    elif how == "words":
        assert set(got) == set(expected)
    else:
        assert got == expected
    assert all((match.score == 100) == (match.how in ("id", "title", "alias")) for match in found)
    assert all(match.sku.reference for match in found)


@pytest.mark.parametrize("text", ["", "   ", "zzqq xxyy", "!!", "CFQ7TTC0ZZZZ:0001", "Windows 365", "Office 365 E7"])
def test_nothing_matches(skus: dict[str, Sku], text: str) -> None:
    assert catalog.match_products(text) == []


def test_skus_of_the_extended_term_are_found_by_name_only(priced: dict[str, Sku]) -> None:
    extended = factories.make_sku("Power BI Pro (Extended service term)", "CFQ7TTC0LHSF:00EX")
    factories.make_price(extended, view="est", term="P1M")
    assert [match.sku for match in catalog.match_products("power bi")] == [priced["CFQ7TTC0LHSF:000J"]]
    assert [match.sku for match in catalog.match_products("powr bi pro")] == [priced["CFQ7TTC0LHSF:000J"]]
    assert [match.sku for match in catalog.match_products("power bi pro extended service term")] == [extended]


def test_at_most_as_many_as_asked_for(skus: dict[str, Sku]) -> None:
    assert len(catalog.match_products("microsoft", limit=2)) == 2
