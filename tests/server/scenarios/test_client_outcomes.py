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
ENDS: dict[str, str | tuple[str, str]] = {
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
    ),  # the second answer may lie on the connection that the download takes
    "audio-moderated": (CLIP, "OutputModerationError"),
    "local-urls": CLIP,
    "stuck": "WaitTimeoutError",
    "unavailable-model": "ValidationError",
    "wrong-content-type": "DownloadError",
}
"""How an order ends, as the client's documentation has it; on A and on B where they differ, or either by chance."""

UNTOLD = ("response-lost",)
"""Where a task exists that nobody was told of."""
WIRE = ("broken-download", "download-errors", "html-errors", "response-lost", "download-reset", "duplicate-responses")
"""Where connections break, and so the two drivers could differ."""
PLAYED = [(name, upstream, "blocking") for name in scenario_names() for upstream in load_builtin(name).upstreams]
PLAYED += [(name, upstream, "awaited") for name in WIRE for upstream in load_builtin(name).upstreams]


def test_every_scenario_has_its_end() -> None:
    assert sorted(ENDS) == list(scenario_names())


def ordered(theatre: Any, path: Path, kind: str) -> Clip | SeedmockError:
    """What becomes of an order, on a clock that only waiting moves."""
    clock, upstream = theatre.clock, theatre.upstream
    options = {"api_key": KEY, "base_url": theatre.url, "now": clock.now}
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


@pytest.mark.parametrize(("name", "upstream", "kind"), PLAYED)
def test_the_client_survives(theatre: Any, tmp_path: Path, name: str, upstream: str, kind: str) -> None:
    theatre.put(name, upstream)
    began, path, policy = theatre.clock.now(), tmp_path / "boat.mp4", RetryPolicy()
    end = ordered(theatre, path, kind)

    most = policy.create_seconds + policy.wait_seconds + policy.download_seconds
    assert theatre.clock.now() - began <= most
    made = theatre.made()
    assert len(made) <= 1
    assert len([amount for amount in theatre.charged() if amount]) <= 1
    assert is_expected(theatre, ENDS[name], end), repr(end)
    if isinstance(end, Clip):
        assert (end.path, path.exists(), [end.video.task_id]) == (path, True, made)
        return
    assert not path.exists()
    if name not in UNTOLD:
        assert [end.task_id] == (made or [None])
    if made and end.task_id:
        assert made[0] in str(end)


def is_expected(theatre: Any, expected: str | tuple[str, str], end: object) -> bool:
    classes = {one.__name__ for one in type(end).__mro__}
    if isinstance(expected, str):
        return expected in classes
    by_chance = CLIP in expected
    return bool(classes & set(expected)) if by_chance else theatre.of(*expected) in classes


def test_what_was_not_finished_in_time_is_collected_later(theatre: Any, tmp_path: Path) -> None:
    theatre.put("stale-status", "opeai")
    late = ordered(theatre, tmp_path / "boat.mp4", "blocking")
    assert isinstance(late, SeedmockError)
    assert late.task_id
    theatre.http.delete("/_mock/scenario").raise_for_status()
    clock = theatre.clock
    with Client("opeai", api_key=KEY, base_url=theatre.url, sleep=clock.sleep, now=clock.now) as client:
        clip = client.collect(late.task_id, tmp_path / "boat.mp4")
    assert (clip.video.task_id, len(theatre.made())) == (late.task_id, 1)
