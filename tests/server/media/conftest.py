"""Fixtures for tests of media: a plain clip spec, and rendering of specs to files."""

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
    """The spec of a short, small, silent clip."""
    return ClipSpec(
        model="seedance-2-0", width=864, height=496, seconds=4, audio=False, seed=7, prompt="A red fox in the snow"
    )


@pytest.fixture
def render(tmp_path: Path) -> Render:
    """Render specs, several at once, and return the files in the same order."""

    async def render_all(folder: Path, specs: tuple[ClipSpec, ...]) -> list[Path]:
        renderer = ClipRenderer(folder, workers=2)
        try:
            return [clip.path for clip in await asyncio.gather(*map(renderer.clip, specs))]
        finally:
            await renderer.aclose()

    return lambda *specs, folder=tmp_path / "clips": asyncio.run(render_all(folder, specs))
