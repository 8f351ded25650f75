"""Asset endpoints: groups and assets of all keys, and the bytes of those that are stored here."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image

Control = Callable[..., Any]


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (640, 640), "red").save(file, "PNG")
    return file.getvalue()


def test_groups_and_assets_are_listed_with_states_and_bytes(frozen_server: Any, control: Control) -> None:
    link = frozen_server.post_file(picture())
    group = frozen_server.post("/api/v1/assets/groups", {"name": "people"}).json()["data"]["id"]
    for url, name in ((link, "here"), ("https://media.example.org/host.png", "elsewhere")):
        asset = {"url": url, "asset_type": "Image", "group_id": group, "name": name}
        assert frozen_server.post("/api/v1/assets", asset).status_code == 200
    (listed,) = control("GET", "assets")["groups"]
    stored, remote = listed["assets"]
    assert (listed["name"], stored["status"], remote["content"]) == ("people", "Processing", "")
    assert (stored["facts"]["width"], stored["facts"]["format"]) == (640, "png")
    response = frozen_server.get(f"/_mock/{stored['content']}", key=None)
    assert (response.content, response.headers["content-type"]) == (picture(), "image/png")
    assert response.headers["content-security-policy"] == "sandbox"
    frozen_server.clock.advance(60)
    assert [asset["status"] for asset in control("GET", "assets")["groups"][0]["assets"]] == ["Active", "Active"]
    assert control("GET", "assets?key=sk_other")["groups"] == []


def test_bytes_that_are_not_at_hand_are_a_404(frozen_server: Any, control: Control) -> None:
    group = frozen_server.post("/api/v1/assets/groups", {"name": "people"}).json()["data"]["id"]
    asset = {"url": "https://media.example.org/host.png", "asset_type": "Image", "group_id": group, "name": "x"}
    asset_id = frozen_server.post("/api/v1/assets", asset).json()["data"]["id"]
    assert "not at hand" in control("GET", f"assets/{asset_id}/content", status=404)["error"]["message"]
    assert control("GET", "assets/nothing/content", status=404)["error"]["field"] == "id"
