"""Shrink a sequence of actions that fails, until each action is needed and as simple as possible.

Knows only the actions and a function that says if a sequence still fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import Document

from .actions import SYMBOL, Action

MAX_TRIES = 400
Fails = Callable[[Sequence[Action]], bool]


def shrink(contract: Contract, actions: Sequence[Action], fails: Fails, tries: int = MAX_TRIES) -> list[Action]:
    """Shrink actions to the smallest sequence that still fails. Calls `fails` at most `tries` times."""
    left = [tries]

    def still_fails(candidate: Sequence[Action]) -> bool:
        left[0] -= 1
        return left[0] >= 0 and fails(candidate)

    smallest, before = list(actions), None
    while smallest != before and left[0] > 0:
        before = smallest
        fewer = _merge_waits(_remove_actions(smallest, still_fails), still_fails)
        smallest = _simplify_actions(contract, fewer, still_fails)
    return smallest


def _remove_actions(actions: list[Action], still_fails: Fails) -> list[Action]:
    """Remove unneeded actions, first in halves, then in smaller parts down to single ones, from the end on."""
    size = max(1, len(actions) // 2)
    while True:
        at = len(actions) - 1 - size  # the last action is the one that fails
        while at > -size:
            fewer = actions[: max(at, 0)] + actions[at + size :]
            if still_fails(fewer):
                actions = fewer
            at -= size
        if size == 1:
            return actions
        size //= 2


def _merge_waits(actions: list[Action], still_fails: Fails) -> list[Action]:
    """Merge all waits into the last of them."""
    waits = [action.seconds for action in actions if action.seconds]
    if len(waits) < 2:
        return actions
    last = max(at for at, action in enumerate(actions) if action.seconds)
    merged = [
        replace(action, seconds=sum(waits)) if at == last else action
        for at, action in enumerate(actions)
        if at == last or not action.seconds
    ]
    return merged if still_fails(merged) else actions


def _simplify_actions(contract: Contract, actions: list[Action], still_fails: Fails) -> list[Action]:
    for at in range(len(actions)):
        for simpler in _simpler_actions(contract, actions[at]):
            if simpler == actions[at]:
                break  # the ones that follow are not simpler
            if still_fails(candidate := [*actions[:at], simpler, *actions[at + 1 :]]):
                actions = candidate
                break
    return actions


def _simpler_actions(contract: Contract, action: Action) -> Iterator[Action]:
    """Simpler forms of an action, the simplest first."""
    if action.document is not None:
        for document in _simpler_documents(contract, action, action.document):
            yield replace(action, document=document, headers={}, base=0)
    if action.body and action.operation:
        for example in contract.request.examples.get(Operation(action.operation), ()):
            yield Action(action.operation, example, caller=action.caller, creates=action.creates)
    if action.headers or action.base:
        yield replace(action, headers={}, base=0)


def _simpler_documents(contract: Contract, action: Action, document: Document) -> Iterator[Document]:
    """The contract's examples with the symbols of this document, then this document without one of its fields."""
    for example in contract.request.examples.get(Operation(action.operation), ()):
        symbols = {name: value for name, value in document.items() if SYMBOL.search(str(value))}
        yield {**example, **symbols}
    for removed in document:
        yield {name: value for name, value in document.items() if name != removed}
