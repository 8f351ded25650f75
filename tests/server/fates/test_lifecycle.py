"""Effects of each fate on both upstreams, in process and on a socket, timed by the clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_server.clock import ManualClock
from seedmock_server.fates.models import FateKind, fail_codes
from seedmock_server.fates.rules import parse_fate_rule

FAST_END = 2.0
START = ManualClock().now()


def task_codes() -> list[Any]:
    return [
        pytest.param(contract, code, id=f"{contract.name}-{code}")
        for contract in contracts()
        for code in fail_codes(contract, "create")
    ]


def contract_of(upstream_client: Any) -> Contract:
    return get_contract(upstream_client.name)


def test_a_task_succeeds_at_the_times_of_its_fate(upstream_client: Any) -> None:
    queued, working, done, _ = upstream_client.status_spellings
    task_id = upstream_client.order("succeed queue=10s render=1m")
    assert upstream_client.statuses(task_id, 0, 9.9, 10, 69.9, 70) == [queued, queued, working, working, done]
    assert upstream_client.clip(task_id).headers["content-type"] == "video/mp4"


def test_after_is_the_time_from_creation_to_the_end(in_process_client: Any) -> None:
    queued, working, done, _ = in_process_client.status_spellings
    task_id = in_process_client.order("succeed after=100s")
    assert in_process_client.statuses(task_id, 14.9, 15, 99.9, 100) == [queued, working, working, done]


def test_slow_takes_a_quarter_of_an_hour_by_default(in_process_client: Any) -> None:
    _, working, done, _ = in_process_client.status_spellings
    assert in_process_client.statuses(in_process_client.order("slow"), 600, 899, 900) == [working, working, done]
    assert in_process_client.statuses(in_process_client.order("slow after=2h"), 7199, 7200) == [working, done]


@pytest.mark.parametrize("why", ["face", "text", "image", "video", "audio", "policy"])
def test_a_refused_order_is_a_400_and_no_task(upstream_client: Any, why: str) -> None:
    status, code, message = upstream_client.error(upstream_client.create(f"refused why={why}"))
    row = contract_of(upstream_client).moderation_code(ErrorKind.MODERATION_INPUT, why)
    assert (status, code, row.reason) == (400, row.code, why)
    assert row.message in message
    assert {exchange["status"] for exchange in upstream_client.server.journal()} == {400}
    if upstream_client.name == "apimodels":
        data = upstream_client.create("refused").json()["data"]
        assert (data["failCode"], data["retryable"]) == ("CONTENT_MODERATION", False)
        assert upstream_client.server.balance(key=upstream_client.key) == 1000


def test_refused_orders_have_the_codes_of_the_service_behind(start_client: Callable[..., Any]) -> None:
    upstream_client = start_client()
    if upstream_client.name == "opeai":
        codes = {
            why: upstream_client.error(upstream_client.create(f"refused why={why}"))[1]
            for why in ("face", "text", "policy")
        }
        assert codes == {
            "face": "InputImageSensitiveContentDetected.PrivacyInformation",
            "text": "InputTextSensitiveContentDetected",
            "policy": "InputTextSensitiveContentDetected.PolicyViolation",
        }


@pytest.mark.parametrize("what", ["video", "audio"])
def test_a_moderated_task_fails_after_its_render(upstream_client: Any, what: str) -> None:
    _, working, _, failed = upstream_client.status_spellings
    task_id = upstream_client.order(f"moderated after=150s what={what}")
    assert upstream_client.statuses(task_id, 149, 150) == [working, failed]
    code, message = upstream_client.failure(task_id)
    ark = f"Output{what.capitalize()}SensitiveContentDetected"
    assert code == {"apimodels": "CONTENT_MODERATION", "opeai": ark}[upstream_client.name]
    assert f"the output {what}" in message


@pytest.mark.parametrize(("contract", "code"), task_codes())
def test_a_task_fails_with_each_code_of_its_upstream(
    start_server: Callable[..., Any], contract: Contract, code: str
) -> None:
    server = start_server(pace="fast")
    row = fail_codes(contract, "create")[code]
    header = {"X-Mock-Fate": f"failed code={code} after=60s"}
    if contract.name == "apimodels":
        response = server.post(
            "/api/v1/video/generations", {"model": contract.models[0].name, "prompt": "x"}, headers=header
        )
        task_id = response.json()["data"]["taskId"]
        server.clock.advance(60)
        body = server.query_apimodels(task_id)
        assert (body["state"], body["failCode"], body["retryable"]) == ("failed", code, row.retryable)
        assert body["completeTime"] - body["createTime"] == 60_000
        assert "resultUrls" not in body
    else:
        order = {"model": "seedance-2-0", "prompt": "x", "size": "640x640", "seconds": "4"}
        task_id = server.post("/v1/videos", order, headers=header).json()["id"]
        server.clock.advance(60)
        body = server.query_opeai(task_id)
        assert (body["status"], body["error"]) == ("FAILURE", {"code": code, "message": row.message})
        assert server.get(f"/v1/videos/{task_id}/content").status_code == 400


def test_the_record_of_a_charged_failure_has_the_charge(in_process_client: Any) -> None:
    task_id = in_process_client.order("failed charged=yes")
    in_process_client.server.clock.advance(FAST_END)
    assert in_process_client.status(task_id) == in_process_client.status_spellings[3]


@pytest.mark.parametrize(("status", "place"), [("queued", 0), ("in_progress", 1)])
def test_a_stuck_task_never_ends(upstream_client: Any, status: str, place: int) -> None:
    task_id = upstream_client.order(f"stuck status={status}")
    stuck = upstream_client.status_spellings[place]
    assert upstream_client.statuses(task_id, 60, 86400, 86400 * 365) == [stuck] * 3
    if upstream_client.name == "opeai":
        response = upstream_client.clip(task_id)
        assert (response.status_code, stuck in response.json()["error"]["message"]) == (400, True)


def test_an_expired_task_ends_with_the_words_of_its_upstream(upstream_client: Any) -> None:
    task_id = upstream_client.order("expired after=48h")
    assert upstream_client.statuses(task_id, 172799, 172800) == [
        upstream_client.status_spellings[1],
        upstream_client.status_spellings[3],
    ]
    assert upstream_client.failure(task_id)[0] == {"apimodels": "TIMEOUT", "opeai": "TaskExpired"}[upstream_client.name]


def test_an_expired_task_can_have_another_spelling(upstream_client: Any) -> None:
    task_id = upstream_client.order("expired after=60s raw_status=expired")
    assert upstream_client.statuses(task_id, 59, 60) == [upstream_client.status_spellings[1], "expired"]
    assert upstream_client.failure(task_id)[0] in ("TIMEOUT", "TaskExpired")


def test_a_task_can_begin_with_the_words_for_not_queued(upstream_client: Any) -> None:
    queued, working, done, _ = upstream_client.status_spellings
    task_id = upstream_client.order("not_started_first queue=10s render=10s duration=2s")
    early = {"apimodels": ["queued", queued, queued], "opeai": ["NOT_START", "SUBMITTED", queued]}[upstream_client.name]
    shift = {"apimodels": 2, "opeai": 4}[upstream_client.name]
    assert upstream_client.statuses(task_id, 0, 2, 4, shift + 10, shift + 20) == [*early, working, done]


def test_the_openai_variant_has_no_spelling_of_not_started(start_server: Callable[..., Any]) -> None:
    server = start_server(pace="fast", variants={"opeai.status": "openai"})
    task_id = server.order_opeai(prompt="[[mock: not_started_first]]")
    statuses = []
    for _ in range(5):
        statuses.append(server.query_opeai(task_id)["status"])
        server.clock.advance(1)
    assert statuses == ["unknown", "queued", "queued", "in_progress", "completed"]


@pytest.mark.parametrize("fate", ["unknown_status raw_status=PAUSED", "expired raw_status=PAUSED"])
def test_a_status_that_a_fate_names_is_shown_in_the_variant_of_openai(start_server: Any, fate: str) -> None:
    server = start_server(pace="fast", variants={"opeai.status": "openai"})
    named = server.order_opeai(prompt=f"A boat [[mock: {fate}]]")
    usual = server.order_opeai(prompt="A boat [[mock: unknown_status]]")
    server.clock.advance(600)
    assert [server.query_opeai(task)["status"] for task in (named, usual)] == ["PAUSED", "unknown"]


def test_an_unknown_status_lasts_for_ever_or_for_a_while(upstream_client: Any) -> None:
    queued, working, done, _ = upstream_client.status_spellings
    usual = {"apimodels": "unknown", "opeai": "UNKNOWN"}[upstream_client.name]
    for_ever = upstream_client.order("unknown_status")
    assert upstream_client.statuses(for_ever, 0, 1, 86400) == [queued, usual, usual]
    a_while = upstream_client.order("unknown_status queue=1s render=10s raw_status=PAUSED duration=30s")
    assert upstream_client.statuses(a_while, 0, 1, 30.9, 31, 40.9, 41) == [
        queued,
        "PAUSED",
        "PAUSED",
        working,
        working,
        done,
    ]


def test_a_task_can_be_completed_without_a_clip(upstream_client: Any) -> None:
    task_id = upstream_client.order("completed_without_url")
    assert upstream_client.statuses(task_id, FAST_END) == [upstream_client.status_spellings[2]]
    if upstream_client.name == "apimodels":
        body = upstream_client.task(task_id)
        assert (body["resultUrls"], body["resultJson"]) == ([], '{"resultUrls":[]}')
        return
    for _ in range(2):
        response = upstream_client.clip(task_id)
        error = {"message": "Failed to fetch video content", "type": "server_error"}
        assert (response.status_code, response.json()) == (502, {"error": error})
        upstream_client.server.clock.advance(3600)


@pytest.mark.parametrize("errors", ["ark", "newapi"])
def test_content_that_never_comes_can_be_not_ready_for_ever(start_server: Callable[..., Any], errors: str) -> None:
    server = start_server(pace="instant", variants={"opeai.no_content": "400", "opeai.errors": errors})
    task_id = server.order_opeai(prompt="[[mock: completed_without_url]]")
    assert server.query_opeai(task_id)["status"] == "SUCCESS"
    for _ in range(2):
        response = server.get(f"/v1/videos/{task_id}/content")
        assert response.status_code == 400
        assert response.json()["error"]["message"] == "Task is not completed yet, current status: NOT_START"
        server.clock.advance(3600)


@pytest.mark.parametrize(("fate", "seconds"), [("content_late", 10), ("content_late by=15s", 15)])
def test_content_can_come_later_than_success(upstream_client: Any, fate: str, seconds: float) -> None:
    task_id = upstream_client.order(fate)
    assert upstream_client.statuses(task_id, FAST_END) == [upstream_client.status_spellings[2]]
    for wait in (seconds - 0.1, 0.1):
        response = upstream_client.clip(task_id)
        if upstream_client.name == "apimodels":
            assert response.status_code == 404
        else:
            error = response.json()["error"]
            assert (response.status_code, error["type"]) == (400, "invalid_request_error")
            assert error["message"] == "Task is not completed yet, current status: NOT_START"
        upstream_client.server.clock.advance(wait)
    assert upstream_client.clip(task_id).content[4:8] == b"ftyp"


@pytest.mark.parametrize(("fate", "lifetime"), [("link_dead", 0), ("link_dead lifetime=1h", 3600)])
def test_a_link_can_be_dead_though_its_task_succeeded(upstream_client: Any, fate: str, lifetime: float) -> None:
    task_id = upstream_client.order(fate)
    upstream_client.server.clock.advance(FAST_END)
    if lifetime:
        assert upstream_client.clip(task_id).status_code == 200
    upstream_client.server.clock.advance(lifetime)
    assert upstream_client.status(task_id) == upstream_client.status_spellings[2]
    assert upstream_client.clip(task_id).status_code == {"apimodels": 404, "opeai": 410}[upstream_client.name]


@pytest.mark.parametrize(("option", "status"), [("403", 403), ("404", 404), ("410", 410)])
def test_an_expired_link_has_the_error_of_the_variant(
    start_server: Callable[..., Any], option: str, status: int
) -> None:
    server = start_server(pace="instant", variants={"apimodels.expired_link": option})
    url = server.query_apimodels(server.order_apimodels(prompt="[[mock: link_dead]]"))["resultUrls"][0]
    assert server.get(url, key=None).status_code == status


def test_expired_content_under_the_gateway_variant_is_a_502(start_server: Callable[..., Any]) -> None:
    server = start_server(pace="instant", variants={"opeai.errors": "newapi"})
    response = server.get(f"/v1/videos/{server.order_opeai(prompt='[[mock: link_dead]]')}/content")
    error = {"message": "Upstream service returned status 403", "type": "server_error"}
    assert (response.status_code, response.json()) == (502, {"error": error})


def test_times_are_drawn_from_the_vendor_s_measurements_under_the_pace_realistic(nearby_realistic: Any) -> None:
    upstream_client = nearby_realistic
    tasks = [upstream_client.order("succeed") for _ in range(200)]
    ended = []
    for moment in (142 - 0, 486 - 142):
        upstream_client.server.clock.advance(moment)
        ended.append(sum(upstream_client.status(task_id) == upstream_client.status_spellings[2] for task_id in tasks))
    assert 80 <= ended[0] <= 120
    assert 170 <= ended[1] <= 190


@pytest.fixture
def nearby_realistic(start_client: Callable[..., Any]) -> Any:
    return start_client(pace="realistic")


def test_latency_rules_match_model_size_and_length(in_process_client: Any) -> None:
    rules = [
        {
            "match": {"model": in_process_client.document_model, "resolution": "720p", "seconds": 10},
            "fate": "succeed after=300s",
        },
        {"match": {"model": in_process_client.document_model, "resolution": "720p"}, "fate": "succeed after=100s"},
        {"match": {"seconds": 4}, "fate": "succeed queue=1s render=39s"},
    ]
    for rule in rules:
        in_process_client.app.fates.add(parse_fate_rule(rule))
    length = "duration" if in_process_client.name == "apimodels" else "seconds"
    large = {} if in_process_client.name == "apimodels" else {"size": "1280x720"}
    other = "seedance2-a/seedance-2.0-a" if in_process_client.name == "apimodels" else "seedance-2-0"
    tasks = {
        300: in_process_client.order(**large, **{length: "10"}),
        100: in_process_client.order(**large, **{length: "5"}),
        40: in_process_client.order(**large, model=other),
        FAST_END: in_process_client.order(**large, model=other, **{length: "9"}),
    }
    for end, task_id in sorted(tasks.items()):
        in_process_client.server.clock.advance(end - 0.1 - (in_process_client.server.clock.now() - START))
        assert in_process_client.status(task_id) != in_process_client.status_spellings[2]
        in_process_client.server.clock.advance(0.1)
        assert in_process_client.status(task_id) == in_process_client.status_spellings[2]


@pytest.mark.parametrize("kind", FateKind)
def test_every_fate_but_active_is_allowed_for_tasks(in_process_client: Any, kind: FateKind) -> None:
    response = in_process_client.create(str(kind))
    expected = {FateKind.REFUSED: 400, FateKind.ACTIVE: 400}.get(kind, 200)
    assert response.status_code == expected
