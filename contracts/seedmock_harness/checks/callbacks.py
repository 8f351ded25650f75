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


def callbacks_are_sent_once_at_the_end(turn: Interaction) -> Iterator[CheckResult]:
    """A callback is a POST of JSON without a signature, for a task that has ended, until one is taken."""
    fact = turn.contract.find(f"{turn.contract.name}.callback")
    if fact is None or turn.operation is not Operation.CALLBACK:
        return
    method, told, word = turn.exchange.request.method, _told(turn), _first(turn, turn.contract.response.status_paths)
    signed = [name for name in turn.request_headers if any(word in name for word in SIGNED)]
    if method != "POST" or not told:
        yield failed(fact, "a callback is no POST of a task", "a POST of code, msg and data", f"{method} {told}")
    elif signed:
        yield failed(fact, "a callback is signed", "no such header", ", ".join(signed))
    elif turn.contract.parse_status(word) not in TERMINAL:
        yield failed(fact, "a callback comes before the end", "a word for an end", word)
    elif _taken_before(turn):
        yield failed(fact, "a callback comes again after it was taken", "one that is taken", _id(turn))
    else:
        yield passed(fact, word)


def _told(turn: Interaction) -> dict[str, Any]:
    """The own part of the body that was posted."""
    data = (turn.document or {}).get(turn.contract.response.envelope_key) if turn.exchange.request.body else None
    return data if isinstance(data, dict) else {}


def _first(turn: Interaction, names: tuple[str, ...]) -> str:
    told = _told(turn)
    return str(next((told[name] for name in names if name in told), ""))


def _id(turn: Interaction) -> str:
    return _first(turn, turn.contract.response.id_paths)


def _taken_before(turn: Interaction) -> bool:
    past = (before for before in turn.history.interactions if before.operation is Operation.CALLBACK)
    return any(200 <= before.status_code < 300 and _id(before) == _id(turn) for before in past)


def callbacks_go_to_the_ordered_url(turn: Interaction) -> Iterator[CheckResult]:
    """A callback goes to the URL that its order named."""
    fact = turn.contract.find(f"{turn.contract.name}.callback")
    story = _story(turn)
    ordered = (story.created.document or {}).get("callback_url") if story is not None else None
    url = turn.exchange.request.url
    if fact is not None and story is not None and "://" in url:
        yield compare(fact, "a callback goes elsewhere than its order says", ordered, url)


def _story(turn: Interaction) -> TaskHistory | None:
    return turn.history.tasks.get(_id(turn)) if turn.operation is Operation.CALLBACK else None


def callback_bodies_match_queries(turn: Interaction) -> Iterator[CheckResult]:
    """A callback's body is what a query of the task answers."""
    fact, story = turn.contract.find(f"{turn.contract.name}.callback.body"), _story(turn)
    if fact is None or story is None:
        return
    known = {f.path.removeprefix("data.") for f in turn.contract.response_fields if f.operation is Operation.QUERY}
    odd = [key for key in _told(turn) if key not in known]
    ended = story.final_poll
    if odd:
        yield failed(fact, "a callback tells what no query tells", "none", ", ".join(odd))
    elif ended is not None:
        yield compare(fact, "a callback tells something else than a query", ended.data, _told(turn))
    else:
        yield passed(fact, ", ".join(_told(turn)))


CHECKS = (
    callbacks_are_sent_once_at_the_end,
    callbacks_go_to_the_ordered_url,
    callback_bodies_match_queries,
)
