"""Metrics: the text form of Prometheus, counts that match what was done, also when the journal forgets it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from ..conftest import BOAT_OPEAI, Server, StartServer

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(server: Server) -> Samples:
    response = server.get("/_mock/metrics", key=None)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(response.text)
    return {(row.name, frozenset(row.labels.items())): row.value for family in families for row in family.samples}


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"seedmock_{name}", frozenset(labels.items())]


def test_what_was_done_is_counted(start_server: StartServer) -> None:
    server = start_server(pace="fast")
    task_id = server.order_opeai()
    server.query_opeai(task_id)
    server.post("/v1/videos", BOAT_OPEAI | {"seconds": "99"})
    server.get(f"/v1/videos/{task_id}", headers={"X-Mock-Fault": "status code=503"})
    samples = scrape(server)
    requests = {"create": "ok", "query": "ok"}
    for operation, outcome in requests.items():
        assert value(samples, "requests_total", upstream="opeai", operation=operation, outcome=outcome) == 1
    assert value(samples, "requests_total", upstream="opeai", operation="query", outcome="failed") == 1
    assert value(samples, "refusals_total", upstream="opeai", kind="invalid_parameter") == 1
    assert value(samples, "faults_applied_total", upstream="opeai", fault="status") == 1
    fact = "opeai.create.seconds.range"
    assert value(samples, "contract_violations_total", upstream="opeai", fact=fact, severity="violation") == 1
    assert value(samples, "tasks", upstream="opeai", status="QUEUED") == 1
    assert value(samples, "spend_usd", upstream="opeai", state="on_hold") > 0.2
    assert value(samples, "request_duration_seconds_count") == 4
    assert value(samples, "journal_entries") == 4
    server.clock.advance(3)
    samples = scrape(server)
    assert value(samples, "tasks", upstream="opeai", status="SUCCESS") == 1
    assert value(samples, "spend_usd", upstream="opeai", state="charged") > 0.2
    assert value(samples, "requests_total", upstream="opeai", operation="create", outcome="ok") == 1


def test_counts_go_on_when_the_journal_is_cleared_and_say_what_they_missed(start_server: StartServer) -> None:
    server = start_server(max_journal_entries=3)
    for _ in range(2):
        server.balance()
    labels = {"upstream": "apimodels", "operation": "balance", "outcome": "ok"}
    assert value(scrape(server), "requests_total", **labels) == 2
    server.post("/_mock/reset", {}, key=None)
    server.balance()
    samples = scrape(server)
    assert value(samples, "requests_total", **labels) == 3
    assert value(samples, "exchanges_missed_total") == 0
    for _ in range(5):
        server.balance()
    samples = scrape(server)
    assert (value(samples, "requests_total", **labels), value(samples, "exchanges_missed_total")) == (6, 2)


def test_errors_in_an_envelope_with_status_200_are_refusals(start_server: StartServer) -> None:
    server = start_server(variants={"apimodels.errors": "ok"})
    assert server.post("/api/v1/video/generations", {}).status_code == 200
    assert value(scrape(server), "refusals_total", upstream="apimodels", kind="missing_parameter") == 1


def test_rendered_and_cached_clips_are_counted_apart(start_server: StartServer, tmp_path: Any) -> None:
    server = start_server(cache_dir=tmp_path)
    task_id = server.order_opeai()
    for _ in range(2):
        assert server.get(f"/v1/videos/{task_id}/content").status_code == 200
    samples = {name: number for (name, _), number in scrape(server).items()}
    assert samples["seedmock_clips_rendered_total"] == 1
    assert samples["seedmock_clip_cache_hits_total"] >= 1
    assert samples["seedmock_clip_render_seconds_total"] > 0
    assert samples["seedmock_clip_cache_bytes"] > 1000


def test_names_and_units_keep_the_conventions(start_server: StartServer) -> None:
    server = start_server()
    server.order_opeai()
    families = list(text_string_to_metric_families(server.get("/_mock/metrics", key=None).text))
    assert len(families) > 15
    for family in families:
        assert family.name.startswith("seedmock_")
        assert family.documentation.endswith(".")
        assert family.type in ("counter", "gauge", "histogram")
        assert family.type != "counter" or all(row.name.endswith("_total") for row in family.samples)


def test_the_guide_names_the_metrics_and_labels_that_there_are(start_server: StartServer) -> None:
    text = (Path(__file__).parents[3] / "docs" / "guides" / "metrics.md").read_text(encoding="utf-8")
    server = start_server(pace="fast")
    task_id = server.order_opeai()
    server.post("/v1/videos", BOAT_OPEAI | {"seconds": "99"})
    server.get(f"/v1/videos/{task_id}", headers={"X-Mock-Fault": "status code=503"})
    labels: dict[str, set[str]] = {}
    families = text_string_to_metric_families(server.get("/_mock/metrics", key=None).text)
    names = set()
    for family in families:
        names |= {family.name, *(row.name for row in family.samples)}
        for row in family.samples:
            labels.setdefault(row.name, set()).update(row.labels)
    without_samples = {"seedmock_callbacks_total"}  # of callbacks that nobody has asked for
    table = re.findall(r"^\| (`seedmock_[^|]*`) \| ([^|]*) \|", text, re.MULTILINE)
    documented = {name: set(row[1].split(", ")) - {""} for row in table for name in re.findall(r"seedmock_\w+", row[0])}
    assert {name for name in documented if not name.endswith("_seconds")} - names <= without_samples
    for name in documented.keys() & labels.keys():
        assert labels[name] == documented[name], name
    queries = re.findall(r"\| `([^|]*seedmock_[^|]*)` \|$", text, re.MULTILINE)
    assert len(queries) >= 6
    for query in queries:
        for name, matchers in re.findall(r"(seedmock_\w+)(?:\{([^}]*)\})?", query):
            assert name in names, query
            assert set(re.findall(r"(\w+)=", matchers)) <= labels[name], query
        for grouped in re.findall(r"by \(([^)]*)\)", query):
            assert set(grouped.split(", ")) <= set().union(*labels.values()), query


def test_the_library_is_loaded_by_the_first_scrape_alone() -> None:
    code = "import sys, seedmock_server; seedmock_server.create_app(); print('prometheus_client' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
