"""CSP regions: a partner trades inside one of them only, and is billed in the currency of its country.

Source, checked 2026-11-23 (contract §11.4):
https://learn.microsoft.com/en-us/partner-center/enroll/regional-authorization-overview

The table is data: regions.toml. The country of the tenant decides, not its address. A country that no region has is
None, never the nearest one.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("regions.toml")


@dataclass(frozen=True, kw_only=True)
class Region:
    """A CSP region. `countries` are ISO 3166 codes with the currencies a partner there is billed in."""

    name: str
    countries: dict[str, tuple[str, ...]]


class BadRegionTable(ValueError):
    """regions.toml cannot be used. The message names the country or the region."""


def region_of(country: str) -> Region | None:
    """The region of a country by its ISO 3166 code, in any casing; None when no region has it."""
    return _by_country().get(country.strip().upper())


def billing_currencies(country: str) -> tuple[str, ...]:
    """The currencies in which a partner of this country may be billed; none for a country of no region."""
    region = region_of(country)
    return region.countries[country.strip().upper()] if region else ()


@cache
def regions() -> tuple[Region, ...]:
    """Every region, in the order of the table."""
    return parse(TABLE.read_text("utf-8"))


def parse(text: str) -> tuple[Region, ...]:
    """The regions of a table as regions.toml writes it. Raises BadRegionTable."""
    found: list[Region] = []
    seen: dict[str, str] = {}
    for entry in tomllib.loads(text)["region"]:
        name, codes, others = entry["name"], entry["countries"].split(), entry.get("other_currencies", {})
        for code in codes:
            if code in seen:
                raise BadRegionTable(f"{code} is in {seen[code]} and in {name}.")
            seen[code] = name
        if strange := set(others) - set(codes):
            raise BadRegionTable(f"{name} names a currency for {', '.join(sorted(strange))}, which it does not have.")
        usual = tuple(entry["currencies"].split())
        found.append(Region(name=name, countries={c: (others[c],) if c in others else usual for c in codes}))
    return tuple(found)


@cache
def _by_country() -> dict[str, Region]:
    return {country: region for region in regions() for country in region.countries}
