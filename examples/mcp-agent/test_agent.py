"""The session as an agent has it: over stdio, with an emulator that the server starts for itself."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("agent.py")


def test_the_agent_keeps_its_budget_and_reads_what_went_wrong(tmp_path: Path) -> None:
    record = tmp_path / "session.jsonl"
    command = [sys.executable, str(PROGRAM), "--record", str(record), "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    calls = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    tools = ["quote", "order", "wait", "download", "quote", "set_fate", "quote", "order", "wait", "order"]
    assert [call["tool"] for call in calls] == [*tools, "read_violations", "clear_rules", "verify"]
    results = [call["result"] for call in calls]
    assert [results[2]["status"], results[8]["status"]] == ["SUCCESS", "FAILURE"]
    assert (tmp_path / "boat.mp4").read_bytes()[4:8] == b"ftyp"
    assert [call["tool"] for call in calls if call["is_error"]] == ["order"]
    assert 'seconds is "99"; allowed: 4 to 15' in results[9]
    assert results[10]["violations"][-1]["fact"] == "opeai.create.seconds.range"
    assert results[12]["findings"] == []
