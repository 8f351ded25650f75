"""The page in Debian's Chromium, and some tests in its Firefox too, driven by Playwright: one emulator a session.

Without Playwright or a browser the tests are skipped, and fail where CI is set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_server import serve
from seedmock_server.clock import ManualClock

from .browsers import CHROMIUM, started

pytestmark = pytest.mark.slow
KEY = "sk_browser_one"
BOAT = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4", "seed": 3}
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
VIEWS = ["tasks", "clock", "faults", "journal", "money", "assets", "contract", "playground"]

# A busy machine may take this long, and nobody waits for it elsewhere: the defaults are 5 s for what is expected.
PATIENCE_MS = 30_000

EXPECTED_IN_CONSOLE = "Failed to load resource"
"""Chromium reports each response from 400 on as an error, also those that a test asks for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(folder):
            item.add_marker(pytest.mark.slow)


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
def browser_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Start each browser that is asked for, once; return the address at which Playwright drives it."""
    pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    folder = tmp_path_factory.mktemp("browsers")
    with ExitStack() as stack:
        yield cache(lambda name: stack.enter_context(started(name, folder)))


# Not for the session: Playwright's loop runs in this thread as long as it is open, and other tests have theirs.
@pytest.fixture(scope="module")
def browsers(browser_servers: Callable[[str], str]) -> Iterator[Callable[[str], Any]]:
    api = pytest.importorskip("playwright.sync_api")
    api.expect.set_options(timeout=PATIENCE_MS)
    with api.sync_playwright() as playwright, ExitStack() as stack:

        @cache
        def connect(name: str) -> Any:
            browser = getattr(playwright, name).connect(browser_servers(name))
            stack.callback(browser.close)
            return browser

        yield connect


@pytest.fixture(scope="session")
def browser_name() -> str:
    return CHROMIUM


@pytest.fixture
def browser(browsers: Callable[[str], Any], browser_name: str) -> Any:
    return browsers(browser_name)


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
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.problems = note
        page.on("console", note)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(view if view.startswith("about:") else f"{url}/_mock/{view}")
        # As if its window were in front, also while other pages of the shared browser open and close.
        if browser.browser_type.name == CHROMIUM:
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
