"""Tasks in the browser: the live list, one task's view, and its clip."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from .browsers import in_both_browsers
from .conftest import BOAT, Emulator, OpenPage

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


@in_both_browsers
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


def cells(page: Any, task_id: str) -> list[str]:
    """The texts of a row, by column."""
    return [str(text).strip() for text in row(page, task_id).locator("[role=cell]").all_inner_texts()]


def test_a_row_shows_a_task_and_follows_it(emulator: Emulator, open_page: OpenPage) -> None:
    first = emulator.order(prompt="A boat")
    order = {"model": "seedance2-a/seedance-2.0-a", "prompt": "[[mock: failed after=9s]]", "duration": 5}
    emulator.send("POST", "/api/v1/video/generations", json=order)
    second = emulator.control("GET", "tasks")["tasks"][-1]["id"]
    page = open_page(viewport={"width": 1440, "height": 800})
    heads = ["Status", "Task", "Upstream", "Model", "Size", "Length", "Fate", "Age", "Cost"]
    expect(page.get_by_role("columnheader")).to_have_text(heads)
    expect(row(page, first)).to_contain_text("Queued")
    names = f"A boat\n{first}"
    assert cells(page, first) == [
        "Queued",
        names,
        "opeai",
        "seedance-2-0-fast",
        "640x640",
        "4 s",
        "succeed",
        "0.0 s",
        "$0.2716",
    ]
    assert cells(page, second)[2:5] == ["apimodels", "seedance-2.0-a", "1280x720"]
    assert cells(page, second)[6] == "failed after=9s"
    expect(page.get_by_role("row")).to_have_count(3)
    expect(row(page, second)).to_have_attribute("aria-rowindex", "2")  # the newest is the first
    emulator.control("POST", "clock", {"advance": 75})
    expect(row(page, first).locator(".c-age")).to_have_text("1 min 15 s")
    expect(row(page, second)).to_have_attribute("data-status", "FAILURE")
    expect(page.locator(".count")).to_have_text("2 tasks; the newest: Failed")
    emulator.control("POST", "reset", {})
    expect(page.get_by_text("No tasks yet")).to_be_visible()
    expect(page.locator(".count")).to_contain_text("0 tasks")


def test_the_age_goes_on_while_the_clock_runs(emulator: Emulator, open_page: OpenPage) -> None:
    task_id = emulator.order(prompt="[[mock: stuck]]")
    page = open_page()
    age = row(page, task_id).locator(".c-age")
    expect(age).to_have_text("0.0 s")
    emulator.control("POST", "clock", {"rate": 3600})
    expect(age).to_have_text(re.compile("^[12] h"))
    shown = age.inner_text()
    expect(age).not_to_have_text(shown)
    emulator.control("POST", "clock", {"freeze": True})


def live(emulator: Emulator) -> tuple[str, str]:
    """Order a task, and poll it with a fault on the way; return its id and its path."""
    task_id = emulator.order(prompt="A boat")
    path = f"/v1/videos/{task_id}"
    emulator.clock.advance(1)
    emulator.send("GET", path)
    emulator.send("GET", path, headers={"X-Mock-Fault": "status code=502"})
    emulator.send("GET", f"{path}/content")
    return task_id, path


def test_a_task_tells_its_life(emulator: Emulator, open_page: OpenPage) -> None:
    task_id, path = live(emulator)
    page = open_page(f"#/tasks/{task_id}")
    expect(page.locator(".phases li")).to_have_text(
        [re.compile("Queued"), re.compile("Running"), re.compile("Succeeded.*still to come")]
    )
    expect(page.get_by_text("The clip comes with success.")).to_be_visible()
    emulator.control("POST", "clock", {"advance": "4s"})
    emulator.send("GET", f"{path}/content")
    expect(page.locator("video")).to_have_count(1)
    expect(page.locator(".phases li").last).not_to_contain_text("still to come")
    dots = page.locator(".timeline a.dot")
    expect(dots).to_have_count(5)
    kinds = [str(dot.get_attribute("class")).split()[-1] for dot in dots.all()]
    assert kinds == ["fine", "fine", "faulted", "refused", "fine"]
    for number, shape in enumerate(("circle", "circle", "path", "rect", "circle")):  # not by colour alone
        expect(dots.nth(number).locator(shape)).to_have_count(1)
    expect(page.locator(".timeline .break text")).to_have_text([re.compile("⋯")])
    expect(dots.nth(2)).to_have_attribute("aria-label", "2: query 502 at 20:26:41; fault status code=502")
    expect(page.locator(".timeline svg")).to_have_attribute(
        "aria-label", re.compile(r"Queued after 0\.0 s, Running after .*, Succeeded after .*; 5 exchanges")
    )
    dots.nth(2).click()
    expect(page.get_by_role("heading", name="Exchange 2")).to_be_visible()


def test_a_task_has_its_exchanges_money_and_rules(emulator: Emulator, open_page: OpenPage) -> None:
    task_id, path = live(emulator)
    emulator.clock.advance(4)
    emulator.send("GET", f"{path}/content")
    page = open_page(f"#/tasks/{task_id}")
    lines = page.locator("section", has=page.get_by_role("heading", name="Exchanges")).locator("tbody tr")
    expect(lines).to_have_count(5)
    expect(lines.nth(2).locator("td")).to_have_text(
        ["2", "20:26:41", "query", f"GET {path}", "502", "status code=502 "]
    )
    statement = page.locator("section", has=page.get_by_role("heading", name="Statement"))
    expect(statement.locator("dd")).to_contain_text(
        ["$0.2716", "charged", "USD a million tokens", re.compile(r"\d"), "UTC"]
    )
    verdict = against_the_contract(page)
    expect(verdict).to_contain_text("Every request about this task keeps the contract.")
    expect(verdict).to_contain_text("Changed on purpose: status code=502 in exchange 2")
    expect(verdict).to_contain_text(f"seedmock verify --upstream opeai --base-url {emulator.url}")
    page.get_by_text("Body as sent").click()
    expect(page.locator("details pre")).to_contain_text('"prompt": "A boat"')
    lines.nth(2).get_by_role("link").click()
    expect(page.get_by_role("heading", name="Exchange 2")).to_be_visible()


def against_the_contract(page: Any) -> Any:
    return page.locator("section", has=page.get_by_role("heading", name="Against the contract"))


def test_a_conforming_task_says_so_with_the_checks_that_looked(emulator: Emulator, open_page: OpenPage) -> None:
    task_id = emulator.order()
    page = open_page(f"#/tasks/{task_id}")
    verdict = against_the_contract(page)
    expect(verdict).to_contain_text("No finding in 1 of 1 exchange, by ")
    emulator.control("POST", "clock", {"advance": 5})
    emulator.send("GET", f"/v1/videos/{task_id}")
    emulator.send("GET", f"/v1/videos/{task_id}/content")
    expect(verdict).to_contain_text(re.compile(r"No finding in 3 of 3 exchanges, by \d+ checks of seedmock verify"))
    expect(verdict.get_by_text("breaking")).to_have_count(0)
    verdict.get_by_text("Checks that looked").click()
    for check in ("prompt is echoed: 1 passed", "clip resolution matches the order: 1 passed"):
        expect(verdict.get_by_text(check, exact=True)).to_be_visible()


def test_a_task_that_met_a_fault_shows_the_finding_and_its_fact(emulator: Emulator, open_page: OpenPage) -> None:
    task_id = emulator.order()
    path = f"/v1/videos/{task_id}"
    page = open_page(f"#/tasks/{task_id}")
    expect(against_the_contract(page)).to_contain_text("No finding in 1 of 1 exchange")
    emulator.send("GET", path, headers={"X-Mock-Fault": "other_status code=409"})
    emulator.clock.advance(5)
    for address in (path, f"{path}/content"):
        with pytest.raises(httpx.RemoteProtocolError):
            emulator.send("GET", address, headers={"X-Mock-Fault": "body_cut"})
    verdict = against_the_contract(page)
    expect(verdict).to_contain_text(re.compile(r"3 findings in 3 of 4 exchanges"))
    rows = verdict.locator("li", has=page.locator(".tag", has_text="breaking"))
    expect(rows).to_have_count(3)
    for row_, (text, fact, number) in zip(rows.all(), FINDINGS, strict=True):
        expect(row_).to_contain_text(text)
        expect(row_.locator("code")).to_have_text(fact)
        expect(row_.get_by_role("link")).to_have_attribute("href", f"#/journal/{number}")
    not_checked = verdict.locator("li", has=page.locator(".tag", has_text="not checked"))
    expect(not_checked).to_contain_text("exchange 2: the fault body_cut changed the response after the journal took it")
    verdict.get_by_text("Checks that looked").click()
    expect(verdict.get_by_text("content length matches the body: 1 of 1 failed")).to_be_visible()


FINDINGS = (
    ("error is missing", "opeai.error_response.error.error", 1),
    ("content is not a complete MP4 file", "opeai.content.format", 3),
    ("Content-Length is not the number of bytes", "opeai.content.length", 3),
)


def test_a_task_without_an_end_or_a_clip_says_why(emulator: Emulator, open_page: OpenPage) -> None:
    stuck, failed = emulator.order(prompt="[[mock: stuck]]"), emulator.order(prompt="[[mock: failed]]")
    emulator.clock.advance(86400)
    page = open_page(f"#/tasks/{stuck}")
    expect(page.locator(".timeline .axis").last).to_have_text("never ends")
    expect(page.locator(".facts")).to_contain_text(["Endsnever"])
    page.goto(f"{emulator.url}/_mock/#/tasks/{failed}")
    expect(page.locator(".title .chip")).to_have_text("Failed")
    reason = emulator.control("GET", f"tasks/{failed}")["failure"]["message"]
    expect(page.locator(".clip figcaption")).to_have_text(reason)
    expect(page.locator("video")).to_have_count(0)
    expect(against_the_contract(page)).to_contain_text("No finding in 1 of 1 exchange")
    expect(against_the_contract(page)).not_to_contain_text("Changed on purpose")
    page.goto(f"{emulator.url}/_mock/#/tasks/cgt-unknown")
    expect(page.get_by_role("alert")).to_contain_text("unknown task")
    emulator.control("POST", "reset", {})
    page.goto(f"{emulator.url}/_mock/#/tasks/{failed}")
    expect(page.get_by_role("alert")).to_contain_text("unknown task")


def test_a_task_whose_query_was_wrong_shows_the_rule(emulator: Emulator, open_page: OpenPage) -> None:
    task_id = emulator.order(prompt="A boat")
    emulator.send("DELETE", f"/v1/videos/{task_id}")
    page = open_page(f"#/tasks/{task_id}")
    broken = [row for row in emulator.control("GET", f"violations?task={task_id}")["violations"] if not row["advice"]]
    assert broken
    verdict = against_the_contract(page)
    expect(verdict).to_contain_text(f"{len(broken)} rule")
    expect(verdict).to_contain_text(broken[0]["message"])


def test_the_id_of_a_task_is_copied(emulator: Emulator, open_page: OpenPage) -> None:
    task_id = emulator.order()
    page = open_page(f"#/tasks/{task_id}", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy id").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == task_id


@in_both_browsers
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
    assert len(text.inner_text()) == 600
    page.get_by_role("button", name="Show all 950 characters").click()
    expect(text).not_to_contain_text("…")
    page.get_by_role("button", name="Fold").click()
    expect(text).to_contain_text("…")


def test_huge_texts_do_not_freeze_the_page(emulator: Emulator, open_page: OpenPage) -> None:
    """A body of 900 kB is refused by the upstream, and the journal shows the part that it kept."""
    emulator.send("POST", "/v1/videos", json={**BOAT, "prompt": "<i>word</i> " * 80_000})
    page = open_page("#/journal")
    expect(page.locator("[data-exchange]")).to_have_count(1)
    page.goto(f"{emulator.url}/_mock/#/journal/0")
    expect(page.locator(".first-line").first).to_have_text("POST /v1/videos")
    opened = page.get_by_role("button", name="Show all").first
    opened.click()
    expect(page.get_by_role("button", name="Fold").first).to_have_attribute("aria-expanded", "true")
    assert page.locator("main pre").first.evaluate("text => text.textContent.length") <= 200_000
    assert page.locator("main i").count() == 0
    before = page.evaluate("() => performance.now()")
    page.keyboard.press("Tab")
    assert page.evaluate("() => new Promise(requestAnimationFrame)") - before < 2000


def test_the_list_is_filtered_by_the_server(emulator: Emulator, open_page: OpenPage) -> None:
    boat, fox = emulator.order(prompt="A boat"), emulator.order(prompt="A fox [[mock: failed]]", key="sk_browser_two")
    emulator.control("POST", "clock", {"advance": 5})
    page = open_page()
    expect(page.locator("[data-task-id]")).to_have_count(2)
    page.get_by_role("searchbox").fill("fox")
    expect(page.locator("[data-task-id]")).to_have_count(1)
    expect(row(page, fox)).to_be_visible()
    expect(page.locator(".count")).to_contain_text("1 task;")
    page.get_by_role("searchbox").fill("nothing is called this")
    expect(page.get_by_text("No task matches")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Upstream").select_option("apimodels")
    expect(page.locator("[data-task-id]")).to_have_count(0)
    page.get_by_label("Upstream").select_option("")
    page.get_by_label("Status").select_option("SUCCESS")
    expect(row(page, fox)).to_have_count(0)
    expect(row(page, boat)).to_be_visible()
    page.get_by_label("Status").select_option("")
    page.get_by_label("API key").fill("sk_browser_two")
    expect(row(page, boat)).to_have_count(0)
    expect(row(page, fox)).to_be_visible()
    expect(page.locator(".count")).to_contain_text("1 task;")
