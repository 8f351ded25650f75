"""A question that must cost nothing and makes a task all the same: the worst finding, and the last question."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from seedmock_harness.results.checks import Severity
from seedmock_harness.results.verification import VerificationVerdict
from seedmock_server.http.in_process import BufferedResponse


def _taking(world: Any, when: Callable[[bytes], bool]) -> Any:
    """The target, but some creates are taken that must be refused."""
    send = world.target.send
    asked: list[str] = []

    def answered(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
        asked.append(method)
        if method == "POST" and when(content):
            body = {"id": "cgt-20260601120000-abcde", "status": "queued", "object": "video", "created_at": 1}
            return BufferedResponse(200, {"content-type": "application/json"}, json.dumps(body).encode())
        return send(method, url, headers=headers, content=content)

    return replace(world.target, send=answered), asked


def test_it_stops_at_once_and_names_the_task_and_what_it_may_cost(
    world_of: Callable[..., Any], verified: Any, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    with world_of() as world:
        target, asked = _taking(world, lambda content: True)
        found = verified("opeai", target, ledger=ledger)
    assert found.verdict is VerificationVerdict.DRIFTED
    assert asked.count("POST") == 1
    assert asked[-1] == "POST"
    finding = next(one for one in found.findings if one.check == "nothing_is_made_unasked")
    assert finding.severity is Severity.BREAKING
    assert "cgt-20260601120000-abcde" in finding.title and "USD" in finding.title
    assert found.tasks == ("cgt-20260601120000-abcde",)
    assert found.spent > 0
    assert "cgt-20260601120000-abcde" in ledger.read_text()


def test_the_finding_is_about_the_rule_that_was_not_kept(world_of: Callable[..., Any], verified: Any) -> None:
    with world_of() as world:
        target, _ = _taking(world, lambda content: content == b"{}")
        found = verified("opeai", target)
    finding = next(one for one in found.findings if one.check == "nothing_is_made_unasked")
    assert finding.fact.id == "opeai.create.model.required"
