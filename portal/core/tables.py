"""Tables: columns are declared with django-tables2, rows are rendered by a function compiled per class.

django-tables2 spends about 60 µs on a cell, most of it on finding out how to call a renderer (it inspects
the signature for every cell). Here that is settled once, when the class is made.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from html import escape
from operator import attrgetter
from typing import Any, ClassVar, Self
from uuid import UUID

import django_tables2
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.safestring import SafeString, mark_safe
from django_tables2.rows import BoundRow

from portal.core.filters import address
from portal.core.keyset import PER_PAGE, Found, Page, Sort, page_of, place_of

Cell = Callable[["PortalTable", Any], str]
NOTHING = mark_safe('<span class="muted">–</span>')
_SAMPLE = UUID(int=0)


def as_count(number: int) -> str:
    return f"{number:,}"


def as_day(moment: datetime) -> str:
    """`14 Oct 2026`, in UTC as everything is."""
    return f"{moment.day} {moment:%b %Y}"


def link_maker(view_name: str) -> Callable[[UUID], str]:
    """A function from an id to the address of its page; resolving the URL for each row would cost more than the row.

    The URL takes exactly one UUID.
    """
    return _link_maker(view_name, get_script_prefix())


@lru_cache(maxsize=64)
def _link_maker(view_name: str, _prefix: str) -> Callable[[UUID], str]:
    head, _, tail = reverse(view_name, args=[_SAMPLE]).partition(str(_SAMPLE))
    return lambda key: f"{head}{key}{tail}"


class Column(django_tables2.Column):
    """A column: `sort` is the indexed model field to sort by (none: not sortable), `form` turns a value into
    text or safe HTML, `css` is the class of its cells (`num`, `nowrap`, and `p1` `p2` `p3`, the order in which
    columns leave when room gets short)."""

    def __init__(
        self, label: str, *, sort: str = "", form: Callable[[Any], str] | None = None, css: str = "", **kwargs: Any
    ) -> None:
        attrs = {"th": {"class": css}, "td": {"class": css}} if css else {}
        super().__init__(
            verbose_name=label, orderable=bool(sort), order_by=(sort, "id") if sort else None, attrs=attrs, **kwargs
        )
        self.sort = sort
        self.form = form
        self.css = css

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Itself: django-tables2 copies the columns for every table, and nothing changes these after the class is made."""
        return self


@dataclass(frozen=True)
class Header:
    """One head cell. `url` sorts by it; `direction` is `ascending` or `descending` on the sorted column."""

    name: str
    label: str
    css: str
    url: str
    direction: str


class PortalTable(django_tables2.Table):
    """A list as declared columns. Needs `caption`, `empty_text` in Meta, and `card(row)` for narrow screens."""

    caption: ClassVar[str] = ""
    default_sort: ClassVar[str] = ""
    region: ClassVar[str] = "list"
    per_page: ClassVar[int] = PER_PAGE
    _compiled: ClassVar[dict[str, Cell]] = {}

    class Meta:
        attrs: ClassVar = {"class": "tbl only-table"}
        template_name = "ui/table.html"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._compiled = {name: _compile(cls, name, column) for name, column in cls.base_columns.items()}

    def __init__(
        self,
        page: Page | Sequence[Any],
        *,
        path: str = "",
        params: Mapping[str, str] | None = None,
        as_of: datetime,
        **kwargs: Any,
    ) -> None:
        """`params` are the filters in force, which every link of the table keeps."""
        super().__init__(page.rows if isinstance(page, Page) else page, **kwargs)
        self.sheet = page if isinstance(page, Page) else None
        self.records = page.rows if isinstance(page, Page) else page
        self.path = path
        self.params = dict(params or {})
        self.as_of = as_of
        self.problems: list[str] = []

    @classmethod
    def from_request(
        cls, request: HttpRequest, found: Found, *, params: Mapping[str, str], as_of: datetime, **kwargs: Any
    ) -> Self:
        """The page of `found` that the address asks for. An unknown sort is told in `problems`."""
        wanted = request.GET.get("sort", "")
        sort = cls.sort_in(request)
        place = place_of(request.GET, found.rows.model, sort)
        page = page_of(found, sort=sort, place=place, size=cls.per_page)
        table = cls(page, path=request.path, params=params, as_of=as_of, **kwargs)
        if wanted and not cls.sort_of(wanted):
            table.problems.append(f"This list cannot be sorted by “{wanted[:40]}”.")
        return table

    @classmethod
    def sort_in(cls, request: HttpRequest) -> Sort:
        """The sort that the address asks for, or the first one."""
        return cls.sort_of(request.GET.get("sort", "")) or cls.first_sort()

    @classmethod
    def sorts(cls) -> dict[str, Sort]:
        """Every way to sort, by the name that stands in the address."""
        return {
            name: Sort(name, column.sort)
            for name, column in cls.base_columns.items()
            if isinstance(column, Column) and column.sort
        }

    @classmethod
    def first_sort(cls) -> Sort:
        """`default_sort`, which may be a descending one."""
        sort = cls.sorts()[cls.default_sort.removeprefix("-")]
        return sort.reversed() if cls.default_sort.startswith("-") else sort

    @classmethod
    def sort_of(cls, param: str) -> Sort | None:
        """The sort that `?sort=` names; None for a column that cannot be sorted by."""
        sort = cls.sorts().get(param.removeprefix("-"))
        return sort.reversed() if sort and param.startswith("-") else sort

    def card(self, row: Any) -> str:
        """`row` as a card for a narrow screen: one link, the same data."""
        raise NotImplementedError

    @property
    def has_cards(self) -> bool:
        return type(self).card is not PortalTable.card

    @property
    def body(self) -> SafeString:
        """All rows as HTML."""
        shown = [(self._compiled[bound.name], bound.column) for bound in self.columns]
        line = "".join(f"<td{_class(column)}>%s</td>" for _, column in shown)
        template = f"<tr>{line}</tr>\n"
        cells = [cell for cell, _ in shown]
        # Every cell is escaped by its own renderer.
        return mark_safe("".join([template % tuple([cell(self, row) for cell in cells]) for row in self.records]))  # noqa: S308

    @property
    def cards(self) -> SafeString:
        return mark_safe("\n".join([self.card(row) for row in self.records]))  # noqa: S308 - card() escapes

    @property
    def headers(self) -> list[Header]:
        return [self._header(bound.name, bound.column) for bound in self.columns]

    def _header(self, name: str, column: django_tables2.Column) -> Header:
        sort = self.sheet.sort if self.sheet else None
        url = direction = ""
        if sort and isinstance(column, Column) and column.sort:
            here = sort.key == name
            direction = ("descending" if sort.descending else "ascending") if here else ""
            way = f"-{name}" if here and not sort.descending else name
            url = self.link(sort="" if way == self.default_sort else way)
        own = getattr(self, f"header_{name}", None)
        return Header(name, own() if own else column.verbose_name, getattr(column, "css", ""), url, direction)

    def link(self, **changes: str) -> str:
        """This list with its filters and sort, changed; empty values are left out."""
        return address(self.path, {**self.params, **self.sort_params, **changes})

    @cached_property
    def sort_params(self) -> dict[str, str]:
        """The sort in force as it stands in the address: nothing for the default one."""
        sort = self.sheet.sort.param if self.sheet else ""
        return {} if sort in ("", self.default_sort) else {"sort": sort}

    @cached_property
    def next_url(self) -> str:
        return self.link(after=self.sheet.after) if self.sheet and self.sheet.after else ""

    @cached_property
    def previous_url(self) -> str:
        return self.link(before=self.sheet.before) if self.sheet and self.sheet.before else ""

    @cached_property
    def first_url(self) -> str:
        return self.link() if self.sheet and not self.sheet.is_first else ""

    @cached_property
    def last_url(self) -> str:
        return self.link(page="last") if self.sheet and self.sheet.after else ""

    @cached_property
    def full_caption(self) -> str:
        """What the table shows, in one sentence for a screen reader."""
        if self.sheet is None:
            return self.caption
        way = "descending" if self.sheet.sort.descending else "ascending"
        label = self.base_columns[self.sheet.sort.key].verbose_name
        return f"{self.caption}, {self.sheet.span}, sorted by {label}, {way}"


def _class(column: django_tables2.Column) -> str:
    css = getattr(column, "css", "")
    return f' class="{escape(css)}"' if css else ""


def _compile(table: type[PortalTable], name: str, column: django_tables2.Column) -> Cell:
    """The function that renders this column's cell: simple ones by attribute, others by their own `render_`."""
    own = getattr(table, f"render_{name}", None)
    if own is not None:
        return _by_method(own, column, name)
    if isinstance(column, Column) or type(column) is django_tables2.Column:
        return _by_attribute(column, name)
    return lambda self, row: _safe(BoundRow(row, self).get_cell(name))


def _safe(text: Any) -> str:
    return text if hasattr(text, "__html__") else escape(str(text))


def _reader(accessor: str) -> Callable[[Any], Any]:
    """How to take `reseller__name` out of a row: as it stands in a tuple, along the objects in a model row."""
    plain = attrgetter(accessor)
    if "__" not in accessor:
        return plain
    along = attrgetter(accessor.replace("__", "."))

    def read(row: Any) -> Any:
        try:
            return plain(row)
        except AttributeError:
            return along(row)

    return read


def _by_attribute(column: django_tables2.Column, name: str) -> Cell:
    read = _reader(str(column.accessor or name))
    form = getattr(column, "form", None)

    def cell(_table: PortalTable, row: Any) -> str:
        value = read(row)
        if value is None or value == "":
            return NOTHING
        text = form(value) if form else value
        return text if hasattr(text, "__html__") else escape(str(text))

    return cell


def _by_method(own: Callable[..., Any], column: django_tables2.Column, name: str) -> Cell:
    wanted = set(inspect.signature(own).parameters) - {"self"}
    if wanted == {"record"}:
        return lambda table, row: _safe(own(table, record=row))
    if not wanted <= {"record", "value"}:
        return lambda table, row: _safe(BoundRow(row, table).get_cell(name))
    read = _reader(str(column.accessor or name))
    takes_record = "record" in wanted

    def cell(table: PortalTable, row: Any) -> str:
        value = read(row)
        if value is None or value == "":
            return NOTHING
        return _safe(own(table, value=value, record=row) if takes_record else own(table, value=value))

    return cell
