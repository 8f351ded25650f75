"""Exit codes of the commands, and their errors as one to four lines or as JSON instead of a traceback."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from seedmock_contracts.printable import printable

from .. import errors

EXITS: tuple[tuple[int, str, tuple[type[errors.SeedmockError], ...]], ...] = (
    (2, "the options or the request are not valid; nothing was charged", (errors.UsageError, errors.ValidationError)),
    (3, "the API key is missing or was rejected", (errors.AuthenticationError,)),
    (4, "the balance is too low", (errors.BalanceError,)),
    (5, "moderation rejected the input or the result", (errors.ModerationError,)),
    (6, "too many requests", (errors.RateLimitError,)),
    (7, "the task failed, or the upstream is broken", (errors.UpstreamError,)),
    (8, "the deadline passed; the task may still finish", (errors.WaitTimeoutError,)),
    (9, "no connection to the upstream", (errors.ConnectionFailedError,)),
    (10, "the response to the order was lost; the task may exist and may be charged", (errors.SubmissionUnknownError,)),
    (11, "no such task, asset or file", (errors.NotFoundError,)),
    (12, "the task is not finished, or is over", (errors.NotReadyError, errors.StateConflictError)),
    (13, "the video was not downloaded whole, or could not be written", (errors.DownloadError,)),
)  # fmt: skip
OTHER, INTERRUPTED = 1, 130  # 128 + SIGINT, as shells report it
CODES: Mapping[type, int] = {class_: code for code, _, classes in EXITS for class_ in classes}


def epilog() -> str:
    """Format the table for --help."""
    rows = ["0 done", f"{OTHER} any other error"]
    rows += [f"{code} {meaning}" for code, meaning, _ in EXITS]
    rows.append(f"{INTERRUPTED} interrupted")
    return "\b\nExit codes:\n" + "\n".join(f"  {row}" for row in rows)


def exit_code(error: errors.SeedmockError) -> int:
    """Exit code of an exception: that of its class or of the nearest base class."""
    return next((CODES[class_] for class_ in type(error).__mro__ if class_ in CODES), OTHER)


@contextlib.contextmanager
def exit_on_error(as_json: bool, resume: Any = None) -> Iterator[None]:
    """Turn exceptions and Ctrl-C into an exit code and a few lines. `resume(task_id)` is advice for an open task."""
    try:
        yield
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None
    except errors.SeedmockError as error:
        code = exit_code(error)
        if as_json:
            click.echo(json.dumps({"error": error_document(error, code)}))
        else:
            for line in error_lines(error, resume):
                click.echo(line, err=True)
        raise click.exceptions.Exit(code) from error


def error_lines(error: errors.SeedmockError, resume: Any = None) -> list[str]:
    """Format an exception in one to four lines: the problem, the allowed values, the advice, the page on it."""
    from seedmock_contracts.messages.error_guides import see_line

    lines = [f"error: {error}"]
    if isinstance(error, errors.ValidationError) and error.allowed and error.allowed not in error.message:
        lines.append(f"expected: {error.field}: {error.allowed}")
    advice = error.advice
    may_finish = isinstance(error, errors.WaitTimeoutError | errors.DownloadError | errors.ConnectionFailedError)
    if error.task_id and resume is not None and may_finish:
        advice = f"{resume(error.task_id)}"
    if advice:
        lines.append(f"  {advice}")
    lines.append(see_line(error))
    return [printable(line) for line in lines if line]


def error_document(error: errors.SeedmockError, code: int) -> dict[str, Any]:
    """Describe an exception as a JSON object."""
    document: dict[str, Any] = {
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
        document |= {"field": error.field, "allowed": error.allowed}
    return {name: value for name, value in document.items() if value is not None}
