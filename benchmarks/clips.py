"""Measure rendering, beside plain ffmpeg making a clip of the same size and length in the same run.

Run it as `python benchmarks/clips.py`; read the ratios, for machines differ and are busy.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from seedmock_server.media.clip_spec import ClipSpec, StoredFile
from seedmock_server.media.ffmpeg import executable
from seedmock_server.media.renderer import ClipRenderer

ROUNDS = 5
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
