"""OpenAI's Python client against opeai, with only the base URL changed."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is:DeprecationWarning")
BOAT = {"model": "seedance-2-0-fast", "prompt": "A paper boat on a canal", "size": "640x640", "seconds": "4"}
EXTRA = {"generate_audio": False, "seed": 3}
DOCUMENTED = ["QUEUED", "IN_PROGRESS", "SUCCESS"]
OPENAI = ["queued", "in_progress", "completed"]


@pytest.fixture(scope="module")
def openai(require_package: Callable[[str, str], None]) -> Any:
    require_package("openai", "pip install -e '.[test]'")
    import openai

    return openai


@pytest.fixture
def sdk(openai: Any, start_emulator: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Create a client of an emulator with variants."""
    clients = []

    def create_client(*variants: str) -> Any:
        client = openai.OpenAI(base_url=start_emulator(*variants).url + "/v1", api_key="sk_test")
        clients.append(client)
        return client

    yield create_client
    for client in clients:
        client.close()


def item(kind: str, role: str, url: str) -> dict[str, Any]:
    return {"type": kind, "role": role, kind: {"url": url}}


def poll_to_end(client: Any, task_id: str) -> list[str]:
    """Poll until the task is done; return the statuses."""
    statuses = [client.videos.retrieve(task_id).status]
    while statuses[-1] in ("QUEUED", "IN_PROGRESS", "queued", "in_progress"):
        statuses.append(client.videos.retrieve(task_id).status)
    return statuses


@pytest.mark.parametrize(("variants", "states"), [((), DOCUMENTED), (("opeai.status=openai",), OPENAI)])
def test_a_video_is_created_polled_and_downloaded(
    sdk: Any, variants: tuple[str, ...], states: list[str], tmp_path: Path, watch: Any
) -> None:
    client = sdk(*variants)
    video = client.videos.create(**BOAT, extra_body=EXTRA)
    assert (video.status, video.object, video.model) == ("queued", "video", BOAT["model"])
    assert poll_to_end(client, video.id) == states
    client.videos.download_content(video.id).write_to_file(tmp_path / "boat.mp4")
    with client.videos.with_streaming_response.download_content(video.id) as answer:
        answer.stream_to_file(tmp_path / "streamed.mp4")
    content = (tmp_path / "boat.mp4").read_bytes()
    assert (tmp_path / "streamed.mp4").read_bytes() == content
    clip = watch(content)
    assert (clip["size"], clip["frames"], clip["audio"]) == ((640, 640), 96, False)


def test_create_and_poll_works_with_the_variant_openai(sdk: Any) -> None:
    video = sdk("opeai.status=openai").videos.create_and_poll(**BOAT, extra_body=EXTRA, poll_interval_ms=1)
    assert video.status == "completed"
    assert (video.progress, video.seconds, video.size, video.error) == (100, "4", "640x640", None)
    assert video.completed_at is not None
    assert video.completed_at >= video.created_at


def test_create_and_poll_returns_early_with_the_documented_statuses(sdk: Any) -> None:
    """The client takes an unknown status for a terminal one: users must learn that here, not in production."""
    assert sdk().videos.create_and_poll(**BOAT, extra_body=EXTRA, poll_interval_ms=1).status == "QUEUED"


def test_nested_references_keep_their_roles(sdk: Any, watch: Any, picture: Any) -> None:
    """Two frames as data URIs: the clip begins with one and ends with the other if the form is parsed correctly."""
    red, blue = (f"data:image/png;base64,{base64.b64encode(picture(colour)).decode()}" for colour in ("red", "blue"))
    content = [item("image_url", "first_frame", red), item("image_url", "last_frame", blue)]
    client = sdk()
    video = client.videos.create(**BOAT, extra_body={**EXTRA, "input_reference": {"content": content}})
    poll_to_end(client, video.id)
    clip = watch(client.videos.download_content(video.id).read())
    assert [colour_of(clip[place]) for place in ("first", "last")] == ["red", "blue"]


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}], ids=["as a form", "as JSON"])
def test_references_of_every_kind_are_accepted(sdk: Any, headers: dict[str, str]) -> None:
    content = [
        item("image_url", "reference_image", "https://example.com/kite.png"),
        item("video_url", "reference_video", "https://example.com/kite.mp4"),
        item("image_url", "reference_image", "https://example.com/dune.png"),
        item("audio_url", "reference_audio", "https://example.com/wind.mp3"),
    ]
    extra = {**EXTRA, "input_reference": {"content": content}}
    assert sdk().videos.create(**BOAT, extra_body=extra, extra_headers=headers).status == "queued"


def test_forms_are_validated_by_the_same_rules(openai: Any, sdk: Any) -> None:
    alone = {"content": [item("audio_url", "reference_audio", "https://example.com/wind.mp3")]}
    with pytest.raises(openai.BadRequestError, match="audio"):
        sdk().videos.create(**BOAT, extra_body={"input_reference": alone})


def test_a_file_becomes_the_first_frame(sdk: Any, watch: Any, picture: Any) -> None:
    client = sdk()
    file = ("boat.png", picture("red"), "image/png")
    video = client.videos.create(**BOAT, input_reference=file, extra_body=EXTRA)
    poll_to_end(client, video.id)
    assert colour_of(watch(client.videos.download_content(video.id).read())["first"]) == "red"


def test_a_reference_that_the_form_loses_is_named_in_a_header(sdk: Any, picture: Any) -> None:
    """The SDK's own type has image_url and file_id, and a list of files becomes parts named input_reference[]."""
    create = sdk().videos.with_raw_response.create
    file = ("boat.png", picture("red"), "image/png")
    answers = [create(**BOAT, input_reference=[file])]
    for name, value in (("image_url", "https://example.com/kite.png"), ("file_id", "file-1")):
        answers.append(create(**BOAT, extra_body={"input_reference": {name: value}}))
    notices = [answer.headers["x-mock-notice"].removeprefix("this order is text-to-video: ") for answer in answers]
    assert notices[0].startswith("the file part input_reference[] is not used")
    assert notices[1:] == ["input_reference names no content"] * 2


def test_not_ready_is_not_retried(openai: Any, sdk: Any, start_emulator: Any) -> None:
    client = sdk()
    video = client.videos.create(**BOAT, extra_body=EXTRA)
    with pytest.raises(openai.BadRequestError, match="not completed"):
        client.videos.download_content(video.id)
    assert start_emulator().requests(video.id) == [("GET", f"/v1/videos/{video.id}/content", 400)]


def test_errors_are_raised_by_their_class(openai: Any, sdk: Any) -> None:
    client = sdk()
    with pytest.raises(openai.BadRequestError, match="seconds"):
        client.videos.create(**{**BOAT, "seconds": "40"})
    with pytest.raises(openai.NotFoundError, match="not found"):
        client.videos.retrieve("cgt-20260601090000-k3v7p")
    with pytest.raises(openai.AuthenticationError):
        client.videos.retrieve("x", extra_headers={"Authorization": "Basic x"})
    with pytest.raises(openai.NotFoundError):
        client.videos.list()


def test_the_asynchronous_client(openai: Any, start_emulator: Any) -> None:
    async def polled() -> str:
        url = start_emulator("opeai.status=openai").url
        async with openai.AsyncOpenAI(base_url=url + "/v1", api_key="sk_test") as client:
            video = await client.videos.create_and_poll(**BOAT, extra_body=EXTRA, poll_interval_ms=1)
            return str(video.status)

    assert asyncio.run(polled()) == "completed"


def colour_of(image: Any) -> str:
    red, _, blue = image.resize((1, 1)).getpixel((0, 0))
    return "red" if red > 200 > 60 > blue else "blue" if blue > 200 > 60 > red else f"{red}, {blue}"
