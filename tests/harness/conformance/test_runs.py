"""How a run behaves towards who starts it: what it needs, what it tells, and what it keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_harness.conformance.runner import replay, run_conformance
from seedmock_harness.driver.actions import InvalidReproducer
from seedmock_harness.results.checks import CheckFailure
from seedmock_server.http.in_process import BufferedResponse

FEW = settings(max_examples=5, derandomize=True, database=None)
HTML = b"<html><body><h1>It works!</h1></body></html>"


def nobody(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
    """A server that is no upstream at all."""
    return BufferedResponse(200, {"content-type": "text/html"}, HTML)


@pytest.mark.parametrize("upstream", NAMES)
def test_a_server_that_is_no_upstream_is_found_out_by_one_move(upstream: str) -> None:
    with pytest.raises(CheckFailure) as found:
        run_conformance(upstream, nobody, settings=FEW)
    said, again = (next(n for n in found.value.__notes__ if n.startswith(head)) for head in ("said:", "again:"))
    assert len(said.splitlines()) == 2
    assert "curl -i -X" in again
    assert "sk_conformance" not in again


def test_an_upstream_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match="unknown upstream 'nobody'; known: apimodels, opeai"):
        run_conformance("nobody", nobody)


@pytest.mark.parametrize("upstream", NAMES)
def test_without_a_clock_no_time_passes_and_waiting_ends(open_target: Callable[..., Any], upstream: str) -> None:
    target = open_target(keys=())
    begun = target.clock.now()
    run_conformance(upstream, target.send, settings=FEW, options=get_contract(upstream).defaults)
    assert target.clock.now() == begun


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_an_emulator_with_other_options_is_no_liar(open_target: Callable[..., Any], upstream: str) -> None:
    """Where the truth is unknown any option is right, unless one is known to hold."""
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


def test_a_trouble_that_does_not_come_again_is_told_as_it_was(open_target: Callable[..., Any]) -> None:
    target, calls = open_target(keys=()), 0

    def moody(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
        nonlocal calls
        calls += 1
        return (
            BufferedResponse(500, {}, b"")
            if calls == 20
            else target.send(method, url, headers=headers, content=content)
        )

    with pytest.raises(CheckFailure) as found:
        run_conformance("opeai", moody, clock=target.clock, settings=FEW, begin=target.begin)
    assert found.value.exchange.response.status == 500
    assert any("does not answer alike each time" in note for note in found.value.__notes__)


def test_a_file_that_holds_no_scenario_is_refused_before_anything_is_said(tmp_path: Path) -> None:
    place = tmp_path / "kept.jsonl"
    place.write_text('{"upstream": "opeai", "options": {}, "strict": true}\n{"operation": "dance"\n')
    with pytest.raises(InvalidReproducer, match="is no move"):
        replay(str(place), nobody)


def test_what_is_kept_of_a_liar_passes_with_who_is_honest(open_target: Callable[..., Any], tmp_path: Path) -> None:
    liar, honest = open_target(keys=(), lies=[("missing field=status", {"operation": "query"})]), open_target(keys=())
    with pytest.raises(CheckFailure):
        run_conformance(
            "opeai", liar.send, clock=liar.clock, begin=liar.begin, settings=FEW, scenario_folder=str(tmp_path)
        )
    (kept,) = tmp_path.iterdir()
    replay(str(kept), honest.send, clock=honest.clock)
