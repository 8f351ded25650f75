"""Servers that benchmarks load, each a process of its own on the servers' core: the emulator, and its peers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from load import SERVER_CORE, free_port, program, wait_for_port

BARE = [sys.executable, "-m", "uvicorn", "--app-dir", str(Path(__file__).parent / "peers"), "bare:app"]
BARE += ["--log-level", "critical", "--no-access-log", "--no-server-header", "--lifespan", "off", "--port"]
"""Command of the bare uvicorn, but for its port."""
REDIS_DURABILITY = ("--appendonly", "yes", "--appendfsync", "always")
TASK = {
    "id": "cgt-20260529102017-sjqj9",
    "model": "seedance-2-0-fast",
    "status": "succeeded",
    "content": {"video_url": "https://cdn.example.com/clip.mp4"},
    "created_at": 1780021218,
    "updated_at": 1780021218,
}
"""Envelope of a task of Ark, which aimock replays."""


@dataclass(frozen=True)
class Server:
    """A running server: its name in tables, the URL that takes orders, and its process."""

    name: str
    url: str
    pid: int


def emulator_command(python: str = sys.executable) -> list[str]:
    return [python, "-m", "seedmock_server", "serve", "--port"]


@contextmanager
def emulator(
    folder: Path,
    *,
    name: str = "seedmock",
    python: str = sys.executable,
    options: Sequence[str] = (),
    cores: str = SERVER_CORE,
) -> Iterator[Server]:
    """An emulator with its clips in a folder; `python` is that of the build that is measured."""
    # At other paces the emulator renders clips ahead while it is idle, which is when the peer is loaded.
    cache = str(folder / name.replace(" ", "-"))
    with _process(emulator_command(python), ("--pace", "instant", *options), {"XDG_CACHE_HOME": cache}, cores) as (
        port,
        pid,
    ):
        yield Server(name, f"http://127.0.0.1:{port}/v1/videos", pid)


@contextmanager
def redis_server(folder: Path) -> Iterator[Server]:
    """A Redis server that has written each command to the disk before it answers. Its URL is that of a store."""
    command = [str(program("redis-server")), "--dir", str(folder), "--save", "", *REDIS_DURABILITY, "--port"]
    with _process(command, ()) as (port, pid):
        yield Server("redis", f"redis://127.0.0.1:{port}/0", pid)


@contextmanager
def bare_uvicorn() -> Iterator[Server]:
    with _process(BARE, ()) as (port, pid):
        yield Server("bare uvicorn", f"http://127.0.0.1:{port}/", pid)


@contextmanager
def aimock(executable: Path, folder: Path) -> Iterator[Server]:
    """aimock's Seedance surface: a fixed answer to each order whose prompt names a lighthouse."""
    fixture = {"match": {"endpoint": "video", "userMessage": "lighthouse"}, "response": {"json": TASK}}
    path = folder / "aimock.json"
    path.write_text(json.dumps({"fixtures": [fixture]}))
    with _process([str(executable), "--log-level", "silent", "-f", str(path), "-p"], ()) as (port, pid):
        yield Server("aimock", f"http://127.0.0.1:{port}/api/v3/contents/generations/tasks", pid)


def python_of(checkout: Path) -> str:
    """The interpreter of a checkout's own environment."""
    return str(checkout / ".venv" / "bin" / "python")


@contextmanager
def _process(
    command: Sequence[str],
    options: Sequence[str],
    variables: Mapping[str, str] = MappingProxyType({}),
    cores: str = SERVER_CORE,
) -> Iterator[tuple[int, int]]:
    """A server that listens on the port that follows its command, on the servers' core unless others are named."""
    port = free_port()
    server: Any = subprocess.Popen(
        [str(program("taskset")), "-c", cores, *command, str(port), *options],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore", **variables},
    )
    try:
        wait_for_port(port, timeout=60.0)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()
