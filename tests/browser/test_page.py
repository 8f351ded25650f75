"""The page as a whole: every view for everybody, a token, a lost connection, two browsers, and 10 000 tasks."""

from __future__ import annotations

import re
import statistics
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


@pytest.mark.parametrize("view", ["contract", "faults", "money"])
def test_nothing_of_a_table_is_out_of_sight_on_a_phone(emulator: Emulator, open_page: OpenPage, view: str) -> None:
    fill(emulator)
    page = open_page(f"#/{view}", viewport={"width": 360, "height": 800})
    cells = page.locator("main table.stacks td")
    expect(cells.first).to_be_visible()
    assert page.evaluate(OUT_OF_SIGHT) == []
    expect(page.locator("nav [aria-current=page]")).to_be_in_viewport(ratio=1)
    expect(page.locator(".clock-readout .now")).to_be_in_viewport(ratio=1)


OUT_OF_SIGHT = """() => [...document.querySelectorAll('main table.stacks td, main .chart text')]
  .filter((part) => { const box = part.getBoundingClientRect(); return box.width > 0 && (box.left < 0 || box.right > innerWidth); })
  .map((part) => part.textContent)"""


def test_each_view_has_its_name_title_and_place_in_the_list(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page()
    links = page.get_by_role("navigation").get_by_role("link")
    for number in (*range(1, len(VIEWS)), 0):
        links.nth(number).click()
        expect(page.locator("main")).to_have_attribute("data-view", VIEWS[number])
        expect(page.locator("main")).to_be_focused()  # a screen reader goes on with the new view
        expect(page.locator("nav [aria-current=page]")).to_have_attribute("href", f"#/{VIEWS[number]}")
        expect(page).to_have_title(f"{links.nth(number).inner_text().strip()} · seedmock")
        expect(page.locator("main h1")).to_have_text(links.nth(number).inner_text().strip())
    page.goto(f"{emulator.url}/_mock/#/tasks/{emulator.order()}")
    expect(page.locator("main")).to_have_attribute("data-view", "task")
    expect(page.locator("nav [aria-current=page]")).to_have_attribute("href", "#/tasks")


@pytest.mark.parametrize("address", ["#/tasks/%E0%A4%A", "#/journal/%", "#/nothing", "#/tasks/<b>x</b>", "#/journal/1?with=<b>"])
def test_an_address_that_is_none_is_answered_in_words(
    emulator: Emulator, open_page: OpenPage, address: str
) -> None:
    page = open_page(address)
    expect(page.get_by_role("alert").first).to_be_visible()
    assert page.locator("main b").count() == 0
    page.keyboard.press("1")
    expect(page.get_by_text("No tasks yet")).to_be_visible()


NAMES = {
    "tasks": {"searchbox": ["Search tasks"], "combobox": ["Upstream", "Status"], "textbox": ["API key"]},
    "clock": {"combobox": ["Which clock", "Rate"], "textbox": ["Amount of time"], "button": ["Advance", "Next", "Freeze", "Run"]},
    "faults": {"searchbox": ["Search scenarios"], "combobox": ["Kind of fault", "Kind of fate"], "button": ["Add fault", "Add fate"]},
    "journal": {"searchbox": ["Search exchanges"], "combobox": ["Upstream", "Outcome"], "button": ["Save HAR"]},
    "contract": {"searchbox": ["Search facts"], "combobox": ["Upstream", "Basis"]},
    "playground": {"textbox": ["Body", "API key", "prompt (required)"], "button": ["Send"]},
}  # fmt: skip


def test_a_screen_reader_hears_what_each_control_is(emulator: Emulator, open_page: OpenPage) -> None:
    fill(emulator)
    page = open_page()
    for role, name in (("banner", ""), ("navigation", "Views"), ("main", "")):
        expect(page.get_by_role(role, name=name or None)).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    expect(page.get_by_role("table", name="Tasks")).to_have_attribute("aria-rowcount", "4")
    for view, controls in NAMES.items():
        page.goto(f"{emulator.url}/_mock/#/{view}")
        for role, names in controls.items():
            for name in names:
                expect(page.locator("main").get_by_role(role, name=name, exact=True).first).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        assert page.evaluate(NAMELESS) == [], view
        assert page.evaluate(SHARED_IDS) == [], view


NAMELESS = """() => [...document.querySelectorAll('main :is(input, select, textarea), button')].filter((control) =>
  !control.getAttribute('aria-label') && !control.labels?.length && !control.textContent.trim()).map((control) => control.outerHTML)"""

# A label of one control would be that of another as well.
SHARED_IDS = """() => [...document.querySelectorAll('[id]')].map((part) => part.id)
  .filter((id, index, ids) => ids.indexOf(id) !== index)"""


def test_the_keyboard_alone_advances_the_clock_and_adds_a_fault(emulator: Emulator, open_page: OpenPage) -> None:
    """No key but Tab, Enter and text; whatever has the focus shows it."""
    page, before = open_page(), emulator.clock.now()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    press_until(page, "Clock", shift=True)
    page.keyboard.press("Enter")
    press_until(page, "Advance")
    page.keyboard.press("Enter")
    expect(page.locator(".clock-face .big")).to_have_text("20:26:50")
    assert emulator.clock.now() == before + 10
    press_until(page, "Break it", shift=True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Active faults")).to_be_visible()
    press_until(page, "503")
    page.keyboard.press("Enter")
    expect(page.locator("[data-rule-id]")).to_contain_text("status code=503")


def press_until(page: Any, text: str, *, shift: bool = False) -> None:
    """Press Tab until a control with this text has the focus, and see that it shows it."""
    for _ in range(60):
        page.keyboard.press("Shift+Tab" if shift else "Tab")
        focused = page.evaluate(FOCUSED)
        if focused["text"] == text:
            assert focused["outline"] != "none", text
            return
    raise AssertionError(f"no way by Tab to {text}")


FOCUSED = """() => { const here = document.activeElement
  return {text: here.textContent.trim(), outline: getComputedStyle(here).outlineStyle} }"""


def test_keys_lead_through_the_page(emulator: Emulator, open_page: OpenPage) -> None:
    first, second, third = (emulator.order(prompt=f"A {name}") for name in ("boat", "fox", "kite"))
    page = open_page()
    expect(page.locator("[data-task-id]")).to_have_count(3)
    for key, task_id in (("j", third), ("j", second), ("j", first), ("j", first), ("k", second)):
        page.keyboard.press(key)
        expect(page.locator(f'[data-task-id="{task_id}"] a')).to_be_focused()
    page.keyboard.press("Control+4")
    expect(page.locator("main")).to_have_attribute("data-view", "tasks")
    page.keyboard.press("Enter")
    expect(page.locator("main [data-task-id]").first).to_have_attribute("data-task-id", second)
    page.keyboard.press("4")
    expect(page.get_by_role("heading", name="Journal")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("4")
    expect(page.locator("main")).to_have_attribute("data-view", "journal")
    expect(page.get_by_role("searchbox")).to_have_value("4")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    expect(page.get_by_role("dialog").locator("kbd")).to_have_text([*"12345678", "/", "j", "k", "Enter", "?"])
    page.keyboard.press("2")
    page.get_by_label("Shortcuts of one key are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("1")
    expect(page.locator("main")).to_have_attribute("data-view", "journal")
    page.reload()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_label("Shortcuts of one key are on")).not_to_be_checked()
    page.get_by_label("Shortcuts of one key are on").check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("1")
    expect(page.locator("main")).to_have_attribute("data-view", "tasks")


def test_the_token_is_asked_for_and_a_wrong_one_is_refused(browser: Any, open_page: OpenPage, clips: Path) -> None:
    with serve(clock=ManualClock(), seed=1, cache_dir=clips, control_token=TOKEN) as server:
        page = open_page(url=server.url)
        asked: list[Any] = []
        page.on("request", lambda request: asked.append(request))
        expect(page.get_by_label("Control token")).to_be_focused()
        expect(page.get_by_role("alert")).to_have_count(0)  # nothing was wrong yet
        calls = [request.url for request in asked if request.url.endswith("/clock")]
        page.get_by_role("button", name="Log in").click()
        page.wait_for_timeout(200)
        assert [request.url for request in asked if request.url.endswith("/clock")] == calls  # none without a token
        log_in(page, "wrong")
        expect(page.get_by_role("alert")).to_contain_text("wrong token")
        log_in(page, TOKEN)
        expect(page.get_by_text("No tasks yet")).to_be_visible()
        expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
        page.reload()
        expect(page.get_by_text("No tasks yet")).to_be_visible()
        assert all(request.headers.get("x-mock-token") == TOKEN for request in asked if "/events" in request.url)
        assert page.evaluate("() => JSON.stringify(localStorage)") == "{}"
        assert page.context.cookies() == []
        assert TOKEN not in page.url


def test_a_token_that_becomes_wrong_is_asked_for_again(open_page: OpenPage, clips: Path) -> None:
    settings: Any = {"seed": 1, "cache_dir": clips, "clock": ManualClock()}
    with serve(control_token=TOKEN, **settings) as server:
        page, port = open_page(url=server.url), server.port
        log_in(page, TOKEN)
        expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    with serve(control_token="another", port=port, **settings):
        expect(page.get_by_label("Control token")).to_be_focused()
        expect(page.get_by_role("alert")).to_contain_text("wrong token")
        log_in(page, "another")
        expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
        expect(page.get_by_role("alert")).to_have_count(0)
        page.context.close()


def log_in(page: Any, token: str) -> None:
    page.get_by_label("Control token").fill(f" {token} ")  # as it comes from a terminal
    page.keyboard.press("Enter")


def test_a_lost_connection_is_announced_and_comes_back(open_page: OpenPage, clips: Path) -> None:
    settings: Any = {"seed": 1, "cache_dir": clips, "clock": ManualClock()}
    with serve(**settings) as server:
        page, port = open_page("#/clock", url=server.url), server.port
        expect(page.get_by_role("button", name="+ 1 h")).to_be_visible()
        expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    expect(page.get_by_role("alert").filter(has_text="does not answer").first).to_be_visible()
    expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "lost")
    page.get_by_role("button", name="+ 1 h").click()
    expect(page.get_by_role("alert").filter(has_text="This did not work. the server does not answer")).to_be_visible()
    page.goto(page.url.replace("clock", "money"))
    expect(page.get_by_role("alert").filter(has_text="This did not work.").first).to_be_visible()
    with serve(port=port, **settings) as server:
        expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
        expect(page.get_by_text("No orders yet")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        page.context.close()


def test_a_page_on_a_dead_server_offers_to_try_again(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("about:blank")
    page.route("**/_mock/money", lambda route: route.abort())
    page.route("**/_mock/ledger*", lambda route: route.abort())
    page.goto(f"{emulator.url}/_mock/#/money")
    expect(page.get_by_role("alert")).to_contain_text("the server does not answer")
    expect(page.locator(".skeleton")).to_have_count(0)
    page.unroute("**/_mock/ledger*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No orders yet")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_an_error_of_the_server_is_shown_in_its_words(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("about:blank")
    page.route("**/_mock/tasks?*", lambda route: route.fulfill(status=503, json={"error": {"message": "<i>the store is away</i>"}}))
    page.route("**/_mock/ledger*", lambda route: route.fulfill(status=502, body="<html>a proxy</html>"))
    page.goto(f"{emulator.url}/_mock/#/tasks")
    expect(page.get_by_role("alert")).to_contain_text("<i>the store is away</i>")
    page.goto(f"{emulator.url}/_mock/#/money")
    expect(page.get_by_role("alert")).to_contain_text("the server answered 502")
    page.unroute("**/_mock/tasks?*")
    page.goto(f"{emulator.url}/_mock/#/tasks")
    expect(page.get_by_text("No tasks yet")).to_be_visible()


STREAM_CUT = """
window.streams = []
const fetched = window.fetch
window.fetch = async (url, options) => {
  if (url !== "events") return fetched(url, options)
  let stream
  const body = new ReadableStream({start: (controller) => { stream = controller }})
  window.streams.push((text) => text === null ? stream.close() : stream.enqueue(new TextEncoder().encode(text)))
  return new Response(body)
}
"""


def test_a_stream_is_read_in_any_pieces_and_taken_up_again_where_it_is_cut(
    emulator: Emulator, open_page: OpenPage
) -> None:
    page = open_page("about:blank")
    page.add_init_script(STREAM_CUT)
    page.goto(f"{emulator.url}/_mock/#/tasks")
    connection = page.locator("[data-connection]")
    expect(page.get_by_text("No tasks yet")).to_be_visible()
    expect(connection).to_have_attribute("data-connection", "connecting")

    def send(text: str | None) -> None:
        page.evaluate("text => window.streams.at(-1)(text)", text)

    send("retry: 1000\nevent: hel")
    send("lo\ndata: {}\n\n")
    expect(connection).to_have_attribute("data-connection", "live")
    rows = page.locator("[data-task-id]")
    emulator.order(prompt="one")
    send(': a comment\n\nevent: change\ndata: {"topics":["credit"]}\n\n')
    page.wait_for_timeout(500)
    expect(rows).to_have_count(0)  # nothing that concerns this view
    send('event: change\ndata: {"topics":["jou')
    send('rnal"]}\n\n')
    expect(rows).to_have_count(1)
    emulator.order(prompt="two")
    send("event: resync\ndata: {}\n\n")
    expect(rows).to_have_count(2)
    send(None)
    expect(connection).to_have_attribute("data-connection", "lost")
    page.wait_for_function("() => window.streams.length === 2")
    emulator.order(prompt="three")
    send("event: hello\ndata: {}\n\n")
    expect(connection).to_have_attribute("data-connection", "live")
    expect(rows).to_have_count(3)  # what happened meanwhile was loaded
    send(None)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    page.wait_for_function("() => window.streams.length === 3", timeout=2000)


def test_nothing_is_asked_while_nothing_changes(emulator: Emulator, open_page: OpenPage) -> None:
    """The page is told of changes: it does not poll."""
    fill(emulator)
    page, asked = open_page(), []
    for view in VIEWS:
        page.goto(f"{emulator.url}/_mock/#/{view}")
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
    page.wait_for_timeout(600)
    page.on("request", lambda request: asked.append(request.url))
    for view in ("tasks", "clock", "journal"):
        page.goto(f"{emulator.url}/_mock/#/{view}")
        page.wait_for_timeout(900)
        asked.clear()
        page.wait_for_timeout(900)
        assert asked == [], view


def test_many_changes_are_loaded_together(emulator: Emulator, open_page: OpenPage) -> None:
    page, asked = open_page(), []
    expect(page.get_by_text("No tasks yet")).to_be_visible()
    page.on("request", lambda request: asked.append(request.url))
    for number in range(60):
        emulator.order(prompt=f"{number}")
    expect(page.locator(".count")).to_contain_text("60 tasks")
    assert len([url for url in asked if "/tasks?" in url and "offset" in url]) <= 20


def test_two_browsers_steer_at_once(emulator: Emulator, open_page: OpenPage) -> None:
    first, second = open_page("#/clock"), open_page("#/clock")
    before = emulator.clock.now()
    for page in (first, second, first):
        page.get_by_role("button", name="+ 1 h").click()
    for page in (first, second):
        expect(page.locator(".clock-face .big")).to_have_text("23:26:40")
    assert emulator.clock.now() == before + 3 * 3600
    for page in (first, second):
        page.goto(f"{emulator.url}/_mock/#/faults")
        expect(page.get_by_role("heading", name="Active faults")).to_be_visible()
    for page in (first, second):
        page.get_by_role("button", name="Hang", exact=True).click()
    for page in (first, second):
        expect(page.locator("[data-rule-id]")).to_have_count(2)
    first.get_by_role("button", name="Remove hang").first.click()
    expect(second.locator("[data-rule-id]")).to_have_count(1)


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
    assert statistics.median(frames) < 34, frames  # milliseconds a frame: 30 a second on a machine that does other work
    assert sorted(frames)[len(frames) * 9 // 10] < 100, frames
    expect(page.locator('[data-task-id="cgt-many-00000"]')).to_be_visible()
    assert page.locator(".slot").count() < 60
    assert page.locator(".slot .row.pending").count() == 0
    # A new task comes in at the top, and what is read further down stays where it is.
    page.locator(".scroll").evaluate("box => { box.scrollTop = box.scrollHeight / 2 }")
    middle = page.locator('[data-task-id="cgt-many-05000"]')
    expect(middle).to_be_visible()
    place = middle.bounding_box()
    emulator.clock.advance(2 * MANY)
    emulator.order(prompt="new")
    expect(page.get_by_text("10001 tasks")).to_be_visible()
    expect(middle).to_be_visible()
    page.wait_for_timeout(500)
    assert middle.bounding_box() == place
    page.locator(".scroll").evaluate("box => { box.scrollTop = 0 }")
    expect(page.get_by_role("row", name="new")).to_be_visible()
    page.get_by_role("searchbox").fill("many-00042")
    expect(page.locator("[data-task-id]")).to_have_count(1)
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
