"""Actions: parsing, symbols of created resources, shrinking, and the checks of sequences."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

from seedmock_contracts.enums import Operation
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.conversation.history import History, Interaction
from seedmock_harness.driver.action_runner import ActionRunner
from seedmock_harness.driver.actions import Action, InvalidReproducer, dump_reproducer, load_reproducer, parse_action
from seedmock_harness.driver.liveness_checks import LIVENESS_CHECKS
from seedmock_harness.driver.shrinking import shrink
from seedmock_harness.results.checks import CheckFailure, CheckResult
from seedmock_server.http.in_process import BufferedResponse

if TYPE_CHECKING:
    from .conftest import OpenTarget

APIMODELS, OPEAI = get_contract("apimodels"), get_contract("opeai")
ACTIONS = [
    Action("create", {"prompt": "\ud800", "n": None, "seed": 10**30}, caller="second", base=1, creates="task1"),
    Action("query", params={"task_id": "$task1"}),
    Action(method="POST", url="/v1/videos", body=bytes(range(256)), headers={"content-type": "x"}),
    Action(url="$task1.link", headers={"range": "bytes=0-0"}),
    Action(seconds=0.5),
]


@pytest.mark.parametrize("action", ACTIONS, ids=str)
def test_an_action_is_parsed_from_its_line(action: Action) -> None:
    assert parse_action(action.to_json()) == action
    assert "\n" not in action.to_json()
    assert action.to_json().isascii()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "is not a valid action"),
        ("[]", "is not a valid action"),
        ("7", "is not a valid action"),
        ('{"operation": "query", "speed": 7}', "unknown speed; available: base, body"),
        ('{"method": "POST", "url": "/", "body": "*"}', "is not a valid action"),
    ],
)
def test_an_invalid_action_is_rejected_with_the_reason(line: str, message: str) -> None:
    with pytest.raises(InvalidReproducer, match=message):
        parse_action(line)


@pytest.mark.parametrize("text", ["", "{}", '{"upstream": "nobody"}', "[]", "null", '{"upstream": []}'])
def test_a_reproducer_without_a_header_is_rejected(text: str) -> None:
    with pytest.raises(InvalidReproducer, match="is not the header of a reproducer"):
        load_reproducer(text)


def test_a_reproducer_has_the_failure_and_the_actions() -> None:
    result = CheckResult(OPEAI.fact("opeai.auth"), False, "a request without a key is accepted", "401", "200")
    failure = CheckFailure("a_check", result, exchange())
    header, actions = load_reproducer(dump_reproducer("opeai", ACTIONS, failure, {"options": {}, "strict": True}))
    assert actions == ACTIONS
    assert (header["check"], header["fact"]) == failure.identity
    assert header["expected"] == "401"


def test_symbols_stand_for_the_ids_of_created_resources(open_target: OpenTarget) -> None:
    target = open_target()
    runner = ActionRunner(APIMODELS, target.send, clock=target.clock)
    runner.run(Action("group_create", {"name": "cast"}))
    runner.run(Action("asset_create", {**APIMODELS.example(Operation.ASSET_CREATE), "group_id": "#group1"}))
    runner.run(Action("create", APIMODELS.example(Operation.CREATE), caller="second"))
    runner.run(Action(seconds=60))
    runner.run(Action("query", {"task_id": "$task1"}, caller="second"))
    download = runner.run(Action(url="$task1.link"))
    assert download is not None and download.media is not None
    assert [action.creates for action in runner.actions] == ["group1", "asset1", "task1", "", "", ""]
    assert runner.symbols_of("task", "second") == ["$task1"] and runner.symbols_of("task", "first") == []
    assert runner.symbols_of("link") == ["$task1.link"]
    document = json.loads(runner.driver.history.interactions[1].exchange.request.body)
    assert type(document["group_id"]) is int
    unknown = runner.run(Action("query", {"task_id": "$task7"}))
    assert unknown is not None and unknown.is_error


@pytest.mark.parametrize("strict", [True, False])
def test_a_contradicted_assumption_is_a_failure_only_if_strict(strict: bool) -> None:
    assumed = CheckResult(next(fact for fact in OPEAI.facts() if fact.basis == "assumed"), False)
    documented = CheckResult(OPEAI.fact("opeai.auth"), False)
    runner = ActionRunner(OPEAI, send_nothing, strict=strict)
    assert runner._is_failure(assumed) is strict
    assert runner._is_failure(documented)


def send_nothing(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
    raise AssertionError("nothing is sent")


def test_failing_actions_are_shrunk_in_number_and_in_size() -> None:
    calls = 0

    def fails(actions: Sequence[Action]) -> bool:
        nonlocal calls
        calls += 1
        created = [action.creates for action in actions if action.operation == "create"]
        seconds = sum(action.seconds for action in actions)
        return "task3" in created and seconds >= 3 and actions[-1].operation == "query"

    document = {**OPEAI.example(Operation.CREATE), "prompt": "x" * 1000, "watermark": True}
    actions = [
        *(Action("create", document, headers={"range": "x"}, creates=f"task{number}") for number in range(1, 9)),
        *(action for _ in range(10) for action in (Action("content", params={"task_id": "$task1"}), Action(seconds=1))),
        Action("query", params={"task_id": "$task3"}, headers={"x": "y"}),
    ]
    shortest = shrink(OPEAI, actions, fails)
    assert [str(action).partition(" {")[0] for action in shortest] == ["first: create", "wait 3 s", "first: query"]
    assert shortest[0].document == OPEAI.example(Operation.CREATE)
    assert not any(action.headers for action in shortest)
    assert calls < 150


def test_shrinking_ends_after_the_allowed_number_of_tries() -> None:
    tries: list[int] = []
    actions = [Action("create", {"n": number}) for number in range(100)]

    def fails(candidate: Sequence[Action]) -> bool:
        tries.append(len(candidate))
        return len(candidate) > 50

    assert len(shrink(OPEAI, actions, fails, tries=7)) >= 50
    assert len(tries) == 7


def exchange(operation: str = "", status: int = 200, body: str = "{}", sent: str = "", url: str = "/v1/x") -> Exchange:
    return Exchange(operation, Request("POST", url, (), sent), Response(status, (), body), "first", 1.0)


def query(status: int, body: str) -> Exchange:
    return Exchange("query", Request("GET", "/v1/videos/cgt-1"), Response(status, (), body), "first", 2.0)


def failed_checks(interaction: Interaction) -> set[str]:
    return {check.__name__ for check in LIVENESS_CHECKS for result in check(interaction) if not result.passed}


def test_a_created_task_must_be_found() -> None:
    history = History(OPEAI, dict(OPEAI.defaults))
    example = json.dumps(dict(OPEAI.example(Operation.CREATE)))
    created = history.interaction(exchange("create", body='{"id": "cgt-1", "status": "queued"}', sent=example))
    assert failed_checks(created) == set()
    history.add(created)
    not_found = '{"error": {"code": "ResourceNotFound", "type": "NotFound", "message": "", "param": ""}}'
    assert failed_checks(history.interaction(query(404, not_found))) == {"created_tasks_are_found"}
    assert failed_checks(history.interaction(query(200, '{"id": "cgt-1"}'))) == set()
    by_post = history.interaction(exchange("query", 404, not_found, url="/v1/videos/cgt-1"))
    assert failed_checks(by_post) == set(), "a POST to the path is no query of the task"


def test_a_server_error_fails() -> None:
    history = History(OPEAI, dict(OPEAI.defaults))
    assert failed_checks(history.interaction(exchange("create", 500, "oops"))) == {"no_server_errors"}


def test_an_unreadable_body_must_be_rejected() -> None:
    history, body = History(OPEAI, dict(OPEAI.defaults)), "[" * 10
    accepted, rejected = (history.interaction(exchange("", status, "{}", sent=body)) for status in (200, 400))
    assert failed_checks(accepted) == {"unreadable_bodies_are_rejected"}
    assert failed_checks(rejected) == set()
