"""ffmpeg as a subprocess: fed, watched, timed, killed. Nothing it does can hurt the server.

All that is said to it is fixed: one thread, bitexact, no dates, so that its bytes are the same on every machine.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from ...errors import SeedmockServerError
from ..clip_spec import FPS, STEPS
from ..ffmpeg import executable

PIPE_BYTES = 1 << 20
F_SETPIPE_SZ = 1031
BITEXACT = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "20", "-bf", "0", "-sc_threshold", "0", "-threads", "1")
COLOURS = ("-color_range", "tv", "-colorspace", "smpte170m", "-color_primaries", "smpte170m", "-color_trc", "smpte170m")


class Unrenderable(SeedmockServerError, ValueError):
    """A clip that can't be made; the message says why."""


class Encoder:
    """Runs ffmpeg, one process per call, and can stop them all."""

    def __init__(self, folder: Path, *, seconds: float = 300.0) -> None:
        """Working files go to `folder`; a process that runs longer than `seconds` is killed."""
        self._folder = folder
        self._seconds = seconds
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def stop(self) -> None:
        """Kill what runs and refuse to start more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()

    def run(self, arguments: Iterable[str], feed: Iterable[bytes] = (), *, quiet: bool = False) -> bytes:
        """Feed ffmpeg, wait for it and return what it wrote to its output; `quiet` makes way for others.

        Raises Unrenderable with ffmpeg's last words, or when its time is over.
        """
        with tempfile.TemporaryFile(dir=self._folder) as output, tempfile.TemporaryFile(dir=self._folder) as errors:
            code, late = self._watch([executable(), "-v", "error", "-y", *arguments], feed, output, errors, quiet)
            if code:
                raise Unrenderable(_last_words(errors, late))
            output.seek(0)
            return output.read()

    def _watch(
        self, command: list[str], feed: Iterable[bytes], output: IO[bytes], errors: IO[bytes], quiet: bool
    ) -> tuple[int, bool]:
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        with self._started(command, output, errors) as process:
            if quiet:
                _lower(process.pid)
            watchdog = threading.Timer(self._seconds, give_up)
            watchdog.start()
            try:
                _pour(feed, process.stdin)
                return process.wait(), late.is_set()
            finally:
                watchdog.cancel()

    @contextlib.contextmanager
    def _started(self, command: list[str], output: IO[bytes], errors: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
        with self._lock:
            if self._stopped:
                raise Unrenderable("the studio is closed")
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=errors)  # noqa: S603
            self._running.add(process)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            with self._lock:
                self._running.discard(process)


def video(width: int, height: int, shots: int) -> list[str]:
    """Arguments that turn raw yuv420p pictures into H.264 (Annex B) of constant quality.

    The first `shots` x 12 pictures become closed groups of 12; each one after them stands alone.
    """
    keys = f"expr:gte(n,{shots * STEPS})+not(mod(n,{STEPS}))"
    raw = ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", str(FPS), "-i", "pipe:0")
    return [*raw, *X264, "-g", str(STEPS), "-force_key_frames", keys, *COLOURS, *BITEXACT, "-f", "h264", "pipe:1"]


def sound(expression: str, seconds: float, rate: int) -> list[str]:
    """Arguments that turn an expression over t into mono AAC (ADTS).

    Without the processor's own instructions (`-cpuflags 0`): floating point would come out differently elsewhere.
    """
    wave = ("-f", "lavfi", "-i", f"aevalsrc='{expression}':s={rate}:d={seconds}")
    aac = ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "64k", "-threads", "1")
    return ["-nostdin", "-cpuflags", "0", *wave, *aac, *BITEXACT, "-f", "adts", "pipe:1"]


def _pour(feed: Iterable[bytes], stdin: IO[bytes] | None) -> None:
    if stdin is None:
        return
    with contextlib.suppress(BrokenPipeError), stdin as pipe:
        _widen(pipe.fileno())
        for piece in feed:
            pipe.write(piece)


def _widen(descriptor: int) -> None:
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, F_SETPIPE_SZ, PIPE_BYTES)


def _lower(pid: int) -> None:
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, 10)


def _last_words(errors: IO[bytes], late: bool) -> str:
    if late:
        return "ffmpeg took too long"
    errors.seek(0)
    lines = errors.read(65536).decode("utf-8", "replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return f"ffmpeg could not make it: {said[-1] if said else 'no reason given'}"
