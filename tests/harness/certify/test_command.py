"""`seedmock certify`: options, output, reports and exit codes."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from seedmock_harness.certify.cli import certify
from seedmock_harness.certify.random_scenarios import COUNT, DEEP_COUNT, random_scenarios
from seedmock_harness.certify.scenario_catalog import MAX_STEPS, scenarios
from seedmock_harness.results.certification import INVARIANT_DESCRIPTIONS, Invariant

REFERENCE = shlex.join([sys.executable, "-m", "seedmock_client.cli.adapter"])


def run_certify(*options: str) -> Result:
    return CliRunner().invoke(certify, options)


def test_reference_client_is_certified_in_one_scenario(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = ("--upstream", "apimodels", "--adapter", REFERENCE, "--only", "success", "--report", str(report))
    result = run_certify(*options)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("certified: 1 scenario of apimodels, 14 of 14 invariants satisfied, ")
    assert json.loads(report.read_text()) == {
        "upstream": "apimodels",
        "adapter": REFERENCE,
        "verdict": "certified",
        "scenarios": 1,
        "violations": [],
    }


@pytest.mark.slow
def test_violation_is_reported_with_scenario_and_transcript(tmp_path: Path, clients: Path) -> None:
    report = tmp_path / "report.json"
    command = shlex.join([sys.executable, str(clients / "plain.py"), "loses-id"])
    options = ("--upstream", "apimodels", "--adapter", command, "--only", "stuck-queued", "--report", str(report))
    result = run_certify(*options)
    assert result.exit_code == 1
    description = INVARIANT_DESCRIPTIONS[Invariant.TASK_ID_REPORTED]
    assert f"task-id-reported  {description}  (breaking)" in result.output
    assert "    step: fate: stuck status=queued" in result.output
    assert "not-certified: 1 scenario of apimodels, 13 of 14 invariants satisfied" in result.output
    written = json.loads(report.read_text())
    (violation,) = written["violations"]
    assert list(written) == ["upstream", "adapter", "verdict", "scenarios", "violations"]
    assert list(violation) == ["invariant", "scenario", "severity", "detail", "transcript"]
    place = violation["invariant"], violation["scenario"], violation["severity"]
    assert place == ("task-id-reported", "stuck-queued", "breaking")
    assert any("POST /api/v1/video/generations" in line for line in violation["transcript"])


def test_missing_adapter_exits_with_3_and_one_sentence(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    result = run_certify("--upstream", "opeai", "--adapter", "no-such-program", "--report", str(report))
    assert result.exit_code == 3
    assert "problem: the adapter sent no request: cannot start no-such-program" in result.output
    assert json.loads(report.read_text())["verdict"] == "could-not-run"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--adapter", "x"), "Missing option '--upstream'"),
        (("--upstream", "opeai"), 'Missing option "--adapter"'),
        (("--upstream", "opeai", "--adapter", "'"), "No closing quotation"),
        (("--upstream", "opeai", "--adapter", " "), "the adapter's command is empty"),
        (
            ("--upstream", "opeai", "--adapter", "x", "--only", "bad-luck"),
            "unknown scenario 'bad-luck'; available: success",
        ),
        (("--upstream", "opeai", "--adapter", "x", "--report", "found.txt"), "available: .json"),
        (("--upstream", "opeai", "--adapter", "x", "--report", "no/such/found.json"), "not writable"),
    ],
)
def test_invalid_options_exit_with_2_and_run_nothing(options: tuple[str, ...], message: str) -> None:
    result = run_certify(*options)
    assert result.exit_code == 2
    assert message in result.output


def test_list_has_every_scenario_with_its_description() -> None:
    result = run_certify("--upstream", "apimodels", "--list")
    assert result.exit_code == 0
    for scenario in scenarios("apimodels"):
        assert scenario.name in result.output
        assert scenario.description in result.output


@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_scenarios_have_unique_names_and_few_steps(upstream: str) -> None:
    catalog = scenarios(upstream)
    assert len({scenario.name for scenario in catalog}) == len(catalog)
    assert all(len(scenario.steps) <= MAX_STEPS for scenario in catalog)
    assert catalog[0].name == "success"


def test_random_scenarios_follow_the_seed() -> None:
    assert list(random_scenarios("opeai", 5)) == list(random_scenarios("opeai", 5))
    assert list(random_scenarios("opeai", 5)) != list(random_scenarios("opeai", 6))
    assert len(list(random_scenarios("opeai", 5))) == COUNT
    assert len(list(random_scenarios("opeai", 5, deep=True))) == DEEP_COUNT


def test_help_has_every_variable_and_exit_code() -> None:
    text = run_certify("--help").output
    for name in ("UPSTREAM", "BASE_URL", "API_KEY", "OUT", "POLL_SECONDS"):
        assert f"SEEDMOCK_{name}" in text
    assert "3 the adapter could not be run" in text
    assert len(Invariant) == 14
