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
        match = re.search(r"toy +(http://127\.0\.0\.1:\d+)/kiln/v3\n", "".join(lines))
        assert match, "the welcome names the base URL of the toy"
        yield match[1]
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
    prompt = "A kite [[mock: stuck status=in_progress]]"
    task = client.create(GenerationRequest(prompt=prompt, size="864x496", seconds=3))
    print(client.query(task.task_id).raw_status, "|", client.cancel(task).raw_status)
    for attempt in (client.cancel, client.wait):
        try:
            attempt(task)
        except (StateConflictError, TaskCancelledError) as error:
            print(type(error).__name__, error.status)
    print([video.status.value for video in client.list_tasks()])
"""


def test_a_running_task_is_cancelled_once_and_costs_nothing(run: Run, url: str) -> None:
    assert run("-c", CANCEL, url).splitlines() == [
        "working | withdrawn",
        "StateConflictError 409",
        "TaskCancelledError None",
        "['CANCELLED']",
    ]
    (statement,) = json.loads(run(*SEEDMOCK, "ledger", "--url", url, "--json"))["statements"]
    totals = statement["totals"]
    assert (totals["quoted"], totals["charged"], totals["refunded"]) == ("0.3", "0", "0.3")


def test_verify_finds_that_the_emulated_toy_conforms(run: Run) -> None:
    out = run(*SEEDMOCK, "verify", "--upstream", "toy", "--budget", "unlimited", "--report", "report.json")
    assert out.splitlines()[-1].startswith("conforms: ")


MACHINE = """
import json
import sys
from hypothesis import settings
from seedmock_harness.conformance.runner import run_conformance
from seedmock_harness.results.checks import CheckFailure
from seedmock_server import create_app
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import InProcessClient

clock, examples, faults = ManualClock(), int(sys.argv[1]), sys.argv[2:]
keys = ("sk_conformance_first", "sk_conformance_second")
app = create_app(clock=clock, pace="fast", seed=1, cache_dir="clips", keys=keys)
with InProcessClient(app) as client:
    for fault in faults:
        operation, _, text = fault.partition(": ")
        rule = json.dumps({"match": {"upstream": "toy", "operation": operation}, "fault": text}).encode()
        headers = {"content-type": "application/json"}
        assert client.request("POST", "/_mock/faults", headers=headers, content=rule).status_code < 300
    try:
        run_conformance("toy", client.request, clock=clock, settings=settings(max_examples=examples, derandomize=True))
        print("conforms")
    except CheckFailure as failure:
        print(failure.check)
    client.run(app.aclose())
"""


def test_conformance_finds_nothing_in_the_emulated_toy(run: Run) -> None:
    assert run("-c", MACHINE, "25") == "conforms\n"


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("query: other_value field=phase to=working if_value=withdrawn", "running_tasks_can_be_cancelled"),
        ("cancel: other_refusal kind=state_conflict to=gone", "ended_tasks_cannot_be_cancelled"),
        ("task_list: other_value field=all[].ref to=KJ000000000000", "task_lists_show_the_callers_tasks"),
    ],
)
def test_a_toy_that_breaks_its_contract_is_found_by_the_check_for_it(run: Run, fault: str, check: str) -> None:
    assert run("-c", MACHINE, "25", fault) == f"{check}\n"


def test_certify_accepts_the_reference_client(run: Run) -> None:
    adapter = f"{sys.executable} -m seedmock_client.cli.adapter"
    only = [
        word for name in ("success", "order-first-frame", "links-other-origin", "failed") for word in ("--only", name)
    ]
    out = run(*SEEDMOCK, "certify", "--upstream", "toy", "--adapter", adapter, *only)
    assert "certified: 4 scenarios of toy" in out


PYTEST = """
def test_toy(mock_upstreams, mock_clock, mock_fates, mock_ledger):
    from seedmock_contracts.generation import GenerationRequest
    from seedmock_contracts.pricing import quote

    order = GenerationRequest(prompt="A kite", model="fast", size="864x496", seconds=4)
    client = mock_upstreams.client("toy")
    video = client.wait(client.create(order))
    assert video.urls[0].startswith(mock_upstreams.url)
    assert mock_upstreams.base_url("toy").endswith("/kiln/v3")
    assert mock_upstreams.ledger.statement.charged == quote("toy", order).amount
    mock_upstreams.journal.assert_submitted_once()
    mock_upstreams.journal.assert_no_violations()
"""


def test_the_pytest_fixtures_serve_the_toy(run: Run, tmp_path: Path) -> None:
    (tmp_path / "test_toy.py").write_text(PYTEST, encoding="utf-8")
    assert "1 passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_toy.py")
