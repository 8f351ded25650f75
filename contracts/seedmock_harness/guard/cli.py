"""Command `seedmock guard`. Its implementation is imported when it runs, not when its help is shown."""

from __future__ import annotations

from pathlib import Path

import click

from seedmock_contracts.printable import printable
from seedmock_contracts.upstreams import NAMES, get_contract

from ..cli_options import EXIT_INCONCLUSIVE

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command()
@click.option("--upstream", type=click.Choice(NAMES), required=True, help="API that the service speaks.")
@click.option("--budget", metavar="USD", required=True, help="Maximum total price of all orders in the order log.")
@click.option("--target", metavar="URL", help="Address of the service.  [default: the upstream's own]")
@click.option("--live", is_flag=True, help="Send orders. Without it each is checked and quoted, and goes no further.")
@click.option(
    "--token-price", metavar="USD", help="Price of a million tokens, for an upstream that publishes none (assumed)."
)
@click.option("--port", default=8002, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--order-log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that logs orders and holds the budget.  [default: in the user's state folder]",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for recordings of everything else.  [default: in the user's state folder]",
)
@click.pass_context
def guard(
    ctx: click.Context,
    upstream: str,
    budget: str,
    target: str | None,
    live: bool,
    token_price: str | None,
    port: int,
    host: str,
    order_log: Path | None,
    out: Path | None,
) -> None:
    """Run a proxy in front of the real service that keeps agents and scripts within a budget.

    It runs until Ctrl-C. Each order is checked by the contract's rules and quoted before it leaves, held against the
    budget in a log that survives a crash, refused with the reason when it would pass it, and never sent twice. A dry
    run unless --live.
    """
    from seedmock_server.http.server import ListenError, run

    from ..driver.http_transport import InvalidBaseUrl
    from ..recordings.writer import RecordingError
    from ..verify.budget import InvalidBudget
    from ..verify.order_log import OrderLogError
    from .guard_session import GuardOptions, open_guard

    contract = get_contract(upstream)
    try:
        options = GuardOptions.parse(contract, budget, target, live, token_price, order_log, out)
        with open_guard(options) as (app, root):
            if host not in LOOPBACK:
                warning = f"warning: anyone who can reach {host} can order within the budget through this proxy"
                click.echo(printable(warning), err=True)
            run(app, host=host, port=port, on_ready=lambda url: _announce(url, root, app.status()))
    except (InvalidBaseUrl, InvalidBudget) as error:
        raise click.UsageError(printable(str(error))) from error
    except (OrderLogError, RecordingError) as error:
        click.echo(printable(f"error: {error}"), err=True)
        ctx.exit(EXIT_INCONCLUSIVE)
    except ListenError as error:
        raise click.ClickException(printable(str(error))) from error


def _announce(url: str, root: str, status: dict[str, object]) -> None:
    kind = "orders are sent" if status["live"] else "dry run: no order is sent"
    limit = f"{status['budget']} USD" if status["budget"] is not None else "no limit"
    click.echo(printable(f"guarding {root} at {url} ({kind}; {status['held']} of {limit} held)"))
    click.echo(f"\n  export SEEDMOCK_BASE_URL={url}\n\nGET {url}/_guard lists the orders. Stop with Ctrl-C.")
