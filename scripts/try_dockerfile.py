"""Build the Dockerfile in clean root directories, run its command, and print as JSON what was seen.

Needs Linux and root, but no container engine. What an engine adds (layers, pulling the base image, cgroups) is not
shown by it; the workflow `test` builds and runs the image with one.

sudo .venv/bin/python scripts/try_dockerfile.py
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from container_trial.clean_root import Container
from container_trial.dockerfile import Image, build

ROOT = Path(__file__).parents[1]
CALLER = ROOT / "scripts" / "container_trial" / "caller.py"
URL = "http://127.0.0.1:8000"
GIVEN_TOKEN = "correct horse"  # noqa: S105


def start(image: Image, arguments: Sequence[str] = (), **variables: str) -> tuple[Container, str]:
    """Start the container; return it and its output up to the line that says how to stop it."""
    container = image.root.start(
        [*image.entrypoint, *(arguments or image.arguments)],
        user=image.user,
        directory=image.directory,
        variables={**image.variables, **variables},
        writable=image.volume,
    )
    assert container.process.stdout is not None
    greeting = ""
    for line in container.process.stdout:
        greeting += line
        if line.startswith("Ctrl-C"):
            break
    return container, greeting


def stop(container: Container) -> int:
    """Send SIGTERM to process 1, as `docker stop` does; return its exit code."""
    os.kill(container.pid, signal.SIGTERM)
    return container.process.wait(timeout=10)  # the time that an engine grants


def observe(image: Image) -> dict[str, object]:
    """Run the command without settings, then with a token that is given, and stop it each time."""
    container, greeting = start(image)
    token = re.findall(r"control token (\S+):", greeting)
    status = container.status()
    report = {
        "greeting": greeting,
        "user": status["Uid"].split()[1],
        "process": status["NSpid"].split()[-1],
        "healthy": container.execute(image.healthcheck),
        "unhealthy": container.execute(image.healthcheck, SEEDMOCK_SERVE_PORT="9"),  # where nothing listens
        "caller": json.loads(container.call([sys.executable, str(CALLER), URL, *token])),
        "volume": sorted(path.name for path in image.root.path(image.volume).iterdir()),
        "exit_code": stop(container),
    }
    container, greeting = start(image, SEEDMOCK_CONTROL_TOKEN=GIVEN_TOKEN)
    return {
        **report,
        "greeting_with_token": greeting,
        "caller_with_token": json.loads(container.call([sys.executable, str(CALLER), URL, GIVEN_TOKEN])),
        "exit_code_with_token": stop(container),
    }


def main() -> None:
    """Build, observe, print."""
    with tempfile.TemporaryDirectory(prefix="container-") as folder:
        image = build(ROOT / "Dockerfile", Path(folder))
        sys.stdout.write(json.dumps(observe(image), indent=2) + "\n")


if __name__ == "__main__":
    main()
