"""A's asset library, files, money and models, over both drivers."""

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

PREFIX = "/api/v1"
GROUP = {"code": 200, "msg": "success", "data": {"id": 1, "group_name": "group-20260601120000-abcde"}}
ASSET = {
    "code": 200, "msg": "success",
    "data": {"id": "asset-1", "asset_url": "asset://asset-1", "status": "Processing", "name": "host", "group_id": 1},
}  # fmt: skip
DONE = {"code": 200, "msg": "success", "data": {}}


def sent(wire: Any, index: int = 0) -> Any:
    return json.loads(wire.requests[index].content)


def test_a_group_has_the_callers_name_and_the_upstreams(talk: Any, Script: Any) -> None:
    wire = Script(GROUP)
    group = talk("apimodels", wire, "create_group", "my-characters")
    assert (group.id, group.name, group.group_name) == ("1", "my-characters", "group-20260601120000-abcde")
    assert (wire.paths, sent(wire)) == ([f"POST {PREFIX}/assets/groups"], {"name": "my-characters"})


@pytest.mark.parametrize(
    "data",
    [
        [{"id": 7, "group_name": "group-x", "name": "cast"}],
        {"items": [{"id": 7, "group_name": "cast"}]},
        {"groups": [{"id": 7, "title": "cast"}]},
        {"data": [{"id": 7, "name": "cast"}]},
    ],
)
def test_a_group_that_is_there_is_found_in_every_form_of_list_and_not_made_again(
    talk: Any, Script: Any, data: Any
) -> None:
    wire = Script({"code": 200, "data": data})
    assert talk("apimodels", wire, "ensure_group", "cast").id == "7"
    assert wire.paths == [f"GET {PREFIX}/assets/groups"]


def test_a_group_that_is_not_there_is_made(talk: Any, Script: Any) -> None:
    wire = Script({"code": 200, "data": []}, GROUP)
    assert talk("apimodels", wire, "ensure_group", "cast").id == "1"
    assert [request.method for request in wire.requests] == ["GET", "POST"]


def test_an_asset_is_registered_as_the_page_shows(talk: Any, Script: Any) -> None:
    wire = Script(ASSET)
    asset = talk("apimodels", wire, "create_asset", "https://example.com/portrait.png", "1", name="host")
    assert (asset.id, asset.url, asset.status, asset.group_id) == ("asset-1", "asset://asset-1", "Processing", "1")
    assert sent(wire) == {
        "url": "https://example.com/portrait.png", "asset_type": "Image", "name": "host", "group_id": 1,
    }  # fmt: skip


def test_an_asset_whose_answer_is_lost_may_be_charged_and_is_not_sent_again(talk: Any, Script: Any) -> None:
    wire = Script(httpx.ReadTimeout("x"))
    with pytest.raises(SubmissionUnknownError):
        talk("apimodels", wire, "create_asset", "https://e.com/p.png", "1")
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("answer", "class_"),
    [
        ((422, {"code": 422, "msg": "cannot fetch"}), InputModerationError),
        ((402, {"code": 402, "msg": "balance"}), BalanceError),
        ((404, {"code": 404, "msg": "group not found"}), NotFoundError),
        ((200, {"code": 200, "data": {}}), SubmissionUnknownError),
        (httpx.Response(200, text="<html>"), SubmissionUnknownError),
        (httpx.Response(200), SubmissionUnknownError),
    ],
)
def test_an_asset_can_be_refused(talk: Any, Script: Any, answer: Any, class_: type[Exception]) -> None:
    with pytest.raises(class_):
        talk("apimodels", Script(answer), "create_asset", "https://e.com/p.png", "1")


@pytest.mark.parametrize(
    ("verb", "arguments"),
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
def test_the_rules_of_the_library_are_kept_before_anything_is_sent(
    talk: Any, Script: Any, verb: str, arguments: tuple[Any, ...]
) -> None:
    wire = Script(DONE)
    more = {"page_size": 101} if verb == "list_assets" else {}
    with pytest.raises(ValidationError):
        talk("apimodels", wire, verb, *arguments, **more)
    assert wire.requests == []


def test_an_asset_is_waited_for_under_its_id_or_its_url(talk: Any, Script: Any) -> None:
    active = {"code": 200, "data": {"id": "asset-1", "status": "Active"}}
    wire = Script(ASSET, active)
    assert talk("apimodels", wire, "wait_asset", "asset://asset-1", poll_seconds=1).status == "Active"
    assert (sent(wire), talk.slept) == ({"id": "asset-1"}, [1.0])


def test_assets_are_listed_renamed_and_deleted(talk: Any, Script: Any) -> None:
    page = {"code": 200, "data": {"items": [ASSET["data"]], "total": 11, "page": 2, "page_size": 10}}
    wire = Script(page)
    found = talk("apimodels", wire, "list_assets", "1", page=2)
    assert ([asset.id for asset in found.items], found.total) == (["asset-1"], 11)
    assert sent(wire) == {"page": 2, "page_size": 10, "group_id": 1}
    wire = Script(DONE)
    talk("apimodels", wire, "rename_asset", "asset-1", "hero")
    talk("apimodels", wire, "delete_asset", "asset://asset-1")
    talk("apimodels", wire, "delete_group", "1")
    assert wire.paths == [f"POST {PREFIX}/assets/{path}" for path in ("update", "delete", "groups/delete")]
    assert [sent(wire, index) for index in range(3)] == [
        {"id": "asset-1", "name": "hero"},
        {"id": "asset-1"},
        {"id": 1},
    ]


def test_a_blank_id_is_no_id(talk: Any, Script: Any) -> None:
    for upstream, verb in (("apimodels", "get_asset"), ("apimodels", "query"), ("opeai", "query")):
        with pytest.raises(UsageError, match="id is needed"):
            talk(upstream, Script(DONE), verb, " ")


@pytest.mark.parametrize("data", [{"balance": 12.34}, {"balance": "12.34"}, {"credits": 12.34}])
def test_money_is_read_exactly(talk: Any, Script: Any, data: Any) -> None:
    assert talk("apimodels", Script({"code": 200, "data": data}), "balance") == Decimal("12.34")


@pytest.mark.parametrize("data", [{}, {"balance": None}, {"balance": True}, {"balance": "lots"}])
def test_a_balance_that_says_nothing_is_an_error(talk: Any, Script: Any, data: Any) -> None:
    with pytest.raises(UpstreamError, match="unreadable"):
        talk("apimodels", Script({"code": 200, "data": data}), "balance")


@pytest.mark.parametrize(
    ("verb", "arguments"), [("list_groups", ()), ("list_assets", ()), ("upload", (__file__,)), ("create_group", ("x",))]
)
@pytest.mark.parametrize(
    "body", [httpx.Response(200, text="[]"), {"code": 200, "data": {}}, {"code": 200, "data": None}]
)
def test_a_good_answer_without_what_was_asked_for_is_an_error(
    talk: Any, Script: Any, verb: str, arguments: tuple[Any, ...], body: Any
) -> None:
    with pytest.raises(UpstreamError, match="unreadable"):
        talk("apimodels", Script(body), verb, *arguments)


def test_models_and_records_are_read(talk: Any, Script: Any) -> None:
    rows = {"data": [{"id": "m", "modality": "video", "endpoint": "/video/generations"}]}
    assert [entry.id for entry in talk("apimodels", Script(rows), "models")] == ["m"]
    wire = Script({"code": 200, "data": {"settled": True, "credits": 0.588, "currency": "USD"}})
    charge = talk("apimodels", wire, "record", "cl1")
    assert (charge.settled, charge.amount, wire.paths) == (True, Decimal("0.588"), [f"GET {PREFIX}/records/cl1"])


def test_a_file_goes_up_and_its_address_comes_back(talk: Any, Script: Any, tmp_path: Path) -> None:
    clip = tmp_path / "v.mp4"
    clip.write_bytes(b"film")
    wire = Script({"code": 200, "data": {"publicUrl": "https://files.test/v.mp4"}})
    assert talk("apimodels", wire, "upload", clip, MediaKind.VIDEO) == "https://files.test/v.mp4"
    assert b"Content-Type: video/mp4" in wire.requests[0].content


def test_a_question_without_an_answer_bought_nothing(talk: Any, Script: Any) -> None:
    with pytest.raises(ConnectionFailedError, match="ConnectError: refused"):
        talk("apimodels", Script(httpx.ConnectError("refused")), "balance")
