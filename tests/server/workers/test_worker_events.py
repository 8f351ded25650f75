"""Events and logs of several workers: a page that one of them serves learns of what another one has changed."""

from __future__ import annotations

import json
from contextlib import closing

import httpx
import pytest

from .conftest import HEADERS, Serve, WorkerServer

pytestmark = pytest.mark.slow


def connection_of_another(server: WorkerServer, pid: int) -> httpx.Client:
    """Return a client whose one connection is that of another worker."""
    while True:
        client = httpx.Client(base_url=server.url, headers=HEADERS, timeout=20)
        if client.get("/_mock/health").json()["pid"] != pid:
            return client
        client.close()


def test_a_stream_of_one_worker_tells_of_changes_by_another(serve_by: Serve) -> None:
    with serve_by(2) as server, httpx.Client(base_url=server.url, timeout=20) as page:
        pid = page.get("/_mock/health").json()["pid"]
        with page.stream("GET", "/_mock/events") as stream, closing(connection_of_another(server, pid)) as other:
            events = (json.loads(line[6:]).get("topics", []) for line in stream.iter_lines() if line[:5] == "data:")
            assert next(events) == []
            fault = {"match": {"key": "sk_x"}, "fault": "status code=503"}
            assert other.post("/_mock/faults", json=fault).status_code < 300
            assert "faults" in next(events)
            other.post("/_mock/clock", json={"advance": "1h"})
            assert "clock" in next(events)
            other.get("/v1/models")
            assert "journal" in next(events)


def test_logs_of_all_workers_are_whole_lines(serve_by: Serve) -> None:
    with serve_by(3, "--log", "json") as server:
        pids = server.pids(3)
        for _ in range(60):
            server.call("GET", "/v1/models")
        server.process.terminate()
        server.process.wait(20)
        rows = [json.loads(line) for line in server.errors.read_text().splitlines()]
        assert [row["operation"] for row in rows] == ["models"] * 60
        assert len(pids) == 3
