"""The journal in the browser: the live list, one exchange, code that repeats it, differences and the archive."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

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
    emulator.send("POST", "/v1/videos", json={**BOAT, "size": "9x9"})
    emulator.send("GET", f"/v1/videos/{task_id}", headers={"X-Mock-Fault": "status code=502"})
    expect(rows(page)).to_have_count(3)
    expect(rows(page).first).to_contain_text("502 failed")
    page.get_by_label("Outcome").select_option("violating")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("1 violation")
    page.get_by_label("Outcome").select_option("")
    page.get_by_role("searchbox").fill(f"{task_id} 502")
    expect(rows(page)).to_have_count(1)
    page.get_by_text("Violations of the contract").click()
    expect(page.locator(".violations tbody tr")).to_contain_text("size is")
    assert KEY not in page.content()


def test_an_exchange_has_its_bodies_and_its_violation(emulator: Emulator, open_page: OpenPage) -> None:
    emulator.send("POST", "/v1/videos", json={**BOAT, "size": "9x9", "prompt": "<b>bold</b>"})
    page = open_page("#/journal/0")
    expect(page.locator(".sentences")).to_contain_text("opeai.create.size.values")
    expect(page.locator("pre").filter(has_text="<b>bold</b>").first).to_be_visible()
    assert page.locator("main b").count() == 0


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


def test_two_exchanges_are_compared(emulator: Emulator, open_page: OpenPage) -> None:
    emulator.order(prompt="A boat")
    emulator.order(prompt="A ship")
    page = open_page("#/journal/0")
    page.get_by_label("Compare with number").fill("1")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".diff .removed").filter(has_text="A boat")).to_have_count(1)
    expect(page.locator(".diff .added").filter(has_text="A ship")).to_have_count(1)
    expect(page.locator(".diff .same").filter(has_text='"seed": 3')).to_have_count(1)


def test_the_archive_is_saved(emulator: Emulator, open_page: OpenPage, tmp_path: Path) -> None:
    emulator.order()
    page = open_page("#/journal")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save HAR").click()
    assert download.value.suggested_filename == "seedmock.har"
    download.value.save_as(tmp_path / "seedmock.har")
    archive = json.loads((tmp_path / "seedmock.har").read_text())
    assert [entry["request"]["method"] for entry in archive["log"]["entries"]] == ["POST"]
