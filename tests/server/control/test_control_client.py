"""Control client: in process and over a socket."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from seedmock_contracts.enums import TaskStatus
from seedmock_server import ControlClient, create_app
from seedmock_server.clock import ManualClock
from seedmock_server.control_client import (
    ControlClientError,
    ControlTransport,
    EmulatorNotRunning,
    FateControl,
    FaultControl,
    RequestRejected,
)
from seedmock_server.control_client.match_criteria import MatchCriteria
from seedmock_server.fates.models import PARAMETERS as FATE_PARAMETERS
from seedmock_server.faults.parameters import PARAMETERS as FAULT_PARAMETERS
from seedmock_server.matching.rules import Match

StartServer = Callable[..., Any]
ORDER = {"model": "seedance-2-0-fast", "prompt": "A cat", "size": "640x640", "seconds": "4"}


@pytest.fixture
def server(start_server: StartServer) -> Any:
    return start_server("on a socket", pace="fast")


@pytest.fixture
def control(server: Any) -> Iterator[ControlClient]:
    with ControlClient(server.origin) as control:
        yield control


def test_every_clock_method_moves_the_clock(control: ControlClient) -> None:
    start = control.clock.read().now
    assert control.clock.advance("15m").now == start + 900
    assert control.clock.set(start + 1000).now == start + 1000
    assert control.clock.set_rate(2).rate == 2
    assert control.clock.freeze().rate == 0
    assert control.clock.freeze_at(start).now == start
    assert list(control.clock.advance(5, key="sk_mine").accounts) != []


def test_next_advances_to_the_next_event(server: Any, control: ControlClient) -> None:
    task_id = server.order_opeai()
    control.clock.next()
    assert control.task(task_id).status == "IN_PROGRESS"
    control.clock.next()
    assert control.task(task_id).status == "SUCCESS"
    with pytest.raises(RequestRejected, match="nothing is due") as error:
        control.clock.next()
    assert (error.value.status, error.value.field) == (409, "next")


def test_fate_rules_apply(server: Any, control: ControlClient) -> None:
    rule = control.fates.add("moderated after=1s", prompt="cat", times=1, key="sk_test_one_of_ours")
    control.fates.set_default("stuck")
    fates = [control.task(server.order_opeai(prompt=prompt)).fate for prompt in ("a cat", "a cat")]
    assert fates == ["moderated after=1s", "stuck"]
    assert [(item.id, item.applied) for item in control.fates.rules().rules] == [(rule.id, 1)]
    assert control.fates.remove(rule.id).removed == 1
    assert control.fates.clear().removed == 0


def test_fault_rules_apply(server: Any, control: ControlClient) -> None:
    rule = control.faults.add("status code=502", nth=1)
    assert server.get("/v1/balance").status_code == 502
    assert [item.applied for item in control.faults.rules().rules] == [1]
    assert control.faults.remove(rule.id).removed == 1
    control.faults.add({"fault": "status", "code": 503}, upstream="opeai")
    assert control.faults.clear().removed == 1


def test_every_kind_of_state_can_be_read(server: Any, control: ControlClient) -> None:
    task_id = server.order_opeai()
    server.post("/v1/videos", {"model": "x"})
    assert control.health().status == "ok"
    assert set(control.basis()) == {"apimodels", "opeai"}
    assert control.variants()[0].option
    assert control.openapi()["openapi"].startswith("3.1")
    assert [item.id for item in control.tasks(upstream="opeai", limit=5).tasks] == [task_id]
    assert [item.operation for item in control.timeline(task_id).exchanges] == ["create"]
    assert [line.id for line in control.ledger().statements[0].lines] == [task_id]
    assert [item.kind for item in control.journal(kind="refused").exchanges] == ["refused"]
    assert len(control.journal_har()["log"]["entries"]) == 2
    assert len(control.journal_jsonl().splitlines()) == 2
    assert control.journal_curl(task=task_id).count("curl -X") == 1
    assert control.violations().violations[0].fact
    assert len(control.scenarios().scenarios) > 3


def test_credit_and_limits_can_be_set(server: Any, control: ControlClient) -> None:
    (statement,) = control.set_credit("1.50", key="sk_mine", upstream="opeai").statements
    assert statement.upstreams["opeai"].remaining == "1.5"
    assert control.set_limit(rate=7, key="sk_mine").limits[1].rate == 7
    assert len(control.limits().limits) == 2


def test_media_can_be_declared_and_removed(control: ControlClient) -> None:
    url = "https://example.com/a.png?x=1&y"
    assert control.declare_media(url, "image", width=640, height=640, face=True).media[0].face is True
    assert control.media().media[0].url == url
    assert control.remove_media(url).removed == 1
    assert control.remove_media().removed == 0


def test_snapshot_reset_and_restore(server: Any, control: ControlClient) -> None:
    server.order_opeai()
    snapshot = control.snapshot()
    assert control.forget(key="sk_nobody").tasks == 0
    assert control.reset(key="sk_nobody").tasks == 0
    assert control.reset().tasks == 1
    control.restore(snapshot)
    assert control.tasks().total == 1
    control.restore(snapshot.decode())
    with pytest.raises(RequestRejected, match="not a valid snapshot"):
        control.restore("{}")


def test_a_scenario_can_be_activated_and_deactivated(control: ControlClient) -> None:
    name = control.scenarios().scenarios[0].name
    scenario = control.activate_scenario(name).scenario
    assert scenario is not None
    assert scenario.name == name
    assert control.active_scenario().scenario == scenario
    assert control.deactivate_scenario().scenario is None


def test_a_rejected_request_names_the_allowed_values(control: ControlClient) -> None:
    with pytest.raises(RequestRejected, match="'explode'; allowed: succeed"):
        control.fates.add("explode")
    with pytest.raises(RequestRejected) as error:
        control.tasks(status="done")
    assert error.value.allowed == tuple(TaskStatus)


def test_without_an_emulator_the_error_says_how_to_start_one() -> None:
    with pytest.raises(EmulatorNotRunning, match=r"no emulator answers at http://127\.0\.0\.1:9 .*seedmock serve"):
        ControlClient("http://127.0.0.1:9").health()


def test_a_server_without_a_control_api_is_detected() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(404, text="<html>"))
    with pytest.raises(ControlClientError, match="is not a seedmock control API: it answered HTTP 404"):
        ControlClient("http://example.com", transport=transport).health()


@pytest.mark.parametrize("url", ["", "8000", "ftp://x", "//x"])
def test_an_invalid_url_is_rejected(url: str) -> None:
    with pytest.raises(ControlClientError, match="allowed: an address"):
        ControlClient(url)


def test_the_token_and_the_key_are_sent_in_headers() -> None:
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"exchanges": [], "total": 0, "next": 0})

    ControlClient("http://x/v1/?a=b", "secret", transport=httpx.MockTransport(respond)).journal(key="sk_mine", limit=3)
    assert str(requests[0].url) == "http://x/_mock/journal?limit=3"
    assert (requests[0].headers["x-mock-token"], requests[0].headers["x-mock-key"]) == ("secret", "sk_mine")


def test_an_application_in_process_can_be_controlled(clips: Path) -> None:
    async def within_a_loop() -> None:
        async with create_app(clock=ManualClock(), cache_dir=clips, control_token="secret") as app:
            with ControlClient.in_process(app, "secret") as control:
                control.fates.add("stuck", key="sk_mine")
                assert control.clock.advance(60).now == app.clock.now()
                assert control.snapshot() == control.snapshot()
                assert json.loads(control.snapshot())["fates"]["rules"]
            with pytest.raises(RequestRejected, match="token"):
                ControlClient.in_process(app).clock.read()

    asyncio.run(within_a_loop())


# --- typed rules ---


def method_parameters(rules: type, method: str) -> set[str]:
    """The parameters of a method that adds a rule, without those of the match."""
    parameters = inspect.signature(getattr(rules, method)).parameters.values()
    return {p.name.rstrip("_") for p in parameters if p.name != "self" and p.kind is not p.VAR_KEYWORD}


@pytest.mark.parametrize(
    ("rules", "kinds"), [(FateControl, FATE_PARAMETERS), (FaultControl, FAULT_PARAMETERS)], ids=["fates", "faults"]
)
def test_each_fate_and_fault_has_a_method_with_its_parameters(rules: type, kinds: Any) -> None:
    assert {kind: method_parameters(rules, kind.value) for kind in kinds} == {kind: set(kinds[kind]) for kind in kinds}


@pytest.mark.parametrize(
    ("rules", "kinds"), [(FateControl, FATE_PARAMETERS), (FaultControl, FAULT_PARAMETERS)], ids=["fates", "faults"]
)
def test_each_method_sends_its_kind_and_all_of_its_parameters(rules: type, kinds: Any) -> None:
    class Recorder:
        def call(self, method: str, path: str, response: object, document: Any) -> Any:
            sent.append((path, document))
            return SimpleNamespace(warning=None)

    sent: list[Any] = []
    recorded = rules(Recorder())
    word, expected = ("fates", "fate") if rules is FateControl else ("faults", "fault"), []
    for kind in kinds:
        names = sorted(name for name in inspect.signature(getattr(rules, kind.value)).parameters if name != "self")
        values = {name: f"value of {name}" for name in names if name != "match"}
        getattr(recorded, kind.value)(**values, upstream="opeai")
        rule = {word[1]: kind.value, **{name.rstrip("_"): value for name, value in values.items()}}
        expected.append((word[0], {word[1]: rule, "match": {"upstream": "opeai"}}))
    assert sent == expected


def test_the_match_of_a_rule_has_every_field() -> None:
    assert set(MatchCriteria.__annotations__) == {*Match.__struct_fields__, "key"}


def test_a_typed_rule_is_the_same_as_its_text(control: ControlClient) -> None:
    typed = control.fates.moderated(after="120s", what="audio", prompt="cat", times=1)
    text = control.fates.add("moderated after=120s what=audio", prompt="cat", times=1)
    assert (typed.fate, typed.match) == (text.fate, text.match)
    fault = control.faults.retyped(field="id", as_="number", operation="query")
    assert fault.text == "retyped field=id as=number"
    assert control.faults.latency(seconds=1.5, nth=2).text == "latency seconds=1.5s"


def test_rules_of_one_key_are_narrowed_to_it(server: Any, control: ControlClient) -> None:
    transport = ControlTransport(server.origin)
    mine = FateControl(transport, "sk_mine")
    assert list(mine.stuck().match) == ["account"]
    mine.set_default("slow")
    assert list(control.fates.rules().account_defaults) == [mine.rules().rules[0].match["account"]]
    control.fates.refused()
    assert mine.clear().removed == 1
    assert [rule.fate[0].fate for rule in control.fates.rules().rules] == ["refused"]
    with pytest.raises(RequestRejected, match="unknown argument 'key' of stuck; available: status, upstream"):
        mine.stuck(key="other")
    with pytest.raises(RequestRejected, match="unknown argument 'account' of stuck; available: status, upstream"):
        mine.stuck(account="other")
    transport.close()
