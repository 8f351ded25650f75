"""`seedmock record`: a proxy before a live service, for one's own application."""

from __future__ import annotations

from pathlib import Path

import click

from seedmock_contracts.upstreams import NAMES, get_contract

from ..verify.cli import COULD_NOT_LOOK

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command()
@click.option("--upstream", type=click.Choice(NAMES), required=True, help="Whose API the service speaks.")
@click.option("--target", required=True, metavar="URL", help="Origin, or origin and prefix, of the live service.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for recordings.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.pass_context
def record(ctx: click.Context, upstream: str, target: str, out: Path, port: int, host: str) -> None:
    """Stand between your application and a live service, and record what they say, until Ctrl-C.

    Point your application at this address, with your real key: the key is passed on, and never written.
    Each run makes a new file OUT/UPSTREAM-TIME.jsonl; each exchange is in it as soon as it is over. Prompts are kept
    as they are; ids and links are replaced by references, clips by what they were measured to be.

    Links in answers are passed on as they are: what your application fetches from another host is not seen here.
    Live calls cost what they cost: this sends nothing of its own.
    """
    from seedmock_server.clock import Clock
    from seedmock_server.http.server import ListenError, run

    from ..driver.http_transport import InvalidAddress, root_of
    from ..verify.console import kept
    from .proxy import Proxy
    from .writer import CannotRecord, Recorder

    contract = get_contract(upstream)
    clock = Clock()
    try:
        root = root_of(contract, target)
        recorder = Recorder(out, contract, root, clock.now())
    except InvalidAddress as error:
        raise click.UsageError(f"--target: {error}") from error
    except CannotRecord as error:
        click.echo(f"error: {error}", err=True)
        ctx.exit(COULD_NOT_LOOK)
    if host not in LOOPBACK:
        click.echo(f"warning: whoever reaches {host} can use this way to {root}, with a key of his own", err=True)
    try:
        with recorder:
            run(
                Proxy(contract, root, recorder, clock.now),
                host=host,
                port=port,
                on_ready=lambda url: _welcome(url, root),
            )
    except ListenError as error:
        raise click.ClickException(str(error)) from error
    finally:
        kept(recorder)


def _welcome(url: str, root: str) -> None:
    click.echo(f"recording what is asked of {root} through {url}\n\n  export SEEDMOCK_BASE_URL={url}\n\nCtrl-C stops.")
