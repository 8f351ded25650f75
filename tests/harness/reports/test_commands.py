"""Reports as the commands write them: by suffix, several at once, without keys, and checked before any request."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import click
import pytest
from click.testing import CliRunner, Result

from seedmock_harness.certify.cli import certify
from seedmock_harness.drift.cli import drift
from seedmock_harness.reports.writers import CERTIFICATION_WRITERS, VERIFICATION_WRITERS, write_reports
from seedmock_harness.verify.cli import verify
from seedmock_server import ControlClient, serve

if TYPE_CHECKING:
    from .conftest import MakeCertification, MakeVerification

KEY, SECOND_KEY = "sk_secret_first_key", "sk_secret_second_key"
PLAIN_CLIENT = Path(__file__).parents[1] / "certify" / "clients" / "plain.py"
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in its own folder, without the keys and the state folder of this machine."""
    for name in ("SEEDMOCK_API_KEY", "SEEDMOCK_SECOND_API_KEY", "SEEDMOCK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("seedmock_harness.verify.target.pause", lambda seconds: None)
    return lambda command, *options, **environment: CliRunner().invoke(command, options, env=environment)


def report_options(suffixes: Iterable[str]) -> list[str]:
    """Return the options for a report in every format."""
    return [word for suffix in suffixes for word in ("--report", f"report{suffix}")]


def read_reports(folder: Path) -> dict[str, str]:
    """Read the reports, and check that each can be parsed."""
    reports = {path.suffix: path.read_text(encoding="utf-8") for path in folder.glob("report.*")}
    json.loads(reports[".json"])
    json.loads(reports[".sarif"])
    ET.fromstring(reports[".xml"].encode())
    HTMLParser().feed(reports[".html"])
    return reports


def test_drift_is_in_every_format_of_report(run: Run, tmp_path: Path) -> None:
    with serve(pace="instant", seed=3) as server:
        with ControlClient(server.url) as control:
            control.faults.add("other_size to=320x320", upstream="opeai", operation="content")
        reports = report_options(VERIFICATION_WRITERS)
        options = ("--base-url", server.url, "--budget", "0.3", "--only", "text", *reports)
        keys = {"SEEDMOCK_API_KEY": KEY, "SEEDMOCK_SECOND_API_KEY": SECOND_KEY}
        result = run(verify, "--upstream", "opeai", *options, **keys)
    assert result.exit_code == 1, result.output
    texts = read_reports(tmp_path)
    assert set(texts) == set(VERIFICATION_WRITERS)
    report = json.loads(texts[".json"])
    (task,) = report["tasks"]
    for text in texts.values():
        assert KEY not in text
        assert SECOND_KEY not in text
        assert "320x320" in text
        assert task in text
    results = json.loads(texts[".sarif"])["runs"][0]["results"]
    assert [entry["ruleId"] for entry in results] == [finding["fact"] for finding in report["findings"]]
    root = ET.fromstring(texts[".xml"].encode())
    skipped = sum(fact["status"] == "not-checked" for fact in report["facts"])
    assert (int(root.get("errors", "")), int(root.get("skipped", ""))) == (0, skipped)
    drift_findings = [finding for finding in report["findings"] if finding["label"] == "drift"]
    failed = {finding["fact"] for finding in drift_findings if finding["severity"] != "info"}
    assert int(root.get("failures", "")) == len(failed) > 0


@pytest.mark.slow
def test_violations_are_in_every_format_of_report(run: Run, tmp_path: Path) -> None:
    command = shlex.join([sys.executable, str(PLAIN_CLIENT), "resubmits"])
    only = ("--only", "create-500", "--only", "success")
    options = ("--upstream", "opeai", "--adapter", command, *only, *report_options(CERTIFICATION_WRITERS))
    result = run(certify, *options)
    assert result.exit_code == 1, result.output
    reports = read_reports(tmp_path)
    assert set(reports) == set(CERTIFICATION_WRITERS)
    assert all("no-blind-resubmit" in text and "create-500" in text for text in reports.values())
    assert reports[".html"].count('class="time" role="img"') == 3


def test_drift_command_writes_every_format_of_report(run: Run, tmp_path: Path) -> None:
    assert run(verify, "--upstream", "opeai", "--only", "text", "--record", "recordings").exit_code == 0
    result = run(drift, "recordings", *report_options(VERIFICATION_WRITERS))
    assert result.exit_code == 0, result.output
    assert set(read_reports(tmp_path)) == set(VERIFICATION_WRITERS)


@pytest.mark.parametrize("command", [verify, certify, drift])
@pytest.mark.parametrize(
    ("report", "message"),
    [
        ("report.pdf", "available: .json, .md, .html, .sarif, .xml"),
        ("report", "unknown format 'no suffix'"),
        ("-", "unknown format 'no suffix'"),
        ("no/such/report.html", "not writable"),
        ("folder.html", "not writable"),
    ],
)
def test_invalid_report_path_exits_before_any_request(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: click.Command, report: str, message: str
) -> None:
    (tmp_path / "folder.html").mkdir()
    monkeypatch.setattr("httpx.Client.send", lambda *_, **__: pytest.fail("a request was sent"))
    options = {
        "verify": ("--upstream", "opeai", "--base-url", "http://127.0.0.1:9", "--api-key", KEY),
        "certify": ("--upstream", "opeai", "--adapter", "touch started"),
        "drift": ("nowhere",),
    }[str(command.name)]
    result = run(command, *options, "--report", "valid.json", "--report", report)
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.output.split())
    assert not (tmp_path / "valid.json").exists()
    assert not (tmp_path / "started").exists()


def test_suffix_may_be_upper_case(make_verification: MakeVerification, tmp_path: Path) -> None:
    write_reports(make_verification(), [tmp_path / "REPORT.HTML"], VERIFICATION_WRITERS)
    assert (tmp_path / "REPORT.HTML").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_failing_report_does_not_prevent_the_others(make_verification: MakeVerification, tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    with pytest.raises(IsADirectoryError):
        write_reports(make_verification(), [tmp_path / "a.md", tmp_path / "b.json"], VERIFICATION_WRITERS)
    assert (tmp_path / "b.json").exists()


@pytest.mark.parametrize("suffix", VERIFICATION_WRITERS)
def test_lone_surrogate_does_not_prevent_a_report(
    make_verification: MakeVerification, make_certification: MakeCertification, tmp_path: Path, suffix: str
) -> None:
    path, text = tmp_path / f"report{suffix}", "half \ud83d of it"
    write_reports(make_verification(text), [path], VERIFICATION_WRITERS)
    assert "ud83d" in path.read_text(encoding="utf-8")
    write_reports(make_certification(text), [path], CERTIFICATION_WRITERS)
    assert "ud83d" in path.read_text(encoding="utf-8")
    if suffix in (".json", ".sarif"):
        report: Any = json.loads(path.read_text(encoding="utf-8"))
        properties = report if suffix == ".json" else report["runs"][0]["properties"]
        assert properties["adapter"] == "adapter half \ud83d of it"
