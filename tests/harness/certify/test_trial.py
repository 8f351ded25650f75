"""A trial's evidence holds the calls whole, however soon after a response the client ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from seedmock_harness.certify import testbed, traffic_recorder
from seedmock_harness.certify.adapters import ClientEnvironment, ClientOutcome, ClientRun, Deadline
from seedmock_harness.certify.sample_orders import Order
from seedmock_harness.certify.scenario import TrialScenario
from seedmock_harness.certify.traffic_recorder import CapturedCall
from seedmock_harness.certify.trial import run_trial
from seedmock_server.http.asgi import Message


class OneCall:
    """Adapter of a client that sends one order without a key, and ends with the response."""

    name, max_parallel = "one call", 1

    def run(self, order: Order, environment: ClientEnvironment, deadline: Deadline) -> ClientRun:
        response = httpx.post(f"{environment.base_url}/api/v1/video/generations")
        assert response.status_code == 401
        return ClientRun(ClientOutcome(False, "authentication"), deadline.now())


def test_response_that_the_client_has_before_it_is_noted_is_in_the_evidence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    collecting = threading.Event()

    def note_late(
        call: CapturedCall, message: Message, note: Callable[..., None] = traffic_recorder._add_response
    ) -> None:
        if message["type"] == "http.response.body":
            collecting.wait(5)
        note(call, message)

    def settle(bed: testbed.Testbed, settle: Callable[[testbed.Testbed], None] = testbed.Testbed.settle) -> None:
        collecting.set()
        settle(bed)

    monkeypatch.setattr(traffic_recorder, "_add_response", note_late)
    monkeypatch.setattr(testbed.Testbed, "settle", settle)
    with testbed.open_testbed("apimodels", seed=1) as bed:
        evidence = run_trial(bed, OneCall(), TrialScenario("one", "one call", ()), tmp_path, 0.05)
        assert [call.is_complete for call in evidence.calls] == [True]
