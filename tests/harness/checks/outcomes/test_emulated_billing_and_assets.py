"""Checks of billing, the asset library and isolation by key against the emulator."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from seedmock_contracts.enums import Operation as Op
from seedmock_contracts.enums import TaskStatus
from seedmock_harness.results.checks import Severity

Factory = Callable[..., Any]
SECOND = {"caller": "second"}
FACE = {"url": "https://example.com/face.png", "asset_type": "Image"}


def run_order(emulator: Any, operation: Op, fate: str = "", **changes: Any) -> Any:
    """Order a task, poll it to its end, fetch its clip, and read its record before and after."""
    driver = emulator.driver
    document = {**driver.contract.example(operation), **changes}
    order = driver.call(operation, document, headers={"x-mock-fate": fate} if fate else None)
    params = {"task_id": order.created_id}
    driver.call(Op.RECORD, params=params)
    for _ in range(9):
        response = driver.call(Op.QUERY, params)
        if response.status in (TaskStatus.SUCCESS, TaskStatus.FAILURE):
            break
        driver.sleep(1.0)
    if response.links:
        driver.fetch(response.links[0])
    driver.call(Op.RECORD, params=params)
    return response


def spend_credits(emulator: Any) -> None:
    driver = emulator.driver
    driver.call(Op.BALANCE)
    first = run_order(emulator, Op.CREATE)
    driver.call(Op.BALANCE)
    driver.call(Op.BALANCE)
    run_order(emulator, Op.CREATE, "failed")
    driver.call(Op.BALANCE)
    driver.call(Op.CREATE, {**driver.contract.example(Op.CREATE), "duration": 99})
    driver.call(Op.BALANCE)
    run_order(emulator, Op.UPSCALE, videoUrl=first.links[0])
    run_order(emulator, Op.UPSCALE, targetResolution="720p")
    run_order(
        emulator, Op.CREATE, model="seedance2-a/seedance-2.0-mini", resolution=None, duration=None, aspect_ratio="1:1"
    )
    run_order(emulator, Op.CREATE, reference_video_urls=[first.links[0]])
    driver.call(Op.BALANCE)


def create_asset(emulator: Any, group: Any, fate: str = "", **changes: Any) -> Any:
    headers = {"x-mock-fate": fate} if fate else None
    asset = emulator.driver.call(Op.ASSET_CREATE, {**FACE, "group_id": group, **changes}, headers=headers)
    for _ in range(3):
        emulator.driver.call(Op.ASSET_GET, {"id": asset.created_id or "none"})
        emulator.driver.sleep(1.0)
    return asset


def fill_library(emulator: Any) -> tuple[Any, Any]:
    """Create two groups with assets and order with two of these; return an asset of each group."""
    driver = emulator.driver
    first_group, second_group = (driver.call(Op.GROUP_CREATE, {"name": name}).data["id"] for name in ("cast", "crew"))
    driver.call(Op.BALANCE)
    lead = create_asset(emulator, first_group, name="lead")
    driver.call(Op.BALANCE)
    failed_asset = create_asset(emulator, first_group, "failed")
    driver.call(Op.BALANCE)
    other_asset = create_asset(emulator, str(second_group))
    driver.call(Op.ASSET_UPDATE, {"id": lead.created_id, "name": "hero"})
    for request in ({}, {"page": 2, "page_size": 2}, {"page": 9}, {"group_id": second_group}):
        driver.call(Op.ASSET_LIST, {"page": 1, **request})
    driver.call(Op.GROUP_LIST)
    run_order(emulator, Op.CREATE, first_frame_url=f"asset://{lead.created_id}")
    driver.call(
        Op.CREATE, {**driver.contract.example(Op.CREATE), "first_frame_url": f"asset://{failed_asset.created_id}"}
    )
    return lead, other_asset


def access_with_second_key(emulator: Any, lead: Any) -> None:
    """Send each operation that must be isolated with the second key."""
    driver = emulator.driver
    task = next(iter(driver.history.tasks))
    driver.call(Op.GROUP_LIST, **SECOND)
    driver.call(Op.ASSET_LIST, {"page": 1}, **SECOND)
    for operation in (Op.ASSET_GET, Op.ASSET_DELETE):
        driver.call(operation, {"id": lead.created_id}, **SECOND)
    driver.call(Op.ASSET_UPDATE, {"id": lead.created_id, "name": "mine"}, **SECOND)
    driver.call(Op.ASSET_LIST, {"group_id": 1}, **SECOND)
    driver.call(Op.ASSET_CREATE, {**FACE, "group_id": 1}, **SECOND)
    driver.call(Op.GROUP_DELETE, {"id": 1}, **SECOND)
    driver.call(Op.QUERY, {"task_id": task}, **SECOND)
    driver.call(Op.RECORD, params={"task_id": task}, **SECOND)
    driver.call(
        Op.CREATE, {**driver.contract.example(Op.CREATE), "first_frame_url": f"asset://{lead.created_id}"}, **SECOND
    )
    driver.call(Op.GROUP_CREATE, {"name": "mine"}, **SECOND)
    driver.call(Op.GROUP_LIST, **SECOND)
    driver.call(Op.GROUP_LIST)


def delete_library(emulator: Any, lead: Any, other_asset: Any) -> None:
    driver = emulator.driver
    driver.call(Op.ASSET_DELETE, {"id": lead.created_id})
    driver.call(Op.ASSET_GET, {"id": lead.created_id})
    driver.call(Op.CREATE, {**driver.contract.example(Op.CREATE), "first_frame_url": f"asset://{lead.created_id}"})
    driver.call(Op.GROUP_DELETE, {"id": "2"})
    driver.call(Op.ASSET_GET, {"id": other_asset.created_id})
    driver.call(Op.ASSET_LIST, {"page": 1})
    driver.call(Op.ASSET_LIST, {"group_id": 2})
    driver.call(Op.GROUP_LIST)


def png_bytes() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (320, 320)).save(content, "PNG")
    return content.getvalue()


def upload_file(emulator: Any) -> None:
    """Upload a file and fetch it before and after it expires."""
    driver = emulator.driver
    head = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n'
    form = {"content-type": "multipart/form-data; boundary=x"}
    upload = driver.send(Op.FILE_CREATE, "POST", "/api/v1/files", head + png_bytes() + b"\r\n--x--\r\n", headers=form)
    assert upload.file_url, upload
    driver.fetch(upload.file_url)
    driver.sleep(7 * 86400 + 1)
    driver.fetch(upload.file_url)


BILLING_FACTS = {
    "tariff.standard.720p", "tariff.mini.720p", "tariff.upscale.1080p", "tariff.upscale.720p", "billing",
    "billing.tokens", "billing.completion", "billing.success", "upscale.minimum_seconds", "upscale.billing",
    "upscale.side.1080p", "upscale.side.720p", "upscale.size", "adaptive", "adaptive.none",
    "create.resolution.default", "create.duration.default", "create.aspect_ratio.default",
}  # fmt: skip
ASSET_FACTS = {
    "assets.create.fee", "assets.fee_on_success", "assets.poll", "asset_status", "assets.create.response",
    "assets.create.name", "assets.create.asset_type", "assets.create.url", "assets.create.group_id",
    "assets.create.name.default", "assets.update.rename", "assets.delete", "assets.get", "assets.list",
    "assets.list.paged", "assets.list.group_id", "groups.create", "groups.delete", "groups.delete.cascade",
    "groups.id.text", "groups.list.own", "group_list", "assets.purpose", "assets.usable", "assets.isolated",
    "tasks.isolated", "files", "files.days",
}  # fmt: skip


def exercise_everything(emulator: Any) -> None:
    spend_credits(emulator)
    lead, other_asset = fill_library(emulator)
    access_with_second_key(emulator, lead)
    delete_library(emulator, lead, other_asset)
    upload_file(emulator)


def test_emulated_billing_and_assets_pass_all_checks(start_emulator: Factory) -> None:
    emulator = start_emulator("apimodels")
    exercise_everything(emulator)
    assert [str(failure) for failure in emulator.failures()] == []
    assert (BILLING_FACTS | ASSET_FACTS) - emulator.confirmed() == set()


def test_opeai_tasks_are_isolated_by_key(start_emulator: Factory) -> None:
    emulator = start_emulator("opeai")
    order = emulator.driver.call(Op.CREATE, emulator.driver.contract.example(Op.CREATE))
    emulator.driver.sleep(9.0)
    for operation in (Op.QUERY, Op.CONTENT):
        emulator.driver.call(operation, params={"task_id": order.created_id}, **SECOND)
    assert [str(failure) for failure in emulator.failures()] == []
    assert "tasks.isolated" in emulator.confirmed()


def test_price_by_tokens_is_the_only_finding(start_emulator: Factory) -> None:
    emulator = start_emulator("apimodels", variants={"apimodels.billing": "tokens"})
    exercise_everything(emulator)
    failures = {(failure.fact.id, failure.severity) for failure in emulator.failures()}
    assert failures == {("apimodels.billing", Severity.INFO)}


def test_error_status_200_is_the_only_finding(start_emulator: Factory) -> None:
    emulator = start_emulator("apimodels", variants={"apimodels.errors": "ok"})
    exercise_everything(emulator)
    failures = {(failure.fact.id, failure.severity) for failure in emulator.failures()}
    assert failures == {("apimodels.errors", Severity.INFO)}
