"""Commands that inspect and change a running emulator."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedmock_contracts.enums import TaskStatus
from seedmock_contracts.printable import printable
from seedmock_contracts.upstreams import NAMES

from .completers import complete_fates, complete_faults, complete_operations
from .connection import Command, as_json, connected, echo, format_time, of_key, print_json, print_table

if TYPE_CHECKING:
    from ..control.activity_models import ExchangeResponse, StatementResponse, TaskResponse
    from ..control.models import ClockResponse, FateRulesResponse, WeightedFate
    from ..control_client import ControlClient

STATUSES = tuple(status.value for status in TaskStatus)


def matching(command: Command) -> Command:
    """Add the options that select the calls of a rule."""
    options = (
        click.option("--upstream", type=click.Choice(NAMES), help="Match calls to this upstream."),
        click.option(
            "--operation", help="Match this operation: create, query, content, ...", shell_complete=complete_operations
        ),
        click.option("--key", help="Match calls with this API key."),
        click.option("--model", help="Match orders of this model."),
        click.option("--prompt", metavar="REGEX", help="Match orders with this in their prompt."),
        click.option("--reference", metavar="REGEX", help="Match orders with this in the URL of a reference."),
        click.option("--nth", type=click.IntRange(1), help="Apply to the nth call that matches, and no other."),
        click.option("--times", type=click.IntRange(1), help="Apply at most this many times."),
        click.option("--probability", type=click.FloatRange(0, 1), help="Apply to this share of the calls."),
    )
    for option in reversed(options):
        command = option(command)
    return command


# --- clock ---


@click.group(invoke_without_command=True)
@click.pass_context
def clock(ctx: click.Context) -> None:
    """Show and move the clock: `seedmock clock advance 15m`. Without a command: show it."""
    if ctx.invoked_subcommand is None:
        with show.make_context("show", [], parent=ctx) as show_context:
            show.invoke(show_context)


def _clock_command(name: str, help: str) -> Callable[[Command], click.Command]:
    def register(command: Command) -> click.Command:
        return clock.command(name, help=help)(connected(of_key(as_json(command))))

    return register


@_clock_command("show", "Show the time, the rate, and when something happens next.")
def show(control: ControlClient, key: str | None = None, as_json: bool = False) -> None:
    """Show the time."""
    _print_clock(control.clock.read(key=key), as_json)


@_clock_command("advance", "Advance by a duration: 120, 120s, 15m, 1h.")
@click.argument("duration")
def _advance(control: ControlClient, duration: str, key: str | None, as_json: bool) -> None:
    _print_clock(control.clock.advance(duration, key=key), as_json)


@_clock_command("set", "Advance to a time: epoch seconds, or 2026-06-01T12:00:00Z.")
@click.argument("time")
def _set(control: ControlClient, time: str, key: str | None, as_json: bool) -> None:
    at = float(time) if time.replace(".", "", 1).isdecimal() else time
    _print_clock(control.clock.set(at, key=key), as_json)


@_clock_command("rate", "Run this many times as fast as the system's clock; 0 freezes it.")
@click.argument("rate", type=float)
def _rate(control: ControlClient, rate: float, key: str | None, as_json: bool) -> None:
    _print_clock(control.clock.set_rate(rate, key=key), as_json)


@_clock_command("freeze", "Freeze the clock until it is advanced.")
def _freeze(control: ControlClient, key: str | None, as_json: bool) -> None:
    _print_clock(control.clock.freeze(key=key), as_json)


@_clock_command("next", "Advance to the next event.")
def _next(control: ControlClient, key: str | None, as_json: bool) -> None:
    _print_clock(control.clock.next(key=key), as_json)


def _print_clock(clock: ClockResponse, as_json: bool) -> None:
    if as_json:
        print_json(clock)
        return
    pace = "frozen" if clock.rate == 0 else f"rate {clock.rate:g}"
    due = "nothing is due"
    if clock.next_due_at is not None:
        due = f"next due in {max(0.0, clock.next_due_at - clock.now):g} s"
    echo(f"{format_time(clock.now)}  {pace}, {due}")
    for account, reading in clock.accounts.items():
        echo(f"{format_time(reading.now)}  {account}")


# --- fates and faults ---


@click.group()
def fate() -> None:
    """Decide the outcome of tasks: `seedmock fate add "moderated after=120s" --prompt cat --times 1`."""


@click.group()
def fault() -> None:
    """Inject faults into responses and connections: `seedmock fault add "status code=502" --nth 2`."""


@fate.command("add")
@click.argument("fate", metavar="FATE", shell_complete=complete_fates)
@matching
@connected
def _add_fate(control: ControlClient, fate: str, **match: Any) -> None:
    """Add a rule: orders that match get FATE, such as succeed, refused, moderated, failed, stuck or slow."""
    rule = control.fates.add(fate, **match)
    echo(f"{rule.id}: {rule.fate[0].fate}{_format_match(rule.match)}")


@fault.command("add")
@click.argument("fault", metavar="FAULT", shell_complete=complete_faults)
@matching
@connected
def _add_fault(control: ControlClient, fault: str, **match: Any) -> None:
    """Add a rule: calls that match get FAULT, such as status, latency, hang, reset or truncated."""
    with warnings.catch_warnings(action="ignore"):  # it is printed below
        rule = control.faults.add(fault, **match)
    echo(f"{rule.id}: {rule.text}{_format_match(rule.match)}")
    if rule.warning:
        echo(f"warning: {rule.warning}", err=True)


@fate.command("default")
@click.argument("fate", metavar="FATE", shell_complete=complete_fates)
@of_key
@connected
def _set_default_fate(control: ControlClient, fate: str, key: str | None) -> None:
    """Set the fate of orders that no rule matches: of all, or of those of a key."""
    _print_lines(_format_defaults(control.fates.set_default(fate, key=key)))


@fate.command("list")
@as_json
@connected
def _list_fates(control: ControlClient, as_json: bool) -> None:
    """List the rules and how often each was applied, then the defaults."""
    response = control.fates.rules()
    if as_json:
        print_json(response)
        return
    rules = (*response.rules, *response.scenario_rules)
    _print_rules((rule.id, _format_fates(rule.fate), rule.match, rule.applied) for rule in rules)
    _print_lines(_format_defaults(response))


def _format_fates(fates: Iterable[WeightedFate]) -> str:
    return " | ".join(fate.fate for fate in fates)


def _format_defaults(response: FateRulesResponse) -> list[str]:
    of_accounts = [f"default of {account}: {_format_fates(f)}" for account, f in response.account_defaults.items()]
    return [*of_accounts, f"default: {_format_fates(response.default)}"]


@fault.command("list")
@as_json
@connected
def _list_faults(control: ControlClient, as_json: bool) -> None:
    """List the rules and how often each was applied."""
    response = control.faults.rules()
    if as_json:
        print_json(response)
    else:
        rules = (*response.rules, *response.scenario_rules)
        _print_rules((rule.id, rule.text, rule.match, rule.applied) for rule in rules)


def _add_removal_commands(group: click.Group, attribute: str) -> None:
    @group.command("remove")
    @click.argument("rule", metavar="ID")
    @connected
    def remove(control: ControlClient, rule: str) -> None:
        """Remove one rule, by the id that `add` and `list` show."""
        getattr(control, attribute).remove(rule)

    @group.command("clear")
    @of_key
    @connected
    def clear(control: ControlClient, key: str | None) -> None:
        """Remove all rules, or those of a key."""
        echo(f"{getattr(control, attribute).clear(key=key).removed} removed")


_add_removal_commands(fate, "fates")
_add_removal_commands(fault, "faults")


def _print_rules(rules: Iterable[tuple[str, str, dict[str, Any], int]]) -> None:
    lines = [f"{rule_id}: {text}{_format_match(match)}, applied {applied}" for rule_id, text, match, applied in rules]
    _print_lines(lines or ["no rules"])


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        echo(line)


def _format_match(match: dict[str, Any]) -> str:
    return "".join(f", {name} {value}" for name, value in match.items())


# --- tasks, ledger, journal ---


@click.command()
@click.option("--upstream", type=click.Choice(NAMES), help="Show tasks of this upstream.")
@click.option(
    "--status", type=click.Choice([status.value for status in TaskStatus]), help="Show tasks with this status."
)
@click.option("--limit", type=click.IntRange(0, 1000), default=100, show_default=True, help="Show at most this many.")
@of_key
@as_json
@connected
def tasks(control: ControlClient, as_json: bool, **query: Any) -> None:
    """List tasks: what was ordered, the status now, and the fate."""
    response = control.tasks(**query)
    if as_json:
        print_json(response)
        return
    columns = ("task", "upstream", "status", "model", "size", "s", "fate", "created")
    rows = [_task_row(task) for task in response.tasks]
    print_table(columns, rows, f"{len(rows)} of {response.total} tasks")


def _task_row(task: TaskResponse) -> tuple[str, ...]:
    created = format_time(task.created_at)
    return (task.id, task.upstream, task.status, task.model, task.size, str(task.seconds), task.fate, created)


@click.command()
@click.option("--upstream", type=click.Choice(NAMES), help="Show orders at this upstream.")
@of_key
@as_json
@connected
def ledger(control: ControlClient, as_json: bool, **query: Any) -> None:
    """Show each order's quote and the amounts on hold, charged and refunded, in USD."""
    response = control.ledger(**query)
    if as_json:
        print_json(response)
        return
    columns = ("account", "upstream", "order", "kind", "quoted", "on hold", "charged", "refunded")
    rows = [row for statement in response.statements for row in _statement_rows(statement)]
    count = len(response.statements)
    print_table(columns, rows, f"{count} account" if count == 1 else f"{count} accounts")


def _statement_rows(statement: StatementResponse) -> Iterable[tuple[str, ...]]:
    account, totals = statement.account, statement.totals
    for line in statement.lines:
        amounts = (line.quoted, line.on_hold, line.charged, line.refunded)
        yield (account, line.upstream, line.id, line.kind, *amounts)
    yield (account, "", "all", "", totals.quoted, totals.on_hold, totals.charged, totals.refunded)


@click.command()
@click.option("--upstream", type=click.Choice(NAMES), help="Show exchanges with this upstream.")
@click.option(
    "--operation", help="Show this operation: create, query, content, ...", shell_complete=complete_operations
)
@click.option("--task", help="Show exchanges that mention this task.")
@click.option("--kind", help="Show this kind: ok, refused, failed, lost, faulted or violating.")
@click.option("--since", type=click.IntRange(0), help="First exchange number to show.")
@click.option("--limit", type=click.IntRange(0, 10_000), default=50, show_default=True, help="Show at most this many.")
@click.option("--har", "format_", flag_value="har", help="Print HTTP Archive 1.2.")
@click.option("--curl", "format_", flag_value="curl", help="Print commands that repeat the calls.")
@click.option("--json", "format_", flag_value="json", help="Print JSON.")
@of_key
@connected
def journal(control: ControlClient, format_: str | None, **query: Any) -> None:
    """Show the last exchanges with the upstreams."""
    if format_ == "har":
        print_json(control.journal_har(**query))
        return
    if format_ == "curl":
        click.echo(printable(control.journal_curl(**query), keep="\n"), nl=False)
        return
    response = control.journal(**query)
    if format_ == "json":
        print_json(response)
        return
    columns = ("number", "at", "account", "call", "status", "kind", "faults and violations")
    rows = [_exchange_row(exchange) for exchange in response.exchanges]
    print_table(columns, rows, f"{len(rows)} of {response.total} exchanges")


def _exchange_row(exchange: ExchangeResponse) -> tuple[str, ...]:
    remarks = [*exchange.faults, *(violation.message for violation in exchange.violations)]
    return (
        str(exchange.number),
        format_time(exchange.at),
        exchange.account,
        f"{exchange.method} {exchange.path}",
        str(exchange.status),
        exchange.kind,
        "; ".join(remarks),
    )


# --- the state as a whole ---


@click.command()
@of_key
@connected
def reset(control: ControlClient, key: str | None) -> None:
    """Delete tasks, assets, rules, clock and journal: all, or those of a key."""
    deleted = control.reset(key=key)
    echo(f"deleted: {deleted.tasks} tasks, {deleted.assets} assets, {deleted.groups} groups")


@click.group()
def snapshot() -> None:
    """Save the whole state to a file, and load it again, here or elsewhere."""


@snapshot.command("save")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@connected
def _save(control: ControlClient, file: Path) -> None:
    """Save the state to FILE: without keys, but with the seed and all prompts."""
    file.write_bytes(control.snapshot())


@snapshot.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@connected
def _load(control: ControlClient, file: Path) -> None:
    """Replace the state with that of FILE; a malformed file changes nothing."""
    control.restore(file.read_bytes())
