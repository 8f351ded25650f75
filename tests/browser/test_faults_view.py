"""Break it: forms from the catalogue, rules that count and can be undone, and scenarios."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from .conftest import BOAT, Emulator, OpenPage


def rules(page: Any, title: str) -> Any:
    return page.locator("section", has=page.get_by_role("heading", name=title)).locator("[data-rule-id]")


def test_a_fault_is_added_met_counted_and_undone(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/faults")
    page.get_by_label("code", exact=True).fill("503")
    page.get_by_role("button", name="Add fault").click()
    rule = rules(page, "Active faults")
    expect(rule).to_contain_text("status code=503")
    assert emulator.send("POST", "/v1/videos", json=BOAT).status_code == 503
    expect(rule.locator("strong")).to_have_text("1")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(rule).to_have_count(0)
    assert emulator.send("POST", "/v1/videos", json=BOAT).status_code == 200


def test_a_fate_for_some_requests_is_added_and_met(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/faults")
    page.get_by_label("Kind of fate").select_option("failed")
    form = page.locator("form", has=page.get_by_role("button", name="Add fate"))
    form.get_by_label("after", exact=True).fill("9s")
    form.get_by_text("Only for some requests").click()
    form.get_by_label("prompt", exact=True).fill("fox")
    page.get_by_role("button", name="Add fate").click()
    expect(rules(page, "Active fates")).to_contain_text("failed after=9s")
    boat, fox = emulator.order(), emulator.order(prompt="A fox")
    emulator.clock.advance(10)
    assert emulator.control("GET", f"tasks/{boat}")["status"] == "SUCCESS"
    assert emulator.control("GET", f"tasks/{fox}")["status"] == "FAILURE"
    expect(rules(page, "Active fates").locator("strong")).to_have_text("1")
    page.get_by_role("button", name="Remove failed").click()
    expect(rules(page, "Active fates")).to_have_count(0)


def test_a_form_says_what_the_api_says(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/faults")
    page.get_by_label("code", exact=True).fill("99")
    page.get_by_role("button", name="Add fault").click()
    expect(page.get_by_role("alert")).to_contain_text("allowed: a whole number from 200 to 599")
    expect(rules(page, "Active faults")).to_have_count(0)


def test_the_forms_know_every_kind_and_its_allowed_values(emulator: Emulator, open_page: OpenPage) -> None:
    catalog = emulator.control("GET", "catalog")
    page = open_page("#/faults")
    for effect in ("fault", "fate"):
        expect(page.get_by_label(f"Kind of {effect}").locator("option")).to_have_count(len(catalog[f"{effect}s"]))
        kinds = page.get_by_label(f"Kind of {effect}").locator("option").all_inner_texts()
        assert sorted(kinds) == sorted(entry["kind"] for entry in catalog[f"{effect}s"])
    page.get_by_label("Kind of fault").select_option("redirect")
    options = page.get_by_label("code", exact=True).locator("option").all_inner_texts()
    assert options[1:] == ["301", "302", "303", "307", "308"]


def test_a_scenario_is_started_and_stopped(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/faults")
    scenario = next(row for row in emulator.control("GET", "scenarios")["scenarios"] if row["links"])
    page.get_by_label("Search scenarios").fill(scenario["title"])
    entry = page.locator(".scenarios li").first
    expect(entry).to_contain_text(scenario["description"])
    assert entry.locator("a").first.get_attribute("href") == scenario["links"][0]
    page.get_by_role("button", name=f"Start {scenario['title']}").click()
    expect(page.get_by_text("Active:")).to_contain_text(scenario["title"])
    assert emulator.control("GET", "scenario")["scenario"]["name"] == scenario["name"]
    page.get_by_role("button", name="Stop the scenario").click()
    expect(page.get_by_text("Active:")).to_have_count(0)
