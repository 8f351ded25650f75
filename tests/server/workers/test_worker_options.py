"""Options of a server hold at each of its workers, and what is drawn is drawn once for all."""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ..conftest import BOAT_OPEAI
from .conftest import HEADERS, Serve, command

pytestmark = pytest.mark.slow
PUBLIC, PAGE, TOKEN = "https://mock.example.com/seed", "https://app.example.com", "a-token-of-the-team"
KEYS = ("sk_first_of_the_team", "sk_second_of_the_team")
CONTROL = {"X-Mock-Token": TOKEN}


@contextlib.contextmanager
def each_worker(url: str, count: int, **headers: str) -> Iterator[list[httpx.Client]]:
    """Give a client of each worker, with one connection."""
    with contextlib.ExitStack() as stack:
        clients: dict[int, httpx.Client] = {}
        while len(clients) < count:
            client = stack.enter_context(httpx.Client(base_url=url, headers=headers, timeout=30))
            clients.setdefault(client.get("/_mock/health").raise_for_status().json()["pid"], client)
        yield list(clients.values())


def test_each_worker_has_the_keys_pages_links_and_token_of_the_command(serve_by: Serve, picture: Any) -> None:
    keys = [part for key in KEYS for part in ("--key", key)]
    options = (*keys, "--cors", PAGE, "--public-url", PUBLIC, "--control-token", TOKEN)
    with serve_by(2, *options) as server, each_worker(server.url, 2, **CONTROL) as workers:
        for worker in workers:
            answers = [
                worker.get("/v1/models", headers={"Authorization": f"Bearer {key}", "Origin": origin})
                for key, origin in ((KEYS[0], PAGE), (KEYS[1], "https://elsewhere.example.com"), ("sk_unknown", PAGE))
            ]
            assert [answer.status_code for answer in answers] == [200, 200, 401]
            allowed = [answer.headers.get("access-control-allow-origin") for answer in answers]
            assert allowed == [PAGE, None, PAGE]
            files, key = {"file": ("a.png", picture())}, {"Authorization": f"Bearer {KEYS[0]}"}
            link = worker.post("/api/v1/files", files=files, headers=key).json()["data"]["publicUrl"]
            assert link.startswith(PUBLIC + "/")
            assert worker.get("/_mock/clock").status_code == 200
            assert worker.get("/_mock/clock", headers={"X-Mock-Token": "wrong"}).status_code == 401
        path = link.removeprefix(PUBLIC)  # of the file that the last one has received
        assert [worker.get(path).content for worker in workers] == [picture()] * 2


def test_a_token_that_is_drawn_is_one_for_all_workers(tmp_path: Path) -> None:
    arguments = command("--workers", "2", "--store", f"sqlite:{tmp_path}/mock.db", "--host", "0.0.0.0")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = list(iter(process.stdout.readline, "Ctrl-C stops.\n"))
            text = "".join(lines)
            url, token = re.search(r"http://\S+", text), re.search(r"control token (\S+):", text)
            assert url is not None and token is not None
            with each_worker(url[0], 2) as workers:
                headers: list[dict[str, str]] = [{}, {"X-Mock-Token": token[1]}]
                answers = [[worker.get("/_mock/clock", headers=header) for header in headers] for worker in workers]
            assert [[answer.status_code for answer in pair] for pair in answers] == [[401, 200]] * 2
        finally:
            process.terminate()


class SpanCollector:
    """OTLP endpoint that keeps the names of spans."""

    def __init__(self) -> None:
        self.names: list[str] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["content-length"])))
                scopes = (scope for spans in request.resource_spans for scope in spans.scope_spans)
                collector.names += [span.name for scope in scopes for span in scope.spans]
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Write nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_spans_of_all_workers_are_sent_before_they_end(serve_by: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.closing(SpanCollector()) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with serve_by(2, "--otel") as server, each_worker(server.url, 2, **HEADERS) as workers:
            for worker in workers:
                for _ in range(3):
                    worker.get("/v1/models").raise_for_status()
            order = workers[0].post("/v1/videos", json=BOAT_OPEAI).raise_for_status().json()["id"]
            workers[1].get(f"/v1/videos/{order}").raise_for_status()
            server.process.terminate()
            server.process.wait(20)
        assert sorted(collector.names) == ["opeai create", *["opeai models"] * 6, "opeai query"]
