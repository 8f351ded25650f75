"""The sub-commands that look at a running emulator: tasks, ledger, journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from seedmock_contracts.upstreams import NAMES

from .connection import as_json, connected, moment, of_key, print_json, print_table

if TYPE_CHECKING:
    from ..control_client import Control


@click.command()
@click.option("--upstream", type=click.Choice(NAMES), help="Of this upstream.")
@click.option("--status", type=click.Choice(["QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE"]), help="With this status.")
@click.option("--limit", type=click.IntRange(0, 1000), default=100, show_default=True, help="At most so many.")
@of_key
@as_json
@connected
def tasks(control: Control, plain: bool, **wanted: Any) -> None:
    """List tasks: what was ordered, what it is now, and its fate."""
    rows = control.tasks(**wanted)
    if plain:
        print_json(rows)
        return
    columns = ("task", "upstream", "status", "model", "size", "s", "fate", "created")
    told = [
        (one.id, one.upstream, one.status, one.model, one.size, str(one.seconds), one.fate, moment(one.created_at))
        for one in rows.tasks
    ]
    print_table(columns, told, f"{len(told)} of {rows.total} tasks")


@click.command()
@click.option("--upstream", type=click.Choice(NAMES), help="Of this upstream.")
@of_key
@as_json
@connected
def ledger(control: Control, plain: bool, **wanted: Any) -> None:
    """Show what each order was quoted, holds, was charged and was given back, in USD."""
    rows = control.ledger(**wanted)
    if plain:
        print_json(rows)
        return
    columns = ("account", "upstream", "order", "kind", "quoted", "held", "charged", "refunded")
    told = []
    for one in rows.statements:
        told += [
            (one.account, line.upstream, line.id, line.kind, line.quoted, line.held, line.charged, line.refunded)
            for line in one.lines
        ]
        sums = one.totals
        told.append((one.account, "", "all", "", sums.quoted, sums.held, sums.charged, sums.refunded))
    print_table(columns, told, f"{len(rows.statements)} accounts")


@click.command()
@click.option("--upstream", type=click.Choice(NAMES), help="With this upstream.")
@click.option("--operation", help="Of this kind: create, query, content, ...")
@click.option("--task", help="That name this task.")
@click.option("--kind", help="ok, refused, failed, lost, faulted or violating.")
@click.option("--since", type=click.IntRange(0), help="From this number on.")
@click.option("--limit", type=click.IntRange(0, 10_000), default=50, show_default=True, help="At most so many.")
@click.option("--har", "form", flag_value="har", help="Print HTTP Archive 1.2.")
@click.option("--curl", "form", flag_value="curl", help="Print commands that repeat the calls.")
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@of_key
@connected
def journal(control: Control, form: str | None, **wanted: Any) -> None:
    """Show what was said: the last exchanges with both upstreams."""
    if form == "har":
        print_json(control.har(**wanted))
        return
    if form == "curl":
        click.echo(control.curl(**wanted), nl=False)
        return
    rows = control.journal(**wanted)
    if form == "json":
        print_json(rows)
        return
    columns = ("number", "at", "account", "call", "status", "kind", "said of it")
    told = [
        (
            str(one.number),
            moment(one.at),
            one.account,
            f"{one.method} {one.path}",
            str(one.status),
            one.kind,
            _said(one),
        )
        for one in rows.exchanges
    ]
    print_table(columns, told, f"{len(told)} of {rows.total} exchanges")


def _said(one: Any) -> str:
    return "; ".join([*one.faults, *(breach.message for breach in one.violations)])
