"""Generations of apimodels: create, query, result links, billing, and the rest of its endpoints."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DAY = 86400.0
EXAMPLES = Path(__file__).parents[3] / "fixtures" / "apimodels" / "examples"
BASES = ("/api/v1", "/v1")
FAST = "seedance2-a/seedance-2.0-fast-a"
HOSTS = ("127.0.0.1", "localhost", "10.1.2.3", "192.168.0.9", "169.254.169.254", "[::1]", "0.0.0.0")


def data_uri(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def about(colour: tuple[int, int, int], expected: tuple[int, int, int]) -> bool:
    return all(abs(have - want) < 45 for have, want in zip(colour, expected, strict=True))


@pytest.mark.parametrize("base", BASES)
def test_a_task_is_pending_then_processing_then_completed(slow_server: Any, base: str) -> None:
    response = slow_server.post(
        f"{base}/video/generations",
        {"model": FAST, "prompt": "A tram at night", "aspect_ratio": "1:1", "duration": 4, "generate_audio": False},
    )
    born = slow_server.clock.now()
    assert response.status_code == 200
    assert list(response.json()) == ["code", "msg", "data"]
    task_id = response.json()["data"]["taskId"]
    assert response.json() == {"code": 200, "msg": "success", "data": {"taskId": task_id, "state": "pending"}}
    assert re.fullmatch("cl[0-9a-z]{23}", task_id)
    assert "x-mock-basis" not in response.headers

    for state, seconds in (("pending", 0.5), ("processing", 0.5)):
        slow_server.clock.advance(seconds)
        assert slow_server.query_apimodels(task_id, base=base) == {
            "taskId": task_id,
            "state": state,
            "model": FAST,
            "modelType": "TEXT_TO_VIDEO",
            "createTime": round(born * 1000),
        }
    slow_server.clock.advance(1)
    done = slow_server.query_apimodels(task_id, base=base)
    assert done["state"] == "completed"
    assert done["completeTime"] - done["createTime"] == 2000
    assert json.loads(done["resultJson"]) == {"resultUrls": done["resultUrls"]}


@pytest.mark.parametrize(
    "path", sorted({*EXAMPLES.glob("create-*.json"), *EXAMPLES.glob("upscale.json")}), ids=lambda path: path.stem
)
@pytest.mark.parametrize("base", BASES)
def test_every_example_request_of_the_page_is_accepted(in_process_server: Any, base: str, path: Path) -> None:
    in_process_server.post(f"{base}/assets/groups", {"name": "cast"})
    asset = {"url": "https://media.example.org/a.png", "asset_type": "Image", "group_id": 1}
    response = in_process_server.post(f"{base}/assets", asset).json()["data"]
    text = re.sub(r"asset://[\w-]+", response["asset_url"], path.read_text("utf-8"))
    response = in_process_server.post(f"{base}/video/generations", json.loads(text))
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("changes", "type_"),
    [
        ({}, "TEXT_TO_VIDEO"),
        ({"first_frame_url": "https://media.example.org/a.png"}, "IMAGE_TO_VIDEO"),
        ({"reference_image_urls": ["https://media.example.org/a.png"], "prompt": None}, "REFERENCE_TO_VIDEO"),
        ({"reference_video_urls": ["https://media.example.org/a.mp4"]}, "VIDEO_TO_VIDEO"),
        ({"duration": "6", "web_search": True, "callback_url": "https://media.example.org/hook"}, "TEXT_TO_VIDEO"),
    ],
)
def test_the_model_type_tells_the_inputs_of_a_task(in_process_server: Any, changes: dict[str, Any], type_: str) -> None:
    assert in_process_server.query_apimodels(in_process_server.order_apimodels(**changes))["modelType"] == type_


def test_a_result_link_needs_no_key_and_is_the_clip_that_was_ordered(
    shared_server: Any, watch: Callable[[bytes], dict[str, Any]]
) -> None:
    (url,) = shared_server.query_apimodels(shared_server.order_apimodels())["resultUrls"]
    assert url.startswith(f"{shared_server.origin}/")
    clip = shared_server.get(url, key=None)
    assert (clip.status_code, clip.headers["content-type"]) == (200, "video/mp4")
    video = watch(clip.content)
    assert (video["codec"], video["size"], video["frames"], video["audio"]) == ("h264", (960, 960), 96, False)
    part = shared_server.get(url, key=None, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, clip.content[10:20])
    assert shared_server.ask("HEAD", url, key=None).headers["content-length"] == str(len(clip.content))


def test_a_result_link_cannot_be_guessed(shared_server: Any) -> None:
    first, second = (shared_server.query_apimodels(shared_server.order_apimodels())["resultUrls"][0] for _ in range(2))
    folder, name = first.rsplit("/", 1)
    assert len(name.removesuffix(".mp4")) >= 32
    other = second.rsplit("/", 1)[1]
    for guess in (f"{folder}/{other}", f"{folder}/", folder, f"{folder}/{name[1:]}", f"{folder}/%ff.mp4"):
        response = shared_server.get(guess, key=None)
        assert (response.status_code, response.json()["code"]) == (404, 404)


def test_a_result_link_expires_after_seven_days(start_server: Any) -> None:
    server = start_server()
    task_id = server.order_apimodels()
    (url,) = server.query_apimodels(task_id)["resultUrls"]
    server.clock.advance(7 * DAY - 1)
    assert server.ask("HEAD", url, key=None).status_code == 200
    server.clock.advance(1)
    response = server.get(url, key=None)
    assert (response.status_code, response.json()["code"]) == (404, 404)
    assert "expired" in response.json()["msg"]


def test_a_result_link_is_a_404_before_the_end(start_server: Any) -> None:
    video, unseen = (start_server(pace=pace) for pace in ("instant", "fast"))
    (url,) = video.query_apimodels(video.order_apimodels())["resultUrls"]
    unseen.order_apimodels()
    assert unseen.get(url, key=None).status_code == 404


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("task_id", ["cl0123456789abcdefghijklm", "x", "../..", "\x00", "%2e", "cl" * 2000])
def test_an_unknown_task_is_a_404_in_the_envelope(in_process_server: Any, base: str, task_id: str) -> None:
    response = in_process_server.get(f"{base}/video/generations", params={"task_id": task_id})
    assert (response.status_code, response.json()) == (404, {"code": 404, "msg": "task not found", "data": None})


def test_the_task_of_another_key_is_unknown(shared_server: Any) -> None:
    task_id = shared_server.order_apimodels()
    for path in (f"/api/v1/video/generations?task_id={task_id}", f"/v1/records/{task_id}"):
        assert shared_server.get(path, key="sk_test_somebody_else").json()["code"] == 404
    assert shared_server.get(f"/api/v1/video/generations?task_id={shared_server.order_opeai()}").json()["code"] == 404


def test_a_query_without_an_id_says_what_is_missing(in_process_server: Any) -> None:
    for query in ("", "?task_id=", "?task_id=%20", "?taskId=x"):
        response = in_process_server.get(f"/api/v1/video/generations{query}")
        assert response.status_code == 400
        assert "task_id" in response.json()["msg"]


# --- references ---


@pytest.mark.parametrize("way", ["data", "file"])
def test_first_and_last_frame_are_the_first_and_last_picture(
    shared_server: Any, picture: Callable[..., bytes], watch: Callable[[bytes], dict[str, Any]], way: str
) -> None:
    url = data_uri if way == "data" else shared_server.post_file
    task_id = shared_server.order_apimodels(first_frame_url=url(picture("red")), last_frame_url=url(picture("blue")))
    task = shared_server.query_apimodels(task_id)
    video = watch(shared_server.get(task["resultUrls"][0], key=None).content)
    assert task["modelType"] == "IMAGE_TO_VIDEO"
    assert about(video["first"].getpixel((480, 480)), (255, 0, 0))
    assert about(video["last"].getpixel((480, 480)), (0, 0, 255))


@pytest.mark.parametrize(
    ("width", "height", "ratio", "size"),
    [
        (900, 400, "adaptive", (1470, 630)),
        (400, 420, None, (960, 960)),
        (400, 900, "adaptive", (720, 1280)),
        (400, 900, "4:3", (1112, 834)),
    ],
)
def test_adaptive_takes_the_ratio_nearest_to_the_first_readable_picture(
    in_process_server: Any,
    picture: Callable[..., bytes],
    watch: Callable[[bytes], dict[str, Any]],
    width: int,
    height: int,
    ratio: str | None,
    size: tuple[int, int],
) -> None:
    urls = ["https://media.example.org/unread.png", data_uri(picture("red", width, height)), data_uri(picture())]
    task = in_process_server.query_apimodels(
        in_process_server.order_apimodels(aspect_ratio=ratio, reference_image_urls=urls)
    )
    assert watch(in_process_server.get(task["resultUrls"][0], key=None).content)["size"] == size


def test_adaptive_with_nothing_to_go_by_is_16_to_9(
    in_process_server: Any, watch: Callable[[bytes], dict[str, Any]]
) -> None:
    task = in_process_server.query_apimodels(in_process_server.order_apimodels(aspect_ratio="adaptive"))
    assert watch(in_process_server.get(task["resultUrls"][0], key=None).content)["size"] == (1280, 720)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "slot", ["first_frame_url", "reference_image_urls", "reference_video_urls", "reference_audio_urls", "videoUrl"]
)
def test_a_private_address_fails_the_task_with_the_observed_message(
    in_process_server: Any, slot: str, host: str
) -> None:
    url = f"http://{host}/a.png"
    if slot == "videoUrl":
        order = {"model": "video-upscale", "videoUrl": url, "targetResolution": "720p"}
        task_id = in_process_server.post("/api/v1/video/generations", order).json()["data"]["taskId"]
    else:
        anchor = {"reference_image_urls": ["https://media.example.org/a.png"]} if "audio" in slot else {}
        task_id = in_process_server.order_apimodels(**anchor, **{slot: [url] if slot.endswith("s") else url})
    task = in_process_server.query_apimodels(task_id)
    assert task["state"] == "failed"
    assert task["failMsg"] == "private/reserved IP addresses not allowed"
    assert (task["failCode"], task["retryable"]) == ("INVALID_INPUT", False)
    assert "resultUrls" not in task
    assert in_process_server.balance() == 1000


def test_a_failed_task_fails_when_its_time_comes(slow_server: Any) -> None:
    task_id = slow_server.order_apimodels(first_frame_url="http://10.0.0.1/a.png")
    states = []
    for seconds in (0, 1, 1):
        slow_server.clock.advance(seconds)
        states.append(slow_server.query_apimodels(task_id)["state"])
    assert states == ["pending", "processing", "failed"]
    assert list(slow_server.query_apimodels(task_id)) == [
        "taskId", "state", "model", "modelType", "failCode", "failMsg", "retryable", "createTime", "completeTime",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda picture, video: {"first_frame_url": data_uri(picture("red", 200, 200))}, "side is 200"),
        (lambda picture, video: {"reference_image_urls": [data_uri(picture("red", 900, 310))]}, "ratio is 2.9"),
        (
            lambda picture, video: {"reference_video_urls": [data_uri(video(864, 496, seconds=1), "video/mp4")]},
            "seconds is 1",
        ),
        (lambda picture, video: {"first_frame_url": data_uri(video(), "image/png")}, "of kind video; allowed: image"),
        (lambda picture, video: {"reference_video_urls": [data_uri(picture())]}, "of kind image; allowed: video"),
    ],
)
def test_a_readable_reference_is_checked_against_the_limits(
    start_server: Callable[..., Any],
    picture: Callable[..., bytes],
    video: Callable[..., bytes],
    make: Callable[..., Any],
    message: str,
) -> None:
    server = start_server(variants={"apimodels.video_data": "accept"})
    response = server.post("/api/v1/video/generations", {"model": FAST, "prompt": "Rain", **make(picture, video)})
    assert response.status_code == 400
    assert message in response.json()["msg"]
    assert server.balance() == 1000


def test_readable_videos_are_checked_against_their_total_limit(
    start_server: Callable[..., Any], video: Callable[..., bytes]
) -> None:
    urls = [data_uri(video(seconds=6, rate=5, width=400 + n), "video/mp4") for n in (0, 2, 4)]
    variants = {"apimodels.video_data": "accept", "apimodels.media_limits": "off"}
    response = start_server(variants=variants).post(
        "/api/v1/video/generations", {"model": FAST, "prompt": "x", "reference_video_urls": urls}
    )
    assert (response.status_code, "total_seconds is 18" in response.json()["msg"]) == (400, True)


@pytest.mark.parametrize("url", ["data:image/png;base64,AAAA", "data:image/png;base64,???", "data:,", "data:image/png"])
def test_a_data_uri_that_is_not_an_image_is_rejected_with_its_field(in_process_server: Any, url: str) -> None:
    response = in_process_server.post(
        "/api/v1/video/generations", {"model": FAST, "prompt": "x", "first_frame_url": url}
    )
    body = response.json()
    assert (response.status_code, body["msg"], body["data"]["failCode"]) == (400, "invalid input", "INVALID_INPUT")
    assert "first_frame_url" in body["data"]["failMsg"]


# --- upscale ---


@pytest.mark.parametrize(
    ("target", "size"), [("720p", (1280, 720)), ("1080p", (1920, 1080)), ("2k", (2560, 1440)), ("4k", (3840, 2160))]
)
def test_an_upscale_is_the_input_at_the_target_size(
    in_process_server: Any,
    video: Callable[..., bytes],
    watch: Callable[[bytes], dict[str, Any]],
    target: str,
    size: Any,
) -> None:
    link = in_process_server.post_file(video(seconds=0.25), "in.mp4")
    order = {"model": "video-upscale", "videoUrl": link, "targetResolution": target}
    task = in_process_server.query_apimodels(
        in_process_server.post("/api/v1/video/generations", order).json()["data"]["taskId"]
    )
    assert (task["state"], task["modelType"], task["model"]) == ("completed", "VIDEO_TO_VIDEO", "video-upscale")
    clip = watch(in_process_server.get(task["resultUrls"][0], key=None).content)
    assert (clip["size"], clip["frames"]) == (size, 6)
    assert about(clip["first"].getpixel((100, 100)), (0, 128, 0))


def test_an_upscale_keeps_the_portrait_orientation(
    in_process_server: Any, video: Callable[..., bytes], watch: Callable[[bytes], dict[str, Any]]
) -> None:
    url = data_uri(video(width=180, height=320, seconds=0.25), "video/mp4")
    order = {"model": "video-upscale", "videoUrl": url, "targetResolution": "720p"}
    task = in_process_server.query_apimodels(
        in_process_server.post("/v1/video/generations", order).json()["data"]["taskId"]
    )
    assert watch(in_process_server.get(task["resultUrls"][0], key=None).content)["size"] == (720, 1280)


def test_an_upscale_of_a_url_that_is_not_fetched_still_makes_a_clip(
    in_process_server: Any, watch: Callable[[bytes], dict[str, Any]]
) -> None:
    order = {"model": "video-upscale", "videoUrl": "https://media.example.org/in.mp4", "targetResolution": "720p"}
    task = in_process_server.query_apimodels(
        in_process_server.post("/v1/video/generations", order).json()["data"]["taskId"]
    )
    assert watch(in_process_server.get(task["resultUrls"][0], key=None).content)["size"] == (1280, 720)
    assert in_process_server.balance() == pytest.approx(1000 - 5 * 0.03)


@pytest.mark.parametrize("kind", ["garbage", "picture", "a strip"])
def test_an_upscale_of_an_unusable_video_fails_and_is_free(
    in_process_server: Any, picture: Callable[..., bytes], video: Callable[..., bytes], kind: str
) -> None:
    content = {"garbage": b"x" * 99, "picture": picture(), "a strip": video(2000, 16, seconds=0.25)}[kind]
    order = {"model": "video-upscale", "videoUrl": data_uri(content, "video/mp4"), "targetResolution": "4k"}
    task = in_process_server.query_apimodels(
        in_process_server.post("/v1/video/generations", order).json()["data"]["taskId"]
    )
    assert (task["state"], task["failCode"]) == ("failed", "INVALID_INPUT")
    assert "videoUrl" in task["failMsg"]
    assert in_process_server.balance() == 1000


@pytest.mark.parametrize(("seconds", "billed"), [(0.25, 5), (5.5, 6)])
def test_an_upscale_is_billed_by_the_input(
    in_process_server: Any, video: Callable[..., bytes], seconds: float, billed: int
) -> None:
    url = data_uri(video(seconds=seconds, rate=10), "video/mp4")
    order = {"model": "video-upscale", "videoUrl": url, "targetResolution": "2k"}
    task_id = in_process_server.post("/v1/video/generations", order).json()["data"]["taskId"]
    record = in_process_server.get(f"/v1/records/{task_id}").json()["data"]
    assert record == {"settled": True, "credits": pytest.approx(billed * 0.075), "currency": "USD"}


# --- money, models, files ---


def test_the_balance_is_on_hold_while_a_task_runs_and_charged_on_success(slow_server: Any) -> None:
    assert slow_server.balance() == 1000
    good, bad = slow_server.order_apimodels(), slow_server.order_apimodels(first_frame_url="http://10.0.0.1/a.png")
    price = 4 * 0.073
    assert slow_server.balance() == pytest.approx(1000 - 2 * price)
    records = [slow_server.get(f"/api/v1/records/{task}").json()["data"] for task in (good, bad)]
    assert records == [{"settled": False, "credits": 0, "currency": "USD"}] * 2
    slow_server.clock.advance(2)
    assert slow_server.balance() == pytest.approx(1000 - price)
    records = [slow_server.get(f"/api/v1/records/{task}").json()["data"] for task in (good, bad)]
    assert [record["credits"] for record in records] == [pytest.approx(price), 0]
    assert all(record["settled"] for record in records)
    assert slow_server.balance(key="sk_test_somebody_else") == 1000


@pytest.mark.parametrize(
    ("model", "resolution", "rate"),
    [
        ("seedance2-a/seedance-2.0-a", "720p", 0.147),
        ("seedance2-a/seedance-2.0-a", "1080p", 0.365),
        ("seedance2-a/seedance-2.0-fast-a", "720p", 0.118),
        ("seedance2-a/seedance-2.0-mini", "720p", 0.073),
    ],
)
def test_each_tier_costs_what_the_page_says(in_process_server: Any, model: str, resolution: str, rate: float) -> None:
    in_process_server.order_apimodels(model=model, resolution=resolution, duration=15)
    assert in_process_server.balance() == pytest.approx(1000 - 15 * rate)


def test_models_are_listed_by_their_wire_names(in_process_server: Any) -> None:
    body = in_process_server.get("/api/v1/models").json()
    assert [model["id"] for model in body["data"]] == [
        "seedance2-a/seedance-2.0-a", "seedance2-a/seedance-2.0-fast-a", "seedance2-a/seedance-2.0-mini",
        "video-upscale",
    ]  # fmt: skip
    assert {model["modality"] for model in body["data"]} == {"video"}


def test_an_uploaded_file_can_be_downloaded_for_seven_days(server: Any, picture: Callable[..., bytes]) -> None:
    content = picture("green")
    link = server.post_file(content, "../..\\my picture \u96ea.png")
    assert link.startswith(f"{server.origin}/")
    response = server.get(link, key=None)
    assert (response.content, response.headers["content-type"]) == (content, "image/png")
    server.clock.advance(7 * DAY)
    assert server.get(link, key=None).status_code == 404


def test_an_uploaded_file_expires_by_the_clock_of_its_account(
    in_process_server: Any, picture: Callable[..., bytes]
) -> None:
    link, other = (
        in_process_server.post_file(picture("green"), "a.png"),
        in_process_server.post_file(picture("red"), "b.png", key="another"),
    )
    assert in_process_server.get("/api/v1/balance", headers={"X-Mock-Advance": "7d"}).status_code == 200
    assert in_process_server.get(link, key=None).status_code == 404
    assert in_process_server.get(other, key=None).status_code == 200


def test_an_upload_without_a_file_is_rejected(in_process_server: Any) -> None:
    for files in ({"file": (None, b"text")}, {"other": ("a.png", b"x")}):
        response = in_process_server.post("/api/v1/files", files=files)
        assert (response.status_code, "file" in response.json()["msg"]) == (400, True)
    refused = in_process_server.post("/api/v1/files", files={"file": ("a.png", b"no media")})
    assert (refused.status_code, refused.json()["data"]["failCode"]) == (400, "INVALID_INPUT")
    assert in_process_server.post("/api/v1/files", {"file": "x"}).status_code == 415


def test_costs_at_the_other_upstream_are_not_in_the_balance(in_process_server: Any) -> None:
    in_process_server.order_opeai()
    assert in_process_server.balance() == 1000


def test_an_image_in_the_form_of_the_vendor_s_client_is_a_first_frame(server: Any) -> None:
    task_id = server.order_apimodels(images=["https://example.com/a.png"])
    assert server.query_apimodels(task_id)["modelType"] == "IMAGE_TO_VIDEO"
    assert server.journal()[0]["notes"] == []


def test_a_result_can_be_upscaled_by_its_own_link(in_process_server: Any) -> None:
    clip = in_process_server.query_apimodels(in_process_server.order_apimodels(duration=6))["resultUrls"][0]
    larger = {"model": "video-upscale", "videoUrl": clip, "targetResolution": "1080p"}
    task_id = in_process_server.post("/api/v1/video/generations", larger).json()["data"]["taskId"]
    assert (
        in_process_server.get(f"/api/v1/records/{task_id}").json()["data"]["credits"] == 0.27
    )  # six seconds, not the unknown five


def test_a_wrong_result_link_makes_a_task_that_fails(in_process_server: Any) -> None:
    clip = in_process_server.query_apimodels(in_process_server.order_apimodels())["resultUrls"][0].replace(
        ".mp4", "x.mp4"
    )
    larger = {"model": "video-upscale", "videoUrl": clip, "targetResolution": "1080p"}
    task_id = in_process_server.post("/api/v1/video/generations", larger).json()["data"]["taskId"]
    assert in_process_server.query_apimodels(task_id)["failMsg"].startswith("videoUrl: the result is not available")
