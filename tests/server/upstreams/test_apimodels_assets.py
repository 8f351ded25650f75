"""Asset library of apimodels."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

OTHER = "sk_test_somebody_else"
ORDER = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "Our host waves", "duration": 4}
SLOTS = ("first_frame_url", "last_frame_url", "reference_image_urls", "reference_video_urls", "reference_audio_urls")


def group(server: Any, name: str = "cast", **more: Any) -> int:
    return int(server.post("/api/v1/assets/groups", {"name": name}, **more).json()["data"]["id"])


def asset(server: Any, group_id: Any = 1, **changes: Any) -> dict[str, Any]:
    key = {"key": changes.pop("key")} if "key" in changes else {}
    document = {"url": "https://media.example.org/host.png", "asset_type": "Image", "group_id": group_id, **changes}
    response = server.post("/api/v1/assets", document, **key)
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


def ask(server: Any, path: str, document: dict[str, Any], **more: Any) -> Any:
    return server.post(f"/api/v1/assets{path}", document, **more)


@pytest.mark.parametrize("base", ["/api/v1", "/v1"])
def test_the_walkthrough_of_the_page_works(slow_server: Any, base: str) -> None:
    created = slow_server.post(f"{base}/assets/groups", {"name": "my-characters"}).json()
    assert created["code"] == 200
    assert created["data"]["id"] == 1
    assert re.fullmatch(r"group-\d{14}-[0-9a-z]{5}", created["data"]["group_name"])
    document = {"url": "https://media.example.org/p.png", "asset_type": "Image", "name": "host", "group_id": 1}
    created = slow_server.post(f"{base}/assets", document).json()["data"]
    assert re.fullmatch(r"asset-\d{14}-[0-9a-z]{5}", created["id"])
    assert created == {"id": created["id"], "asset_url": f"asset://{created['id']}", "status": "Processing"}

    def status() -> str:
        return str(slow_server.post(f"{base}/assets/get", {"id": created["id"]}).json()["data"]["status"])

    assert status() == "Processing"
    slow_server.clock.advance(1)
    assert status() == "Active"
    order = {**ORDER, "reference_image_urls": [created["asset_url"]]}
    assert slow_server.post(f"{base}/video/generations", order).status_code == 200


def test_groups_are_listed_in_order_with_both_of_their_names(server: Any) -> None:
    assert server.get("/api/v1/assets/groups").json()["data"] == []
    for name in ("cast", "props", "\u96ea" * 64):
        group(server, name)
    groups = server.get("/api/v1/assets/groups").json()["data"]
    assert [(item["id"], item["name"]) for item in groups] == [(1, "cast"), (2, "props"), (3, "\u96ea" * 64)]
    assert all(item["group_name"].startswith("group-") for item in groups)


def test_an_asset_has_the_documented_fields(in_process_server: Any) -> None:
    group(in_process_server)
    created = asset(in_process_server, name="host")
    response = ask(in_process_server, "/get", {"id": created["id"]})
    assert response.json()["data"] == {
        "id": created["id"],
        "name": "host",
        "asset_type": "Image",
        "asset_url": created["asset_url"],
        "url": "https://media.example.org/host.png",
        "group_id": 1,
        "status": "Active",
        "created_at": int(in_process_server.clock.now()),
    }
    assert response.headers["x-mock-basis"] == "assumed"


@pytest.mark.parametrize("group_id", [1, "1", 1.0, "1.0", " 1 ", "+1", "01"])
def test_a_group_id_is_accepted_as_number_and_as_text(in_process_server: Any, group_id: Any) -> None:
    group(in_process_server)
    created = asset(in_process_server, group_id)
    assert ask(in_process_server, "/list", {"group_id": group_id}).json()["data"]["total"] == 1
    assert ask(in_process_server, "/get", {"id": created["id"]}).json()["data"]["group_id"] == 1
    assert ask(in_process_server, "/groups/delete", {"id": group_id}).json() == {
        "code": 200,
        "msg": "success",
        "data": {},
    }


@pytest.mark.parametrize("group_id", [2, 0, -1, "2", 1e300, 10**30, "9" * 18])
def test_an_unknown_group_is_a_404(in_process_server: Any, group_id: Any) -> None:
    group(in_process_server)
    document = {"url": "https://media.example.org/host.png", "asset_type": "Image", "group_id": group_id}
    responses = [
        ask(in_process_server, "", document),
        ask(in_process_server, "/list", {"group_id": group_id}),
        ask(in_process_server, "/groups/delete", {"id": group_id}),
    ]
    assert [response.json() for response in responses] == [{"code": 404, "msg": "group not found", "data": None}] * 3
    assert [response.status_code for response in responses] == [404] * 3


def test_assets_are_listed_by_page_oldest_first(server: Any) -> None:
    ids = [asset(server, group(server) and 1, name=str(number))["id"] for number in range(3)]
    ids += [asset(server, 2)["id"] for _ in range(2)]

    def page(**query: Any) -> tuple[list[str], int, int, int]:
        data = ask(server, "/list", query).json()["data"]
        return [item["id"] for item in data["items"]], data["total"], data["page"], data["page_size"]

    assert page() == (ids, 5, 1, 10)
    assert page(page=1, page_size=2) == (ids[:2], 5, 1, 2)
    assert page(page="3", page_size="2") == (ids[4:], 5, 3, 2)
    assert page(page=4, page_size=2) == ([], 5, 4, 2)
    assert page(group_id=2) == (ids[3:], 2, 1, 10)
    assert page(page=1, page_size=2, group_id=1)[0] == ids[:2]


@pytest.mark.parametrize("query", [{"page": 10**17}, {"page": 1e30}, {"page": "9" * 18}, {"page": 1e300}])
def test_a_page_beyond_all_pages_is_empty(in_process_server: Any, query: dict[str, Any]) -> None:
    response = ask(in_process_server, "/list", query)
    assert (response.status_code, response.json()["data"]["items"]) == (200, [])


@pytest.mark.parametrize("query", [{"page": 0}, {"page": -1}, {"page_size": 0}, {"page_size": 10**9}, {"page": 1.5}])
def test_an_invalid_page_is_rejected(in_process_server: Any, query: dict[str, Any]) -> None:
    response = ask(in_process_server, "/list", query)
    assert (response.status_code, next(iter(query)) in response.json()["msg"]) == (400, True)


def test_a_rename_changes_the_name_and_nothing_else(server: Any) -> None:
    group(server)
    first, second = (asset(server, name=name)["id"] for name in ("a", "b"))
    before = ask(server, "/get", {"id": first}).json()["data"]
    response = ask(server, "/update", {"id": first, "name": "hero", "url": "https://media.example.org/other.png"})
    assert response.json()["data"] == {"id": first, "name": "hero"}
    assert ask(server, "/get", {"id": first}).json()["data"] == {**before, "name": "hero"}
    assert [item["id"] for item in ask(server, "/list", {}).json()["data"]["items"]] == [first, second]


def test_a_deleted_asset_is_gone_and_a_second_delete_finds_nothing(server: Any) -> None:
    group(server)
    created = asset(server)
    assert ask(server, "/delete", {"id": created["id"]}).json()["code"] == 200
    for path in ("/get", "/delete"):
        response = ask(server, path, {"id": created["id"]})
        assert (response.status_code, response.json()["msg"]) == (404, "asset not found")
    order = {**ORDER, "reference_image_urls": [created["asset_url"]]}
    assert server.post("/api/v1/video/generations", order).status_code == 400


def test_deleting_a_group_takes_its_assets_and_no_others(server: Any) -> None:
    mine, other = group(server), group(server)
    deleted, remaining = asset(server, mine)["id"], asset(server, other)["id"]
    assert ask(server, "/groups/delete", {"id": mine}).status_code == 200
    assert [item["id"] for item in ask(server, "/list", {}).json()["data"]["items"]] == [remaining]
    assert ask(server, "/get", {"id": deleted}).status_code == 404
    assert [item["id"] for item in server.get("/api/v1/assets/groups").json()["data"]] == [other]
    assert ask(server, "/groups/delete", {"id": mine}).status_code == 404
    assert [group(server), group(server)] == [3, 4]


def test_keys_do_not_see_each_other_s_assets(server: Any) -> None:
    group(server)
    created = asset(server)
    assert server.get("/api/v1/assets/groups", key=OTHER).json()["data"] == []
    assert ask(server, "/list", {}, key=OTHER).json()["data"]["total"] == 0
    for path, document in (
        ("/get", {"id": created["id"]}),
        ("/update", {"id": created["id"], "name": "mine"}),
        ("/delete", {"id": created["id"]}),
        ("/groups/delete", {"id": 1}),
        ("/list", {"group_id": 1}),
        ("", {"url": "https://media.example.org/a.png", "asset_type": "Image", "group_id": 1}),
    ):
        assert ask(server, path, document, key=OTHER).status_code == 404
    assert ask(server, "/get", {"id": created["id"]}).json()["data"]["name"] == ""
    assert group(server, key=OTHER) == 1


@pytest.mark.parametrize("slot", [*SLOTS, "videoUrl"])
def test_an_asset_can_be_referred_to_only_when_it_is_active_and_of_this_key(slow_server: Any, slot: str) -> None:
    kind = {"reference_video_urls": "Video", "videoUrl": "Video", "reference_audio_urls": "Audio"}.get(slot, "Image")
    group(slow_server)
    group(slow_server, key=OTHER)
    ours, theirs = (asset(slow_server, asset_type=kind, **more) for more in ({}, {"key": OTHER}))

    def order(url: str) -> Any:
        if slot == "videoUrl":
            document: dict[str, Any] = {"model": "video-upscale", "videoUrl": url, "targetResolution": "720p"}
        else:
            others: dict[str, dict[str, Any]] = {
                "last_frame_url": {"first_frame_url": "https://media.example.org/a.png"},
                "reference_audio_urls": {"reference_image_urls": ["https://media.example.org/a.png"]},
            }
            document = {**ORDER, **others.get(slot, {}), slot: [url] if slot.endswith("s") else url}
        return slow_server.post("/api/v1/video/generations", document)

    refused = [order(url) for url in ("asset://asset-20260601120000-zzzzz", ours["asset_url"])]
    slow_server.clock.advance(1)
    refused.append(order(theirs["asset_url"]))
    for response, message in zip(refused, ("does not exist", "is Processing", "does not exist"), strict=True):
        body = response.json()
        assert (response.status_code, body["msg"], body["data"]["failCode"]) == (400, "invalid input", "INVALID_INPUT")
        assert body["data"]["failMsg"].startswith(slot)
        assert message in body["data"]["failMsg"]
    assert order(ours["asset_url"]).status_code == 200


def test_an_asset_from_a_posted_file_is_the_picture(
    in_process_server: Any, picture: Callable[..., bytes], watch: Callable[[bytes], dict[str, Any]]
) -> None:
    group(in_process_server)
    created = asset(in_process_server, url=in_process_server.post_file(picture("blue")))
    task = in_process_server.query_apimodels(in_process_server.order_apimodels(first_frame_url=created["asset_url"]))
    red, green, blue = watch(in_process_server.get(task["resultUrls"][0], key=None).content)["first"].getpixel(
        (480, 480)
    )
    assert blue > 200 > 60 > max(red, green)


def test_a_fee_is_on_hold_during_processing_and_charged_on_success(
    slow_server: Any, picture: Callable[..., bytes]
) -> None:
    group(slow_server)
    asset(slow_server)
    asset(slow_server, url=slow_server.post_file(picture("red", 200, 200)))
    asset(slow_server, url=slow_server.post_file(picture()), asset_type="Video")
    assert slow_server.balance() == pytest.approx(999.97)
    slow_server.clock.advance(1)
    assert slow_server.balance() == pytest.approx(999.99)
    items = ask(slow_server, "/list", {}).json()["data"]["items"]
    assert [item["status"] for item in items] == ["Active", "Failed", "Failed"]
    assert [item.get("error", {}).get("code") for item in items] == [None, "WidthTooSmall", "TypeMismatch"]
    ask(slow_server, "/delete", {"id": items[0]["id"]})
    assert slow_server.balance() == pytest.approx(999.99)


@pytest.mark.parametrize(
    "url", ["http://10.1.2.3/face.png", "http://localhost:9/face.png", "{origin}/_mock/files/no/a"]
)
def test_an_asset_with_an_unreadable_file_is_refused_and_free(server: Any, url: str) -> None:
    group(server)
    document = {"url": url.format(origin=server.origin), "asset_type": "Image", "group_id": 1}
    response = ask(server, "", document)
    assert (response.status_code, response.json()["code"]) == (422, 422)
    assert ask(server, "/list", {}).json()["data"]["total"] == 0
    assert server.balance() == 1000


@pytest.mark.parametrize("asset_id", ["asset-1", "", "../x", "\x00", "asset://asset-1", "x" * 10000])
def test_an_unknown_asset_is_a_404(in_process_server: Any, asset_id: str) -> None:
    for path, more in (("/get", {}), ("/update", {"name": "x"}), ("/delete", {})):
        response = ask(in_process_server, path, {"id": asset_id, **more})
        assert response.status_code == (404 if asset_id else 400)
        assert list(response.json()) == ["code", "msg", "data"]
