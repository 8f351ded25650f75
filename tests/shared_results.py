"""Results that all workers of a run share: one makes a result, the others wait for it and read it."""

from __future__ import annotations

import fcntl
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


def make_once(folder: Path, name: str, make: Callable[[], Result]) -> Result:
    """Make a result, or read what another worker has made under this name. `folder` is that of the run."""
    path = folder / f"result-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            written = path.with_suffix(".part")
            written.write_bytes(pickle.dumps(make()))
            written.rename(path)  # a worker that is killed leaves no half of a result
    result: Result = pickle.loads(path.read_bytes())
    return result
