"""Structured logs and OpenTelemetry spans of exchanges, and of the lives of tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from seedmock_server.control import tracing
from seedmock_server.settings import InvalidSetting, parse_settings

from ..conftest import BOAT_OPEAI, KEY, StartServer

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Spans of emulators that are started in the test."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "exporting_provider", lambda: provider)
    yield exporter
    provider.shutdown()


def test_calls_are_spans_below_the_caller_s(start_server: StartServer, spans: InMemorySpanExporter) -> None:
    server = start_server(otel=True, pace="fast")
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    task_id = server.post("/v1/videos", BOAT_OPEAI, headers=headers).json()["id"]
    server.post("/v1/videos", {})
    server.get(f"/v1/videos/{task_id}", headers={"X-Mock-Fault": "status code=502"})
    names = [span.name for span in spans.get_finished_spans()]
    assert names == ["opeai create", "opeai create", "opeai query"]
    create, refused, failed = spans.get_finished_spans()
    assert create.parent is not None
    assert (f"{create.context.trace_id:032x}", f"{create.parent.span_id:016x}") == (TRACE, PARENT)
    assert refused.parent is None
    assert refused.attributes and failed.attributes
    assert "opeai.create.model.required" in refused.attributes["seedmock.violations"]  # type: ignore[operator]
    assert (failed.attributes["http.response.status_code"], failed.status.is_ok) == (502, False)
    assert KEY not in repr([span.to_json() for span in spans.get_finished_spans()])


def test_a_task_s_life_is_a_span_below_its_order(start_server: StartServer, spans: InMemorySpanExporter) -> None:
    server = start_server(otel=True, pace="fast")
    task_id = server.order_opeai()
    server.query_opeai(task_id)
    assert not [span for span in spans.get_finished_spans() if span.name == "opeai task"]
    server.clock.advance(60)
    server.query_opeai(task_id)
    create = spans.get_finished_spans()[0]
    (task,) = [span for span in spans.get_finished_spans() if span.name == "opeai task"]
    assert task.attributes
    assert task.attributes["seedmock.task.id"] == task_id
    assert task.attributes["seedmock.task.status"] == "SUCCESS"
    assert task.parent is not None
    assert task.parent.span_id == create.context.span_id
    assert task.start_time and task.end_time and task.end_time > task.start_time
    server.order_apimodels()
    assert [span.name for span in spans.get_finished_spans()][-1] == "apimodels create"


def test_each_exchange_is_a_line_of_json(start_server: StartServer, capsys: pytest.CaptureFixture[str]) -> None:
    server = start_server(log="json")
    server.order_opeai()
    server.post("/v1/videos", {})
    lines: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["level"], line["operation"], line["status"], line["outcome"]) for line in lines] == [
        ("info", "create", 200, "ok"), ("warning", "create", 400, "refused"),
    ]  # fmt: skip
    assert lines[0]["task_status"] == "QUEUED"
    assert "opeai.create.model.required" in lines[1]["violations"]
    assert KEY not in json.dumps(lines)


def test_without_them_the_journal_is_not_wrapped_and_nothing_is_written(
    start_server: StartServer, capsys: pytest.CaptureFixture[str]
) -> None:
    start_server().order_opeai()
    assert capsys.readouterr().err == ""


def test_an_unknown_form_of_log_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="log is 'xml'; allowed: one of none, json"):
        parse_settings({"log": "xml"})
