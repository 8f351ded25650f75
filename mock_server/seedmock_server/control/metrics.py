"""Metrics in the text form of Prometheus, computed when they are read: requests pay nothing for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from ..clock import stopwatch
from ..storage.timed_store import BUCKETS as STORE_BUCKETS
from ..tasks.models import Task
from .context import ControlContext
from .endpoints import ROOT, ControlEndpoint, ControlRequest
from .exchange_tally import BUCKETS, Counts

if TYPE_CHECKING:
    from prometheus_client.core import Metric

SEPARATOR = "\t"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def read(context: ControlContext, _: ControlRequest) -> Response:
    """Return all metrics: counts are of all workers, the rest is computed from the store that they share."""
    from prometheus_client import CollectorRegistry, generate_latest

    counts = await _counts_of_all(context)
    families = [*_exchanges(counts), *await _state(context), *_clips(context, counts), _store_latency(context, counts)]

    class Families:
        def collect(self) -> Iterable[Metric]:
            return families

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Families())
    return Response(generate_latest(registry), media_type=None, headers={"content-type": CONTENT_TYPE})


async def _counts_of_all(context: ControlContext) -> Counts:
    if context.siblings is None:
        await context.tally.catch_up(context.journal)
        return process_counts(context)
    of_others = await context.siblings.settle()
    counts = process_counts(context)
    for name, number in of_others.items():
        counts[tuple(name.split(SEPARATOR))] += number
    return counts


def process_counts(context: ControlContext) -> Counts:
    """Return what this process has counted since its start, by metric and labels."""
    counts = Counter(context.tally.counts)
    for labels, number in context.timings.counts().items():
        counts["store", *labels] = number
    if context.renderer is not None:
        renders = context.renderer.statistics
        counts["rendered",], counts["cache_hits",] = renders.rendered, renders.cache_hits
        counts["render_seconds",] = renders.seconds  # type: ignore[assignment]
    return counts


def flat_counts(counts: Counts) -> Counter[str]:
    """Return counts by strings, for a message to other workers."""
    return Counter({SEPARATOR.join(key): number for key, number in counts.items()})


def _rows(counts: Counts, name: str) -> Counts:
    return Counter({key[1:]: number for key, number in counts.items() if key[0] == name})


def _exchanges(counts: Counts) -> Iterator[Metric]:
    from prometheus_client.core import HistogramMetricFamily

    operations, requests = ("upstream", "operation", "outcome"), _rows(counts, "requests")
    yield _counter("requests", "Exchanges with the upstreams.", operations, requests)
    callbacks = {(name, kind): n for (name, operation, kind), n in requests.items() if operation == "callback"}
    yield _counter("callbacks", "Callbacks that were posted.", ("upstream", "outcome"), callbacks)
    refusals = _rows(counts, "refusals")
    yield _counter("refusals", "Refused requests, by the kind of error.", ("upstream", "kind"), refusals)
    faults = _rows(counts, "faults")
    yield _counter("faults_applied", "Faults that requests met.", ("upstream", "fault"), faults)
    labels = ("upstream", "fact", "severity")
    violations = _rows(counts, "violations")
    yield _counter("contract_violations", "Contract violations by requests.", labels, violations)
    missed = {(): counts["missed",]}
    yield _counter("exchanges_missed", "Exchanges that left the journal uncounted.", (), missed)
    durations = {bound: number for (bound,), number in _rows(counts, "durations").items()}
    yield HistogramMetricFamily(
        "seedmock_request_duration_seconds",
        "Real time from the start of a request to the end of its response.",
        buckets=_cumulative(durations, BUCKETS),
        sum_value=durations.get("sum", 0.0),
    )


def _store_latency(context: ControlContext, counts: Counts) -> Metric:
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(
        "seedmock_store_operation_seconds",
        "Real time of operations of a store that outlives the process, by the method of the store.",
        labels=("store", "operation"),
    )
    rows: dict[str, dict[str, float]] = {}
    for (operation, bound), number in _rows(counts, "store").items():
        rows.setdefault(operation, {})[bound] = number
    for operation, durations in sorted(rows.items()):
        if buckets := {bound: number for bound, number in durations.items() if bound != "sum"}:
            labels = (context.store.name, operation)
            family.add_metric(labels, _cumulative(buckets, STORE_BUCKETS), durations.get("sum", 0.0))
    return family


def _cumulative(durations: Mapping[str, float], bounds: Iterable[float]) -> list[tuple[str, float]]:
    rows, total = [], 0.0
    for bound in (*map(str, bounds), "+Inf"):
        total += durations.get(bound, 0)
        rows.append((bound, total))
    return rows


async def _state(context: ControlContext) -> list[Metric]:
    """Metrics of the records, which all workers share."""
    started_at = stopwatch()
    accounts = await context.store.accounts()
    read_seconds = stopwatch() - started_at
    tasks: Counter[tuple[str, ...]] = Counter()
    money: Counter[tuple[str, ...]] = Counter()
    for account in accounts:
        rows = await context.store.tasks(account)
        tasks.update(_status_of(context, task) for task in rows)
        for line in (await context.engine.ledger.statement(account)).lines:
            for state in ("charged", "on_hold", "refunded"):
                money[line.upstream, state] += float(getattr(line, state))  # type: ignore[assignment]
    total, entries = await context.journal.total(), len(await context.journal.read())
    return [
        _gauge("tasks", "Tasks by their status now.", ("upstream", "status"), tasks),
        _gauge("accounts", "Accounts that have done something.", (), {(): len(accounts)}),
        _gauge("spend_usd", "Money by what became of it, in USD.", ("upstream", "state"), money),
        _gauge("journal_entries", "Exchanges in the journal.", (), {(): entries}),
        _gauge("journal_exchanges", "Exchanges since the journal was cleared.", (), {(): total}),
        _gauge("store_read_seconds", "Time of one read of the store, measured now.", (), {(): read_seconds}),
        _gauge("workers", "Processes that answer at this address.", (), {(): context.workers}),
    ]


def _status_of(context: ControlContext, task: Task) -> tuple[str, str]:
    return task.upstream, str(context.engine.state(task).status)


def _clips(context: ControlContext, counts: Counts) -> Iterator[Metric]:
    yield _counter("clips_rendered", "Clips that were rendered.", (), {(): counts["rendered",]})
    yield _counter("clip_render_seconds", "Time that rendering took.", (), {(): counts["render_seconds",]})
    yield _counter("clip_cache_hits", "Clips that the cache had.", (), {(): counts["cache_hits",]})
    if context.renderer is not None:
        cached = context.renderer.cached_bytes()
        yield _gauge("clip_cache_bytes", "Size of all clips in the cache.", (), {(): cached})


def _counter(name: str, text: str, labels: Iterable[str], values: Any) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(f"seedmock_{name}", text, labels=tuple(labels))
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


def _gauge(name: str, text: str, labels: Iterable[str], values: Any) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(f"seedmock_{name}", text, labels=tuple(labels))
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path=f"{ROOT}/metrics",
        handler=read,
        summary="Show metrics in Prometheus' text form: tasks, requests, refusals, faults, violations, money, clips.",
        response=str,
        media_type="text/plain",
    ),
)
