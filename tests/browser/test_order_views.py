"""Playground, money, assets and contract in the browser."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from .conftest import Emulator, OpenPage


def picture(width: int = 640, height: int = 640) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(file, "PNG")
    return file.getvalue()


def sent_body(page: Any) -> Any:
    return json.loads(page.get_by_label("Body").input_value())


@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_an_order_is_quoted_shown_sent_and_followed(emulator: Emulator, open_page: OpenPage, upstream: str) -> None:
    page = open_page("#/playground")
    page.get_by_role("button", name=f"{upstream}: create").click()
    expect(page.locator(".quote strong")).to_contain_text("$")
    page.get_by_label("prompt").fill("A kite")
    expect(page.get_by_label("Body")).to_have_value(re.compile("A kite"))
    shown = sent_body(page)
    page.get_by_role("button", name="Send").click()
    new_task = page.locator("main [data-task-id]")
    expect(new_task).to_have_attribute("data-status", "QUEUED")
    emulator.control("POST", "clock", {"advance": 9})
    expect(new_task).to_have_attribute("data-status", "SUCCESS")
    exchange = emulator.control("GET", "journal")["exchanges"][0]
    assert json.loads(exchange["request_body"]) == shown
    assert exchange["upstream"] == upstream
    assert exchange["violations"] == []


def test_a_broken_rule_is_shown_before_and_refused_after_sending(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/playground")
    page.get_by_role("button", name="opeai: create").click()
    page.get_by_label("seconds").fill("99")
    expect(page.locator(".sentences").filter(has_text="opeai.create.seconds.range")).to_be_visible()
    expect(page.get_by_label("seconds")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Response")).to_be_visible()
    assert emulator.control("GET", "journal")["exchanges"][0]["status"] == 400


def test_an_uploaded_picture_becomes_the_first_frame(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/playground")
    file = {"name": "frame.png", "mimeType": "image/png", "buffer": picture()}
    page.get_by_label("First frame: image").set_input_files(file)
    expect(page.locator(".references .sentences")).to_contain_text("frame.png: png, 640 × 640")
    expect(page.get_by_label("First frame: image")).to_be_disabled()
    page.get_by_role("button", name="Send").click()
    task_id = page.locator("main [data-task-id]").get_attribute("data-task-id")
    page.goto(f"{emulator.url}/_mock/#/tasks/{task_id}")
    thumbnail = page.locator(".thumb img")
    expect(thumbnail).to_be_visible()
    assert thumbnail.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 640
    expect(page.locator(".assets")).to_contain_text("png, 640 × 640")
    file["buffer"] = b"no media"
    page.goto(f"{emulator.url}/_mock/#/playground")
    page.get_by_label("Last frame: image").set_input_files(file)
    expect(page.get_by_role("alert")).to_contain_text("not media")


def test_the_size_table_fills_the_form(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/playground")
    page.get_by_role("button", name="apimodels: create").click()
    page.get_by_text("Size table").click()
    page.get_by_role("button", name="1080x1920").click()
    expect(page.get_by_label("resolution")).to_have_value("1080p")
    expect(page.get_by_label("aspect_ratio")).to_have_value("9:16")


def test_money_shows_statements_and_sets_credit(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/money")
    expect(page.get_by_text("No orders yet")).to_be_visible()
    task_id = emulator.order()
    account = emulator.control("GET", f"tasks/{task_id}")["account"]
    statement = page.locator(f'[data-account="{account}"]')
    expect(statement.locator(".sums")).to_contain_text("On hold$0.2716")
    emulator.control("POST", "clock", {"advance": 5})
    expect(statement.locator(".sums")).to_contain_text("Charged$0.2716")
    expect(statement.locator("svg[role=img]")).to_have_attribute("aria-label", re.compile("0.2716"))
    page.get_by_label("Credit at each upstream").fill("0.30")
    page.get_by_role("button", name="Set credit").click()
    expect(statement.locator("table").first).to_contain_text("$0.0284")


def test_assets_show_their_pictures_and_states(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/assets")
    expect(page.get_by_text("No groups yet")).to_be_visible()
    link = emulator.send("POST", "/api/v1/files", files={"file": ("face.png", picture())}).json()["data"]["publicUrl"]
    group = emulator.send("POST", "/api/v1/assets/groups", json={"name": "people"}).json()["data"]
    asset = {"group_id": group["id"], "asset_type": "Image", "url": link, "name": "a face"}
    created = emulator.send("POST", "/api/v1/assets", json=asset)
    assert created.status_code == 200, created.text
    entry = page.locator("[data-asset-id]")
    expect(entry).to_contain_text("Processing")
    expect(entry.locator("img")).to_be_visible()
    emulator.control("POST", "clock", {"advance": 60})
    expect(entry).to_contain_text("Active")


def test_the_contract_is_searched(emulator: Emulator, open_page: OpenPage) -> None:
    facts = [fact for rows in emulator.control("GET", "basis").values() for fact in rows]
    page = open_page("#/contract")
    table = page.locator(".facts-table tbody tr")
    expect(table).to_have_count(len(facts))
    page.get_by_label("Basis").select_option("assumed")
    expect(table).to_have_count(sum(fact["basis"] == "assumed" for fact in facts))
    page.get_by_label("Basis").select_option("")
    page.get_by_label("Search facts").fill("opeai.create.seconds.range")
    expect(table).to_have_count(1)
    expect(table).to_contain_text("documented")
