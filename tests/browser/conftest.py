"""The page in Debian's Chromium, driven by Playwright: one browser and one emulator a session.

Without Playwright or Chromium the tests are skipped, and fail where CI is set.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import serve
from seedmock_server.clock import ManualClock

pytestmark = pytest.mark.slow
KEY = "sk_browser_one"
BOAT = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4", "seed": 3}
CHROMIUM = os.environ.get("SEEDMOCK_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
VIEWS = ["tasks", "clock", "faults", "journal", "money", "assets", "contract", "playground"]

EXPECTED_IN_CONSOLE = "Failed to load resource"
"""Chromium reports each response from 400 on as an error, also those that a test asks for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(folder):
            item.add_marker(pytest.mark.slow)


def skip_or_fail(reason: str) -> None:
    """Skip the test, or fail it in CI, where nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Emulator:
    """Emulator on a socket with a clock that stands still, and orders by its first upstreams."""

    def __init__(self, url: str, clock: ManualClock, client: httpx.Client) -> None:
        self.url, self.clock, self.client = url, clock, client

    def control(self, method: str, path: str, body: Any = None) -> Any:
        options = {} if body is None else {"json": body}
        response = self.client.request(method, f"/_mock/{path}", **options)
        assert response.is_success, response.text
        return response.json()

    def order(self, *, key: str = KEY, headers: dict[str, str] | None = None, **changes: Any) -> str:
        """Create a task of `opeai`; return its id."""
        response = self.send("POST", "/v1/videos", key=key, headers=headers, json={**BOAT, **changes})
        assert response.status_code == 200, response.text
        return str(response.json()["id"])

    def send(self, method: str, path: str, *, key: str = KEY, headers: Any = None, **options: Any) -> httpx.Response:
        return self.client.request(
            method, path, headers={"Authorization": f"Bearer {key}", **(headers or {})}, **options
        )


@pytest.fixture(scope="session")
def browser_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start Chromium once, in a process of its own; yield the address at which Playwright drives it."""
    pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    if CHROMIUM is None:
        skip_or_fail("needs chromium: apt-get install chromium")
    config = tmp_path_factory.mktemp("browser") / "launch.json"
    # Debian's Chromium has no sandbox for root, which containers run as.
    config.write_text(json.dumps({"executablePath": CHROMIUM, "args": ["--no-sandbox"], "headless": True}))
    command = [sys.executable, "-m", "playwright", "launch-server", "--browser", "chromium", "--config", str(config)]
    # Playwright's command starts another program and does not end it: both are ended as one group.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as server:
        assert server.stdout is not None
        try:
            address = server.stdout.readline().strip()
            assert address.startswith("ws://"), address
            yield address
        finally:
            os.killpg(server.pid, signal.SIGTERM)


# Not for the session: Playwright's loop runs in this thread as long as it is open, and other tests have theirs.
@pytest.fixture(scope="module")
def browser(browser_server: str) -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.connect(browser_server)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def shared_emulator(clips: Path) -> Iterator[Emulator]:
    clock = ManualClock()
    with (
        serve(clock=clock, pace="fast", seed=1, cache_dir=clips) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        yield Emulator(server.url, clock, client)


@pytest.fixture
def emulator(shared_emulator: Emulator) -> Emulator:
    shared_emulator.control("POST", "reset", {})
    return shared_emulator


OpenPage = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any, emulator: Emulator) -> Iterator[OpenPage]:
    """Open a view of the page in a context of its own. The console must stay without errors."""
    contexts, problems = [], []

    def note(message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED_IN_CONSOLE):
            problems.append(message.text)

    def open_view(view: str = "#/tasks", *, url: str = emulator.url, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.problems = note
        page.on("console", note)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(view if view.startswith("about:") else f"{url}/_mock/{view}")
        # As if its window were in front, also while other pages of the shared browser open and close.
        context.new_cdp_session(page).send("Emulation.setFocusEmulationEnabled", {"enabled": True})
        return page

    yield open_view
    for context in contexts:
        context.close()
    assert problems == []


def fill(emulator: Emulator) -> str:
    """Give every view something to show; return the id of a task."""
    first = emulator.order(prompt="A boat")
    emulator.order(prompt="[[mock: failed]]")
    emulator.send("POST", "/v1/videos", json={**BOAT, "size": "9x9"})
    emulator.send("GET", f"/v1/videos/{first}", headers={"X-Mock-Fault": "status code=502"})
    emulator.control("POST", "faults", {"fault": "status code=503", "match": {"nth": 99}})
    emulator.clock.advance(5)
    emulator.order(prompt="[[mock: slow]]", key="sk_browser_two")
    emulator.send("POST", "/api/v1/assets/groups", json={"name": "people"})
    return first
