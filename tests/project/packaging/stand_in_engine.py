"""A stand-in for a container engine: as much of Docker's HTTP API as Testcontainers asks for to run one seedmock.

A container is a process of `seedmock serve` on a free port of this machine, with the container's variables and
arguments. There is no image and no isolation: what is tried is how a library makes, awaits and removes a container.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

CONTAINER_PORT = "8000/tcp"
IDS = "0123456789abcdef" * 4
ABOUT = {"Version": "27.0.0", "ApiVersion": "1.46", "MinAPIVersion": "1.24", "Os": "linux", "Arch": "amd64"}
INFO = {"ServerVersion": "27.0.0", "OperatingSystem": "stand-in", "OSType": "linux", "Architecture": "x86_64"}


@dataclass
class Engine:
    """Containers by id, and the requests that were not understood."""

    url: str
    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def create(self, config: dict[str, Any]) -> str:
        identifier = f"{len(self.containers):x}{IDS}"[:64]
        self.containers[identifier] = config
        return identifier

    def start(self, identifier: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = self.ports[identifier] = free.getsockname()[1]
        config = self.containers[identifier]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SEEDMOCK_")}
        own = dict(pair.split("=", 1) for pair in config.get("Env") or [])
        command = [sys.executable, "-m", "seedmock_server", *(config.get("Cmd") or ["serve"])]
        variables = {**inherited, **own, "SEEDMOCK_SERVE_HOST": "0.0.0.0", "SEEDMOCK_SERVE_PORT": str(port)}
        self.processes[identifier] = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL)

    def remove(self, identifier: str) -> None:
        self.stop(identifier)
        self.containers.pop(identifier, None)

    def stop(self, identifier: str) -> None:
        process = self.processes.pop(identifier, None)
        if process is not None:
            process.terminate()
            process.wait(30)

    def inspect(self, identifier: str) -> dict[str, Any]:
        config = self.containers[identifier]
        is_running = identifier in self.processes
        host_ports = [{"HostIp": "127.0.0.1", "HostPort": str(self.ports[identifier])}] if is_running else []
        return {
            "Id": identifier,
            "Name": "/seedmock",
            "Image": "sha256:" + IDS,
            "Created": "2026-01-01T00:00:00Z",
            "State": {"Status": "running" if is_running else "created", "Running": is_running, "ExitCode": 0},
            "Config": {"Image": config["Image"], "Env": config.get("Env") or [], "Labels": config.get("Labels") or {}},
            "HostConfig": {"NetworkMode": "bridge"},
            "NetworkSettings": {"Ports": {CONTAINER_PORT: host_ports}, "Networks": {}},
        }

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """Return status and JSON for a request; the path has no version."""
        self.requests.append(f"{method} {path}")
        match method, path.strip("/").split("/"):
            case "GET", ["_ping"]:
                return 200, "OK"
            case "GET", ["version"]:
                return 200, ABOUT
            case "GET", ["info"]:
                return 200, INFO
            case "GET", ["images", *_, "json"]:
                return 200, {"Id": "sha256:" + IDS, "RepoTags": ["seedmock:latest"]}
            case "POST", ["containers", "create"]:
                return 201, {"Id": self.create(json.loads(body)), "Warnings": []}
            case "GET", ["networks"] | ["containers", "json"]:
                return 200, []
            case "POST", ["containers", identifier, "start"]:
                self.start(identifier)
                return 204, None
            case "GET", ["containers", identifier, "json"]:
                return 200, self.inspect(identifier)
            case "POST", ["containers", identifier, "stop" | "kill"]:
                self.stop(identifier)
                return 204, None
            case "DELETE", ["containers", identifier]:
                self.remove(identifier)
                return 204, None
        self.unknown.append(f"{method} {path}")
        return 404, {"message": f"the stand-in does not know {method} {path}"}


class _Handler(BaseHTTPRequestHandler):
    engine: Engine
    protocol_version = "HTTP/1.1"

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = re.sub(r"^/v1\.\d+", "", urlsplit(self.path).path)
        status, value = self.engine.answer(self.command, path, body)
        content = value.encode() if isinstance(value, str) else b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Api-Version", ABOUT["ApiVersion"])
        self.send_header("Content-Type", "text/plain" if isinstance(value, str) else "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = do_HEAD = _respond

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def stand_in_engine() -> Iterator[Engine]:
    """Serve the API while the block lasts; its containers end with it."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    engine = handler.engine = Engine(f"tcp://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield engine
    finally:
        for identifier in list(engine.processes):
            engine.stop(identifier)
        server.shutdown()
        server.server_close()
        thread.join()
