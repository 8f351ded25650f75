"""Assets, groups, files, balance, models and records of apimodels."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from seedmock_client import (
    BalanceError,
    ConnectionFailedError,
    InputModerationError,
    MediaKind,
    NotFoundError,
    SubmissionUnknownError,
    UpstreamError,
    UsageError,
    ValidationError,
)

from .conftest import ClientCaller
from .scripted_api import ScriptedApi

PREFIX = "/api/v1"
GROUP = {"code": 200, "msg": "success", "data": {"id": 1, "group_name": "group-20260601120000-abcde"}}
ASSET = {
    "code": 200, "msg": "success",
    "data": {"id": "asset-1", "asset_url": "asset://asset-1", "status": "Processing", "name": "host", "group_id": 1},
}  # fmt: skip
EMPTY = {"code": 200, "msg": "success", "data": {}}


def sent(api: ScriptedApi, index: int = 0) -> Any:
    return json.loads(api.requests[index].content)


def test_a_group_has_the_name_of_the_caller_and_of_the_upstream(call_client: ClientCaller) -> None:
    api = ScriptedApi(GROUP)
    group = call_client("apimodels", api, "create_group", "my-characters")
    assert (group.id, group.name, group.group_name) == ("1", "my-characters", "group-20260601120000-abcde")
    assert (api.paths, sent(api)) == ([f"POST {PREFIX}/assets/groups"], {"name": "my-characters"})


@pytest.mark.parametrize(
    "data",
    [
        [{"id": 7, "group_name": "group-x", "name": "cast"}],
        {"items": [{"id": 7, "group_name": "cast"}]},
        {"groups": [{"id": 7, "title": "cast"}]},
        {"data": [{"id": 7, "name": "cast"}]},
    ],
)
def test_ensure_group_finds_an_existing_group_in_every_form_of_list(call_client: ClientCaller, data: Any) -> None:
    api = ScriptedApi({"code": 200, "data": data})
    assert call_client("apimodels", api, "ensure_group", "cast").id == "7"
    assert api.paths == [f"GET {PREFIX}/assets/groups"]


def test_ensure_group_creates_a_missing_group(call_client: ClientCaller) -> None:
    api = ScriptedApi({"code": 200, "data": []}, GROUP)
    assert call_client("apimodels", api, "ensure_group", "cast").id == "1"
    assert [request.method for request in api.requests] == ["GET", "POST"]


def test_create_asset_sends_the_documented_body(call_client: ClientCaller) -> None:
    api = ScriptedApi(ASSET)
    asset = call_client("apimodels", api, "create_asset", "https://example.com/portrait.png", "1", name="host")
    assert (asset.id, asset.url, asset.status, asset.group_id) == ("asset-1", "asset://asset-1", "Processing", "1")
    assert sent(api) == {
        "url": "https://example.com/portrait.png", "asset_type": "Image", "name": "host", "group_id": 1,
    }  # fmt: skip


def test_create_asset_is_not_repeated_after_a_lost_response(call_client: ClientCaller) -> None:
    api = ScriptedApi(httpx.ReadTimeout("x"))
    with pytest.raises(SubmissionUnknownError):
        call_client("apimodels", api, "create_asset", "https://e.com/p.png", "1")
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("response", "class_"),
    [
        ((422, {"code": 422, "msg": "cannot fetch"}), InputModerationError),
        ((402, {"code": 402, "msg": "balance"}), BalanceError),
        ((404, {"code": 404, "msg": "group not found"}), NotFoundError),
        ((200, {"code": 200, "data": {}}), SubmissionUnknownError),
        (httpx.Response(200, text="<html>"), SubmissionUnknownError),
        (httpx.Response(200), SubmissionUnknownError),
    ],
)
def test_an_error_response_to_create_asset_has_its_exception(
    call_client: ClientCaller, response: Any, class_: type[Exception]
) -> None:
    with pytest.raises(class_):
        call_client("apimodels", ScriptedApi(response), "create_asset", "https://e.com/p.png", "1")


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("create_asset", ("data:image/png;base64,AA", "1")),
        ("create_asset", ("https://e.com/p.png", "one")),
        ("create_group", ("",)),
        ("create_group", ("x" * 65,)),
        ("rename_asset", ("asset-1", "x" * 65)),
        ("delete_group", ("one",)),
        ("list_assets", (None,)),
    ],
)
def test_rules_of_assets_and_groups_are_checked_before_any_request(
    call_client: ClientCaller, operation: str, arguments: tuple[Any, ...]
) -> None:
    api = ScriptedApi(EMPTY)
    options = {"page_size": 101} if operation == "list_assets" else {}
    with pytest.raises(ValidationError):
        call_client("apimodels", api, operation, *arguments, **options)
    assert api.requests == []


def test_wait_asset_takes_an_id_or_a_url(call_client: ClientCaller) -> None:
    active = {"code": 200, "data": {"id": "asset-1", "status": "Active"}}
    api = ScriptedApi(ASSET, active)
    assert call_client("apimodels", api, "wait_asset", "asset://asset-1", poll_seconds=1).status == "Active"
    assert (sent(api), call_client.pauses) == ({"id": "asset-1"}, [1.0])


def test_assets_are_listed_renamed_and_deleted(call_client: ClientCaller) -> None:
    page = {"code": 200, "data": {"items": [ASSET["data"]], "total": 11, "page": 2, "page_size": 10}}
    api = ScriptedApi(page)
    assets = call_client("apimodels", api, "list_assets", "1", page=2)
    assert ([asset.id for asset in assets.items], assets.total) == (["asset-1"], 11)
    assert sent(api) == {"page": 2, "page_size": 10, "group_id": 1}
    api = ScriptedApi(EMPTY)
    call_client("apimodels", api, "rename_asset", "asset-1", "hero")
    call_client("apimodels", api, "delete_asset", "asset://asset-1")
    call_client("apimodels", api, "delete_group", "1")
    assert api.paths == [f"POST {PREFIX}/assets/{path}" for path in ("update", "delete", "groups/delete")]
    assert [sent(api, index) for index in range(3)] == [
        {"id": "asset-1", "name": "hero"},
        {"id": "asset-1"},
        {"id": 1},
    ]


def test_a_blank_id_is_a_usage_error(call_client: ClientCaller) -> None:
    for upstream, operation in (("apimodels", "get_asset"), ("apimodels", "query"), ("opeai", "query")):
        with pytest.raises(UsageError, match="id is required"):
            call_client(upstream, ScriptedApi(EMPTY), operation, " ")


@pytest.mark.parametrize("data", [{"balance": 12.34}, {"balance": "12.34"}, {"credits": 12.34}])
def test_a_balance_is_read_as_an_exact_decimal(call_client: ClientCaller, data: Any) -> None:
    assert call_client("apimodels", ScriptedApi({"code": 200, "data": data}), "balance") == Decimal("12.34")


@pytest.mark.parametrize("data", [{}, {"balance": None}, {"balance": True}, {"balance": "lots"}])
def test_a_missing_balance_is_an_error(call_client: ClientCaller, data: Any) -> None:
    with pytest.raises(UpstreamError, match="unreadable"):
        call_client("apimodels", ScriptedApi({"code": 200, "data": data}), "balance")


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [("list_groups", ()), ("list_assets", ()), ("upload", (__file__,)), ("create_group", ("x",))],
)
@pytest.mark.parametrize(
    "body", [httpx.Response(200, text="[]"), {"code": 200, "data": {}}, {"code": 200, "data": None}]
)
def test_a_success_without_the_expected_content_is_an_error(
    call_client: ClientCaller, operation: str, arguments: tuple[Any, ...], body: Any
) -> None:
    with pytest.raises(UpstreamError, match="unreadable"):
        call_client("apimodels", ScriptedApi(body), operation, *arguments)


def test_models_and_records_are_read(call_client: ClientCaller) -> None:
    rows = {"data": [{"id": "m", "modality": "video", "endpoint": "/video/generations"}]}
    assert [entry.id for entry in call_client("apimodels", ScriptedApi(rows), "models")] == ["m"]
    api = ScriptedApi({"code": 200, "data": {"settled": True, "credits": 0.588, "currency": "USD"}})
    charge = call_client("apimodels", api, "record", "cl1")
    assert (charge.settled, charge.amount, api.paths) == (True, Decimal("0.588"), [f"GET {PREFIX}/records/cl1"])


def test_models_of_opeai_are_read(call_client: ClientCaller) -> None:
    api = ScriptedApi({"object": "list", "data": [{"id": "seedance-2-0", "object": "model"}, "x"], "success": True})
    assert [entry.id for entry in call_client("opeai", api, "models")] == ["seedance-2-0"]
    assert api.paths == ["GET /v1/models"]
    with pytest.raises(UpstreamError, match="unreadable"):
        call_client("opeai", ScriptedApi({"object": "list"}), "models")


def test_upload_returns_the_public_url(call_client: ClientCaller, tmp_path: Path) -> None:
    clip = tmp_path / "v.mp4"
    clip.write_bytes(b"video")
    api = ScriptedApi({"code": 200, "data": {"publicUrl": "https://files.test/v.mp4"}})
    assert call_client("apimodels", api, "upload", clip, MediaKind.VIDEO) == "https://files.test/v.mp4"
    assert b"Content-Type: video/mp4" in api.requests[0].content


def test_a_failed_connection_of_a_free_request_is_reported_as_such(call_client: ClientCaller) -> None:
    with pytest.raises(ConnectionFailedError, match="ConnectError: refused"):
        call_client("apimodels", ScriptedApi(httpx.ConnectError("refused")), "balance")
