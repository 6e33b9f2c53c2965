"""Contract §11.4: country -> CSP region, and the billing currency."""

from __future__ import annotations

import pytest

from customers.rules.regions import BadRegionTable, billing_currencies, parse, region_of, regions


@pytest.mark.parametrize(
    ("country", "region", "currencies"),
    [
        ("US", "United States", ("USD",)), ("GU", "United States", ("USD",)), ("CA", "Canada", ("CAD",)),
        ("PM", "Canada", ("CAD",)), ("PR", "Latin America and the Caribbean", ("USD",)),
        ("MX", "Latin America and the Caribbean", ("USD",)), ("BR", "Brazil", ("BRL", "USD")),
        ("DE", "Europe", ("EUR",)), ("GB", "Europe", ("GBP",)), ("JE", "Europe", ("GBP",)), ("DK", "Europe", ("DKK",)),
        ("FO", "Europe", ("DKK",)), ("NO", "Europe", ("NOK",)), ("SE", "Europe", ("SEK",)), ("CH", "Europe", ("CHF",)),
        ("UA", "Middle East, Central and Eastern Europe", ("USD",)), ("ZA", "Middle East, Central and Eastern Europe", ("USD",)),
        ("NG", "Africa", ("USD",)), ("SG", "Asia and Pacific", ("USD",)), ("FJ", "Australia", ("AUD",)),
        ("WS", "New Zealand", ("NZD",)), ("IN", "India", ("INR",)), ("JP", "Japan", ("JPY",)), ("KR", "Korea", ("KRW",)),
        ("TW", "Taiwan", ("TWD",)), ("CN", "China (21Vianet)", ("CNY",)),
    ],
)  # fmt: skip
def test_section_11_4(country: str, region: str, currencies: tuple[str, ...]) -> None:
    found = region_of(country.lower())
    assert found is not None
    assert found.name == region
    assert billing_currencies(f" {country} ") == currencies


@pytest.mark.parametrize("country", ["RU", "BY", "", "XX", "USA"])
def test_a_country_of_no_region_is_not_guessed(country: str) -> None:
    assert region_of(country) is None
    assert billing_currencies(country) == ()


def test_the_table_is_whole() -> None:
    assert len(regions()) == 15
    assert sum(len(region.countries) for region in regions()) > 230
    assert all(len(code) == 2 and code.isupper() for region in regions() for code in region.countries)
    assert all(len(c) == 3 for region in regions() for each in region.countries.values() for c in each)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[[region]]\nname = "B"\ncountries = "AA"\ncurrencies = "USD"', "AA is in A and in B."),
        ('[[region]]\nname = "B"\ncountries = "BB"\ncurrencies = "USD"\nother_currencies = { CC = "EUR" }', "CC"),
    ],
)
def test_a_wrong_table_is_refused(more: str, words: str) -> None:
    with pytest.raises(BadRegionTable, match=words):
        parse(f'[[region]]\nname = "A"\ncountries = "AA"\ncurrencies = "USD"\n{more}')
