"""Two workers of one server, and two servers behind a proxy, conform to both contracts as one process does.

On SQLite and on Redis: each number of processes with one contract on either; in the profile `deep` with both.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings

from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_harness.conformance.runner import run_conformance

from ...profiles import IS_DEEP
from .conftest import STORES, serving
from .random_proxy import RandomProxy

pytestmark = pytest.mark.slow
KEYS = {"first": "sk_conformance_first", "second": "sk_conformance_second", "wrong": "sk_conformance_wrong"}
OPTIONS = ("--seed", "1", "--key", KEYS["first"], "--key", KEYS["second"])


class Target:
    """Address of several processes, behind a proxy that makes a connection for each call."""

    def __init__(self, name: str, url: str) -> None:
        self.name, self.url, self.client = name, url, httpx.Client(base_url=url, timeout=30)

    def begin(self) -> None:
        """Reset the emulator, and freeze its clock: time passes where the machine of the conformance run says so."""
        assert self.client.post("/_mock/reset").status_code == 200
        self._clock(freeze=True)

    def now(self) -> float:
        return float(self.client.get("/_mock/clock").json()["now"])

    def advance(self, seconds: float) -> None:
        self._clock(advance=seconds)

    def _clock(self, **change: Any) -> None:
        assert self.client.post("/_mock/clock", json=change).status_code == 200


@contextlib.contextmanager
def two_workers(folder: Path, clips: Path, store: str) -> Iterator[str]:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(folder, clips, 2, *OPTIONS, store=store))
        proxy = RandomProxy([httpx.URL(server.url).port or 0], seed=3)
        yield stack.enter_context(proxy.running()).url


@contextlib.contextmanager
def two_servers(folder: Path, clips: Path, store: str) -> Iterator[str]:
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(serving(folder, clips, 1, *OPTIONS, store=store)) for _ in "12"]
        proxy = RandomProxy([httpx.URL(server.url).port or 0 for server in servers], seed=3)
        yield stack.enter_context(proxy.running()).url
        assert min(proxy.counts[port] for port in proxy._ports) > proxy.counts.total() / 4


TARGETS = {
    f"{processes.__name__} on {store}": (processes, store)
    for processes, store in itertools.product((two_workers, two_servers), STORES)
}
UPSTREAMS = dict(zip(TARGETS, (NAMES[0], NAMES[1], NAMES[1], NAMES[0]), strict=True))
"""Contract of each target, but for the profile `deep`: either number of processes, and either store, has both."""
VERIFIED = ("two_workers on sqlite", "two_servers on redis")
"""Targets, but for the profile `deep`: a run takes its orders' real time."""


@pytest.fixture(scope="module")
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Iterator[Target]:
    processes, store = TARGETS[request.param]
    folder = tmp_path_factory.mktemp("processes")
    with processes(folder, clips, STORES[store](folder)) as url:
        target = Target(request.param, url)
        with target.client:
            assert target.client.get("/_mock/health").json()["store"] == store
            yield target
            answered_by = {target.client.get("/_mock/health").json()["pid"] for _ in range(32)}
    assert len(answered_by) == 2


CASES = list(itertools.product(TARGETS, NAMES) if IS_DEEP else UPSTREAMS.items())


@pytest.mark.parametrize(("target", "upstream"), CASES, indirect=["target"])
def test_processes_that_share_a_store_conform(target: Target, upstream: str) -> None:
    assert settings.default is not None
    run_conformance(
        upstream,
        target.client.request,
        clock=target,
        keys=KEYS,
        options=get_contract(upstream).defaults,
        begin=target.begin,
        settings=settings(max_examples=settings.default.max_examples // 5, derandomize=True, database=None),
    )


@pytest.mark.parametrize("target", TARGETS if IS_DEEP else VERIFIED, indirect=True)
def test_processes_that_share_a_store_are_verified(target: Target, tmp_path: Path) -> None:
    upstream = UPSTREAMS[target.name]
    target.begin()
    target.client.post("/_mock/reset")  # the clock runs again
    arguments = ["--upstream", upstream, "--base-url", target.url, "--budget", "unlimited"]
    log = ["--order-log", str(tmp_path / "orders.log")]
    result = subprocess.run(
        [sys.executable, "-m", "seedmock_server", "verify", *arguments, *log],
        env={**os.environ, "SEEDMOCK_API_KEY": KEYS["first"], "SEEDMOCK_SECOND_API_KEY": KEYS["second"]},
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert (result.returncode, "conforms: " in result.stdout) == (0, True), result.stdout + result.stderr
