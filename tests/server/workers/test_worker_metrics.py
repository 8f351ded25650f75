"""Metrics of several workers: whichever is asked has the counts of all, also of one that has died."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from seedmock_server.clock import pause, stopwatch

from ..callbacks.receiver import Receiver
from ..conftest import BOAT_OPEAI
from .conftest import HEADERS, STORES, Serve, WorkerServer

pytestmark = pytest.mark.slow

Samples = dict[str, float]


def scrape(server: WorkerServer) -> Samples:
    """Return all samples, by their names and labels as they stand in the text, from any worker."""
    text = httpx.get(server.url + "/_mock/metrics", timeout=30).text
    rows = (row for family in text_string_to_metric_families(text) for row in family.samples)
    return {f"{row.name} {' '.join(v for _, v in sorted(row.labels.items()))}".strip(): row.value for row in rows}


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = stopwatch() + 20
    while not condition():
        assert stopwatch() < deadline
        pause(0.1)


@pytest.mark.parametrize("store", STORES)
def test_any_worker_has_the_counts_of_all(store: str, serve_by: Serve, tmp_path: Path) -> None:
    receiver = Receiver()
    with contextlib.closing(receiver), serve_by(3, "--pace", "instant", store=STORES[store](tmp_path)) as server:
        pids = server.pids(3)
        orders = [server.order() for _ in range(12)]
        for order in orders:
            server.call("GET", f"/v1/videos/{order}")
        server.call("POST", "/v1/videos", BOAT_OPEAI | {"seconds": "99"}, status=400)
        server.order_with_callback(receiver.url)
        wait_for(lambda: bool(receiver.posts))
        wait_for(lambda: scrape(server).get("seedmock_callbacks_total ok apimodels") == 1)
        scrapes = [scrape(server) for _ in range(12)]
        counted = ("_requests_", "_refusals_", "_callbacks_", "_duration", "_violations_", "_clips_", "_tasks")
        same = [{name: row[name] for name in row if any(part in name for part in counted)} for row in scrapes]
        assert all(row == same[0] for row in same)
        first = scrapes[0]
        assert first["seedmock_requests_total create ok opeai"] == 12, first
        assert first["seedmock_requests_total query ok opeai"] == 12
        assert first["seedmock_refusals_total invalid_parameter opeai"] == 1
        assert first["seedmock_callbacks_total ok apimodels"] == 1
        assert first["seedmock_request_duration_seconds_count"] == 12 + 12 + 1 + 1 + 1
        assert first["seedmock_exchanges_missed_total"] == 0
        assert first["seedmock_workers"] == 3
        # One more for each order whose number another worker had drawn.
        assert 13 <= first[f"seedmock_store_operation_seconds_count accept {store}"] <= 26
        assert first[f"seedmock_store_operation_seconds_sum accept {store}"] > 0

        pause(1.5)  # each worker reports what it has counted once a second
        killed = min(pids)
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: "another one starts" in server.errors.read_text())
        assert len(server.pids(3)) == 3
        after = scrape(server)
        assert {name: after[name] for name in same[0]} == same[0]


def test_more_exchanges_than_the_journal_holds_are_all_counted(serve_by: Serve) -> None:
    with serve_by(2) as server:
        with httpx.Client(base_url=server.url, headers=HEADERS) as first, httpx.Client(base_url=server.url) as second:
            for _ in range(700):
                first.get("/v1/models")
                second.get("/v1/models", headers=HEADERS)
        for _ in range(6):
            samples = scrape(server)
            assert samples["seedmock_requests_total models ok opeai"] == 1400
            assert samples["seedmock_exchanges_missed_total"] == 0
            assert samples["seedmock_journal_entries"] == 1000
