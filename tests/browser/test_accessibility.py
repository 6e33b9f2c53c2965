"""axe finds nothing on any page, in both themes, on a desk and on a phone; nothing scrolls sideways."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import NewPage

SALES = "sam.abolrous@contoso.example"
PAGES = {
    "home": "/",
    "renewals": "/renewals/",
    "renewals, no match": "/renewals/?q=zzzz",
    "announced prices": "/renewals/prices/",
    "how this is decided": "/how-this-is-decided/",
    "customers": "/customers/",
    "customers, no match": "/customers/?q=zzzz",
    "subscriptions": "/subscriptions/",
    "carts": "/carts/",
    "orders": "/orders/",
    "downloads": "/downloads/",
    "assistant": "/assistant/",
    "search": "/search/?q=fabrikam",
    "profile": "/profile/",
    "not found": "/nowhere/",
}
FOLLOWED = {
    "customer": ("/customers/?q=fabrikam+rob", "Fabrikam Robotics"),
    "subscription": ("/subscriptions/?q=visio", "Visio Plan 1"),
    "cart": ("/carts/", "Fabrikam Robotics"),
}
pytestmark = pytest.mark.browser


def findings(page: Page) -> list[str]:
    result = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    return [
        f"{page.url} {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in result.response["violations"]
        for node in violation["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing(new_page: NewPage, theme: str, width: int) -> None:
    page = new_page(SALES, theme=theme, width=width)
    found: list[str] = []
    checked = 0
    for path in PAGES.values():
        page.goto(path)
        page.wait_for_load_state("networkidle")
        found += findings(page)
        checked += 1
        assert not scrolls_sideways(page), page.url
    for start, name in FOLLOWED.values():
        page.goto(start)
        page.get_by_role("link", name=name).first.click()
        page.wait_for_load_state("networkidle")
        found += findings(page)
        checked += 1
        assert not scrolls_sideways(page), page.url
    page.goto(page.url.split("/carts/")[0] + "/customers/?q=fabrikam+rob")
    page.get_by_role("link", name="Fabrikam Robotics").first.click()
    page.goto(page.url + "catalog/?q=business")
    found += findings(page)
    assert checked == len(PAGES) + len(FOLLOWED)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sign_in_page_and_its_error(new_page: NewPage, theme: str) -> None:
    page = new_page(theme=theme)
    page.goto("/signin/")
    found = findings(page)
    page.get_by_label("Work email").fill("nobody@contoso.example")
    page.get_by_label("Password", exact=True).fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="There is a problem").wait_for()
    found += findings(page)
    assert not found, "\n".join(found)


def test_axe_would_find_something(new_page: NewPage) -> None:
    """The guard bites: an image without a name is a finding."""
    page = new_page()
    page.goto("/signin/")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert findings(page)
