"""Checks of callbacks: one POST at the end of a task, to the URL of its order, with the body of a query's response.

In a callback the upstream sends the request, so the request is checked; the response is the application's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedmock_contracts.enums import Operation
from seedmock_contracts.lifecycle import TERMINAL

from ..conversation.history import Interaction, TaskHistory
from ..results.checks import CheckResult, compare, failed, passed

SIGNATURE_HEADERS = ("authorization", "signature")


def callbacks_are_sent_once_at_the_end(interaction: Interaction) -> Iterator[CheckResult]:
    """A callback is an unsigned POST of JSON about a finished task, not repeated after it was accepted."""
    fact = interaction.find("callback")
    if fact is None or interaction.operation is not Operation.CALLBACK:
        return
    payload, status = _payload(interaction), _first_value(interaction, interaction.contract.response.status_paths)
    headers = interaction.request_headers
    signatures = [name for name in headers if any(part in name for part in SIGNATURE_HEADERS)]
    if interaction.method != "POST" or not payload:
        expected, observed = "a POST of code, msg and data", f"{interaction.method} {payload}"
        yield failed(fact, "a callback is not a POST of a task", expected, observed)
    elif signatures:
        yield failed(fact, "a callback is signed", "no such header", ", ".join(signatures))
    elif interaction.contract.parse_status(status) not in TERMINAL:
        yield failed(fact, "a callback comes before the end", "a terminal status", status)
    elif _was_accepted(interaction):
        yield failed(fact, "a callback is repeated after it was accepted", "no repetition", _task_id(interaction))
    else:
        yield passed(fact, status)


def _payload(interaction: Interaction) -> dict[str, Any]:
    """The posted body without the envelope."""
    key = interaction.contract.response.envelope_key
    payload = (interaction.document or {}).get(key) if interaction.exchange.request.body else None
    return payload if isinstance(payload, dict) else {}


def _first_value(interaction: Interaction, paths: tuple[str, ...]) -> str:
    payload = _payload(interaction)
    return str(next((payload[path] for path in paths if path in payload), ""))


def _task_id(interaction: Interaction) -> str:
    return _first_value(interaction, interaction.contract.response.id_paths)


def _was_accepted(interaction: Interaction) -> bool:
    """True if an earlier callback about the same task got a 2xx response."""
    earlier = (other for other in interaction.history.interactions if other.operation is Operation.CALLBACK)
    return any(200 <= other.status_code < 300 and _task_id(other) == _task_id(interaction) for other in earlier)


def callbacks_go_to_the_ordered_url(interaction: Interaction) -> Iterator[CheckResult]:
    """A callback goes to the `callback_url` of the order."""
    fact, task = interaction.find("callback"), _task(interaction)
    if fact is not None and task is not None and "://" in interaction.url:
        expected = interaction.contract.request.read(task.created.document or {}, "callback_url")
        yield compare(fact, "a callback goes to another URL than the ordered one", expected, interaction.url)


def _task(interaction: Interaction) -> TaskHistory | None:
    if interaction.operation is not Operation.CALLBACK:
        return None
    return interaction.history.tasks.get(_task_id(interaction))


def callback_bodies_match_queries(interaction: Interaction) -> Iterator[CheckResult]:
    """The body of a callback is the body of the response to a query of the task."""
    fact, task = interaction.find("callback.body"), _task(interaction)
    if fact is None or task is None:
        return
    prefix = f"{interaction.contract.response.envelope_key}."
    fields = (f for f in interaction.contract.response_fields if f.operation is Operation.QUERY)
    documented = {field.path.removeprefix(prefix) for field in fields}
    payload, final_poll = _payload(interaction), task.final_poll
    unknown = [key for key in payload if key not in documented]
    if unknown:
        yield failed(fact, "a callback has keys that no query has", "none", ", ".join(unknown))
    elif final_poll is not None:
        yield compare(fact, "a callback differs from the response to a query", final_poll.data, payload)
    else:
        yield passed(fact, ", ".join(payload))


CHECKS = (
    callbacks_are_sent_once_at_the_end,
    callbacks_go_to_the_ordered_url,
    callback_bodies_match_queries,
)
