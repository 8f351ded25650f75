"""Checks of content, ranges and links against the emulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation, TaskStatus
from seedmock_harness.results.checks import Severity

Factory = Callable[..., Any]
UPSTREAMS = ("opeai", "apimodels")
CONTENT_FACTS = {
    "content.format", "content.codec", "content.type", "content.length", "content.same", "content.head", "range.part",
    "range.condition", "range.offered", "error.range_not_satisfiable", "content.frames_per_second", "frames",
    "error.precondition_failed",
}  # fmt: skip
UPSTREAM_FACTS = {
    "opeai": {"content.binary", "content.unfinished", "content.cached", "content.max_age", "create.seconds", "range"},
    "apimodels": {"content.own", "content.keyless", "result.days", "expired_link", "create.duration", "adaptive.none"},
}


def run_task(emulator: Any, document: Any, fate: str = "") -> Callable[..., Any]:
    """Order a task, wait for its success, and return a function that fetches the result."""
    driver = emulator.driver
    order = driver.call(Operation.CREATE, document, headers={"x-mock-fate": fate} if fate else None)
    params = {"task_id": order.created_id}
    if driver.contract.name == "opeai":
        driver.call(Operation.CONTENT, params=params)
    for _ in range(9):
        request = None if driver.contract.name == "opeai" else params
        response = driver.call(Operation.QUERY, request, params=params)
        if response.status is TaskStatus.SUCCESS:
            break
        driver.sleep(1.0)
    if response.links:
        return lambda **headers: driver.fetch(response.links[0], headers=headers)
    return lambda **headers: driver.call(Operation.CONTENT, params=params, headers=headers)


def fetch_ranges(emulator: Any, fetch: Callable[..., Any]) -> None:
    whole = fetch()
    fetch()
    for byte_range in ("bytes=0-9", "bytes=-5", f"bytes={whole.body_size}-"):
        fetch(range=byte_range)
    fetch(range="bytes=0-9", **{"if-range": whole.headers["etag"]})
    fetch(range="bytes=0-9", **{"if-range": '"another"'})
    fetch(**{"if-match": '"another"'})
    fetch(**{"if-match": whole.headers["etag"]})
    emulator.driver.send(Operation.CONTENT, "HEAD", whole.exchange.request.url)


@pytest.mark.parametrize("name", UPSTREAMS)
def test_emulated_content_passes_all_checks(start_emulator: Factory, name: str) -> None:
    emulator = start_emulator(name)
    for document in emulator.driver.contract.request.examples[Operation.CREATE]:
        fetch = run_task(emulator, document)
        fetch_ranges(emulator, fetch)
    run_task(emulator, {**document, "generate_audio": False})()
    emulator.driver.sleep(7 * 86400 + 1)
    fetch()
    assert [str(failure) for failure in emulator.failures()] == []
    assert emulator.confirmed() >= CONTENT_FACTS | UPSTREAM_FACTS[name]


def test_late_content_passes_all_checks(start_emulator: Factory) -> None:
    for name in UPSTREAMS:
        emulator = start_emulator(name)
        fetch = run_task(emulator, emulator.driver.contract.example(Operation.CREATE), "content_late by=10s")
        for _ in range(4):
            fetch()
            emulator.driver.sleep(4.0)
        assert [str(failure) for failure in emulator.failures()] == []
    assert emulator.interactions[-1].interaction.status_code == 200


@pytest.mark.parametrize(
    "option", ["opeai.range=off", "opeai.frames=billed", "apimodels.frames=billed", "apimodels.expired_link=410"]
)
def test_other_option_is_the_only_finding(start_emulator: Factory, option: str) -> None:
    id_, _, value = option.partition("=")
    emulator = start_emulator(id_.partition(".")[0], variants={id_: value})
    fetch = run_task(emulator, emulator.driver.contract.example(Operation.CREATE))
    fetch_ranges(emulator, fetch)
    emulator.driver.sleep(7 * 86400 + 1)
    fetch()
    assert {(failure.fact.id, failure.severity) for failure in emulator.failures()} == {(id_, Severity.INFO)}
