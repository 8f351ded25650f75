"""How an upstream's service behaves in time: latency of tasks, posts to callback URLs; and the form of its ids."""

from __future__ import annotations

from dataclasses import dataclass

from .enums import Operation
from .facts import Amount, Behaviour, Evidence


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from creation to success: the median and the ninetieth percentile."""

    p50: float
    p90: float
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPlan:
    """Posts to a callback URL: `attempt` seconds each, retried after each of `backoff`, then every `interval`.

    `lasting` seconds after the task's end no more is tried.
    """

    attempt: Amount
    backoff: tuple[Amount, ...]
    interval: Amount
    lasting: Amount


@dataclass(frozen=True, slots=True)
class IdPattern(Behaviour):
    """Form of the ids that an operation creates, as a regular expression for the whole id.

    A group `time` holds the time of creation as fourteen digits, `utc_offset` hours ahead of UTC.
    """

    operations: tuple[Operation, ...]
    pattern: str
    utc_offset: int = 0


@dataclass(frozen=True, slots=True)
class KeyOrder(Behaviour):
    """Order of the keys in the body of an operation's success."""

    operation: Operation
    keys: tuple[str, ...]
