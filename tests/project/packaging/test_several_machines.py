"""The example with several machines: two servers on one store behind a proxy, started by one command."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from seedmock_contracts.upstreams import NAMES

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "several-machines"
COMPOSE: Any = YAML(typ="safe").load(ROOT / "examples" / "compose.yaml")
ANY_KEY = {"Authorization": "Bearer sk_behind_a_proxy"}


@dataclass(frozen=True)
class Mock:
    """Addresses of the proxy, and of each server."""

    url: str
    nodes: list[str]


def require_programs() -> None:
    for program in ("redis-server", "nginx"):
        if shutil.which(program) is None:
            assert not os.environ.get("CI"), f"{program} is missing: install {program}"
            pytest.skip(f"no {program}: install {program}")


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    require_programs()
    command = [sys.executable, str(EXAMPLE / "start.py"), str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            urls: list[str] = []
            while len(urls) < 3:
                line = process.stdout.readline()
                assert line, "the example ended"
                urls += re.findall(r"http://\S+", line)
            yield Mock(urls[0], urls[1:])
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0


def free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLE / "start.py")]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": str(tmp_path)}, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "redis-server is missing: apt-get install redis-server, or brew install redis-server\n"


def test_the_compose_file_gives_the_proxy_what_its_template_names() -> None:
    services = COMPOSE["services"]
    proxy, nodes = services["proxy"], [name for name in services if name.startswith("seedmock-")]
    source, _, target = proxy["volumes"][0].partition(":")
    assert (ROOT / "examples" / source).resolve() == EXAMPLE / "nginx.conf.template"
    assert target.startswith("/etc/nginx/templates/")
    template = Template((EXAMPLE / "nginx.conf.template").read_text(encoding="utf-8"))
    assert set(proxy["environment"]) == {name for name in template.get_identifiers() if name.isupper()}
    assert {f"{name}:8000" for name in nodes} < set(proxy["environment"].values())
    assert set(proxy["depends_on"]) == set(nodes)
    # Nothing of the shared mock is started with the single emulator.
    assert {name for name, service in services.items() if "profiles" not in service} == {"seedmock", "app"}
    for name in nodes:
        assert services[name]["command"][-2:] == ["--store", "redis://valkey:6379/0"]
    extras = re.search(r"seedmock\[(\S+)\] @", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert extras is not None
    assert {"redis", "s3"} <= set(extras[1].split(","))


@pytest.mark.slow
def test_an_order_at_one_server_is_fetched_at_both_with_the_same_bytes(mock: Mock) -> None:
    command = [sys.executable, str(EXAMPLE / "order.py"), *mock.nodes]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "both have the same clip: True" in done.stdout, done.stdout + done.stderr
    pids = {httpx.get(f"{mock.url}/_mock/health").json()["pid"] for _ in range(8)}
    assert len(pids) == 2


@pytest.mark.slow
def test_a_posted_file_is_served_by_both_and_unknown_after_a_reset(mock: Mock, picture: bytes) -> None:
    with httpx.Client(base_url=mock.url, headers=ANY_KEY) as client:
        link = client.post("/api/v1/files", files={"file": ("a.png", picture)}).json()["data"]["publicUrl"]
        assert link.startswith(mock.url)
        assert {client.get(link).content for _ in range(4)} == {picture}
        assert client.post("/_mock/reset").status_code == 200
        assert {client.get(link).status_code for _ in range(4)} == {404}


@pytest.fixture
def picture() -> bytes:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (640, 640), "red").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.slow
def test_commands_act_on_all_servers(mock: Mock) -> None:
    environment = {**os.environ, "SEEDMOCK_URL": mock.url}

    def seedmock(*arguments: str) -> str:
        command = [sys.executable, "-m", "seedmock_server", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    seedmock("clock", "freeze")
    seedmock("clock", "advance", "1h")
    clocks = [httpx.get(f"{node}/_mock/clock").json() for node in mock.nodes]
    assert clocks[0]["now"] == clocks[1]["now"] > time.time() + 3000
    seedmock("fate", "add", "failed", "--times", "1")
    rules = [httpx.get(f"{node}/_mock/fates").json() for node in mock.nodes]
    assert rules[0]["rules"] == rules[1]["rules"]
    assert len(rules[0]["rules"]) == 1
    seedmock("reset")
    assert [httpx.get(f"{node}/_mock/fates").json()["rules"] for node in mock.nodes] == [[], []]


PLUGIN_TEST = """
import pytest
from seedmock_client import GenerationRequest


@pytest.mark.parametrize("number", range(6))
def test_a_boat(number, mock_upstreams, mock_clock, mock_journal, mock_fates, mock_ledger):
    if number % 2:
        mock_fates.failed()
    with mock_upstreams.client("opeai") as client:
        order = GenerationRequest(prompt=f"boat {number}", size="1280x720", seconds=4)
        video = client.create(order)
        mock_clock.advance(3600)
        states = {client.query(video.task_id).raw_status for _ in range(4)}
        assert len(states) == 1
        assert ("FAIL" in states.pop()) == bool(number % 2)
    mock_journal.assert_submitted_once()
"""


@pytest.mark.slow
def test_each_test_of_a_run_with_xdist_has_a_key_of_its_own(mock: Mock, tmp_path: Path) -> None:
    (tmp_path / "test_boats.py").write_text(PLUGIN_TEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", str(tmp_path)]
    environment = {**os.environ, "SEEDMOCK_URL": mock.url}
    runs = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=environment) for _ in "ab"]
    for run in runs:  # two jobs at the same time
        output, _ = run.communicate(timeout=240)
        assert (run.returncode, "6 passed" in output) == (0, True), output
    # What tests have left is deleted after each.
    assert httpx.get(f"{mock.url}/_mock/tasks").json()["tasks"] == []


NODE_TEST = """
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { mockUpstreams } = require("seedmock/node-test");
for (const number of [0, 1, 2]) {
  test(`boat ${number}`, async (t) => {
    const upstreams = await mockUpstreams(t, { frozen: true });
    if (number === 1) await upstreams.fates.failed();
    const url = `${upstreams.baseUrl("opeai")}/videos`;
    const headers = { ...upstreams.headers, "content-type": "application/json" };
    const order = { model: "seedance-2-0", prompt: "A boat", size: "1280x720", seconds: "4" };
    const { id } = await (await fetch(url, { method: "POST", headers, body: JSON.stringify(order) })).json();
    await upstreams.clock.advance("1h");
    const seen = new Set();
    for (let poll = 0; poll < 4; poll += 1) seen.add((await (await fetch(`${url}/${id}`, { headers })).json()).status);
    assert.deepEqual([...seen], [number === 1 ? "FAILURE" : "SUCCESS"]);
  });
}
"""


@pytest.mark.slow
def test_the_npm_package_has_a_key_for_each_test(mock: Mock, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node: install Node.js")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "seedmock").symlink_to(ROOT / "npm")
    (tmp_path / "boats.test.cjs").write_text(NODE_TEST)
    environment = {**os.environ, "SEEDMOCK_URL": mock.url}
    command = [node, "--test", "boats.test.cjs"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment, timeout=120
    )
    assert (done.returncode, "pass 3" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("upstream", NAMES)
def test_the_free_checks_of_verify_hold_with_calls_to_both_in_turn(mock: Mock, upstream: str) -> None:
    keys = ["--api-key", "sk_one", "--second-api-key", "sk_two"]
    command = [sys.executable, "-m", "seedmock_server", "verify", "--upstream", upstream, "--base-url", mock.url, *keys]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert "conforms" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
