"""Servers of several workers, started as a user does."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from ..conftest import BOAT_APIMODELS, BOAT_OPEAI, KEY
from ..storage.redis_server import redis_url

HEADERS = {"Authorization": f"Bearer {KEY}"}
STORES: dict[str, Callable[[Path], str]] = {"sqlite": lambda folder: f"sqlite:{folder}/mock.db", "redis": redis_url}


class WorkerServer:
    """Server of several workers. `errors` is the file of its standard error."""

    def __init__(self, url: str, process: subprocess.Popen[str], errors: Path) -> None:
        self.url, self.process, self.errors = url, process, errors

    def call(self, method: str, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        """Make one call on a connection of its own: any worker may answer it."""
        response = httpx.request(method, self.url + path, json=body, headers=HEADERS, timeout=30, **options)
        assert response.status_code == status, response.text
        return response.json()

    def pids(self, count: int, calls: int = 400) -> set[int]:
        """Return the processes that answer, asked until there are `count` of them."""
        pids: set[int] = set()
        for _ in range(calls):
            with contextlib.suppress(httpx.TransportError):  # of one that is killed meanwhile
                pids.add(self.call("GET", "/_mock/health")["pid"])
            if len(pids) == count:
                break
        return pids

    def order(self) -> str:
        return str(self.call("POST", "/v1/videos", BOAT_OPEAI)["id"])

    def order_with_callback(self, url: str) -> str:
        body = {**BOAT_APIMODELS, "callback_url": url}
        return str(self.call("POST", "/api/v1/video/generations", body)["data"]["taskId"])


class Serve(Protocol):
    def __call__(
        self, workers: int, *options: str, store: str | None = None
    ) -> contextlib.AbstractContextManager[WorkerServer]: ...


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "seedmock_server", "serve", "--port", "0", *options]


@contextlib.contextmanager
def serving(folder: Path, clips: Path, workers: int, *options: str, store: str) -> Iterator[WorkerServer]:
    errors = folder / "errors.txt"
    with errors.open("a") as stream:
        arguments = command("--workers", str(workers), "--store", store, "--cache-dir", str(clips), *options)
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=stream, text=True)
    with process:
        assert process.stdout is not None
        try:
            address = re.search(r"http://\S+", process.stdout.readline())
            assert address is not None, errors.read_text()
            yield WorkerServer(address[0], process, errors)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()


@pytest.fixture
def serve_by(tmp_path: Path, clips: Path) -> Serve:
    """Serve by a number of workers, from a database in the test's folder unless another store is named."""

    def start(workers: int, *options: str, store: str | None = None) -> contextlib.AbstractContextManager[WorkerServer]:
        return serving(tmp_path, clips, workers, *options, store=store or f"sqlite:{tmp_path}/mock.db")

    return start
