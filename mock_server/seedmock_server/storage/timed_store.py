"""Times how long the operations of a shared store take, for metrics. The store in memory takes none."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any, Final, cast

from ..clock import stopwatch
from .protocol import SharedStore

BUCKETS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of durations, in seconds: a record that is in memory takes microseconds, a commit a millisecond."""


class StoreTimings:
    """Histogram of durations for each operation, by the name of its method."""

    def __init__(self) -> None:
        self._histograms: dict[str, tuple[list[int], list[float]]] = {}

    def histogram(self, operation: str) -> tuple[list[int], list[float]]:
        """Return the counts by bucket, the last one for what is longer than all, and a list of the sum alone."""
        return self._histograms.setdefault(operation, ([0] * (len(BUCKETS) + 1), [0.0]))

    def counts(self) -> Counter[tuple[str, str]]:
        """Return what is not zero, by operation and upper bound; under `sum`, seconds."""
        counts: Counter[tuple[str, str]] = Counter()
        for operation, (buckets, (seconds,)) in list(self._histograms.items()):
            counts[operation, "sum"] = seconds  # type: ignore[assignment]
            for bound, number in zip((*map(str, BUCKETS), "+Inf"), buckets, strict=True):
                if number:
                    counts[operation, bound] = number
        return counts


def timed_store(store: SharedStore, timings: StoreTimings) -> SharedStore:
    """Return a store whose coroutines are timed; everything else is that of `store`."""
    return cast(SharedStore, _TimedStore(store, timings))


class _TimedStore:
    def __init__(self, store: SharedStore, timings: StoreTimings) -> None:
        self._store = store
        self._timed_check = _timed(_awaited, timings.histogram("is_changed"))
        for name in dir(SharedStore):
            if not name.startswith("_") and iscoroutinefunction(getattr(SharedStore, name)):
                setattr(self, name, _timed(getattr(store, name), timings.histogram(name)))

    def is_changed(self, epoch: int) -> bool | Awaitable[bool]:
        """Time the check where it asks a server; where it reads memory, there is nothing to time."""
        result = self._store.is_changed(epoch)
        return result if isinstance(result, bool) else self._timed_check(result)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def _awaited(result: Awaitable[bool]) -> bool:
    return await result


def _timed(
    operation: Callable[..., Awaitable[Any]], histogram: tuple[list[int], list[float]]
) -> Callable[..., Awaitable[Any]]:
    buckets, total = histogram

    async def timed(*arguments: Any, **options: Any) -> Any:
        started_at = stopwatch()
        try:
            return await operation(*arguments, **options)
        finally:
            seconds = stopwatch() - started_at
            total[0] += seconds
            buckets[bisect_left(BUCKETS, seconds)] += 1

    return timed
