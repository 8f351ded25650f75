"""The page as a whole: every view for everybody, at every width, and addresses that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from .browsers import in_both_browsers, skip_or_fail
from .conftest import AXE, VIEWS, Emulator, OpenPage, fill

SEVERE = ("serious", "critical")


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
  .map((part) => [part.textContent, part.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.left < 0 || box.right > innerWidth)).map(([text]) => text)"""


@in_both_browsers
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


@pytest.mark.parametrize(
    "address", ["#/tasks/%E0%A4%A", "#/journal/%", "#/nothing", "#/tasks/<b>x</b>", "#/journal/1?with=<b>"]
)
def test_an_address_that_is_none_is_answered_in_words(emulator: Emulator, open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    expect(page.get_by_role("alert").first).to_be_visible()
    assert page.locator("main b").count() == 0
    page.keyboard.press("1")
    expect(page.get_by_text("No tasks yet")).to_be_visible()
