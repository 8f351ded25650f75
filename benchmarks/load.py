"""Load from wrk, and the ports and programs that a benchmark of a server needs."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SERVER_CORE, LOAD_CORE = "0", "1"
"""A server has one core and its load the other, so that neither takes time from the other."""


@dataclass(frozen=True)
class Load:
    """Requests a second, the 99th percentile in milliseconds, and numbers of responses: not 2xx or 3xx, and all."""

    rate: float
    p99: float
    errors: int
    responses: int


def run_wrk(url: str, *, seconds: int, connections: int, script: Path | None = None, header: str = "") -> Load:
    """Load a URL with wrk on its own core. `script` is a wrk script in Lua, `header` one `Name: value`."""
    command = ["taskset", "-c", LOAD_CORE, str(program("wrk")), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += ["-s", str(script)] if script else []
    command += ["-H", header] if header else []
    output = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    total = re.search(r"(\d+) requests in", output)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    assert rate and p99 and total, output
    assert "Socket errors" not in output, output
    milliseconds = float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]
    return Load(float(rate[1]), milliseconds, int(bad[1]) if bad else 0, int(total[1]))


def cpu_seconds(pid: int) -> float:
    """Seconds of processor time that a process has taken. Linux only."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def family_seconds(pid: int) -> float:
    """Seconds of processor time that a process and its children have taken. Linux only."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return cpu_seconds(pid) + sum(cpu_seconds(int(child)) for child in children)


def resident_bytes(pid: int) -> int:
    """Memory that a process holds. Linux only."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def missing_programs(*names: str) -> str:
    """A sentence on the programs that are not installed, or nothing if all are."""
    missing = [name for name in names if program(name) is None]
    if not missing:
        return ""
    return f"nothing measured: {' and '.join(missing)} not installed (Debian: apt install {' '.join(missing)})"


def program(name: str) -> str | None:
    """Path of a program. Debian keeps nginx off an ordinary user's path."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for_port(port: int, *, interval: float = 0.05, timeout: float = 10.0) -> None:
    """Wait until a server accepts connections on this machine. Raises RuntimeError after `timeout` seconds."""
    deadline = time.perf_counter() + timeout
    while time.perf_counter() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(interval)
    raise RuntimeError(f"nothing listens on port {port}")
