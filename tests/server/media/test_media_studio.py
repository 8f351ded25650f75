"""The studio as a room of a server: shared renders, hints, a bounded shelf, a clean end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from seedmock_server.media import clip_cache as shelf_module
from seedmock_server.media import pipeline as render_module
from seedmock_server.media.clip_cache import ClipCache
from seedmock_server.media.clip_spec import ClipSpec
from seedmock_server.media.encoding.encoder import Encoder
from seedmock_server.media.renderer import CachedClip, ClipRenderer, Unrenderable

pytestmark = pytest.mark.anyio


@pytest.fixture
def tiny(plain: ClipSpec) -> ClipSpec:
    return replace(plain, width=496, height=432, seconds=1)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[ClipSpec]:
    """The looks that were really rendered, in order."""
    seen: list[ClipSpec] = []
    really = render_module.render

    def noted(clip_spec: ClipSpec, target: Path, ffmpeg: Encoder, *, quiet: bool = False) -> None:
        seen.append(clip_spec)
        really(clip_spec, target, ffmpeg, quiet=quiet)

    monkeypatch.setattr(render_module, "render", noted)
    return seen


async def settled(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_callers_of_one_look_share_one_render(tiny: ClipSpec, made: list[ClipSpec], tmp_path: Path) -> None:
    renderer = ClipRenderer(tmp_path)
    clips = await asyncio.gather(*(renderer.clip(tiny) for _ in range(20)))
    assert len(made) == len(set(clips)) == 1
    assert clips[0].size_bytes == clips[0].path.stat().st_size
    assert clips[0].etag == f'"{tiny.digest[:32]}"'
    await renderer.aclose()


async def test_a_caller_who_leaves_does_not_spoil_it_for_the_others(
    tiny: ClipSpec, made: list[ClipSpec], tmp_path: Path
) -> None:
    renderer = ClipRenderer(tmp_path)
    leaving, staying = asyncio.create_task(renderer.clip(tiny)), asyncio.create_task(renderer.clip(tiny))
    await settled(lambda: bool(made))
    leaving.cancel()
    assert (await staying).path.exists()
    assert leaving.cancelled()
    await renderer.aclose()


async def test_what_was_rendered_is_there_for_the_next_studio(
    tiny: ClipSpec, made: list[ClipSpec], tmp_path: Path
) -> None:
    for _ in range(2):
        renderer = ClipRenderer(tmp_path)
        await renderer.clip(tiny)
        await renderer.aclose()
    assert len(made) == 1


async def test_hints_are_rendered_when_it_is_quiet_the_last_few_only(
    tiny: ClipSpec, made: list[ClipSpec], tmp_path: Path
) -> None:
    renderer = ClipRenderer(tmp_path, quiet_after=0.02, hints=2)
    for seed in range(10_000):
        renderer.prepare(partial(replace, tiny, seed=seed))
    assert made == []
    await settled(lambda: len(list(tmp_path.glob("*.mp4"))) == 2)
    assert [clip_spec.seed for clip_spec in made] == [9999, 9998]
    await renderer.clip(replace(tiny, seed=9999))
    assert len(made) == 2
    await renderer.aclose()


async def test_a_hint_that_cannot_be_rendered_hurts_nobody(
    tiny: ClipSpec, made: list[ClipSpec], tmp_path: Path
) -> None:
    renderer = ClipRenderer(tmp_path, quiet_after=0.0)
    renderer.prepare(lambda: replace(tiny, width=3))
    await settled(lambda: bool(made))
    assert (await renderer.clip(tiny)).path.exists()
    await renderer.aclose()
    renderer.prepare(lambda: tiny)


def test_a_hint_outside_of_an_event_loop_is_only_kept(tiny: ClipSpec, tmp_path: Path) -> None:
    renderer = ClipRenderer(tmp_path)
    renderer.prepare(lambda: tiny)
    asyncio.run(renderer.aclose())
    assert list(tmp_path.iterdir()) == []


async def test_closing_stops_everything_and_leaves_finished_clips_only(tiny: ClipSpec, tmp_path: Path) -> None:
    renderer = ClipRenderer(tmp_path)
    kept = await renderer.clip(tiny)
    long = asyncio.create_task(renderer.clip(replace(tiny, width=3840, height=2160, seconds=15)))
    await settled(lambda: bool(renderer._encoder._running))
    await renderer.aclose()
    with pytest.raises(Unrenderable):
        await long
    assert list(tmp_path.iterdir()) == [kept.path]
    with pytest.raises(Unrenderable, match="closed"):
        await renderer.clip(replace(tiny, seed=1))


async def test_an_encoder_that_takes_too_long_is_killed(plain: ClipSpec, tmp_path: Path) -> None:
    renderer = ClipRenderer(tmp_path, time_limit=0.001)
    with pytest.raises(Unrenderable, match="too long"):
        await renderer.clip(replace(plain, seconds=15))
    await renderer.aclose()
    assert list(tmp_path.iterdir()) == []


def clip_of(cache: ClipCache, name: str, size: int, age: int = 0) -> CachedClip:
    finished = cache.work / name
    finished.write_bytes(bytes(size))
    clip = cache.admit(name, finished)
    if age:
        before = clip.path.stat().st_mtime - age
        os.utime(clip.path, (before, before))
    return clip


def test_the_shelf_keeps_to_its_bound_and_the_least_used_go_first(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, 1000)
    for name, age in (("a", 30), ("b", 20), ("c", 10)):
        clip_of(cache, name, 300, age)
    assert cache.find("a") is not None
    with cache.find("b").path.open("rb") as download:  # type: ignore[union-attr]
        os.utime(tmp_path / "b.mp4", (1, 1))
        clip_of(cache, "d", 300)
        assert cache.find("b") is None
        assert len(download.read()) == 300
    assert {path.stem for path in tmp_path.glob("*.mp4")} == {"a", "c", "d"}
    cache.close()


def test_a_clip_larger_than_the_shelf_is_served_nevertheless(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, 10)
    clip_of(cache, "small", 5, 9)
    assert clip_of(cache, "large", 100).path.exists()
    assert cache.find("small") is None
    cache.close()


def test_the_work_of_a_crashed_studio_is_swept_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    alive = ClipCache(tmp_path, 1000)
    (alive.work / "half.mp4").write_bytes(b"half")
    crashed = tmp_path / "work-crashed"
    crashed.mkdir()
    (crashed / "lock").touch()
    (crashed / "half.mp4").write_bytes(b"half")
    other = ClipCache(tmp_path, 1000)
    assert not crashed.exists()
    assert (alive.work / "half.mp4").exists()
    other.close()
    alive.close()
    assert list(tmp_path.iterdir()) == []


def test_a_work_folder_that_is_swept_before_it_is_locked_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    really, others = shelf_module._locked, []

    def late(file: IO[bytes]) -> bool:
        if not others:
            others.append(None)  # the other studio's own locking is not late
            others.append(ClipCache(tmp_path, 1000))
        return really(file)

    monkeypatch.setattr(shelf_module, "_locked", late)
    cache = ClipCache(tmp_path, 1000)
    assert cache.work.is_dir()
    assert (cache.work / "lock").exists()
    assert cache.work != others[1].work
    cache.close()
    others[1].close()


def test_importing_the_studio_imports_nothing_heavy() -> None:
    code = "import sys, seedmock_server.media.renderer, seedmock_server.media.probe; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"PIL", "imageio_ffmpeg", "av", "numpy"} & set(told.stdout.split())
