"""A ticket from both sides: staff press the buttons, the person who asked reads each step."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import upgrades
from tests.browser.conftest import NewPage, Portal

SALES, STAFF = "sam.abolrous@contoso.example", "staff@portal.example"
pytestmark = pytest.mark.browser


def stands(page: Page, step: str, *, now: bool = True) -> None:
    """The person reloads the page: the ticket stands at this station."""
    page.reload()
    station = page.get_by_role("region", name="Progress").get_by_role("listitem").filter(has_text=step)
    expect(station).to_have_class(re.compile("now" if now else "ok"))


def press(page: Page, button: str, said: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text(said)


def test_staff_carry_a_request_out_and_the_person_sees_each_step(new_page: NewPage, portal: Portal) -> None:
    left = upgrades.left_behind(portal, "Fourth Coffee by staff")
    number = upgrades.asked(portal, left)
    person, staff = new_page(SALES), new_page(STAFF)
    person.goto(f"/support/?tid={number}")
    expect(person.get_by_role("button", name="Withdraw request")).to_be_visible()
    staff.goto(f"/admin/customers/ticket/?q={number}")
    staff.get_by_role("link", name=number).click()

    press(staff, "Take up", "Taken up. It can no longer be withdrawn.")
    stands(person, "In review")
    expect(person.get_by_role("button", name="Withdraw request")).to_have_count(0)

    staff.get_by_label("Note, which the person reads").fill("Who uses it today?")
    press(staff, "Add note and ask for attention", "Asked. The ticket waits for an answer.")
    person.reload()
    expect(person.get_by_text("Support needs something from you.").first).to_be_visible()
    expect(person.get_by_role("region", name="Messages")).to_contain_text("Who uses it today?")
    person.get_by_role("region", name="Messages").get_by_role("textbox").fill("Nobody.")
    person.get_by_role("button", name="Add reply").click()
    staff.reload()
    expect(staff.get_by_role("main")).to_contain_text("Nobody.")

    press(staff, "Approve and carry out", "Carried out. The credit stands in the next month's reconciliation.")
    expect(staff.get_by_role("button", name="Approve and carry out")).to_have_count(0)
    stands(person, "Canceled", now=False)
    expect(person.get_by_role("region", name="Request")).to_contain_text("Credited")
    person.goto(f"/subscriptions/{left.standard}/")
    expect(person.get_by_role("main")).to_contain_text("Canceled")


def test_print_a_request_and_change_its_contact_by_keyboard(new_page: NewPage, portal: Portal) -> None:
    number = upgrades.asked(portal, upgrades.left_behind(portal, "Fourth Coffee on paper"))
    page = new_page(SALES)
    page.add_init_script("window.sheets = 0; window.print = () => { window.sheets += 1; }")
    page.goto(f"/support/?tid={number}")
    page.get_by_role("button", name="Print").press("Enter")
    assert page.evaluate("window.sheets") == 1
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.get_by_text(number).first).to_be_visible()
    page.emulate_media(media="screen")

    page.get_by_role("link", name="Change the contact").press("Enter")
    contact = page.get_by_role("region", name="Contact")
    contact.get_by_label("Phone").fill("12")
    contact.get_by_role("button", name="Change contact").press("Enter")
    expect(contact.locator(".err")).to_have_count(1)
    expect(contact.get_by_label("Phone")).to_have_value("12")
    contact.get_by_label("Phone").fill("+1 425 555 0199")
    contact.get_by_label("Phone").press("Enter")
    expect(contact).to_contain_text("+1 425-555-0199")
    expect(contact.get_by_role("link", name="Change the contact")).to_be_visible()


def test_the_timeline_of_a_customer_opens_by_keyboard(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.goto("/customers/?q=fabrikam+robotics")
    page.get_by_role("link", name="Fabrikam Robotics", exact=True).press("Enter")
    page.get_by_role("link", name="Timeline").press("Enter")
    expect(page).to_have_url(re.compile(r"view=timeline"))
    expect(page.get_by_role("link", name="Timeline")).to_have_attribute("aria-current", "true")
    rows = page.get_by_role("table").locator("tbody tr")
    expect(rows.first.locator("svg rect").first).to_be_visible()
    name = rows.first.get_by_role("link").first
    title = name.inner_text()
    for _ in range(40):
        page.keyboard.press("Tab")
        if name.evaluate("each => each === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    history = page.get_by_role("link", name=re.compile("History as a page|Older entries"))
    history.press("Enter")
    expect(page.get_by_role("heading", name="What happened, newest first")).to_be_attached()
