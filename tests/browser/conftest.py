"""The product as `make demo` runs it - web, worker, scheduler, demo data - and a browser in front of it."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.services import chromium

ROOT = Path(__file__).parents[2]
ARGUMENTS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
# A page loaded and answered well within this on two busy cores.
expect.set_options(timeout=15_000)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Portal:
    """A running portal: its address, its sign-in accounts, its process, and the environment that finds its data."""

    def __init__(self, url: str, process: subprocess.Popen[bytes], log: Path, environment: dict[str, str]) -> None:
        self.url, self.process, self.log, self.environment = url, process, log, environment

    @property
    def password(self) -> str:
        found = re.search(r"password[^\n:]*:\s*(\S.*\S)", self.log.read_text(), re.IGNORECASE)
        assert found, self.log.read_text()[-3000:]
        return found.group(1)

    def forget_questions(self) -> None:
        """Tests, one after the other, ask more in a minute than the one person whom they act as may."""
        file = Path(self.environment["PORTAL_DATA_DIR"]) / "portal.sqlite3"
        with closing(sqlite3.connect(file, timeout=30)) as database, database:
            database.execute("DELETE FROM assistant_allowance")


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    data_dir = tmp_path_factory.mktemp("portal")
    log = data_dir / "serve.log"
    port = free_port()
    environment = {**os.environ, "PORTAL_MODE": "demo", "PORTAL_DATA_DIR": str(data_dir), "DATABASE_URL": ""}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--demo", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_it_answers(f"{url}/healthz", process, log)
        yield Portal(url, process, log, environment)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert process.returncode == 0, log.read_text()[-3000:]


def wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the portal did not answer: " + log.read_text()[-3000:])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    assert path, "Chromium is not installed"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield launched
        launched.close()


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(browser: Browser, portal: Portal) -> Iterator[NewPage]:
    """Opens pages: `new_page(email, theme="dark", width=390, script=False)`; fails on any console message."""
    portal.forget_questions()
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(
        email: str | None = None, *, theme: str = "light", width: int = 1440, height: int = 900, script: bool = True
    ) -> Page:
        context = browser.new_context(
            base_url=portal.url,
            color_scheme=theme,
            viewport={"width": width, "height": height},
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None,
        )
        if email:
            sign_in(page, email, portal.password)
        return page

    yield make
    for context in contexts:
        context.close()
    # A request that is refused, or stopped by the person, is what some journeys are about; everything else in the console is a defect.
    serious = [
        text
        for text in complaints
        if not re.search(r"status of 4|Status Error Code 4|^htmx:(afterRequest|sendAbort),", text)
    ]
    assert not serious, serious


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/signin/")
    page.get_by_label("Work email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("main")).to_be_visible()
    expect(page.get_by_role("heading", name="Sign in")).to_have_count(0)
