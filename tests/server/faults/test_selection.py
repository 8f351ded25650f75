"""Selection of faults by header, by rules with counts and by the seed, and its traces in the journal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedmock_server.faults.rules import FaultRules, parse_fault_rule
from seedmock_server.http.coroutines import run_now
from seedmock_server.matching.rules import RequestFacts
from seedmock_server.randomness import SeededRandom


def codes(socket_server: Any, count: int, **more: Any) -> list[int]:
    return [socket_server.create(**more).status_code for _ in range(count)]


def test_a_rule_applies_to_every_request_until_it_is_removed(socket_server: Any) -> None:
    label = socket_server.rule("status code=503")
    assert codes(socket_server, 2) == [503, 503]
    assert socket_server.app.faults.remove(label)
    assert not socket_server.app.faults.remove(label)
    assert codes(socket_server, 1) == [200]
    assert socket_server.faults() == [["status code=503"], ["status code=503"], []]


def test_a_rule_applies_to_the_nth_request_or_a_number_of_times(socket_server: Any) -> None:
    socket_server.rule("status code=503", nth=2)
    assert codes(socket_server, 4) == [200, 503, 200, 200]
    socket_server.rule("status code=502", times=2)
    assert codes(socket_server, 3) == [502, 502, 200]


@pytest.mark.parametrize("match", [
    {"upstream": "opeai"}, {"operation": "create"}, {"model": "seedance-2-0-fast"}, {"prompt": "^A paper"},
    {"upstream": "opeai", "operation": "create", "prompt": "boat"},
])  # fmt: skip
def test_a_rule_applies_to_requests_that_match(socket_server: Any, match: dict[str, Any]) -> None:
    socket_server.rule("status code=503", **match)
    assert socket_server.create().status_code == 503


@pytest.mark.parametrize("match", [
    {"upstream": "apimodels"}, {"operation": "query"}, {"model": "seedance-2-0"}, {"prompt": "ship"},
    {"reference": "."}, {"account": "key-somebody"},
])  # fmt: skip
def test_a_rule_does_not_apply_to_requests_that_do_not_match(socket_server: Any, match: dict[str, Any]) -> None:
    socket_server.rule("status code=503", **match)
    assert socket_server.create().status_code == 200


def test_queries_and_downloads_match_the_model_and_prompt_of_their_task(socket_server: Any) -> None:
    task_id = socket_server.finished_opeai()
    socket_server.rule("status code=503", prompt="^A paper", model="seedance-2-0-fast", operation="query")
    socket_server.rule("status code=502", prompt="^A paper", operation="content")
    socket_server.rule("status code=501", prompt="ship")
    assert socket_server.ask("GET", f"/v1/videos/{task_id}").status_code == 503
    assert socket_server.ask("GET", f"/v1/videos/{task_id}/content").status_code == 502
    assert socket_server.ask("GET", f"/v1/videos/{task_id}", key="other").status_code == 404


def test_a_rule_matches_references_before_they_are_read(socket_server: Any) -> None:
    socket_server.rule("status code=503", reference="example")
    item = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}, "role": "first_frame"}
    assert socket_server.create(input_reference={"content": [item]}).status_code == 503


def test_accounts_have_counts_and_draws_of_their_own(socket_server: Any) -> None:
    mine, others = socket_server.account("one"), socket_server.account("other")
    assert mine != others
    socket_server.rule("status code=503", account=mine)
    assert socket_server.create(key="one").status_code == 503
    assert socket_server.create(key="other").status_code == 200
    socket_server.rule("status code=502", account=others)
    socket_server.change(lambda: socket_server.app.faults.clear(mine))
    assert [row["text"] for row in socket_server.app.faults.rows()] == ["status code=502"]
    socket_server.app.faults.clear()
    assert socket_server.app.faults.rows() == []


def test_a_header_takes_precedence_over_rules_of_the_same_group(socket_server: Any) -> None:
    socket_server.rule("status code=503")
    socket_server.rule("clock_skew by=-1h")
    assert socket_server.create("status code=502").status_code == 502
    assert socket_server.faults() == [["status code=502", "clock_skew by=-3600s"]]


def test_the_header_none_disables_all_rules(socket_server: Any) -> None:
    socket_server.rule("status code=503", nth=1)
    assert socket_server.create("none").status_code == 200
    assert socket_server.create().status_code == 503


def test_the_first_rule_of_a_group_applies_and_later_ones_do_not_count(socket_server: Any) -> None:
    socket_server.rule("status code=503", times=1)
    socket_server.rule("status code=502", times=1)
    assert codes(socket_server, 3) == [503, 502, 200]
    assert [(row["matched"], row["applied"]) for row in socket_server.app.faults.rows()] == [(3, 1), (2, 1)]


def test_the_rules_of_a_scenario_come_last(socket_server: Any) -> None:
    socket_server.app.faults.add(parse_fault_rule({"fault": "status code=502"}), scenario=True)
    assert codes(socket_server, 1) == [502]
    socket_server.rule("status code=503", nth=1)
    assert codes(socket_server, 2) == [503, 502]
    assert [row["scenario"] for row in socket_server.app.faults.rows()] == [False, True]


def test_a_rule_skips_operations_to_which_its_fault_cannot_apply(socket_server: Any) -> None:
    socket_server.rule("no_range", times=1)
    path = f"/v1/videos/{socket_server.create().json()['id']}/content"
    assert socket_server.ask("GET", path, headers={"Range": "bytes=0-9"}).status_code == 200
    assert socket_server.ask("GET", path, headers={"Range": "bytes=0-9"}).status_code == 206


def test_rows_are_json_and_can_be_parsed_again(socket_server: Any) -> None:
    socket_server.rule("latency p50=1s p90=4s", upstream="opeai", probability=0.5)
    socket_server.rule("not_found")
    one, other = json.loads(json.dumps(socket_server.app.faults.rows()))
    assert one == {
        "id": one["id"], "scenario": False, "match": {"upstream": "opeai", "probability": 0.5},
        "fault": {"fault": "latency", "p50": 1.0, "p90": 4.0}, "text": "latency p50=1s p90=4s",
        "warning": "", "breaks_contract": False, "matched": 0, "applied": 0,
    }  # fmt: skip
    assert other["breaks_contract"] is True
    assert (
        parse_fault_rule({"match": one["match"], "fault": one["fault"]}).fault
        == parse_fault_rule({"fault": one["text"]}).fault
    )


def met(seed: int, count: int = 200) -> list[int]:
    """Tell for each of a number of requests by a key whether it meets a rule with probability 0.5."""
    faults = FaultRules(SeededRandom(seed))
    faults.add(parse_fault_rule({"fault": "response_lost", "match": {"probability": 0.5}}))
    subject = RequestFacts("opeai", "create", "key-a", 0)
    return [number for number in range(count) if run_now(faults.choose(subject))]


def test_probabilities_repeat_with_the_seed() -> None:
    assert met(1) == met(1) != met(2)
    assert 70 < len(met(1)) < 130


def test_the_same_seed_gives_the_same_journal(start_socket_server: Any) -> None:
    def journal() -> str:
        socket_server = start_socket_server(seed=7)
        socket_server.rule("status code=503", probability=0.4)
        socket_server.rule("latency p50=1s p90=3s", probability=0.5)
        socket_server.rule("truncated", probability=0.3)
        for number in range(20):
            socket_server.create(upstream=("opeai", "apimodels")[number % 2])
        entries = [
            {name: entry[name] for name in ("at", "status", "response_body", "faults", "path")}
            for entry in socket_server.journal()
        ]
        return json.dumps(entries)

    assert journal() == journal()


def test_a_fault_that_could_not_be_applied_is_journaled_as_such(socket_server: Any) -> None:
    assert socket_server.create("missing field=colour").status_code == 200
    assert socket_server.faults() == [["not applied: missing field=colour"]]


def test_an_empty_rule_set_is_false(socket_server: Any) -> None:
    assert not socket_server.app.faults
    socket_server.rule("response_lost", nth=9)
    assert socket_server.app.faults
