"""Command `seedmock verify`: options and exit codes. The implementation is imported when the command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from seedmock_contracts.printable import printable
from seedmock_contracts.upstreams import NAMES

from ..cli_options import EXIT_INCONCLUSIVE, VERIFICATION_EXIT_CODES, report_option


@click.command(epilog=VERIFICATION_EXIT_CODES)
@click.option("--upstream", type=click.Choice(NAMES), required=True, help="Upstream whose contract applies.")
@click.option(
    "--base-url", help="Origin, or origin and prefix, of the service to verify.  [default: an emulator started for it]"
)
@click.option("--api-key", envvar="SEEDMOCK_API_KEY", show_envvar=True, help="API key; prefer the variable.")
@click.option(
    "--second-api-key",
    envvar="SEEDMOCK_SECOND_API_KEY",
    show_envvar=True,
    help="Key of another account; without it, isolation between accounts is not checked.",
)
@click.option("--budget", metavar="USD", help="Maximum total cost of the orders, or unlimited.  [default: 0]")
@report_option
@click.option(
    "--record",
    type=click.Path(file_okay=False, path_type=Path),
    help="Record all exchanges, redacted, in this folder.",
)
@click.option(
    "--only", multiple=True, metavar="NAME", help="Run one step, or the group free, paid or minimal; repeatable."
)
@click.option("--list", "list_steps", is_flag=True, help="List the steps and their prices; send nothing.")
@click.option(
    "--deep", is_flag=True, help="Order every size and upscale target, the longest clip, and audio beyond its limit."
)
@click.option(
    "--token-price", metavar="USD", help="Price of a million tokens, for an upstream that publishes none (assumed)."
)
@click.option(
    "--order-log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that logs paid orders, to resume an interrupted run.  [default: in the user's state folder]",
)
@click.option("--seed", type=int, help="Seed of the emulator started for the run.")
@click.option("--pace", type=click.Choice(["instant", "fast", "realistic"]), help="Pace of that emulator.")
@click.option("--variant", "variants", multiple=True, metavar="ID=OPTION", help="Variant of that emulator; repeatable.")
@click.pass_context
def verify(ctx: click.Context, /, list_steps: bool, **values: Any) -> None:
    """Check a live service or an emulator against the documented contract.

    Free checks first; paid checks only within --budget. Without --base-url, the target is an emulator started for the
    run: it costs nothing, and its clock does not wait.
    """
    from ..reports.exit_codes import VERIFICATION_EXITS
    from .console import print_steps
    from .invocation import RUNTIME_ERRORS, USAGE_ERRORS, open_target, parse_options, plan_verification, verify_target

    try:
        options = parse_options(values)
        with open_target(options.contract, values) as target:
            plan = plan_verification(options, target)
            if list_steps:
                print_steps(plan.steps)
                return
            verification = verify_target(options, target, plan)
    except USAGE_ERRORS as error:
        raise click.UsageError(printable(str(error))) from error
    except RUNTIME_ERRORS as error:
        click.echo(printable(f"error: {error}"), err=True)
        ctx.exit(EXIT_INCONCLUSIVE)
    except KeyboardInterrupt:
        click.echo("interrupted; orders are in the order log, and the same command resumes the run", err=True)
        ctx.exit(EXIT_INCONCLUSIVE)
    ctx.exit(VERIFICATION_EXITS[verification.verdict])
