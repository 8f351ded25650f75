"""ffmpeg as a subprocess: fed by a pipe, bounded in time, killed on demand, so that it cannot harm the server.

Its arguments are fixed (one thread, bitexact, no dates), so that its bytes are the same on every machine.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from ..clip_spec import FPS, STEPS
from ..errors import EncoderFailure, Unrenderable
from ..ffmpeg import executable

# A larger pipe than the default of 64 KiB saves switches between the processes.
PIPE_BYTES = 1 << 20
# Linux's number: Python's fcntl has the name on Linux alone. Elsewhere the call fails, and the pipe stays as it is.
F_SETPIPE_SZ = 1031
# Requests come first: an encoder takes a whole core for some tenths of a second.
LOW_PRIORITY = 10
BITEXACT = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "20", "-bf", "0", "-sc_threshold", "0", "-threads", "1")
# Stated by the frames themselves: of the options -color_primaries and -color_trc, ffmpeg 9 ignores both for raw input.
COLOURS = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709,setsar=1"


log = logging.getLogger("seedmock")


class Encoder:
    """Runs ffmpeg, one process per call, and can kill them all."""

    def __init__(self, folder: Path, *, seconds: float = 300.0) -> None:
        """Temporary files go to `folder`; a process is killed after `seconds`."""
        self._folder = folder
        self._seconds = seconds
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def stop(self) -> None:
        """Kill all processes and start no more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()

    def run(self, arguments: Iterable[str], feed: Iterable[bytes] = (), *, low_priority: bool = False) -> bytes:
        """Feed ffmpeg's standard input, wait for the end, and return its output.

        Raises EncoderFailure for an error and on timeout.
        """
        with tempfile.TemporaryFile(dir=self._folder) as output, tempfile.TemporaryFile(dir=self._folder) as errors:
            command = [executable(), "-v", "error", "-y", *arguments]
            code, timed_out = self._wait(command, feed, output, errors, low_priority)
            if code:
                log.info("ffmpeg failed: %r", _details(errors))
                raise EncoderFailure("encoding took too long" if timed_out else "the media can't be decoded or encoded")
            output.seek(0)
            return output.read()

    def _wait(
        self, command: list[str], feed: Iterable[bytes], output: IO[bytes], errors: IO[bytes], low_priority: bool
    ) -> tuple[int, bool]:
        timed_out = threading.Event()

        def kill() -> None:
            timed_out.set()
            process.kill()

        with self._process(command, output, errors) as process:
            if low_priority:
                _lower_priority(process.pid)
            watchdog = threading.Timer(self._seconds, kill)
            watchdog.start()
            try:
                _write_all(feed, process.stdin)
                return process.wait(), timed_out.is_set()
            finally:
                watchdog.cancel()

    @contextlib.contextmanager
    def _process(self, command: list[str], output: IO[bytes], errors: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
        with self._lock:
            if self._stopped:
                raise Unrenderable("the renderer is closed")
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=errors)  # noqa: S603
            self._running.add(process)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            with self._lock:
                self._running.discard(process)


def video(width: int, height: int, whole_seconds: int) -> list[str]:
    """Return the arguments to encode raw yuv420p frames as H.264 (Annex B) of constant quality.

    The first `whole_seconds` x 12 frames become closed groups of 12; each frame after them is a key frame.
    """
    keys = f"expr:gte(n,{whole_seconds * STEPS})+not(mod(n,{STEPS}))"
    raw = ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", str(FPS), "-i", "pipe:0")
    return [*raw, *X264, "-g", str(STEPS), "-force_key_frames", keys, "-vf", COLOURS, *BITEXACT, "-f", "h264", "pipe:1"]


def sound(expression: str, seconds: float, rate: int) -> list[str]:
    """Return the arguments to encode an expression over t as mono AAC (ADTS).

    SIMD instructions are off (`-cpuflags 0`): floating point results differ between processors with them.
    """
    wave = ("-f", "lavfi", "-i", f"aevalsrc='{expression}':s={rate}:d={seconds}")
    aac = ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "64k", "-threads", "1")
    return ["-nostdin", "-cpuflags", "0", *wave, *aac, *BITEXACT, "-f", "adts", "pipe:1"]


def _write_all(feed: Iterable[bytes], stdin: IO[bytes] | None) -> None:
    if stdin is None:
        return
    with contextlib.suppress(BrokenPipeError), stdin as pipe:
        _enlarge_pipe(pipe.fileno())
        for chunk in feed:
            pipe.write(chunk)


def _enlarge_pipe(descriptor: int) -> None:
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, F_SETPIPE_SZ, PIPE_BYTES)


def _lower_priority(pid: int) -> None:
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, LOW_PRIORITY)


def _details(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read(65536).decode("utf-8", "replace").strip()
