"""Conformance runs: what they need, and what a failure shows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_harness.conformance.runner import replay, run_conformance
from seedmock_harness.driver.actions import InvalidReproducer
from seedmock_harness.driver.client import ReceivedResponse
from seedmock_harness.results.checks import CheckFailure
from seedmock_server.http.in_process import BufferedResponse

if TYPE_CHECKING:
    from .conftest import OpenTarget

FEW = settings(max_examples=5, derandomize=True, database=None)
HTML = b"<html><body><h1>It works!</h1></body></html>"
WITHOUT_HYPOTHESIS = """
import sys
sys.modules["hypothesis"] = None
import seedmock_harness
seedmock_harness.run_conformance
"""


def send_to_website(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
    """A server that is no upstream at all."""
    return BufferedResponse(200, {"content-type": "text/html"}, HTML)


@pytest.mark.parametrize("upstream", NAMES)
def test_a_website_fails_after_one_action(upstream: str) -> None:
    with pytest.raises(CheckFailure) as failure:
        run_conformance(upstream, send_to_website, settings=FEW)
    notes = {note.partition("\n")[0]: note for note in failure.value.__notes__}
    assert len(notes["actions:"].splitlines()) == 2
    assert "curl -i -X" in notes["requests:"]
    assert "sk_conformance" not in notes["requests:"]


def test_an_unknown_upstream_is_rejected_with_the_known_ones() -> None:
    with pytest.raises(LookupError, match="unknown upstream 'nobody'; available: apimodels, opeai"):
        run_conformance("nobody", send_to_website)


def test_without_hypothesis_the_error_names_the_extra() -> None:
    program = [sys.executable, "-c", WITHOUT_HYPOTHESIS]
    result = subprocess.run(program, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: run_conformance needs Hypothesis, which the extra seedmock[conformance] installs"
    )


@pytest.mark.parametrize("upstream", NAMES)
def test_without_a_clock_no_time_passes_and_polling_ends(open_target: OpenTarget, upstream: str) -> None:
    target = open_target(keys=())
    since = target.clock.now()
    run_conformance(upstream, target.send, settings=FEW, options=get_contract(upstream).defaults)
    assert target.clock.now() == since


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_an_emulator_with_other_options_conforms_to_them(open_target: OpenTarget, upstream: str) -> None:
    contract = get_contract(upstream)
    others = {variant.id: variant.options[-1] for variant in contract.variants}
    target = open_target(variants=others)
    run_conformance(
        upstream,
        target.send,
        clock=target.clock,
        begin=target.begin,
        settings=FEW,
        options={**contract.defaults, **others},
    )


def test_a_failure_that_does_not_come_again_is_called_flaky(open_target: OpenTarget) -> None:
    target, calls = open_target(keys=()), 0

    def fail_once(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> ReceivedResponse:
        nonlocal calls
        calls += 1
        if calls == 20:
            return BufferedResponse(500, {}, b"")
        return target.send(method, url, headers=headers, content=content)

    with pytest.raises(CheckFailure) as failure:
        run_conformance("opeai", fail_once, clock=target.clock, settings=FEW, begin=target.begin)
    assert failure.value.exchange.response.status == 500
    assert any(note.startswith("flaky:") for note in failure.value.__notes__)


def test_an_invalid_reproducer_is_rejected_before_any_request(tmp_path: Path) -> None:
    path = tmp_path / "reproducer.jsonl"
    path.write_text('{"upstream": "opeai", "options": {}, "strict": true}\n{"operation": "dance"\n')
    with pytest.raises(InvalidReproducer, match="is not a valid action"):
        replay(str(path), send_to_website)


def test_a_reproducer_passes_without_the_mutation(open_target: OpenTarget, tmp_path: Path) -> None:
    mutated = open_target(keys=(), mutations=[("missing field=status", {"operation": "query"})])
    unchanged = open_target(keys=())
    with pytest.raises(CheckFailure):
        run_conformance(
            "opeai",
            mutated.send,
            clock=mutated.clock,
            begin=mutated.begin,
            settings=FEW,
            reproducer_folder=str(tmp_path),
        )
    (reproducer,) = tmp_path.iterdir()
    replay(str(reproducer), unchanged.send, clock=unchanged.clock)
