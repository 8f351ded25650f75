"""Measure downloads of a clip, beside nginx's sendfile: in one run, by turns.

    python benchmarks/content.py [--mebibytes 5] [--seconds 3] [--rounds 5]

Needs nginx and wrk. Read the ratio: the absolute figures are the machine's. Exit 1 when a ratio is below `--floor`.
"""

import argparse
import hashlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from load import free_port, missing_programs, program, run_wrk, wait_for_port
from measures import Measure, print_table

from seedmock_server.http.file_response import stream_file
from seedmock_server.http.server import run

WHOLE_TARGET, RANGE_TARGET = 0.95, 0.80
RANGE = "bytes=1048576-2097151"
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
    parser.add_argument("--mebibytes", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of load in each round and case")
    parser.add_argument("--rounds", type=int, default=5)


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    """Measure whole clips and ranges."""
    yield measure(options, None)
    yield measure(options, RANGE)


def measure(options: argparse.Namespace, part: str | None) -> Measure:
    """Median rates of the emulator and of nginx."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is another user
        (folder / "clip.mp4").write_bytes(hashlib.shake_128(b"clip").digest(options.mebibytes << 20))
        with nginx(folder) as nginx_url, seedmock(folder / "clip.mp4") as seedmock_url:
            check_same_bytes(nginx_url, seedmock_url, part)
            rates: dict[str, list[float]] = {nginx_url: [], seedmock_url: []}
            for _ in range(options.rounds):
                for url, url_rates in rates.items():
                    url_rates.append(requests_per_second(url, options.seconds, part))
    nginx_median, seedmock_median = (statistics.median(url_rates) for url_rates in rates.values())
    name = f"content of {options.mebibytes} MiB" if part is None else "range of 1 MiB"
    target = WHOLE_TARGET if part is None else RANGE_TARGET
    return Measure(name, seedmock_median, "/s", "nginx sendfile", nginx_median, at_least=target)


def check_same_bytes(nginx_url: str, seedmock_url: str, part: str | None) -> None:
    headers = {"Range": part} if part else {}
    expected, response = httpx.get(nginx_url, headers=headers), httpx.get(seedmock_url, headers=headers)
    assert expected.status_code == response.status_code == (206 if part else 200)
    assert expected.content == response.content, "the two do not send the same bytes"


def requests_per_second(url: str, seconds: int, part: str | None) -> float:
    load = run_wrk(url, seconds=seconds, connections=8, header=f"Range: {part}" if part else "")
    assert load.errors == 0
    return load.rate


@contextmanager
def nginx(folder: Path) -> Iterator[str]:
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    command = [str(program("nginx")), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    with subprocess.Popen(command) as child:
        try:
            wait_for_port(port)
            yield f"http://127.0.0.1:{port}/clip.mp4"
        finally:
            child.terminate()


@contextmanager
def seedmock(path: Path) -> Iterator[str]:
    command = [sys.executable, __file__, "--serve", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield child.stdout.readline().strip() + "/clip.mp4"
        finally:
            child.terminate()


def serve(path: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await stream_file(scope, receive, send, path, etag='"clip"', media_type="video/mp4")

    run(app, port=0, on_ready=lambda url: print(url, flush=True))


if __name__ == "__main__":
    raise SystemExit(main())
