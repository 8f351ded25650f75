"""The page without a mouse, and for ears: names of controls, Tab, and shortcuts of one key."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from .browsers import in_both_browsers
from .conftest import Emulator, OpenPage, fill

NAMES = {
    "tasks": {"searchbox": ["Search tasks"], "combobox": ["Upstream", "Status"], "textbox": ["API key"]},
    "clock": {"combobox": ["Which clock", "Rate"], "button": ["Advance", "Next", "Freeze", "Run"]},
    "faults": {"combobox": ["Kind of fault", "Kind of fate"], "button": ["Add fault", "Add fate"]},
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
  !control.getAttribute('aria-label') && !control.labels?.length && !control.textContent.trim())
  .map((control) => control.outerHTML)"""


# A label of one control would be that of another as well.
SHARED_IDS = """() => [...document.querySelectorAll('[id]')].map((part) => part.id)
  .filter((id, index, ids) => ids.indexOf(id) !== index)"""


@in_both_browsers
def test_the_first_tab_reaches_the_link_to_the_content(open_page: OpenPage) -> None:
    page = open_page("#/clock")
    expect(page.get_by_role("button", name="Advance")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_the_keyboard_alone_advances_the_clock_and_adds_a_fault(emulator: Emulator, open_page: OpenPage) -> None:
    """No key but Tab, Enter and text; whatever has the focus shows it."""
    page, before = open_page(), emulator.clock.now()
    expect(page.get_by_text("No tasks yet")).to_be_visible()  # a page that is drawn later takes the focus away
    expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
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


def test_keys_are_listed_and_can_be_turned_off(open_page: OpenPage) -> None:
    page = open_page("#/journal")
    expect(page.get_by_role("heading", name="Journal")).to_be_visible()
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
