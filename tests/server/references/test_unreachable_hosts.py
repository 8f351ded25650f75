"""URLs in orders that no vendor can reach, data: URIs of videos, and passwords in URLs."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from seedmock_contracts.enums import Basis
from seedmock_contracts.upstreams import get_contract

OPEAI = {"model": "seedance-2-0-fast", "prompt": "Kites", "size": "640x640", "seconds": "4"}
APIMODELS = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "Kites", "duration": 4, "aspect_ratio": "1:1"}
UPSCALE = {"model": "video-upscale", "videoUrl": "https://media.example.org/in.mp4", "targetResolution": "1080p"}
GENERATIONS = "/api/v1/video/generations"
DATA_VIDEO = "data:video/mp4;base64,AAAAGGZ0eXBtcDQy"
UNREACHABLE = {
    "http://127.0.0.1/a.png": "address",
    "http://10.1.2.3/a.png": "address",
    "http://169.254.169.254/a.png": "address",
    "http://[::1]/a.png": "address",
    "http://[fe80::1%25eth0]/a.png": "address",
    "http://[::ffff:192.168.0.7]/a.png": "address",
    "http://[64:ff9b::7f00:1]/a.png": "address",
    "http://2130706433/a.png": "address",
    "http://0x7f.1/a.png": "address",
    "http://0177.0.0.1/a.png": "address",
    "http://192.168.0.7./a.png": "address",
    "http:\\\\10.0.0.1/a.png": "address",
    "http://\uff11\uff10.0.0.1/a.png": "address",
    "http://localhost:9000/a.png": "internal networks",
    "https://nas.local./a.png": "internal networks",
    "https://minio.internal/a.png": "internal networks",
    "https://minio.internal../a.png": "internal networks",
    "https://minio:9000/a.png": "without a dot",
    "https://backend./a.png": "without a dot",
    "https://name@media.example.org/a.png": "names a user",
    "https://name:word@media.example.org/a.png": "names a user",
    "https:///a.png": "no host",
    "https://a..b/a.png": "cannot exist",
    "http://127.0.0.1%00.example.com/a.png": "cannot exist",
    "https://exa mple.com/a.png": "cannot exist",
    "https://files.onion/a.png": "internal networks",
    "http://[::ffff:0:127.0.0.1]/a.png": "address",
    "http://10.0.0.1\t/a.png": "address",
    "https://minio\u3002internal/a.png": "internal networks",
    "https://example.com:443@minio.internal/a.png": "names a user",
    "https://media.example.org:port/a.png": "",
    "https://media.example.org/a.png?x=me@home": "",
    "https://8.8.8.8/a.png": "",
    "https://[2606:4700::1111]/a.png": "",
}


def opeai_order(url: str) -> dict[str, Any]:
    item = {"type": "image_url", "role": "reference_image", "image_url": {"url": url}}
    return {**OPEAI, "input_reference": {"content": [item]}}


def apimodels_order(url: str) -> dict[str, Any]:
    return {**APIMODELS, "reference_image_urls": [url]}


def advice(server: Any) -> list[tuple[str, str]]:
    rows = server.get("/_mock/violations?severity=advice", key=None).json()["violations"]
    return [(row["fact"], row["message"]) for row in rows]


@pytest.mark.parametrize(("url", "reason"), UNREACHABLE.items())
@pytest.mark.parametrize(
    ("path", "order", "fact"),
    [
        ("/v1/videos", opeai_order, "opeai.reference.host"),
        (GENERATIONS, apimodels_order, "apimodels.reference.host"),
        (GENERATIONS, lambda url: {**APIMODELS, "callback_url": url}, "apimodels.callback_url.host"),
        (GENERATIONS, lambda url: {**UPSCALE, "videoUrl": url}, "apimodels.upscale.videoUrl.host"),
    ],
    ids=["opeai", "apimodels", "callback", "upscale"],
)
def test_a_host_that_no_vendor_can_reach_is_advised_against(
    in_process_server: Any, path: str, order: Callable[[str], dict[str, Any]], fact: str, url: str, reason: str
) -> None:
    response = in_process_server.post(path, order(url))
    if "password" in response.text:
        assert "callback" in response.text
        return
    assert response.status_code == 200 or not url.startswith(("http://", "https://")), response.text
    messages = [message for id_, message in advice(in_process_server) if id_ == fact]
    assert [reason in message for message in messages] == [True] * bool(reason and response.status_code == 200)


@pytest.mark.parametrize("url", [url for url, reason in UNREACHABLE.items() if reason and url.startswith("http://")])
def test_the_variant_refuses_it_at_create(start_server: Callable[..., Any], url: str) -> None:
    variants = {"opeai.private_hosts": "reject", "apimodels.private_hosts": "reject"}
    server = start_server(variants=variants)
    responses = [server.post("/v1/videos", opeai_order(url)), server.post(GENERATIONS, apimodels_order(url))]
    assert [response.status_code for response in responses] == [400, 400]
    assert all("no vendor can reach it" in response.text for response in responses)
    assert server.post("/v1/videos", opeai_order("https://media.example.org/a.png")).status_code == 200


def test_the_servers_own_links_are_reachable(start_server: Callable[..., Any], picture: Callable[..., bytes]) -> None:
    server = start_server(variants={"apimodels.private_hosts": "reject"})
    host = {"Host": "127.0.0.1:8080"}
    upload = server.post("/api/v1/files", files={"file": ("a.png", picture())}, headers=host)
    link = upload.json()["data"]["publicUrl"]
    assert link.startswith("http://127.0.0.1:8080/_mock/files/")
    response = server.post(GENERATIONS, apimodels_order(link), headers=host)
    assert response.status_code == 200, response.text
    assert advice(server) == []
    elsewhere = link.replace("/_mock/files/", "/files/")
    assert server.post(GENERATIONS, apimodels_order(elsewhere), headers=host).status_code == 400


def test_an_asset_cannot_be_made_of_a_host_that_no_vendor_can_reach(in_process_server: Any) -> None:
    group = in_process_server.post("/api/v1/assets/groups", {"name": "cast"}).json()["data"]["id"]
    for url, reason in UNREACHABLE.items():
        if url.startswith(("http://", "https://")):
            body = {"url": url, "asset_type": "Image", "group_id": group}
            assert in_process_server.post("/api/v1/assets", body).status_code == (422 if reason else 200), url


# --- data: URIs of videos ---


def video_order(url: str) -> dict[str, Any]:
    item = {"type": "video_url", "role": "reference_video", "video_url": {"url": url}}
    return {**OPEAI, "input_reference": {"content": [item]}}


@pytest.mark.parametrize("url", [DATA_VIDEO, f"  {DATA_VIDEO.replace('data', 'DATA')}", "data:,x"])
def test_a_reference_video_is_refused_as_a_data_uri(in_process_server: Any, url: str) -> None:
    orders = (("/v1/videos", video_order(url)), (GENERATIONS, {**APIMODELS, "reference_video_urls": [url]}))
    for path, order in orders:
        response = in_process_server.post(path, order)
        assert response.status_code == 400
        if not url.startswith(" "):
            assert "must be provided as a web url" in response.text
            assert "AAAAGGZ0" not in response.text


def test_a_gateway_that_uploads_videos_takes_them_as_data_uris(
    start_server: Callable[..., Any], video: Callable[..., bytes]
) -> None:
    video_uri = f"data:video/mp4;base64,{base64.b64encode(video(width=640, height=640)).decode()}"
    server = start_server(variants={"opeai.video_data": "accept", "apimodels.video_data": "accept"})
    assert server.post("/v1/videos", video_order(video_uri)).status_code == 200
    assert server.post(GENERATIONS, {**APIMODELS, "reference_video_urls": [video_uri]}).status_code == 200


@pytest.mark.parametrize("name", ["opeai.create.content.video_url.web", "apimodels.create.reference_video_urls.web"])
def test_the_basis_of_the_refusal_is_the_service_behind(name: str) -> None:
    assert get_contract(name.partition(".")[0]).fact(name).basis is Basis.OBSERVED


# --- passwords ---


@pytest.mark.parametrize("document", [APIMODELS, UPSCALE], ids=["create", "upscale"])
@pytest.mark.parametrize(
    "url",
    [
        "https://name:pa55word@example.com/hook",
        "https://:pa55word@example.com/hook",
        "https:\\\\name:pa55word@example.com/hook",
        "https://name:pa55@word:pa55@example.com/hook",
        "ftp://name:pa55word@example.com/hook",
    ],
)
def test_a_password_in_a_callback_url_is_refused_and_stands_nowhere(
    in_process_server: Any, document: dict[str, Any], url: str
) -> None:
    response = in_process_server.post(GENERATIONS, {**document, "callback_url": url})
    assert response.status_code == 400
    assert "pa55" not in response.text
    journal = in_process_server.get("/_mock/journal", key=None).text
    assert "callback_url" in journal
    assert "pa55" not in journal


@pytest.mark.parametrize(
    "content",
    [
        b'{"callback_url": "https:\\/\\/name:pa55word\\u0040example.com"}',
        b'{"callback_url": "https://name:pa55word@example.com/"}',
        b'{"x": "' + b"x" * 4060 + b'", "callback_url": "https://name:pa55word@example.com/"}',
        b'{"image_url": ["https://name:pa55word@example.com/a.png"]}',
    ],
    ids=["escaped", "plain", "at the cut", "a reference"],
)
@pytest.mark.parametrize("path", ["/v1/videos", GENERATIONS])
def test_a_password_in_any_url_never_stands_in_the_journal(in_process_server: Any, content: bytes, path: str) -> None:
    base = httpx.Request("POST", "http://x", json=OPEAI if path == "/v1/videos" else APIMODELS).content
    in_process_server.post(path, content=base[:-1] + b"," + content[1:], headers={"Content-Type": "application/json"})
    in_process_server.post(f"{path}?callback_url=https%3A%2F%2Fname%3Apa55word%40example.com", {})
    exports = [
        in_process_server.get(f"/_mock/journal?format={name}", key=None).text for name in ("json", "har", "curl")
    ]
    assert all("example.com" in text or "xxxx" in text for text in exports)
    assert all("pa55" not in text for text in exports)


def test_a_password_in_a_form_never_stands_in_the_journal(in_process_server: Any) -> None:
    texts = [(name, (None, value)) for name, value in OPEAI.items()]
    files = [*texts, ("webhook", (None, "https://name:pa55word@example.com/"))]
    assert in_process_server.post("/v1/videos", files=files).status_code == 200
    journal = in_process_server.get("/_mock/journal", key=None).text
    assert "***:***@example.com" in journal
    assert "pa55" not in journal
