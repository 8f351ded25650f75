"""Terminal output of the commands: a server's control characters are escaped."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from seedmock_harness.drift.cli import drift

TITLE_CHANGE = "\x1b]0;owned\x07\x9b31m\u202e"


class _HostileHandler(http.server.BaseHTTPRequestHandler):
    """Refuses every request with an error that would change the title of a terminal."""

    def _refuse(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        error = {"code": TITLE_CHANGE, "message": f"model {TITLE_CHANGE}\nconforms: 0 tasks", "type": TITLE_CHANGE}
        body = json.dumps({"error": error}, ensure_ascii=False).encode()
        self.send_response(418)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _refuse

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def hostile_url() -> Iterator[str]:
    """Base URL of a server whose errors have control characters."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _HostileHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_control_characters_of_a_server_are_escaped(
    run_verify: Callable[..., Result], hostile_url: str, tmp_path: Path
) -> None:
    options = ("--base-url", hostile_url, "--api-key", "k", "--only", "free.auth", "--record", str(tmp_path / "made"))
    outputs = [run_verify("--upstream", "opeai", *options).output]
    outputs.append(CliRunner().invoke(drift, [str(tmp_path / "made")]).output)
    for output in outputs:
        assert "\\u001b]0;owned\\u0007\\u009b31m\\u202e" in output
        assert {char for char in output if not char.isprintable()} == {"\n"}
        assert [line for line in output.splitlines() if line.startswith("conforms")] == []
