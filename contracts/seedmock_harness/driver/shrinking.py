"""Makes a conversation that ends in trouble as short and as plain as it can be, and still end in the same trouble.

Works on moves and one question, whether these moves still fail; so it serves whatever can be asked that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation
from seedmock_contracts.facts import Document

from .actions import SYMBOL, Action

TRIES = 400
Fails = Callable[[Sequence[Action]], bool]


def shrink(contract: Contract, actions: Sequence[Action], fails: Fails, tries: int = TRIES) -> list[Action]:
    """The least of the moves that still fail, each as plain as it can be; `fails` is asked at most so many times."""
    left = [tries]

    def still(tried: Sequence[Action]) -> bool:
        left[0] -= 1
        return left[0] >= 0 and fails(tried)

    kept, before = list(actions), None
    while kept != before and left[0] > 0:
        before = kept
        kept = _plainer(contract, _together(_fewer(kept, still), still), still)
    return kept


def _fewer(actions: list[Action], still: Fails) -> list[Action]:
    """Without whatever can be left out: first by halves, then by less, down to single moves, from the end on."""
    size = max(1, len(actions) // 2)
    while True:
        at = len(actions) - 1 - size  # the last move is the one that fails
        while at > -size:
            fewer = actions[: max(at, 0)] + actions[at + size :]
            if still(fewer):
                actions = fewer
            at -= size
        if size == 1:
            return actions
        size //= 2


def _together(actions: list[Action], still: Fails) -> list[Action]:
    """With time that passes several times passing once, at the last of them."""
    passing = [action.seconds for action in actions if action.seconds]
    if len(passing) < 2:
        return actions
    last = max(at for at, action in enumerate(actions) if action.seconds)
    merged = [
        replace(action, seconds=sum(passing)) if at == last else action
        for at, action in enumerate(actions)
        if at == last or not action.seconds
    ]
    return merged if still(merged) else actions


def _plainer(contract: Contract, actions: list[Action], still: Fails) -> list[Action]:
    for at in range(len(actions)):
        for plain in _plain(contract, actions[at]):
            if plain == actions[at]:
                break  # what follows is no plainer
            if still(tried := [*actions[:at], plain, *actions[at + 1 :]]):
                actions = tried
                break
    return actions


def _plain(contract: Contract, action: Action) -> Iterator[Action]:
    """Plainer ways of saying a move, the plainest first."""
    if action.document is not None:
        for document in _documents(contract, action, action.document):
            yield replace(action, document=document, headers={}, base=0)
    if action.body and action.operation:
        for example in contract.request.examples.get(Operation(action.operation), ()):
            yield Action(action.operation, example, caller=action.caller, makes=action.makes)
    if action.headers or action.base:
        yield replace(action, headers={}, base=0)


def _documents(contract: Contract, action: Action, document: Document) -> Iterator[Document]:
    """The upstream's own example with the symbols of this document, then this document less one field."""
    for example in contract.request.examples.get(Operation(action.operation), ()):
        symbols = {name: value for name, value in document.items() if SYMBOL.search(str(value))}
        yield {**example, **symbols}
    for name in document:
        yield {other: value for other, value in document.items() if other != name}
