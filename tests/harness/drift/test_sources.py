"""Recordings say what they were taken from, and only one of a live service makes a fact observed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.recordings.source import Source, source_of

if TYPE_CHECKING:
    from .conftest import Row, RunDrift

HOSTS = {
    "https://api-platform.ope.ai": Source.LIVE,
    "https://gateway.example.com/v1": Source.LIVE,
    "http://127.0.0.1:8000": Source.UNKNOWN,
    "http://[::1]:8000": Source.UNKNOWN,
    "http://10.0.0.7:8000": Source.UNKNOWN,
    "http://seedmock:8000": Source.UNKNOWN,
    "http://mock.internal": Source.UNKNOWN,
    "a recording of an unknown address": Source.UNKNOWN,
}
Recordings = dict[str, Path]


@pytest.fixture
def of_host(recordings: Recordings, tmp_path: Path) -> Callable[..., Path]:
    """Copy the recording of opeai as if it were of another host, without the header that emulators add."""

    def copy(name: str, **header: Any) -> Path:
        first, *lines = recordings["opeai"].read_text("utf-8").splitlines()
        rows: list[Row] = [json.loads(line) for line in lines]
        for row in rows:
            row["response"]["headers"] = [pair for pair in row["response"]["headers"] if pair[0] != "x-mock-basis"]
        fields = {key: value for key, value in json.loads(first).items() if key not in ("source", "emulator")}
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in ({**fields, **header}, *rows)), "utf-8")
        return path

    return copy


def assumptions_confirmed_by(run_drift: RunDrift, *paths: Path) -> set[str]:
    report = paths[0].with_suffix(".report.json")
    result = run_drift(*paths, "--report", report)
    assert result.exit_code == 0, result.output
    return {entry["fact"] for entry in json.loads(report.read_text("utf-8"))["confirmed_assumptions"]}


@pytest.mark.parametrize(("target", "source"), HOSTS.items())
def test_source_follows_from_the_host(target: str, source: Source) -> None:
    assert source_of(get_contract("opeai"), target) is source
    assert source_of(get_contract("opeai"), target, emulator=True) is Source.EMULATOR


def test_recording_of_an_emulator_says_so(recordings: Recordings) -> None:
    for path in recordings.values():
        assert json.loads(path.read_text("utf-8").splitlines()[0])["source"] == "emulator"


def test_only_a_live_recording_makes_facts_observed(run_drift: RunDrift, of_host: Callable[..., Path]) -> None:
    live = of_host("live.jsonl", host="https://api-platform.ope.ai", source="live")
    assert assumptions_confirmed_by(run_drift, live)
    for header in (
        {"source": "emulator"},
        {"source": "unknown", "host": "https://api-platform.ope.ai"},
        {"emulator": True, "host": "https://api-platform.ope.ai"},
        {"host": "http://127.0.0.1:8000"},
    ):
        assert assumptions_confirmed_by(run_drift, of_host("other.jsonl", **header)) == set()


def test_recording_of_an_emulator_beside_a_live_one_confirms_nothing_more(
    run_drift: RunDrift, of_host: Callable[..., Path]
) -> None:
    live = of_host("live.jsonl", host="https://api-platform.ope.ai")
    alone = assumptions_confirmed_by(run_drift, live)
    emulator = of_host("emulator.jsonl", host="http://127.0.0.1:8000", recorded_at="2099-01-01T00:00:00+00:00")
    assert assumptions_confirmed_by(run_drift, live, emulator) == alone


def test_private_address_is_named_in_the_output(run_drift: RunDrift, of_host: Callable[..., Path]) -> None:
    assert "of a private address" in run_drift(of_host("local.jsonl", host="http://127.0.0.1:8000")).output
