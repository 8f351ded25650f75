#!/usr/bin/env bash
# httpx: a program loads rich, pygments, click and trio with it as soon as they are installed, and uses none of them.
#
# One would expect: libraries of the command `httpx` are loaded by that command, and trio by programs that run on trio.
# What happens:     `import httpx` imports its command line where click, rich and pygments are present; the first Client,
#                   a synchronous one too, imports httpcore, which imports trio where that is present. The start takes
#                   about twice the processor time. httpx2 loads trio alone. Open as encode/httpx#3547 (the command line).
# Versions:         httpx 0.28.1, httpcore 1.0.9, httpx2 2.16.2, rich 15.0.0, trio 0.35.0, Python 3.11. Looked at on
#                   2026-11-30.
# Why it matters:   rich comes with command lines, trio with tests: a client that is started for each clip becomes slower
#                   by packages that it does not know. seedmock installs rich, for its commands, and `certify` starts a
#                   client for each trial: its own keeps click and trio from httpx by None in sys.modules.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for name in bare full; do
  python3 -m venv "$name"
  "$name/bin/pip" install -q --disable-pip-version-check httpx==0.28.1 httpcore==1.0.9 httpx2==2.16.2
done
full/bin/pip install -q --disable-pip-version-check rich==15.0.0 pygments==2.21.0 click==8.4.2 trio==0.35.0
cat >trial.py <<'PY'
import resource
import subprocess
import sys

PROGRAM = """
import sys
import {library} as httpx
httpx.Client(verify=False).close()
print(*sorted({{"rich", "pygments", "click", "trio"}} & set(sys.modules)))
"""


def start(python: str, library: str) -> tuple[int, list[str]]:
    """Processor time in ms of the fastest of five starts, and the modules that came along."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [python, "-c", PROGRAM.format(library=library)]
        modules = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return round(min(times) * 1000), modules


print("httpx 0.28.1, httpcore 1.0.9, httpx2 2.16.2, rich 15.0.0, trio 0.35.0, Python", sys.version.split()[0])
loaded = {}
for library in ("httpx", "httpx2"):
    for environment in ("bare", "full"):
        milliseconds, loaded[library, environment] = start(f"{environment}/bin/python", library)
        print(f"{library} in {environment}: {milliseconds} ms, loads {', '.join(loaded[library, environment]) or 'none'}")
expected = {("httpx", "full"): ["click", "pygments", "rich", "trio"], ("httpx2", "full"): ["trio"]}
sys.exit(0 if {key: modules for key, modules in loaded.items() if modules} == expected else 1)
PY
python3 trial.py
