"""Fates of assets, by header, by rule and by magic URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_server.fates.models import fail_codes, parse_outcomes
from seedmock_server.fates.rules import parse_fate_rule

PICTURE = "https://mock.test/not-a-face.png"
CODES = list(fail_codes(get_contract("apimodels"), "asset_create"))


class Assets:
    """Asset library of one key."""

    def __init__(self, server: Any, app: Any) -> None:
        self.server, self.app = server, app
        self.group = server.post("/api/v1/assets/groups", {"name": "cast"}).json()["data"]["id"]

    def create(self, fate: str = "", *, url: str = PICTURE, kind: str = "Image") -> Any:
        headers = {"X-Mock-Fate": fate} if fate else {}
        document = {"url": url, "asset_type": kind, "group_id": self.group}
        return self.server.post("/api/v1/assets", document, headers=headers)

    def get(self, asset_id: str) -> dict[str, Any]:
        body: dict[str, Any] = self.server.post("/api/v1/assets/get", {"id": asset_id}).json()["data"]
        return body

    def create_id(self, *args: Any, **more: Any) -> str:
        response = self.create(*args, **more)
        assert response.status_code == 200, response.text
        return str(response.json()["data"]["id"])

    def fails(self, asset_id: str) -> tuple[str, str | None]:
        self.server.clock.advance(3600)
        body = self.get(asset_id)
        return body["status"], body.get("error", {}).get("code")


@pytest.fixture(params=["in process", "on a socket"])
def assets(request: pytest.FixtureRequest, start_server: Callable[..., Any], apps: Any) -> Assets:
    server = start_server(request.param, pace="fast")
    return Assets(server, apps[-1])


@pytest.fixture
def in_process_apimodels(start_server: Callable[..., Any], apps: Any) -> Assets:
    server = start_server(pace="fast")
    return Assets(server, apps[-1])


def test_an_asset_becomes_active_after_the_time_of_its_fate(assets: Assets) -> None:
    asset_id = assets.create_id("active after=90s")
    assets.server.clock.advance(89)
    assert assets.get(asset_id)["status"] == "Processing"
    assets.server.clock.advance(1)
    assert assets.get(asset_id)["status"] == "Active"


def test_an_asset_without_a_fate_becomes_active(in_process_apimodels: Assets) -> None:
    in_process_apimodels.app.fates.default = parse_outcomes("refused")
    in_process_apimodels.app.fates.add(parse_fate_rule({"fate": "refused"}))
    assert in_process_apimodels.fails(in_process_apimodels.create_id()) == ("Active", None)


@pytest.mark.parametrize("code", CODES)
def test_an_asset_fails_with_each_code(in_process_apimodels: Assets, code: str) -> None:
    asset_id = in_process_apimodels.create_id(f"failed code={code} after=5s")
    in_process_apimodels.server.clock.advance(4.9)
    assert in_process_apimodels.get(asset_id)["status"] == "Processing"
    assert in_process_apimodels.fails(asset_id) == ("Failed", code)
    assert in_process_apimodels.server.balance() == 1000
    order = {"model": "seedance2-a/seedance-2.0-a", "prompt": "x", "reference_image_urls": [f"asset://{asset_id}"]}
    assert in_process_apimodels.server.post("/api/v1/video/generations", order).status_code == 400


def test_an_asset_that_fails_without_a_code_could_not_be_downloaded(in_process_apimodels: Assets) -> None:
    assert in_process_apimodels.fails(in_process_apimodels.create_id("failed")) == ("Failed", "DownloadFailed")


@pytest.mark.parametrize("why", ["face", "image", "policy"])
def test_a_refused_asset_is_a_422_and_is_not_stored(assets: Assets, why: str) -> None:
    response = assets.create(f"refused why={why}")
    assert (response.status_code, response.json()["code"], response.json()["data"]) == (422, 422, None)
    assert assets.server.post("/api/v1/assets/list", {}).json()["data"]["total"] == 0
    assert assets.server.balance() == 1000


def test_only_rules_that_name_the_operation_apply_to_assets(in_process_apimodels: Assets) -> None:
    match = {"operation": "asset_create", "reference": "not-a-face", "times": 1}
    in_process_apimodels.app.fates.add(parse_fate_rule({"match": match, "fate": "failed code=FaceMismatch"}))
    assert in_process_apimodels.fails(in_process_apimodels.create_id(url="https://mock.test/portrait.jpg")) == (
        "Active",
        None,
    )
    assert in_process_apimodels.fails(in_process_apimodels.create_id()) == ("Failed", "FaceMismatch")
    assert in_process_apimodels.fails(in_process_apimodels.create_id()) == ("Active", None)


def test_a_magic_url_sets_the_fate_of_an_asset(in_process_apimodels: Assets) -> None:
    assert in_process_apimodels.create(url=f"{PICTURE}?fate=refused").status_code == 422
    assert in_process_apimodels.fails(
        in_process_apimodels.create_id(url=f"{PICTURE}?fate=failed+code%3DContentRestricted")
    ) == (
        "Failed",
        "ContentRestricted",
    )
    assert in_process_apimodels.create("refused", url=f"{PICTURE}?fate=active").status_code == 422


@pytest.mark.parametrize("fate", ["stuck", "moderated", "succeed", "failed code=UPSTREAM_BUSY", "active after=never"])
def test_a_fate_that_is_not_allowed_for_assets_is_a_400(in_process_apimodels: Assets, fate: str) -> None:
    response = in_process_apimodels.create(fate)
    assert (response.status_code, "allowed" in response.json()["msg"]) == (400, True)
    assert in_process_apimodels.server.post("/api/v1/assets/list", {}).json()["data"]["total"] == 0


@pytest.mark.parametrize(
    ("url", "kind", "code"),
    [
        ("image-tiny.png", "Image", "WidthTooSmall"),
        ("image-huge.png", "Image", "WidthTooLarge"),
        ("image-too-wide.png", "Image", "AspectRatioTooLarge"),
        ("image-too-tall.png", "Image", "AspectRatioTooSmall"),
        ("image-31mb.png", "Image", "FileSizeTooLarge"),
        ("video-1s.mp4", "Video", "DurationTooShort"),
        ("video-16s.mp4", "Video", "DurationTooLong"),
        ("video-201mb.mp4", "Video", "FileSizeTooLarge"),
        ("audio-1s.mp3", "Audio", "DurationTooShort"),
        ("face.png", "Video", "TypeMismatch"),
        ("face.png", "Image", None),
    ],
)
def test_the_facts_of_magic_media_decide_over_assets(
    in_process_apimodels: Assets, url: str, kind: str, code: str | None
) -> None:
    status = "Active" if code is None else "Failed"
    assert in_process_apimodels.fails(in_process_apimodels.create_id(url=f"https://mock.test/{url}", kind=kind)) == (
        status,
        code,
    )


def test_the_error_for_an_asset_names_the_side_that_is_too_short(in_process_apimodels: Assets) -> None:
    from seedmock_server.references.declared import declaration_from

    in_process_apimodels.app.declared_media.put(
        "https://x.example/low.png", declaration_from({"kind": "image", "width": 600, "height": 290})
    )
    assert in_process_apimodels.fails(in_process_apimodels.create_id(url="https://x.example/low.png")) == (
        "Failed",
        "HeightTooSmall",
    )


@pytest.mark.parametrize("path", ["unreachable.jpg", "broken.png", "private", "no-such-thing.png"])
def test_an_asset_with_an_unreadable_magic_url_is_a_422(in_process_apimodels: Assets, path: str) -> None:
    response = in_process_apimodels.create(url=f"https://mock.test/{path}")
    assert (response.status_code, response.json()["msg"].startswith("url: ")) == (422, True)
