"""Metrics in the text form of Prometheus, computed when they are read: requests pay nothing for them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from ..clock import stopwatch
from ..tasks.models import Task
from .context import ControlContext
from .endpoints import ROOT, ControlEndpoint, ControlRequest
from .exchange_tally import BUCKETS, ExchangeTally

if TYPE_CHECKING:
    from prometheus_client.core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def read(context: ControlContext, _: ControlRequest) -> Response:
    """Return all metrics. Those of exchanges, tasks and money are of all workers; those with a pid of one."""
    from prometheus_client import CollectorRegistry, generate_latest

    families = [*_exchanges(await _tally(context)), *await _state(context), *_process(context)]

    class Families:
        def collect(self) -> Iterable[Metric]:
            return families

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Families())
    return Response(generate_latest(registry), media_type=None, headers={"content-type": CONTENT_TYPE})


async def _tally(context: ControlContext) -> ExchangeTally:
    await context.tally.catch_up(context.journal)
    return context.tally


def _exchanges(tally: ExchangeTally) -> Iterator[Metric]:
    from prometheus_client.core import HistogramMetricFamily

    operations = ("upstream", "operation", "outcome")
    yield _counter("requests", "Exchanges with the upstreams.", operations, tally.requests)
    callbacks = Counter({(name, kind): n for (name, row, kind), n in tally.requests.items() if row == "callback"})
    yield _counter("callbacks", "Callbacks that were posted.", ("upstream", "outcome"), callbacks)
    yield _counter("refusals", "Refused requests, by the kind of error.", ("upstream", "kind"), tally.refusals)
    yield _counter("faults_applied", "Faults that requests met.", ("upstream", "fault"), tally.faults)
    labels = ("upstream", "fact", "severity")
    yield _counter("contract_violations", "Contract violations by requests.", labels, tally.violations)
    yield _counter("exchanges_missed", "Exchanges that left the journal uncounted.", (), {(): tally.missed})
    yield HistogramMetricFamily(
        "seedmock_request_duration_seconds",
        "Real time from the start of a request to the end of its response.",
        buckets=_cumulative(tally),
        sum_value=tally.seconds,
    )


def _cumulative(tally: ExchangeTally) -> list[tuple[str, float]]:
    rows, total = [], 0
    for bound in (*BUCKETS, float("inf")):
        total += tally.buckets[bound]
        rows.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
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


def _process(context: ControlContext) -> Iterator[Metric]:
    """Metrics of this process alone: the label says which one it is."""
    if context.renderer is None:
        return
    pid, renders = (str(os.getpid()),), context.renderer.statistics
    yield _counter("clips_rendered", "Clips that were rendered.", ("pid",), {pid: renders.rendered})
    yield _counter("clip_render_seconds", "Time that rendering took.", ("pid",), {pid: renders.seconds})
    yield _counter("clip_cache_hits", "Clips that the cache had.", ("pid",), {pid: renders.cache_hits})
    yield _gauge("clip_cache_bytes", "Size of all clips in the cache.", (), {(): context.renderer.cached_bytes()})


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
