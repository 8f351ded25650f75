"""`seedmock drift`: what recordings say of the contract and of each other, and which facts were never verified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.upstreams import NAMES
from seedmock_harness.recordings.model import InvalidRecording, parse_recording

LIMIT = {"opeai": "free.create.seconds.range", "apimodels": "free.create.duration.range"}
HEAD = '{"recording":1,"upstream":"opeai","host":"x","recorded_at":"2026-06-01T12:00:00+00:00","seedmock":"0"}'
LINE = (
    '{"operation":"query","request":{"method":"GET","url":"/v1/videos/nothing"},"response":{"status":404},'
    '"caller":"first","at":1.0}'
)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A recording of each upstream, made once for all tests here."""
    from click.testing import CliRunner

    from seedmock_harness.verify.cli import verify

    folder = tmp_path_factory.mktemp("once")
    for upstream in NAMES:
        told = CliRunner().invoke(verify, ["--upstream", upstream, "--record", str(folder), *_quick(upstream)])
        assert told.exit_code == 0, told.output
    return {upstream: next(folder.glob(f"{upstream}-*.jsonl")) for upstream in NAMES}


def _quick(upstream: str) -> list[str]:
    return ["--budget", "0.40", *(part for name in ("free.auth", LIMIT[upstream], "text") for part in ("--only", name))]


def report(told: Any, path: Path) -> dict[str, Any]:
    said = json.loads(path.read_text("utf-8"))
    assert isinstance(said, dict)
    return said


def answered(row: dict[str, Any], operation: str, status: int = 200) -> dict[str, Any] | None:
    """The JSON object that a row answers, if it is of an operation and a status."""
    if row["operation"] != operation or row["response"]["status"] != status:
        return None
    body = json.loads(row["response"]["body"])
    return body if isinstance(body, dict) else None


def put(row: dict[str, Any], body: Any) -> None:
    row["response"]["body"] = json.dumps(body)
    row["response"]["headers"] = [pair for pair in row["response"]["headers"] if pair[0] != "content-length"]


def test_an_unchanged_upstream_conforms_by_its_recordings(once: Any, drifted: Any, tmp_path: Path) -> None:
    told = drifted(once["opeai"], once["apimodels"], "--report", tmp_path / "found.json")
    assert told.exit_code == 0, told.output
    assert told.output.count("conforms: ") == 2
    for upstream in NAMES:
        said = report(told, tmp_path / f"found-{upstream}.json")
        assert (said["upstream"], said["verdict"], said["findings"]) == (upstream, "conforms", [])
        assert any("last verified 20" in fact["detail"] for fact in said["facts"] if fact["status"] == "confirmed")
    assert "never: " in told.output


def test_a_report_that_cannot_be_written_is_neither_drift_nor_the_end(once: Any, drifted: Any, tmp_path: Path) -> None:
    (tmp_path / "found-apimodels.json").mkdir()
    told = drifted(once["opeai"], once["apimodels"], "--report", tmp_path / "found.json")
    assert told.exit_code == 3, told.output
    assert "error: " in told.stderr
    assert "found-apimodels.json" in told.stderr
    assert report(told, tmp_path / "found-opeai.json")["verdict"] == "conforms"


def test_every_fact_is_listed_with_the_moment_when_it_was_last_verified(
    once: Any, drifted: Any, rewritten: Any, tmp_path: Path
) -> None:
    old = rewritten(once["opeai"], tmp_path / "old.jsonl", lambda row: None, "2026-01-01")
    new = rewritten(once["opeai"], tmp_path / "new.jsonl", lambda row: row["operation"] != "content", "2026-02-02")
    told = drifted(old, new, "--facts")
    dates = {
        line.split()[2]: line.split()[0] for line in told.output.splitlines() if line.split()[1:2] == ["documented"]
    }
    assert dates["opeai.content"].startswith("2026-01-01")
    assert dates["opeai.query"].startswith("2026-02-02")
    assert "never" in dates.values()


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda body: body.pop("status"), "opeai.query.answer.status"),
        (lambda body: body.update(model=7), "opeai.query.answer.model"),
    ],
)
def test_a_field_that_is_gone_or_of_another_type_breaks_the_contract(
    once: Any, drifted: Any, rewritten: Any, tmp_path: Path, change: Any, fact: str
) -> None:
    def spoil(row: dict[str, Any]) -> None:
        if (body := answered(row, "query")) is not None:
            change(body)
            put(row, body)

    told = drifted(rewritten(once["opeai"], tmp_path / "one.jsonl", spoil), "--report", tmp_path / "found.json")
    assert told.exit_code == 1
    said = report(told, tmp_path / "found.json")
    breaking = [finding for finding in said["findings"] if finding["severity"] == "breaking"]
    assert fact in {finding["fact"] for finding in breaking}, breaking


def test_a_new_key_is_news_and_no_drift(once: Any, drifted: Any, rewritten: Any, tmp_path: Path) -> None:
    def add(row: dict[str, Any]) -> None:
        if (body := answered(row, "query")) is not None:
            put(row, body | {"novelty": True})

    old = rewritten(once["opeai"], tmp_path / "old.jsonl", lambda row: None, "2026-01-01")
    new = rewritten(once["opeai"], tmp_path / "new.jsonl", add, "2026-02-02")
    told = drifted(old, new, "--report", tmp_path / "found.json")
    assert told.exit_code == 0, told.output
    findings = report(told, tmp_path / "found.json")["findings"]
    assert any("novelty" in json.dumps(finding) for finding in findings)
    assert {finding["severity"] for finding in findings} == {"info"}


def test_a_key_that_the_contract_does_not_know_and_that_is_gone_again_is_drift(
    once: Any, drifted: Any, rewritten: Any, tmp_path: Path
) -> None:
    def add(row: dict[str, Any]) -> None:
        if (body := answered(row, "query")) is not None:
            put(row, body | {"novelty": True})

    old = rewritten(once["opeai"], tmp_path / "old.jsonl", add, "2026-01-01")
    new = rewritten(once["opeai"], tmp_path / "new.jsonl", lambda row: None, "2026-02-02")
    told = drifted(old, new, "--report", tmp_path / "found.json")
    assert told.exit_code == 1
    (finding,) = [one for one in report(told, tmp_path / "found.json")["findings"] if one["severity"] == "breaking"]
    assert finding["title"] == "novelty is missing, unlike in older recordings"


def test_a_limit_that_has_moved_is_named(once: Any, drifted: Any, rewritten: Any, tmp_path: Path) -> None:
    def widen(row: dict[str, Any]) -> None:
        document = json.loads(row["request"]["body"] or "{}") if row["operation"] == "create" else {}
        if row["response"]["status"] == 400 and str(document.get("seconds")) == "16":
            put(
                row,
                {"error": {"message": "model is unknown", "type": "x", "param": "model", "code": "InvalidParameter"}},
            )
            row["response"]["status"] = 200
            put(row, {"id": "cgt-20260529042640-zzzz9", "task_id": "cgt-20260529042640-zzzz9", "status": "queued"})

    told = drifted(rewritten(once["opeai"], tmp_path / "one.jsonl", widen), "--report", tmp_path / "found.json")
    assert told.exit_code == 1
    facts = {one["fact"] for one in report(told, tmp_path / "found.json")["findings"] if one["severity"] == "breaking"}
    assert any("seconds" in fact for fact in facts), facts


def test_the_same_request_that_is_answered_otherwise_is_drift(
    once: Any, drifted: Any, rewritten: Any, tmp_path: Path
) -> None:
    def other(row: dict[str, Any]) -> None:
        if row["caller"] == "wrong" and row["response"]["status"] == 401:
            row["response"]["status"] = 403

    old = rewritten(once["opeai"], tmp_path / "old.jsonl", lambda row: None, "2026-01-01")
    new = rewritten(once["opeai"], tmp_path / "new.jsonl", other, "2026-02-02")
    told = drifted(old, new)
    assert told.exit_code == 1
    assert "403" in told.output


def test_the_newest_recording_that_looked_decides(once: Any, drifted: Any, rewritten: Any, tmp_path: Path) -> None:
    def spoil(row: dict[str, Any]) -> None:
        if (body := answered(row, "query")) is not None:
            put(row, body | {"model": 7})

    old = rewritten(once["opeai"], tmp_path / "old.jsonl", spoil, "2026-01-01")
    new = rewritten(once["opeai"], tmp_path / "new.jsonl", lambda row: None, "2026-02-02")
    told = drifted(old, new, "--report", tmp_path / "found.json")
    assert told.exit_code == 0
    said = report(told, tmp_path / "found.json")
    assert {finding["severity"] for finding in said["findings"]} == {"info"}
    (fact,) = [fact for fact in said["facts"] if fact["id"] == "opeai.query.answer.status"]
    assert (fact["status"], "2026-02-02" in fact["detail"]) == ("confirmed", True)
    assert drifted(old).exit_code == 1


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "the recording is empty"),
        ("<html>\n", 1, "is not the header of a recording"),
        (HEAD.replace('"recording":1', '"recording":2'), 1, "the recording has format 2"),
        (HEAD.replace("opeai", "openai"), 1, "unknown upstream 'openai'; expected apimodels or opeai"),
        (HEAD.replace("2026-06-01T12:00:00+00:00", "yesterday"), 1, "recorded_at is 'yesterday'"),
        (HEAD.replace("+00:00", ""), 1, "expected a time with an offset"),
        (f"{HEAD}\n{LINE}\nrubbish\n{LINE}\n", 3, "'rubbish' is not an exchange"),
        (f'{HEAD}\n{LINE}\n{{"operation":"query"}}\n', 3, "is not an exchange"),
    ],
)
def test_an_unreadable_recording_is_told_by_its_line(
    tmp_path: Path, drifted: Any, text: str, line: int, said: str
) -> None:
    (tmp_path / "bad.jsonl").write_text(text)
    told = drifted(tmp_path)
    assert told.exit_code == 3
    assert f"bad.jsonl, line {line}: " in told.output
    assert said in told.output
    assert "expected" in told.output
    assert len(told.output.strip().splitlines()) == 1
    with pytest.raises(InvalidRecording):
        parse_recording(text, "bad")


def test_a_last_line_that_was_cut_off_is_left_out_and_said(tmp_path: Path, drifted: Any) -> None:
    (tmp_path / "cut.jsonl").write_text(f"{HEAD}\n{LINE}\n{LINE[:40]}")
    told = drifted(tmp_path)
    assert "its last line is incomplete" in told.output
    assert parse_recording((tmp_path / "cut.jsonl").read_text(), "cut").truncated


def test_where_there_is_nothing_to_compare_nobody_could_look(tmp_path: Path, drifted: Any) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        told = drifted(place)
        assert told.exit_code == 3
        assert told.output.startswith("error: ")
    (tmp_path / "bare.jsonl").write_text(HEAD + "\n")
    told = drifted(tmp_path)
    assert told.exit_code == 3
    assert "inconclusive" in told.output
    assert drifted(tmp_path, "--report", tmp_path / "x.unknown").exit_code == 2
