"""Write recordings: a new file per run, one line per exchange, redacted before it reaches the disk.

Existing files are never modified. Each line is flushed at once, so a killed process loses no completed exchange.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import urlsplit

from seedmock_contracts import __version__
from seedmock_contracts.contract import Contract
from seedmock_contracts.exchange import Exchange
from seedmock_contracts.redaction import Redactor

from ..errors import HarnessError
from .model import RecordingHeader
from .source import source_of

MAX_FILES_PER_SECOND = 1000
"""File names carry the second; a counter tells apart recordings started in the same one."""


class RecordingError(HarnessError):
    """The recording cannot be written; the message names the folder and the reason."""


class Recorder:
    """Records the exchanges with one upstream into a new file of a folder.

    The file is created with the first exchange: a run that sends nothing leaves no empty recording.
    """

    def __init__(
        self,
        folder: Path,
        contract: Contract,
        target: str,
        at: float,
        secrets: Iterable[str] = (),
        emulator: bool = False,
    ) -> None:
        """`at`: the current time in seconds since the epoch. `emulator`: the target is one. Raises RecordingError."""
        self.path: Path | None = None
        self.count = 0
        self.problem = ""
        self.redactor = Redactor(contract, secrets)
        self._folder, self._started = folder, datetime.fromtimestamp(at, UTC)
        recorded_at = self._started.isoformat(timespec="seconds")
        source = source_of(contract, target, emulator)
        self._header = RecordingHeader(contract.name, host_of(target), recorded_at, __version__, source)
        self._file: IO[str] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RecordingError(f"cannot record into {folder}: {error.strerror}") from error

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add_or_stop(self, exchange: Exchange) -> None:
        """Write an exchange; after the first failure, which is stored in `problem`, do nothing.

        A full disk must not abort a run that has already paid for orders.
        """
        if not self.problem:
            try:
                self.add(exchange)
            except RecordingError as error:
                self.problem = str(error)

    @property
    def summary(self) -> str:
        """One line for the terminal: number of exchanges, file, and the problem, if any."""
        result = f"recorded: {self.count} exchanges in {self.path}" if self.path else "recorded: nothing"
        return f"{result} ({self.problem})" if self.problem else result

    def add(self, exchange: Exchange) -> None:
        """Write an exchange. Raises RecordingError."""
        line = self.redactor.redact(exchange).to_json()
        try:
            if self._file is None:
                self._file = self._create_file()
            self._file.write(line + "\n")
            self._file.flush()
        except OSError as error:
            raise RecordingError(f"cannot continue recording into {self._folder}: {error.strerror}") from error
        self.count += 1

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):  # a full disk: the failed write was reported already
                self._file.close()

    def _create_file(self) -> IO[str]:
        stem = f"{self._header.upstream}-{self._started:%Y%m%dT%H%M%SZ}"
        for number in range(1, MAX_FILES_PER_SECOND):
            path = self._folder / (f"{stem}.jsonl" if number == 1 else f"{stem}-{number}.jsonl")
            try:
                file = path.open("x", encoding="utf-8")
            except FileExistsError:
                continue
            self.path = path
            file.write(self._header.line() + "\n")
            return file
        raise RecordingError(f"{self._folder} already has {MAX_FILES_PER_SECOND - 1} recordings named {stem}")


def host_of(target: str) -> str:
    """Return scheme, host and port of a URL, without user and password; other texts unchanged."""
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else target
