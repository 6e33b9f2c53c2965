"""The compiled rows: escaping, own renderers, the fallback, links."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import django_tables2
import pytest
from django.template.loader import get_template
from django.utils.html import format_html

from portal.core.keyset import Page, Sort
from portal.core.tables import NOTHING, Column, PortalTable
from tests.factories import AS_OF


class Sample(PortalTable):
    name = Column("Name", sort="name_key", css="clip")
    owner = Column("Owner", accessor="owner__name")
    count = Column("Count", sort="count", form=lambda n: f"{n:,}", css="num")
    tag = Column("Tag", accessor="name")
    both = Column("Both", accessor="count")
    flag = django_tables2.BooleanColumn(verbose_name="Flag")

    caption = "Samples"
    default_sort = "name"

    class Meta(PortalTable.Meta):
        sequence: ClassVar = ("name", "owner", "count", "tag", "both", "flag")
        empty_text = "No samples yet."

    def render_tag(self, value: str) -> Any:
        return format_html("<b>{}</b>", value)

    def render_both(self, record: Any, value: int) -> str:
        return f"<{record.name}> {value}"

    def card(self, row: Any) -> str:
        return f"<a>{row.count}</a>"


def row(**fields: Any) -> Any:
    values = {"name": "<i>", "owner": SimpleNamespace(name='"quoted"'), "count": 1234, "flag": True, **fields}
    return SimpleNamespace(**values)


def test_every_cell_is_escaped_once() -> None:
    body = Sample([row()], as_of=AS_OF).body
    assert '<td class="clip">&lt;i&gt;</td><td>&quot;quoted&quot;</td><td class="num">1,234</td>' in body
    assert "<td><b>&lt;i&gt;</b></td><td>&lt;&lt;i&gt;&gt; 1234</td>" in body


def test_a_missing_value_is_a_dash_and_never_zero() -> None:
    body = Sample([row(name="", count=None)], as_of=AS_OF).body
    assert body.count(NOTHING) == 4
    assert f'<td class="num">{NOTHING}</td>' in body
    assert '<td class="num">0</td>' in Sample([row(count=0)], as_of=AS_OF).body


def test_other_kinds_of_columns_are_rendered_by_django_tables2() -> None:
    assert '<span class="true">✔</span>' in Sample([row()], as_of=AS_OF).body


def test_columns_can_be_left_out() -> None:
    table = Sample([row()], as_of=AS_OF, exclude=("owner", "flag"))
    assert [head.name for head in table.headers] == ["name", "count", "tag", "both"]
    assert "quoted" not in table.body


def page(sort: Sort) -> Page:
    return Page(rows=[row()], sort=sort, start=1, total=None, after="N", before="", is_first=True)


def test_links_keep_filters_and_drop_the_place() -> None:
    table = Sample(page(Sort("count", "count")), path="/x/", as_of=AS_OF, params={"q": "a b&c"})
    urls = {head.name: (head.url, head.direction) for head in table.headers}
    assert urls["name"] == ("/x/?q=a+b%26c", "")
    assert urls["count"] == ("/x/?q=a+b%26c&sort=-count", "ascending")
    assert urls["tag"] == ("", "")
    assert table.next_url == "/x/?q=a+b%26c&sort=count&after=N"
    assert (table.previous_url, table.first_url) == ("", "")
    back = Sample(page(Sort("name", "name_key", descending=True)), path="/x/", as_of=AS_OF)
    assert [head.url for head in back.headers][0] == "/x/"


@pytest.mark.parametrize("text", ["", "tag", "nothing", "--name", "name-"])
def test_only_declared_sorts_exist(text: str) -> None:
    assert Sample.sort_of(text) is None
    assert Sample.sort_of("-name") == Sort("name", "name_key", descending=True)


def test_the_template_says_what_is_sorted_and_draws_cards() -> None:
    html = get_template("ui/table.html").render(
        {"table": Sample(page(Sort("name", "name_key")), path="/x/", as_of=AS_OF)}
    )
    assert 'aria-sort="ascending"' in html
    assert html.count("<caption") == 1
    assert "<a>1234</a>" in html
    assert "No samples yet." in get_template("ui/table.html").render({"table": Sample([], as_of=AS_OF)})
