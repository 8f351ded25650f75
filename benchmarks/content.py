"""Measure downloads of a clip, beside nginx's sendfile: in one run, by turns.

    python benchmarks/content.py [--mebibytes 7] [--seconds 3] [--rounds 5]

Needs nginx and wrk. Whole files and ranges are sent by the server alone, without the upstreams; HEAD, beside a poll, by
the whole emulator. Read the ratio: the absolute figures are the machine's. Exit 1 when a ratio is below `--floor`.
"""

import argparse
import hashlib
import http.client
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from api import KEY, create_task
from load import SERVER_CORE, cpu_seconds, free_port, missing_programs, program, run_wrk, wait_for_port
from measures import Measure, print_table
from servers import Server, emulator

from seedmock_server.http.file_response import stream_file
from seedmock_server.http.server import run

WHOLE_TARGET, RANGE_TARGET, HEAD_TARGET = 0.95, 0.80, 1.0
HEADS = 3000
RANGE = "bytes=1048576-2097151"
PINNED = ("taskset", "-c", SERVER_CORE)
NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type video/mp4;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--floor", type=float, default=0.0)
    parser.add_argument("--serve", metavar="FILE", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return 0
    if problem := missing_programs("nginx", "wrk", "taskset"):
        print(problem)
        return 0
    results = list(measures(options))
    print_table(results)
    return 1 if min(result.value for result in results) < options.floor else 0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mebibytes", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="of load in each round and case")
    parser.add_argument("--rounds", type=int, default=5)


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    """Measure whole clips, ranges, and HEAD."""
    yield from measure(options, None)
    yield from measure(options, RANGE)
    yield head(options)


def measure(options: argparse.Namespace, part: str | None) -> Iterator[Measure]:
    """Median rates and processor time of the emulator and of nginx."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is another user
        (folder / "clip.mp4").write_bytes(hashlib.shake_128(b"clip").digest(options.mebibytes << 20))
        with nginx(folder) as peer, seedmock(folder / "clip.mp4") as ours:
            check_same_bytes(peer[0], ours[0], part)
            rounds = [[load(*server, options.seconds, part) for server in (ours, peer)] for _ in range(options.rounds)]
    (rate, cpu), (peer_rate, peer_cpu) = (
        tuple(statistics.median(result[index] for result in results) for index in (0, 1))
        for results in zip(*rounds, strict=True)
    )
    name = f"content of {options.mebibytes} MiB" if part is None else "range of 1 MiB"
    target = WHOLE_TARGET if part is None else RANGE_TARGET
    yield Measure(name, rate, "/s", "nginx sendfile", peer_rate, at_least=target)
    yield Measure(f"{name}: processor time of 1000", cpu, "s", "nginx sendfile", peer_cpu)


def head(options: argparse.Namespace) -> Measure:
    """Processor time of HEAD of a clip, beside a poll of the same task. wrk waits for the body of a HEAD."""
    with tempfile.TemporaryDirectory() as name, emulator(Path(name)) as server:
        path = f"/v1/videos/{create_task(server)}"
        origin = server.url.removesuffix("/v1/videos")
        httpx.get(f"{origin}{path}/content", headers={"Authorization": KEY}, timeout=60).raise_for_status()
        requests = [("HEAD", f"{path}/content"), ("GET", path)]
        rounds = [[repeat(server, origin, *request) for request in requests] for _ in range(options.rounds)]
    ours, peer = (statistics.median(column) for column in zip(*rounds, strict=True))
    name = "HEAD of content: processor time of 1000"
    return Measure(name, ours, "s", "a poll", peer, at_most=HEAD_TARGET)


def repeat(server: Server, origin: str, method: str, path: str) -> float:
    """The server's seconds of processor time of 1000 requests, one after the other on one connection."""
    host, _, port = origin.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port))
    before = cpu_seconds(server.pid)
    for _ in range(HEADS):
        connection.request(method, path, headers={"Authorization": KEY})
        response = connection.getresponse()
        assert response.status == 200
        response.read()
    connection.close()
    return (cpu_seconds(server.pid) - before) / HEADS * 1000


def check_same_bytes(nginx_url: str, seedmock_url: str, part: str | None) -> None:
    headers = {"Range": part} if part else {}
    expected, response = httpx.get(nginx_url, headers=headers), httpx.get(seedmock_url, headers=headers)
    assert expected.status_code == response.status_code == (206 if part else 200)
    assert expected.content == response.content, "the two do not send the same bytes"


def load(url: str, pids: tuple[int, ...], seconds: int, part: str | None) -> tuple[float, float]:
    """Requests a second, and the server's seconds of processor time of 1000."""
    before = sum(map(cpu_seconds, pids))
    result = run_wrk(url, seconds=seconds, connections=8, header=f"Range: {part}" if part else "")
    assert result.errors == 0
    return result.rate, (sum(map(cpu_seconds, pids)) - before) / result.responses * 1000


@contextmanager
def nginx(folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The URL of the clip, and the processes of nginx: the master and its worker."""
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    command = [*PINNED, str(program("nginx")), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    with subprocess.Popen(command) as child:
        try:
            wait_for_port(port)
            workers = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
            yield f"http://127.0.0.1:{port}/clip.mp4", (child.pid, *map(int, workers))
        finally:
            child.terminate()


@contextmanager
def seedmock(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The URL of the clip, and the process of the server."""
    command = [*PINNED, sys.executable, __file__, "--serve", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield child.stdout.readline().strip() + "/clip.mp4", (child.pid,)
        finally:
            child.terminate()


def serve(path: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await stream_file(scope, receive, send, path, etag='"clip"', media_type="video/mp4")

    run(app, port=0, on_ready=lambda url: print(url, flush=True))


if __name__ == "__main__":
    raise SystemExit(main())
