"""The free ladder: requests that must be refused before anything is made, and what they teach.

Knows no upstream: what is asked is read off the contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .contract import Contract
from .failures import Look
from .speaking import Speaker, Step
from .terms import Operation

NOBODY_S = "seedmock-no-such-id"
"""An id that no upstream ever gave to anything."""
STRANGERS = ("", "wrong")
"""The callers without a key, and with one that is none."""


def free(said: Contract) -> tuple[Step, ...]:
    """The steps that cost nothing, the safest first."""
    return (
        Step("free.auth", "a call without a key, or with a wrong one, is refused", _auth),
        Step("free.unknown", "what does not exist is not found", _unknown),
    )


def _auth(speaker: Speaker) -> Iterable[Look]:
    for operation, params in _questions(speaker.said):
        for caller in STRANGERS:
            if caller != "wrong" or caller in speaker.keys:
                speaker.ask(operation, params if speaker.said.holder else None, caller=caller, params=params)
    return ()


def _unknown(speaker: Speaker) -> Iterable[Look]:
    for operation, params in _questions(speaker.said):
        speaker.ask(operation, params if speaker.said.holder else None, params=params)
    return ()


def _questions(said: Contract) -> Iterator[tuple[Operation, dict[str, str]]]:
    """Each endpoint that is asked by a task's id."""
    for endpoint in said.endpoints:
        if endpoint.operation in (Operation.QUERY, Operation.CONTENT, Operation.RECORD):
            yield endpoint.operation, {"task_id": NOBODY_S}
