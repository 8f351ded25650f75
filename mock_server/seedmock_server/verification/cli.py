"""`seedmock verify`: its options, and what they mean together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from seedmock_contracts.contract import Contract
from seedmock_contracts.drift import Verdict, Verification
from seedmock_contracts.upstreams import NAMES, contract

from ..clock import Clock
from ..recorder import CannotRecord, Recorder
from ..reports.formats import VERIFICATIONS, InvalidReport, require, write
from ..reports.options import report_option
from ..settings import InvalidSetting, options_from
from .book import Book, UnreadableBook
from .budget import InvalidBudget, amount_from, budget_from
from .console import Progress, announce, conclude, listed
from .places import state_file
from .session import Plan, Session, UnknownStep, about, plan, terms_for
from .target import Target, elsewhere, own
from .wire import InvalidAddress

EXITS: Mapping[Verdict, int] = {Verdict.CONFORMS: 0, Verdict.DRIFTED: 1, Verdict.COULD_NOT_LOOK: 3}
COULD_NOT_LOOK = 3
EPILOG = """\b
Exit codes:
  0 the upstream conforms, in all that was looked at
  1 it has drifted
  2 the options are not valid; nothing was sent
  3 nothing, or not all that was asked for, could be looked at"""
USAGE = (InvalidBudget, InvalidAddress, InvalidSetting, InvalidReport, UnknownStep)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options ask for, read but not yet looked into."""

    said: Contract
    limit: Decimal | None
    only: tuple[str, ...]
    reports: tuple[Path, ...]
    ledger: Path | None
    deep: bool
    token_price: Decimal | None
    record: Path | None


@click.command(epilog=EPILOG)
@click.option("--upstream", type=click.Choice(NAMES), required=True, help="Whose contract it is held to.")
@click.option("--base-url", help="Origin, or origin and prefix, of who claims to be it.  [default: an own emulator]")
@click.option("--api-key", envvar="SEEDMOCK_API_KEY", show_envvar=True, help="Better in the environment.")
@click.option(
    "--second-api-key",
    envvar="SEEDMOCK_SECOND_API_KEY",
    show_envvar=True,
    help="Another account's key: without it, isolation is not looked at.",
)
@click.option("--budget", metavar="USD", help="What orders may cost together, or unlimited.  [default: 0]")
@report_option
@click.option(
    "--record",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep all that is said, redacted, in this folder.",
)
@click.option("--only", multiple=True, metavar="NAME", help="A step, or free, paid, minimal; repeatable.")
@click.option("--list", "listing", is_flag=True, help="Show the steps and their prices, and send nothing.")
@click.option(
    "--deep", is_flag=True, help="Order every size and target, the longest clip, and sounds beyond their limit."
)
@click.option("--token-price", metavar="USD", help="B's price per million tokens (assumed: its page names none).")
@click.option("--ledger", type=click.Path(dir_okay=False, path_type=Path), help="Where paid calls are written down.")
@click.option("--seed", type=int, help="Of the own emulator.")
@click.option("--pace", type=click.Choice(["instant", "fast", "realistic"]), help="Of the own emulator.")
@click.option("--variant", "variants", multiple=True, metavar="ID=OPTION", help="Of the own emulator.")
@click.pass_context
def verify(ctx: click.Context, /, listing: bool, **values: Any) -> None:
    """Find out whether an upstream does what its page says: for nothing first, then for as much as --budget allows.

    Without --base-url, an emulator of its own is verified: for nothing at all, on a clock that does not wait.
    """
    try:
        wanted = _read(values)
        with _target(wanted.said, values) as target:
            terms = terms_for(target, token_price=wanted.token_price, deep=wanted.deep)
            steps = plan(wanted.said, terms, wanted.only)
            if listing:
                listed(steps.steps)
                return
            found = _verified(wanted, target, steps)
    except USAGE as error:
        raise click.UsageError(str(error)) from error
    except (UnreadableBook, CannotRecord, OSError) as error:
        click.echo(f"error: {error}", err=True)
        ctx.exit(COULD_NOT_LOOK)
    except KeyboardInterrupt:
        click.echo("interrupted; the ledger knows what was ordered, and the same command goes on with it", err=True)
        ctx.exit(COULD_NOT_LOOK)
    ctx.exit(EXITS[found.verdict])


def _read(values: Mapping[str, Any]) -> Wanted:
    require(values["reports"], VERIFICATIONS)
    price = values["token_price"]
    limit = budget_from(values["budget"]) if values["budget"] is not None else Decimal(0)
    if values["budget"] is None and values["base_url"] is None and values["only"]:
        limit = None  # who names paid steps of an emulator of our own wants them, and they cost nothing
    return Wanted(
        contract(values["upstream"]),
        limit,
        values["only"],
        values["reports"],
        values["ledger"],
        values["deep"],
        None if price is None else amount_from(price, "an amount in USD, such as 7"),
        values["record"],
    )


@contextlib.contextmanager
def _target(said: Contract, values: Mapping[str, Any]) -> Iterator[Target]:
    """Whoever is verified. Raises InvalidAddress, InvalidSetting."""
    if values["base_url"] is None:
        named = {name: values[name] for name in ("seed", "pace", "token_price") if values[name] is not None}
        with own(**named, variants=options_from(values["variants"])) as target:
            yield target
        return
    key = (values["api_key"] or "").strip()
    if not key or not key.isascii():
        raise click.UsageError("an API key is needed for --base-url: set SEEDMOCK_API_KEY, or give --api-key")
    with elsewhere(said, values["base_url"], key, (values["second_api_key"] or "").strip()) as target:
        yield target


def _verified(wanted: Wanted, target: Target, steps: Plan) -> Verification:
    said = about(wanted.said, target)
    path = wanted.ledger or (None if target.own else state_file(f"verify-{wanted.said.name}-{said}.jsonl"))
    recorder = _recorder(wanted, target)
    progress = Progress(recorder.hear if recorder is not None else None)
    session = Session.prepared(target, steps, wanted.limit, Book(path, said), progress)
    announce(session, wanted.limit)
    with progress.shown(), recorder or contextlib.nullcontext():
        found = session.run()
    conclude(found, target.own)
    if recorder is not None:
        click.echo(recorder.told, err=bool(recorder.trouble))
    write(found, wanted.reports, VERIFICATIONS)
    return found


def _recorder(wanted: Wanted, target: Target) -> Recorder | None:
    """Keeps what is said, if that is wanted. Raises CannotRecord."""
    if wanted.record is None:
        return None
    secrets = (key for word, key in target.keys.items() if word != "wrong")
    return Recorder(wanted.record, wanted.said, target.name, Clock().now(), secrets, emulator=target.own)
