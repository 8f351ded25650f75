"""The journal in the browser: the live list, one exchange, code that repeats it, differences and the archive."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from .conftest import BOAT, KEY, Emulator, OpenPage

PROMPT = 'A "boat" at l\'Escala: 50 % off, $HOME `id` \\ 🚤\nsecond line'
ENVIRONMENT = {**os.environ, "SEEDMOCK_API_KEY": KEY}


def rows(page: Any) -> Any:
    return page.locator("[data-exchange]")


def test_exchanges_appear_and_are_filtered(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/journal")
    expect(page.get_by_text("Nothing has been asked yet")).to_be_visible()
    task_id = emulator.order()
    emulator.send("POST", "/v1/videos", json={**BOAT, "size": "9x9"}, key="sk_browser_two")
    emulator.send("GET", f"/v1/videos/{task_id}", headers={"X-Mock-Fault": "status code=502"})
    emulator.send("GET", "/api/v1/nothing")
    expect(rows(page)).to_have_count(4)
    expect(page.get_by_text("4 exchanges")).to_be_visible()
    cells = [
        ["3", "20:26:40", "apimodels", "unknown", "GET /api/v1/nothing", "404 refused", "1 violation"],
        ["2", "20:26:40", "opeai", "query", f"GET /v1/videos/{task_id}", "502 failed", "status "],
        ["1", "20:26:40", "opeai", "create", "POST /v1/videos", "400 refused", "1 violation"],
        ["0", "20:26:40", "opeai", "create", "POST /v1/videos", "200 ok", ""],
    ]
    for number, expected in enumerate(cells):
        expect(rows(page).nth(number).locator("[role=cell]")).to_have_text(expected)
    for outcome, numbers in {
        "violating": ["3", "1"],
        "failed": ["2"],
        "faulted": ["2"],
        "refused": ["3", "1"],
        "ok": ["0"],
    }.items():
        page.get_by_label("Outcome").select_option(outcome)
        expect(rows(page).locator(".c-nr")).to_have_text(numbers)
    page.get_by_label("Outcome").select_option("lost")
    expect(page.get_by_text("No exchange matches")).to_be_visible()
    page.get_by_label("Outcome").select_option("")
    page.get_by_label("Upstream").select_option("apimodels")
    expect(rows(page).locator(".c-nr")).to_have_text(["3"])
    page.get_by_label("Upstream").select_option("")
    page.get_by_label("API key").fill("sk_browser_two")
    expect(rows(page).locator(".c-nr")).to_have_text(["1"])
    page.get_by_label("API key").fill("")
    page.get_by_role("searchbox").fill(f"{task_id} 502")
    expect(rows(page)).to_have_count(1)
    assert KEY not in page.content()
    emulator.control("POST", "reset", {})
    expect(rows(page)).to_have_count(0)


def test_violations_are_listed_with_fact_and_sentence(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/journal")
    page.get_by_text("Violations of the contract").click()
    expect(page.get_by_text("None: every request keeps the contract.")).to_be_visible()
    emulator.send("POST", "/v1/videos", json={**BOAT, "size": "9x9"})
    emulator.send("POST", "/v1/videos", json={**BOAT, "seconds": "99"})
    lines = page.locator(".violations tbody tr")
    expect(lines).to_have_count(2)
    expect(lines.nth(0).locator("td").nth(1)).to_have_text("opeai.create.seconds.range")
    expect(lines.nth(1).locator("td").nth(2)).to_contain_text('size is "9x9"')
    lines.nth(1).get_by_role("link", name="0").click()
    expect(page.get_by_role("heading", name="Exchange 0")).to_be_visible()


def test_an_exchange_has_its_bodies_and_its_violation(emulator: Emulator, open_page: OpenPage) -> None:
    order = {**BOAT, "size": "9x9", "prompt": "<b>bold</b>"}
    emulator.send("POST", "/v1/videos", json=order, headers={"X-Mock-Fault": "latency seconds=0.01"})
    emulator.send("POST", "/v1/videos", json={**BOAT, "seconds": "99"})
    page = open_page("#/journal/0")
    expect(page.locator(".sentences li")).to_have_count(1)
    expect(page.locator(".sentences")).to_contain_text("opeai.create.size.values")
    expect(page.locator(".title .tag").first).to_have_text("400 refused")
    expect(page.locator(".title")).to_contain_text("latency seconds=0.01s")
    expect(page.locator(".facts dd")).to_contain_text(
        ["opeai", "create", re.compile("key-"), "2026-05-28 20:26:40 UTC"]
    )
    expect(page.locator(".first-line")).to_have_text(["POST /v1/videos", "400"])
    page.get_by_text("headers").first.click()
    expect(page.locator("pre").filter(has_text="content-type: application/json").first).to_be_visible()
    expect(page.locator("pre").filter(has_text="<b>bold</b>").first).to_be_visible()
    assert page.locator("main b").count() == 0
    page.get_by_role("link", name="← Journal").click()
    expect(rows(page)).to_have_count(2)


def test_an_exchange_without_a_response_says_so(emulator: Emulator, open_page: OpenPage) -> None:
    with pytest.raises(httpx.TransportError):
        emulator.send("GET", "/v1/videos/some?a=b&c=%2F", headers={"X-Mock-Fault": "reset"})
    page = open_page("#/journal")
    expect(rows(page).locator(".c-status")).to_have_text("none lost")
    rows(page).get_by_role("link").click()
    expect(page.locator(".first-line")).to_have_text(
        ["GET /v1/videos/some?a=b&c=%2F", "The connection ended without a response."]
    )
    expect(page.locator("[data-snippet=curl]")).to_contain_text("/v1/videos/some?a=b&c=%2F'")
    expect(page.get_by_text("No body, or not text.")).to_have_count(2)
    page.goto(f"{emulator.url}/_mock/#/journal/99")
    expect(page.get_by_role("alert")).to_contain_text("the journal has no exchange")


def test_a_form_is_shown_and_its_code_says_what_is_missing(emulator: Emulator, open_page: OpenPage) -> None:
    form = {
        **{name: (None, value) for name, value in BOAT.items() if isinstance(value, str)},
        "file": ("a", b"\xff" * 9),
    }
    emulator.send("POST", "/v1/videos", files=form)
    page = open_page("#/journal/0")
    expect(page.get_by_text("The journal has only a part of the body")).to_be_visible()
    page.get_by_role("button", name="httpx").click()
    expect(page.locator("[data-snippet=httpx]")).to_contain_text("httpx.request(")
    expect(page.locator("[data-snippet=httpx]")).not_to_contain_text("json=")


@pytest.mark.parametrize("language", ["curl", "httpx", "openai", "fetch"])
def test_the_code_of_an_exchange_repeats_it(
    emulator: Emulator, open_page: OpenPage, tmp_path: Path, language: str
) -> None:
    emulator.order(prompt=PROMPT)
    page = open_page("#/journal/0")
    label = "openai-python" if language == "openai" else language
    page.get_by_role("button", name=label, exact=True).click()
    code = page.locator(f'[data-snippet="{language}"]').text_content()
    assert code is not None
    assert KEY not in code
    command = {"curl": ["sh", "-c", code], "fetch": ["node", "--input-type=module", "-e", code]}.get(
        language, [sys.executable, "-c", code]
    )
    program = shutil.which("curl" if language == "curl" else command[0])
    if program is None:
        pytest.skip(f"needs {command[0]}")
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    first, second = emulator.control("GET", "journal")["exchanges"]
    assert (second["status"], second["method"], second["path"]) == (200, "POST", "/v1/videos"), run.stdout
    assert json.loads(second["request_body"]) == json.loads(first["request_body"])
    assert json.loads(second["request_body"])["prompt"] == PROMPT


def test_code_is_copied(emulator: Emulator, open_page: OpenPage) -> None:
    emulator.order()
    page = open_page("#/journal/0", permissions=["clipboard-read", "clipboard-write"])
    expect(page.get_by_role("button", name="curl")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="fetch").click()
    expect(page.get_by_role("button", name="curl")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Copy code").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    code = page.locator("[data-snippet=fetch]").text_content()
    assert page.evaluate("() => navigator.clipboard.readText()") == code
    assert code.startswith("const response = await fetch(")
    expect(page.get_by_role("button", name="Copy code")).to_be_visible()


def test_two_exchanges_are_compared(emulator: Emulator, open_page: OpenPage) -> None:
    emulator.order(prompt="A boat")
    emulator.order(prompt="A ship", user="me")
    emulator.order(prompt="A boat")
    page = open_page("#/journal/0")
    page.get_by_label("Compare with number").fill("soon")
    page.get_by_role("button", name="Compare").click()
    assert page.url.endswith("#/journal/0")
    page.get_by_label("Compare with number").fill("1")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Difference to exchange 1")).to_be_visible()
    expect(page.get_by_text("− is in 0 alone, + in 1 alone.")).to_be_visible()
    lines = page.locator(".diff span")
    body = [
        line.rstrip() for line in lines.all_text_contents() if "prompt" in line or '"user"' in line or '"seed"' in line
    ]
    assert body == [
        '−   "prompt": "A boat",',
        '+   "prompt": "A ship",',
        '−   "seed": 3',
        '+   "seed": 3,',
        '+   "user": "me"',
    ]
    expect(page.locator(".diff .removed").filter(has_text="A boat")).to_have_count(1)
    expect(page.locator(".diff .added").filter(has_text="A ship")).to_have_count(1)
    expect(page.locator(".diff .same").filter(has_text='"size": "640x640"')).to_have_count(1)
    page.goto(f"{emulator.url}/_mock/#/journal/0?with=0")
    expect(page.get_by_text("They are the same.")).to_be_visible()
    expect(page.locator(".diff .added, .diff .removed")).to_have_count(0)


def test_the_archive_is_saved(emulator: Emulator, open_page: OpenPage, tmp_path: Path) -> None:
    emulator.order()
    emulator.send("GET", "/api/v1/nothing")
    page = open_page("#/journal")
    methods = {"": ["POST", "GET"], "refused": ["GET"]}
    for outcome, expected in methods.items():
        page.get_by_label("Outcome").select_option(outcome)
        with page.expect_download() as download:
            page.get_by_role("button", name="Save HAR").click()
        assert download.value.suggested_filename == "seedmock.har"
        download.value.save_as(tmp_path / "seedmock.har")
        archive = json.loads((tmp_path / "seedmock.har").read_text())
        assert [entry["request"]["method"] for entry in archive["log"]["entries"]] == expected
