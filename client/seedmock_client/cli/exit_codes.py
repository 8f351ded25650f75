"""How the commands end: one table of exit codes, and errors in a line or three instead of a traceback."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from .. import errors

EXITS: tuple[tuple[int, str, tuple[type[errors.SeedmockError], ...]], ...] = (
    (2, "the options or the request are not valid; nothing was charged", (errors.UsageError, errors.ValidationError)),
    (3, "the API key is missing or was refused", (errors.AuthenticationError,)),
    (4, "the balance is too low", (errors.BalanceError,)),
    (5, "moderation refused what was sent in or what came out", (errors.ModerationError,)),
    (6, "too many requests", (errors.RateLimitError,)),
    (7, "the task failed, or the upstream is broken", (errors.UpstreamError,)),
    (8, "the deadline passed; the task may still finish", (errors.WaitTimeoutError,)),
    (9, "no connection to the upstream", (errors.ConnectionFailedError,)),
    (10, "the answer to the order was lost; the task may exist and may be charged", (errors.SubmissionUnknownError,)),
    (11, "no such task, asset or file", (errors.NotFoundError,)),
    (12, "the task is not finished", (errors.NotReadyError,)),
    (13, "the video did not come whole, or could not be written", (errors.DownloadError,)),
)  # fmt: skip
OTHER, INTERRUPTED = 1, 130
CODES: Mapping[type, int] = {class_: code for code, _, classes in EXITS for class_ in classes}


def epilog() -> str:
    """The table as it stands under --help."""
    rows = ["0 done", f"{OTHER} anything else"]
    rows += [f"{code} {meaning}" for code, meaning, _ in EXITS]
    rows.append(f"{INTERRUPTED} interrupted")
    return "\b\nExit codes:\n" + "\n".join(f"  {row}" for row in rows)


def exit_code(error: errors.SeedmockError) -> int:
    """The code of an error: that of its class, or of the nearest one above."""
    return next((CODES[class_] for class_ in type(error).__mro__ if class_ in CODES), OTHER)


@contextlib.contextmanager
def guarded(as_json: bool, resume: Any = None) -> Iterator[None]:
    """Turn errors and Ctrl-C into a few lines and an exit code. `resume(task_id)` says how to go on with a task."""
    try:
        yield
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None
    except errors.SeedmockError as error:
        code = exit_code(error)
        if as_json:
            click.echo(json.dumps({"error": described(error, code)}))
        else:
            for line in told(error, resume):
                click.echo(line, err=True)
        raise click.exceptions.Exit(code) from error


def told(error: errors.SeedmockError, resume: Any = None) -> list[str]:
    """What was wrong, what was expected, what to do: one to three lines."""
    lines = [printable(f"error: {error}")]
    if isinstance(error, errors.ValidationError) and error.allowed and error.allowed not in error.message:
        lines.append(f"expected: {error.field}: {error.allowed}")
    advice = error.advice
    may_finish = isinstance(error, errors.WaitTimeoutError | errors.DownloadError | errors.ConnectionFailedError)
    if error.task_id and resume is not None and may_finish:
        advice = f"{resume(error.task_id)}"
    if advice:
        lines.append(f"  {advice}")
    return lines


def printable(said: str) -> str:
    """One line that steers no terminal and that every terminal can show, whatever an upstream said."""
    return "".join(sign if sign.isprintable() else " " for sign in said).strip()


def described(error: errors.SeedmockError, code: int) -> dict[str, Any]:
    """An error as one JSON object."""
    found: dict[str, Any] = {
        "type": type(error).__name__,
        "message": error.message,
        "exit_code": code,
        "upstream": error.upstream,
        "task_id": error.task_id,
        "status": error.status,
        "code": error.code,
        "retryable": error.retryable,
        "retry_after": error.retry_after,
        "advice": error.advice,
    }
    if isinstance(error, errors.ValidationError):
        found |= {"field": error.field, "allowed": error.allowed}
    return {name: value for name, value in found.items() if value is not None}
