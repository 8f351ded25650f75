"""Adapter of the reference client for `seedmock certify`: `python -m seedmock_client.cli.adapter`.

Reads a JSON order from standard input, generates the clip, and prints a JSON outcome. The environment configures it:
SEEDMOCK_UPSTREAM, SEEDMOCK_BASE_URL, SEEDMOCK_API_KEY, SEEDMOCK_OUT and SEEDMOCK_POLL_SECONDS.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # httpx loads them where they are installed: click and rich for a command of its own, trio for its event loop. A
    # certification starts this program a hundred times, and half of each start went to them.
    sys.modules.update(dict.fromkeys(("click", "trio")))  # type: ignore[arg-type]
    gc.disable()  # modules that are imported are no garbage, and a clip leaves little

from seedmock_contracts.enums import MediaKind, Role
from seedmock_contracts.generation import GenerationRequest, Reference

from .. import errors
from ..clients import Client
from ..files import ensure_writable
from ..models import Clip
from ..retry import RetryPolicy
from ..transport import monotonic

KINDS: Mapping[type[errors.SeedmockError], str] = {
    errors.UsageError: "validation",
    errors.ValidationError: "validation",
    errors.AuthenticationError: "authentication",
    errors.BalanceError: "balance",
    errors.ModerationError: "moderation",
    errors.NotFoundError: "not_found",
    errors.NotReadyError: "upstream",
    errors.StateConflictError: "upstream",
    errors.RateLimitError: "rate_limit",
    errors.UpstreamError: "upstream",
    errors.WaitTimeoutError: "timeout",
    errors.ConnectionFailedError: "upstream",
    errors.SubmissionUnknownError: "submission_unknown",
    errors.DownloadError: "upstream",
}
"""Kind of each exception in an outcome; a subclass without an entry has the kind of its base class."""
DEFAULT_TIMEOUT_SECONDS = 900.0
DOWNLOAD_SHARE = 0.5
"""Share of the timeout that a download, or a request sent at its end, may take in addition."""
# A RetryPolicy refuses 0, and a create may have taken the whole time.
MIN_WAIT_SECONDS = 0.001


def parse_order(order: Mapping[str, Any]) -> GenerationRequest:
    """Parse the JSON object of an order."""
    references = (
        Reference(MediaKind(row["kind"]), row["url"], Role(row.get("role", Role.REFERENCE)))
        for row in order.get("references") or ()
    )
    names = ("prompt", "model", "size", "resolution", "ratio", "seconds", "generate_audio", "seed")
    fields = {name: order[name] for name in names if order.get(name) is not None}
    return GenerationRequest(**fields, references=tuple(references))


def retry_policy(seconds: float, poll_seconds: float | None) -> RetryPolicy:
    """Derive the limits of each step from the timeout of the whole order."""
    default = RetryPolicy()
    pacing = default.pacing if poll_seconds is None else (poll_seconds,)
    request = min(seconds * DOWNLOAD_SHARE, default.request_seconds)  # one sent at the very end must end in time too
    return RetryPolicy(
        wait_seconds=seconds,
        create_seconds=seconds,
        request_seconds=request,
        download_seconds=seconds * DOWNLOAD_SHARE,
        pacing=pacing,
    )


def outcome(order: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Generate the clip of an order, and describe the outcome."""
    poll_seconds = environment.get("SEEDMOCK_POLL_SECONDS")
    seconds = float(order.get("timeout_seconds") or DEFAULT_TIMEOUT_SECONDS)
    policy = retry_policy(seconds, float(poll_seconds) if poll_seconds else None)
    upstream, url, key = (environment[f"SEEDMOCK_{name}"] for name in ("UPSTREAM", "BASE_URL", "API_KEY"))
    try:
        with Client(upstream, base_url=url, api_key=key, retry_policy=policy) as client:
            clip = generate(client, parse_order(order), Path(environment["SEEDMOCK_OUT"]), seconds)
    except errors.SeedmockError as error:
        kind = next((KINDS[class_] for class_ in type(error).__mro__ if class_ in KINDS), "unknown")
        return {"ok": False, "kind": kind, "task_id": error.task_id}
    return {"ok": True, "task_id": clip.video.task_id}


def generate(client: Client, order: GenerationRequest, out: Path, seconds: float) -> Clip:
    """Create a task, and wait for it within the rest of the timeout."""
    try:
        ensure_writable(out)
    except OSError as error:
        raise errors.UsageError(f"cannot write {out}: {error}") from error
    started = monotonic()
    task = client.create(order)
    left = max(MIN_WAIT_SECONDS, started + seconds - monotonic())
    return client.collect(task.task_id, out, timeout=left)


def main() -> None:
    """Read an order from standard input, and print its outcome."""
    sys.stdout.write(json.dumps(outcome(json.load(sys.stdin), os.environ)) + "\n")


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # all is closed by now, and to take the modules down again would be a fifth of each run
