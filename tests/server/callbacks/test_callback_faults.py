"""Faults of callbacks, by rules that name the operation `callback`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedmock_server.faults.rules import parse_fault_rule
from seedmock_server.matching.rules import InvalidRule


def add_rule(emulator: Any, fault: str, **match: Any) -> None:
    emulator.app.faults.add(parse_fault_rule({"match": {"operation": "callback", **match}, "fault": fault}))


def run_with_fault(
    run: Any, receiver: Any, fault: str, seconds: float = 2, **match: Any
) -> tuple[list[Any], list[Any]]:
    """Return the posts that arrive, and the journal's entries on callbacks."""
    entries: list[Any] = []

    async def play(emulator: Any) -> None:
        add_rule(emulator, fault, **match)
        await emulator.order(receiver.url)
        await emulator.pass_time(seconds)
        entries.extend(emulator.posts())

    run(play)
    return receiver.calls, entries


def test_response_lost_drops_a_callback(run: Any, receiver: Any) -> None:
    calls, entries = run_with_fault(run, receiver, "response_lost", seconds=4000)
    assert calls == []
    (entry,) = entries
    assert (entry["faults"], entry["status"]) == (("response_lost",), 0)
    assert "response lost by a fault" in entry["notes"]


def test_duplicate_posts_a_callback_twice(run: Any, receiver: Any) -> None:
    calls, entries = run_with_fault(run, receiver, "duplicate")
    assert len(calls) == 2
    assert calls[0][3] == calls[1][3]
    assert [entry["faults"] for entry in entries] == [("duplicate",)]


@pytest.mark.parametrize(("seconds", "arrived"), [(11.9, 0), (12.0, 1)])
def test_latency_delays_a_callback(run: Any, receiver: Any, seconds: float, arrived: int) -> None:
    calls, _ = run_with_fault(run, receiver, "latency seconds=10s", seconds=seconds)
    assert len(calls) == arrived


def test_a_callback_with_a_reset_is_retried(run: Any, receiver: Any) -> None:
    calls, entries = run_with_fault(run, receiver, "reset", seconds=3, times=1)
    assert len(calls) == 1
    assert [entry["faults"] for entry in entries] == [("reset",), ()]


@pytest.mark.parametrize("fault", ["malformed", "truncated at=20"])
def test_malformed_and_truncated_bodies_are_not_json(run: Any, receiver: Any, fault: str) -> None:
    ((_, _, _, body),), _ = run_with_fault(run, receiver, fault)
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_wrong_type_changes_the_content_type(run: Any, receiver: Any) -> None:
    ((_, _, headers, _),), _ = run_with_fault(run, receiver, "wrong_type to=text/plain")
    assert {name.lower(): value for name, value in headers.items()}["content-type"] == "text/plain"


@pytest.mark.parametrize(
    ("fault", "field", "gone"),
    [("missing field=taskId", "taskId", True), ("renamed field=state to=status", "status", False)],
)
def test_mutations_change_the_body(run: Any, receiver: Any, fault: str, field: str, gone: bool) -> None:
    ((_, _, _, body),), _ = run_with_fault(run, receiver, fault)
    assert (field in json.loads(body)["data"]) is not gone


def test_a_rule_without_an_operation_does_not_apply_to_callbacks(run: Any, receiver: Any) -> None:
    async def play(emulator: Any) -> None:
        await emulator.order(receiver.url)
        emulator.app.faults.add(parse_fault_rule({"fault": "malformed"}))
        await emulator.pass_time(2)

    run(play)
    assert json.loads(receiver.calls[0][3])["code"] == 200


@pytest.mark.parametrize(
    "fault", ["status code=502", "hang", "not_found", "redirect", "no_range", "dribble", "body_cut"]
)
def test_faults_of_responses_alone_are_rejected_for_callbacks(fault: str) -> None:
    with pytest.raises(InvalidRule, match="callback"):
        parse_fault_rule({"match": {"operation": "callback"}, "fault": fault})
