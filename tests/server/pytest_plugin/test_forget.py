"""Beginning anew within one test, for the examples of Hypothesis and for subtests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from seedmock_server.testing.upstreams import EmulatedUpstreams

Order = Callable[..., Any]


def test_what_a_test_has_done_is_forgotten(
    mock_upstreams: Any, mock_clock: Any, mock_journal: Any, mock_ledger: Any, order: Order, tmp_path: Any
) -> None:
    mock_ledger.grant("5", "opeai")
    for _ in range(2):
        with mock_upstreams.client("opeai") as client:
            client.generate(order(), tmp_path / "boat.mp4")
        mock_journal.assert_submitted_once()
        mock_journal.assert_downloaded()
        mock_ledger.assert_charged_once()
        now = mock_clock.now()
        mock_journal.forget()
        assert mock_journal.exchanges == mock_journal.tasks == []
        assert not mock_ledger.statement.lines
        assert mock_clock.now() == now


def test_draws_and_rules_count_anew(mock_upstreams: Any, mock_clock: Any, mock_journal: Any, mock_faults: Any) -> None:
    mock_faults.status(code=502, operation="query", nth=2)
    mock_faults.status(code=503, operation="query", probability=0.5)
    base = mock_upstreams.base_url("apimodels") + "/video/generations"
    document = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A paper boat", "duration": 4}

    def draw(http: httpx.Client) -> tuple[Any, list[int]]:
        http.post(base, json=document)
        (task,) = mock_journal.tasks
        polls = [http.get(base, params={"task_id": task.id}).status_code for _ in range(8)]
        return (task.id, task.seed), polls

    with httpx.Client(headers={"Authorization": f"Bearer {mock_upstreams.api_key}"}, trust_env=False) as http:
        first = draw(http)
        mock_journal.forget()
        assert draw(http) == first
    assert first[1][1] == 502
    assert {200, 503} <= set(first[1])


def test_another_test_is_not_forgotten(mock_upstreams: Any, mock_clock: Any, mock_journal: Any, order: Order) -> None:
    other = EmulatedUpstreams(mock_upstreams._emulator, "another test")
    try:
        with other.client("opeai") as client:
            client.create(order())
        mock_journal.forget()
        other.journal.assert_submitted_once()
    finally:
        other.reset()
