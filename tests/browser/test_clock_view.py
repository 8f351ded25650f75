"""The clock in the browser: moved by hand, by the next change, frozen, for all keys and for one."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from .browsers import in_both_browsers
from .conftest import Emulator, OpenPage


def face(page: Any) -> Any:
    return page.locator(".clock-face .big")


def events(page: Any, title: str) -> Any:
    return page.locator("section", has=page.get_by_role("heading", name=title)).locator("li")


@in_both_browsers
def test_advance_moves_the_clock_and_shows_what_became_due(emulator: Emulator, open_page: OpenPage) -> None:
    task_id = emulator.order()
    page = open_page("#/clock")
    expect(page.get_by_role("heading", name="Coming")).to_contain_text("2 changes")
    expect(events(page, "Coming").first).to_have_text(re.compile(r"\d\d:\d\d:\d\d\s*in \d\.\d s\s*Running"))
    expect(page.get_by_text("Nothing has become due since you opened this view")).to_be_visible()
    page.get_by_label("Amount of time").fill("5s")
    before, shown = emulator.clock.now(), face(page).inner_text()
    page.get_by_role("button", name="Advance").click()
    due = events(page, "Became due")
    expect(due).to_have_count(2)
    expect(due.first).to_have_text(re.compile(r"\d\d:\d\d:\d\d\s*\d\.\d s ago\s*Succeeded"))
    expect(due.get_by_role("link", name=task_id)).to_have_count(2)
    expect(page.get_by_role("heading", name="Became due")).to_contain_text(f"since {shown}")
    expect(page.get_by_text("Nothing is due: no task, asset or callback changes any more.")).to_be_visible()
    expect(page.locator(".clock-card [aria-live]")).to_have_text(
        re.compile(r"The clock reads .* UTC. 2 changes became")
    )
    assert emulator.clock.now() == before + 5
    page.get_by_role("button", name="+ 1 s").click()  # what is due is due since the last move
    expect(page.get_by_role("heading", name="Became due")).to_contain_text("since 20:26:45")
    expect(due).to_have_count(0)
    page.goto(f"{emulator.url}/_mock/#/tasks")
    expect(page.locator(f'[data-task-id="{task_id}"]')).to_have_attribute("data-status", "SUCCESS")


def test_next_goes_to_the_next_change_and_ends_where_nothing_is_due(emulator: Emulator, open_page: OpenPage) -> None:
    emulator.order(prompt="[[mock: slow after=1h]]")
    page, before = open_page("#/clock"), emulator.clock.now()
    expect(page.locator(".clock-readout")).to_contain_text("next in 9 min 00 s")
    for passed in (540, 3600):
        page.get_by_role("button", name="Next").click()
        expect(page.locator(".clock-card")).to_contain_text("due in" if passed == 540 else "Nothing is due")
        assert emulator.clock.now() == before + passed
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    expect(page.locator(".clock-readout")).not_to_contain_text("next in")


def test_the_clock_runs_and_freezes(emulator: Emulator, open_page: OpenPage) -> None:
    emulator.order(prompt="[[mock: slow after=9d]]")
    page = open_page("#/clock")
    readout = page.locator(".clock-readout")
    expect(page.get_by_role("button", name="Freeze")).to_be_disabled()
    expect(readout).to_contain_text("frozen")
    page.get_by_label("Rate").select_option("3600")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".clock-face")).to_contain_text("runs at × 3600")
    expect(readout).to_contain_text("× 3600")
    shown, small = face(page).inner_text(), readout.locator(".now").inner_text()
    expect(face(page)).not_to_have_text(shown)
    expect(readout.locator(".now")).not_to_have_text(small)
    # An hour passes in a second: what is shown goes on between two readings, and agrees with the server.
    minutes = page.evaluate("() => document.querySelector('.clock-face .big').innerText.slice(0, 2)")
    assert (emulator.clock.now() // 3600 - int(minutes)) % 24 <= 3
    page.get_by_role("button", name="Freeze").click()
    expect(page.locator(".clock-face")).to_contain_text("frozen")
    assert emulator.clock.rate == 0


def test_a_clock_that_another_moves_is_followed(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/clock")
    expect(face(page)).to_have_text("20:26:40")
    emulator.control("POST", "clock", {"advance": "1h"})
    expect(face(page)).to_have_text("21:26:40")
    expect(page.locator(".clock-readout")).to_contain_text("21:26:40")
    emulator.control("POST", "clock", {"rate": 60})
    expect(page.locator(".clock-face")).to_contain_text("runs at × 60")
    emulator.control("POST", "reset", {})
    expect(page.locator(".clock-face")).to_contain_text("frozen")


def test_a_time_that_is_none_is_refused_with_what_is_allowed(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/clock")
    page.get_by_label("Amount of time").fill("soon")
    page.get_by_role("button", name="Advance").click()
    expect(page.get_by_role("alert")).to_contain_text("allowed: seconds, or a number with ms, s, m, h or d")
    page.get_by_label("Amount of time").fill("1d")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2026-05-29 UTC")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_clock_of_one_key_is_moved_alone(emulator: Emulator, open_page: OpenPage) -> None:
    first, second = emulator.order(), emulator.order(key="sk_browser_two")
    account = emulator.control("GET", f"tasks/{first}")["account"]
    page = open_page("#/clock")
    expect(page.get_by_text("All keys follow the shared clock.")).to_be_visible()
    expect(page.get_by_role("heading", name="Coming")).to_contain_text("4 changes")
    page.get_by_label("Which clock").select_option(account)
    expect(page.get_by_role("heading", name="Coming")).to_contain_text("2 changes")
    page.get_by_role("button", name="+ 1 min").click()
    expect(page.get_by_role("button", name=account)).to_be_visible()
    expect(events(page, "Became due")).to_have_count(2)
    assert emulator.control("GET", f"tasks/{first}")["status"] == "SUCCESS"
    assert emulator.control("GET", f"tasks/{second}")["status"] == "QUEUED"
    page.get_by_label("Which clock").select_option("Shared clock")
    expect(face(page)).to_have_text("20:26:40")
    expect(page.get_by_text("Nothing has become due since you opened this view")).to_be_visible()
    page.get_by_role("button", name=account).click()
    expect(face(page)).to_have_text("20:27:40")
    expect(page.get_by_label("Which clock")).to_have_value(account)


def test_all_that_comes_is_counted_and_the_first_is_shown(emulator: Emulator, open_page: OpenPage) -> None:
    for _ in range(26):
        emulator.order()
    emulator.send("POST", "/api/v1/assets/groups", json={"name": "people"})
    link = "https://pictures.example/face.png"
    emulator.control("PUT", "media", {"url": link, "kind": "image", "format": "png", "width": 640, "height": 640})
    asset = {"group_id": 1, "asset_type": "Image", "url": link, "name": "face"}
    assert emulator.send("POST", "/api/v1/assets", json=asset).status_code == 200
    page = open_page("#/clock")
    expect(page.get_by_role("heading", name="Coming")).to_contain_text("53 changes")
    expect(events(page, "Coming")).to_have_count(50)
    page.get_by_role("button", name="+ 1 day").click()
    expect(events(page, "Became due")).to_have_count(53)
    expect(events(page, "Became due").filter(has_text="asset Active").get_by_role("link")).to_have_count(0)
