"""A partner's day in a real browser, against the product as it is started for a demo."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage

SALES = "sam.abolrous@contoso.example"
HEADER = (
    "CustomerTenantId,ResellerPartnerId,SubscriptionId,SubscriptionName,OfferID,Quantity,TermDuration,"
    "BillingCycle,TermEndDate,EvaluationTime"
)
pytestmark = pytest.mark.browser


def open_cart_of_fabrikam(page: Page) -> None:
    page.goto("/customers/")
    page.get_by_label("Filter this list").fill("fabrikam rob")
    page.get_by_role("link", name="Fabrikam Robotics", exact=True).click()
    expect(page.get_by_role("heading", name="Fabrikam Robotics", level=1)).to_be_visible()
    page.get_by_role("button", name="New order").click()
    expect(page.get_by_role("heading", name="Cart for Fabrikam Robotics")).to_be_visible()


def test_find_out_why_and_change_the_line(new_page: NewPage) -> None:
    page = new_page(SALES)
    open_cart_of_fabrikam(page)
    line = page.get_by_role("row").filter(has_text="1 month, monthly").filter(has_text="No promotion").first
    expect(line).to_be_visible()
    line_id = line.get_attribute("id")
    line.get_by_text("Find out why").click()
    panel = page.get_by_role("complementary", name="AI assistant")
    expect(panel.get_by_text("Why is there no promotion on Microsoft 365 Copilot Business?")).to_be_visible()
    expect(panel.get_by_role("table").first).to_be_visible()
    changed = page.locator(f"#{line_id}")
    expect(changed).to_have_attribute("aria-current", "true")
    page.locator("#assistant-button").click()
    expect(page.locator("tr[aria-current]")).to_have_count(0)
    page.locator("#assistant-button").click()
    expect(changed).to_have_attribute("aria-current", "true")
    panel.get_by_role("button", name="Change line").click()
    expect(changed).not_to_contain_text("No promotion")
    expect(changed).to_contain_text("% off")


def test_the_same_without_a_script(new_page: NewPage) -> None:
    page = new_page("mara.konig@contoso.example", script=False)
    page.goto("/customers/?q=northwind+traders")
    page.get_by_role("link", name="Northwind Traders", exact=True).click()
    page.get_by_role("button", name="New order").click()
    line = page.get_by_role("row").filter(has_text="No promotion").first
    line.get_by_text("Find out why").click()
    expect(page.get_by_text("Why is there no promotion").first).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_a_distributor_buys(new_page: NewPage, *, script: bool) -> None:
    """Review, the reseller and the attestation asked for, the order, and the way to the subscription."""
    page = new_page(SALES, script=script)
    page.goto("/carts/")
    page.get_by_role("link", name="Alpine Ski House" if script else "Woodgrove Relief Fund").click()
    page.get_by_role("link", name="Review and buy").click()
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_text("Nothing was ordered.")).to_be_visible()
    for choice in page.get_by_role("combobox", name="Partner of record of line").all():
        choice.select_option(label="Nod Publishers · 7654321")
    page.get_by_label("I confirm that the partner of record").check()
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Order [0-9a-f]{12}$"))
    expect(page.get_by_text("was placed.")).to_be_visible()
    page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", name="What happens when the term ends")).to_be_visible()


def test_ask_for_the_extended_term_report_and_download_it(new_page: NewPage, tmp_path: Path) -> None:
    page = new_page(SALES, width=1920)
    page.goto("/customers/")
    page.get_by_role("button", name=re.compile("Assistant")).or_(
        page.get_by_role("link", name=re.compile("Assistant"))
    ).first.click()
    composer = page.get_by_label("Message the assistant")
    composer.fill("Please generate a list of all my subscriptions that are set to go to EST at the end of their term.")
    composer.press("Enter")
    panel = page.get_by_role("complementary", name="AI assistant")
    expect(panel.get_by_text(re.compile(r"DR-\d+")).first).to_be_visible()
    page.goto("/downloads/")
    row = page.get_by_role("row").filter(has_text="Extended service term").first
    expect(row.get_by_role("link", name=re.compile("Download"))).to_be_visible(timeout=30_000)
    with page.expect_download() as waiting:
        row.get_by_role("link", name=re.compile("Download")).click()
    file = tmp_path / "est.csv"
    waiting.value.save_as(file)
    text = file.read_text(encoding="utf-8")
    assert text.splitlines()[0] == HEADER
    rows = list(csv.DictReader(text.splitlines()))
    assert rows
    assert f"{len(rows)} rows" in row.inner_text()
    assert {row["TermDuration"] for row in rows} <= {"P1M", "P1Y", "P3Y"}
    assert all(re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M", row["TermEndDate"]) for row in rows)


def test_keyboard_alone_reaches_a_customer(new_page: NewPage) -> None:
    page = new_page(SALES)
    page.goto("/customers/")
    page.keyboard.press("/")
    page.keyboard.type("fabrikam.example")
    page.keyboard.press("Enter")
    found = page.get_by_role("main").get_by_role("link", name="Fabrikam Robotics").first
    expect(found).to_be_visible()
    found.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Fabrikam Robotics", level=1)).to_be_visible()


def test_an_expired_session_keeps_what_was_typed(new_page: NewPage) -> None:
    page = new_page(SALES)
    open_cart_of_fabrikam(page)
    address = page.url
    quantity = page.locator("input[name=quantity]").first
    before = quantity.input_value()
    page.context.clear_cookies()
    quantity.fill("37")
    quantity.press("Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Work email").fill(SALES)
    page.get_by_label("Password", exact=True).fill("sample data only")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(address)
    # Nothing was half done, and the number that was typed is there again to be sent.
    expect(page.locator("input[name=quantity]").first).to_have_value(re.compile(f"^(37|{before})$"))


def test_a_double_click_asks_once(new_page: NewPage) -> None:
    page = new_page("robin.counts@freelance.example")
    page.goto("/assistant/")
    composer = page.get_by_label("Message the assistant")
    composer.fill("What can you do?")
    page.get_by_role("button", name="Send").dblclick()
    expect(page.get_by_text("What can you do?", exact=True).first).to_be_visible()
    page.reload()
    assert page.get_by_text("What can you do?", exact=True).count() == 1
