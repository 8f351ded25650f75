"""Hostile and broken files: never measured, never rendered, never a crash."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PIL import Image

from seedmock_contracts.mp4 import MAX_BOXES, boxes
from seedmock_server.media import pipeline
from seedmock_server.media.clip_spec import ClipSpec, StoredFile
from seedmock_server.media.errors import Unrenderable
from seedmock_server.media.probe import UnreadableMedia, measure
from seedmock_server.media.renderer import ClipRenderer

pytestmark = pytest.mark.anyio

PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile /etc/passwd\n"
EPS = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\nshowpage\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'


def png(width: int, height: int) -> bytes:
    """A small PNG that claims a size in pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def broken_files(folder: Path) -> dict[str, bytes]:
    Image.linear_gradient("L").save(folder / "whole.png")
    Image.effect_noise((200, 200), 80).save(folder / "whole.jpg")
    return {
        "page.png": b"<!doctype html><html><body>404</body></html>",
        "bomb.png": png(60_000, 60_000),
        "large.png": png(13_000, 9_000),
        "cut.png": (folder / "whole.png").read_bytes()[:300],
        "cut.jpg": (folder / "whole.jpg").read_bytes()[:2000],
        "list.m3u8": PLAYLIST.encode(),
        "list.mp4": PLAYLIST.encode(),
        "list.txt": CONCAT.encode(),
        "drawing.eps": EPS.encode(),
        "drawing.svg": SVG.encode(),
        "words.mp4": b"only words, and many of them " * 100,
        "empty.mp4": b"",
        "boxes.mp4": b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(400),
        "riff.avi": b"RIFF\xff\xff\xff\xffAVI LIST" + bytes(100),
        "noise.mp3": b"ID3" + bytes(2000),
        "boxes.heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(400),
        "cut.wav": b"RIFF\x24\x10\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00" + bytes(40),
        "noise.ogg": b"OggS" + bytes(2000),
        "noise.mkv": b"\x1a\x45\xdf\xa3" + bytes(2000),
        "noise.flac": b"fLaC" + bytes(2000),
        "noise.gif": b"GIF89a\x10\x00\x10\x00\x00" + bytes(50),
        "noise.tiff": b"II*\x00\x08\x00\x00\x00" + bytes(50),
    }


NAMES = [
    "bomb.png", "boxes.heic", "boxes.mp4", "cut.jpg", "cut.png", "cut.wav", "drawing.eps", "drawing.svg", "empty.mp4",
    "large.png", "list.m3u8", "list.mp4", "list.txt", "noise.flac", "noise.gif", "noise.mkv", "noise.mp3", "noise.ogg",
    "noise.tiff", "page.png", "riff.avi", "words.mp4",
]  # fmt: skip


@pytest.fixture
def broken_file(tmp_path: Path) -> Callable[[str], Path]:
    """Write a broken file by its name."""

    def write(name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(broken_files(tmp_path)[name])
        return path

    return write


def test_every_broken_file_has_a_case(tmp_path: Path) -> None:
    assert sorted(broken_files(tmp_path)) == NAMES


def assert_message_is_ours(message: str) -> None:
    """No text of ffmpeg or Pillow, no address in memory, no path, no number of an error, nothing of the file."""
    assert 10 < len(message) < 200
    for foreign in ("root:", "0x", "@", "ffmpeg", "PIL", "<_io", "return code", "file:", "/tmp", "object at", "Error"):
        assert foreign not in message


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_file_is_not_measured(name: str, broken_file: Callable[[str], Path]) -> None:
    with pytest.raises(UnreadableMedia) as caught:
        measure(broken_file(name))
    assert_message_is_ours(str(caught.value))


@pytest.mark.parametrize("use", ["first", "last", "source"])
@pytest.mark.parametrize("name", NAMES)
async def test_a_broken_file_is_not_rendered_and_the_renderer_goes_on(
    name: str, use: str, plain: ClipSpec, broken_file: Callable[[str], Path], tmp_path: Path
) -> None:
    renderer = ClipRenderer(tmp_path / "clips")
    small = replace(plain, width=496, height=432, seconds=1)
    files: dict[str, Any] = {use: StoredFile(broken_file(name), name)}
    with pytest.raises(Unrenderable) as caught:
        await renderer.clip(replace(small, **files))
    assert_message_is_ours(str(caught.value))
    await renderer.aclose()
    assert list((tmp_path / "clips").iterdir()) == []


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match="can't be read"):
        measure(tmp_path / "nothing.mp4")


def test_a_file_of_nothing_but_empty_boxes_is_not_walked_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "boxes.mp4"
    path.write_bytes(b"\x00\x00\x00\x08free" * (MAX_BOXES + 5))
    with path.open("rb") as file:
        assert sum(1 for _ in boxes(file)) == MAX_BOXES


@pytest.mark.parametrize("use", ["first", "last", "source"])
async def test_a_file_that_has_gone_is_not_rendered(
    use: str, plain: ClipSpec, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    renderer = ClipRenderer(tmp_path / "clips")
    files: dict[str, Any] = {use: StoredFile(tmp_path / "gone.png", "gone")}
    with pytest.raises(Unrenderable, match="can't be read"):
        await renderer.clip(replace(plain, **files))
    assert "Traceback" not in caplog.text
    await renderer.aclose()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_video_is_unreadable(
    share: float, plain: ClipSpec, render: Callable[..., list[Path]], tmp_path: Path
) -> None:
    (whole,) = render(replace(plain, audio=True))
    data = whole.read_bytes()
    truncated = tmp_path / "cut.mp4"
    truncated.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableMedia):
        measure(truncated)


async def test_an_unexpected_error_is_logged_and_its_text_is_not_in_the_message(
    plain: ClipSpec, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"{object()} is in the way")

    monkeypatch.setattr(pipeline, "render", fail)
    renderer = ClipRenderer(tmp_path / "clips")
    with pytest.raises(Unrenderable, match="see the server log") as caught:
        await renderer.clip(plain)
    assert_message_is_ours(str(caught.value))
    assert "is in the way" in caplog.text
    await renderer.aclose()


async def test_a_video_with_zeros_inside_is_unrenderable_or_rendered_but_never_a_crash(
    plain: ClipSpec, tmp_path: Path
) -> None:
    renderer = ClipRenderer(tmp_path / "clips")
    whole = (await renderer.clip(plain)).path.read_bytes()
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))
    with contextlib.suppress(Unrenderable):
        clip = await renderer.clip(replace(plain, source=StoredFile(damaged, "damaged")))
        assert clip.path.exists()
    await renderer.aclose()
