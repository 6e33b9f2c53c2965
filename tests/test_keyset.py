"""Paging by row: every row once, in every order, whatever the ties; a bad address is the first page."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import Customer
from portal.core.keyset import FIRST, Found, Page, Sort, Total, narrowed, page_of, place_of
from tests import factories

pytestmark = pytest.mark.django_db
BY_LICENSES = Sort("licenses", "license_count")
BY_NAME = Sort("name", "name_key")
BY_END = Sort("next", "next_term_ends_at")
# No index ends in (est_count, id), so only the query can keep the ties in order.
BY_EST = Sort("est", "est_count")


def make_customers(counts: list[int]) -> Any:
    partner = factories.make_partner()
    rows = [
        Customer(
            partner=partner, tenant_id=f"00000000-0000-4000-8000-{n:012}", company_name=f"Customer {count}", country="US",
            name_key=f"customer {count}", domain=f"c{n}.example", license_count=count, est_count=count, created_at=factories.AS_OF,
            synced_at=factories.AS_OF,
        )
        for n, count in enumerate(counts)
    ]  # fmt: skip
    Customer.objects.bulk_create(rows)
    return Customer.objects.within(factories.make_member(partner).current_membership.scope())


def turn(rows: Any, sort: Sort, page: Page, side: str, size: int) -> Page:
    place = place_of({side: getattr(page, side)}, Customer, sort)
    return page_of(Found(rows, page.total), sort=sort, place=place, size=size)


def walk(rows: Any, sort: Sort, size: int, *, total: Total | None = None) -> list[Page]:
    pages = [page_of(Found(rows, total), sort=sort, size=size)]
    while pages[-1].after:
        pages.append(turn(rows, sort, pages[-1], "after", size))
    return pages


@pytest.mark.parametrize(
    "sort",
    [way for sort in (BY_LICENSES, BY_NAME, BY_END, BY_EST) for way in (sort, sort.reversed())],
)
def test_every_row_is_met_once_forward_and_backward(sort: Sort) -> None:
    rows = make_customers([n % 4 for n in range(23)])
    pages = walk(rows, sort, 5, total=Total(23))
    ids = [row.pk for page in pages for row in page.rows]
    sign = "-" if sort.descending else ""
    assert ids == list(rows.order_by(f"{sign}{sort.field}", f"{sign}pk").values_list("pk", flat=True))
    assert [page.span for page in pages] == ["1–5 of 23", "6–10 of 23", "11–15 of 23", "16–20 of 23", "21–23 of 23"]

    back = [pages[-1]]
    while back[-1].before:
        back.append(turn(rows, sort, back[-1], "before", 5))
    assert [page.rows for page in reversed(back)] == [page.rows for page in pages]
    assert [page.span for page in reversed(back)] == [page.span for page in pages]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.lists(st.integers(0, 5), max_size=24), size=st.integers(1, 9), descending=st.booleans())
def test_paging_equals_slicing(counts: list[int], size: int, descending: bool) -> None:
    rows = make_customers(counts)
    sort = Sort("licenses", "license_count", descending)
    sign = "-" if descending else ""
    whole = list(rows.order_by(f"{sign}license_count", f"{sign}pk"))
    pages = walk(rows, sort, size, total=Total(len(counts)))
    assert [page.rows for page in pages if page.rows] == [whole[n : n + size] for n in range(0, len(whole), size)]
    last = page_of(
        Found(rows, Total(len(counts))), sort=sort, place=place_of({"page": "last"}, Customer, sort), size=size
    )
    assert (last.rows, last.span) == (pages[-1].rows, pages[-1].span)


def test_a_row_that_goes_away_moves_no_other() -> None:
    rows = make_customers([1] * 9)
    first = page_of(Found(rows, None), sort=BY_LICENSES, size=3)
    second = turn(rows, BY_LICENSES, first, "after", 3)
    rows.filter(pk=first.rows[0].pk).delete()
    assert turn(rows, BY_LICENSES, first, "after", 3).rows == second.rows


def test_a_total_never_contradicts_the_rows() -> None:
    rows = make_customers([1] * 7)
    assert page_of(Found(rows, Total(0)), sort=BY_LICENSES, size=5).span == "1–5 of 5+"
    assert page_of(Found(rows, Total(99)), sort=BY_LICENSES, size=10).span == "1–7 of 7"
    assert page_of(Found(rows.none(), Total(99)), sort=BY_LICENSES).span == "0"


def test_the_last_page_of_an_uncounted_list_has_no_numbers() -> None:
    rows = make_customers([1] * 7)
    last = page_of(Found(rows, None), sort=BY_LICENSES, place=place_of({"page": "last"}, Customer, BY_LICENSES), size=5)
    assert (last.start, last.span, len(last.rows)) == (None, "Last 5", 5)
    assert turn(rows, BY_LICENSES, last, "before", 5).start == 1


@pytest.mark.parametrize("text", ["", "x", "a.b", "W10=", "\x00", "é" * 500, "[1, 2, 3].sig"])
def test_a_damaged_place_is_the_first_page(text: str) -> None:
    assert place_of({"after": text}, Customer, BY_NAME) == FIRST
    assert place_of({"before": text}, Customer, BY_NAME) == FIRST


def test_a_place_of_another_sort_is_the_first_page() -> None:
    rows = make_customers([1, 2, 3])
    after = page_of(Found(rows, None), sort=BY_LICENSES, size=1).after
    assert place_of({"after": after}, Customer, BY_LICENSES).side == "after"
    assert place_of({"after": after}, Customer, BY_NAME) == FIRST
    assert place_of({"after": after}, Customer, BY_LICENSES.reversed()) == FIRST


def test_narrowed_counts_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = make_customers([1] * 6)
    matching = rows.filter(license_count=1)
    assert narrowed(matching, matching, rows).total == Total(6)
    monkeypatch.setattr("portal.core.keyset.COUNT_LIMIT", 5)
    found = narrowed(matching, matching, rows)
    assert (found.total, found.rows, found.by_id) == (Total(5, more=True), matching, rows)
    assert [len(page.rows) for page in walk(matching, BY_NAME, 4)] == [4, 2]
    assert len(page_of(found, sort=BY_NAME, size=4).rows) == 4
    assert str(found.total) == "5+"
