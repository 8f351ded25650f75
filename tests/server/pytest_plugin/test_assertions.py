"""Assertions of the journal and of the ledger: passing, and failing with a message that lists what happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_client import GenerationRequest

Order = Callable[..., GenerationRequest]


class Application:
    """Code under test, which can misbehave."""

    def __init__(self, upstreams: Any) -> None:
        headers = {"Authorization": f"Bearer {upstreams.api_key}"}
        self.http = httpx.Client(base_url=upstreams.base_url("opeai"), headers=headers, trust_env=False)

    def submit(self, order: dict[str, Any]) -> str:
        return str(self.http.post("/videos", json=order).json().get("id"))

    def poll(self, task: str, times: int = 1) -> None:
        for _ in range(times):
            self.http.get(f"/videos/{task}")

    def download(self, task: str, **headers: str) -> httpx.Response:
        return self.http.get(f"/videos/{task}/content", headers=headers)


@pytest.fixture
def application(mock_upstreams: Any, mock_clock: Any) -> Any:
    application = Application(mock_upstreams)
    with application.http:
        yield application


def failure(assertion: Callable[..., None], *args: Any, **kwargs: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        assertion(*args, **kwargs)
    return str(caught.value)


# --- submitted once ---


def test_assert_submitted_once_passes(application: Application, mock_journal: Any, boat: dict[str, str]) -> None:
    application.submit({**boat, "seconds": "99"})
    application.submit(boat)
    mock_journal.assert_submitted_once()
    assert len(mock_journal.submissions) == 2


def test_assert_submitted_once_fails_for_two_tasks(
    application: Application, mock_journal: Any, boat: dict[str, str]
) -> None:
    first, second = application.submit(boat), application.submit(boat)
    assert failure(mock_journal.assert_submitted_once).splitlines() == [
        f"expected one task, found 2: {first}, {second}",
        "exchanges:",
        "  +0.0s opeai POST /v1/videos -> 200 (QUEUED)",
        "  +0.0s opeai POST /v1/videos -> 200 (QUEUED)",
    ]


def test_assert_submitted_once_fails_without_a_task(mock_journal: Any) -> None:
    assert failure(mock_journal.assert_submitted_once).splitlines() == [
        "expected one task, found 0: none",
        "no exchanges with this test's key",
    ]
    assert repr(mock_journal) == "no exchanges"


# --- polls ---


def test_assert_polls_passes(application: Application, mock_journal: Any, boat: dict[str, str]) -> None:
    task = application.submit(boat)
    application.poll(task, 3)
    mock_journal.assert_polls(at_most=3)
    mock_journal.assert_polls(at_least=3)
    assert len(mock_journal.polls(task)) == 3


def test_assert_polls_fails_for_too_many_and_too_few(
    application: Application, mock_journal: Any, boat: dict[str, str]
) -> None:
    task = application.submit(boat)
    application.poll(task, 3)
    message = failure(mock_journal.assert_polls, at_most=2)
    assert message.splitlines()[0] == f"expected at most 2 polls of {task}, found 3"
    assert message.count(f"GET /v1/videos/{task} -> 200 (QUEUED)") == 3
    assert failure(mock_journal.assert_polls, at_least=4).startswith(f"expected at least 4 polls of {task}, found 3\n")


def test_assert_polls_fails_without_a_task(mock_journal: Any) -> None:
    assert failure(mock_journal.assert_polls, at_most=1).startswith("expected a task, found none\n")
    with pytest.raises(TypeError, match="at_most=, at_least= or both"):
        mock_journal.assert_polls()


def test_a_long_list_of_exchanges_is_cut_in_the_middle(
    application: Application, mock_journal: Any, boat: dict[str, str]
) -> None:
    application.poll(application.submit(boat), 60)
    lines = failure(mock_journal.assert_polls, at_most=1).splitlines()
    assert len(lines) == 2 + 41
    assert lines[2 + 20] == "  ... 21 more ..."


# --- never polled after the end ---


@pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
def test_assert_never_polled_after_end(
    mock_upstreams: Any, mock_clock: Any, mock_journal: Any, order: Order, upstream: str
) -> None:
    with mock_upstreams.client(upstream) as client:
        task = client.wait(client.create(order()))
        mock_journal.assert_never_polled_after_end()
        client.query(task.task_id)
        client.query(task.task_id)
    message = failure(mock_journal.assert_never_polled_after_end)
    assert message.splitlines()[0] == f"expected no poll of {task.task_id} after it was SUCCESS, found 2"
    assert message.count("(SUCCESS)") == 3


def test_assert_never_polled_after_end_of_a_failed_task(
    application: Application, mock_clock: Any, mock_fates: Any, mock_journal: Any, boat: dict[str, str]
) -> None:
    mock_fates.failed(after="5s")
    task = application.submit(boat)
    mock_clock.advance(5)
    application.poll(task)
    mock_journal.assert_never_polled_after_end()
    application.poll(task)
    assert "after it was FAILURE, found 1" in failure(mock_journal.assert_never_polled_after_end)


# --- downloaded ---


@pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
def test_assert_downloaded(
    mock_upstreams: Any, mock_clock: Any, mock_journal: Any, order: Order, upstream: str, tmp_path: Path
) -> None:
    with mock_upstreams.client(upstream) as client:
        task = client.wait(client.create(order()))
        message = failure(mock_journal.assert_downloaded).splitlines()[0]
        assert message == f"expected a complete download of the clip of {task.task_id}, found: no download"
        client.download(task, tmp_path / "boat.mp4")
    mock_journal.assert_downloaded()


def test_assert_downloaded_fails_for_an_early_download(
    application: Application, mock_clock: Any, mock_journal: Any, boat: dict[str, str]
) -> None:
    task = application.submit(boat)
    application.download(task)
    message = failure(mock_journal.assert_downloaded).splitlines()[0]
    assert message == f"expected a download, but no task has succeeded: {task} is QUEUED"
    mock_clock.advance(5)
    assert failure(mock_journal.assert_downloaded).splitlines()[0].endswith("found: 400")


def test_assert_downloaded_accepts_a_download_in_parts(
    application: Application, mock_clock: Any, mock_journal: Any, boat: dict[str, str]
) -> None:
    task = application.submit(boat)
    mock_clock.advance(5)
    size = int(application.download(task, Range="bytes=0-99").headers["content-range"].partition("/")[2])
    message = failure(mock_journal.assert_downloaded).splitlines()[0]
    assert message.endswith(f", found: 206, 100 of {size} bytes")
    application.download(task, Range="bytes=100-")
    mock_journal.assert_downloaded()


def test_assert_downloaded_fails_for_the_same_part_twice(
    application: Application, mock_clock: Any, mock_journal: Any, boat: dict[str, str]
) -> None:
    task = application.submit(boat)
    mock_clock.advance(5)
    size = int(application.download(task, Range="bytes=100-").headers["content-range"].partition("/")[2])
    application.download(task, Range="bytes=100-")
    part = f"206, {size - 100} of {size} bytes from 100 on"
    assert failure(mock_journal.assert_downloaded).splitlines()[0].endswith(f"found: {part}; {part}")


def test_assert_downloaded_fails_for_a_truncated_download(
    application: Application, mock_clock: Any, mock_faults: Any, mock_journal: Any, boat: dict[str, str]
) -> None:
    mock_faults.add("body_cut at=1000", operation="content")
    task = application.submit(boat)
    mock_clock.advance(5)
    with pytest.raises(httpx.RemoteProtocolError):
        application.download(task)
    assert "200, 1000 of" in failure(mock_journal.assert_downloaded)


# --- violations ---


def test_assert_no_violations_passes(application: Application, mock_journal: Any, boat: dict[str, str]) -> None:
    application.submit(boat)
    mock_journal.assert_no_violations()


def test_assert_no_violations_fails_and_strict_counts_advice(
    application: Application, mock_journal: Any, boat: dict[str, str]
) -> None:
    application.submit({**boat, "seconds": "99"})
    application.submit({**boat, "colour": "red"})
    lines = failure(mock_journal.assert_no_violations).splitlines()
    assert lines[0] == "expected no contract violation, found 1:"
    assert lines[1].startswith("  opeai POST /v1/videos -> 400: seconds is ")
    assert lines[1].endswith("(opeai.create.seconds.range)")
    assert lines[2] == "exchanges:"
    strict = failure(mock_journal.assert_no_violations, strict=True).splitlines()
    assert strict[0] == "expected no contract violation, found 2:"
    assert strict[2] == "  opeai POST /v1/videos -> 200: opeai has no field 'colour' here"


@pytest.mark.parametrize("strict", [False, True])
def test_assert_no_violations_fails_for_an_order_that_lost_its_picture(
    application: Application, mock_journal: Any, boat: dict[str, Any], strict: bool
) -> None:
    task = application.submit({**boat, "input_reference": {"image_url": "https://example.com/face.png"}})
    assert task
    message = failure(mock_journal.assert_no_violations, strict=strict)
    assert f"expected no contract violation, found {1 + strict}:" in message
    assert "this order is text-to-video: input_reference names no content (opeai.unknown_fields)" in message


# --- money ---


def test_assert_spend_and_assert_charged_once_pass(
    application: Application, mock_clock: Any, mock_ledger: Any, boat: dict[str, str]
) -> None:
    task = application.submit(boat)
    mock_ledger.assert_spend("0.00")
    assert mock_ledger.on_hold > 0
    mock_clock.advance(5)
    mock_ledger.assert_spend(str(mock_ledger.charged))
    mock_ledger.assert_charged_once()
    assert repr(mock_ledger) == f"opeai generation {task}: charged {mock_ledger.charged}".rstrip("0")


def test_assert_spend_and_assert_charged_once_fail_with_the_statement(
    application: Application, mock_clock: Any, mock_ledger: Any, boat: dict[str, str]
) -> None:
    first, second = application.submit(boat), application.submit(boat)
    each = mock_ledger.statement.lines[0].quote.amount
    mock_clock.advance(5)
    assert failure(mock_ledger.assert_spend, "0.01").splitlines() == [
        f"expected charges of 0.01 USD, found {f'{2 * each:f}'.rstrip('0')}",
        "statement:",
        f"  opeai generation {first}: charged {f'{each:f}'.rstrip('0')}",
        f"  opeai generation {second}: charged {f'{each:f}'.rstrip('0')}",
    ]
    assert failure(mock_ledger.assert_charged_once).splitlines()[0] == "expected one charge, found 2"


def test_assert_charged_once_fails_without_a_charge(
    application: Application, mock_clock: Any, mock_fates: Any, mock_ledger: Any, boat: dict[str, str]
) -> None:
    assert failure(mock_ledger.assert_charged_once).splitlines()[1] == "no orders with this test's key"
    assert repr(mock_ledger) == "no orders"
    mock_fates.moderated(after="1s")
    application.submit(boat)
    mock_clock.advance(1)
    assert "refunded" in failure(mock_ledger.assert_charged_once)
    mock_ledger.assert_spend(0)


def test_assert_charged_once_does_not_count_assets(
    mock_upstreams: Any, mock_clock: Any, mock_ledger: Any, order: Order
) -> None:
    with mock_upstreams.client("apimodels") as client:
        group = client.create_group("faces")
        client.wait_asset(client.create_asset("https://mock.test/face.png", group.id).id)
        client.wait(client.create(order()))
    assert len(mock_ledger.statement.charges) == 2
    mock_ledger.assert_charged_once()


def test_assert_spend_rejects_a_float(mock_ledger: Any) -> None:
    with pytest.raises(TypeError, match=r'write it as a string: assert_spend\("0.59"\)'):
        mock_ledger.assert_spend(0.59)
