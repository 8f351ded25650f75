"""How much an account may ask: calls a minute, and tasks that have not ended. A pure sliding window; off by default."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.upstreams import get_contract

from .errors import ApiError
from .matching.rules import InvalidRule

MINUTE = 60.0

TOO_MANY_TASKS = "QuotaExceeded"
"""The service behind B says so of too many tasks that wait; A has no code for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Calls in any 60 seconds, and tasks that have not ended; None is no limit."""

    rate: int | None = None
    concurrency: int | None = None

    def __post_init__(self) -> None:
        for name in ("rate", "concurrency"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise InvalidRule(f"{name} is {value!r}; allowed: a whole number from 1, or nothing for no limit")


NO_LIMIT = Limit()


class Limits:
    """The limit of every account, by upstream: two vendors do not count together."""

    def __init__(self, default: Limit = NO_LIMIT) -> None:
        self._initial = self.default = default
        self.of_account: dict[str, Limit] = {}
        self.calls: dict[tuple[str, str], deque[float]] = {}

    def __bool__(self) -> bool:
        return bool(self.of_account) or self.default != NO_LIMIT

    def of(self, account: str) -> Limit:
        """The limit of an account."""
        return self.of_account.get(account, self.default)

    def set(self, limit: Limit, account: str | None = None) -> None:
        """Give all accounts, or one, another limit from now on."""
        if account is None:
            self.default = limit
        else:
            self.of_account[account] = limit

    def clear(self, account: str | None = None) -> None:
        """Forget what was counted and set, of all accounts or of one; the settings' limit stays."""
        if account is None:
            self.default = self._initial
            self.of_account.clear()
            self.calls.clear()
            return
        self.of_account.pop(account, None)
        for key in [key for key in self.calls if key[1] == account]:
            del self.calls[key]

    def rows(self) -> list[dict[str, object]]:
        """The default, whose account is null, and every account's own limit."""
        limits: list[tuple[str | None, Limit]] = [(None, self.default), *self.of_account.items()]
        return [{"account": name, "rate": one.rate, "concurrency": one.concurrency} for name, one in limits]

    def check(self, upstream: str, account: str, now: float, running: Callable[[], int] | None) -> None:
        """Count a call, unless it is one too many. `running` counts tasks, for a call that would make another.

        Raises ApiError RATE_LIMIT.
        """
        limit = self.of(account)
        if limit.rate is not None:
            calls = self.calls.setdefault((upstream, account), deque())
            wait = admitted(calls, now, limit.rate)
            if wait > 0:
                raise _too_many(upstream, f"allowed: {limit.rate} calls a minute", wait)
        if limit.concurrency is not None and running is not None:
            found = running()
            if found >= limit.concurrency:
                said = f"{found} tasks have not ended; allowed at once: {limit.concurrency}"
                raise ApiError(ErrorKind.RATE_LIMIT, said, code=TOO_MANY_TASKS)


def admitted(calls: deque[float], now: float, rate: int) -> float:
    """Take a call into the window, or return how many seconds are left until there is room for it."""
    while calls and calls[0] + MINUTE - now <= 0:
        calls.popleft()
    if len(calls) < rate:
        calls.append(now)
        return 0.0
    return min(MINUTE, calls[len(calls) - rate] + MINUTE - now)


def _too_many(upstream: str, said: str, wait: float) -> ApiError:
    headers = ((b"retry-after", b"%d" % max(1, math.ceil(wait))),) if get_contract(upstream).retry_after else ()
    return ApiError(ErrorKind.RATE_LIMIT, said, headers=headers)
