"""Measure the stores beside the one in memory: processor time of calls, a million tasks, killed servers, and workers.

    python benchmarks/stores.py [--seconds 4] [--rounds 3] [--many 1000000] [--orders 10000] [--only calls ...]

Needs wrk and redis-server, and Linux for processor time and memory. The server has one core, its load and Redis the
other; workers have both. Redis has `appendonly yes` and `appendfsync always`. Of a busy machine read processor time
alone. Exits with 1 if an accepted order was lost or charged twice.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from api import ORDER, create_task, wrk_script
from load import cpu_seconds, family_seconds, missing_programs, resident_bytes, run_wrk
from measures import Measure, print_table
from servers import Server, emulator, redis_server
from store_trials import kills
from store_trials.many_tasks import fill

CONNECTIONS = (32, 1)
"""Many share a commit or a round trip; one has each for itself."""
CREATE_TARGETS = {"sqlite": 1.4, "redis": 1.6}
POLL_TARGETS = {"sqlite": 1.4, "redis": 1.6}
LONE_POLL_TARGETS = {"redis": 3.0}
START_TARGET, P99_TARGET, MEMORY_TARGET = 1.0, 10.0, 150.0
CORES, WORKERS, WORKERS_TARGET = 2, 4, 1.7
PROGRAMS = ("wrk", "taskset", "redis-server")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4, help="of load in each round and case")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, default=1_000_000, help="tasks that are held by a database")
    parser.add_argument("--orders", type=int, default=10_000, help="that are made while servers are killed")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=tuple(PARTS), help="parts to measure")
    options = parser.parse_args()
    if problem := missing_programs(*PROGRAMS):
        print(problem)
        return 0
    results = list(measures(options))
    print_table(results)
    return int(any(result.is_met is False for result in results if "killed" in result.name))


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    for name in options.only:
        print(f"{name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            yield from PARTS[name](options, Path(folder))


# --- processor time of calls ---


def measure_calls(options: argparse.Namespace, folder: Path) -> Iterator[Measure]:
    """Processor time of creates and polls, in rounds that take the stores in turn."""
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(folder))
        urls = {"memory": "memory", "sqlite": f"sqlite:{folder}/mock.db", "redis": redis.url}
        servers = [
            stack.enter_context(emulator(folder, name=name, options=("--store", url))) for name, url in urls.items()
        ]
        for connections in CONNECTIONS:
            is_lone = connections == 1
            create_targets = {} if is_lone else CREATE_TARGETS
            yield from _compare("create", servers, redis, folder, connections, options, create_targets)
            poll_targets = LONE_POLL_TARGETS if is_lone else POLL_TARGETS
            yield from _compare("poll", servers, redis, folder, connections, options, poll_targets)


def _compare(
    call: str,
    servers: Sequence[Server],
    redis: Server,
    folder: Path,
    connections: int,
    options: argparse.Namespace,
    targets: dict[str, float],
) -> Iterator[Measure]:
    rounds: dict[str, list[float]] = {server.name: [] for server in servers}
    of_redis: list[float] = []
    script = wrk_script(folder / f"{call}.lua", ORDER if call == "create" else None)
    for _ in range(options.rounds):
        for server in servers:
            url = server.url if call == "create" else f"{server.url}/{create_task(server)}"
            before, redis_before = cpu_seconds(server.pid), cpu_seconds(redis.pid)
            load = run_wrk(url, seconds=options.seconds, connections=connections, script=script)
            assert load.errors == 0, f"{load.errors} responses of {server.name} were not 2xx or 3xx"
            rounds[server.name].append((cpu_seconds(server.pid) - before) / load.responses * 1000)
            if server.name == "redis":
                of_redis.append((cpu_seconds(redis.pid) - redis_before) / load.responses * 1000)
    medians = {name: statistics.median(values) for name, values in rounds.items()}
    what = f"1000 {call}s on {connections} connection{'s' * (connections > 1)}, processor time"
    for name in medians:
        if name != "memory":
            yield Measure(f"{name}: {what}", medians[name], "s", "memory", medians["memory"], at_most=targets.get(name))
    yield Measure(f"redis-server itself: {what}", statistics.median(of_redis), "s")


# --- a million tasks ---


def measure_many(options: argparse.Namespace, folder: Path) -> Iterator[Measure]:
    """Start, creates and memory of a server over a database with many tasks."""
    path = folder / "many.db"
    fill(path, folder, options.many)
    since = time.perf_counter()
    with emulator(folder, options=("--store", f"sqlite:{path}")) as server:
        seconds, used = time.perf_counter() - since, cpu_seconds(server.pid)
        name = f"sqlite, {options.many} tasks held"
        yield Measure(f"{name}: start", seconds, "s", at_most=START_TARGET)
        yield Measure(f"{name}: start, processor time", used, "s")
        script = wrk_script(folder / "create.lua", ORDER)
        loads = [
            run_wrk(server.url, seconds=options.seconds, connections=CONNECTIONS[0], script=script)
            for _ in range(options.rounds)
        ]
        assert not any(load.errors for load in loads)
        p99 = statistics.median(load.p99 for load in loads)
        yield Measure(f"{name}: create, 99th percentile", p99, "ms", at_most=P99_TARGET)
        memory = resident_bytes(server.pid) / 2**20
        yield Measure(f"{name}: resident memory", memory, "MiB", at_most=MEMORY_TARGET)


# --- killed servers ---


def measure_kills(options: argparse.Namespace, folder: Path) -> Iterator[Measure]:
    """Orders that were accepted and are missing, or charged twice, after kills at drawn moments."""
    for store in kills.STORES:
        (folder / store).mkdir()
        outcome = kills.run(store, folder / store, kills=options.kills, orders=options.orders)
        killed = f"{store}: {outcome.accepted} orders, server killed {options.kills} times"
        yield Measure(f"{killed}: lost", outcome.lost, "orders", at_most=0)
        yield Measure(f"{killed}: charged twice", outcome.charged_twice, "orders", at_most=0)


# --- workers ---


def measure_workers(options: argparse.Namespace, folder: Path) -> Iterator[Measure]:
    """Rate of workers on all cores beside that of one process, which has a core at most.

    The load takes time of the same cores, so that the rate is computed from processor time: cores by seconds of a call.
    """
    with redis_server(folder) as redis:
        for store, url in (("sqlite", f"sqlite:{folder}/workers.db"), ("redis", redis.url)):
            for call in ("create", "poll"):
                alone = _seconds_of_a_call(call, url, 1, options, folder)
                together = _seconds_of_a_call(call, url, WORKERS, options, folder)
                name = f"{store}: {call}s of {WORKERS} workers on {CORES} cores"
                yield Measure(name, CORES / together, "/s", "one", 1 / alone, at_least=WORKERS_TARGET)


def _seconds_of_a_call(call: str, store: str, workers: int, options: argparse.Namespace, folder: Path) -> float:
    """Processor time of a call, of all processes of a server together; the median of rounds."""
    arguments = ("--store", store, *(("--workers", str(workers)) if workers > 1 else ()))
    script = wrk_script(folder / f"{call}.lua", ORDER if call == "create" else None)
    with emulator(folder, options=arguments, cores=f"0-{CORES - 1}") as server:
        task = create_task(server)  # also waits: the port is open before any worker answers
        url = server.url if call == "create" else f"{server.url}/{task}"
        seconds: list[float] = []
        for _ in range(options.rounds):
            before = family_seconds(server.pid)
            load = run_wrk(url, seconds=options.seconds, connections=CONNECTIONS[0], script=script)
            assert load.errors == 0, f"{load.errors} responses of {workers} workers were not 2xx or 3xx"
            seconds.append((family_seconds(server.pid) - before) / load.responses)
    return statistics.median(seconds)


PARTS: dict[str, Callable[[argparse.Namespace, Path], Iterator[Measure]]] = {
    "calls": measure_calls,
    "many": measure_many,
    "kills": measure_kills,
    "workers": measure_workers,
}

if __name__ == "__main__":
    sys.exit(main())
