"""The reference client in every scenario: never two charges, never an endless wait, never a lost task id."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from seedmock_client import AsyncClient, Client, Clip, GenerationRequest, RetryPolicy, SeedmockError
from seedmock_server.scenarios.catalog import load_builtin, scenario_names

KEY = "sk_test_scenarios"
ORDERS = {
    "apimodels": GenerationRequest(
        model="seedance2-a/seedance-2.0-mini", prompt="A paper boat", ratio="1:1", resolution="720p", seconds=4,
        generate_audio=False, seed=3,
    ),
    "opeai": GenerationRequest(
        model="seedance-2-0-fast", prompt="A paper boat", size="640x640", seconds=4, generate_audio=False, seed=3,
    ),
}  # fmt: skip
CLIP = "Clip"
OUTCOMES: dict[str, str | tuple[str, str]] = {
    "account-isolation": CLIP,
    "asset-active-at-once": CLIP,
    "asset-not-active": CLIP,
    "large-body": CLIP,
    "broken-download": CLIP,
    "completed-without-url": "UpstreamError",
    "content-unavailable": "UpstreamError",
    "content-not-found": ("LinkExpiredError", "NotFoundError"),
    "content-race": CLIP,
    "content-redirects": CLIP,
    "download-errors": CLIP,
    "intermittent-drift": CLIP,
    "error-in-200": "BalanceError",
    "transient-poll-errors": CLIP,
    "expired": "TaskFailedError",
    "face-refused": "InputModerationError",
    "failed-but-charged": "TaskFailedError",
    "failed-not-charged": "TaskFailedError",
    "field-renamed": "WaitTimeoutError",
    "flake-not-drift": CLIP,
    "stale-status": "WaitTimeoutError",
    "html-errors": CLIP,
    "legacy-field-names": CLIP,
    "link-expires": CLIP,
    "response-lost": "SubmissionUnknownError",
    "moderated-early-and-late": "OutputModerationError",
    "nested-error": "ValidationError",
    "stuck-in-queue": "WaitTimeoutError",
    "offline": CLIP,
    "undocumented-early-status": CLIP,
    "partial-batch-failure": CLIP,
    "normal-lifecycle": CLIP,
    "undocumented-success-status": CLIP,
    "rate-limited": CLIP,
    "wrong-size": CLIP,
    "download-reset": CLIP,
    "seconds-type": "ValidationError",
    "duplicate-responses": (
        CLIP,
        "DownloadError",
    ),  # the second response may still be on the connection of the download
    "audio-moderated": (CLIP, "OutputModerationError"),
    "local-urls": CLIP,
    "stuck": "WaitTimeoutError",
    "unavailable-model": "ValidationError",
    "wrong-content-type": "DownloadError",
}
"""Outcome of an order: of each upstream where they differ; with CLIP in a pair, either one by chance."""

ID_LOST = ("response-lost",)
"""Scenarios that leave a task whose id the client never received."""
CONNECTION_ERRORS = (
    "broken-download",
    "download-errors",
    "html-errors",
    "response-lost",
    "download-reset",
    "duplicate-responses",
)
"""Scenarios with connection errors, in which the two clients could differ."""
CASES = [(name, upstream, "blocking") for name in scenario_names() for upstream in load_builtin(name).upstreams]
CASES += [(name, upstream, "awaited") for name in CONNECTION_ERRORS for upstream in load_builtin(name).upstreams]


def test_every_scenario_has_an_outcome() -> None:
    assert sorted(OUTCOMES) == list(scenario_names())


def generate(scenario_server: Any, path: Path, kind: str) -> Clip | SeedmockError:
    """Return the outcome of an order, on a clock that only sleeping moves."""
    clock, upstream = scenario_server.clock, scenario_server.upstream
    options = {"api_key": KEY, "base_url": scenario_server.url, "now": clock.now}
    if kind == "blocking":
        with Client(upstream, sleep=clock.sleep, **options) as client:
            try:
                return client.generate(ORDERS[upstream], path)
            except SeedmockError as error:
                return error

    async def sleep(seconds: float) -> None:
        clock.sleep(seconds)

    async def run() -> Clip | SeedmockError:
        async with AsyncClient(upstream, sleep=sleep, **options) as client:
            try:
                return await client.generate(ORDERS[upstream], path)
            except SeedmockError as error:
                return error

    return asyncio.run(run())


@pytest.mark.parametrize(("name", "upstream", "kind"), CASES)
def test_the_client_neither_pays_twice_nor_waits_for_ever_nor_loses_a_task_id(
    scenario_server: Any, tmp_path: Path, name: str, upstream: str, kind: str
) -> None:
    scenario_server.activate(name, upstream)
    start, path, policy = scenario_server.clock.now(), tmp_path / "boat.mp4", RetryPolicy()
    outcome = generate(scenario_server, path, kind)

    limit = policy.create_seconds + policy.wait_seconds + policy.download_seconds
    assert scenario_server.clock.now() - start <= limit
    task_ids = scenario_server.task_ids()
    assert len(task_ids) <= 1
    assert len([amount for amount in scenario_server.charges() if amount]) <= 1
    assert is_expected(scenario_server, OUTCOMES[name], outcome), repr(outcome)
    if isinstance(outcome, Clip):
        assert (outcome.path, path.exists(), [outcome.video.task_id]) == (path, True, task_ids)
        return
    assert not path.exists()
    if name not in ID_LOST:
        assert [outcome.task_id] == (task_ids or [None])
    if task_ids and outcome.task_id:
        assert task_ids[0] in str(outcome)


def is_expected(scenario_server: Any, expected: str | tuple[str, str], outcome: object) -> bool:
    classes = {class_.__name__ for class_ in type(outcome).__mro__}
    if isinstance(expected, str):
        return expected in classes
    by_chance = CLIP in expected
    return bool(classes & set(expected)) if by_chance else scenario_server.by_upstream(*expected) in classes


def test_an_unfinished_task_can_be_collected_later(scenario_server: Any, tmp_path: Path) -> None:
    scenario_server.activate("stale-status", "opeai")
    unfinished = generate(scenario_server, tmp_path / "boat.mp4", "blocking")
    assert isinstance(unfinished, SeedmockError)
    assert unfinished.task_id
    scenario_server.http.delete("/_mock/scenario").raise_for_status()
    clock = scenario_server.clock
    with Client("opeai", api_key=KEY, base_url=scenario_server.url, sleep=clock.sleep, now=clock.now) as client:
        clip = client.collect(unfinished.task_id, tmp_path / "boat.mp4")
    assert (clip.video.task_id, len(scenario_server.task_ids())) == (unfinished.task_id, 1)
