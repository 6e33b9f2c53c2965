"""A conversation outlives the process: the portal is stopped and started again in the middle of a request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import upgrades
from tests.browser.conftest import ROOT, Portal, free_port, sign_in, wait_until_it_answers

ADMIN = "mara.konig@contoso.example"
pytestmark = pytest.mark.browser


class Restarted:
    """A portal of this test's own, on one port and one data directory, started as often as it takes."""

    def __init__(self, data_dir: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir / "serve.log"
        self.environment = {**os.environ, "PORTAL_MODE": "demo", "PORTAL_DATA_DIR": str(data_dir), "DATABASE_URL": ""}
        self.environment.pop("DJANGO_SETTINGS_MODULE", None)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Portal:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--demo", "--port", str(self.port)],
                cwd=ROOT, env=self.environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        wait_until_it_answers(f"{self.url}/healthz", self.process, self.log)
        return Portal(self.url, self.process, self.log, self.environment)

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)
        self.process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Restarted]:
    found = Restarted(tmp_path)
    yield found
    found.stop()


def test_a_request_goes_on_after_a_restart(server: Restarted, browser: Browser) -> None:
    portal = server.start()
    left = upgrades.left_behind(portal, "Restart Bakery")
    context = browser.new_context(base_url=portal.url)
    page = context.new_page()
    sign_in(page, ADMIN, portal.password)
    page.goto("/assistant/")
    page.get_by_label("Message the assistant").fill(
        f"Cancel the duplicate subscription due to an upgrade for customer {left.customer}. "
        f"The upgraded subscription is {left.upgraded}."
    )
    page.get_by_role("button", name="Send").click()
    thread = page.get_by_role("log", name="Conversation")
    expect(thread.get_by_role("heading", name="Which one is the duplicate?")).to_be_visible()
    first = server.process
    server.stop()
    portal = server.start()
    assert server.process is not first

    # The open question is still open, in the words of the person.
    page.goto("/assistant/")
    expect(thread.get_by_role("button", name="Check", exact=True)).to_be_visible()
    page.get_by_label("Message the assistant").fill(f"The duplicate subscription is {left.standard}.")
    page.get_by_role("button", name="Send").click()
    shown = thread.locator(".vid bdi").inner_text()
    server.stop()
    server.start()

    # The verification ID is the same, and it counts.
    page.goto("/assistant/")
    expect(thread.locator(".vid bdi")).to_have_text(shown)
    thread.get_by_label("Type or paste this verification ID").fill(shown)
    thread.get_by_role("button", name="Approve cancellation").click()
    thread.get_by_label("Email").fill("mara.konig@contoso.com")
    thread.get_by_label("Phone").fill("+1 425 555 0100")
    thread.get_by_role("button", name="Create ticket").click()
    expect(thread.get_by_role("heading", name="Ticket created")).to_be_visible()
    assert len(upgrades.tickets_of(portal, left.customer)) == 1
    context.close()
