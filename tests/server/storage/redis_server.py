"""Real Redis servers for tests: started on a free port, in a folder of their own."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import cache
from hashlib import sha1
from pathlib import Path
from tempfile import mkdtemp

import pytest

START_SECONDS = 20.0


def require_redis() -> None:
    """Skip a test where there is no Redis server; in CI it fails instead."""
    if shutil.which("redis-server") is None:
        assert not os.environ.get("CI"), "redis-server is missing: install redis-server"
        pytest.skip("no redis-server: install redis-server")


class RedisServer:
    """Process of a server. Without persistence, unless options say otherwise."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder, self._options = folder, options
        self.port = free_port()
        self.start()

    @property
    def address(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server, on the same port each time, and wait until it answers."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        self.process = subprocess.Popen(
            [*command, "--save", "", *self._options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                # Any answer will do: a server that loads its data, or wants a password, answers with an error.
                with socket.create_connection(("127.0.0.1", self.port), timeout=START_SECONDS) as connection:
                    connection.sendall(b"PING\r\n")
                    if not connection.recv(100).startswith(b"-LOADING"):
                        return
            except OSError:
                pass
            time.sleep(0.01)
        self.stop()
        raise AssertionError("redis-server did not start")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


@cache
def shared_server() -> RedisServer:
    """Return the server of this run's tests, which ends with the run."""
    require_redis()
    folder = Path(mkdtemp(prefix="seedmock-redis-"))
    server = RedisServer(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.stop)
    return server


def redis_url(folder: Path) -> str:
    """Return the URL of the store that belongs to a folder, on the server of this run's tests."""
    return f"{shared_server().address}?prefix=test-{sha1(str(folder).encode()).hexdigest()}"


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """Keep a closed port to this test alone."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
