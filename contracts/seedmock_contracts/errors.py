"""Exceptions that the contracts raise themselves, as one tree.

ContractError
├── InvalidExchange   a line that is not a recorded exchange
└── InvalidMovie      bytes that are not a whole MP4 file
"""

from __future__ import annotations


class ContractError(ValueError):
    """Base of the exceptions that reading recorded or downloaded data raises."""


class InvalidExchange(ContractError):
    """A line that is not a recorded exchange; the message names the value and the expected form."""


class InvalidMovie(ContractError):
    """Bytes that are not a whole MP4 file; the message names the box that is missing or damaged."""
