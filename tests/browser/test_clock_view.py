"""The clock in the browser: moved by hand, by the next change, frozen, for all keys and for one."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from .conftest import Emulator, OpenPage


def face(page: Any) -> Any:
    return page.locator(".clock-face .big")


def test_advance_moves_the_clock_and_shows_what_became_due(emulator: Emulator, open_page: OpenPage) -> None:
    task_id = emulator.order()
    page = open_page("#/clock")
    expect(page.get_by_role("heading", name="Coming")).to_contain_text("2 changes")
    page.get_by_label("Amount of time").fill("5s")
    before = emulator.clock.now()
    page.get_by_role("button", name="Advance").click()
    due = page.locator("section", has=page.get_by_role("heading", name="Became due"))
    expect(due.locator("li")).to_have_count(2)
    expect(due.locator("li").first).to_contain_text("Succeeded")
    expect(due.get_by_role("link", name=task_id)).to_have_count(2)
    assert emulator.clock.now() == before + 5
    page.goto(f"{emulator.url}/_mock/#/tasks")
    expect(page.locator(f'[data-task-id="{task_id}"]')).to_have_attribute("data-status", "SUCCESS")


def test_next_goes_to_the_next_change_and_ends_where_nothing_is_due(emulator: Emulator, open_page: OpenPage) -> None:
    emulator.order(prompt="[[mock: slow after=1h]]")
    page, before = open_page("#/clock"), emulator.clock.now()
    for passed in (540, 3600):
        page.get_by_role("button", name="Next").click()
        expect(page.locator(".clock-card")).to_contain_text("due in" if passed == 540 else "Nothing is due")
        assert emulator.clock.now() == before + passed
    expect(page.get_by_role("button", name="Next")).to_be_disabled()


def test_the_clock_runs_and_freezes(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/clock")
    expect(page.get_by_role("button", name="Freeze")).to_be_disabled()
    page.get_by_label("Rate").select_option("3600")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".clock-face")).to_contain_text("runs at × 3600")
    shown = face(page).inner_text()
    expect(face(page)).not_to_have_text(shown)
    page.get_by_role("button", name="Freeze").click()
    expect(page.locator(".clock-face")).to_contain_text("frozen")
    assert emulator.clock.rate == 0


def test_a_time_that_is_none_is_refused_with_what_is_allowed(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/clock")
    page.get_by_label("Amount of time").fill("soon")
    page.get_by_role("button", name="Advance").click()
    expect(page.get_by_role("alert")).to_contain_text("allowed: seconds, or a number with ms, s, m, h or d")


def test_the_clock_of_one_key_is_moved_alone(emulator: Emulator, open_page: OpenPage) -> None:
    first, second = emulator.order(), emulator.order(key="sk_browser_two")
    account = emulator.control("GET", f"tasks/{first}")["account"]
    page = open_page("#/clock")
    page.get_by_label("Which clock").select_option(account)
    page.get_by_role("button", name="+ 1 min").click()
    expect(page.get_by_role("button", name=account)).to_be_visible()
    assert emulator.control("GET", f"tasks/{first}")["status"] == "SUCCESS"
    assert emulator.control("GET", f"tasks/{second}")["status"] == "QUEUED"
