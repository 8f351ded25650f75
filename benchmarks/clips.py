"""Measure rendering, beside plain ffmpeg making a clip of the same size and length in the same run.

    python benchmarks/clips.py

Read the ratios, for machines differ and are busy. `all.py` prints the first clip of a size in an empty cache, and a new
seed, of 15 s with sound at 1920x1080.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from measures import Measure
from rich.console import Console
from rich.table import Table

from seedmock_server.media.clip_spec import ClipSpec, StoredFile
from seedmock_server.media.ffmpeg import executable
from seedmock_server.media.renderer import ClipRenderer

ROUNDS = 5
FIRST_TARGET, SEED_TARGET = 0.1, 0.05
LARGE = ("1920x1080", 15)
CASES = [("864x496", 5), ("1280x720", 5), ("1920x1080", 15), ("2206x946", 15), ("1080x1920", 4)]


def plain_ffmpeg(folder: Path, size: str, seconds: int) -> float:
    """Seconds that ffmpeg takes, as fast as it can and on all cores, for its own test picture with a tone."""
    pictures = ("-f", "lavfi", "-i", f"testsrc2=s={size}:r=24:d={seconds}")
    tone = ("-f", "lavfi", "-i", f"sine=d={seconds}")
    codecs = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")
    start = time.perf_counter()
    command = [executable(), "-v", "error", "-y", *pictures, *tone, *codecs, "-movflags", "+faststart"]
    subprocess.run([*command, str(folder / "plain.mp4")], check=True)
    return time.perf_counter() - start


async def time_render(renderer: ClipRenderer, clip_spec: ClipSpec) -> float:
    start = time.perf_counter()
    await renderer.clip(clip_spec)
    return time.perf_counter() - start


def clip_spec(size: str, seconds: int, seed: int, first: StoredFile | None = None) -> ClipSpec:
    width, height = map(int, size.split("x"))
    prompt = "A red fox runs through fresh snow at dawn, cinematic light"
    return ClipSpec("seedance-2-0", width, height, seconds, True, seed, prompt, first=first)


async def measure(folder: Path, renderer: ClipRenderer, size: str, seconds: int) -> list[str]:
    """One row: medians of several rounds, each of which does everything once."""
    plain, cold, cached, stills = [], [], [], []
    still = StoredFile(folder / "still.png", "still")
    for seed in range(ROUNDS):
        plain.append(await asyncio.to_thread(plain_ffmpeg, folder, size, seconds))
        cold.append(await time_render(renderer, clip_spec(size, seconds, seed)))
        cached.append(await time_render(renderer, clip_spec(size, seconds, seed)))
        stills.append(await time_render(renderer, clip_spec(size, seconds, seed, first=still)))
    row = [f"{size} {seconds} s", f"{statistics.median(plain):.2f} s"]
    for times in (cold, stills):
        ratio = statistics.median(theirs / ours for theirs, ours in zip(plain, times, strict=True))
        row += [f"{statistics.median(times):.2f} s", f"1/{ratio:.1f}"]
    return [*row, f"{statistics.median(cached) * 1e6:.0f} µs"]


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    """Measure the first clip of a size in an empty cache, and a clip of another seed after it."""
    rounds = [asyncio.run(first_and_next(Path(name))) for name in _folders(options.rounds)]
    for kind in (0, 1):
        plain, first, seed = (statistics.median(row[part][kind] for row in rounds) for part in range(3))
        name = "clip of 15 s, 1920x1080, with sound, {}" + (": processor time" if kind else "")
        targets = (FIRST_TARGET, SEED_TARGET) if not kind else (None, None)
        yield Measure(name.format("the first of its size"), first, "s", "plain ffmpeg", plain, at_most=targets[0])
        yield Measure(name.format("a new seed"), seed, "s", "plain ffmpeg", plain, at_most=targets[1])


def _folders(count: int) -> Iterator[str]:
    for _ in range(count):
        with tempfile.TemporaryDirectory() as name:
            yield name


async def first_and_next(folder: Path) -> list[tuple[float, float]]:
    """Wall and processor seconds of plain ffmpeg, of the first clip in an empty cache, and of another seed."""
    size, seconds = LARGE
    renderer = ClipRenderer(folder / "clips")
    results = [_timed(lambda: plain_ffmpeg(folder, size, seconds))]
    for seed in range(2):
        before, started = os.times(), time.perf_counter()
        await renderer.clip(clip_spec(size, seconds, seed))
        results.append((time.perf_counter() - started, sum(os.times()[:4]) - sum(before[:4])))
    await renderer.aclose()
    return results


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    before, started = os.times(), time.perf_counter()
    work()
    return time.perf_counter() - started, sum(os.times()[:4]) - sum(before[:4])


async def main() -> None:
    from PIL import Image

    table = Table("clip, with sound", "plain ffmpeg", "cold", "ratio", "noisy still", "ratio", "cached")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.effect_noise((1000, 700), 90).convert("RGB").save(folder / "still.png")
        renderer = ClipRenderer(folder / "clips")
        await renderer.clip(clip_spec("640x640", 1, 0))
        for size, seconds in CASES:
            table.add_row(*await measure(folder, renderer, size, seconds))
        await renderer.aclose()
    Console(width=110).print(table)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
