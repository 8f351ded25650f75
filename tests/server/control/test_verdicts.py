"""The verdict on a task: the checks of `verify` over what the journal has of it, and what they could not look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpx
import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.exchange import Exchange
from seedmock_server.control import verdicts

Control = Callable[..., Any]
StartServer = Callable[..., Any]


def verdict_on(server: Any, task_id: str) -> dict[str, Any]:
    verdict: dict[str, Any] = server.get(f"/_mock/tasks/{task_id}/verdict", key=None).json()
    return verdict


def facts(verdict: dict[str, Any]) -> list[tuple[int, str]]:
    return [(finding["number"], finding["fact"]) for finding in verdict["findings"]]


def test_a_conforming_task_of_opeai_has_no_finding(frozen_server: Any) -> None:
    task_id = frozen_server.order_opeai()
    path = f"/v1/videos/{task_id}"
    frozen_server.query_opeai(task_id)
    frozen_server.get(f"{path}/content")  # too early
    # Neither another key's requests nor those to another upstream are this task's.
    frozen_server.get(path, key="sk_other")
    frozen_server.order_apimodels(prompt=f"as {task_id}")
    frozen_server.clock.advance(5)
    frozen_server.query_opeai(task_id)
    frozen_server.get(f"{path}/content")
    frozen_server.get(f"{path}/content", headers={"Range": "bytes=0-99"})
    frozen_server.ask("HEAD", f"{path}/content")
    verdict = verdict_on(frozen_server, task_id)
    assert verdict["findings"] == verdict["unchecked"] == []
    assert (verdict["exchanges"], verdict["checked"]) == (7, 7)
    counts = {count["check"]: count for count in verdict["checks"]}
    assert counts["content_is_video"] == {"check": "content_is_video", "passed": 4, "failed": 0}
    assert {"prompt_is_echoed", "statuses_move_forward", "clip_resolution_matches_the_order"} <= counts.keys()
    assert verdict["facts"] > 40


def test_a_conforming_task_of_apimodels_has_no_finding(frozen_server: Any) -> None:
    task_id = frozen_server.order_apimodels()
    frozen_server.query_apimodels(task_id)
    frozen_server.clock.advance(5)
    link = frozen_server.query_apimodels(task_id)["resultUrls"][0]
    frozen_server.get(link, key=None)
    verdict = verdict_on(frozen_server, task_id)
    assert verdict["findings"] == verdict["unchecked"] == []
    assert verdict["checked"] == 4
    assert verdict["facts"] > 20


def test_an_answer_that_a_fault_bends_is_a_finding_with_its_fact(frozen_server: Any) -> None:
    task_id = frozen_server.order_opeai()
    for fault in ("truncated", "missing field=status", "status code=502"):
        frozen_server.get(f"/v1/videos/{task_id}", headers={"X-Mock-Fault": fault})
    verdict = verdict_on(frozen_server, task_id)
    # A 502 in the documented envelope contradicts nothing.
    assert facts(verdict) == [(1, "opeai.query.response"), (2, "opeai.query.response.status")]
    assert verdict["findings"][0] | {"observed": ""} == {
        "number": 1,
        "check": "responses_are_json",
        "fact": "opeai.query.response",
        "basis": "documented",
        "source": "seedance-2-0 series guide, section 5 (query)",
        "severity": "breaking",
        "title": "the response is not a JSON object",
        "expected": "a JSON object",
        "observed": "",
    }
    assert verdict["checks"][0]["failed"] > 0  # those with findings are the first


def test_a_clip_that_is_cut_on_the_wire_is_a_finding(start_server: StartServer) -> None:
    server = start_server("on a socket")
    task_id = server.order_opeai()
    with pytest.raises(httpx.RemoteProtocolError):
        server.get(f"/v1/videos/{task_id}/content", headers={"X-Mock-Fault": "body_cut"})
    verdict = verdict_on(server, task_id)
    assert facts(verdict) == [(1, "opeai.content.format"), (1, "opeai.content.length")]
    assert verdict["unchecked"] == []


def test_what_the_journal_does_not_show_is_not_checked(start_server: StartServer) -> None:
    server = start_server("on a socket")
    task_id = server.order_opeai()
    path = f"/v1/videos/{task_id}"
    for fault in ("body_cut", "reset"):
        with pytest.raises(httpx.TransportError):
            server.get(path, headers={"X-Mock-Fault": fault})
    assert (
        server.get(path, headers={"X-Mock-Fault": "dribble bytes=99 every=1ms"}).status_code == 200
    )  # changes the pace alone
    server.post("/v1/videos", {"model": task_id, "prompt": "word " * 1000})
    server.get(path, headers={"X-Mock-Fault": "truncated"})
    verdict = verdict_on(server, task_id)
    assert verdict["unchecked"] == [
        {"number": 1, "reason": "the fault body_cut changed the response after the journal took it"},
        {"number": 2, "reason": "there was no response"},
        {"number": 4, "reason": "the journal has only the first 4096 bytes of a body"},
    ]
    assert (verdict["exchanges"], verdict["checked"]) == (6, 3)
    assert facts(verdict) == [(5, "opeai.query.response")]


def test_a_clip_that_the_cache_has_lost_is_not_checked(frozen_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = frozen_server.order_opeai()
    frozen_server.clock.advance(5)
    frozen_server.get(f"/v1/videos/{task_id}/content")
    monkeypatch.setattr("seedmock_server.media.clip_cache.ClipCache.find", lambda self, etag: None, raising=True)
    verdict = verdict_on(frozen_server, task_id)
    assert verdict["unchecked"] == [{"number": 1, "reason": "the clip is not in the cache any more"}]


def test_the_order_and_the_last_exchanges_are_checked(frozen_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "MAX_CHECKED", 3)
    task_id = frozen_server.order_opeai()
    for fault in ("truncated", "no", "no", "no"):
        frozen_server.get(f"/v1/videos/{task_id}", headers={"X-Mock-Fault": fault} if fault != "no" else {})
    verdict = verdict_on(frozen_server, task_id)
    assert (verdict["exchanges"], verdict["checked"], verdict["findings"]) == (5, 3, [])
    assert "prompt_is_echoed" in [count["check"] for count in verdict["checks"]]  # the order is known


def test_the_checks_know_who_asked_and_when(frozen_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    exchanges: list[Exchange] = []

    def judge(contract: Contract, recorded: Sequence[Exchange]) -> Iterable[verdicts.CheckedFact]:
        exchanges.extend(recorded)
        return ()

    monkeypatch.setattr(verdicts, "installed_judges", lambda: (judge,))
    task_id = frozen_server.order_opeai()
    frozen_server.clock.advance(1)
    frozen_server.query_opeai(task_id)
    verdict_on(frozen_server, task_id)
    account = frozen_server.get(f"/_mock/tasks/{task_id}", key=None).json()["account"]
    now = frozen_server.clock.now()
    assert [(exchange.caller, exchange.at) for exchange in exchanges] == [(account, now - 1), (account, now)]


def test_without_checks_there_is_no_verdict(
    frozen_server: Any, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = frozen_server.order_opeai()
    monkeypatch.setattr(verdicts, "installed_judges", lambda: ())
    error = control("GET", f"tasks/{task_id}/verdict", status=501)["error"]
    assert "no checks are installed" in error["message"]


def test_the_verdict_on_an_unknown_task_is_404(control: Control) -> None:
    assert "unknown task" in control("GET", "tasks/cgt-unknown/verdict", status=404)["error"]["message"]
