"""A new upstream is three small modules in any folder on the import path, and no edit elsewhere: `toy/` is one.

Everything runs in processes of its own, because which upstreams there are is read once, at import.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TOY = Path(__file__).parent / "toy"
Run = Callable[..., str]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a process that finds the toy in a folder of its own, outside the repository."""
    folder = tmp_path_factory.mktemp("toy") / "packages"
    shutil.copytree(TOY, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "120"}


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run Python with arguments where the toy is found, and return its output."""

    def run_python(*arguments: str, exit_code: int = 0, **variables: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, cwd=tmp_path, env={**environment, **variables}
        )
        assert done.returncode == exit_code, done.stdout + done.stderr
        return done.stdout

    return run_python


@pytest.fixture
def url(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Origin of an emulator that was started with the toy on its path."""
    command = [sys.executable, "-m", "seedmock_server", "serve", "--port", "0", "--pace", "instant"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment)
    assert process.stdout is not None
    try:
        lines = iter(process.stdout.readline, "Ctrl-C stops.\n")
        found = re.search(r"toy +(http://127\.0\.0\.1:\d+)/kiln/v3\n", "".join(lines))
        assert found, "the welcome names the base URL of the toy"
        yield found[1]
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


SEEDMOCK = ("-m", "seedmock_server")


def test_generate_makes_a_clip(run: Run, url: str, tmp_path: Path) -> None:
    options = ("--upstream", "toy", "--base-url", url, "--api-key", "sk_any", "--json")
    out = run(*SEEDMOCK, "generate", "A kite", *options, "--size", "864x496", "--seconds", "3", "-o", "kite.mp4")
    clip = json.loads(out)
    assert (clip["upstream"], clip["status"], clip["mismatches"], clip["usd"]) == ("toy", "SUCCESS", [], "0.3")
    assert re.fullmatch(r"KJ[0-9A-F]{12}", clip["task_id"])
    assert (tmp_path / "kite.mp4").read_bytes()[4:8] == b"ftyp"


def test_every_command_that_names_an_upstream_offers_the_toy(run: Run) -> None:
    for command in ("generate", "verify", "certify", "record", "replay", "drift", "tasks", "journal"):
        assert "apimodels|opeai|toy" in run(*SEEDMOCK, command, "--help"), command


CANCEL = """
import sys
from seedmock_client import Client, StateConflictError, TaskCancelledError
from seedmock_contracts.generation import GenerationRequest

with Client("toy", base_url=sys.argv[1], api_key="sk_any") as client:
    order = GenerationRequest(prompt="A kite", size="864x496", seconds=3)
    ended, other = client.create(order), None
    client.wait(ended)
    try:
        client.cancel(ended)
    except StateConflictError as error:
        print(error.status)
    print([video.status.value for video in client.list_tasks()])
"""


def test_a_task_that_has_ended_cannot_be_cancelled(run: Run, url: str) -> None:
    assert run("-c", CANCEL, url).splitlines() == ["409", "['SUCCESS']"]


def test_verify_finds_that_the_emulated_toy_conforms(run: Run) -> None:
    out = run(*SEEDMOCK, "verify", "--upstream", "toy", "--budget", "unlimited", "--report", "report.json")
    assert out.splitlines()[-1].startswith("conforms: ")
