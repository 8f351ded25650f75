"""A new upstream is three small modules in any folder on the import path, and no edit elsewhere.

`toy/` and `loom/` are two that have little in common. Everything runs in processes of its own, because which upstreams
there are is read once, at import.
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

import httpx
import pytest

PROMPT = "A paper boat crosses a puddle, one slow take."
HERE = Path(__file__).parent
UPSTREAMS = ("toy", "loom")
Run = Callable[..., str]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=UPSTREAMS)
def upstream(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder outside the repository with both upstreams, as two distributions would install them."""
    folder = tmp_path_factory.mktemp("upstreams") / "packages"
    for name in UPSTREAMS:
        shutil.copytree(HERE / name, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def environment(packages: Path) -> dict[str, str]:
    """Environment of a process that finds the new upstreams."""
    return {**os.environ, "PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "120"}


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run Python with arguments where the new upstreams are found, and return its output."""

    def run_python(*arguments: str, exit_code: int = 0, **variables: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, cwd=tmp_path, env={**environment, **variables}
        )
        assert done.returncode == exit_code, done.stdout + done.stderr
        return done.stdout

    return run_python


@pytest.fixture
def url(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Origin of an emulator that was started with the new upstreams on its path."""
    command = [sys.executable, "-m", "seedmock_server", "serve", "--port", "0", "--pace", "instant"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment)
    assert process.stdout is not None
    try:
        lines = iter(process.stdout.readline, "Ctrl-C stops.\n")
        welcome = "".join(lines)
        match = re.search(r"toy +(http://127\.0\.0\.1:\d+)/kiln/v3\n", welcome)
        assert match, "the welcome names the base URL of the toy"
        assert f"loom       {match[1]}/mill\n" in welcome
        yield match[1]
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


SEEDMOCK = ("-m", "seedmock_server")


CLIPS = {"toy": ("KJ[0-9A-F]{12}", "0.15"), "loom": (r"5\d{6}", "0.3")}
"""Form of a task's id, and price in USD of the cheapest clip of three seconds."""


def test_generate_makes_a_clip(run: Run, url: str, upstream: str, tmp_path: Path) -> None:
    options = ("--upstream", upstream, "--base-url", url, "--api-key", "sk_any", "--json")
    out = run(*SEEDMOCK, "generate", "A kite", *options, "--model", "fast", "--seconds", "3", "-o", "kite.mp4")
    clip = json.loads(out)
    id_, price = CLIPS[upstream]
    assert (clip["upstream"], clip["status"], clip["mismatches"], clip["usd"]) == (upstream, "SUCCESS", [], price)
    assert (clip["width"], clip["height"], clip["seconds"]) == (864, 496, 3.0)
    assert re.fullmatch(id_, clip["task_id"])
    assert (tmp_path / "kite.mp4").read_bytes()[4:8] == b"ftyp"


def test_every_command_that_names_an_upstream_offers_the_new_ones(run: Run) -> None:
    for command in ("generate", "verify", "certify", "record", "replay", "drift", "tasks", "journal"):
        assert "apimodels|loom|opeai|toy" in run(*SEEDMOCK, command, "--help"), command


CANCEL = """
import sys
from seedmock_client import Client, NotFoundError, StateConflictError, TaskCancelledError
from seedmock_contracts.enums import Capability
from seedmock_contracts.generation import GenerationRequest
from seedmock_contracts.upstreams import get_contract

upstream, url = sys.argv[1:]
with Client(upstream, base_url=url, api_key="sk_any") as client:
    prompt = "A kite [[mock: stuck status=in_progress]]"
    task = client.create(GenerationRequest(prompt=prompt, model="fast", seconds=3))
    print(client.query(task.task_id).raw_status, "|", client.cancel(task).raw_status)
    for attempt in (client.cancel, client.wait):
        try:
            attempt(task)
        except (StateConflictError, TaskCancelledError) as error:
            print(type(error).__name__, error.status)
    try:
        client.cancel("5999999")
    except NotFoundError as error:
        print(type(error).__name__, error.status)
    if Capability.LIST in get_contract(upstream).capabilities:
        print([video.status.value for video in client.list_tasks()])
"""
CANCELLATIONS = {
    "toy": ["working | withdrawn", "['CANCELLED']"],
    "loom": ["on the loom | taken off"],
}


def test_a_running_task_is_cancelled_once_and_costs_nothing(run: Run, url: str, upstream: str) -> None:
    first, *listed = CANCELLATIONS[upstream]
    assert run("-c", CANCEL, upstream, url).splitlines() == [
        first,
        "StateConflictError 409",
        "TaskCancelledError None",
        "NotFoundError 404",
        *listed,
    ]
    (statement,) = json.loads(run(*SEEDMOCK, "ledger", "--url", url, "--json"))["statements"]
    totals, price = statement["totals"], CLIPS[upstream][1]
    assert (totals["quoted"], totals["charged"], totals["refunded"]) == (price, "0", price)


@pytest.mark.parametrize(
    ("headers", "body"),
    [({}, b""), ({"content-type": "text/plain"}, b"stop"), ({"content-type": "application/json"}, b"{")],
    ids=["empty", "text", "malformed"],
)
def test_a_body_of_a_call_without_one_is_not_decoded(url: str, headers: dict[str, str], body: bytes) -> None:
    key = {"authorization": "Bearer sk_any"}
    order = {"thread": "hemp", "words": "A kite [[mock: stuck]]", "shape": "1:1", "length": 2}
    number = httpx.post(f"{url}/mill/weaves", headers=key, json=order).json()["weave"]["number"]
    unknown, existing = (
        httpx.post(f"{url}/mill/weaves/{id_}/stop", headers={**key, **headers}, content=body) for id_ in (5, number)
    )
    assert (unknown.status_code, existing.status_code) == (404, 200)
    assert existing.json()["weave"]["state"] == "taken off"


LIBRARY = """
import sys
from decimal import Decimal
from seedmock_client import AssetFailedError, Client, NotFoundError, ValidationError
from seedmock_contracts.generation import GenerationRequest, first_frame

with Client("toy", base_url=sys.argv[1], api_key="sk_any") as client:
    rack = client.ensure_group("boats")
    prop = client.wait_asset(client.create_asset("https://example.com/boat.png", rack.id, name="boat").id)
    print(rack.name, prop.name, prop.type, prop.raw_status, prop.status)
    client.rename_asset(prop.id, "ship")
    page = client.list_assets(rack.id, page_size=5)
    print([item.name for item in page.items], page.total)
    order = GenerationRequest(prompt="It sails off", model="fast", seconds=3, references=(first_frame(prop.url),))
    print(client.wait(client.create(order)).status)
    client.delete_asset(prop.id)
    try:
        client.get_asset(prop.id)
    except NotFoundError as error:
        print(error.status)
"""


def test_assets_under_other_names_are_created_found_used_and_charged(run: Run, url: str) -> None:
    assert run("-c", LIBRARY, url).splitlines() == [
        "boats boat still ready Active",
        "['ship'] 1",
        "SUCCESS",
        "404",
    ]
    (statement,) = json.loads(run(*SEEDMOCK, "ledger", "--url", url, "--json"))["statements"]
    assert statement["totals"]["charged"] == "0.18", "three seconds of a clip, and a prop"


def test_verify_finds_that_the_emulation_conforms(run: Run, upstream: str) -> None:
    out = run(*SEEDMOCK, "verify", "--upstream", upstream, "--budget", "unlimited", "--report", "report.json")
    assert out.splitlines()[-1].startswith("conforms: ")


def test_verify_sends_only_fields_of_the_contract(run: Run, url: str, upstream: str) -> None:
    keys = ("--api-key", "sk_first", "--second-api-key", "sk_second")
    run(*SEEDMOCK, "verify", "--upstream", upstream, "--base-url", url, *keys, "--budget", "unlimited")
    listing = ("journal", "--url", url, "--upstream", upstream, "--operation", "create", "--limit", "1000", "--json")
    exchanges = json.loads(run(*SEEDMOCK, *listing))["exchanges"]
    notes = [note for exchange in exchanges for note in exchange["notes"]]
    assert len(exchanges) > 30
    assert not [note for note in notes if "unknown field" in note]


MACHINE = """
import json
import sys
from hypothesis import settings
from seedmock_harness.conformance.runner import run_conformance
from seedmock_harness.results.checks import CheckFailure
from seedmock_server import create_app
from seedmock_server.clock import ManualClock
from seedmock_server.http.in_process import InProcessClient

upstream, examples, *faults = sys.argv[1:]
keys = ("sk_conformance_first", "sk_conformance_second")


def failed_check(fault):
    clock = ManualClock()
    app = create_app(clock=clock, pace="fast", seed=1, cache_dir="clips", keys=keys)
    with InProcessClient(app) as client:
        if fault:
            operation, _, text = fault.partition(": ")
            rule = json.dumps({"match": {"upstream": upstream, "operation": operation}, "fault": text}).encode()
            headers = {"content-type": "application/json"}
            assert client.request("POST", "/_mock/faults", headers=headers, content=rule).status_code < 300
        try:
            run = settings(max_examples=int(examples), derandomize=True)
            run_conformance(upstream, client.request, clock=clock, settings=run)
        except CheckFailure as failure:
            return failure.check
        finally:
            client.run(app.aclose())
    return "conforms"


print(json.dumps({fault: failed_check(fault) for fault in faults or [""]}))
"""


def test_conformance_finds_nothing_in_the_emulation(run: Run, upstream: str) -> None:
    assert json.loads(run("-c", MACHINE, upstream, "25")) == {"": "conforms"}


BROKEN = {
    "toy": {
        "query: other_value field=phase to=working if_value=withdrawn": "running_tasks_can_be_cancelled",
        "cancel: other_refusal kind=state_conflict to=gone": "ended_tasks_cannot_be_cancelled",
        "task_list: other_value field=all[].ref to=KJ000000000000": "task_lists_show_the_callers_tasks",
        "query: other_value field=engine to=kiln-9": "model_is_echoed",
        "asset_get: other_value field=form to=tone": "asset_fields_are_stable",
        "asset_get: other_value field=phase to=wet": "asset_statuses_move_forward",
        "asset_list: other_value field=count to=77": "page_counts_are_consistent",
        "group_list: other_value field=racks[].ref to=RK77": "groups_are_listed",
    },
    "loom": {
        "query: backwards to='on the loom'": "running_tasks_can_be_cancelled",
        "cancel: other_refusal kind=state_conflict to=1": "ended_tasks_cannot_be_cancelled",
        "cancel: not_found": "endpoints_are_served",
        "query: other_id": "responses_name_the_requested_id",
        "create: retyped field=number as=string": "responses_match_their_schema",
        "query: cross_account": "tasks_are_isolated_by_key",
        "query: other_value field=length factor=2": "duration_is_echoed",
    },
}
"""The check that fails for each fault: what an emulation can get wrong beyond what the other upstreams have."""


def test_each_broken_emulation_is_found_by_the_check_for_it(run: Run, upstream: str) -> None:
    assert json.loads(run("-c", MACHINE, upstream, "15", *BROKEN[upstream])) == BROKEN[upstream]


SCENARIOS = {
    "toy": ("success", "order-first-frame", "links-other-origin", "failed"),
    "loom": ("success", "order-fast-model", "status-spellings-queued", "status-torn-apart", "create-response-lost"),
}


def test_certify_accepts_the_reference_client(run: Run, upstream: str) -> None:
    adapter = f"{sys.executable} -m seedmock_client.cli.adapter"
    names = SCENARIOS[upstream]
    only = [word for name in names for word in ("--only", name)]
    out = run(*SEEDMOCK, "certify", "--upstream", upstream, "--adapter", adapter, *only)
    assert f"certified: {len(names)} scenarios of {upstream}" in out


RECORD = """
import sys
from pathlib import Path
from seedmock_client import Client
from seedmock_contracts.generation import GenerationRequest
from seedmock_harness.recordings.files import load_recordings
from seedmock_harness.recordings.replay_server import ReplayServer
from seedmock_server import create_app
from seedmock_server.http.server import serve_in_thread

upstream, folder, text = sys.argv[1:]
app = create_app(pace="instant", seed=1)
with serve_in_thread(ReplayServer(load_recordings([Path(folder)]), app, emulate=False)) as server:
    with Client(upstream, base_url=server.url, api_key="sk_any", sleep=lambda seconds: None) as client:
        order = GenerationRequest(prompt=text, model="fast", ratio="1:1", seconds=2)
        video = client.wait(client.create(order))
        print(video.status, client.download(video, "replayed.mp4").bytes > 0)
"""
"""Order again what a verification has ordered first, from its recording."""


def test_a_recorded_verification_is_replayed(run: Run, tmp_path: Path) -> None:
    run(*SEEDMOCK, "verify", "--upstream", "loom", "--budget", "1", "--only", "text", "--record", "tapes")
    (path,) = (tmp_path / "tapes").glob("*.jsonl")
    numbers = {int(number) for number in re.findall(r"number[^0-9]{1,6}(\d{7})\b", path.read_text(encoding="utf-8"))}
    assert numbers
    assert all(number > 5_090_000 for number in numbers), "ids are redacted, in bodies and in query strings"
    assert run("-c", RECORD, "loom", "tapes", PROMPT) == "SUCCESS True\n"


PYTEST = """
import os

UPSTREAM = os.environ["UPSTREAM"]


def test_new_upstream(mock_upstreams, mock_clock, mock_fates, mock_ledger):
    from seedmock_contracts.generation import GenerationRequest
    from seedmock_contracts.pricing import quote

    order = GenerationRequest(prompt="A kite", model="fast", seconds=4)
    client = mock_upstreams.client(UPSTREAM)
    video = client.wait(client.create(order))
    client.download(video, "clip.mp4")
    assert all(url.startswith(mock_upstreams.url) for url in video.urls)
    assert mock_upstreams.ledger.statement.charged == quote(UPSTREAM, order).amount
    mock_upstreams.journal.assert_submitted_once()
    mock_upstreams.journal.assert_no_violations()
"""


def test_the_pytest_fixtures_serve_a_new_upstream(run: Run, upstream: str, tmp_path: Path) -> None:
    (tmp_path / "test_new.py").write_text(PYTEST, encoding="utf-8")
    out = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_new.py", UPSTREAM=upstream)
    assert "1 passed" in out


def test_a_new_upstream_has_an_openapi_document_of_its_own(run: Run, url: str, upstream: str) -> None:
    document = json.loads(run(*SEEDMOCK, "openapi", upstream))
    served = httpx.get(f"{url}/_mock/openapi/{upstream}.json").json()
    assert {**served, "servers": served["servers"][1:]} == document
    create = document["paths"][{"toy": "/jobs", "loom": "/weaves"}[upstream]]["post"]
    assert create["responses"]["200"]["links"]["query"]
    assert {"toy": "402", "loom": "402"}[upstream] in create["responses"]
    pytest.importorskip("openapi_spec_validator").validate(document)


BOUNDARIES = """
import sys
from jsonschema import Draft202012Validator
from seedmock_contracts.openapi.request_schemas import IN_WORDS, request_schema
from seedmock_contracts.upstreams import get_contract
from seedmock_contracts.validation import rules_in_force, violations

contract, count = get_contract(sys.argv[1]), 0
for operation, rules in contract.rules.items():
    validator = Draft202012Validator(request_schema(contract, operation, contract.defaults))
    sayable = {rule.fact.id for rule in rules if not isinstance(rule, IN_WORDS)}
    for rule in rules_in_force(contract, operation, {}):
        for case in rule.boundary_cases(contract.example(operation, rule), contract.request.layout):
            broken = {violation.fact.id for violation in violations(contract.name, operation, case.document)} & sayable
            assert validator.is_valid(case.document) != bool(broken), (operation, rule.fact.id, case, broken)
            count += 1
print(count > 20)
"""


def test_its_schemas_agree_with_its_rules_at_every_boundary(run: Run, upstream: str) -> None:
    assert run("-c", BOUNDARIES, upstream) == "True\n"
