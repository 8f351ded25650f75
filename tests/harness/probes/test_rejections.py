"""Checks on single exchanges: rules kept and violated, rejections of each kind, and their effects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_contracts.exchange import Exchange, Request, Response
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.checks import access, rule_enforcement
from seedmock_harness.conversation.history import History, Interaction
from seedmock_harness.results.checks import CheckResult, Severity

GOOD = {"model": "seedance-2-0", "prompt": "A kite.", "size": "1280x720", "seconds": "4"}
LONG = {**GOOD, "seconds": "16"}
CREATED = {"id": "cgt-20260601090001-k3v7p", "status": "queued"}
A = {"model": "seedance2-a/seedance-2.0-a", "prompt": "A kite.", "duration": 16}


def error(message: str, code: str = "InvalidParameter", type_: str = "BadRequest", param: str = "") -> dict[str, Any]:
    return {"error": {"message": message, "type": type_, "param": param, "code": code}}


def interaction(
    name: str,
    operation: Operation | None,
    request: tuple[str, str],
    sent: Any,
    status: int,
    answer: Any,
    before: History | None = None,
    caller: str = "first",
) -> Interaction:
    body = "" if sent is None else json.dumps(sent)
    http_request = Request(*request, (("content-type", "application/json"),), body)
    http_response = Response(status, (("content-type", "application/json"),), json.dumps(answer))
    exchange = Exchange(operation or "", http_request, http_response, caller, 0.0)
    return (before or History(get_contract(name))).interaction(exchange)


def created(sent: Any, status: int, answer: Any) -> Interaction:
    return interaction("opeai", Operation.CREATE, ("POST", "/v1/videos"), sent, status, answer)


def results_of(check: Any, exchange: Interaction) -> dict[str, CheckResult]:
    return {result.fact.id: result for result in check(exchange)}


RANGE = "opeai.create.seconds.range"
INVALID = "opeai.error.invalid_parameter"


@pytest.mark.parametrize(
    ("status", "answer", "holds"),
    [(400, error("seconds is 16"), True), (200, CREATED, False), (400, {**error("seconds"), "id": "x-1"}, False)],
)
def test_a_broken_rule_is_refused_and_makes_nothing(status: int, answer: Any, holds: bool) -> None:
    assert (
        results_of(rule_enforcement.rule_violations_are_rejected, created(LONG, status, answer))[RANGE].passed is holds
    )


def test_a_refusal_for_something_else_says_nothing_of_a_rule() -> None:
    limited = error("slow down", "RateLimitExceeded.EndpointRPMExceeded", "TooManyRequests")
    assert results_of(rule_enforcement.rule_violations_are_rejected, created(LONG, 429, limited)) == {}
    assert results_of(rule_enforcement.violations_get_the_documented_error, created(LONG, 429, limited)) == {}


@pytest.mark.parametrize(
    ("status", "answer", "holds"),
    [
        (400, error("seconds is 16"), True),
        (422, error("seconds is 16"), False),
        (400, error("seconds is 16", code="Bad"), False),
        (400, error("seconds is 16", type_="Bad"), False),
        (400, "no object", False),
    ],
)
def test_a_broken_rule_is_refused_with_the_status_code_and_type_of_its_kind(
    status: int, answer: Any, holds: bool
) -> None:
    assert (
        results_of(rule_enforcement.violations_get_the_documented_error, created(LONG, status, answer))[INVALID].passed
        is holds
    )


def test_a_refusal_that_names_no_field_is_advice() -> None:
    result = results_of(rule_enforcement.errors_name_the_field, created(LONG, 400, error("no")))[INVALID]
    assert not result.passed
    assert result.severity is Severity.WARNING
    assert results_of(rule_enforcement.errors_name_the_field, created(LONG, 400, error("seconds is 16")))[
        INVALID
    ].passed


def test_a_kept_rule_that_is_blamed_is_found() -> None:
    results = results_of(
        rule_enforcement.valid_requests_are_accepted, created(GOOD, 400, error("seconds is 4; allowed: 5 to 15"))
    )
    assert list(results) == [RANGE]
    assert not results[RANGE].passed
    assert results_of(rule_enforcement.valid_requests_are_accepted, created(GOOD, 200, CREATED)) == {}
    sensitive = error("prompt", "InputTextSensitiveContentDetected")
    assert results_of(rule_enforcement.valid_requests_are_accepted, created(GOOD, 400, sensitive)) == {}


def test_a_seed_that_is_refused_settles_the_variant() -> None:
    results = results_of(
        rule_enforcement.valid_requests_are_accepted, created({**GOOD, "seed": 7}, 400, error("seed is 7"))
    )
    assert [(fact, result.severity) for fact, result in results.items()] == [("opeai.seed", Severity.INFO)]


def test_both_ways_of_saying_a_size_that_are_taken_settle_the_variant() -> None:
    both = {**GOOD, "resolution": "720p", "ratio": "16:9"}
    results = results_of(rule_enforcement.rule_violations_are_rejected, created(both, 200, CREATED))
    assert [(fact, result.severity) for fact, result in results.items()] == [
        ("opeai.size_with_resolution", Severity.INFO)
    ]


@pytest.mark.parametrize(("after", "holds"), [(10.0, True), (9.9, False)])
def test_refusals_leave_the_balance_as_it_was(after: float, holds: bool) -> None:
    history = History(get_contract("apimodels"))
    balance = ("GET", "/api/v1/balance")
    refused = {"code": 400, "msg": "duration is 16", "data": None}
    for operation, request, sent, status, answer in (
        (Operation.BALANCE, balance, None, 200, {"code": 200, "msg": "", "data": {"balance": 10.0}}),
        (Operation.CREATE, ("POST", "/api/v1/video/generations"), A, 400, refused),
    ):
        history.add(interaction("apimodels", operation, request, sent, status, answer, history))
    body = {"code": 200, "msg": "", "data": {"balance": after}}
    last = interaction("apimodels", Operation.BALANCE, balance, None, 200, body, history)
    assert results_of(rule_enforcement.rejected_orders_cost_nothing, last)["apimodels.balance"].passed is holds


@pytest.mark.parametrize(
    ("caller", "status", "answer", "holds"),
    [
        ("", 401, error("no key", "AuthenticationError", "Unauthorized"), True),
        ("wrong", 401, error("no key", "AuthenticationError", "Unauthorized"), True),
        ("", 200, CREATED, False),
        ("", 400, error("seconds"), False),
    ],
)
def test_the_key_is_looked_at_first(caller: str, status: int, answer: Any, holds: bool) -> None:
    rejected = interaction("opeai", Operation.CREATE, ("POST", "/v1/videos"), LONG, status, answer, caller=caller)
    assert results_of(access.authentication_is_required, rejected)["opeai.auth"].passed is holds


@pytest.mark.parametrize(("status", "holds"), [(404, True), (400, False), (200, False)])
def test_a_path_that_there_is_not_is_not_found(status: int, holds: bool) -> None:
    answer = error("Invalid URL (GET /v1/nothing)", "", "invalid_request_error")
    rejected = interaction("opeai", None, ("GET", "/v1/nothing"), None, status, answer)
    assert results_of(access.unknown_routes_are_rejected, rejected)["opeai.error.route_not_found"].passed is holds


def test_an_unknown_id_is_not_found() -> None:
    request = ("GET", "/v1/videos/cgt-1")
    missing = interaction("opeai", Operation.QUERY, request, None, 404, error("no", "ResourceNotFound", "NotFound"))
    assert results_of(access.unknown_ids_are_not_found, missing)["opeai.error.task_not_found"].passed
    gone = interaction("opeai", Operation.QUERY, request, None, 410, error("no", "Gone", "NotFound"))
    assert not results_of(access.unknown_ids_are_not_found, gone)["opeai.error.task_not_found"].passed


def test_a_body_that_is_no_document_is_refused_as_such() -> None:
    bad = interaction("opeai", Operation.CREATE, ("POST", "/v1/videos"), ["a list"], 400, error("the body is a list"))
    assert results_of(access.invalid_bodies_are_rejected, bad)["opeai.error.malformed"].passed
    accepted = interaction("opeai", Operation.CREATE, ("POST", "/v1/videos"), ["a list"], 200, CREATED)
    assert not results_of(access.invalid_bodies_are_rejected, accepted)["opeai.error.malformed"].passed
