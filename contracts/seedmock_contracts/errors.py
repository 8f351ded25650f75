"""Exceptions that the contracts raise themselves, as one tree.

ContractError
├── InvalidExchange   a line that is not a recorded exchange
├── UnknownFact       an id of a fact that an upstream does not state
├── InvalidContract   a new upstream that lacks a part
└── InvalidMovie      bytes that are not a whole MP4 file
"""

from __future__ import annotations

from collections.abc import Sequence


class ContractError(ValueError):
    """Base of the exceptions that the contracts raise."""


class InvalidExchange(ContractError):
    """A line that is not a recorded exchange; the message names the value and the expected form."""


class UnknownFact(ContractError, LookupError):
    """An id of a fact that an upstream does not state. `name` is the id without the upstream's name."""

    def __init__(self, upstream: str, id_: str) -> None:
        super().__init__(f"{upstream} has no fact {id_}")
        self.name = id_.removeprefix(f"{upstream}.")


class InvalidContract(ContractError):
    """An upstream that lacks a part. `problems` has a sentence for each; the message has them all."""

    def __init__(self, upstream: str, problems: Sequence[str]) -> None:
        super().__init__("\n".join([f"the upstream {upstream!r} is incomplete:", *(f"- {text}" for text in problems)]))
        self.problems = tuple(problems)


class InvalidMovie(ContractError):
    """Bytes that are not a whole MP4 file; the message names the box that is missing or damaged."""
