"""The first two questions: whether anybody is there, speaks the upstream's language, and knows the key.

They cost nothing: one asks for a task that there is not, the other orders nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from seedmock_contracts.enums import ErrorKind, Operation

from ..conversation.history import Interaction
from ..driver.client import Driver, Step
from ..probes.boundary_probes import UNKNOWN_ID
from ..probes.task_flows import query_task
from ..results.checks import CheckResult

ELSEWHERE = frozenset({404, 405, 501})
KEYS = frozenset({ErrorKind.AUTHENTICATION, ErrorKind.FORBIDDEN})


def _knock(speaker: Driver) -> Iterable[CheckResult]:
    query_task(speaker, UNKNOWN_ID)
    speaker.call(Operation.CREATE, {})
    return ()


STEP = Step("doorstep", "whether anybody is there, speaks the language, and knows the key", _knock)


def trouble(turns: Sequence[Interaction]) -> str:
    """Why nothing can be looked at, in one sentence; empty if much can."""
    if not turns:
        return ""
    created = turns[-1]
    if all(not isinstance(turn.body, dict) for turn in turns):
        return (
            f"{_form(created)} everywhere: this is not {created.contract.display_name}, or something stands before it"
        )
    if _kinds(created) & {ErrorKind.BALANCE}:
        return "the balance of the key is exhausted: nothing is answered"
    if _locked(created):
        told = "refused" if _locked(turns[0]) else "not allowed to order"
        return f"the key was {told} ({created.status_code}): give another by --api-key"
    if all(_strange(turn) for turn in turns):
        codes = " and ".join(str(turn.status_code) for turn in turns)
        return f"this is another API: {codes}, in a form that {created.contract.display_name} does not have"
    return ""


def _form(turn: Interaction) -> str:
    body = turn.exchange.response.body.lstrip().lower()
    if body.startswith(("<!doctype html", "<html")) or "text/html" in turn.headers.get("content-type", ""):
        return "HTML"
    return "no JSON" if body else "empty answers"


def _kinds(turn: Interaction) -> set[ErrorKind]:
    return {case.kind for case in turn.error_cases}


def _locked(turn: Interaction) -> bool:
    return turn.status_code in (401, 403) or bool(_kinds(turn) and _kinds(turn) <= KEYS)


def _strange(turn: Interaction) -> bool:
    """Whether an answer could be anybody's: no case of the contract's, and no word or id of its own."""
    holder: Any = turn.body if isinstance(turn.body, dict) else {}
    known = {turn.contract.response.envelope_key, "code"} if turn.contract.response.envelope_key else {"error", "code"}
    if known & set(holder) or turn.raw_status is not None or turn.created_id is not None:
        return False
    return turn.status_code in ELSEWHERE or turn.status_code < 400
