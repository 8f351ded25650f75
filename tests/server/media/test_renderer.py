"""The renderer and its cache: shared renders, hints, eviction, a clean end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

import pytest
from msgspec.structs import replace

from seedmock_server.media import clip_cache, pipeline
from seedmock_server.media.clip_cache import CachedClip, ClipCache
from seedmock_server.media.clip_spec import ClipSpec
from seedmock_server.media.encoding.encoder import Encoder
from seedmock_server.media.errors import Unrenderable
from seedmock_server.media.renderer import ClipRenderer

pytestmark = pytest.mark.anyio


@pytest.fixture
def tiny(plain: ClipSpec) -> ClipSpec:
    return replace(plain, width=496, height=432, seconds=1)


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[ClipSpec]:
    """The specs that were rendered, in order."""
    specs: list[ClipSpec] = []
    render = pipeline.render

    def recording_render(spec: ClipSpec, target: Path, ffmpeg: Encoder, *, low_priority: bool = False) -> None:
        specs.append(spec)
        render(spec, target, ffmpeg, low_priority=low_priority)

    monkeypatch.setattr(pipeline, "render", recording_render)
    return specs


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_callers_of_the_same_clip_share_one_render(
    tiny: ClipSpec, renders: list[ClipSpec], tmp_path: Path
) -> None:
    renderer = ClipRenderer(tmp_path)
    clips = await asyncio.gather(*(renderer.clip(tiny) for _ in range(20)))
    assert len(renders) == len(set(clips)) == 1
    assert clips[0].size_bytes == clips[0].path.stat().st_size
    assert clips[0].etag == f'"{tiny.digest[:32]}"'
    await renderer.aclose()


async def test_cancelling_one_caller_does_not_cancel_the_others(
    tiny: ClipSpec, renders: list[ClipSpec], tmp_path: Path
) -> None:
    renderer = ClipRenderer(tmp_path)
    cancelled, other = asyncio.create_task(renderer.clip(tiny)), asyncio.create_task(renderer.clip(tiny))
    await wait_until(lambda: bool(renders))
    cancelled.cancel()
    assert (await other).path.exists()
    assert cancelled.cancelled()
    await renderer.aclose()


async def test_rendered_clips_are_cached_for_the_next_renderer(
    tiny: ClipSpec, renders: list[ClipSpec], tmp_path: Path
) -> None:
    for _ in range(2):
        renderer = ClipRenderer(tmp_path)
        await renderer.clip(tiny)
        await renderer.aclose()
    assert len(renders) == 1


async def test_only_the_last_hints_are_rendered_when_idle(
    tiny: ClipSpec, renders: list[ClipSpec], tmp_path: Path
) -> None:
    renderer = ClipRenderer(tmp_path, idle_after=0.02, max_hints=2)
    for seed in range(10_000):
        renderer.prepare(partial(replace, tiny, seed=seed))
    assert renders == []
    await wait_until(lambda: len(list(tmp_path.glob("*.mp4"))) == 2)
    assert [spec.seed for spec in renders] == [9999, 9998]
    await renderer.clip(replace(tiny, seed=9999))
    assert len(renders) == 2
    await renderer.aclose()


async def test_a_hint_that_cannot_be_rendered_is_ignored(
    tiny: ClipSpec, renders: list[ClipSpec], tmp_path: Path
) -> None:
    renderer = ClipRenderer(tmp_path, idle_after=0.0)
    renderer.prepare(lambda: replace(tiny, width=3))
    await wait_until(lambda: bool(renders))
    assert (await renderer.clip(tiny)).path.exists()
    await renderer.aclose()
    renderer.prepare(lambda: tiny)


def test_a_hint_outside_of_an_event_loop_is_not_rendered(tiny: ClipSpec, tmp_path: Path) -> None:
    renderer = ClipRenderer(tmp_path)
    renderer.prepare(lambda: tiny)
    asyncio.run(renderer.aclose())
    assert list(tmp_path.iterdir()) == []


async def test_closing_cancels_renders_and_leaves_only_finished_clips(tiny: ClipSpec, tmp_path: Path) -> None:
    renderer = ClipRenderer(tmp_path)
    finished = await renderer.clip(tiny)
    unfinished = asyncio.create_task(renderer.clip(replace(tiny, width=3840, height=2160, seconds=15)))
    await wait_until(lambda: bool(renderer._encoder._running))
    await renderer.aclose()
    with pytest.raises(Unrenderable):
        await unfinished
    assert list(tmp_path.iterdir()) == [finished.path]
    with pytest.raises(Unrenderable, match="closed"):
        await renderer.clip(replace(tiny, seed=1))


async def test_an_encoder_is_killed_after_its_time_limit(plain: ClipSpec, tmp_path: Path) -> None:
    renderer = ClipRenderer(tmp_path, time_limit=0.001)
    with pytest.raises(Unrenderable, match="too long"):
        await renderer.clip(replace(plain, seconds=15))
    await renderer.aclose()
    assert list(tmp_path.iterdir()) == []


def add_clip(cache: ClipCache, name: str, size: int, age: int = 0) -> CachedClip:
    finished = cache.work / name
    finished.write_bytes(bytes(size))
    clip = cache.admit(name, finished)
    if age:
        before = clip.path.stat().st_mtime - age
        os.utime(clip.path, (before, before))
    return clip


def test_the_least_recently_used_clip_is_evicted_and_open_files_stay_readable(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, 1000)
    for name, age in (("a", 30), ("b", 20), ("c", 10)):
        add_clip(cache, name, 300, age)
    assert cache.find("a") is not None
    clip = cache.find("b")
    assert clip is not None
    with clip.path.open("rb") as download:
        os.utime(tmp_path / "b.mp4", (1, 1))
        add_clip(cache, "d", 300)
        assert cache.find("b") is None
        assert len(download.read()) == 300
    assert {path.stem for path in tmp_path.glob("*.mp4")} == {"a", "c", "d"}
    cache.close()


def test_a_clip_that_was_found_before_is_used_again_or_gone(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, 1000)
    clip = add_clip(cache, "a", 10)
    first = cache.find(clip.path.stem)
    os.utime(clip.path, (1, 1))
    assert first == clip == cache.find(clip.path.stem)
    assert clip.path.stat().st_mtime > 1, "marked as used"
    clip.path.unlink()  # as another process may
    assert cache.find(clip.path.stem) is None
    cache.close()


def test_a_clip_larger_than_the_cache_is_admitted(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, 10)
    add_clip(cache, "small", 5, 9)
    assert add_clip(cache, "large", 100).path.exists()
    assert cache.find("small") is None
    cache.close()


def test_the_work_folder_of_a_crashed_process_is_removed_and_one_in_use_is_not(tmp_path: Path) -> None:
    in_use = ClipCache(tmp_path, 1000)
    (in_use.work / "half.mp4").write_bytes(b"half")
    crashed = tmp_path / "work-crashed"
    crashed.mkdir()
    (crashed / "lock").touch()
    (crashed / "half.mp4").write_bytes(b"half")
    other = ClipCache(tmp_path, 1000)
    assert not crashed.exists()
    assert (in_use.work / "half.mp4").exists()
    other.close()
    in_use.close()
    assert list(tmp_path.iterdir()) == []


def test_a_work_folder_that_is_removed_before_it_is_locked_is_created_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lock = clip_cache._lock
    others: list[ClipCache] = []
    is_first = True

    def late_lock(file: IO[bytes]) -> bool:
        nonlocal is_first
        if is_first:
            is_first = False  # the other cache locks its own folder in time
            others.append(ClipCache(tmp_path, 1000))
        return lock(file)

    monkeypatch.setattr(clip_cache, "_lock", late_lock)
    cache = ClipCache(tmp_path, 1000)
    assert cache.work.is_dir()
    assert (cache.work / "lock").exists()
    assert cache.work != others[0].work
    cache.close()
    others[0].close()


def test_importing_the_renderer_imports_no_heavy_library() -> None:
    code = "import sys, seedmock_server.media.renderer, seedmock_server.media.probe; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"PIL", "imageio_ffmpeg", "av", "numpy"} & set(output.split())
