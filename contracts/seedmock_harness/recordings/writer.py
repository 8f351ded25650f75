"""Writes recordings: one new file each, a line per exchange as soon as it is over, redacted before it is written.

Old files are never touched, and what was written survives whatever becomes of the process.
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

from .model import About

MOST = 1000
"""Recordings of one second: nobody makes as many."""


class CannotRecord(Exception):
    """The folder cannot be written to; the message says which, and why."""


class Recorder:
    """Records what is said to one upstream into a new file of a folder; the file is made with the first exchange."""

    def __init__(
        self,
        folder: Path,
        contract: Contract,
        target: str,
        at: float,
        secrets: Iterable[str] = (),
        emulator: bool = False,
    ) -> None:
        """`at`: now, in seconds since the epoch. Raises CannotRecord."""
        self.path: Path | None = None
        self.count = 0
        self.trouble = ""
        self.redactor = Redactor(contract, secrets)
        self._folder, self._moment = folder, datetime.fromtimestamp(at, UTC)
        told = self._moment.isoformat(timespec="seconds")
        self._about = About(contract.name, host_of(target), told, __version__, emulator)
        self._file: IO[str] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotRecord(f"nothing can be recorded in {folder}: {error.strerror}") from error

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def hear(self, exchange: Exchange) -> None:
        """Keep an exchange if that can be done; what was in the way is in `trouble`: a paid run must not break off."""
        if not self.trouble:
            try:
                self.add(exchange)
            except CannotRecord as error:
                self.trouble = str(error)

    @property
    def told(self) -> str:
        """What became of it, for people."""
        kept = f"recorded: {self.count} exchanges in {self.path}" if self.path else "recorded: nothing"
        return f"{kept} ({self.trouble})" if self.trouble else kept

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange. Raises CannotRecord."""
        line = self.redactor.redacted(exchange).line()
        try:
            if self._file is None:
                self._file = self._opened()
            self._file.write(line + "\n")
            self._file.flush()
        except OSError as error:
            raise CannotRecord(f"nothing more can be recorded in {self._folder}: {error.strerror}") from error
        self.count += 1

    def close(self) -> None:
        """Nothing more is added; a full disk has been reported before."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def _opened(self) -> IO[str]:
        stem = f"{self._about.upstream}-{self._moment:%Y%m%dT%H%M%SZ}"
        for number in range(1, MOST):
            path = self._folder / (f"{stem}.jsonl" if number == 1 else f"{stem}-{number}.jsonl")
            try:
                file = path.open("x", encoding="utf-8")
            except FileExistsError:
                continue
            self.path = path
            file.write(self._about.line() + "\n")
            return file
        raise CannotRecord(f"{self._folder} has too many recordings of {stem}")


def host_of(target: str) -> str:
    """Scheme, host and port of an address, without a name and a password; other texts as they are."""
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else target
