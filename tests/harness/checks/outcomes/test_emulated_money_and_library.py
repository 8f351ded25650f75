"""The real emulator of A, judged in its money, its library and what it keeps from another key."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from seedmock_contracts.enums import Operation as Op
from seedmock_contracts.enums import TaskStatus
from seedmock_harness.results.checks import Severity

Made = Callable[..., Any]
SECOND = {"caller": "second"}
FACE = {"url": "https://example.com/face.png", "asset_type": "Image"}


def lived(stage: Any, operation: Op, fate: str = "", **changes: Any) -> Any:
    """An order, its record while it runs, its end, its record and its clip."""
    speaker = stage.speaker
    document = {**speaker.contract.example(operation), **changes}
    made = speaker.call(operation, document, headers={"x-mock-fate": fate} if fate else None)
    params = {"task_id": made.created_id}
    speaker.call(Op.RECORD, params=params)
    for _ in range(9):
        told = speaker.call(Op.QUERY, params)
        if told.status in (TaskStatus.SUCCESS, TaskStatus.FAILURE):
            break
        speaker.sleep(1.0)
    if told.links:
        speaker.fetch(told.links[0])
    speaker.call(Op.RECORD, params=params)
    return told


def spend(stage: Any) -> None:
    speaker = stage.speaker
    speaker.call(Op.BALANCE)
    first = lived(stage, Op.CREATE)
    speaker.call(Op.BALANCE)
    speaker.call(Op.BALANCE)
    lived(stage, Op.CREATE, "failed")
    speaker.call(Op.BALANCE)
    speaker.call(Op.CREATE, {**speaker.contract.example(Op.CREATE), "duration": 99})
    speaker.call(Op.BALANCE)
    lived(stage, Op.UPSCALE, videoUrl=first.links[0])
    lived(stage, Op.UPSCALE, targetResolution="720p")
    lived(stage, Op.CREATE, model="seedance2-a/seedance-2.0-mini", resolution=None, duration=None, aspect_ratio="1:1")
    lived(stage, Op.CREATE, reference_video_urls=[first.links[0]])
    speaker.call(Op.BALANCE)


def asset(stage: Any, group: Any, fate: str = "", **changes: Any) -> Any:
    headers = {"x-mock-fate": fate} if fate else None
    made = stage.speaker.call(Op.ASSET_CREATE, {**FACE, "group_id": group, **changes}, headers=headers)
    for _ in range(3):
        stage.speaker.call(Op.ASSET_GET, {"id": made.created_id or "none"})
        stage.speaker.sleep(1.0)
    return made


def stock(stage: Any) -> tuple[Any, Any]:
    """Two groups and their assets, and an order with one of these."""
    speaker = stage.speaker
    one, two = (speaker.call(Op.GROUP_CREATE, {"name": name}).data["id"] for name in ("cast", "crew"))
    speaker.call(Op.BALANCE)
    lead = asset(stage, one, name="lead")
    speaker.call(Op.BALANCE)
    failed = asset(stage, one, "failed")
    speaker.call(Op.BALANCE)
    other = asset(stage, str(two))
    speaker.call(Op.ASSET_UPDATE, {"id": lead.created_id, "name": "hero"})
    for sent in ({}, {"page": 2, "page_size": 2}, {"page": 9}, {"group_id": two}):
        speaker.call(Op.ASSET_LIST, {"page": 1, **sent})
    speaker.call(Op.GROUP_LIST)
    lived(stage, Op.CREATE, first_frame_url=f"asset://{lead.created_id}")
    speaker.call(Op.CREATE, {**speaker.contract.example(Op.CREATE), "first_frame_url": f"asset://{failed.created_id}"})
    return lead, other


def pry(stage: Any, lead: Any) -> None:
    """Everything that another key must not see."""
    speaker = stage.speaker
    task = next(iter(speaker.history.tasks))
    speaker.call(Op.GROUP_LIST, **SECOND)
    speaker.call(Op.ASSET_LIST, {"page": 1}, **SECOND)
    for operation in (Op.ASSET_GET, Op.ASSET_DELETE):
        speaker.call(operation, {"id": lead.created_id}, **SECOND)
    speaker.call(Op.ASSET_UPDATE, {"id": lead.created_id, "name": "mine"}, **SECOND)
    speaker.call(Op.ASSET_LIST, {"group_id": 1}, **SECOND)
    speaker.call(Op.ASSET_CREATE, {**FACE, "group_id": 1}, **SECOND)
    speaker.call(Op.GROUP_DELETE, {"id": 1}, **SECOND)
    speaker.call(Op.QUERY, {"task_id": task}, **SECOND)
    speaker.call(Op.RECORD, params={"task_id": task}, **SECOND)
    speaker.call(
        Op.CREATE, {**speaker.contract.example(Op.CREATE), "first_frame_url": f"asset://{lead.created_id}"}, **SECOND
    )
    speaker.call(Op.GROUP_CREATE, {"name": "mine"}, **SECOND)
    speaker.call(Op.GROUP_LIST, **SECOND)
    speaker.call(Op.GROUP_LIST)


def clear(stage: Any, lead: Any, other: Any) -> None:
    speaker = stage.speaker
    speaker.call(Op.ASSET_DELETE, {"id": lead.created_id})
    speaker.call(Op.ASSET_GET, {"id": lead.created_id})
    speaker.call(Op.CREATE, {**speaker.contract.example(Op.CREATE), "first_frame_url": f"asset://{lead.created_id}"})
    speaker.call(Op.GROUP_DELETE, {"id": "2"})
    speaker.call(Op.ASSET_GET, {"id": other.created_id})
    speaker.call(Op.ASSET_LIST, {"page": 1})
    speaker.call(Op.ASSET_LIST, {"group_id": 2})
    speaker.call(Op.GROUP_LIST)


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (320, 320)).save(content, "PNG")
    return content.getvalue()


def post(stage: Any) -> None:
    """A file, while it is there and when it is no more."""
    speaker = stage.speaker
    head = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n'
    form = {"content-type": "multipart/form-data; boundary=x"}
    posted = speaker.send(Op.FILE_CREATE, "POST", "/api/v1/files", head + picture() + b"\r\n--x--\r\n", headers=form)
    assert posted.file_url, posted
    speaker.fetch(posted.file_url)
    speaker.sleep(7 * 86400 + 1)
    speaker.fetch(posted.file_url)


MONEY = {
    "tariff.standard.720p", "tariff.mini.720p", "tariff.upscale.1080p", "tariff.upscale.720p", "billing",
    "billing.tokens", "billing.completion", "billing.success", "upscale.minimum_seconds", "upscale.billing",
    "upscale.side.1080p", "upscale.side.720p", "upscale.size", "adaptive", "adaptive.none",
    "create.resolution.default", "create.duration.default", "create.aspect_ratio.default",
}  # fmt: skip
LIBRARY = {
    "assets.create.fee", "assets.fee_on_success", "assets.poll", "asset_status", "assets.create.response",
    "assets.create.name", "assets.create.asset_type", "assets.create.url", "assets.create.group_id",
    "assets.create.name.default", "assets.update.rename", "assets.delete", "assets.get", "assets.list",
    "assets.list.paged", "assets.list.group_id", "groups.create", "groups.delete", "groups.delete.cascade",
    "groups.id.text", "groups.list.own", "group_list", "assets.purpose", "assets.usable", "assets.isolated",
    "tasks.isolated", "files", "files.days",
}  # fmt: skip


def everything(stage: Any) -> None:
    spend(stage)
    lead, other = stock(stage)
    pry(stage, lead)
    clear(stage, lead, other)
    post(stage)


def test_nothing_is_contradicted_and_everything_is_looked_at(emulated: Made) -> None:
    stage = emulated("apimodels")
    everything(stage)
    assert [str(failure) for failure in stage.failures()] == []
    assert (MONEY | LIBRARY) - stage.confirmed() == set()


def test_another_key_finds_nothing_of_b_s(emulated: Made) -> None:
    stage = emulated("opeai")
    made = stage.speaker.call(Op.CREATE, stage.speaker.contract.example(Op.CREATE))
    stage.speaker.sleep(9.0)
    for operation in (Op.QUERY, Op.CONTENT):
        stage.speaker.call(operation, params={"task_id": made.created_id}, **SECOND)
    assert [str(failure) for failure in stage.failures()] == []
    assert "tasks.isolated" in stage.confirmed()


def test_a_price_by_tokens_is_settled_and_nothing_else_is_said(emulated: Made) -> None:
    stage = emulated("apimodels", variants={"apimodels.billing": "tokens"})
    everything(stage)
    found = {(failure.fact.id, failure.severity) for failure in stage.failures()}
    assert found == {("apimodels.billing", Severity.INFO)}


def test_errors_that_come_with_200_change_nothing(emulated: Made) -> None:
    stage = emulated("apimodels", variants={"apimodels.errors": "ok"})
    everything(stage)
    found = {(failure.fact.id, failure.severity) for failure in stage.failures()}
    assert found == {("apimodels.errors", Severity.INFO)}
