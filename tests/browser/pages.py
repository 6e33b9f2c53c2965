"""Every page of the portal, found by following its links: one address for each name in the table of who may open what."""

from __future__ import annotations

import re
from collections import Counter, deque
from html import unescape
from urllib.parse import urlsplit

from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from playwright.sync_api import Page

from tests.access.table import TABLE

# Of a kind of page so many are read for links: not every subscription has every command.
READ_OF_A_KIND = 8
LINK = re.compile(r'href="(/[^"#]*)')


def wanted() -> set[str]:
    """The names that answer a person who is signed in."""
    return {name for name, row in TABLE.items() if row.get.endswith(" 200") and row.get != "strangers 200"}


def addresses(page: Page) -> dict[str, str]:
    """One address for each wanted name that can be reached, as the person of this page. Lists come first, and among
    the rows of a list those that have a ticket or lead on."""
    missing, found, read = wanted(), {}, Counter[str]()
    queue = deque(_without_arguments(missing))
    known = set(queue)
    while queue and missing:
        address = queue.popleft()
        name = _name(address)
        if read[name] == READ_OF_A_KIND:
            continue
        read[name] += 1
        answer = page.request.get(address)
        if not answer.ok:
            continue
        found.setdefault(name, address)
        missing.discard(name)
        if "text/html" not in answer.headers["content-type"]:
            continue
        links = [unescape(link) for link in LINK.findall(answer.text())]
        for link in links:
            if link not in known and _name(link) in wanted():
                known.add(link)
                queue.append(link)
    return found


def _without_arguments(names: set[str]) -> list[str]:
    ready = []
    for name in sorted(names):
        try:
            ready.append(reverse(name))
        except NoReverseMatch:
            continue
    return ready


def _name(address: str) -> str:
    try:
        return resolve(urlsplit(address).path).view_name
    except Resolver404:
        return ""
