"""`seedmock drift`: recordings against the contract and each other, and when each fact was last verified."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from seedmock_contracts.upstreams import NAMES
from seedmock_harness.recordings.model import InvalidRecording, parse_recording

if TYPE_CHECKING:
    from .conftest import CopyRecording, Row, RunDrift

HEADER = '{"recording":1,"upstream":"opeai","host":"x","recorded_at":"2026-06-01T12:00:00+00:00","seedmock":"0"}'
LINE = (
    '{"operation":"query","request":{"method":"GET","url":"/v1/videos/nothing"},"response":{"status":404},'
    '"caller":"first","at":1.0}'
)
OLD, NEW = "2026-01-01", "2026-02-02"
Recordings = dict[str, Path]


def read_report(path: Path) -> dict[str, Any]:
    report = json.loads(path.read_text("utf-8"))
    assert isinstance(report, dict)
    return report


def response_object(row: Row, operation: str, status: int = 200) -> dict[str, Any] | None:
    """Return the JSON object of a response, if it is of an operation and a status."""
    if row["operation"] != operation or row["response"]["status"] != status:
        return None
    body = json.loads(row["response"]["body"])
    return body if isinstance(body, dict) else None


def set_response_body(row: Row, body: Any) -> None:
    row["response"]["body"] = json.dumps(body)
    row["response"]["headers"] = [pair for pair in row["response"]["headers"] if pair[0] != "content-length"]


def adding_to_queries(**fields: Any) -> Callable[[Row], None]:
    """Return a change that sets fields in every successful response to a query."""

    def change(row: Row) -> None:
        if (body := response_object(row, "query")) is not None:
            set_response_body(row, body | fields)

    return change


def test_unchanged_upstream_conforms(recordings: Recordings, run_drift: RunDrift, tmp_path: Path) -> None:
    result = run_drift(recordings["opeai"], recordings["apimodels"], "--report", tmp_path / "report.json")
    assert result.exit_code == 0, result.output
    assert result.output.count("conforms: ") == 2
    for upstream in NAMES:
        report = read_report(tmp_path / f"report-{upstream}.json")
        assert (report["upstream"], report["verdict"], report["findings"]) == (upstream, "conforms", [])
        confirmed = [fact for fact in report["facts"] if fact["status"] == "confirmed"]
        assert any("last verified 20" in fact["detail"] for fact in confirmed)
    assert "never: " in result.output


def test_unwritable_report_is_inconclusive_and_does_not_prevent_the_others(
    recordings: Recordings, run_drift: RunDrift, tmp_path: Path
) -> None:
    (tmp_path / "report-apimodels.json").mkdir()
    result = run_drift(recordings["opeai"], recordings["apimodels"], "--report", tmp_path / "report.json")
    assert result.exit_code == 3, result.output
    assert "error: " in result.stderr
    assert "report-apimodels.json" in result.stderr
    assert read_report(tmp_path / "report-opeai.json")["verdict"] == "conforms"


def test_facts_lists_every_fact_with_the_time_of_its_last_verification(
    recordings: Recordings, run_drift: RunDrift, copy_recording: CopyRecording, tmp_path: Path
) -> None:
    old = copy_recording(recordings["opeai"], tmp_path / "old.jsonl", day=OLD)
    new = copy_recording(recordings["opeai"], tmp_path / "new.jsonl", lambda row: row["operation"] != "content", NEW)
    result = run_drift(old, new, "--facts")
    rows = [line.split() for line in result.output.splitlines()]
    dates = {row[2]: row[0] for row in rows if row[1:2] == ["documented"]}
    assert dates["opeai.content"].startswith(OLD)
    assert dates["opeai.query"].startswith(NEW)
    assert "never" in dates.values()


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda body: body.pop("status"), "opeai.query.response.status"),
        (lambda body: body.update(model=7), "opeai.query.response.model"),
    ],
)
def test_missing_or_retyped_field_is_breaking_drift(
    recordings: Recordings,
    run_drift: RunDrift,
    copy_recording: CopyRecording,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], Any],
    fact: str,
) -> None:
    def change_queries(row: Row) -> None:
        if (body := response_object(row, "query")) is not None:
            change(body)
            set_response_body(row, body)

    changed = copy_recording(recordings["opeai"], tmp_path / "changed.jsonl", change_queries)
    result = run_drift(changed, "--report", tmp_path / "report.json")
    assert result.exit_code == 1
    findings = read_report(tmp_path / "report.json")["findings"]
    breaking = [finding for finding in findings if finding["severity"] == "breaking"]
    assert fact in {finding["fact"] for finding in breaking}, breaking


def test_new_key_is_a_note_and_not_drift(
    recordings: Recordings, run_drift: RunDrift, copy_recording: CopyRecording, tmp_path: Path
) -> None:
    old = copy_recording(recordings["opeai"], tmp_path / "old.jsonl", day=OLD)
    new = copy_recording(recordings["opeai"], tmp_path / "new.jsonl", adding_to_queries(novelty=True), NEW)
    result = run_drift(old, new, "--report", tmp_path / "report.json")
    assert result.exit_code == 0, result.output
    findings = read_report(tmp_path / "report.json")["findings"]
    assert any("novelty" in json.dumps(finding) for finding in findings)
    assert {finding["severity"] for finding in findings} == {"info"}


def test_undocumented_key_that_disappears_is_drift(
    recordings: Recordings, run_drift: RunDrift, copy_recording: CopyRecording, tmp_path: Path
) -> None:
    old = copy_recording(recordings["opeai"], tmp_path / "old.jsonl", adding_to_queries(novelty=True), OLD)
    new = copy_recording(recordings["opeai"], tmp_path / "new.jsonl", day=NEW)
    result = run_drift(old, new, "--report", tmp_path / "report.json")
    assert result.exit_code == 1
    findings = read_report(tmp_path / "report.json")["findings"]
    (finding,) = [finding for finding in findings if finding["severity"] == "breaking"]
    assert finding["title"] == "novelty is missing, unlike in older recordings"


def test_moved_limit_is_named(
    recordings: Recordings, run_drift: RunDrift, copy_recording: CopyRecording, tmp_path: Path
) -> None:
    def accept_sixteen_seconds(row: Row) -> None:
        document = json.loads(row["request"]["body"] or "{}") if row["operation"] == "create" else {}
        if row["response"]["status"] == 400 and str(document.get("seconds")) == "16":
            row["response"]["status"] = 200
            task = "cgt-20260529042640-zzzz9"
            set_response_body(row, {"id": task, "task_id": task, "status": "queued"})

    changed = copy_recording(recordings["opeai"], tmp_path / "changed.jsonl", accept_sixteen_seconds)
    result = run_drift(changed, "--report", tmp_path / "report.json")
    assert result.exit_code == 1
    findings = read_report(tmp_path / "report.json")["findings"]
    facts = {finding["fact"] for finding in findings if finding["severity"] == "breaking"}
    assert any("seconds" in fact for fact in facts), facts


def test_same_request_with_another_response_is_drift(
    recordings: Recordings, run_drift: RunDrift, copy_recording: CopyRecording, tmp_path: Path
) -> None:
    def forbid(row: Row) -> None:
        if row["caller"] == "wrong" and row["response"]["status"] == 401:
            row["response"]["status"] = 403

    old = copy_recording(recordings["opeai"], tmp_path / "old.jsonl", day=OLD)
    new = copy_recording(recordings["opeai"], tmp_path / "new.jsonl", forbid, NEW)
    result = run_drift(old, new)
    assert result.exit_code == 1
    assert "403" in result.output


def test_newest_recording_with_a_result_decides(
    recordings: Recordings, run_drift: RunDrift, copy_recording: CopyRecording, tmp_path: Path
) -> None:
    old = copy_recording(recordings["opeai"], tmp_path / "old.jsonl", adding_to_queries(model=7), OLD)
    new = copy_recording(recordings["opeai"], tmp_path / "new.jsonl", day=NEW)
    result = run_drift(old, new, "--report", tmp_path / "report.json")
    assert result.exit_code == 0
    report = read_report(tmp_path / "report.json")
    assert {finding["severity"] for finding in report["findings"]} == {"info"}
    (fact,) = [fact for fact in report["facts"] if fact["id"] == "opeai.query.response.status"]
    assert (fact["status"], NEW in fact["detail"]) == ("confirmed", True)
    assert run_drift(old).exit_code == 1


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "the recording is empty"),
        ("<html>\n", 1, "is not the header of a recording"),
        (HEADER.replace('"recording":1', '"recording":2'), 1, "the recording has format 2"),
        (HEADER.replace("opeai", "openai"), 1, "unknown upstream 'openai'; expected apimodels or opeai"),
        (HEADER.replace("2026-06-01T12:00:00+00:00", "yesterday"), 1, "recorded_at is 'yesterday'"),
        (HEADER.replace("+00:00", ""), 1, "expected a time with an offset"),
        (f"{HEADER}\n{LINE}\nrubbish\n{LINE}\n", 3, "'rubbish' is not an exchange"),
        (f'{HEADER}\n{LINE}\n{{"operation":"query"}}\n', 3, "is not an exchange"),
    ],
)
def test_invalid_recording_is_reported_by_line(
    tmp_path: Path, run_drift: RunDrift, text: str, line: int, message: str
) -> None:
    (tmp_path / "bad.jsonl").write_text(text)
    result = run_drift(tmp_path)
    assert result.exit_code == 3
    assert f"bad.jsonl, line {line}: " in result.output
    assert message in result.output
    assert "expected" in result.output
    assert len(result.output.strip().splitlines()) == 1
    with pytest.raises(InvalidRecording):
        parse_recording(text, "bad")


def test_incomplete_last_line_is_dropped_and_reported(tmp_path: Path, run_drift: RunDrift) -> None:
    (tmp_path / "cut.jsonl").write_text(f"{HEADER}\n{LINE}\n{LINE[:40]}")
    assert "its last line is incomplete" in run_drift(tmp_path).output
    assert parse_recording((tmp_path / "cut.jsonl").read_text(), "cut").truncated


def test_nothing_to_compare_is_inconclusive(tmp_path: Path, run_drift: RunDrift) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        result = run_drift(path)
        assert result.exit_code == 3
        assert result.output.startswith("error: ")
    (tmp_path / "bare.jsonl").write_text(HEADER + "\n")
    result = run_drift(tmp_path)
    assert result.exit_code == 3
    assert "inconclusive" in result.output
    assert run_drift(tmp_path, "--report", tmp_path / "x.unknown").exit_code == 2
