"""axe finds nothing on any page, in both themes, on a desk and on a phone; nothing scrolls sideways or is cut off."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.pages import addresses, wanted

ADMIN = "mara.konig@contoso.example"
# What a page looks like with another answer in it. `{name}` stands for the address that was found for it.
STATES = {
    "nothing matches": "/renewals/?q=zzzz",
    "no customer matches": "/customers/?q=zzzz",
    "a filter that is wrong": "/subscriptions/?status=nonsense&sort=nonsense",
    "found": "/search/?q=fabrikam",
    "the next number": "{customers:subscription_licenses}?quantity=999",
    "a number that is none": "{customers:subscription_licenses}?quantity=abc",
    "a product to add": "{customers:catalog}?q=business",
    "a customer over twelve months": "{customers:customer}?view=timeline",
    "not found": "/nowhere/",
}
# The rest of what a name can show, by the link that leads to it.
FOLLOWED = {
    "ticket": ("/support/", "main table tbody a"),
    "duplicate": ("/subscriptions/duplicates/", "main table tbody a"),
    "upgraded": ("/subscriptions/?q=business+premium", "main table tbody a"),
}
WIDTHS = (1440, 390)
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Boxes that stick out of the sheet, which `overflow: clip` hides from the document. What may scroll is no mistake.
CUT_OFF = """() => {
  const sheet = document.querySelector('main').getBoundingClientRect(), found = [];
  for (const each of document.querySelectorAll('main *')) {
    const box = each.getBoundingClientRect();
    if (!box.width || !box.height || each.closest('.vh, svg, details.pop:not([open]) > .menu')) continue;
    if (box.right <= sheet.right + 1 && box.left >= sheet.left - 1) continue;
    let up = each.parentElement;
    while (up.tagName !== 'MAIN' && getComputedStyle(up).overflowX === 'visible') up = up.parentElement;
    if (up.tagName === 'MAIN') found.push(each.tagName + '.' + each.className + ' ' + each.textContent.trim().slice(0, 40));
  }
  return found;
}"""
pytestmark = pytest.mark.browser


def findings(page: Page, *, colors_only: bool = False) -> list[str]:
    """What axe finds on the open page. What was found is all that is brought back: the rest is megabytes."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    only = {"type": "rule", "values": ["color-contrast"]} if colors_only else {"type": "tag", "values": LEVELS}
    result = page.evaluate("options => axe.run(options)", {"runOnly": only, "resultTypes": ["violations"]})
    return [
        f"{page.url} {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def looked_at(page: Page) -> list[str]:
    """What is wrong with the open page: in both themes on a desk and on a phone, and nothing cut off on a tablet."""
    found = []
    for width in (*WIDTHS, 1024):
        page.set_viewport_size({"width": width, "height": 900})
        if scrolls_sideways(page):
            found.append(f"{page.url} scrolls sideways at {width}")
        found += [f"{page.url} is cut off at {width}: {each}" for each in page.evaluate(CUT_OFF)]
        if width in WIDTHS:
            found += [f"light, {width}: {each}" for each in findings(page)]
            page.emulate_media(color_scheme="dark")  # which changes colors and nothing else
            found += [f"dark, {width}: {each}" for each in findings(page, colors_only=True)]
            page.emulate_media(color_scheme="light")
    return found


def a_report_and_a_conversation(page: Page) -> None:
    """What the sample data do not have: a person asks, and the file is ready."""
    page.goto("/assistant/")
    page.get_by_role("button", name="Targeted promotions report").click()
    expect(page.locator(".xcard").get_by_role("link", name="Download", exact=True)).to_be_visible(timeout=60_000)


def test_every_page_in_both_themes_on_a_desk_and_on_a_phone(new_page: NewPage) -> None:
    page = new_page(ADMIN)
    a_report_and_a_conversation(page)
    known = addresses(page)
    assert wanted() - set(known) == set(), "no link leads there in the sample data"
    found: list[str] = []
    for address in [*known.values(), *(re.sub(r"{(.+?)}", lambda m: known[m[1]], path) for path in STATES.values())]:
        answer = page.request.get(address)
        if "<main" in answer.text():  # a file or a part of a page is looked at where it is used
            page.goto(address)
            found += looked_at(page)
    for start, link in FOLLOWED.values():
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(start)
        page.goto(page.locator(link).first.get_attribute("href") or "")
        found += looked_at(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("email", ["bill.norris@contoso.example", "chantal.roy@wingtip.example"])
def test_what_a_page_says_to_those_who_may_only_read_it(new_page: NewPage, email: str) -> None:
    page = new_page(email)
    found: list[str] = []
    for address in ("/", "/carts/", "/subscriptions/end-of-term/?choice=cancel", "/billing/", "/downloads/"):
        page.goto(address)
        found += looked_at(page)
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
    """The guard bites: an image without a name is a finding, and so is a box that sticks out."""
    page = new_page()
    page.goto("/signin/")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert findings(page)
    assert not page.evaluate(CUT_OFF)
    page.evaluate(
        "document.querySelector('main').append(Object.assign(document.createElement('hr'), {width: '3000', size: '9'}))"
    )
    assert page.evaluate(CUT_OFF)
