"""`seedmock certify`: what it takes, what it says, what it writes, and how it exits."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from seedmock_harness.certify.cli import certify
from seedmock_harness.certify.random_scenarios import FEW, MANY, generated
from seedmock_harness.certify.scenario_catalog import MOST_STEPS, scenarios
from seedmock_harness.results.certification import Invariant

REFERENCE = shlex.join([sys.executable, "-m", "seedmock_client.cli.adapter"])


def said(*words: str) -> Result:
    return CliRunner().invoke(certify, words)


def test_the_reference_client_is_certified_in_one_scenario(tmp_path: Path) -> None:
    report = tmp_path / "found.json"
    found = said("--upstream", "apimodels", "--adapter", REFERENCE, "--only", "ordinary", "--report", str(report))
    assert found.exit_code == 0, found.output
    assert found.output.startswith("certified: 1 scenarios of apimodels, 14 of 14 invariants hold, ")
    assert json.loads(report.read_text()) == {
        "upstream": "apimodels",
        "adapter": REFERENCE,
        "verdict": "certified",
        "scenarios": 1,
        "broken": [],
    }


@pytest.mark.slow
def test_what_broke_is_told_with_the_scenario_and_the_conversation(tmp_path: Path, clients: Path) -> None:
    report = tmp_path / "found.json"
    command = shlex.join([sys.executable, str(clients / "plain.py"), "loses-id"])
    found = said("--upstream", "apimodels", "--adapter", command, "--only", "stuck-queued", "--report", str(report))
    assert found.exit_code == 1
    assert (
        "task-id-kept  the id of a task that may cost money is reported, whatever happens  (breaking)" in found.output
    )
    assert "    step: fate: stuck status=queued" in found.output
    assert "not-certified: 1 scenarios of apimodels, 13 of 14 invariants hold" in found.output
    written = json.loads(report.read_text())
    (broken,) = written["broken"]
    assert list(written) == ["upstream", "adapter", "verdict", "scenarios", "broken"]
    assert list(broken) == ["invariant", "scenario", "severity", "detail", "conversation"]
    assert (broken["invariant"], broken["scenario"], broken["severity"]) == ("task-id-kept", "stuck-queued", "breaking")
    assert any("POST /api/v1/video/generations" in line for line in broken["conversation"])


def test_an_adapter_that_is_not_there_exits_3_with_one_sentence(tmp_path: Path) -> None:
    report = tmp_path / "found.json"
    found = said("--upstream", "opeai", "--adapter", "no-such-program", "--report", str(report))
    assert found.exit_code == 3
    assert "in the way: the adapter sent nothing: no-such-program cannot be started" in found.output
    assert json.loads(report.read_text())["verdict"] == "could-not-run"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--adapter", "x"), "Missing option '--upstream'"),
        (("--upstream", "opeai"), 'Missing option "--adapter"'),
        (("--upstream", "opeai", "--adapter", "'"), "cannot be read: No closing quotation"),
        (("--upstream", "opeai", "--adapter", " "), "the adapter's command is empty"),
        (
            ("--upstream", "opeai", "--adapter", "x", "--only", "bad-luck"),
            "no scenario 'bad-luck'; there are: ordinary",
        ),
        (("--upstream", "opeai", "--adapter", "x", "--report", "found.txt"), "allowed: .json"),
        (("--upstream", "opeai", "--adapter", "x", "--report", "no/such/found.json"), "cannot be written there"),
    ],
)
def test_options_that_cannot_be_exit_2_and_run_nothing(words: tuple[str, ...], sentence: str) -> None:
    found = said(*words)
    assert found.exit_code == 2
    assert sentence in found.output


def test_the_scenarios_are_listed_with_what_they_show() -> None:
    found = said("--upstream", "apimodels", "--list")
    assert found.exit_code == 0
    for one in scenarios("apimodels"):
        assert one.name in found.output
        assert one.says in found.output


@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_each_scenario_has_a_name_of_its_own_and_a_handful_of_steps(upstream: str) -> None:
    known = scenarios(upstream)
    assert len({one.name for one in known}) == len(known)
    assert all(len(one.steps) <= MOST_STEPS for one in known)
    assert known[0].name == "ordinary"


def test_drawn_scenarios_are_the_same_for_the_same_seed() -> None:
    assert list(generated("opeai", 5)) == list(generated("opeai", 5))
    assert list(generated("opeai", 5)) != list(generated("opeai", 6))
    assert len(list(generated("opeai", 5))) == FEW
    assert len(list(generated("opeai", 5, deep=True))) == MANY


def test_the_help_names_every_variable_and_exit_code() -> None:
    text = said("--help").output
    for name in ("UPSTREAM", "BASE_URL", "API_KEY", "OUT", "POLL_SECONDS"):
        assert f"SEEDMOCK_{name}" in text
    assert "3 the adapter could not be run" in text
    assert len(Invariant) == 14
