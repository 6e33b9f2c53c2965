"""The renewals chart: stacked bars by week, as numbers for the SVG."""

from __future__ import annotations

from dataclasses import dataclass

from customers.services.customers import Renewals, Week
from portal.core.filters import address
from portal.core.templatetags.portal_ui import MONTHS

HEIGHT = 84  # of the drawing, in pixels
ROOM = 66  # for the tallest bar; the number stands above it
LEAST = 2
NEAR_WEEKS = 9  # the weeks that lie, at least in part, within 60 days


@dataclass(frozen=True)
class Block:
    """One part of a bar: class, top and height in pixels."""

    css: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One week: its blocks from the bottom up, where the number stands, and the list of what ends in it."""

    week: Week
    label: str
    blocks: tuple[Block, ...]
    text_y: float
    near: bool
    url: str


def bars(renewals: Renewals, *, path: str) -> list[Bar]:
    """The bars on one scale from zero. `path` is the list that each week links into."""
    scale = ROOM / max(1, *(week.total for week in renewals.weeks))
    return [_bar(week, scale, near=n < NEAR_WEEKS, path=path) for n, week in enumerate(renewals.weeks)]


def _bar(week: Week, scale: float, *, near: bool, path: str) -> Bar:
    top = float(HEIGHT)
    blocks = []
    for css, count in (("d1", week.renew), ("d2", week.lapse), ("d3", week.est)):
        if count:
            height = max(LEAST, round(count * scale, 1))
            top = round(top - height, 1)
            blocks.append(Block(css, top, height))
            top -= 1  # a gap between the blocks
    label = f"{week.monday.day} {MONTHS[week.monday.month - 1]}"
    url = address(path, {"week": week.monday.date().isoformat(), "status": "active"})
    return Bar(week, label, tuple(blocks), round(top - 4, 1), near, url)
