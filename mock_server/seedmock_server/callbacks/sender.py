"""Posts one callback: renders the task, applies faults, and turns every failure into a result. Knows no schedule."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec.structs import replace

from seedmock_contracts.enums import Basis

from ..clock import Clocks
from ..faults.callback_faults import CallbackFaults, FaultedPost
from ..http.outbound import PostResponse, post
from ..http.url_policy import FetchError, FetchFailure, FetchNotAllowed, FetchPolicy, FetchTimeout
from ..tasks.models import Task
from ..upstreams.protocol import Headers, JsonResponse, raw_response
from .delivery import Delivery, DeliveryResult

# A URL that is malformed, or that leads to a private address, will not be another one in an hour.
PERMANENT_FAILURES = (FetchFailure.BROKEN, FetchFailure.PRIVATE)
SWITCHED_OFF = "not sent: callbacks are off; --callbacks loopback or public sends them"
NOT_LOOPBACK = "not sent: callbacks are limited to this machine; --callbacks public allows other hosts"
log = logging.getLogger("seedmock")


class Poster(Protocol):
    """Way of posting a body to a URL: `outbound.post`, or a test's replacement."""

    async def __call__(
        self, url: str, content: bytes, headers: Headers, /, *, policy: FetchPolicy, seconds: float
    ) -> PostResponse: ...


class CallbackSender:
    """Sends callbacks of all upstreams."""

    def __init__(
        self,
        clocks: Clocks,
        render: Callable[[Task], Awaitable[JsonResponse | None]],
        *,
        policy: FetchPolicy = FetchPolicy.LOOPBACK,
        faults: CallbackFaults | None = None,
        post: Poster = post,
    ) -> None:
        """`render` returns the body for a task that has ended, None for one that has been deleted."""
        self._clocks, self._render, self._policy, self._faults = clocks, render, policy, faults
        self.post = post

    async def send(self, delivery: Delivery, seconds: float) -> DeliveryResult | float | None:
        """Make one attempt within `seconds`; None if the task was deleted, a number if a fault delays the post."""
        body, clock = b"", self._clocks.for_account(delivery.task.account)
        started_at = clock.now()
        sent_at = started_at if clock.rate else None
        try:
            faulted = await self._faulted(delivery.task)
            if faulted is None:
                return None
            if faulted.delay and not delivery.paused:
                return faulted.delay
            body = faulted.body
            if faulted.reset:
                return DeliveryResult(body, note="connection reset by a fault", sent_at=sent_at, faults=faulted.applied)
            if not faulted.times:
                return DeliveryResult(body, note="response lost by a fault", is_permanent=True, faults=faulted.applied)
            response = await self._posted(delivery.task.callback_url, faulted, seconds)
        except FetchNotAllowed:
            note = SWITCHED_OFF if self._policy is FetchPolicy.NONE else NOT_LOOPBACK
            return DeliveryResult(body, note=note, is_permanent=True)
        except FetchError as error:
            timed_out = isinstance(error, FetchTimeout) and not clock.rate
            took = seconds if timed_out else clock.now() - started_at
            return DeliveryResult(
                body, note=str(error), took=took, sent_at=sent_at, is_permanent=error.reason in PERMANENT_FAILURES
            )
        except Exception:
            log.exception("seedmock failed to post a callback; this is a bug in seedmock")
            return DeliveryResult(body, note="internal error in seedmock; see the server log", is_permanent=True)
        took = clock.now() - started_at if clock.rate else 0.0
        return DeliveryResult(
            body, response.status, response.beginning, took=took, sent_at=sent_at, faults=faulted.applied
        )

    async def _posted(self, url: str, faulted: FaultedPost, seconds: float) -> PostResponse:
        """Post as often as the faults say, and return the last response."""
        response = PostResponse(0, b"")
        for _ in range(faulted.times):
            response = await self.post(url, faulted.body, faulted.headers, policy=self._policy, seconds=seconds)
        return response

    async def _faulted(self, task: Task) -> FaultedPost | None:
        response = await self._render(task)
        if response is None:
            return None
        response = replace(response, basis=Basis.ASSUMED)  # that a callback repeats the query's body is assumed
        if self._faults is not None:
            return await self._faults.apply(task, response)
        raw = raw_response(response)
        return FaultedPost(raw.body, raw.headers)
