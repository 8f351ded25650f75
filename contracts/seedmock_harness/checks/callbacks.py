"""The upstream's own calls: one at a task's end, to the URL of its order, telling what a query tells.

A callback is the upstream's request, so what is judged is what was sent; the answer is somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedmock_contracts.enums import Operation
from seedmock_contracts.lifecycle import TERMINAL

from ..conversation.history import Interaction, TaskHistory
from ..results.checks import CheckResult, compare, failed, passed

SIGNED = ("authorization", "signature")


def callbacks_are_sent_once_at_the_end(interaction: Interaction) -> Iterator[CheckResult]:
    """A callback is a POST of JSON without a signature, for a task that has ended, until one is taken."""
    fact = interaction.contract.find(f"{interaction.contract.name}.callback")
    if fact is None or interaction.operation is not Operation.CALLBACK:
        return
    method, told, word = (
        interaction.exchange.request.method,
        _told(interaction),
        _first(interaction, interaction.contract.response.status_paths),
    )
    signed = [name for name in interaction.request_headers if any(word in name for word in SIGNED)]
    if method != "POST" or not told:
        yield failed(fact, "a callback is no POST of a task", "a POST of code, msg and data", f"{method} {told}")
    elif signed:
        yield failed(fact, "a callback is signed", "no such header", ", ".join(signed))
    elif interaction.contract.parse_status(word) not in TERMINAL:
        yield failed(fact, "a callback comes before the end", "a word for an end", word)
    elif _taken_before(interaction):
        yield failed(fact, "a callback comes again after it was taken", "one that is taken", _id(interaction))
    else:
        yield passed(fact, word)


def _told(interaction: Interaction) -> dict[str, Any]:
    """The own part of the body that was posted."""
    data = (
        (interaction.document or {}).get(interaction.contract.response.envelope_key)
        if interaction.exchange.request.body
        else None
    )
    return data if isinstance(data, dict) else {}


def _first(interaction: Interaction, names: tuple[str, ...]) -> str:
    told = _told(interaction)
    return str(next((told[name] for name in names if name in told), ""))


def _id(interaction: Interaction) -> str:
    return _first(interaction, interaction.contract.response.id_paths)


def _taken_before(interaction: Interaction) -> bool:
    past = (before for before in interaction.history.interactions if before.operation is Operation.CALLBACK)
    return any(200 <= before.status_code < 300 and _id(before) == _id(interaction) for before in past)


def callbacks_go_to_the_ordered_url(interaction: Interaction) -> Iterator[CheckResult]:
    """A callback goes to the URL that its order named."""
    fact = interaction.contract.find(f"{interaction.contract.name}.callback")
    task = _story(interaction)
    ordered = (task.created.document or {}).get("callback_url") if task is not None else None
    url = interaction.exchange.request.url
    if fact is not None and task is not None and "://" in url:
        yield compare(fact, "a callback goes elsewhere than its order says", ordered, url)


def _story(interaction: Interaction) -> TaskHistory | None:
    return interaction.history.tasks.get(_id(interaction)) if interaction.operation is Operation.CALLBACK else None


def callback_bodies_match_queries(interaction: Interaction) -> Iterator[CheckResult]:
    """A callback's body is what a query of the task answers."""
    fact, task = interaction.contract.find(f"{interaction.contract.name}.callback.body"), _story(interaction)
    if fact is None or task is None:
        return
    known = {
        f.path.removeprefix("data.") for f in interaction.contract.response_fields if f.operation is Operation.QUERY
    }
    odd = [key for key in _told(interaction) if key not in known]
    ended = task.final_poll
    if odd:
        yield failed(fact, "a callback tells what no query tells", "none", ", ".join(odd))
    elif ended is not None:
        yield compare(fact, "a callback tells something else than a query", ended.data, _told(interaction))
    else:
        yield passed(fact, ", ".join(_told(interaction)))


CHECKS = (
    callbacks_are_sent_once_at_the_end,
    callbacks_go_to_the_ordered_url,
    callback_bodies_match_queries,
)
