"""Fixtures, used as any project would use them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from seedmock_client import Client, GenerationRequest, InputModerationError, OutputModerationError, TaskStatus
from seedmock_contracts.upstreams import NAMES
from seedmock_server.control_client import RequestRejected
from seedmock_server.testing import mocked
from seedmock_server.testing.clock import START
from seedmock_server.testing.network_guard import LiveHostReached

Order = Callable[..., GenerationRequest]


@pytest.mark.parametrize("upstream", NAMES)
def test_a_client_generates_without_waiting(
    mock_upstreams: Any, mock_clock: Any, order: Order, tmp_path: Any, upstream: str
) -> None:
    with mock_upstreams.client(upstream) as client:
        clip = client.generate(order(), tmp_path / "boat.mp4")
    assert clip.path.stat().st_size > 1000
    assert START < mock_clock.now() < START + 30


def test_an_async_client_sleeps_on_the_same_clock(mock_upstreams: Any, mock_clock: Any, order: Order) -> None:
    async def generate() -> Any:
        async with mock_upstreams.async_client("opeai") as client:
            return await client.wait(await client.create(order()))

    assert asyncio.run(generate()).status is TaskStatus.SUCCESS
    assert mock_clock.now() > START


def test_base_urls_replace_the_real_ones(mock_upstreams: Any, boat: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {mock_upstreams.api_key}"}
    assert httpx.post(mock_upstreams.base_url("opeai") + "/videos", json=boat, headers=headers).status_code == 200
    balance = httpx.get(mock_upstreams.base_url("apimodels") + "/balance", headers=headers)
    assert balance.json()["code"] == 200
    assert mock_upstreams.base_url("apimodels") == mock_upstreams.url + "/api/v1"
    assert mock_upstreams.base_url("opeai") == mock_upstreams.url + "/v1"


def test_the_environment_configures_the_reference_client(
    mock_upstreams: Any, mock_journal: Any, mock_clock: Any, order: Order
) -> None:
    assert os.environ["SEEDMOCK_BASE_URL"] == mock_upstreams.url
    assert os.environ["SEEDMOCK_API_KEY"] == mock_upstreams.api_key
    with Client("opeai", sleep=mock_clock.sleep, now=mock_clock.now) as client:
        client.wait(client.create(order()))
    mock_journal.assert_submitted_once()


def test_the_handles_ignore_other_keys(mock_upstreams: Any, mock_journal: Any, mock_ledger: Any, order: Order) -> None:
    with mock_upstreams.client("opeai", api_key="sk_mock_other") as other_client:
        other_client.create(order())
    assert len(mock_journal) == len(mock_journal.tasks) == len(mock_ledger.statement.lines) == 0
    assert repr(mock_upstreams) == f"<EmulatedUpstreams at {mock_upstreams.url}>"
    with pytest.raises(ValueError, match="credit is 'lots'; allowed: an amount in USD"):
        mock_ledger.grant("lots")


def test_proxies_of_the_environment_are_bypassed(mock_upstreams: Any) -> None:
    assert "127.0.0.1" in os.environ["NO_PROXY"].split(",")
    assert "127.0.0.1" in os.environ["no_proxy"].split(",")


def test_without_mock_clock_time_goes_on(mock_upstreams: Any) -> None:
    before = mock_upstreams.clock.now()
    while mock_upstreams.clock.now() == before:
        pass
    assert abs(mock_upstreams.clock.now() - datetime.now(UTC).timestamp()) < 60  # noqa: TID251


# --- the clock ---


def test_the_clock_stands_still_until_it_is_moved(mock_clock: Any) -> None:
    assert mock_clock.now() == START == mock_clock.now()
    assert mock_clock.advance(90) == START + 90
    assert mock_clock.advance("15m") == START + 990
    mock_clock.sleep(10)
    asyncio.run(mock_clock.async_sleep(5))
    assert mock_clock.now() == START + 1005
    assert mock_clock.set(START + 2000) == START + 2000
    assert mock_clock.set(datetime.fromtimestamp(START + 3000, UTC)) == START + 3000
    assert repr(mock_clock) == f"<AccountClock {START + 3000:.3f} at rate 0>"


def test_the_clock_runs_at_a_rate_until_it_is_frozen(mock_clock: Any) -> None:
    mock_clock.set_rate(1_000_000)
    while mock_clock.now() < START + 3600:
        pass
    mock_clock.freeze()
    assert mock_clock.now() == mock_clock.now() >= START + 3600


@pytest.mark.parametrize("wrong", [-1, "soon"])
def test_the_clock_moves_forward_only(mock_clock: Any, wrong: Any) -> None:
    with pytest.raises(ValueError, match="allowed"):
        mock_clock.advance(wrong)
    with pytest.raises(ValueError, match="forward only"):
        mock_clock.set(START - 1)
    assert mock_clock.now() == START


def test_next_advances_to_the_next_event(mock_upstreams: Any, mock_clock: Any, mock_fates: Any, order: Order) -> None:
    mock_fates.succeed(queue="10s", render="20s")
    with mock_upstreams.client("opeai") as client:
        task = client.create(order())
        statuses = [client.query(task.task_id).status]
        for _ in range(2):
            mock_clock.next()
            statuses.append(client.query(task.task_id).status)
    assert statuses == [TaskStatus.QUEUED, TaskStatus.IN_PROGRESS, TaskStatus.SUCCESS]
    assert mock_clock.now() == pytest.approx(START + 30, abs=0.001)
    with pytest.raises(ValueError, match="nothing is due"):
        mock_clock.next()


# --- fates and faults ---


def test_a_fate_is_added_by_method_or_as_text(
    mock_upstreams: Any, mock_clock: Any, mock_fates: Any, order: Order
) -> None:
    mock_fates.moderated(after="120s", times=1)
    mock_fates.add("refused why=face", prompt="cat")
    with mock_upstreams.client("opeai") as client:
        with pytest.raises(OutputModerationError):
            client.wait(client.create(order()))
        assert mock_clock.now() >= START + 120
        with pytest.raises(InputModerationError):
            client.create(order("A cat"))
        assert client.wait(client.create(order())).status is TaskStatus.SUCCESS


def test_fates_can_be_removed(mock_upstreams: Any, mock_clock: Any, mock_fates: Any, order: Order) -> None:
    rule = mock_fates.refused()
    assert mock_fates.remove(rule.id).removed == 1
    with pytest.raises(RequestRejected, match=f"unknown fate rule '{rule.id}'; available: none"):
        mock_fates.remove(rule.id)
    mock_fates.set_default("refused")
    mock_fates.stuck()
    mock_fates.clear()
    with mock_upstreams.client("opeai") as client:
        assert client.wait(client.create(order())).status is TaskStatus.SUCCESS


def test_a_fault_is_added_by_method_or_as_text(mock_upstreams: Any, mock_faults: Any, mock_journal: Any) -> None:
    url = mock_upstreams.base_url("apimodels") + "/balance"
    headers = {"Authorization": f"Bearer {mock_upstreams.api_key}"}
    mock_faults.status(code=502, times=1)
    rule = mock_faults.add("status code=503", operation="balance")
    assert httpx.get(url, headers=headers).status_code == 502
    assert httpx.get(url, headers=headers).status_code == 503
    assert mock_faults.remove(rule.id).removed == 1
    assert httpx.get(url, headers=headers).status_code == 200
    mock_faults.status(code=500)
    mock_faults.clear()
    assert httpx.get(url, headers=headers).status_code == 200
    assert "(fault: status" in repr(mock_journal)


@pytest.mark.parametrize("rules", ["mock_fates", "mock_faults"])
def test_an_invalid_rule_is_rejected_with_the_allowed_values(request: pytest.FixtureRequest, rules: str) -> None:
    handle = request.getfixturevalue(rules)
    with pytest.raises(ValueError, match="allowed"):
        handle.add("explode")
    with pytest.raises(ValueError, match="unknown argument 'account' of add; available: upstream"):
        handle.add("stuck" if rules == "mock_fates" else "reset", account="other")
    method = handle.stuck if rules == "mock_fates" else handle.status
    with pytest.raises(ValueError, match=r"unknown argument 'colour' of \w+; available: .*prompt"):
        method(colour="red")


# --- the marker ---


@pytest.mark.upstream(fate="refused why=text")
def test_the_fate_of_the_marker_applies_to_every_order(mock_upstreams: Any, order: Order) -> None:
    with mock_upstreams.client("opeai") as client, pytest.raises(InputModerationError):
        client.create(order())


@pytest.mark.upstream(fate="refused")
def test_a_rule_of_the_test_comes_before_the_fate_of_the_marker(
    mock_upstreams: Any, mock_clock: Any, mock_fates: Any, order: Order
) -> None:
    mock_fates.succeed()
    with mock_upstreams.client("opeai") as client:
        assert client.wait(client.create(order())).status is TaskStatus.SUCCESS


@pytest.mark.upstream(fault=["status code=502 ", "latency seconds=0"], pace="instant", credit="0.10")
class TestMarkedClass:
    """A marker on a class holds for its tests, and the closer marker wins."""

    def test_everything_at_once(self, mock_upstreams: Any) -> None:
        answer = httpx.get(
            mock_upstreams.base_url("opeai") + "/videos/x",
            headers={"Authorization": f"Bearer {mock_upstreams.api_key}"},
        )
        assert answer.status_code == 502

    @pytest.mark.upstream(fault=())
    def test_pace_and_credit(self, mock_upstreams: Any, mock_ledger: Any, boat: dict[str, str]) -> None:
        headers = {"Authorization": f"Bearer {mock_upstreams.api_key}"}
        url = mock_upstreams.base_url("opeai") + "/videos"
        assert httpx.post(url, json=boat, headers=headers).status_code == 403
        mock_ledger.grant("5")
        task = httpx.post(url, json=boat, headers=headers).json()["id"]
        assert httpx.get(f"{url}/{task}", headers=headers).json()["status"] == "SUCCESS"


@pytest.mark.upstream(scenario="broken-download")
@pytest.mark.parametrize("time", ["first", "second"])
def test_a_scenario_restarts_for_each_test(
    mock_upstreams: Any, mock_clock: Any, mock_journal: Any, order: Order, tmp_path: Any, time: str
) -> None:
    with mock_upstreams.client("opeai") as client:
        client.generate(order(), tmp_path / f"{time}.mp4")
    faults = [fault.partition(" ")[0] for entry in mock_journal for fault in entry.faults]
    assert faults[0] == "body_cut"
    mock_journal.assert_downloaded()


# --- without pytest ---


def test_mocked_has_the_same_handles(order: Order) -> None:
    with mocked(pace="fast") as upstreams, upstreams.client("opeai") as client:
        client.wait(client.create(order()))
        upstreams.journal.assert_submitted_once()
        assert upstreams.clock.now() > START


def test_mocked_can_leave_the_clock_running() -> None:
    with mocked(frozen=False) as upstreams:
        assert upstreams.clock.now() > START + 1000


def test_mocked_raises_at_the_end_if_the_code_swallowed_the_error() -> None:
    def code() -> None:
        with mocked("my unittest"):
            try:
                socket.getaddrinfo("apimodels.app", 443)
            except Exception:
                return

    with pytest.raises(LiveHostReached, match="my unittest tried to reach"):
        code()


def test_reset_deletes_all_state(
    mock_upstreams: Any, mock_clock: Any, mock_fates: Any, mock_faults: Any, order: Order, tmp_path: Any
) -> None:
    mock_fates.succeed(after="1s")
    mock_faults.latency(seconds=0)
    mock_upstreams.ledger.grant("5")
    with mock_upstreams.client("opeai") as client:
        clip = client.generate(order(), tmp_path / "boat.mp4")
        assert mock_upstreams.journal.downloads(clip.video.task_id)
        mock_upstreams.reset()
        assert not mock_upstreams.journal.downloads(clip.video.task_id)
        assert mock_upstreams.journal.exchanges == mock_upstreams.journal.tasks == []
        assert mock_upstreams.ledger.statement.lines == ()
        assert set(mock_upstreams.ledger.statement.credits.values()) == {None}
        assert mock_clock.now() > START + 1000
        client.create(order())
        assert mock_upstreams.journal.tasks[0].fate == "succeed"
        assert mock_upstreams.journal.exchanges[0].faults == ()
