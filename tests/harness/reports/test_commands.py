"""Reports as commands write them: by suffix, several at once, without keys, and refused before anything is sent."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from seedmock_harness.certify.cli import certify
from seedmock_harness.drift.cli import drift
from seedmock_harness.reports.writers import CERTIFICATIONS, VERIFICATIONS, write
from seedmock_harness.verify.cli import verify
from seedmock_server import ControlClient, serve

KEY, SECOND = "sk_secret_first_key", "sk_secret_second_key"
BROKEN = Path(__file__).parents[1] / "certify" / "clients" / "plain.py"
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command in a folder of its own, with nothing of the machine's."""
    for name in ("SEEDMOCK_API_KEY", "SEEDMOCK_SECOND_API_KEY", "SEEDMOCK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("seedmock_harness.verify.target.pause", lambda seconds: None)
    return lambda command, *options, **environment: CliRunner().invoke(command, options, env=environment)


def wanted(suffixes: Any) -> list[str]:
    """The options that ask for a report of every kind."""
    return [word for suffix in suffixes for word in ("--report", f"report{suffix}")]


def read(folder: Path) -> dict[str, str]:
    """The reports, each read by what reads its kind."""
    told = {path.suffix: path.read_text(encoding="utf-8") for path in folder.glob("report.*")}
    json.loads(told[".json"])
    json.loads(told[".sarif"])
    ET.fromstring(told[".xml"].encode())
    HTMLParser().feed(told[".html"])
    return told


def test_a_verification_that_finds_drift_says_so_in_every_kind_of_report(run: Run, tmp_path: Path) -> None:
    with serve(pace="instant", seed=3) as server:
        with ControlClient(server.url) as control:
            control.faults.add("other_size to=320x320", upstream="opeai", operation="content")
        options = ("--base-url", server.url, "--budget", "0.3", "--only", "text", *wanted(VERIFICATIONS))
        keys = {"SEEDMOCK_API_KEY": KEY, "SEEDMOCK_SECOND_API_KEY": SECOND}
        told = run(verify, "--upstream", "opeai", *options, **keys)
    assert told.exit_code == 1, told.output
    reports = read(tmp_path)
    assert set(reports) == set(VERIFICATIONS)
    found = json.loads(reports[".json"])
    (task,) = found["tasks"]
    for text in reports.values():
        assert KEY not in text
        assert SECOND not in text
        assert "320x320" in text
        assert task in text
    results = json.loads(reports[".sarif"])["runs"][0]["results"]
    assert [one["ruleId"] for one in results] == [one["fact"] for one in found["findings"]]
    root = ET.fromstring(reports[".xml"].encode())
    skipped = sum(fact["verdict"] == "not-looked" for fact in found["facts"])
    assert (int(root.get("errors", "")), int(root.get("skipped", ""))) == (0, skipped)
    red = {one["fact"] for one in found["findings"] if one["severity"] != "info" and one["label"] == "drift"}
    assert int(root.get("failures", "")) == len(red) > 0


def test_a_certification_says_in_every_kind_of_report_what_broke(run: Run, tmp_path: Path) -> None:
    command = shlex.join([sys.executable, str(BROKEN), "resubmits"])
    only = ("--only", "create-500", "--only", "ordinary")
    told = run(certify, "--upstream", "opeai", "--adapter", command, *only, *wanted(CERTIFICATIONS))
    assert told.exit_code == 1, told.output
    reports = read(tmp_path)
    assert set(reports) == set(CERTIFICATIONS)
    assert all("no-blind-resubmit" in text and "create-500" in text for text in reports.values())
    assert reports[".html"].count('class="time" role="img"') == 3


def test_recordings_are_reported_on_like_anything_else(run: Run, tmp_path: Path) -> None:
    assert run(verify, "--upstream", "opeai", "--only", "text", "--record", "kept").exit_code == 0
    told = run(drift, "kept", *wanted(VERIFICATIONS))
    assert told.exit_code == 0, told.output
    assert set(read(tmp_path)) == set(VERIFICATIONS)


@pytest.mark.parametrize("command", [verify, certify, drift])
@pytest.mark.parametrize(
    ("report", "says"),
    [
        ("report.pdf", "allowed: .json, .md, .html, .sarif, .xml"),
        ("report", "ends in 'nothing'"),
        ("-", "ends in 'nothing'"),
        ("no/such/report.html", "cannot be written there"),
        ("folder.html", "cannot be written there"),
    ],
)
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_sent(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Any, report: str, says: str
) -> None:
    (tmp_path / "folder.html").mkdir()
    monkeypatch.setattr("httpx.Client.send", lambda *_, **__: pytest.fail("something was sent"))
    options = {
        "verify": ("--upstream", "opeai", "--base-url", "http://127.0.0.1:9", "--api-key", KEY),
        "certify": ("--upstream", "opeai", "--adapter", "touch started"),
        "drift": ("nowhere",),
    }[command.name]
    told = run(command, *options, "--report", "fine.json", "--report", report)
    assert told.exit_code == 2, told.output
    assert says in " ".join(told.output.split())
    assert not (tmp_path / "fine.json").exists()
    assert not (tmp_path / "started").exists()


def test_the_suffix_may_be_written_large(verification: Any, tmp_path: Path) -> None:
    write(verification(), [tmp_path / "REPORT.HTML"], VERIFICATIONS)
    assert (tmp_path / "REPORT.HTML").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_one_report_that_fails_costs_no_other(verification: Any, tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    with pytest.raises(IsADirectoryError):
        write(verification(), [tmp_path / "a.md", tmp_path / "b.json"], VERIFICATIONS)
    assert (tmp_path / "b.json").exists()


@pytest.mark.parametrize("suffix", VERIFICATIONS)
def test_half_a_character_does_not_keep_a_report_from_being_written(
    verification: Any, certification: Any, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"report{suffix}"
    for made, writers in ((verification, VERIFICATIONS), (certification, CERTIFICATIONS)):
        write(made("half \ud83d of it"), [path], writers)
        assert "ud83d" in path.read_text(encoding="utf-8")
    if suffix in (".json", ".sarif"):
        said = json.loads(path.read_text(encoding="utf-8"))
        told = said if suffix == ".json" else said["runs"][0]["properties"]
        assert told["adapter"] == "adapter half \ud83d of it"
