"""The reference client as an adapter of `seedmock certify`: `python -m seedmock_client.cli.adapter`.

Reads one JSON order from standard input, makes the clip, and prints one JSON outcome. What it needs to know beside
the order comes from the environment: SEEDMOCK_UPSTREAM, SEEDMOCK_BASE_URL, SEEDMOCK_API_KEY, SEEDMOCK_OUT and
SEEDMOCK_POLL_SECONDS.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seedmock_contracts.enums import MediaKind, Role
from seedmock_contracts.generation import GenerationRequest, Reference

from .. import errors
from ..clients import Client
from ..clock import monotonic
from ..files import writable
from ..models import Clip
from ..retry import Patience

KINDS: Mapping[type[errors.SeedmockError], str] = {
    errors.UsageError: "validation",
    errors.ValidationError: "validation",
    errors.AuthenticationError: "authentication",
    errors.BalanceError: "balance",
    errors.ModerationError: "moderation",
    errors.NotFoundError: "not_found",
    errors.NotReadyError: "upstream",
    errors.RateLimitError: "rate_limit",
    errors.UpstreamError: "upstream",
    errors.WaitTimeoutError: "timeout",
    errors.ConnectionFailedError: "upstream",
    errors.SubmissionUnknownError: "submission_unknown",
    errors.DownloadError: "upstream",
}
"""What each error is called in an outcome; a subclass is called as its class unless it is here."""
SECONDS = 900.0
OVERTIME = 0.5
"""By how much of timeout_seconds the download may outlive it."""
LEAST = 0.001


def order_from(said: Mapping[str, Any]) -> GenerationRequest:
    """An order from its JSON object."""
    references = (
        Reference(MediaKind(one["kind"]), one["url"], Role(one.get("role", Role.REFERENCE)))
        for one in said.get("references") or ()
    )
    plain = ("prompt", "model", "size", "resolution", "ratio", "seconds", "generate_audio", "seed")
    known = {name: said[name] for name in plain if said.get(name) is not None}
    return GenerationRequest(**known, references=tuple(references))


def patience(seconds: float, poll_seconds: float | None) -> Patience:
    """How long each part may take when the whole may take so many seconds."""
    plain = Patience()
    pacing = plain.pacing if poll_seconds is None else (poll_seconds,)
    request = min(seconds * OVERTIME, plain.request_seconds)  # one that begins at the very end must end in time too
    return Patience(
        wait_seconds=seconds,
        create_seconds=seconds,
        request_seconds=request,
        download_seconds=seconds * OVERTIME,
        pacing=pacing,
    )


def outcome(said: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Make the clip that an order asks for, and say what became of it."""
    poll_seconds = environment.get("SEEDMOCK_POLL_SECONDS")
    seconds = float(said.get("timeout_seconds") or SECONDS)
    patient = patience(seconds, float(poll_seconds) if poll_seconds else None)
    upstream, url, key = (environment[f"SEEDMOCK_{name}"] for name in ("UPSTREAM", "BASE_URL", "API_KEY"))
    try:
        with Client(upstream, base_url=url, api_key=key, patience=patient) as client:
            clip = made(client, order_from(said), Path(environment["SEEDMOCK_OUT"]), seconds)
    except errors.SeedmockError as error:
        kind = next((KINDS[class_] for class_ in type(error).__mro__ if class_ in KINDS), "unknown")
        return {"ok": False, "kind": kind, "task_id": error.task_id}
    return {"ok": True, "task_id": clip.video.task_id}


def made(client: Client, order: GenerationRequest, out: Path, seconds: float) -> Clip:
    """Create, and wait for what is left of the time."""
    try:
        writable(out)
    except OSError as error:
        raise errors.UsageError(f"cannot write {out}: {error}") from error
    begun = monotonic()
    task = client.create(order)
    left = max(LEAST, begun + seconds - monotonic())
    return client.collect(task.task_id, out, timeout=left)


def main() -> None:
    """Read the order, and print the outcome."""
    sys.stdout.write(json.dumps(outcome(json.load(sys.stdin), os.environ)) + "\n")


if __name__ == "__main__":
    main()
