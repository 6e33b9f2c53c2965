"""The whole way of a request about duplicates in a real browser: notice, choose, check, approve, contact, ticket."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import upgrades
from tests.browser.conftest import NewPage, Portal
from tests.browser.test_accessibility import findings, scrolls_sideways

SALES = "sam.abolrous@contoso.example"
ADMIN = "mara.konig@contoso.example"  # two people, because one may ask 30 times a minute
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
pytestmark = pytest.mark.browser


class Walk:
    """One person in one browser on the way through a request; every state is looked at by axe on the way."""

    def __init__(self, page: Page, *, script: bool = True) -> None:
        self.page, self.script = page, script
        self.found: list[str] = []

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("log", name="Conversation")

    @property
    def last(self) -> Locator:
        return self.thread.locator(".ai").last

    def look(self) -> None:
        """axe, and nothing that scrolls sideways."""
        if self.script:
            self.found += findings(self.page)
        assert not scrolls_sideways(self.page)

    def ask(self, text: str) -> None:
        before = self.thread.locator(".me").count()
        composer = self.page.get_by_label("Message the assistant")
        composer.fill(text)
        self.page.get_by_role("button", name="Send").click()
        expect(self.thread.locator(".me").nth(before)).to_be_visible()

    def choose(self, *names: str) -> None:
        card = self.last.get_by_role("region", name="Which one is the duplicate?")
        expect(card).to_be_visible()
        self.look()
        for name in names:
            card.get_by_label(re.compile(f"^{name}")).check()
        card.get_by_role("button", name="Check", exact=True).click()
        expect(self.thread.get_by_role("heading", name=re.compile("^Approve the "))).to_be_visible()
        self.look()

    def approve(self) -> None:
        """First a wrong verification ID, then the right one."""
        shown = self.thread.locator(".vid bdi").last.inner_text()
        assert re.fullmatch(f"[{ALPHABET}]{{3}}-[{ALPHABET}]{{3}}-[{ALPHABET}]{{3}}", shown)
        expect(self.thread.get_by_text("5 tries left.")).to_be_visible()
        field = self.thread.get_by_label("Type or paste this verification ID")
        field.fill("222-222-222" if shown != "222-222-222" else "333-333-333")
        self.button("Approve").click()
        expect(self.thread.get_by_text("4 tries are left.")).to_be_visible()
        expect(self.thread.get_by_text("4 tries left.")).to_be_visible()
        if self.script:
            expect(field).to_be_focused()
        self.look()
        field = self.thread.get_by_label("Type or paste this verification ID")
        field.fill(shown.lower().replace("-", " "))
        self.button("Approve").click()
        expect(self.thread.get_by_role("heading", name="Where can support reach you?").last).to_be_visible()
        expect(self.thread.get_by_text("Approved by you").first).to_be_visible()
        self.look()

    def button(self, begins: str) -> Locator:
        return self.thread.get_by_role("button", name=re.compile(f"^{begins}"))

    def contact(self) -> None:
        """First mistakes, which are kept and named, then what is right."""
        self.thread.get_by_label("Email").fill("sam@")
        self.thread.get_by_label("Phone").fill("12")
        self.button("Create ticket").click()
        expect(self.thread.locator(".err")).to_have_count(2)
        expect(self.thread.get_by_label("Email")).to_have_value("sam@")
        self.look()
        self.thread.get_by_label("Email").fill("sam.abolrous@contoso.com")
        self.thread.get_by_label("Phone").fill("+1 425 555 0100")
        self.button("Create ticket").click()

    def ticket(self) -> str:
        """The ticket's number, and its page behind the link."""
        expect(self.thread.get_by_role("heading", name="Ticket created")).to_be_visible()
        self.look()
        link = self.thread.get_by_role("link", name="Open ticket")
        found = re.fullmatch(r".*/support/\?tid=(\d{16})", link.get_attribute("href") or "")
        assert found, "no ticket number, no success"
        expect(self.thread.locator("input[name=verification_id], input[name=email]")).to_have_count(0)
        link.click()
        expect(self.page).to_have_url(re.compile(rf"/support/\?tid={found.group(1)}$"))
        expect(self.page.get_by_role("main")).to_contain_text(found.group(1))
        return found.group(1)


@pytest.mark.parametrize(
    ("width", "theme", "script"),
    [(1440, "light", True), (390, "dark", True), (1440, "dark", False), (390, "light", False)],
)
def test_from_the_banner(new_page: NewPage, portal: Portal, width: int, theme: str, *, script: bool) -> None:
    left = upgrades.left_behind(portal, f"Banner {width} {theme}")
    page = new_page(SALES, width=width, theme=theme, script=script)
    page.goto(f"/subscriptions/{left.upgraded}/")
    notice = page.get_by_role("region", name="Upgrade notice")
    notice.get_by_role("button", name="Get cancellation help").click()
    walk = Walk(page, script=script)
    expect(walk.thread.locator(".me").first).to_contain_text(f"Cancel the duplicate subscription for {left.company}.")
    expect(walk.thread.locator(".me").first).to_contain_text("Filled in from this page")
    walk.choose("Microsoft 365 Business Standard", "Microsoft 365 Apps for business")
    expect(walk.thread.get_by_text("45 → 0 licenses").first).to_be_visible()
    expect(page.get_by_text("Pinned").first).to_be_visible()
    walk.approve()
    walk.contact()
    number = walk.ticket()
    assert upgrades.tickets_of(portal, left.customer) == [number]
    assert not walk.found, "\n".join(walk.found)


@pytest.mark.parametrize(("width", "script"), [(1440, True), (390, True), (1440, False)])
def test_in_words_with_mixed_verdicts(new_page: NewPage, portal: Portal, width: int, *, script: bool) -> None:
    """The article's prompt with a comma-separated list, one of which has too many licenses."""
    left = upgrades.left_behind(portal, f"Words {width} {script}")
    page = new_page(SALES, width=width, script=script)
    page.goto("/assistant/")
    walk = Walk(page, script=script)
    walk.ask(
        f"Cancel the subscription **{left.standard}, {left.apps}, {left.warehouse}** for customer **{left.customer}**, "
        f"as it is a duplicate resulting from an upgrade. The upgraded subscription is **{left.upgraded}**."
    )
    expect(walk.last.locator("p > b").first).to_have_text(
        "2 of 3 subscriptions can be canceled as duplicates. The others cannot, with the reasons."
    )
    expect(walk.last.get_by_role("heading", name="Eligible to cancel", exact=True)).to_have_count(2)
    expect(walk.last.get_by_role("heading", name="Not eligible to cancel")).to_have_count(1)
    expect(walk.last.get_by_text("The duplicate has 99 licenses, more than the upgraded 60.")).to_be_visible()
    walk.look()
    walk.approve()
    walk.contact()
    number = walk.ticket()
    assert upgrades.tickets_of(portal, left.customer) == [number]
    main = page.get_by_role("main")
    expect(main.get_by_text("Microsoft 365 Apps for business").first).to_be_visible()
    assert "Warehouse" not in main.inner_text(), "what is not eligible is no part of the ticket"
    assert not walk.found, "\n".join(walk.found)


@pytest.mark.parametrize(("width", "script"), [(1440, True), (390, True), (390, False)])
def test_from_a_zero_prompt(new_page: NewPage, portal: Portal, width: int, *, script: bool) -> None:
    """On the customer's page the card names how many there are; then fewer licenses instead of none."""
    left = upgrades.left_behind(portal, f"Zero {width} {script}")
    page = new_page(ADMIN, width=width, script=script)
    page.goto(f"/customers/{left.customer}/")
    page.get_by_role("link", name="Assistant").filter(visible=True).first.click()
    card = page.get_by_role("button", name=re.compile("^Clean up after the upgrade"))
    expect(card).to_contain_text("Cancel or reduce 2 duplicates")
    card.click()
    walk = Walk(page, script=script)
    choice = walk.last.get_by_role("region", name="Which one is the duplicate?")
    choice.get_by_label(re.compile("^Microsoft 365 Business Standard")).check()
    choice.get_by_text("Fewer licenses", exact=True).click()
    choice.get_by_label("Licenses that stay").fill("12")
    choice.get_by_role("button", name="Check", exact=True).click()
    expect(walk.thread.get_by_role("heading", name="Eligible to reduce")).to_be_visible()
    expect(walk.thread.get_by_text("45 → 12 licenses").first).to_be_visible()
    walk.approve()
    walk.contact()
    assert upgrades.tickets_of(portal, left.customer) == [walk.ticket()]
    assert not walk.found, "\n".join(walk.found)


@pytest.mark.parametrize(
    ("width", "theme", "script"), [(1440, "light", True), (390, "dark", True), (1440, "dark", False)]
)
def test_no_ticket_no_success(new_page: NewPage, portal: Portal, width: int, theme: str, *, script: bool) -> None:
    """The licenses change between the approval and the contact: nothing is sent, and nothing is called done."""
    left = upgrades.left_behind(portal, f"Changed {width} {script}")
    page = new_page(ADMIN, width=width, theme=theme, script=script)
    page.goto(f"/subscriptions/{left.upgraded}/")
    page.get_by_role("button", name="Get cancellation help").click()
    walk = Walk(page, script=script)
    walk.choose("Microsoft 365 Business Standard")
    walk.approve()
    upgrades.change(portal, left.standard, 44)
    walk.contact()
    expect(walk.thread.get_by_text("The subscription changed since the check. Check again.").first).to_be_visible()
    expect(walk.last.locator(".bar--bad")).to_contain_text("No ticket was created. Nothing changed.")
    walk.look()
    expect(walk.thread.get_by_text("Ticket created")).to_have_count(0)
    assert "?tid=" not in walk.thread.inner_html()
    assert upgrades.tickets_of(portal, left.customer) == []
    walk.button("Check again").click()
    expect(walk.thread.get_by_text("44 → 0 licenses").first).to_be_visible()
    walk.approve()
    walk.contact()
    assert upgrades.tickets_of(portal, left.customer) == [walk.ticket()]
    assert not walk.found, "\n".join(walk.found)
