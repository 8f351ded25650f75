"""Rate limits: requests a minute and unfinished tasks of an account, by its clock. Off by default; knows no HTTP."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.records import dataclass
from seedmock_contracts.upstreams import get_contract

from .errors import ApiError
from .matching.rules import InvalidRule

MINUTE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Requests in any 60 seconds, and unfinished tasks; None is no limit."""

    rate: int | None = None
    concurrency: int | None = None

    def __post_init__(self) -> None:
        for name in ("rate", "concurrency"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise InvalidRule(f"{name} is {value!r}; allowed: a whole number from 1, or nothing for no limit")


UNLIMITED = RateLimit()


class RateLimits:
    """Limits of all accounts. Each upstream counts its own requests and tasks."""

    def __init__(self, default: RateLimit = UNLIMITED) -> None:
        self._initial = self.default = default
        self.of_account: dict[str, RateLimit] = {}
        self.calls: dict[tuple[str, str], deque[float]] = {}
        self.is_active = default != UNLIMITED
        """Stored, not computed: every request looks at it."""

    def of(self, account: str) -> RateLimit:
        return self.of_account.get(account, self.default)

    def set(self, limit: RateLimit, account: str | None = None) -> None:
        """Set the default limit, or that of one account."""
        if account is None:
            self.default = limit
        else:
            self.of_account[account] = limit
        self._update()

    def clear(self, account: str | None = None) -> None:
        """Remove limits and counts of all accounts, or of one. The default is that of the settings again."""
        if account is None:
            self.default = self._initial
            self.of_account.clear()
            self.calls.clear()
        else:
            self.of_account.pop(account, None)
            self.recount(account)
        self._update()

    def recount(self, account: str) -> None:
        """Count the requests of an account from 0 again."""
        for key in [key for key in self.calls if key[1] == account]:
            del self.calls[key]

    def _update(self) -> None:
        self.is_active = bool(self.of_account) or self.default != UNLIMITED

    def rows(self) -> list[dict[str, object]]:
        """Return the default, whose account is None, and the limits of accounts."""
        limits: list[tuple[str | None, RateLimit]] = [(None, self.default), *self.of_account.items()]
        return [{"account": name, "rate": limit.rate, "concurrency": limit.concurrency} for name, limit in limits]

    def check(self, upstream: str, account: str, now: float, unfinished: Iterable[object]) -> None:
        """Count a request. `unfinished` are the tasks beside the one that it would create; empty if it creates none.

        Raises ApiError RATE_LIMIT for a request that is one too many, which does not count.
        """
        limit = self.of(account)
        if limit.rate is not None:
            wait = admit(self.calls.setdefault((upstream, account), deque()), now, limit.rate)
            if wait > 0:
                raise _too_many_requests(upstream, limit.rate, wait)
        if limit.concurrency is not None:
            count = sum(1 for _ in unfinished)
            if count >= limit.concurrency:
                message = f"{count} tasks have not ended; allowed at once: {limit.concurrency}"
                code = get_contract(upstream).fail_code_for("queue_full")
                raise ApiError(ErrorKind.RATE_LIMIT, message, code=code.code if code else "")


def admit(calls: deque[float], now: float, rate: int) -> float:
    """Add a request to the sliding window, or return the seconds until there is room for it."""
    while calls and calls[0] + MINUTE - now <= 0:
        calls.popleft()
    if len(calls) < rate:
        calls.append(now)
        return 0.0
    return min(MINUTE, calls[len(calls) - rate] + MINUTE - now)


def _too_many_requests(upstream: str, rate: int, wait: float) -> ApiError:
    headers = ((b"retry-after", b"%d" % max(1, math.ceil(wait))),) if get_contract(upstream).retry_after else ()
    return ApiError(ErrorKind.RATE_LIMIT, f"allowed: {rate} calls a minute", headers=headers)
