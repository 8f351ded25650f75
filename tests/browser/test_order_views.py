"""Playground, money, assets and contract in the browser."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from seedmock_server import serve
from seedmock_server.clock import ManualClock

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


def test_the_body_can_be_edited_and_is_sent_as_it_stands(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/playground")
    page.get_by_role("button", name="opeai: create").click()
    expect(page.get_by_role("button", name="opeai: create")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="apimodels: create")).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_label("Head of the request")).to_contain_text("POST /v1/videos HTTP/1.1")
    page.get_by_label("Body").fill("{")
    expect(page.get_by_role("alert")).to_contain_text("The body is no JSON")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    body = {"model": "seedance-2-0", "prompt": "edited", "size": "640x640", "seconds": "4", "unheard_of": [1]}
    page.get_by_label("Body").fill(json.dumps(body))
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    page.get_by_label("API key").fill("sk_browser_two")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Response")).to_be_visible()
    (exchange,) = emulator.control("GET", "journal")["exchanges"]
    assert json.loads(exchange["request_body"]) == body
    mine = emulator.client.get("/_mock/tasks", headers={"X-Mock-Key": "sk_browser_two"}).json()
    assert [task["prompt"] for task in mine["tasks"]] == ["edited"]
    page.get_by_label("prompt").fill("again")  # the form takes the body back
    expect(page.get_by_label("Body")).to_have_value(re.compile('"again"'))
    assert "unheard_of" not in sent_body(page)


def test_the_form_sends_values_as_json_has_them(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/playground")
    page.get_by_label("duration").fill("7")
    page.get_by_label("generate_audio").select_option("false")
    page.get_by_label("seed").fill("-1")
    page.get_by_label("resolution").select_option("Leave out")
    expect(page.get_by_label("Body")).to_have_value(re.compile('"seed": -1'))
    expect(page.get_by_label("Body")).not_to_have_value(re.compile("resolution"))
    assert sent_body(page) == {
        "model": "seedance2-a/seedance-2.0-a", "prompt": "A paper boat crosses a puddle.", "duration": 7,
        "generate_audio": False, "seed": -1,
    }  # fmt: skip
    expect(page.get_by_text("Keeps every rule of the contract.")).to_be_visible()
    expect(page.locator("#order-duration-hint")).to_have_text("4 to 15; default: 5; documented")
    page.get_by_label("model").select_option("seedance2-a/seedance-2.0-fast-a")
    expect(page.get_by_label("resolution").locator("option")).to_have_text(["Leave out", "720p"])
    page.get_by_label("model").select_option("Leave out")
    expect(page.locator(".sentences").filter(has_text="violation")).to_contain_text("model")
    page.get_by_label("Body").fill('{"model": "unheard of"}')
    expect(page.locator(".quote")).to_contain_text("No price: ")


def test_only_what_is_shown_is_sent(emulator: Emulator, open_page: OpenPage) -> None:
    """Send waits until the request is that of the form."""
    page = open_page("#/playground")
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    previews: list[Any] = []
    page.route("**/_mock/orders/preview", lambda route: previews.append(route))
    page.get_by_label("prompt").fill("unseen")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    page.wait_for_timeout(300)
    previews[0].continue_()
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    assert sent_body(page)["prompt"] == "unseen"


def test_an_order_that_a_fault_meets_says_so(emulator: Emulator, open_page: OpenPage) -> None:
    emulator.control("POST", "faults", {"fault": "reset", "match": {"operation": "create", "times": 1}})
    page = open_page("#/playground")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The connection ended without a response")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    task = page.locator("main [data-task-id]")
    expect(task).to_be_visible()
    expect(page.get_by_text("The connection ended without a response")).to_have_count(0)
    task_id = task.get_attribute("data-task-id")
    page.get_by_role("link", name="Open the task").click()
    expect(page.locator("main [data-task-id]").first).to_have_attribute("data-task-id", str(task_id))


def test_an_upscale_is_ordered(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/playground")
    page.get_by_role("button", name="apimodels: upscale").click()
    expect(page.get_by_label("Head of the request")).to_contain_text("POST /api/v1/video/generations HTTP/1.1")
    expect(page.get_by_text("Size table")).to_have_count(0)
    expect(page.get_by_text("References")).to_have_count(0)
    page.get_by_label("targetResolution").select_option("4k")
    expect(page.get_by_label("Body")).to_have_value(re.compile('"4k"'))


def test_an_uploaded_picture_becomes_the_first_frame(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/playground")
    file = {"name": "frame.png", "mimeType": "image/png", "buffer": picture()}
    page.get_by_label("First frame: image").set_input_files(file)
    expect(page.locator(".references .sentences")).to_contain_text("frame.png: png, 640 × 640")
    expect(page.get_by_label("First frame: image")).to_be_disabled()
    page.get_by_label("Reference: image").set_input_files({**file, "name": "other.png"})
    page.get_by_role("button", name="Remove other.png").click()
    expect(page.locator(".references .sentences li")).to_have_count(1)
    expect(page.get_by_label("Body")).to_have_value(re.compile("first_frame|image"))
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
    expect(page.locator(".sizes [aria-pressed=true]")).to_have_text("1080x1920")
    page.get_by_role("button", name="opeai: create").click()
    page.get_by_text("Size table").click()
    page.get_by_role("button", name="752x560").click()
    expect(page.get_by_label("size")).to_have_value("752x560")
    expect(page.locator(".sizes [aria-pressed=true]")).to_have_text("752x560")


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
    expect(statement.locator("tbody tr").filter(has_text="opeai").locator("td")).to_have_text(
        ["opeai", "$0.2716", "$0.00", "$0.30", "$0.0284"]
    )
    expect(statement.locator("tbody tr").filter(has_text="apimodels").locator("td")).to_have_text(
        ["apimodels", "$0.00", "$0.00", "$0.30", "$0.30"]
    )
    page.get_by_label("Credit at each upstream").fill("much")
    page.get_by_role("button", name="Set credit").click()
    expect(page.get_by_role("alert")).to_contain_text("amount is 'much'")
    page.get_by_label("Credit at each upstream").fill(" ")
    page.get_by_role("button", name="Set credit").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(statement.locator("tbody tr").filter(has_text="opeai")).to_contain_text("no limit")


def test_money_lists_orders_by_state_the_newest_first(emulator: Emulator, open_page: OpenPage) -> None:
    charged, failed = emulator.order(), emulator.order(prompt="[[mock: failed]]")
    emulator.clock.advance(9)
    running = emulator.order()
    page = open_page("#/money")
    statement = page.locator("[data-account]")
    expect(statement.get_by_role("heading")).to_contain_text("3 orders")
    page.get_by_text("Orders", exact=True).click()
    lines = statement.locator("details tbody tr")
    expect(lines).to_have_count(3)
    for number, (task_id, state) in enumerate(((running, "on hold"), (failed, "refunded"), (charged, "charged"))):
        line = [task_id, "generation", re.compile("2026-05-28 20:26:4. UTC"), "$0.2716", state]
        expect(lines.nth(number).locator("td")).to_have_text([*line, "7 a million tokens", re.compile(".")])
    expect(statement.locator(".sums dd")).to_have_text(["$0.2716", "$0.2716", "$0.2716", "$0.8148"])
    expect(statement.locator("svg circle")).to_have_count(1)
    expect(statement.get_by_text("The newest")).to_have_count(0)
    emulator.order(key="sk_browser_two")
    expect(statement).to_have_count(2)
    expect(page.get_by_text("Nothing has been charged yet")).to_have_count(1)


def test_the_chart_goes_on_where_older_orders_ended(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("about:blank")
    page.goto(f"{emulator.url}/_mock/")
    steps = (
        "() => import('/_mock/page/chart.js').then(({ steps }) => steps([%s, %s], 1).map(({ at, sum }) => [at, sum]))"
    )
    line = "{id: '%d', charged: '%s', settled_at: %s}"
    lines = line % (1, "0.5", 9), line % (2, "0.25", 3)
    assert page.evaluate(steps % lines) == [[3, 1.25], [9, 1.75]]
    assert page.evaluate(steps % (line % (1, "0", 9), line % (2, "0.5", "null"))) == []


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
    expect(entry).to_contain_text("a face")
    expect(entry).to_contain_text(re.compile(r"image: png, 640 × 640, \d+\.\d KiB"))
    expect(page.get_by_role("heading", name="people")).to_contain_text("apimodels, group 1, 1 asset")
    asset_id = created.json()["data"]["id"]
    expect(entry.locator("code")).to_have_text(f"asset://{asset_id}")
    emulator.control("POST", "clock", {"advance": 60})
    expect(entry).to_contain_text("Active")
    second = {"group_id": group["id"], "asset_type": "Image", "url": "https://nowhere.example/none.png", "name": ""}
    emulator.send("POST", "/api/v1/assets", json=second)
    expect(page.locator("[data-asset-id]")).to_have_count(2)
    expect(page.locator("[data-asset-id]").filter(has_text="not measured")).to_contain_text("(no name)")
    emulator.send("POST", "/api/v1/assets/groups", json={"name": "places"})
    expect(page.get_by_text("The group is empty.")).to_be_visible()
    emulator.control("POST", "reset", {})
    expect(page.get_by_text("No groups yet")).to_be_visible()


def test_the_contract_is_searched(emulator: Emulator, open_page: OpenPage) -> None:
    by_upstream = emulator.control("GET", "basis")
    facts = [fact for rows in by_upstream.values() for fact in rows]
    variants = emulator.control("GET", "variants")
    page = open_page("#/contract")
    table, chosen = page.locator(".facts-table tbody tr"), page.locator("[data-variant]")
    expect(table).to_have_count(len(facts))
    expect(page.get_by_role("heading", name="Facts")).to_contain_text(f"{len(facts)} facts")
    expect(chosen).to_have_count(len(variants))
    expect(chosen.first.locator("td").nth(1)).to_have_text(variants[0]["option"])
    expect(chosen.first.locator("td").nth(2)).to_have_text(", ".join(variants[0]["options"]))
    page.get_by_label("Basis").select_option("assumed")
    expect(table).to_have_count(sum(fact["basis"] == "assumed" for fact in facts))
    page.get_by_label("Upstream").select_option("opeai")
    expect(table).to_have_count(sum(fact["basis"] == "assumed" for fact in by_upstream["opeai"]))
    expect(chosen).to_have_count(sum(variant["id"].startswith("opeai.") for variant in variants))
    page.get_by_label("Basis").select_option("")
    page.get_by_label("Upstream").select_option("")
    page.get_by_label("Search facts").fill("OPEAI.create.seconds.range")
    expect(table).to_have_count(1)
    expect(table.locator("td").nth(1)).to_have_text("documented")
    expect(page.get_by_role("heading", name="Facts")).to_contain_text("1 fact")
    expect(page.get_by_text("No variant matches.")).to_be_visible()
    page.get_by_label("Search facts").fill("no fact is called this")
    expect(page.get_by_text("No fact matches")).to_be_visible()


def test_a_variant_that_is_not_the_default_stands_out(open_page: OpenPage, clips: Path) -> None:
    with serve(clock=ManualClock(), seed=1, cache_dir=clips, variants={"apimodels.errors": "ok"}) as server:
        page = open_page("#/contract", url=server.url)
        variant = page.locator("[data-variant='apimodels.errors'] .tag")
        expect(variant).to_have_text("ok")
        expect(variant).to_have_class("tag tone-accent")
        expect(page.locator("[data-variant='apimodels.keys'] .tag")).to_have_class("tag tone-plain")
