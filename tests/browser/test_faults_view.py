"""Break it: forms from the catalogue, rules that count and can be undone, and scenarios."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from .browsers import in_both_browsers
from .conftest import BOAT, Emulator, OpenPage


def rules(page: Any, title: str) -> Any:
    return page.locator("section", has=page.get_by_role("heading", name=title)).locator("[data-rule-id]")


@in_both_browsers
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
    expect(form.get_by_label("code", exact=True)).to_be_visible()  # the form is that of the kind
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


def test_the_next_request_fails_by_one_click(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/faults")
    page.get_by_role("group", name="The next request").get_by_role("button", name="503").click()
    rule = rules(page, "Active faults")
    expect(rule.locator("td")).to_have_text(["status code=503", "times 1 ", "0", "0", "Remove"])
    assert [emulator.send("POST", "/v1/videos", json=BOAT).status_code for _ in range(2)] == [503, 200]
    expect(rule.locator("td")).to_have_text(["status code=503", "times 1 ", "2", "1", "Remove"])
    for name, kind in (
        ("429", "status code=429"),
        ("Slow by 5 s", "latency seconds=5s"),
        ("Hang", "hang"),
        ("Cut", "reset"),
    ):
        page.get_by_role("group", name="The next request").get_by_role("button", name=name).click()
        expect(rule.filter(has_text=kind)).to_have_count(1)


def test_the_next_order_fails_by_one_click(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/faults")
    fates = {"Fail": "failed", "Moderate": "moderated", "Never end": "stuck", "No clip": "completed_without_url"}
    for name, kind in fates.items():
        page.get_by_role("group", name="The next order").get_by_role("button", name=name).click()
        expect(rules(page, "Active fates").filter(has_text=kind)).to_contain_text("times 1")
    first, second = emulator.order(), emulator.order()
    emulator.clock.advance(9)
    assert emulator.control("GET", f"tasks/{first}")["fate"] == "failed"
    assert emulator.control("GET", f"tasks/{second}")["fate"] == "moderated"


def test_rules_of_others_appear_count_and_go(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/faults")
    faults, fates = rules(page, "Active faults"), rules(page, "Active fates")
    expect(page.get_by_text("None: everything works as documented.")).to_have_count(2)
    emulator.control("POST", "faults", {"fault": "other_id"})
    expect(faults).to_contain_text("breaks the contract")
    expect(faults.locator("td").nth(1)).to_have_text("all")
    weighted = [{"fate": "failed", "weight": 0.25}, {"fate": "slow", "weight": 0.75}]
    emulator.control("POST", "fates", {"fate": weighted, "match": {"prompt": "fox", "nth": 2}})
    expect(fates.locator("td").first).to_have_text("failed (0.25) or slow (0.75)")
    expect(fates.locator("td").nth(1)).to_have_text("prompt fox nth 2 ")
    emulator.control("DELETE", "faults")
    expect(faults).to_have_count(0)
    emulator.control("POST", "reset", {})
    expect(fates).to_have_count(0)


def test_removing_an_unknown_rule_shows_the_error(emulator: Emulator, open_page: OpenPage) -> None:
    emulator.control("POST", "faults", {"fault": "hang"})
    page = open_page("#/faults")
    page.route("**/_mock/faults/*", lambda route: (emulator.control("DELETE", "faults"), route.continue_()))
    page.get_by_role("button", name="Remove hang").click()
    expect(page.get_by_role("alert")).to_contain_text("unknown fault rule")
    expect(rules(page, "Active faults")).to_have_count(0)
    page.get_by_role("button", name="Moderate", exact=True).click()
    expect(page.get_by_text("The fate moderated is active.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_form_asks_for_what_a_fault_needs(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/faults")
    page.get_by_label("code", exact=True).fill("99")
    page.get_by_role("button", name="Add fault").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Kind of fault").select_option("bandwidth")
    expect(page.get_by_role("alert")).to_have_count(0)  # it was about another kind
    expect(page.locator("#fault-kind-hint")).to_contain_text("; any operation")
    page.get_by_role("button", name="Add fault").click()
    expect(page.get_by_label("rate (required)")).to_be_focused()
    assert page.get_by_label("rate (required)").evaluate("input => input.validity.valueMissing")
    page.get_by_label("rate (required)").fill("1000")
    form = page.locator("form", has=page.get_by_role("button", name="Add fault"))
    form.get_by_text("Only for some requests").click()
    form.get_by_label("operation", exact=True).select_option("content")
    form.get_by_label("nth", exact=True).fill("2")
    form.get_by_label("probability", exact=True).fill("0.5")
    form.get_by_label("prompt", exact=True).fill("42")
    page.get_by_role("button", name="Add fault").click()
    expect(rules(page, "Active faults")).to_have_count(1)
    (rule,) = emulator.control("GET", "faults")["rules"]
    assert rule["match"] == {"operation": "content", "nth": 2, "probability": 0.5, "prompt": "42"}
    assert rule["fault"] == {"fault": "bandwidth", "rate": "1000"} or rule["text"] == "bandwidth rate=1000"
    page.get_by_label("Kind of fault").select_option("status")
    expect(page.get_by_label("code", exact=True)).to_have_value("")


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
    breaking = (
        page.get_by_label("Kind of fault").locator("optgroup[label='Breaks the contract'] option").all_inner_texts()
    )
    assert sorted(breaking) == sorted(entry["kind"] for entry in catalog["faults"] if entry["breaks_contract"])
    expect(page.get_by_label("Kind of fate").locator("optgroup")).to_have_count(1)
    expect(page.locator("#fate-kind-hint")).to_have_text("the task succeeds; create, upscale")
    page.get_by_label("Kind of fault").select_option("redirect")
    options = page.get_by_label("code", exact=True).locator("option").all_inner_texts()
    assert options[1:] == ["301", "302", "303", "307", "308"]


def test_a_scenario_is_started_and_stopped(emulator: Emulator, open_page: OpenPage) -> None:
    page = open_page("#/faults")
    scenario = next(row for row in emulator.control("GET", "scenarios")["scenarios"] if row["links"])
    entry = page.locator(".scenarios li").first
    expect(page.locator(".scenarios li")).not_to_have_count(1)
    page.get_by_label("Search scenarios").fill("no scenario is called this")
    expect(page.get_by_text("No scenario matches")).to_be_visible()
    expect(page.locator(".scenarios li")).to_have_count(0)
    page.get_by_label("Search scenarios").fill(scenario["title"].upper())
    expect(page.locator(".scenarios li")).to_have_count(1)
    expect(page.get_by_text("No scenario matches")).to_have_count(0)
    expect(entry.locator(".tag")).to_have_text(scenario["upstreams"])
    expect(entry.locator("a").first).to_contain_text(scenario["links"][0].split("/")[2])
    expect(entry.locator("a").first).to_contain_text(f"(report 1 of {scenario['title']})")
    expect(entry).to_contain_text(scenario["description"])
    assert entry.locator("a").first.get_attribute("href") == scenario["links"][0]
    page.get_by_role("button", name=f"Start {scenario['title']}").click()
    expect(page.get_by_text("Active:")).to_contain_text(scenario["title"])
    assert emulator.control("GET", "scenario")["scenario"]["name"] == scenario["name"]
    expect(page.get_by_role("button", name=f"Start {scenario['title']}")).to_be_disabled()
    expect(entry).to_have_class("active")
    page.get_by_role("button", name="Stop the scenario").click()
    expect(page.get_by_text("Active:")).to_have_count(0)
    assert emulator.control("GET", "scenario")["scenario"] is None
    emulator.control("PUT", "scenario", {"name": scenario["name"]})
    expect(page.get_by_role("status").filter(has_text="Active:")).to_contain_text(scenario["title"])
    rule = page.locator("[data-rule-id]").first
    if emulator.control("GET", "faults")["scenario_rules"] or emulator.control("GET", "fates")["scenario_rules"]:
        expect(rule).to_contain_text("scenario")
        expect(rule.get_by_role("button")).to_have_count(0)
