"""Tasks in the browser: the live list, one task's view, and its clip."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from .conftest import Emulator, OpenPage

PLAYED = "() => { const clip = document.querySelector('video'); return clip && clip.currentTime > 0.3; }"


def row(page: Any, task_id: str) -> Any:
    return page.locator(f'[data-task-id="{task_id}"]')


def test_a_task_appears_and_ends_without_a_reload(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page()
    expect(page.get_by_text("No tasks yet")).to_be_visible()
    expect(page.locator("main")).to_have_attribute("data-view", "tasks")
    task_id = emulator.order()
    expect(row(page, task_id)).to_have_attribute("data-status", "QUEUED")
    emulator.control("POST", "clock", {"advance": 5})
    expect(row(page, task_id)).to_have_attribute("data-status", "SUCCESS")
    expect(row(page, task_id)).to_contain_text("Succeeded")


def test_the_clip_of_a_task_plays(emulator: Emulator, open_page: OpenPage) -> None:
    task_id = emulator.order(size="1280x720")
    emulator.control("POST", "clock", {"advance": 5})
    page = open_page(f"#/tasks/{task_id}")
    page.wait_for_function(PLAYED)
    assert page.locator("video").evaluate("clip => [clip.videoWidth, clip.videoHeight]") == [1280, 720]
    assert page.locator("video").count() == 1


def test_a_task_that_is_watched_ends_and_shows_its_clip(emulator: Emulator, open_page: OpenPage) -> None:
    task_id = emulator.order()
    page = open_page(f"#/tasks/{task_id}")
    expect(page.locator("main [data-task-id]")).to_have_attribute("data-status", "QUEUED")
    expect(page.locator("video")).to_have_count(0)
    emulator.control("POST", "clock", {"advance": 5})
    page.wait_for_function(PLAYED)


def test_a_hostile_prompt_is_shown_as_text(emulator: Emulator, open_page: OpenPage) -> None:
    prompt = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>{{7*7}}"
    task_id = emulator.order(prompt=prompt)
    page = open_page()
    expect(row(page, task_id).locator("a")).to_have_text(prompt)
    page.goto(f"{emulator.url}/_mock/#/tasks/{task_id}")
    expect(page.locator("main .text").first).to_have_text(prompt)
    assert page.locator("main img").count() == 0
    assert "owned" not in page.title()


def test_a_huge_prompt_is_folded(emulator: Emulator, open_page: OpenPage) -> None:
    task_id = emulator.order(prompt="word " * 190)
    page = open_page(f"#/tasks/{task_id}")
    text = page.locator("main .text").first
    expect(text).to_contain_text("…")
    page.get_by_role("button", name="Show all").click()
    expect(text).not_to_contain_text("…")


def test_the_list_is_filtered_by_the_server(emulator: Emulator, open_page: OpenPage) -> None:
    boat, fox = emulator.order(prompt="A boat"), emulator.order(prompt="A fox [[mock: failed]]", key="sk_browser_two")
    emulator.control("POST", "clock", {"advance": 5})
    page = open_page()
    expect(page.locator("[data-task-id]")).to_have_count(2)
    page.get_by_role("searchbox").fill("fox")
    expect(page.locator("[data-task-id]")).to_have_count(1)
    expect(row(page, fox)).to_be_visible()
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Status").select_option("SUCCESS")
    expect(row(page, fox)).to_have_count(0)
    expect(row(page, boat)).to_be_visible()
    page.get_by_label("Status").select_option("")
    page.get_by_label("API key").fill("sk_browser_two")
    expect(row(page, boat)).to_have_count(0)
    expect(row(page, fox)).to_be_visible()
