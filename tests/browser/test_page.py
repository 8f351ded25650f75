"""The page as a whole: every view for everybody, a token, a lost connection, two browsers, and 10 000 tasks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from seedmock_server import serve
from seedmock_server.clock import ManualClock

from .conftest import AXE, BOAT, Emulator, OpenPage, skip_or_fail

VIEWS = ["tasks", "clock", "faults", "journal", "money", "assets", "contract", "playground"]
TOKEN = "correct horse"
SEVERE = ("serious", "critical")
MANY = 10_000


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_has_a_serious_barrier(emulator: Emulator, open_page: OpenPage, scheme: str) -> None:
    if not AXE.exists():
        skip_or_fail(f"needs axe-core: npm ci --prefix {Path(__file__).parent}")
    task_id = fill(emulator)
    # A policy that forbids evaluation forbids axe as well: it is bypassed for the auditor alone.
    page = open_page(color_scheme=scheme, bypass_csp=True)
    barriers = []
    for view in (*VIEWS, f"tasks/{task_id}", "journal/3"):
        page.goto(f"{emulator.url}/_mock/#/{view}")
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(AXE.read_text())
        result = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        barriers += [
            f"{view}: {violation['id']}: {violation['nodes'][0]['html'][:150]}"
            for violation in result["violations"]
            if violation["impact"] in SEVERE
        ]
    assert not barriers, "\n".join(barriers)


CUT_OFF = """() => [...document.querySelectorAll(
  'main .table .slot .row, main .table .slot .c-status, main .table .slot .c-age, main .table .slot .c-cost')]
  .filter((part) => part.scrollWidth > part.clientWidth).map((part) => part.innerText)"""


@pytest.mark.parametrize("width", [360, 768, 900, 1200, 1280, 1440])
def test_no_view_is_wider_than_the_window(emulator: Emulator, open_page: OpenPage, width: int) -> None:
    task_id = fill(emulator)
    page = open_page(viewport={"width": width, "height": 800})
    for view in (*VIEWS, f"tasks/{task_id}", "journal/3"):
        page.goto(f"{emulator.url}/_mock/#/{view}")
        name = "task" if view.startswith("tasks/") else view.partition("/")[0]
        expect(page.locator("main")).to_have_attribute("data-view", name)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        assert page.evaluate("document.querySelector('main').scrollWidth") <= page.evaluate(
            "document.querySelector('main').clientWidth"
        ), view
        # What does not fit into a row of a list is cut off, not scrolled to.
        assert page.evaluate(CUT_OFF) == [], view


def test_keys_lead_through_the_page(emulator: Emulator, open_page: OpenPage) -> None:
    first, second = emulator.order(prompt="A boat"), emulator.order(prompt="A fox")
    page = open_page()
    expect(page.locator("[data-task-id]")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("main [data-task-id]").first).to_have_attribute("data-task-id", re.compile(f"{first}|{second}"))
    page.keyboard.press("4")
    expect(page.get_by_role("heading", name="Journal")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("4")
    expect(page.locator("main")).to_have_attribute("data-view", "journal")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    page.get_by_label("Shortcuts of one key are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("1")
    expect(page.locator("main")).to_have_attribute("data-view", "journal")


def test_the_token_is_asked_for_and_a_wrong_one_is_refused(browser: Any, open_page: OpenPage, clips: Path) -> None:
    with serve(clock=ManualClock(), seed=1, cache_dir=clips, control_token=TOKEN) as server:
        page = open_page(url=server.url)
        page.get_by_label("Control token").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("wrong token")
        page.get_by_label("Control token").fill(TOKEN)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("No tasks yet")).to_be_visible()
        expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
        page.reload()
        expect(page.get_by_text("No tasks yet")).to_be_visible()
        assert page.context.cookies() == []
        assert TOKEN not in page.url


def test_a_lost_connection_is_announced_and_comes_back(open_page: OpenPage, clips: Path) -> None:
    settings: Any = {"seed": 1, "cache_dir": clips, "clock": ManualClock()}
    with serve(**settings) as server:
        page, port = open_page(url=server.url), server.port
        expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    expect(page.get_by_role("alert").filter(has_text="does not answer").first).to_be_visible()
    expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "lost")
    with serve(port=port, **settings) as server:
        expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
        expect(page.get_by_role("alert")).to_have_count(0)
        page.context.close()


def test_two_browsers_steer_at_once(emulator: Emulator, open_page: OpenPage) -> None:
    first, second = open_page("#/clock"), open_page("#/clock")
    before = emulator.clock.now()
    for page in (first, second, first):
        page.get_by_role("button", name="+ 1 h").click()
    for page in (first, second):
        expect(page.locator(".clock-face .big")).to_have_text("23:26:40")
    assert emulator.clock.now() == before + 3 * 3600


def test_ten_thousand_tasks_scroll(emulator: Emulator, open_page: OpenPage) -> None:
    snapshot = emulator.control("GET", "snapshot")
    emulator.order()
    template = emulator.control("GET", "snapshot")
    (account,) = template["accounts"]
    (task,) = account["tasks"]
    start = task["created_at"]
    tasks = [{**task, "id": f"cgt-many-{number:05}", "created_at": start + number} for number in range(MANY)]
    emulator.control("PUT", "snapshot", {**template, "accounts": [{**account, "tasks": tasks}], "callbacks": []})
    page = open_page()
    expect(page.get_by_text("10000 tasks")).to_be_visible()
    expect(page.locator("[data-task-id]").first).to_have_attribute("data-task-id", "cgt-many-09999")
    frames = page.evaluate(SCROLL)
    assert sorted(frames)[len(frames) * 9 // 10] < 100, frames  # milliseconds a frame; a frozen page has seconds
    expect(page.locator('[data-task-id="cgt-many-00000"]')).to_be_visible()
    assert page.locator(".slot").count() < 80
    emulator.control("PUT", "snapshot", snapshot)


SCROLL = """
async () => {
  const box = document.querySelector(".scroll"), frames = []
  const next = () => new Promise(requestAnimationFrame)
  for (let step = 0, last = await next(); step <= 60; step++) {
    box.scrollTop = (box.scrollHeight * step) / 60
    const now = await next()
    frames.push(now - last)
    last = now
  }
  return frames
}
"""
