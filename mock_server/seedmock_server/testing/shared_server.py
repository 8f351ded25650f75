"""Shared server that SEEDMOCK_URL names, in the place of emulators of this process: each test has a key of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import urlsplit

from seedmock_contracts import __version__
from seedmock_contracts.enums import TaskStatus
from seedmock_contracts.facts import Fact
from seedmock_contracts.pricing import Quote
from seedmock_contracts.upstreams import contracts

from ..api.accounts import ApiKeys
from ..billing.statement import LineKind, Statement, StatementLine
from ..control.activity_models import (
    ExchangeResponse,
    JournalResponse,
    LedgerLine,
    LedgerResponse,
    StatementResponse,
    TaskResponse,
    TasksResponse,
)
from ..control.models import ClockResponse, HealthResponse, ResetResponse
from ..control_client import ControlTransport
from ..control_client.clock_control import ClockControl
from ..control_client.transport import ControlClientError, EmulatorNotRunning, RequestRejected
from ..journal import ClipDownload, JournalEntry, LoggedViolation, ViolationSeverity
from ..randomness import fresh_token
from .accounts import NOTHING_DUE, URL_VARIABLE, SharedServerError

TOKEN_VARIABLE = "SEEDMOCK_CONTROL_TOKEN"  # noqa: S105 - a name
JOB_VARIABLE = "SEEDMOCK_JOB"
PAGE = 1000
MAX_LINES = 100_000


class SharedServer:
    """Server that others use as well. `url` has no trailing slash."""

    def __init__(self, url: str, token: str | None = None, job: str | None = None) -> None:
        """Connect. `job` is part of the key of each test: what tests draw is the same for the same job.

        Raises SharedServerError.
        """
        try:
            with ExitStack() as stack:
                self.control = ControlTransport(url, token)
                stack.callback(self.control.close)
                health = self.control.call("GET", "health", HealthResponse)
                self._check_version(health.version, url)
                self.control.call("GET", "clock", ClockResponse)  # health needs no token
                stack.pop_all()
        except ControlClientError as error:
            self._fail(_advice(error, url), error)
        self.url, self.pace = self.control.url, health.pace
        self.host = urlsplit(self.url).hostname or ""
        # Drawn, since the same test may run in another job at the same time, and must not meet this one's tasks.
        self.job = job or fresh_token()

    @classmethod
    def from_environment(cls) -> SharedServer | None:
        """Connect to the server that SEEDMOCK_URL names; None if it names none. Raises SharedServerError."""
        url = os.environ.get(URL_VARIABLE)
        return cls(url, os.environ.get(TOKEN_VARIABLE) or None, os.environ.get(JOB_VARIABLE)) if url else None

    def require(self, settings: Mapping[str, Any]) -> None:
        """Raise SharedServerError for settings that a test wants, and this server does not have."""
        for name, value in settings.items():
            if name != "pace" or value != self.pace:
                has = f", which has pace {self.pace}" if name == "pace" else ""
                self._fail(
                    f"{name}={value!r} cannot be chosen for one test at the shared server {self.url}{has}: it would "
                    "act on the tests of others; start that server with it"
                )

    def account(self, api_key: str) -> SharedAccount:
        """Return a key's account, with a clock of its own, which goes on at the rate of the shared one."""
        return SharedAccount(self.control, api_key)

    def close(self) -> None:
        """Close the connections."""
        self.control.close()

    def _check_version(self, version: str, url: str) -> None:
        if version != __version__:
            message = f"seedmock {version} answers at {url}, and this is {__version__}"
            self._fail(f"{message}: install the same version on both sides")

    @staticmethod
    def _fail(message: str, error: Exception | None = None) -> NoReturn:
        raise SharedServerError(f"{message}, or unset {URL_VARIABLE} to test with an emulator of your own") from error


def _advice(error: ControlClientError, url: str) -> str:
    if isinstance(error, EmulatorNotRunning):
        reason = f" ({error.__cause__})" if str(error.__cause__) else ""
        return f"no emulator answers at {URL_VARIABLE}={url}{reason}: start that server"
    if error.status == 401:
        return (
            f"the server at {URL_VARIABLE}={url} needs its control token: set {TOKEN_VARIABLE} to that of "
            "`serve --control-token`"
        )
    return f"{URL_VARIABLE}={url}: {error}; name a server that tests may control"


class SharedAccount:
    """A key of a server, by its control API. Every method raises ControlClientError."""

    def __init__(self, control: ControlTransport, api_key: str) -> None:
        self._control, self._key, self._clock = control, api_key, ClockControl(control)
        self.name = ApiKeys(()).account(b"Bearer " + api_key.encode())
        self._own_clock()

    def _own_clock(self) -> None:
        """Create a clock of its own, which no other test moves."""
        self._clock.set_rate(self._clock.read(key=self._key).rate, key=self._key)

    def exchanges(self) -> Sequence[JournalEntry]:
        exchanges: list[ExchangeResponse] = []
        since = 0
        while True:
            page = self._control.call("GET", "journal", JournalResponse, key=self._key, since=since, limit=PAGE)
            exchanges += page.exchanges
            if len(page.exchanges) >= page.total:
                return [_entry(exchange) for exchange in exchanges]
            since = page.next

    def tasks(self) -> Sequence[TaskResponse]:
        tasks: list[TaskResponse] = []
        while True:
            page = self._control.call("GET", "tasks", TasksResponse, key=self._key, offset=len(tasks), limit=PAGE)
            tasks += page.tasks
            if len(tasks) >= page.total:
                return tasks

    def statuses(self) -> Mapping[str, TaskStatus]:
        return {task.id: TaskStatus(task.status) for task in self.tasks()}

    def statement(self) -> Statement:
        ledger = self._control.call("GET", "ledger", LedgerResponse, key=self._key, limit=MAX_LINES)
        return _statement(ledger.statements[0])

    def grant(self, upstream: str | None, credit: Decimal) -> None:
        body = {"amount": str(credit), "upstream": upstream}
        self._control.call("PUT", "credit", LedgerResponse, body, key=self._key)

    def forget(self) -> None:
        self._control.call("POST", "forget", ResetResponse, {}, key=self._key)

    def reset(self) -> None:
        self._control.call("POST", "reset", ResetResponse, {}, key=self._key)

    def reading(self) -> tuple[float, float]:
        reading = self._clock.read(key=self._key)
        return reading.now, reading.rate

    def advance(self, by: float | str) -> float:
        return self._clock.advance(by, key=self._key).now

    def set_time(self, at: float) -> float:
        return self._clock.set(at, key=self._key).now

    def set_rate(self, rate: float) -> None:
        self._clock.set_rate(rate, key=self._key)

    def freeze_at(self, at: float) -> None:
        self._clock.freeze_at(at, key=self._key)

    def advance_to_next(self) -> float:
        try:
            return self._clock.next(key=self._key).now
        except RequestRejected as error:
            raise ValueError(NOTHING_DUE) if error.status == 409 else error from None


def _entry(exchange: ExchangeResponse) -> JournalEntry:
    """Return an exchange as a journal has it; the control API does not tell the address and the real time it took."""
    download = exchange.download
    return JournalEntry(
        at=exchange.at,
        upstream=exchange.upstream,
        operation=exchange.operation,
        account=exchange.account,
        method=exchange.method,
        path=exchange.path,
        status=exchange.status,
        request_body=exchange.request_body.encode(),
        response_body=exchange.response_body.encode(),
        notes=exchange.notes,
        query=exchange.query,
        request_headers=_headers(exchange.request_headers),
        response_headers=_headers(exchange.response_headers),
        faults=exchange.faults,
        violations=tuple(
            LoggedViolation(detail.fact, detail.field, detail.message, ViolationSeverity(detail.severity))
            for detail in exchange.violations
        ),
        download=None
        if download is None
        else ClipDownload(download.task, download.start, download.sent, download.size),
    )


def _headers(pairs: list[tuple[str, str]]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), value.encode()) for name, value in pairs)


def _statement(response: StatementResponse) -> Statement:
    facts = {fact.id: fact for contract in contracts() for fact in contract.facts()}
    credits = {
        name: None if balance.credit is None else Decimal(balance.credit)
        for name, balance in response.upstreams.items()
    }
    return Statement(response.account, response.at, tuple(_line(line, facts) for line in response.lines), credits)


def _line(line: LedgerLine, facts: Mapping[str, Fact]) -> StatementLine:
    quote = Quote(
        Decimal(line.quoted),
        int(line.seconds or 0),
        None if line.tokens is None else int(line.tokens),
        Decimal(line.rate),
        line.unit,
        tuple(facts[name] for name in line.facts),
    )
    return StatementLine(
        upstream=line.upstream,
        kind=LineKind(line.kind),
        id=line.id,
        model=line.model,
        created_at=line.created_at,
        settled_at=line.settled_at,
        quote=quote,
        on_hold=Decimal(line.on_hold),
        charged=Decimal(line.charged),
        refunded=Decimal(line.refunded),
    )
