"""The real emulator, judged in what it delivers: whole clips, parts of them, links and their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation, TaskStatus
from seedmock_harness.results.checks import Severity

Made = Callable[..., Any]
UPSTREAMS = ("opeai", "apimodels")
DELIVERED = {
    "content.format", "content.codec", "content.type", "content.length", "content.same", "content.head", "range.part",
    "range.condition", "range.offered", "error.range_not_satisfiable", "content.frames_per_second", "frames",
}  # fmt: skip
ALSO = {
    "opeai": {"content.binary", "content.unfinished", "content.cached", "content.max_age", "create.seconds", "range"},
    "apimodels": {"content.own", "content.keyless", "result.days", "expired_link", "create.duration", "adaptive.none"},
}


def finished(stage: Any, document: Any, fate: str = "") -> Callable[..., Any]:
    """Order, wait for the end, and return what fetches the result."""
    speaker = stage.speaker
    made = speaker.call(Operation.CREATE, document, headers={"x-mock-fate": fate} if fate else None)
    params = {"task_id": made.created_id}
    if speaker.contract.name == "opeai":
        speaker.call(Operation.CONTENT, params=params)
    for _ in range(9):
        asked = None if speaker.contract.name == "opeai" else params
        told = speaker.call(Operation.QUERY, asked, params=params)
        if told.status is TaskStatus.SUCCESS:
            break
        speaker.sleep(1.0)
    if told.links:
        return lambda **headers: speaker.fetch(told.links[0], headers=headers)
    return lambda **headers: speaker.call(Operation.CONTENT, params=params, headers=headers)


def parts(stage: Any, fetch: Callable[..., Any]) -> None:
    whole = fetch()
    fetch()
    for asked in ("bytes=0-9", "bytes=-5", f"bytes={whole.body_size}-"):
        fetch(range=asked)
    fetch(range="bytes=0-9", **{"if-range": whole.headers["etag"]})
    fetch(range="bytes=0-9", **{"if-range": '"another"'})
    stage.speaker.send(Operation.CONTENT, "HEAD", whole.exchange.request.url)


@pytest.mark.parametrize("name", UPSTREAMS)
def test_what_the_emulator_delivers_contradicts_nothing(emulated: Made, name: str) -> None:
    stage = emulated(name)
    for document in stage.speaker.contract.request.examples[Operation.CREATE]:
        fetch = finished(stage, document)
        parts(stage, fetch)
    finished(stage, {**document, "generate_audio": False})()
    stage.speaker.sleep(7 * 86400 + 1)
    fetch()
    assert [str(failure) for failure in stage.failures()] == []
    assert stage.confirmed() >= DELIVERED | ALSO[name]


def test_content_that_is_late_contradicts_nothing(emulated: Made) -> None:
    for name in UPSTREAMS:
        stage = emulated(name)
        fetch = finished(stage, stage.speaker.contract.example(Operation.CREATE), "content_late by=10s")
        for _ in range(4):
            fetch()
            stage.speaker.sleep(4.0)
        assert [str(failure) for failure in stage.failures()] == []
    assert stage.heard[-1].interaction.status_code == 200


@pytest.mark.parametrize(
    "option", ["opeai.range=off", "opeai.frames=billed", "apimodels.frames=billed", "apimodels.expired_link=410"]
)
def test_another_option_is_settled_and_nothing_else_is_said(emulated: Made, option: str) -> None:
    id_, _, value = option.partition("=")
    stage = emulated(id_.partition(".")[0], variants={id_: value})
    fetch = finished(stage, stage.speaker.contract.example(Operation.CREATE))
    parts(stage, fetch)
    stage.speaker.sleep(7 * 86400 + 1)
    fetch()
    assert {(failure.fact.id, failure.severity) for failure in stage.failures()} == {(id_, Severity.INFO)}
