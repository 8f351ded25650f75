"""A request that must be rejected but creates a task: the worst finding, and the end of the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from seedmock_harness.results.checks import Severity
from seedmock_harness.results.verification import VerificationVerdict
from seedmock_harness.verify.target import Target
from seedmock_server.http.in_process import BufferedResponse

if TYPE_CHECKING:
    from .conftest import LiveEmulator, OpenEmulator, Verify

TASK = "cgt-20260601120000-abcde"


def accepting(emulator: LiveEmulator, accepts: Callable[[bytes], bool]) -> tuple[Target, list[str]]:
    """Return the target, creating a task for some orders that must be rejected, and the methods it receives."""
    original = emulator.target.send
    methods: list[str] = []

    def send(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
        methods.append(method)
        if method == "POST" and accepts(content):
            body = {"id": TASK, "status": "queued", "object": "video", "created_at": 1}
            return BufferedResponse(200, {"content-type": "application/json"}, json.dumps(body).encode())
        return original(method, url, headers=headers, content=content)

    return replace(emulator.target, send=send), methods


def test_run_stops_and_reports_the_task_with_its_possible_cost(
    open_emulator: OpenEmulator, verify_target: Verify, tmp_path: Path
) -> None:
    order_log = tmp_path / "orders.jsonl"
    with open_emulator() as emulator:
        target, methods = accepting(emulator, lambda content: True)
        verification = verify_target("opeai", target, order_log=order_log)
    assert verification.verdict is VerificationVerdict.DRIFTED
    assert methods.count("POST") == 1
    assert methods[-1] == "POST"
    finding = next(finding for finding in verification.findings if finding.check == "no_unexpected_task")
    assert finding.severity is Severity.BREAKING
    assert TASK in finding.title and "USD" in finding.title
    assert verification.tasks == (TASK,)
    assert verification.spent > 0
    assert TASK in order_log.read_text()


def test_finding_is_about_the_broken_rule(open_emulator: OpenEmulator, verify_target: Verify) -> None:
    with open_emulator() as emulator:
        target, _ = accepting(emulator, lambda content: content == b"{}")
        verification = verify_target("opeai", target)
    finding = next(finding for finding in verification.findings if finding.check == "no_unexpected_task")
    assert finding.fact.id == "opeai.create.model.required"
