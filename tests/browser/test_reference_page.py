"""The reference page in a real browser: all three documents are drawn, without a network and without a CSP error."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from seedmock_server import serve

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None and not os.environ.get("CI"):
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.mark.parametrize(
    ("api", "text"),
    [("apimodels", "Order a clip; Order an upscale"), ("opeai", "Download a clip"), ("control", "Show the time")],
)
def test_a_document_is_drawn_without_a_network(browser: Any, api: str, text: str) -> None:
    with serve(pace="instant", seed=1) as server:
        page, problems, foreign = browser.new_page(), [], []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: foreign.append(request.url) if server.url not in request.url else None)
        page.goto(f"{server.url}/_mock/docs?api={api}")
        page.get_by_role("heading", name=text).first.wait_for(timeout=60_000)
        assert problems == []
        assert [url for url in foreign if not url.startswith(("blob:", "data:"))] == []
        page.close()
