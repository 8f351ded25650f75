"""The bytes of a clip depend on its look alone."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import pytest
from PIL import ImageChops, ImageStat

from seedmock_server.media.clip_spec import ClipSpec, StoredFile

LOOK = ClipSpec(model="seedance-2-0", width=640, height=640, seconds=4, audio=True, seed=7, prompt="a fox 狐")

ELSEWHERE = """
import asyncio, hashlib, os, sys
from pathlib import Path
from seedmock_server.media.clip_spec import ClipSpec
from seedmock_server.media.renderer import ClipRenderer
if sys.argv[2]:
    os.sched_setaffinity(0, {int(sys.argv[2])})
async def work():
    renderer = ClipRenderer(Path(sys.argv[1]))
    clip = await renderer.clip(eval(sys.argv[3]))
    await renderer.aclose()
    print(hashlib.sha256(clip.path.read_bytes()).hexdigest(), clip.etag)
asyncio.run(work())
"""


def elsewhere(folder: Path, clip_spec: ClipSpec, core: str = "", **environment: str) -> str:
    """The hash of the bytes and the etag that another process comes to."""
    command = [sys.executable, "-c", ELSEWHERE, str(folder), core, repr(clip_spec)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    return told.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="pins processes to cores")
def test_another_process_on_one_core_makes_the_same_bytes(tmp_path: Path) -> None:
    core = str(min(os.sched_getaffinity(0)))
    here = elsewhere(tmp_path / "a", LOOK)
    alone = elsewhere(tmp_path / "b", LOOK, core, PYTHONHASHSEED="5", TZ="Asia/Tokyo")
    assert here == alone


@pytest.mark.skipif(sys.platform != "linux", reason="hides what the processor can do from the C library")
def test_a_processor_without_fused_arithmetic_makes_the_same_bytes(tmp_path: Path) -> None:
    plain = "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F,-FMA4"
    assert elsewhere(tmp_path / "a", LOOK) == elsewhere(tmp_path / "b", LOOK, GLIBC_TUNABLES=plain)


def test_another_seed_is_plainly_another_picture_and_another_sound(render: Callable[..., list[Path]]) -> None:
    one, other = render(LOOK, replace(LOOK, seed=8))
    pictures, sounds = [], []
    for path in (one, other):
        with av.open(path) as clip:
            pictures.append(next(clip.decode(video=0)).to_image())
        with av.open(path) as clip:
            sounds.append(hashlib.sha256(b"".join(bytes(f.planes[0]) for f in clip.decode(audio=0))).hexdigest())
    assert sum(ImageStat.Stat(ImageChops.difference(*pictures)).mean) / 3 > 8
    assert sounds[0] != sounds[1]


def test_every_field_of_a_look_counts_and_a_source_counts_by_its_content(tmp_path: Path) -> None:
    still = StoredFile(tmp_path / "a.png", "one")
    changed = [
        {"model": "other"}, {"width": 642}, {"height": 642}, {"seconds": 5}, {"audio": False}, {"seed": 8},
        {"prompt": ""}, {"extra_frame": True}, {"first": still}, {"last": still}, {"source": still},
        {"first": StoredFile(tmp_path / "a.png", "two")},
    ]  # fmt: skip
    digests = {replace(LOOK, **change).digest for change in changed} | {LOOK.digest}
    assert len(digests) == len(changed) + 1
    moved = replace(LOOK, first=StoredFile(Path("/elsewhere"), "one"))
    assert moved.digest == replace(LOOK, first=still).digest


def test_a_digest_is_64_hex_digits_that_stay_the_same() -> None:
    assert LOOK.digest == replace(LOOK).digest
    assert bytes.fromhex(LOOK.digest).hex() == LOOK.digest
    assert len(LOOK.digest) == 64
