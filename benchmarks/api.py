"""Measure creates and polls of the emulator, beside a bare uvicorn that answers constant JSON.

    python benchmarks/api.py [--seconds 4] [--rounds 3] [--tasks 100000] [--connections 32]

Needs wrk. The server has one core and the load the other. Read the ratios: the absolute figures are the machine's.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from load import SERVER_CORE, Load, free_port, missing_programs, run_wrk, wait_for_port

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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--constant", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.constant:
        constant(options.constant)
        return 0
    if problem := missing_programs("wrk", "taskset"):
        print(problem)
        return 0
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (bare, emulator):
        return compare(bare, emulator, Path(folder), options)


def compare(bare: str, emulator: str, folder: Path, options: argparse.Namespace) -> int:
    create, poll = folder / "create.lua", folder / "poll.lua"
    create.write_text(CREATE)
    poll.write_text(POLL)
    task = httpx.post(f"{emulator}/v1/videos", content=ORDER, headers=headers()).json()["id"]
    cases = {"create": (f"{emulator}/v1/videos", create), "poll": (f"{emulator}/v1/videos/{task}", poll)}
    failed = 0
    for name, (url, script) in cases.items():
        pairs = [(load(bare, script, options), load(url, script, options)) for _ in range(options.rounds)]
        ceiling = statistics.median(ceiling.rate for ceiling, _ in pairs)
        rate = statistics.median(emulator.rate for _, emulator in pairs)
        failed += sum(emulator.errors for _, emulator in pairs)
        ratio = rate / ceiling
        print(f"{name:>7}: bare uvicorn {ceiling:7.0f}/s   seedmock {rate:7.0f}/s   ratio {ratio:.2f}", flush=True)
    tasks = fill(emulator, create, options)
    loads = [load(emulator + "/v1/videos", create, options) for _ in range(options.rounds)]
    p99 = statistics.median(load.p99 for load in loads)
    print(f" create with {tasks} tasks stored: p99 {p99:.1f} ms (median of {options.rounds} rounds)")
    print(f" responses that were not 2xx: {failed}")
    return 1 if failed else 0


def headers() -> dict[str, str]:
    return {"Authorization": KEY, "Content-Type": "application/json"}


def fill(emulator: str, script: Path, options: argparse.Namespace) -> int:
    """Create until at least `--tasks` tasks are there."""
    total = 0
    while total < options.tasks:
        total += int(load(emulator + "/v1/videos", script, options).rate * options.seconds)
    return total


def load(url: str, script: Path, options: argparse.Namespace) -> Load:
    return run_wrk(url, seconds=options.seconds, connections=options.connections, script=script)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, str]]:
    """A bare uvicorn and the emulator, both on the first core."""
    ports = [free_port(), free_port()]
    pinned = ["taskset", "-c", SERVER_CORE, sys.executable]
    emulator = ["-m", "seedmock_server", "serve", "--port", str(ports[1]), "--cache-dir", str(folder)]
    commands = [[*pinned, __file__, "--constant", str(ports[0])], [*pinned, *emulator]]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    try:
        for port in ports:
            wait_for_port(port)
        yield f"http://127.0.0.1:{ports[0]}/", f"http://127.0.0.1:{ports[1]}"
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def constant(port: int) -> None:
    """Serve the ceiling: a bare uvicorn, tuned as the emulator is, that reads a body and answers the same few bytes."""
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
