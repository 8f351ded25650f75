"""Moves as data: written, read and made again; made fewer; and what is expected from one answer to the next."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.conversation.history import History, Interaction
from seedmock_harness.driver.actions import (
    Action,
    ActionRunner,
    InvalidReproducer,
    dump_reproducer,
    load_reproducer,
    parse_action,
)
from seedmock_harness.driver.liveness_checks import LIVENESS_CHECKS
from seedmock_harness.driver.shrinking import shrink
from seedmock_harness.results.checks import CheckFailure, CheckResult

A, B = get_contract("apimodels"), get_contract("opeai")
MOVES = [
    Action("create", {"prompt": "\ud800", "n": None, "seed": 10**30}, caller="second", base=1, makes="task1"),
    Action("query", params={"task_id": "$task1"}),
    Action(method="POST", url="/v1/videos", body=bytes(range(256)), headers={"content-type": "x"}),
    Action(url="$task1.link", headers={"range": "bytes=0-0"}),
    Action(seconds=0.5),
]


@pytest.mark.parametrize("move", MOVES, ids=str)
def test_a_move_is_read_from_its_line(move: Action) -> None:
    assert parse_action(move.line()) == move
    assert "\n" not in move.line()
    assert move.line().isascii()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is no move"),
        ("[]", "is no move"),
        ("7", "is no move"),
        ('{"operation": "query", "speed": 7}', "unknown speed; there are: base, body"),
        ('{"method": "POST", "url": "/", "body": "*"}', "is no move"),
    ],
)
def test_a_line_that_is_no_move_is_refused_with_a_reason(line: str, said: str) -> None:
    with pytest.raises(InvalidReproducer, match=said):
        parse_action(line)


@pytest.mark.parametrize("text", ["", "{}", '{"upstream": "nobody"}', "[]", "null", '{"upstream": []}'])
def test_a_scenario_without_its_first_line_is_refused(text: str) -> None:
    with pytest.raises(InvalidReproducer, match="no first line"):
        load_reproducer(text)


def test_a_scenario_says_what_it_showed_and_is_read_again() -> None:
    failure = CheckFailure(
        "a_check", CheckResult(B.fact("opeai.auth"), False, "a key is not asked for", "401", "200"), exchange()
    )
    head, moves = load_reproducer(dump_reproducer("opeai", MOVES, failure, {"options": {}, "strict": True}))
    assert moves == MOVES
    assert (head["check"], head["fact"]) == failure.identity
    assert head["expected"] == "401"


def test_moves_name_what_was_made_and_say_its_id_later(open_target: Callable[..., Any]) -> None:
    target = open_target()
    play = ActionRunner(A, target.send, clock=target.clock)
    play.run(Action("group_create", {"name": "cast"}))
    play.run(Action("asset_create", {**A.example(Operation.ASSET_CREATE), "group_id": "#group1"}))
    play.run(Action("create", A.example(Operation.CREATE), caller="second"))
    play.run(Action(seconds=60))
    play.run(Action("query", {"task_id": "$task1"}, caller="second"))
    clip = play.run(Action(url="$task1.link"))
    assert clip is not None and clip.exchange.response.media is not None
    assert [move.makes for move in play.actions] == ["group1", "asset1", "task1", "", "", ""]
    assert play.symbols_of("task", "second") == ["$task1"] and play.symbols_of("task", "first") == []
    assert play.symbols_of("link") == ["$task1.link"]
    sent = json.loads(play.driver.history.interactions[1].exchange.request.body)
    assert type(sent["group_id"]) is int
    unknown = play.run(Action("query", {"task_id": "$task7"}))
    assert unknown is not None and unknown.is_error


def test_a_contradicted_assumption_counts_only_where_one_is_strict() -> None:
    assumed = next(fact for fact in B.facts() if fact.basis == "assumed")
    strict, loose = (ActionRunner(B, lambda *a, **k: None, strict=strict) for strict in (True, False))  # type: ignore[arg-type, return-value]
    assert strict._counts(CheckResult(assumed, False)) and not loose._counts(CheckResult(assumed, False))
    documented = CheckResult(B.fact("opeai.auth"), False)
    assert strict._counts(documented) and loose._counts(documented)


def test_moves_that_fail_are_made_fewer_and_plainer() -> None:
    asked = 0

    def fails(moves: Sequence[Action]) -> bool:
        nonlocal asked
        asked += 1
        made = [move.makes for move in moves if move.operation == "create"]
        return "task3" in made and sum(move.seconds for move in moves) >= 3 and moves[-1].operation == "query"

    odd = {**B.example(Operation.CREATE), "prompt": "x" * 1000, "watermark": True}
    moves = [
        *(Action("create", odd, headers={"range": "x"}, makes=f"task{number}") for number in range(1, 9)),
        *(move for _ in range(10) for move in (Action("content", params={"task_id": "$task1"}), Action(seconds=1))),
        Action("query", params={"task_id": "$task3"}, headers={"x": "y"}),
    ]
    short = shrink(B, moves, fails)
    assert [str(move).partition(" {")[0] for move in short] == ["first: create", "3 seconds pass", "first: query"]
    assert short[0].document == B.example(Operation.CREATE)
    assert not any(move.headers for move in short)
    assert asked < 150


def test_the_question_whether_moves_fail_is_asked_no_more_often_than_allowed() -> None:
    asked: list[int] = []
    moves = [Action("create", {"n": number}) for number in range(100)]

    def fails(tried: Sequence[Action]) -> bool:
        asked.append(len(tried))
        return len(tried) > 50

    assert len(shrink(B, moves, fails, tries=7)) >= 50
    assert len(asked) == 7


def exchange(operation: str = "", status: int = 200, body: str = "{}", sent: str = "", url: str = "/v1/x") -> Exchange:
    return Exchange(operation, Request("POST", url, (), sent), Response(status, (), body), "first", 1.0)


def seen(turn: Interaction) -> set[str]:
    return {check.__name__ for check in LIVENESS_CHECKS for look in check(turn) if not look.passed}


def test_each_expectation_is_met_by_an_honest_answer_and_missed_by_another() -> None:
    before = History(B, dict(B.defaults))
    example = json.dumps(dict(B.example(Operation.CREATE)))
    made = before.interaction(exchange("create", body='{"id": "cgt-1", "status": "queued"}', sent=example))
    assert seen(made) == set()
    before.add(made)
    refusal = '{"error": {"code": "ResourceNotFound", "type": "NotFound", "message": "", "param": ""}}'
    path = "/v1/videos/cgt-1"
    assert seen(before.interaction(exchange("query", 404, refusal, url=path))) == set(), (
        "asked with POST it is no query of it"
    )
    query = Exchange("query", Request("GET", path), Response(404, (), refusal), "first", 2.0)
    assert seen(before.interaction(query)) == {"created_tasks_are_found"}
    found = Exchange("query", Request("GET", path), Response(200, (), '{"id": "cgt-1"}'), "first", 2.0)
    assert seen(before.interaction(found)) == set()
    assert seen(before.interaction(exchange("create", 500, "oops"))) == {"no_server_errors"}
    assert seen(before.interaction(exchange("", 200, "{}", sent="[" * 10))) == {"unreadable_bodies_are_rejected"}
    assert seen(before.interaction(exchange("", 400, "{}", sent="[" * 10))) == set()
