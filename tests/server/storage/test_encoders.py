"""Servers of one store make the same clips, or are refused; one that is updated goes on once the others are gone."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from seedmock_server import create_app
from seedmock_server.app import App
from seedmock_server.media import ffmpeg
from seedmock_server.storage import StoreError, live_agreements

from .redis_server import redis_url
from .test_kills import serving

URLS: dict[str, Callable[[Path], str]] = {"sqlite": lambda folder: f"sqlite:{folder}/mock.db", "redis": redis_url}
Open = Callable[[str], App]


@pytest.fixture(params=URLS)
def open_with(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Return a function that opens the same store with an encoder."""
    url = URLS[request.param](tmp_path)

    def open_app(encoder: str) -> App:
        monkeypatch.setattr(live_agreements, "fingerprint", lambda folder: encoder)
        return create_app(store=url)

    return open_app


def test_a_server_with_another_encoder_is_refused_while_the_first_one_runs(open_with: Open) -> None:
    async def play() -> None:
        first = open_with("ffmpeg 7.1; Pillow 12.0")
        async with open_with("ffmpeg 7.1; Pillow 12.0"):
            with pytest.raises(StoreError, match=r"they have Pillow 12\.0, and this one has Pillow 13\.0; install the"):
                open_with("ffmpeg 7.1; Pillow 13.0")
        await first.aclose()
        # Whoever comes next decides: what is installed is updated, and the store goes on.
        async with open_with("ffmpeg 7.1; Pillow 13.0"):
            with pytest.raises(StoreError, match=r"they have Pillow 13\.0, and this one has Pillow 12\.0"):
                open_with("ffmpeg 7.1; Pillow 12.0")

    asyncio.run(play())


def test_a_server_that_was_killed_gives_way_after_its_lease(open_with: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        open_with("ffmpeg 7")  # never started, so that nothing prolongs its lease
        with pytest.raises(StoreError, match="ffmpeg 7, and this one has ffmpeg 8"):
            open_with("ffmpeg 8")
        monkeypatch.setattr(live_agreements, "LEASE_SECONDS", 0.001)
        open_with("ffmpeg 7")  # to open the next one takes longer than that
        await open_with("ffmpeg 8").aclose()

    asyncio.run(play())


def test_a_server_that_runs_keeps_its_encoder(open_with: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        pauses, has_prolonged = Counter[float](), asyncio.Event()

        async def pause(seconds: float) -> None:
            """The first pause is none, and the second, after the lease was prolonged, has no end."""
            pauses[seconds] += 1
            if sum(pauses.values()) > 1:
                has_prolonged.set()
                await asyncio.Event().wait()

        # A lease that ends at once, but for the one that the keeper takes.
        monkeypatch.setattr(live_agreements, "LEASE_SECONDS", 0.001)
        async with open_with("ffmpeg 7") as app:
            monkeypatch.setattr(live_agreements, "LEASE_SECONDS", 30.0)
            monkeypatch.setattr(live_agreements, "sleep", pause)
            await app.start()
            await has_prolonged.wait()
            with pytest.raises(StoreError, match="ffmpeg 7, and this one has ffmpeg 8"):
                open_with("ffmpeg 8")
        assert pauses == {10.0: 2}

    asyncio.run(play())


@pytest.mark.parametrize("store", URLS)
def test_a_server_with_another_pace_or_without_face_detection_is_refused(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = URLS[store](tmp_path)

    async def play() -> None:
        async with create_app(store=url, pace="fast"):
            with pytest.raises(StoreError, match=r"this server has pace step, and the others .* have fast; start all"):
                create_app(store=url, pace="step")
            monkeypatch.setattr(live_agreements, "find_spec", lambda name: None)
            with pytest.raises(StoreError, match=r"this server has face detection none, and the others .* have opencv"):
                create_app(store=url, pace="fast")
        # A restart may change both.
        await create_app(store=url, pace="step").aclose()

    pytest.importorskip("cv2")
    asyncio.run(play())


def test_a_machine_without_encoder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(folder: Path) -> str:
        raise FileNotFoundError(2, "No such file or directory", "/nowhere/ffmpeg")

    monkeypatch.setattr(live_agreements, "fingerprint", fail)
    with pytest.raises(StoreError, match=r"this machine can't make clips.* `seedmock doctor` says what is missing"):
        create_app(store=f"sqlite:{tmp_path}/mock.db")


@pytest.mark.slow
def test_the_command_refuses_another_ffmpeg_in_one_sentence(tmp_path: Path) -> None:
    other = shutil.which("ffmpeg")
    if other is None or Path(other).resolve() == Path(ffmpeg.executable()).resolve():
        pytest.skip("no ffmpeg but that of the package: install ffmpeg")
    url = f"sqlite:{tmp_path}/mock.db"
    with serving(url):
        command = [sys.executable, "-m", "seedmock_server", "serve", "--port", "0", "--store", url]
        environment = {**os.environ, "IMAGEIO_FFMPEG_EXE": other}
        refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: this server's clips would have other bytes"), refused.stderr
    assert refused.stderr.count("ffmpeg") >= 2
