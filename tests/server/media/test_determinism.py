"""The bytes of a clip depend on its spec alone."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from msgspec.structs import replace
from PIL import ImageChops, ImageStat

from seedmock_server.media.clip_spec import ClipSpec, StoredFile

SPEC = ClipSpec(model="seedance-2-0", width=640, height=640, seconds=4, audio=True, seed=7, prompt="a fox 狐")

PROGRAM = """
import asyncio, hashlib, os, sys
from pathlib import Path
from typing import Any
from seedmock_server.media.clip_spec import ClipSpec
from seedmock_server.media.renderer import ClipRenderer
if sys.argv[2]:
    os.sched_setaffinity(0, {int(sys.argv[2])})
async def main():
    renderer = ClipRenderer(Path(sys.argv[1]))
    clip = await renderer.clip(eval(sys.argv[3]))
    await renderer.aclose()
    print(hashlib.sha256(clip.path.read_bytes()).hexdigest(), clip.etag)
asyncio.run(main())
"""


def render_in_process(folder: Path, spec: ClipSpec, core: str = "", **environment: str) -> str:
    """The hash of the bytes and the etag, rendered in another process."""
    command = [sys.executable, "-c", PROGRAM, str(folder), core, repr(spec)]
    process = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    return process.stdout


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="pins processes to cores")
def test_another_process_on_one_core_renders_the_same_bytes(tmp_path: Path) -> None:
    core = str(min(os.sched_getaffinity(0)))
    free = render_in_process(tmp_path / "a", SPEC)
    pinned = render_in_process(tmp_path / "b", SPEC, core, PYTHONHASHSEED="5", TZ="Asia/Tokyo")
    assert free == pinned


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="hides processor features from the C library")
def test_a_processor_without_fused_arithmetic_renders_the_same_bytes(tmp_path: Path) -> None:
    plain = "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F,-FMA4"
    assert render_in_process(tmp_path / "a", SPEC) == render_in_process(tmp_path / "b", SPEC, GLIBC_TUNABLES=plain)


def test_another_seed_gives_another_image_and_another_sound(render: Callable[..., list[Path]]) -> None:
    images, sounds = [], []
    for path in render(SPEC, replace(SPEC, seed=8)):
        with av.open(path) as clip:
            images.append(next(clip.decode(video=0)).to_image())
        with av.open(path) as clip:
            sounds.append(hashlib.sha256(b"".join(bytes(f.planes[0]) for f in clip.decode(audio=0))).hexdigest())
    assert sum(ImageStat.Stat(ImageChops.difference(*images)).mean) / 3 > 8
    assert sounds[0] != sounds[1]


def test_every_field_is_part_of_the_digest_and_a_file_by_its_content(tmp_path: Path) -> None:
    still = StoredFile(tmp_path / "a.png", "one")
    changes: list[dict[str, Any]] = [
        {"model": "other"}, {"width": 642}, {"height": 642}, {"seconds": 5}, {"audio": False}, {"seed": 8},
        {"prompt": ""}, {"extra_frame": True}, {"first": still}, {"last": still}, {"source": still},
        {"first": StoredFile(tmp_path / "a.png", "two")},
    ]  # fmt: skip
    digests = {replace(SPEC, **change).digest for change in changes} | {SPEC.digest}
    assert len(digests) == len(changes) + 1
    moved = replace(SPEC, first=StoredFile(Path("/elsewhere"), "one"))
    assert moved.digest == replace(SPEC, first=still).digest


def test_a_digest_is_64_stable_hex_digits() -> None:
    assert SPEC.digest == replace(SPEC).digest
    assert bytes.fromhex(SPEC.digest).hex() == SPEC.digest
    assert len(SPEC.digest) == 64
