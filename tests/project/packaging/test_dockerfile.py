"""The Dockerfile: linted, copying no more than it names, and its steps run in clean root directories.

No container engine is needed: `scripts/try_dockerfile.py` stands in for it, and says for what. The workflow `test`
builds and runs the image with a real one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from container_trial.dockerfile import copied_paths, read_instructions

ROOT = Path(__file__).parents[3]
DOCKERFILE = ROOT / "Dockerfile"
CALLER = {"health": 200, "clock": [401, 401, 200], "content_type": "video/mp4", "is_mp4": True}


def lint(text: str) -> str:
    """Findings of hadolint, of every severity."""
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    command = [hadolint, "--no-color", "--no-fail", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def test_the_linter_finds_nothing() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    assert lint(text) == ""
    assert "DL3006" in lint(text.replace(":3.13-slim-bookworm", "", 1)), "an image without a tag is not found"


def test_the_context_is_what_is_copied() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert "*" in lines
    assert {line[1:] for line in lines if line.startswith("!")} == copied_paths(DOCKERFILE)


def test_the_example_for_compose_meets_its_schema() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    path = str(ROOT / "examples" / "compose.yaml")
    subprocess.run([checker, "--builtin-schema", "vendor.compose-spec", path], check=True)


def test_an_unknown_instruction_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM python:3.13-slim\nONBUILD RUN true\n", encoding="utf-8")
    with pytest.raises(ValueError, match="ONBUILD is not known here"):
        list(read_instructions(path))


@pytest.fixture(scope="module")
def observed() -> dict[str, Any]:
    """Observations of the running container. Skipped where there are no namespaces, or no right to make them."""
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    possible = shutil.which("unshare") is not None and shutil.which((sudo or ["sh"])[0]) is not None
    if not possible or subprocess.run([*sudo, "unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("needs Linux, root or sudo without a password, and unshare")
    inherited = "--preserve-env=PATH,PIP_CERT,PIP_INDEX_URL,HTTPS_PROXY,https_proxy"
    command = [*sudo, *([inherited] if sudo else []), sys.executable, str(ROOT / "scripts/try_dockerfile.py")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    report: dict[str, Any] = json.loads(run.stdout)
    return report


@pytest.mark.slow
def test_the_command_is_process_1_of_a_user_without_rights(observed: dict[str, Any]) -> None:
    assert (observed["process"], observed["user"]) == ("1", "10001")


@pytest.mark.slow
def test_the_health_check_sees_whether_it_serves(observed: dict[str, Any]) -> None:
    assert (observed["healthy"], observed["unhealthy"]) == (0, 1)


@pytest.mark.slow
def test_callers_get_clips_and_need_the_printed_token_for_control(observed: dict[str, Any]) -> None:
    assert re.search(r"^  control token \S{32}:", observed["greeting"], re.MULTILINE)
    assert {**CALLER, "bytes": observed["caller"]["bytes"]} == observed["caller"]
    assert observed["caller"]["bytes"] > 50_000


@pytest.mark.slow
def test_a_token_that_is_given_is_not_printed(observed: dict[str, Any]) -> None:
    assert "token" not in observed["greeting_with_token"].lower()
    assert {**CALLER, "bytes": observed["caller_with_token"]["bytes"]} == observed["caller_with_token"]


@pytest.mark.slow
def test_what_it_stores_is_in_the_volume(observed: dict[str, Any]) -> None:
    assert observed["volume"] == ["clips", "files"]  # all else is read-only in the trial


@pytest.mark.slow
def test_it_ends_well_when_it_is_stopped(observed: dict[str, Any]) -> None:
    assert (observed["exit_code"], observed["exit_code_with_token"]) == (0, 0)
