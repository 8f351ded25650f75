"""A verification as the options of a command ask for it: read, made ready, and carried out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from seedmock_contracts.contract import Contract
from seedmock_contracts.upstreams import get_contract
from seedmock_server.clock import Clock
from seedmock_server.settings import InvalidSetting, parse_variants

from ..driver.http_transport import InvalidBaseUrl
from ..recordings.writer import Recorder, RecordingError
from ..reports.writers import VERIFICATIONS, InvalidReport, require, write
from ..results.verification import Verification
from .budget import InvalidBudget, amount_from, budget_from
from .console import Progress, announce, conclude
from .order_log import OrderLog, UnreadableOrderLog, state_file
from .session import Plan, Session, UnknownStep, about, plan, terms_for
from .target import Target, elsewhere, own


class NoKey(ValueError):
    """Somebody else's service is to be verified, and there is no API key for it."""


USAGE = (InvalidBudget, InvalidBaseUrl, InvalidSetting, InvalidReport, NoKey, UnknownStep)
"""What is raised of options that are not valid; nothing was sent."""
TROUBLES = (UnreadableOrderLog, RecordingError, OSError)
"""What is raised of what is in the way of a verification."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options ask for, read but not yet looked into."""

    contract: Contract
    limit: Decimal | None
    only: tuple[str, ...]
    reports: tuple[Path, ...]
    ledger: Path | None
    deep: bool
    token_price: Decimal | None
    record: Path | None


def wanted_from(values: Mapping[str, Any]) -> Wanted:
    """The options, read. Raises one of USAGE."""
    require(values["reports"], VERIFICATIONS)
    price = values["token_price"]
    limit = budget_from(values["budget"]) if values["budget"] is not None else Decimal(0)
    if values["budget"] is None and values["base_url"] is None and values["only"]:
        limit = None  # who names paid steps of an emulator of our own wants them, and they cost nothing
    return Wanted(
        get_contract(values["upstream"]),
        limit,
        values["only"],
        values["reports"],
        values["ledger"],
        values["deep"],
        None if price is None else amount_from(price, "an amount in USD, such as 7"),
        values["record"],
    )


@contextlib.contextmanager
def target_of(contract: Contract, values: Mapping[str, Any]) -> Iterator[Target]:
    """Whoever is verified, while this lasts. Raises one of USAGE."""
    if values["base_url"] is None:
        named = {name: values[name] for name in ("seed", "pace", "token_price") if values[name] is not None}
        with own(**named, variants=parse_variants(values["variants"])) as target:
            yield target
        return
    key = (values["api_key"] or "").strip()
    if not key or not key.isascii():
        raise NoKey("an API key is needed for --base-url: set SEEDMOCK_API_KEY, or give --api-key")
    with elsewhere(contract, values["base_url"], key, (values["second_api_key"] or "").strip()) as target:
        yield target


def plan_for(wanted: Wanted, target: Target) -> Plan:
    """The steps that are wanted, with their prices. Raises UnknownStep."""
    terms = terms_for(target, token_price=wanted.token_price, deep=wanted.deep)
    return plan(wanted.contract, terms, wanted.only)


def verified(wanted: Wanted, target: Target, steps: Plan) -> Verification:
    """Carry it out, and tell it: on the terminal, in the ledger, in the reports. Raises one of TROUBLES."""
    said = about(wanted.contract, target)
    path = wanted.ledger or (None if target.own else state_file(f"verify-{wanted.contract.name}-{said}.jsonl"))
    recorder = _recorder(wanted, target)
    progress = Progress(recorder.add_or_stop if recorder is not None else None)
    session = Session.prepared(target, steps, wanted.limit, OrderLog(path, said), progress)
    announce(session, wanted.limit)
    with progress.shown(), recorder or contextlib.nullcontext():
        found = session.run()
    conclude(found)
    if recorder is not None:
        click.echo(recorder.summary, err=bool(recorder.problem))
    write(found, wanted.reports, VERIFICATIONS)
    return found


def _recorder(wanted: Wanted, target: Target) -> Recorder | None:
    """Keeps what is said, if that is wanted. Raises CannotRecord."""
    if wanted.record is None:
        return None
    secrets = (key for word, key in target.keys.items() if word != "wrong")
    return Recorder(wanted.record, wanted.contract, target.name, Clock().now(), secrets, emulator=target.own)
