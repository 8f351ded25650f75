"""The sub-commands that steer a running emulator: clock, fate, fault, reset, snapshot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedmock_contracts.upstreams import NAMES

from .connection import Command, as_json, connected, moment, of_key, print_json

if TYPE_CHECKING:
    from ..control_client import Control


def matching(command: Command) -> Command:
    """The options that say which calls a rule is for."""
    options = (
        click.option("--upstream", type=click.Choice(NAMES), help="Calls to this upstream."),
        click.option("--operation", help="Calls of this kind: create, query, content, ..."),
        click.option("--key", help="Calls with this API key."),
        click.option("--model", help="Orders of this model."),
        click.option("--prompt", metavar="REGEX", help="Orders whose prompt has this in it."),
        click.option("--reference", metavar="REGEX", help="Orders with a reference whose URL has this in it."),
        click.option("--nth", type=click.IntRange(1), help="The nth call that fits, and no other."),
        click.option("--times", type=click.IntRange(1), help="So many times, and then no more."),
        click.option("--probability", type=click.FloatRange(0, 1), help="A share of the calls, drawn from the seed."),
    )
    for option in reversed(options):
        command = option(command)
    return command


# --- clock ---


@click.group(invoke_without_command=True)
@click.pass_context
def clock(ctx: click.Context) -> None:
    """Read and move the clock: `seedmock clock advance 15m`. Alone: show it."""
    if ctx.invoked_subcommand is None:
        with show.make_context("show", [], parent=ctx) as shown:
            show.invoke(shown)


def _clock(name: str, says: str) -> Callable[[Command], click.Command]:
    def added(command: Command) -> click.Command:
        return clock.command(name, help=says)(connected(of_key(as_json(command))))

    return added


@_clock("show", "What the clock reads.")
def show(control: Control, key: str | None = None, plain: bool = False) -> None:
    """Print what the clock reads."""
    _print_clock(control.clock.read(key=key), plain)


@_clock("advance", "Move on by a time: 120, 120s, 15m, 1h.")
@click.argument("time")
def _advance(control: Control, time: str, key: str | None, plain: bool) -> None:
    _print_clock(control.clock.advance(time, key=key), plain)


@_clock("set", "Move on to a moment: epoch seconds, or 2026-06-01T12:00:00Z.")
@click.argument("moment")
def _set(control: Control, moment: str, key: str | None, plain: bool) -> None:
    at = float(moment) if moment.replace(".", "", 1).isdecimal() else moment
    _print_clock(control.clock.set(at, key=key), plain)


@_clock("rate", "Run so many times as fast as the system's clock; 0 stands still.")
@click.argument("rate", type=float)
def _rate(control: Control, rate: float, key: str | None, plain: bool) -> None:
    _print_clock(control.clock.run(rate, key=key), plain)


@_clock("freeze", "Stand still.")
def _freeze(control: Control, key: str | None, plain: bool) -> None:
    _print_clock(control.clock.freeze(key=key), plain)


@_clock("next", "Move on to the next thing that is due.")
def _next(control: Control, key: str | None, plain: bool) -> None:
    _print_clock(control.clock.next(key=key), plain)


def _print_clock(row: Any, plain: bool) -> None:
    if plain:
        print_json(row)
        return
    pace = "stands still" if row.rate == 0 else f"rate {row.rate:g}"
    due = "nothing is due" if row.next_due_at is None else f"next due in {max(0.0, row.next_due_at - row.now):g} s"
    click.echo(f"{moment(row.now)}  {pace}, {due}")
    for account, reading in row.accounts.items():
        click.echo(f"{moment(reading.now)}  {account}")


# --- fates and faults ---


@click.group()
def fate() -> None:
    """Say what becomes of tasks: `seedmock fate add "moderated after=120s" --prompt cat --times 1`."""


@click.group()
def fault() -> None:
    """Say what goes wrong on the wire: `seedmock fault add "status code=502" --operation query --nth 1`."""


@fate.command("add")
@click.argument("said", metavar="FATE")
@matching
@connected
def _add_fate(control: Control, said: str, **match: Any) -> None:
    """Calls that match meet FATE: succeed, refused, moderated, failed, stuck, slow, ... with its parameters."""
    row = control.fates.add(said, **match)
    click.echo(f"{row.id}: {row.fate[0].fate}{_shown_match(row.match)}")


@fault.command("add")
@click.argument("said", metavar="FAULT")
@matching
@connected
def _add_fault(control: Control, said: str, **match: Any) -> None:
    """Calls that match meet FAULT: status, latency, hang, reset, truncated, ... with its parameters."""
    row = control.faults.add(said, **match)
    click.echo(f"{row.id}: {row.text}{_shown_match(row.match)}")


@fate.command("default")
@click.argument("said", metavar="FATE")
@of_key
@connected
def _default(control: Control, said: str, key: str | None) -> None:
    """Calls that no rule is for meet FATE: all, or those of a key."""
    control.fates.default(said, key=key)


@fate.command("list")
@as_json
@connected
def _list_fates(control: Control, plain: bool) -> None:
    """Show the rules and how often each was used."""
    rows = control.fates.rows()
    if plain:
        print_json(rows)
        return
    told = [
        (one.id, " | ".join(o.fate for o in one.fate), one.match, one.applied)
        for one in (*rows.rules, *rows.scenario_rules)
    ]
    _print_rules(told)


@fault.command("list")
@as_json
@connected
def _list_faults(control: Control, plain: bool) -> None:
    """Show the rules and how often each was used."""
    rows = control.faults.rows()
    if plain:
        print_json(rows)
    else:
        _print_rules([(one.id, one.text, one.match, one.applied) for one in rows.rules])


def _removing(group: click.Group, verbs: str) -> None:
    @group.command("remove")
    @click.argument("name")
    @connected
    def remove(control: Control, name: str) -> None:
        """Take one rule away, by the name that `add` and `list` show."""
        getattr(control, verbs).remove(name)

    @group.command("clear")
    @of_key
    @connected
    def clear(control: Control, key: str | None) -> None:
        """Take all rules away, or those of a key."""
        click.echo(f"{getattr(control, verbs).clear(key=key).removed} taken away")


_removing(fate, "fates")
_removing(fault, "faults")


def _print_rules(rows: list[tuple[str, str, dict[str, Any], int]]) -> None:
    for name, said, match, used in rows:
        click.echo(f"{name}: {said}{_shown_match(match)}, used {used}")
    if not rows:
        click.echo("no rules")


def _shown_match(match: dict[str, Any]) -> str:
    return "".join(f", {name} {value}" for name, value in match.items())


# --- the state ---


@click.command()
@of_key
@connected
def reset(control: Control, key: str | None) -> None:
    """Forget tasks, assets, rules, clock and journal: all, or those of a key."""
    gone = control.reset(key=key)
    click.echo(f"forgotten: {gone.tasks} tasks, {gone.assets} assets, {gone.groups} groups")


@click.group()
def snapshot() -> None:
    """Save the whole state to a file, and load it again, here or elsewhere."""


@snapshot.command("save")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@connected
def _save(control: Control, file: Path) -> None:
    """Write the state to FILE. It holds no keys, but the seed and all prompts."""
    file.write_bytes(control.snapshot())


@snapshot.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@connected
def _load(control: Control, file: Path) -> None:
    """Be what FILE says, and nothing else; a broken file changes nothing."""
    control.restore(file.read_bytes())
