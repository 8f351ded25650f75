"""The reference page in a real browser: all three documents, without a network, with and without a control token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from seedmock_server import serve

from .conftest import Emulator, OpenPage

TOKEN = "correct horse"
DRAWN = 30_000
"""Milliseconds: Redoc draws the largest document in about a second."""


@pytest.fixture
def guarded(clips: Path) -> Iterator[str]:
    """The address of an emulator with a control token."""
    with serve(pace="instant", seed=1, cache_dir=clips, control_token=TOKEN) as server:
        yield server.url


def heading(page: Any, text: str) -> Any:
    return page.get_by_role("heading", name=text).first


@pytest.mark.parametrize(
    ("api", "text"),
    [("apimodels", "Order a clip; Order an upscale"), ("opeai", "Download a clip"), ("control", "Show the time")],
)
def test_a_document_is_drawn_without_a_network(emulator: Emulator, open_page: OpenPage, api: str, text: str) -> None:
    page, foreign = open_page("about:blank"), []
    page.on("request", lambda request: foreign.append(request.url) if emulator.url not in request.url else None)
    page.goto(f"{emulator.url}/_mock/docs?api={api}")
    heading(page, text).wait_for(timeout=DRAWN)
    expect(page.get_by_label("Control token")).to_be_hidden()
    expect(page.locator("nav [aria-current]")).to_have_attribute("data-api", api)
    assert [url for url in foreign if not url.startswith(("blob:", "data:"))] == []


def test_a_server_with_a_token_asks_for_it_once(guarded: str, open_page: OpenPage) -> None:
    page = open_page("docs?api=opeai", url=guarded)
    page.get_by_label("Control token").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("status").filter(has_text="wrong token")).to_be_visible()
    expect(page.get_by_label("Control token")).to_be_focused()
    page.get_by_label("Control token").fill(TOKEN)
    page.keyboard.press("Enter")
    heading(page, "Download a clip").wait_for(timeout=DRAWN)
    expect(page.get_by_label("Control token")).to_be_hidden()
    page.get_by_role("link", name="Control API").click()
    heading(page, "Show the time").wait_for(timeout=DRAWN)
    assert TOKEN not in page.url
    page.get_by_role("link", name="The page").click()
    expect(page.get_by_text("No tasks yet")).to_be_visible()


def test_the_token_of_the_page_opens_the_reference(guarded: str, open_page: OpenPage) -> None:
    page = open_page(url=guarded)
    page.get_by_label("Control token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="API reference").click()
    heading(page, "Order a clip").wait_for(timeout=DRAWN)


def test_a_failed_document_shows_the_error(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("about:blank")
    page.route("**/openapi/*.json", lambda route: route.abort())
    page.goto(f"{emulator.url}/_mock/docs?api=opeai")
    expect(page.get_by_role("status")).to_contain_text("the server does not answer")
