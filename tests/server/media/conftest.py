"""Shared by the tests of the studio: a plain look, and a studio that is opened, used and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from seedmock_server.media.clip_spec import ClipSpec
from seedmock_server.media.renderer import ClipRenderer

Render = Callable[..., list[Path]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def plain() -> ClipSpec:
    """A short, small, silent clip."""
    return ClipSpec(
        model="seedance-2-0", width=864, height=496, seconds=4, audio=False, seed=7, prompt="A red fox in the snow"
    )


@pytest.fixture
def render(tmp_path: Path) -> Render:
    """Renders looks, several at once, and gives the files in the same order."""

    async def work(folder: Path, clip_specs: tuple[ClipSpec, ...]) -> list[Path]:
        renderer = ClipRenderer(folder, workers=2)
        try:
            return [clip.path for clip in await asyncio.gather(*map(renderer.clip, clip_specs))]
        finally:
            await renderer.aclose()

    return lambda *clip_specs, folder=tmp_path / "clips": asyncio.run(work(folder, clip_specs))
