"""`seedmock verify`: its options, and how it ends. What it does is loaded when it is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from seedmock_contracts.upstreams import NAMES

from ..cli_options import EXIT_INCONCLUSIVE, VERIFICATION_EXIT_CODES, report_option


@click.command(epilog=VERIFICATION_EXIT_CODES)
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
    from ..reports.exit_codes import VERIFICATION
    from .command import TROUBLES, USAGE, plan_for, target_of, verified, wanted_from
    from .console import listed

    try:
        wanted = wanted_from(values)
        with target_of(wanted.contract, values) as target:
            steps = plan_for(wanted, target)
            if listing:
                listed(steps.steps)
                return
            found = verified(wanted, target, steps)
    except USAGE as error:
        raise click.UsageError(str(error)) from error
    except TROUBLES as error:
        click.echo(f"error: {error}", err=True)
        ctx.exit(EXIT_INCONCLUSIVE)
    except KeyboardInterrupt:
        click.echo("interrupted; the ledger knows what was ordered, and the same command goes on with it", err=True)
        ctx.exit(EXIT_INCONCLUSIVE)
    ctx.exit(VERIFICATION[found.verdict])
