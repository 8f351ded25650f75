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


def shrink(contract: Contract, moves: Sequence[Action], fails: Fails, tries: int = TRIES) -> list[Action]:
    """The least of the moves that still fail, each as plain as it can be; `fails` is asked at most so many times."""
    left = [tries]

    def still(tried: Sequence[Action]) -> bool:
        left[0] -= 1
        return left[0] >= 0 and fails(tried)

    kept, before = list(moves), None
    while kept != before and left[0] > 0:
        before = kept
        kept = _plainer(contract, _together(_fewer(kept, still), still), still)
    return kept


def _fewer(moves: list[Action], still: Fails) -> list[Action]:
    """Without whatever can be left out: first by halves, then by less, down to single moves, from the end on."""
    size = max(1, len(moves) // 2)
    while True:
        at = len(moves) - 1 - size  # the last move is the one that fails
        while at > -size:
            fewer = moves[: max(at, 0)] + moves[at + size :]
            if still(fewer):
                moves = fewer
            at -= size
        if size == 1:
            return moves
        size //= 2


def _together(moves: list[Action], still: Fails) -> list[Action]:
    """With time that passes several times passing once, at the last of them."""
    passing = [move.seconds for move in moves if move.seconds]
    if len(passing) < 2:
        return moves
    last = max(at for at, move in enumerate(moves) if move.seconds)
    merged = [
        replace(move, seconds=sum(passing)) if at == last else move
        for at, move in enumerate(moves)
        if at == last or not move.seconds
    ]
    return merged if still(merged) else moves


def _plainer(contract: Contract, moves: list[Action], still: Fails) -> list[Action]:
    for at in range(len(moves)):
        for plain in _plain(contract, moves[at]):
            if plain == moves[at]:
                break  # what follows is no plainer
            if still(tried := [*moves[:at], plain, *moves[at + 1 :]]):
                moves = tried
                break
    return moves


def _plain(contract: Contract, move: Action) -> Iterator[Action]:
    """Plainer ways of saying a move, the plainest first."""
    if move.document is not None:
        for document in _documents(contract, move, move.document):
            yield replace(move, document=document, headers={}, base=0)
    if move.body and move.operation:
        for example in contract.request.examples.get(Operation(move.operation), ()):
            yield Action(move.operation, example, caller=move.caller, makes=move.makes)
    if move.headers or move.base:
        yield replace(move, headers={}, base=0)


def _documents(contract: Contract, move: Action, document: Document) -> Iterator[Document]:
    """The upstream's own example with the symbols of this document, then this document less one field."""
    for example in contract.request.examples.get(Operation(move.operation), ()):
        symbols = {name: value for name, value in document.items() if SYMBOL.search(str(value))}
        yield {**example, **symbols}
    for name in document:
        yield {other: value for other, value in document.items() if other != name}
