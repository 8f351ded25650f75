"""Values that a shell completes in the arguments of commands. Each loads what it lists only when Tab is pressed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def complete_fates(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Kinds of fates."""
    from ..fates.models import FateKind

    return _items(FateKind, incomplete)


def complete_faults(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Kinds of faults, with their meanings."""
    from click.shell_completion import CompletionItem

    from ..faults.kinds import MEANINGS

    return [CompletionItem(kind, help=text) for kind, text in MEANINGS.items() if kind.startswith(incomplete)]


def complete_scenarios(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of built-in scenarios; files where no name begins so."""
    from click.shell_completion import CompletionItem

    from ..scenarios.catalog import scenario_names

    return _items(scenario_names(), incomplete) or [CompletionItem(incomplete, type="file")]


def complete_operations(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Operations of the upstreams."""
    from seedmock_contracts.enums import Operation

    return _items(Operation, incomplete)


def _items(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(str(name)) for name in names if name.startswith(incomplete)]
