"""The assistant's panel in a real browser: about the page it is opened on, a report that grows, feedback, history."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser import upgrades
from tests.browser.conftest import NewPage, Portal
from tests.browser.test_accessibility import findings, scrolls_sideways

SALES = "sam.abolrous@contoso.example"
ADMIN = "mara.konig@contoso.example"
pytestmark = pytest.mark.browser


def opened(page: Page) -> Locator:
    """The panel, opened by the keyboard; focus is where one types."""
    panel = page.get_by_role("complementary", name="AI assistant")
    if not panel.is_visible():
        page.keyboard.press("Control+i")
    expect(panel.get_by_label("Message the assistant")).to_be_focused()
    return panel


def ask(panel: Locator, text: str) -> Locator:
    """Type, press Enter; returns the answer."""
    before = panel.locator(".ai").count()
    panel.get_by_label("Message the assistant").fill(text)
    panel.get_by_label("Message the assistant").press("Enter")
    answer = panel.locator(".ai").nth(before)
    expect(answer).to_be_visible()
    return answer


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1366, "dark"), (1024, "light"), (390, "dark")])
def test_this_subscription(new_page: NewPage, width: int, theme: str) -> None:
    page = new_page(SALES, width=width, theme=theme)
    page.goto("/subscriptions/?q=visio")
    page.get_by_role("link", name="Visio Plan 1").first.click()
    panel = opened(page)
    expect(panel.get_by_text("Looking at")).to_be_visible()
    offered = panel.get_by_role("button", name="Can it be canceled?")
    expect(offered).to_be_visible()
    found = findings(page)
    offered.click()
    answer = panel.locator(".ai").first
    expect(answer.locator("p > b")).to_have_text(re.compile(r"^(Yes|No)\. Visio Plan 1 of "))
    more = ask(panel, "How many licenses of this subscription may go?")
    expect(more.get_by_role("link", name="Visio Plan 1")).to_have_attribute("href", re.compile("^/subscriptions/"))
    expect(panel.get_by_label("Message the assistant")).to_be_focused()
    found += findings(page)
    assert not found, "\n".join(found)
    assert not scrolls_sideways(page)
    box, shown = panel.bounding_box(), more.bounding_box()
    assert box
    assert shown
    assert shown["x"] + shown["width"] <= box["x"] + box["width"], "nothing is cut off at the side"


def test_a_report_is_followed_in_its_card(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.goto("/downloads/")
    panel = opened(page)
    answer = ask(panel, "Download targeted offers applicable to my customers")
    card = answer.locator("section.xcard").first
    expect(card).to_contain_text("DR-")
    expect(card.get_by_text(re.compile("^(Ready|Nothing to report)$"))).to_be_visible(timeout=60_000)
    expect(card).not_to_have_attribute("hx-get", re.compile("."))
    again = ask(panel, "Generate a report of targeted offers for customers associated with my partner account")
    expect(again.locator("p > b")).to_have_text(re.compile("is ready|Nothing to report"))


def test_feedback_and_history(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.goto("/assistant/")
    panel = page.get_by_role("region", name="AI assistant")
    answer = ask(panel, "what is EST?")
    expect(answer).to_contain_text("Extended service term (EST)")
    answer.get_by_text("Not helpful").click(force=True)
    answer.get_by_label("Something is missing").check()
    answer.get_by_label("More (optional)").fill("The day it starts")
    answer.get_by_role("button", name="Send feedback").click()
    expect(answer.get_by_text("Thank you. Staff read it.")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_text("What do you need, Sam?")).to_be_visible()
    page.get_by_role("link", name="Earlier conversations").click()
    page.get_by_role("link", name="what is EST?").first.click()
    expect(page.locator(".me").first).to_contain_text("what is EST?")
    expect(page.get_by_text("Thank you. Staff read it.")).to_be_visible()


# Controls ---------------------------------------------------------------------------------------------


def test_stop_while_an_answer_runs(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.goto("/customers/")
    panel = opened(page)
    held: list[Route] = []
    page.route("**/assistant/ask/", lambda route: held.append(route))
    composer = panel.get_by_label("Message the assistant")
    composer.fill("what is EST?")
    composer.press("Enter")
    stop = panel.get_by_role("button", name="Stop", exact=True)
    expect(stop).to_be_visible()
    expect(composer).to_be_editable()
    stop.click()
    expect(panel.get_by_role("button", name="Send", exact=True)).to_be_visible()
    expect(composer).to_have_value("what is EST?")
    expect(panel.locator(".ai")).to_have_count(0)
    page.unroute_all()
    panel.get_by_role("button", name="Send", exact=True).click()
    expect(panel.locator(".ai")).to_have_count(1)
    expect(panel.locator(".me")).to_have_count(1)
    expect(composer).to_have_value("")
    expect(panel.get_by_role("button", name="Send", exact=True)).to_be_visible()
    assert len(held) == 1


def test_who_reads_above_keeps_the_place_and_is_told(new_page: NewPage) -> None:
    page = new_page(SALES, height=600)
    page.goto("/customers/")
    panel = opened(page)
    for text in ("what is EST?", "what can you do?"):
        ask(panel, text)
    thread, new = panel.get_by_role("log"), panel.get_by_role("button", name="New answer")
    expect(new).to_be_hidden()
    thread.evaluate("el => el.scrollTo(0, 0)")
    ask(panel, "what do you need to cancel a duplicate?")
    expect(new).to_be_visible()
    assert thread.evaluate("el => el.scrollTop") == 0, "the place is kept"
    assert not findings(page)
    new.click()
    expect(new).to_be_hidden()
    assert thread.evaluate("el => el.scrollTop") > 0
    ask(panel, "what is EST?")
    expect(new).to_be_hidden()


def test_a_draft_and_the_place_go_along(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.goto("/customers/")
    panel = opened(page)
    ask(panel, "what can you do?")
    composer = panel.get_by_label("Message the assistant")
    composer.fill("Is the offer")
    page.get_by_role("link", name="Subscriptions").first.click()
    expect(page.get_by_role("heading", name="Subscriptions", level=1)).to_be_visible()
    expect(composer).to_have_value("Is the offer")
    expect(panel.locator(".me")).to_contain_text("what can you do?")
    page.keyboard.press("Control+i")
    expect(panel).to_be_hidden()
    page.keyboard.press("Control+i")
    expect(composer).to_have_value("Is the offer")
    panel.get_by_role("button", name="New conversation").click()
    expect(panel.get_by_text("What do you need, Sam?")).to_be_visible()
    expect(composer).to_have_value("Is the offer")
    panel.get_by_role("button", name="Upgrade paths").click()
    expect(panel.locator(".ai")).to_have_count(1)
    expect(composer).to_have_value("Is the offer")


def test_copy_puts_the_answer_on_the_clipboard(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/customers/")
    panel = opened(page)
    answer = ask(panel, "what is EST?")
    answer.get_by_role("button", name="Copy answer").click()
    expect(page.locator("#say")).to_have_text("Copied")
    assert "Extended service term (EST)" in page.evaluate("navigator.clipboard.readText()")


def test_keys_in_and_out_of_the_panel(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.goto("/customers/")
    panel = opened(page)
    composer = panel.get_by_label("Message the assistant")
    page.keyboard.press("F6")
    assert not panel.evaluate("el => el.contains(document.activeElement)"), "out of it"
    page.keyboard.press("F6")
    page.keyboard.press("F6")
    expect(composer).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_visible()
    page.set_viewport_size({"width": 1024, "height": 800})
    page.reload()
    page.locator("#assistant-button").click()
    expect(composer).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("#assistant-button")).to_be_focused()


@pytest.mark.parametrize(
    ("width", "theme", "script"), [(1366, "dark", True), (390, "light", True), (1024, "dark", False)]
)
def test_what_is_missing_is_asked_for_in_a_field(new_page: NewPage, width: int, theme: str, *, script: bool) -> None:
    page = new_page(ADMIN, width=width, theme=theme, script=script)
    page.goto("/assistant/")
    thread = page.get_by_role("log", name="Conversation")
    page.get_by_role("button", name="List a customer's subscriptions").click()
    field = thread.get_by_label("Customer name, domain or tenant ID")
    expect(field).to_be_visible()
    assert not (findings(page) if script else [])
    assert not scrolls_sideways(page)
    field.fill("Fabrikam Robotics")
    thread.get_by_role("button", name="Go on").click()
    expect(thread.locator(".ai").last).to_contain_text("Fabrikam Robotics has")
    expect(field).to_be_hidden()
    assert not (findings(page) if script else [])


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_axe_in_the_rarer_states(new_page: NewPage, portal: Portal, width: int, theme: str) -> None:
    """A new conversation that is asked about first, a conversation that is gone, no network, and too many questions in a
    minute."""
    left = upgrades.left_behind(portal, f"Rare {width}")
    page = new_page("anke.vogel@adatum.example" if width == 390 else ADMIN, width=width, theme=theme)
    page.goto("/assistant/")
    thread = page.get_by_role("log", name="Conversation")
    if width == 1440:
        page.get_by_label("Message the assistant").fill(
            f"Cancel the subscription {left.standard} for customer {left.customer}, as it is a duplicate resulting from "
            f"an upgrade. The upgraded subscription is {left.upgraded}."
        )
        page.get_by_role("button", name="Send").click()
        expect(thread.get_by_role("heading", name="Approve the cancellation")).to_be_visible()
        page.get_by_role("button", name="New conversation").click()
        expect(page.get_by_text("A request waits for your approval.").first).to_be_visible()
        expect(thread.locator(".me").last).to_be_in_viewport()
        assert not findings(page)
        page.get_by_role("button", name="Go on with it").click()
        expect(page.get_by_role("button", name="End it and start new")).to_have_count(0)
        expect(thread.get_by_role("heading", name="Approve the cancellation")).to_be_visible()
    composer, send = page.get_by_label("Message the assistant"), page.get_by_role("button", name="Send", exact=True)
    known = page.locator("#composer-keys [name=conversation]")
    talk = known.input_value()
    known.evaluate("el => { el.value = crypto.randomUUID(); }")
    composer.fill("what is EST?")
    send.click()
    expect(thread.get_by_role("alert").filter(has_text="Nothing is here.")).to_be_in_viewport()
    expect(composer).to_have_value("what is EST?")
    assert not findings(page)
    known.evaluate("(el, talk) => { el.value = talk; }", talk)
    page.context.set_offline(True)
    expect(page.locator(".as-off")).to_have_text("The portal cannot be reached. What you typed is still here.")
    expect(page.locator(".as-off")).to_be_in_viewport()
    assert not findings(page)
    page.context.set_offline(False)
    page.evaluate(
        """async () => { const form = document.querySelector("#composer"); for (let n = 0; n < 31; n++) {
        const data = new FormData(form); data.set("text", "hello"); data.delete("key");
        await fetch(form.action, { method: "POST", body: data, headers: { "HX-Request": "true" } }); } }"""
    )
    page.get_by_label("Message the assistant").fill("what is EST?")
    page.get_by_role("button", name="Send").click()
    expect(thread.get_by_text(re.compile("questions in a minute")).last).to_be_in_viewport()
    expect(page.get_by_label("Message the assistant")).to_have_value("what is EST?")
    assert not findings(page)
    assert not scrolls_sideways(page)
