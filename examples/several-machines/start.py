"""Start a Redis server, two seedmock servers that share it, and nginx in front of them; Ctrl-C ends them all.

    python start.py [PORT]

Everything is on this machine, in a temporary folder. With the store, --files and addresses of your own, the same
commands make a mock of several machines. Needs redis-server and nginx on the PATH, and seedmock[redis].
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import string
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).parent
MAIN = """
daemon off; master_process off; pid $folder/nginx.pid; error_log $folder/nginx.log;
events {}
http { access_log off; client_body_temp_path $folder; proxy_temp_path $folder; fastcgi_temp_path $folder;
       uwsgi_temp_path $folder; scgi_temp_path $folder; include $folder/seedmock.conf; }
"""


def main(port: int) -> None:
    for program, package in {"redis-server": "redis-server", "nginx": "nginx"}.items():
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is missing: apt-get install {package}, or brew install {package}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it as Ctrl-C does
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="seedmock-")))
        redis, *nodes = free_ports(3)

        def start(command: Sequence[str]) -> None:
            stack.enter_context(running(command))

        redis_options = ["--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        start(["redis-server", "--port", str(redis), *redis_options])
        wait_for(redis)
        for node in nodes:
            start(serve(node, f"redis://127.0.0.1:{redis}/0"))
        for node in nodes:
            wait_for(node)
        start(proxy(folder, port, nodes))
        wait_for(port)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_mock/health") as response:
            assert json.load(response)["store"] == "redis"
        print(f"two servers on one store: http://127.0.0.1:{port}", flush=True)
        print(*(f"  server {number} alone: http://127.0.0.1:{node}" for number, node in enumerate(nodes, 1)), sep="\n")
        print(f"\n  export SEEDMOCK_URL=http://127.0.0.1:{port}\n\nCtrl-C stops.", flush=True)
        signal.pause()


def serve(port: int, store: str) -> list[str]:
    return [sys.executable, "-m", "seedmock_server", "serve", "--port", str(port), "--seed", "1", "--store", store]


def proxy(folder: Path, port: int, nodes: Sequence[int]) -> list[str]:
    template = string.Template((HERE / "nginx.conf.template").read_text())
    values = {f"SEEDMOCK_{number}": f"127.0.0.1:{node}" for number, node in enumerate(nodes, 1)}
    # Variables of nginx itself are in lower case, and stay.
    (folder / "seedmock.conf").write_text(template.safe_substitute(values, LISTEN=f"127.0.0.1:{port}"))
    (folder / "nginx.conf").write_text(string.Template(MAIN).substitute(folder=folder))
    return ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")]


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[None]:
    """Run a program until the block ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, seconds: float = 30.0) -> None:
    """Wait until something listens on a port."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port} after {seconds:.0f} seconds")


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
