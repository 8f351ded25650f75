"""The emulator, judged by every check in all that it can do: nothing is contradicted, and what varies is settled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.results.checks import Severity

UPSTREAMS = ("opeai", "apimodels")
FATES = (
    "succeed queue=2s render=4s",
    "failed queue=2s render=4s",
    "moderated queue=2s render=4s what=audio",
    "expired queue=2s render=4s",
)


def live(stage: Any, operation: Operation, fate: str, document: dict[str, Any] | None = None, **said: Any) -> Any:
    """One task from its order to its end and beyond, looked at every second."""
    speaker = stage.speaker
    document = document or dict(speaker.contract.example(operation))
    made = speaker.call(operation, document, headers={"x-mock-fate": fate} if fate else None, **said)
    params = {"task_id": made.created_id or "none"}
    turns = [made]
    for _ in range(9):
        turns.append(speaker.call(Operation.QUERY, None if speaker.contract.name == "opeai" else params, params=params))
        speaker.sleep(1.0)
    return turns


def fetch(stage: Any, last: Any) -> None:
    """The result of a task that has ended, or what is said in its place."""
    if last.links:
        stage.speaker.fetch(last.links[0])
    elif stage.speaker.contract.name == "opeai":
        stage.speaker.call(Operation.CONTENT, params={"task_id": last.requested_id})


def refused(stage: Any) -> None:
    """What both upstreams refuse."""
    speaker, contract = stage.speaker, stage.speaker.contract
    query = contract.name == "apimodels"
    for params in ({"task_id": "none"},):
        speaker.call(Operation.QUERY, params if query else None, params=params)
        speaker.call(Operation.QUERY, params if query else None, params=params, caller="")
    speaker.call(Operation.CREATE, {"model": "none"})
    speaker.call(Operation.CREATE, {})
    speaker.call(
        Operation.CREATE, dict(contract.example(Operation.CREATE)), headers={"x-mock-fate": "refused why=text"}
    )
    speaker.send(None, "GET", f"{contract.bases[0].prefix}/nowhere")


def library(stage: Any) -> None:
    """A group and its assets: one that becomes active, one that fails, one that is refused; then all is undone."""
    speaker = stage.speaker
    group = speaker.call(Operation.GROUP_CREATE, {"name": "cast"})
    speaker.call(Operation.GROUP_CREATE, {"name": "crew"})
    speaker.call(Operation.GROUP_LIST)
    face = {"url": "https://example.com/face.png", "asset_type": "Image", "name": "lead", "group_id": group.data["id"]}
    asset = speaker.call(Operation.ASSET_CREATE, face)
    failed = speaker.call(Operation.ASSET_CREATE, face, headers={"x-mock-fate": "failed"})
    speaker.call(Operation.ASSET_CREATE, face, headers={"x-mock-fate": "refused why=face"})
    for _ in range(3):
        for one in (asset, failed):
            speaker.call(Operation.ASSET_GET, {"id": one.created_id or failed.data["id"]})
        speaker.sleep(1.0)
    speaker.call(Operation.ASSET_LIST, {"page": 1, "page_size": 10})
    speaker.call(Operation.ASSET_UPDATE, {"id": asset.created_id, "name": "hero"})
    speaker.call(Operation.ASSET_DELETE, {"id": asset.created_id})
    speaker.call(Operation.ASSET_GET, {"id": asset.created_id})
    speaker.call(Operation.GROUP_DELETE, {"id": group.data["id"]})


def everything(stage: Any) -> None:
    """All that an upstream can do, once."""
    contract = stage.speaker.contract
    for fate in FATES:
        fetch(stage, live(stage, Operation.CREATE, fate)[-1])
    refused(stage)
    if contract.name == "apimodels":
        live(stage, Operation.UPSCALE, FATES[0])
        library(stage)
        task = live(stage, Operation.CREATE, FATES[0])[0].created_id
        for operation, params in (
            (Operation.BALANCE, {}),
            (Operation.MODELS, {}),
            (Operation.RECORD, {"task_id": task}),
        ):
            stage.speaker.call(operation, params=params)
    else:
        for example in contract.request.examples[Operation.CREATE]:
            live(stage, Operation.CREATE, "", dict(example))


def told(stage: Any) -> list[tuple[str, str, str, str, str]]:
    return [
        (failure.severity, failure.fact.id, failure.title, failure.expected, failure.observed)
        for failure in stage.contradictions()
    ]


@pytest.mark.parametrize("name", UPSTREAMS)
def test_an_honest_emulator_contradicts_nothing(stage: Callable[..., Any], name: str) -> None:
    acted = stage(name)
    everything(acted)
    assert told(acted) == []
    statuses = {said.interaction.status for said in acted.heard}
    assert statuses >= {*get_contract(name).statuses}


SETTLED = {
    "opeai": ("opeai.status=openai", "opeai.errors=newapi", "opeai.failure_reason=fail_reason",
              "opeai.failure_reason=none", "opeai.progress=percent"),
    "apimodels": ("apimodels.keys=legacy", "apimodels.errors=ok", "apimodels.group_list=items"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "option"), [(name, option) for name in UPSTREAMS for option in SETTLED[name]])
def test_another_option_is_settled_and_nothing_else_is_said(stage: Callable[..., Any], name: str, option: str) -> None:
    id_, _, value = option.partition("=")
    acted = stage(name, variants={id_: value})
    everything(acted)
    assert {(severity, fact) for severity, fact, *_ in told(acted)} == {(Severity.INFO, id_)}


@pytest.mark.parametrize(("name", "option"), [(name, option) for name in UPSTREAMS for option in SETTLED[name]])
def test_an_option_that_is_known_to_hold_is_no_news(stage: Callable[..., Any], name: str, option: str) -> None:
    id_, _, value = option.partition("=")
    acted = stage(name, {id_: value}, variants={id_: value})
    everything(acted)
    assert told(acted) == []


@pytest.mark.parametrize(("name", "option"), [(name, option) for name in UPSTREAMS for option in SETTLED[name]])
def test_an_option_that_is_known_not_to_hold_is_found(stage: Callable[..., Any], name: str, option: str) -> None:
    id_, _, value = option.partition("=")
    acted = stage(name, {id_: get_contract(name).defaults[id_]}, variants={id_: value})
    everything(acted)
    assert told(acted) != []
