"""Rate limits: requests a minute and unfinished tasks of an account, by its clock. Off by default; knows no HTTP."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

from msgspec import Struct

from seedmock_contracts.enums import ErrorKind
from seedmock_contracts.upstreams import get_contract

from .errors import ApiError
from .matching.rules import InvalidRule
from .storage import Store

Unfinished = Callable[[str, str], Awaitable[int]]
"""Count the tasks of an account at an upstream that have not ended."""


class RateLimit(Struct, frozen=True, kw_only=True):
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

    def __init__(self, store: Store, default: RateLimit = UNLIMITED) -> None:
        self._store = store
        self._initial = self.default = default
        self.of_account: dict[str, RateLimit] = {}
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
        """Remove the limits of all accounts, or of one. The default is that of the settings again."""
        if account is None:
            self.default = self._initial
            self.of_account.clear()
        else:
            self.of_account.pop(account, None)
        self._update()

    def _update(self) -> None:
        self.is_active = bool(self.of_account) or self.default != UNLIMITED

    def rows(self) -> list[dict[str, object]]:
        """Return the default, whose account is None, and the limits of accounts."""
        limits: list[tuple[str | None, RateLimit]] = [(None, self.default), *self.of_account.items()]
        return [{"account": name, "rate": limit.rate, "concurrency": limit.concurrency} for name, limit in limits]

    async def check(self, upstream: str, account: str, now: float, *, is_order: bool, unfinished: Unfinished) -> None:
        """Count a request. `unfinished` counts the tasks beside the one that an order would create.

        Raises ApiError RATE_LIMIT for a request that is one too many, which does not count.
        """
        limit = self.of(account)
        if limit.rate is not None:
            wait = await self._store.admit(upstream, account, now, limit.rate)
            if wait > 0:
                raise _too_many_requests(upstream, limit.rate, wait)
        if limit.concurrency is not None and is_order:
            count = await unfinished(account, upstream)
            if count >= limit.concurrency:
                raise too_many_tasks(upstream, count, limit.concurrency)


def too_many_tasks(upstream: str, count: int, allowed: int) -> ApiError:
    """Return the error for an order beside `count` tasks that have not ended."""
    code = get_contract(upstream).fail_code_for("queue_full")
    message = f"{count} tasks have not ended; allowed at once: {allowed}"
    return ApiError(ErrorKind.RATE_LIMIT, message, code=code.code if code else "")


def _too_many_requests(upstream: str, rate: int, wait: float) -> ApiError:
    headers = ((b"retry-after", b"%d" % max(1, math.ceil(wait))),) if get_contract(upstream).retry_after else ()
    return ApiError(ErrorKind.RATE_LIMIT, f"allowed: {rate} calls a minute", headers=headers)
