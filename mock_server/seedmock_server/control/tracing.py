"""OpenTelemetry spans of exchanges and of the lives of tasks, below the caller's trace. Needs `seedmock[otel]`."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import msgspec
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from seedmock_contracts.enums import ORDERS, Operation
from seedmock_contracts.lifecycle import TERMINAL
from seedmock_contracts.upstreams import get_contract

from ..clock import Clock
from ..journal import ExchangeKind, JournalEntry
from .journal import task_status

NANOSECONDS: Final = 1e9
# A task that nobody polls to its end would keep its span open for ever; the oldest is ended in its place.
MAX_OPEN_TASKS: Final = 10_000


class ExchangeTracer:
    """Observer of the journal. Spans are of real time; the emulator's own time is an attribute.

    A task's span begins with its order, and ends with the first poll that says so: an emulated task has no process that
    ends by itself.
    """

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("seedmock", tracer_provider=provider)
        self._propagator, self._clock = TraceContextTextMapPropagator(), Clock()
        self._open: OrderedDict[str, trace.Span] = OrderedDict()

    def __call__(self, entry: JournalEntry) -> None:
        end = int(self._clock.now() * NANOSECONDS)
        start = end - int(entry.seconds * NANOSECONDS)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in entry.request_headers}
        parent = self._propagator.extract(headers)
        is_callback = entry.operation == Operation.CALLBACK
        span = self._tracer.start_span(
            f"{entry.upstream} {entry.operation or entry.method}",
            context=parent,
            kind=SpanKind.CLIENT if is_callback else SpanKind.SERVER,
            start_time=start,
            attributes=_attributes(entry),
        )
        if entry.kind in (ExchangeKind.FAILED, ExchangeKind.LOST):
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=end)
        self._follow_task(entry, span, parent, start, end)

    def _follow_task(self, entry: JournalEntry, span: trace.Span, parent: Context, start: int, end: int) -> None:
        if entry.kind is not ExchangeKind.OK:
            return
        if entry.operation in ORDERS and (task_id := _task_id(entry)):
            context = trace.set_span_in_context(span, parent)
            name = f"{entry.upstream} task"
            attributes = {"seedmock.task.id": task_id, "seedmock.upstream": entry.upstream}
            self._open[task_id] = self._tracer.start_span(name, context, start_time=start, attributes=attributes)
            while len(self._open) > MAX_OPEN_TASKS:
                self._open.popitem(last=False)[1].end(end_time=end)
            return
        status = task_status(entry)
        if status in TERMINAL and (task := self._open.pop(_task_id(entry), None)) is not None:
            task.set_attribute("seedmock.task.status", str(status))
            task.end(end_time=end)


def _attributes(entry: JournalEntry) -> dict[str, Any]:
    violations = [violation.fact for violation in entry.violations if not violation.advice]
    return {
        "http.request.method": entry.method,
        "url.path": entry.path,
        "http.response.status_code": entry.status,
        "seedmock.upstream": entry.upstream,
        "seedmock.operation": entry.operation,
        "seedmock.account": entry.account,
        "seedmock.outcome": entry.kind.value,
        "seedmock.emulated_time": entry.at,
        **({"seedmock.faults": list(entry.faults)} if entry.faults else {}),
        **({"seedmock.violations": violations} if violations else {}),
    }


def _task_id(entry: JournalEntry) -> str:
    """Return the id of the task in a response; empty if there is none."""
    response = get_contract(entry.upstream).response
    try:
        payload = response.payload(msgspec.json.decode(entry.response_body))
    except msgspec.DecodeError:
        return ""
    return str(response.item_id(payload) or "") if isinstance(payload, dict) else ""


def exporting_provider() -> trace.TracerProvider:
    """Return a provider that sends spans where OTEL_EXPORTER_OTLP_ENDPOINT says; by default to this machine."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "seedmock"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
