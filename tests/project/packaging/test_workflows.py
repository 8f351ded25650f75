"""Workflows of the project: valid, safe by the rules of zizmor, with every action pinned by its commit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PIN = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+")


def audit(*paths: Path) -> str:
    """Findings of zizmor, of every severity. It asks no server: that a commit is the release it names is unchecked."""
    zizmor = shutil.which("zizmor", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if zizmor is None:
        assert not os.environ.get("CI"), "zizmor is not installed"
        pytest.skip("zizmor is not installed")
    command = [zizmor, "--offline", "--no-config", "--no-progress", "--quiet", "--color=never", "--format=plain"]
    run = subprocess.run([*command, *paths], capture_output=True, text=True, check=False)
    assert run.returncode in (0, 11, 12, 13, 14), run.stderr
    return run.stdout.strip()


def test_the_workflows_meet_their_schema() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    assert len(WORKFLOWS) == 4
    subprocess.run([checker, "--builtin-schema", "vendor.github-workflows", *WORKFLOWS], check=True)
    subprocess.run([checker, "--builtin-schema", "vendor.dependabot", ROOT / ".github" / "dependabot.yml"], check=True)


def test_the_audit_finds_nothing(tmp_path: Path) -> None:
    assert "No findings to report" in audit(ROOT / ".github", ROOT / "action.yml")
    workflow = tmp_path / ".github" / "workflows" / "release.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(
        re.sub(
            r"@[0-9a-f]{40} # (v\d+)\S*", r"@\1", (ROOT / ".github" / "workflows" / "release.yml").read_text(), count=1
        )
    )
    assert "unpinned-uses" in audit(tmp_path / ".github"), "an action without a commit is not found"


def test_each_action_is_pinned_to_one_release() -> None:
    lines = [line for path in WORKFLOWS for line in path.read_text().splitlines() if "uses:" in line]
    pins = [PIN.search(line) for line in lines]
    assert [line for line, pin in zip(lines, pins, strict=True) if pin is None] == []
    assert len({pin[0] for pin in pins if pin}) == len({pin["action"] for pin in pins if pin})


def test_only_the_jobs_that_publish_may_write() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    jobs = re.split(r"^  (?=[\w-]+:$)", text.partition("\njobs:\n")[2], flags=re.MULTILINE)
    writers = {job.partition(":")[0] for job in jobs if re.search(r"^ {6}[\w-]+: write\b", job, re.MULTILINE)}
    assert writers == {"publish", "publish-npm", "publish-image"}
