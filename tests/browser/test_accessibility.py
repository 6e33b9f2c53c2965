"""axe finds nothing on any page, in both themes, on a desk and on a phone; nothing scrolls sideways or is cut off."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.pages import addresses, wanted

ADMIN, STAFF = "mara.konig@contoso.example", "staff@portal.example"
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
# The rest of what a name can show, by the links that lead to it.
FOLLOWED = {
    "ticket": ("/support/", "main table tbody a"),
    "contact of a ticket": ("/support/?status=not_closed", "main table tbody a", "a[href*='change=contact']"),
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
# What axe finds in the parts of Django's admin that are not ours, each with the reason why it stays.
DJANGOS_OWN = {
    r"aria-input-field-name: .*select2": "an empty choice of the select2 that Django ships; its label stands before it",
    r"aria-prohibited-attr: .*search-label-icon": "the help of Django's filter of two lists, written by its script",
    r"scrollable-region-focusable: .*-group": "rows to read, scrolled on a phone; browsers take the keyboard there themselves",
}
# One of each kind of list and form in the back office; the others are drawn by the same templates.
LISTS = (
    "auth/group", "core/auditevent", "core/membership", "core/user", "customers/customer", "customers/order",
    "customers/pricelist", "customers/promotion", "customers/ticket", "downloads/downloadrequest",
)  # fmt: skip
# Pages of the back office that are ours in part: also on a phone, and in dark.
OURS = re.compile(r"^/admin/$|/(auditevent|ticket)/|/import/$")
pytestmark = pytest.mark.browser


def findings(page: Page, *, colors_only: bool = False, preload: bool = True) -> list[str]:
    """What axe finds on the open page. What was found is all that is brought back: the rest is megabytes.

    Without `preload` axe leaves style sheets alone, which it would copy into the page against the security policy where
    they import others, as Django's do."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    only = {"type": "rule", "values": ["color-contrast"]} if colors_only else {"type": "tag", "values": LEVELS}
    result = page.evaluate(
        "options => axe.run(options)", {"runOnly": only, "resultTypes": ["violations"], "preload": preload}
    )
    return [
        f"{page.url} {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def without_djangos_own(found: list[str]) -> list[str]:
    return [each for each in found if not any(re.search(pattern, each) for pattern in DJANGOS_OWN)]


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


def a_saved_view(page: Page) -> str:
    """Nobody else's views are shown, so the sample data have none. Returns its address."""
    page.goto("/saved-views/customers/new/?market=US")
    page.get_by_label("Name").fill("United States")
    page.get_by_role("button", name="Save view").click()
    return page.get_by_role("link", name="Rename or remove").get_attribute("href") or ""


def test_every_page_in_both_themes_on_a_desk_and_on_a_phone(new_page: NewPage) -> None:
    page = new_page(ADMIN)
    a_report_and_a_conversation(page)
    known = {"customers:saved_view": a_saved_view(page), **addresses(page)}
    assert wanted() - set(known) == set(), "no link leads there in the sample data"
    found: list[str] = []
    for address in [*known.values(), *(re.sub(r"{(.+?)}", lambda m: known[m[1]], path) for path in STATES.values())]:
        answer = page.request.get(address)
        if "<main" in answer.text():  # a file or a part of a page is looked at where it is used
            page.goto(address)
            found += looked_at(page)
    for start, *links in FOLLOWED.values():
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(start)
        for link in links:
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


def back_office(page: Page) -> list[str]:
    """The index, and of LISTS the list, the first row, the empty form and the import."""
    found = ["/admin/", "/admin/core/", "/admin/password_change/"]
    for each in (f"/admin/{name}/" for name in LISTS):
        listed = page.request.get(each).text()
        first = re.search(rf'href="({each}\d+/change/)', listed)
        found += [each, *([first[1]] if first else [])]
        found += [each + more for more in ("add/", "import/") if re.search(rf'href="({each})?{more}', listed)]
    return found


def test_the_back_office(new_page: NewPage) -> None:
    page = new_page(STAFF)
    page.emulate_media(reduced_motion="reduce")  # a color on its way to another one is neither
    pages = back_office(page)
    assert len(pages) >= 25
    assert len([address for address in pages if OURS.search(address)]) >= 7
    found: list[str] = []
    for address in pages:
        page.goto(address)
        for width in WIDTHS if OURS.search(address) else WIDTHS[:1]:
            page.set_viewport_size({"width": width, "height": 900})
            found += [f"light, {width}: {each}" for each in findings(page, preload=False)]
            if OURS.search(address):
                page.emulate_media(color_scheme="dark")
                found += [f"dark, {width}: {each}" for each in findings(page, colors_only=True, preload=False)]
                page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1440, "height": 900})
    left = without_djangos_own(found)
    assert not left, "\n".join(left)
    stale = [pattern for pattern in DJANGOS_OWN if not any(re.search(pattern, each) for each in found)]
    assert not stale, "remove the stale exception"


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
