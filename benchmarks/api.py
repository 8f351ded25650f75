"""How fast orders are taken and polls answered: the emulator beside a bare uvicorn that answers constant JSON.

    python benchmarks/api.py [--seconds 4] [--rounds 3] [--held 100000] [--connections 32]

Needs wrk. The server has one core and the load the other. Read the ratios: the absolute figures are the machine's.
"""

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ORDER = json.dumps(
    {
        "model": "seedance-2-0-fast",
        "prompt": "A lighthouse in fog, its beam turning slowly over grey water, gulls crossing, a long quiet take.",
        "size": "1280x720",
        "seconds": "5",
        "generate_audio": False,
        "seed": 11,
    }
)
KEY = "Bearer sk_bench"
CREATE = f"""
wrk.method = "POST"
wrk.body = [[{ORDER}]]
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "{KEY}"
"""
POLL = f'wrk.headers["Authorization"] = "{KEY}"\n'
CONSTANT = b'{"created_at":1780021218,"id":"cgt-20260529102017-sjqj9","model":"seedance-2-0-fast","object":"video"}'


@dataclass(frozen=True)
class Figures:
    """Requests a second, the 99th percentile in milliseconds, and how many answers were not 2xx or 3xx."""

    rate: float
    p99: float
    errors: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--held", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--constant", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.constant:
        constant(options.constant)
        return 0
    if shutil.which("wrk") is None:
        print("nothing measured: wrk is not installed (Debian: apt install wrk)")
        return 0
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (bare, ours):
        return compare(bare, ours, Path(folder), options)


def compare(bare: str, ours: str, folder: Path, options: argparse.Namespace) -> int:
    create, poll = folder / "create.lua", folder / "poll.lua"
    create.write_text(CREATE)
    poll.write_text(POLL)
    task = httpx.post(f"{ours}/v1/videos", content=ORDER, headers=headers()).json()["id"]
    cases = {"create": (f"{ours}/v1/videos", create), "poll": (f"{ours}/v1/videos/{task}", poll)}
    failed = 0
    for name, (url, script) in cases.items():
        rounds = [(load(bare, script, options), load(url, script, options)) for _ in range(options.rounds)]
        ceiling = statistics.median(theirs.rate for theirs, _ in rounds)
        rate = statistics.median(mine.rate for _, mine in rounds)
        failed += sum(mine.errors for _, mine in rounds)
        ratio = rate / ceiling
        print(f"{name:>7}: bare uvicorn {ceiling:7.0f}/s   seedmock {rate:7.0f}/s   ratio {ratio:.2f}", flush=True)
    held = fill(ours, create, options)
    at_load = [load(ours + "/v1/videos", create, options) for _ in range(options.rounds)]
    p99 = statistics.median(figures.p99 for figures in at_load)
    print(f" create with {held} tasks held: p99 {p99:.1f} ms (median of {options.rounds} rounds)")
    print(f" answers that were not 2xx: {failed}")
    return 1 if failed else 0


def headers() -> dict[str, str]:
    return {"Authorization": KEY, "Content-Type": "application/json"}


def fill(ours: str, script: Path, options: argparse.Namespace) -> int:
    """Create until at least `--held` tasks are there."""
    total = 0
    while total < options.held:
        total += int(load(ours + "/v1/videos", script, options).rate * options.seconds)
    return total


def load(url: str, script: Path, options: argparse.Namespace) -> Figures:
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", "--latency"]
    done = subprocess.run([*command, "-s", str(script), url], capture_output=True, text=True, check=True)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    assert rate and p99, done.stdout
    milliseconds = float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]
    return Figures(float(rate[1]), milliseconds, int(bad[1]) if bad else 0)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, str]]:
    """A bare uvicorn and the emulator, both on the first core."""
    ports = [free_port(), free_port()]
    pinned = ["taskset", "-c", "0", sys.executable]
    emulator = ["-m", "seedmock_server", "serve", "--port", str(ports[1]), "--cache-dir", str(folder)]
    commands = [[*pinned, __file__, "--constant", str(ports[0])], [*pinned, *emulator]]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    try:
        for port in ports:
            wait_for(port)
        yield f"http://127.0.0.1:{ports[0]}/", f"http://127.0.0.1:{ports[1]}"
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


def constant(port: int) -> None:
    """The ceiling: a bare uvicorn, tuned as the emulator is, that reads the body and answers the same few bytes."""
    import uvicorn

    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(CONSTANT))]

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        if scope["type"] != "http":
            return
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": CONSTANT})

    uvicorn.run(app, port=port, log_level="critical", access_log=False, lifespan="off", server_header=False)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    sys.exit(main())
