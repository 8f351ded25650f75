"""The client against the emulator, in every mode of both upstreams: in process, and over a socket.

The client's sleeps advance the emulator's clock, so that minutes pass at once; the clips are real.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from seedmock_client import (
    AsyncClient,
    AuthenticationError,
    Client,
    GenerationRequest,
    MediaKind,
    NotFoundError,
    NotReadyError,
    Reference,
    ValidationError,
    first_frame,
    last_frame,
)
from seedmock_server import create_app, serve
from seedmock_server.clock import ManualClock

IMAGE = Reference(MediaKind.IMAGE, "https://example.com/i.png")
VIDEO = Reference(MediaKind.VIDEO, "https://example.com/v.mp4")
AUDIO = Reference(MediaKind.AUDIO, "https://example.com/a.mp3")
FIRST, LAST = first_frame("https://example.com/f.png"), last_frame("https://example.com/l.png")
MODES: dict[str, tuple[Reference, ...]] = {
    "text": (),
    "first frame": (FIRST,),
    "first and last frame": (FIRST, LAST),
    "references": (IMAGE, VIDEO, AUDIO),
    "edit": (VIDEO,),
}
SIZES = {"apimodels": "960x960", "opeai": "640x640"}


class EmulatorCaller:
    """Runs operations against a new emulator: blocking over a socket, or async in process."""

    def __init__(self, transport: str, pace: str = "realistic", **settings: Any) -> None:
        self.transport = transport
        self.clock = ManualClock()
        self.settings = {"pace": pace, "seed": 7, "keys": ("sk_mock_one", "sk_mock_two"), **settings}
        self.total_sleep = 0.0

    def sleep(self, seconds: float) -> None:
        self.total_sleep += seconds
        self.clock.advance(seconds)

    async def async_sleep(self, seconds: float) -> None:
        self.sleep(seconds)

    @contextlib.asynccontextmanager
    async def _in_process(self) -> AsyncIterator[tuple[httpx.ASGITransport, str]]:
        app = create_app(clock=self.clock, **self.settings)
        async with app:
            yield httpx.ASGITransport(app), "http://emulator.test"

    def run(self, upstream: str, *steps: Any, key: str = "sk_mock_one", preflight: bool = True) -> Any:
        """Run operations in order; a step is (operation, *arguments), or a function of the last result."""
        if self.transport == "socket":
            with serve(clock=self.clock, **self.settings) as server:
                return self._run_blocking(upstream, key, server.url, steps, preflight)
        return asyncio.run(self._run_async(upstream, key, steps, preflight))

    def _run_blocking(self, upstream: str, key: str, url: str, steps: tuple[Any, ...], preflight: bool) -> Any:
        options: dict[str, Any] = {"sleep": self.sleep, "now": self.clock.now, "preflight": preflight}
        options["local_files"] = True
        with Client(upstream, api_key=key, base_url=url, **options) as client:
            result: Any = None
            for step in steps:
                operation, *arguments = step(result) if callable(step) else step
                result = getattr(client, operation)(*arguments)
            return result

    async def _run_async(self, upstream: str, key: str, steps: tuple[Any, ...], preflight: bool) -> Any:
        options: dict[str, Any] = {"sleep": self.async_sleep, "now": self.clock.now, "preflight": preflight}
        options["local_files"] = True
        async with (
            self._in_process() as (transport, url),
            AsyncClient(upstream, api_key=key, base_url=url, transport=transport, **options) as client,
        ):
            result: Any = None
            for step in steps:
                operation, *arguments = step(result) if callable(step) else step
                result = await getattr(client, operation)(*arguments)
            return result


@pytest.fixture(params=["in process", "socket"])
def emulator(request: pytest.FixtureRequest) -> EmulatorCaller:
    return EmulatorCaller(request.param)


def write_image(path: Path, colour: str) -> Path:
    buffer = BytesIO()
    Image.new("RGB", (640, 640), colour).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())
    return path


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_every_mode_generates_the_ordered_clip(
    emulator: EmulatorCaller, tmp_path: Path, upstream: str, mode: str
) -> None:
    order = GenerationRequest(prompt="a boat", model="fast", size=SIZES[upstream], seconds=4, references=MODES[mode])
    clip = emulator.run(upstream, ("generate", order, tmp_path / "a.mp4"))
    assert (clip.movie.size, clip.movie.seconds, clip.movie.has_audio) == (
        SIZES[upstream],
        pytest.approx(4, abs=0.1),
        True,
    )
    assert clip.statuses == ("QUEUED", "IN_PROGRESS", "SUCCESS")
    assert clip.bytes == (tmp_path / "a.mp4").stat().st_size
    assert 30 < emulator.total_sleep < 900


def test_an_order_without_audio_generates_a_silent_clip(emulator: EmulatorCaller, tmp_path: Path) -> None:
    order = GenerationRequest(prompt="p", model="fast", size="640x640", seconds=4, generate_audio=False)
    assert not emulator.run("opeai", ("generate", order, tmp_path / "a.mp4")).movie.has_audio


def test_a_local_image_becomes_the_first_frame_on_both_upstreams(emulator: EmulatorCaller, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    red = first_frame(write_image(tmp_path / "red.png", "#c01020").as_uri())
    for upstream in ("apimodels", "opeai"):
        order = GenerationRequest(prompt="p", model="fast", size=SIZES[upstream], seconds=4, references=(red,))
        emulator.run(upstream, ("generate", order, tmp_path / "a.mp4"))
        with av.open(str(tmp_path / "a.mp4")) as container:
            frame = next(container.decode(video=0)).to_image()
        r, g, b = frame.getpixel((frame.width // 2, frame.height // 3))
        assert r > 150, upstream
        assert max(g, b) < 90, upstream


def test_an_uploaded_image_becomes_an_active_asset(emulator: EmulatorCaller, tmp_path: Path) -> None:
    face = write_image(tmp_path / "face.png", "green")
    uploaded: list[str] = []

    def register(url: str) -> tuple[Any, ...]:
        uploaded.append(url)
        return ("ensure_group", "cast")

    asset = emulator.run(
        "apimodels",
        ("upload", face),
        register,
        lambda group: ("create_asset", uploaded[0], group.id),
        lambda asset: ("wait_asset", asset.id),
    )
    assert (asset.status, asset.url) == ("Active", f"asset://{asset.id}")


def test_an_asset_is_a_reference_of_a_generation(emulator: EmulatorCaller, tmp_path: Path) -> None:
    face = write_image(tmp_path / "face.png", "green")
    url: list[str] = []

    def order(asset: Any) -> tuple[Any, ...]:
        reference = Reference(MediaKind.IMAGE, asset.url)
        return ("generate", GenerationRequest(prompt="p", model="mini", references=(reference,)), tmp_path / "a.mp4")

    clip = emulator.run(
        "apimodels",
        ("upload", face),
        lambda uploaded: (url.append(uploaded), "ensure_group", "cast")[1:],  # type: ignore[func-returns-value]
        lambda group: ("create_asset", url[0], group.id),
        lambda asset: ("wait_asset", asset.id),
        order,
    )
    assert clip.video.model == "seedance2-a/seedance-2.0-mini"


def test_assets_and_groups_are_listed_renamed_and_deleted(emulator: EmulatorCaller, tmp_path: Path) -> None:
    face = write_image(tmp_path / "face.png", "green")
    url: list[str] = []
    page = emulator.run(
        "apimodels",
        ("upload", face),
        lambda uploaded: (url.append(uploaded), "create_group", "cast")[1:],  # type: ignore[func-returns-value]
        lambda group: ("create_asset", url[0], group.id),
        lambda asset: ("rename_asset", asset.id, "hero"),
        ("list_assets",),
    )
    assert [asset.name for asset in page.items] == ["hero"]
    groups = emulator.run(
        "apimodels", ("create_group", "a"), lambda group: ("delete_group", group.id), ("list_groups",)
    )
    assert groups == ()


def test_an_upscale_generates_a_larger_clip(emulator: EmulatorCaller, tmp_path: Path) -> None:
    source = GenerationRequest(prompt="p", model="mini", resolution="720p", ratio="16:9", seconds=4)
    clip = emulator.run(
        "apimodels",
        ("generate", source, tmp_path / "small.mp4"),
        lambda small: ("upload", small.path, MediaKind.VIDEO),
        lambda url: ("upscale", url, "1080p", tmp_path / "big.mp4"),
    )
    assert (clip.movie.size, clip.movie.seconds) == ("1920x1080", pytest.approx(4, abs=0.1))
    assert clip.quote.amount == Decimal("0.225")


def test_the_charge_equals_the_quote(emulator: EmulatorCaller, tmp_path: Path) -> None:
    order = GenerationRequest(prompt="p", model="mini", resolution="720p", ratio="1:1", seconds=4)
    balance = emulator.run("apimodels", ("generate", order, tmp_path / "a.mp4"), ("balance",))
    assert balance == 1000 - Decimal("0.292")
    charge = emulator.run(
        "apimodels", ("generate", order, tmp_path / "a.mp4"), lambda clip: ("record", clip.video.task_id)
    )
    assert (charge.settled, charge.amount) == (True, Decimal("0.292"))


def test_a_task_is_collected_by_its_id(emulator: EmulatorCaller, tmp_path: Path) -> None:
    order = GenerationRequest(prompt="p", model="fast", size="640x640", seconds=4)
    clip = emulator.run("opeai", ("create", order), lambda video: ("collect", video.task_id, tmp_path / "a.mp4"))
    assert clip.movie.size == "640x640"


@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_error_responses_of_the_emulator_have_their_exceptions(
    emulator: EmulatorCaller, tmp_path: Path, upstream: str
) -> None:
    order = GenerationRequest(prompt="p", model="fast", size=SIZES[upstream], seconds=4)
    with pytest.raises(AuthenticationError):
        emulator.run(upstream, ("create", order), key="sk_mock_wrong")
    with pytest.raises(NotFoundError):
        emulator.run(upstream, ("query", "cgt-20260529102017-aaaaa"))
    with pytest.raises(NotReadyError):
        emulator.run(upstream, ("create", order), lambda video: ("download", video.task_id, tmp_path / "a.mp4"))


def test_preflight_and_emulator_report_the_same_violation(emulator: EmulatorCaller) -> None:
    for upstream, order in (
        ("apimodels", GenerationRequest(prompt="p", seconds=99)),
        ("apimodels", GenerationRequest(prompt="p", references=(LAST,))),
        ("opeai", GenerationRequest(prompt="p", size="1920x1080", model="fast")),
        ("opeai", GenerationRequest(prompt="p", size="640x640", references=(AUDIO,))),
    ):
        with (
            pytest.raises(ValidationError) as preflight,
            Client(upstream, api_key="k", base_url="http://x.test") as client,
        ):
            client.create(order)
        with pytest.raises(ValidationError) as response:
            emulator.run(upstream, ("create", order), preflight=False)
        assert preflight.value.message.split(" (and ")[0] in response.value.message


VARIANTS = [
    ("opeai", {"opeai.status": "openai"}),
    ("opeai", {"opeai.errors": "newapi"}),
    ("opeai", {"opeai.progress": "percent"}),
    ("opeai", {"opeai.range": "off"}),
    ("apimodels", {"apimodels.keys": "legacy"}),
    ("apimodels", {"apimodels.errors": "ok"}),
    ("apimodels", {"apimodels.group_list": "items"}),
    ("apimodels", {"apimodels.asset_status": "Active"}),
]


@pytest.mark.parametrize(("upstream", "variants"), VARIANTS, ids=lambda value: str(value))
def test_the_client_reads_every_variant_without_configuration(
    tmp_path: Path, upstream: str, variants: dict[str, str]
) -> None:
    emulator = EmulatorCaller("in process", variants=variants)
    order = GenerationRequest(prompt="p", model="fast", size=SIZES[upstream], seconds=4)
    assert emulator.run(upstream, ("generate", order, tmp_path / "a.mp4")).movie.size == SIZES[upstream]
    with pytest.raises(NotFoundError):
        emulator.run(upstream, ("query", "cgt-20260529102017-aaaaa"))
    with pytest.raises(AuthenticationError):
        emulator.run(upstream, ("create", order), key="sk_mock_wrong")
    if upstream == "apimodels":
        groups = emulator.run(upstream, ("create_group", "cast"), ("list_groups",))
        assert [group.name for group in groups] == ["cast"]
