"""Parts of a running guard: the recording proxy, the order log with what it holds of the budget, and the transport."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_server.clock import Clock, pause

from ..driver.http_transport import HttpTransport, resolve_base_url
from ..recordings.proxy import RecordingProxy
from ..recordings.writer import Recorder
from ..verify.budget import Budget, parse_amount, parse_budget
from ..verify.order_log import OrderLog, fingerprint, state_file
from ..verify.paid_transport import PaidTransport
from ..verify.target import Target
from .spend_guard import SpendGuard

# As long as the OpenAI SDKs wait for a response: a proxy must not give up before its client.
TIMEOUT = httpx.Timeout(600.0, connect=10.0)


class GuardOptions(Struct, frozen=True):
    """Options of a guard. `budget` None is no limit; `order_log` and `out` are paths of a file and of a folder."""

    contract: Contract
    root: str
    budget: Decimal | None
    live: bool
    token_price: Decimal | None
    order_log: Path
    out: Path

    @classmethod
    def parse(
        cls,
        contract: Contract,
        budget: str,
        target: str | None,
        live: bool,
        token_price: str | None,
        order_log: Path | None,
        out: Path | None,
    ) -> GuardOptions:
        """Parse options of the command line. Raises InvalidBaseUrl and InvalidBudget."""
        base = contract.bases[0]
        root = resolve_base_url(contract, target or base.host + base.prefix)
        price = None if token_price is None else parse_amount(token_price, "USD for a million tokens, such as 7")
        name = f"guard-{contract.name}-{fingerprint(contract.name, root, '')}"
        log = order_log or state_file(f"{name}.jsonl")
        return cls(contract, root, parse_budget(budget), live, price, log, out or state_file("guard-recordings"))


@contextmanager
def open_guard(options: GuardOptions) -> Iterator[tuple[SpendGuard, str]]:
    """Open the order log and the connections of a guard. Raises OrderLogError and RecordingError."""
    contract, clock = options.contract, Clock()
    log = OrderLog(options.order_log, fingerprint(contract.name, options.root, ""))
    latest = max(log.runs.values(), key=lambda run: run.at, default=None)
    if options.live:
        log.start_run(clock.now(), latest)  # one run for ever: the budget is that of all orders in the log
    else:
        log.run = latest or log.run  # a dry run writes nothing
    with (
        Recorder(options.out, contract, options.root, clock.now()) as recorder,
        httpx.Client(timeout=TIMEOUT) as client,
    ):
        transport = HttpTransport(contract, options.root, {}, client, clock.now, pause)
        target = Target(options.root, transport, {}, clock.now, pause, transport.url_for)
        paid = PaidTransport(contract, target, Budget(options.budget, log.run.spent), log)
        proxy = RecordingProxy(contract, options.root, recorder, clock.now)
        try:
            yield (
                SpendGuard(contract, proxy, paid, is_live=options.live, token_price=options.token_price),
                options.root,
            )
        finally:
            log.close()
