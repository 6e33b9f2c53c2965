"""The script of the shell: menus, keys, the panel, one press one request, and nothing lost."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage

pytestmark = pytest.mark.browser
SALES = "sam.abolrous@contoso.example"
FRAGMENT = '<div class="bar bar--bad" role="alert" data-error><p><b>This did not work.</b></p></div>'


def focused(page: Page) -> str:
    return str(page.evaluate("(document.activeElement.textContent || document.activeElement.id).trim()"))


def test_menus_open_move_and_close_by_keyboard(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.goto("/profile/")
    page.locator("summary.avatar").focus()
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Profile"
    page.keyboard.press("End")
    assert focused(page) == "Sign out"
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Profile", "round again"
    page.keyboard.press("Escape")
    expect(page.locator("details[open]")).to_have_count(0)
    assert "Account of Sam Abolrous" in focused(page)


def test_shortcuts_can_be_listed_used_and_switched_off(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.goto("/profile/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile("/subscriptions/$"))
    page.wait_for_load_state()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/subscriptions/[0-9a-f-]{36}/$"))
    page.goto("/profile/")
    page.get_by_label("Single-letter shortcuts").uncheck()
    page.get_by_role("button", name="Save profile").click()
    expect(page.get_by_text("Your profile is saved.")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.locator("#global-search")).to_be_focused()
    page.get_by_label("Single-letter shortcuts").check()
    page.get_by_role("button", name="Save profile").click()


def test_the_panel_opens_stays_and_gives_the_focus_back(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.goto("/customers/")
    page.keyboard.press("Control+i")
    expect(page.get_by_label("Message the assistant")).to_be_focused()
    assert page.evaluate("scrollY") == 0, "the page stays where it was"
    page.goto("/subscriptions/")
    expect(page.get_by_role("complementary", name="AI assistant")).to_be_visible()
    page.keyboard.press("F6")
    page.keyboard.press("F6")
    page.keyboard.press("F6")
    expect(page.get_by_label("Message the assistant")).to_be_focused()
    page.keyboard.press("Control+i")
    expect(page.get_by_role("complementary", name="AI assistant")).to_be_hidden()
    expect(page.locator("#assistant-button")).to_be_focused()


def test_on_a_phone_the_panel_covers_the_page_only_when_asked(new_page: NewPage) -> None:
    page = new_page(SALES, width=390, height=844)
    page.goto("/customers/")
    page.locator("#assistant-button").click()
    expect(page.get_by_role("complementary", name="AI assistant")).to_be_visible()
    assert page.evaluate("document.querySelector('main').inert")
    page.goto("/subscriptions/")
    expect(page.get_by_role("complementary", name="AI assistant")).to_be_hidden()
    expect(page.locator("#assistant-button")).to_have_attribute("aria-expanded", "false")


def test_three_presses_are_one_request(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.goto("/profile/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.evaluate("[1, 2, 3].forEach(() => document.querySelector('form[action$=\"/profile/\"] button').click())")
    expect(page.get_by_text("Your profile is saved.")).to_be_visible()
    assert len(sent) == 1


def test_an_error_stays_in_its_region_and_goes_with_the_next_answer(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.goto("/customers/")
    field = page.locator("main").get_by_role("searchbox")
    rows = page.locator("main tbody tr")
    before = rows.count()

    def refuse(status: int, body: str, **headers: str) -> None:
        page.unroute_all()
        headers |= {"Content-Type": "text/html"}
        page.route(re.compile(r"/customers/\?"), lambda route: route.fulfill(status=status, body=body, headers=headers))

    refuse(404, FRAGMENT, **{"X-Error-Fragment": "1"})
    field.press_sequentially("f")
    expect(page.get_by_text("This did not work.")).to_be_visible()
    assert rows.count() == before
    expect(field).to_be_focused()
    field.press_sequentially("a")
    page.wait_for_timeout(800)
    expect(page.get_by_text("This did not work.")).to_have_count(1)
    refuse(413, "<html><body>A page of the proxy</body></html>")
    field.press_sequentially("b")
    expect(page.get_by_text("The portal cannot be reached.")).to_be_visible()
    assert rows.count() == before
    page.unroute_all()
    field.press_sequentially("r")
    expect(page.get_by_text("The portal cannot be reached.")).to_be_hidden()
    expect(page.get_by_text("This did not work.")).to_have_count(0)


def test_what_was_typed_survives_a_wrong_password_on_the_way_back(new_page: NewPage, portal) -> None:
    page = new_page(SALES)
    page.goto("/profile/")
    page.get_by_label("Phone").fill("+49 30 1")
    page.get_by_label("Old password").fill("not for keeping")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save profile").click()
    for password in ("wrong", portal.password):
        page.get_by_label("Work email").fill(SALES)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Phone")).to_have_value("+49 30 1")
    expect(page.get_by_text("What you typed is back.")).to_be_visible()
    expect(page.get_by_label("Old password")).to_have_value("")
    page.reload()
    expect(page.get_by_label("Phone")).not_to_have_value("+49 30 1")
