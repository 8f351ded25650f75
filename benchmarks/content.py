"""How fast a clip leaves this machine: our delivery beside nginx's sendfile, in one run, by turns.

    python benchmarks/content.py [--mebibytes 5] [--seconds 3] [--rounds 5]

Needs nginx and wrk. Read the ratio: the absolute figures are the machine's. Exit 1 when the ratio is below `--floor`.
"""

import argparse
import asyncio
import hashlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from seedmock_server.http.file_response import stream_file
from seedmock_server.http.server import run

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
    parser.add_argument("--mebibytes", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--floor", type=float, default=0.0)
    parser.add_argument("--serve", metavar="FILE", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return 0
    missing = [tool for tool in ("nginx", "wrk") if program(tool) is None]
    if missing:
        print(f"nothing measured: {' and '.join(missing)} not installed (Debian: apt install {' '.join(missing)})")
        return 0
    ratios = [measure(options, None), measure(options, RANGE)]
    return 1 if min(ratios) < options.floor else 0


def measure(options: argparse.Namespace, part: str | None) -> float:
    """The median of ours over the median of nginx's, printed with both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is another user
        (folder / "clip.mp4").write_bytes(hashlib.shake_128(b"clip").digest(options.mebibytes << 20))
        with nginx(folder) as theirs, ours(folder / "clip.mp4") as mine:
            check(theirs, mine, part)
            figures: dict[str, list[float]] = {theirs: [], mine: []}
            for _ in range(options.rounds):
                for url, found in figures.items():
                    found.append(requests_per_second(url, options.seconds, part))
        nginx_median, our_median = statistics.median(figures[theirs]), statistics.median(figures[mine])
    ratio = our_median / nginx_median
    what = f"{options.mebibytes} MiB" if part is None else "range of 1 MiB"
    print(f"{what:>15}: nginx {nginx_median:7.0f}/s   seedmock {our_median:7.0f}/s   ratio {ratio:.2f}", flush=True)
    return ratio


def check(theirs: str, mine: str, part: str | None) -> None:
    headers = {"Range": part} if part else {}
    one, other = httpx.get(theirs, headers=headers), httpx.get(mine, headers=headers)
    assert one.status_code == other.status_code == (206 if part else 200)
    assert one.content == other.content, "the two do not send the same bytes"


def requests_per_second(url: str, seconds: int, part: str | None) -> float:
    command = [str(program("wrk")), "-t1", "-c8", f"-d{seconds}s", *(["-H", f"Range: {part}"] if part else []), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    assert "Socket errors" not in said, said
    found = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    assert found is not None, said
    return float(found.group(1))


@contextmanager
def nginx(folder: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    command = [str(program("nginx")), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    with subprocess.Popen(command) as child:
        try:
            asyncio.run(accepting(port))
            yield f"http://127.0.0.1:{port}/clip.mp4"
        finally:
            child.terminate()


@contextmanager
def ours(path: Path) -> Iterator[str]:
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


async def accepting(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
        else:
            return
    raise SystemExit("nginx does not start")


def program(name: str) -> str | None:
    """Where a program is; Debian keeps nginx off an ordinary user's path."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


if __name__ == "__main__":
    raise SystemExit(main())
