"""Which faults a call meets: by header, by rules that match and count, by the seed; and what the journal says of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedmock_server.faults.rules import FaultRules, parse_fault_rule
from seedmock_server.matching.rules import RequestFacts
from seedmock_server.randomness import SeededRandom


def codes(wired: Any, count: int, **more: Any) -> list[int]:
    return [wired.create(**more).status_code for _ in range(count)]


def test_a_rule_is_met_by_every_call_until_it_is_taken_away(wired: Any) -> None:
    label = wired.rule("status code=503")
    assert codes(wired, 2) == [503, 503]
    assert wired.app.faults.remove(label)
    assert not wired.app.faults.remove(label)
    assert codes(wired, 1) == [200]
    assert wired.faults() == [["status code=503"], ["status code=503"], []]


def test_a_rule_is_met_by_the_nth_call_or_so_many_times(wired: Any) -> None:
    wired.rule("status code=503", nth=2)
    assert codes(wired, 4) == [200, 503, 200, 200]
    wired.rule("status code=502", times=2)
    assert codes(wired, 3) == [502, 502, 200]


@pytest.mark.parametrize("match", [
    {"upstream": "opeai"}, {"operation": "create"}, {"model": "seedance-2-0-fast"}, {"prompt": "^A paper"},
    {"upstream": "opeai", "operation": "create", "prompt": "boat"},
])  # fmt: skip
def test_a_rule_is_for_the_calls_that_match(wired: Any, match: dict[str, Any]) -> None:
    wired.rule("status code=503", **match)
    assert wired.create().status_code == 503


@pytest.mark.parametrize("match", [
    {"upstream": "apimodels"}, {"operation": "query"}, {"model": "seedance-2-0"}, {"prompt": "ship"},
    {"reference": "."}, {"account": "key-somebody"},
])  # fmt: skip
def test_a_rule_is_not_for_the_others(wired: Any, match: dict[str, Any]) -> None:
    wired.rule("status code=503", **match)
    assert wired.create().status_code == 200


def test_a_query_and_a_download_have_the_model_and_prompt_of_their_task(wired: Any) -> None:
    task_id = wired.made()
    wired.rule("status code=503", prompt="^A paper", model="seedance-2-0-fast", operation="query")
    wired.rule("status code=502", prompt="^A paper", operation="content")
    wired.rule("status code=501", prompt="ship")
    assert wired.ask("GET", f"/v1/videos/{task_id}").status_code == 503
    assert wired.ask("GET", f"/v1/videos/{task_id}/content").status_code == 502
    assert wired.ask("GET", f"/v1/videos/{task_id}", key="other").status_code == 404


def test_a_rule_looks_at_references_before_they_are_read(wired: Any) -> None:
    wired.rule("status code=503", reference="example")
    item = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}, "role": "first_frame"}
    assert wired.create(input_reference={"content": [item]}).status_code == 503


def test_keys_are_apart(wired: Any) -> None:
    mine, others = wired.account("one"), wired.account("other")
    assert mine != others
    wired.rule("status code=503", account=mine)
    assert wired.create(key="one").status_code == 503
    assert wired.create(key="other").status_code == 200
    wired.rule("status code=502", account=others)
    wired.app.faults.clear(mine)
    assert [row["text"] for row in wired.app.faults.rows()] == ["status code=502"]
    wired.app.faults.clear()
    assert wired.app.faults.rows() == []


def test_a_header_comes_before_rules_and_with_those_of_other_groups(wired: Any) -> None:
    wired.rule("status code=503")
    wired.rule("clock_skew by=-1h")
    assert wired.create("status code=502").status_code == 502
    assert wired.faults() == [["status code=502", "clock_skew by=-3600s"]]


def test_a_header_can_ask_for_no_faults(wired: Any) -> None:
    wired.rule("status code=503", nth=1)
    assert wired.create("none").status_code == 200
    assert wired.create().status_code == 503


def test_of_rules_in_one_group_the_first_is_met_and_the_next_not_counted(wired: Any) -> None:
    wired.rule("status code=503", times=1)
    wired.rule("status code=502", times=1)
    assert codes(wired, 3) == [503, 502, 200]
    assert [(row["matched"], row["applied"]) for row in wired.app.faults.rows()] == [(3, 1), (2, 1)]


def test_a_scenario_s_rules_come_last(wired: Any) -> None:
    wired.app.faults.add(parse_fault_rule({"fault": "status code=502"}), scenario=True)
    assert codes(wired, 1) == [502]
    wired.rule("status code=503", nth=1)
    assert codes(wired, 2) == [503, 502]
    assert [row["scenario"] for row in wired.app.faults.rows()] == [False, True]


def test_a_rule_passes_over_operations_for_which_its_fault_makes_no_sense(wired: Any) -> None:
    wired.rule("no_range", times=1)
    path = f"/v1/videos/{wired.create().json()['id']}/content"
    assert wired.ask("GET", path, headers={"Range": "bytes=0-9"}).status_code == 200
    assert wired.ask("GET", path, headers={"Range": "bytes=0-9"}).status_code == 206


def test_rows_are_json_and_can_be_read_again(wired: Any) -> None:
    wired.rule("latency p50=1s p90=4s", upstream="opeai", probability=0.5)
    wired.rule("not_found")
    one, other = json.loads(json.dumps(wired.app.faults.rows()))
    assert one == {
        "id": one["id"], "scenario": False, "match": {"upstream": "opeai", "probability": 0.5},
        "fault": {"fault": "latency", "p50": 1.0, "p90": 4.0}, "text": "latency p50=1s p90=4s",
        "breaks_contract": False, "matched": 0, "applied": 0,
    }  # fmt: skip
    assert other["breaks_contract"] is True
    assert (
        parse_fault_rule({"match": one["match"], "fault": one["fault"]}).fault
        == parse_fault_rule({"fault": one["text"]}).fault
    )


def met(seed: int, count: int = 200) -> list[int]:
    """Which of so many calls of a key meet a rule of even odds."""
    faults = FaultRules(SeededRandom(seed))
    faults.add(parse_fault_rule({"fault": "response_lost", "match": {"probability": 0.5}}))
    subject = RequestFacts("opeai", "create", "key-a", 0)
    return [number for number in range(count) if faults.choose(subject)]


def test_odds_are_of_the_seed() -> None:
    assert met(1) == met(1) != met(2)
    assert 70 < len(met(1)) < 130


def test_the_same_seed_gives_the_same_journal(wire: Any) -> None:
    def journal() -> str:
        wired = wire(seed=7)
        wired.rule("status code=503", probability=0.4)
        wired.rule("latency p50=1s p90=3s", probability=0.5)
        wired.rule("truncated", probability=0.3)
        for number in range(20):
            wired.create(upstream=("opeai", "apimodels")[number % 2])
        kept = [
            {name: entry[name] for name in ("at", "status", "response_body", "faults", "path")}
            for entry in wired.journal()
        ]
        return json.dumps(kept)

    assert journal() == journal()


def test_what_could_not_be_carried_out_is_said_so(wired: Any) -> None:
    assert wired.create("missing field=colour").status_code == 200
    assert wired.faults() == [["not applied: missing field=colour"]]


def test_no_faults_are_no_truth(wired: Any) -> None:
    assert not wired.app.faults
    wired.rule("response_lost", nth=9)
    assert wired.app.faults
