"""`seedmock replay`: a server that says what was recorded."""

from __future__ import annotations

from pathlib import Path

import click

from seedmock_contracts.upstreams import NAMES

from ..verify.cli import COULD_NOT_LOOK


@click.command()
@click.argument("places", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--upstream", type=click.Choice(NAMES), help="Whose recordings are served.  [default: of both]")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--miss",
    type=click.Choice(["error", "emulate"]),
    default="error",
    show_default=True,
    help="What was not recorded is refused with what there is, or answered by an emulator.",
)
@click.pass_context
def replay(ctx: click.Context, places: tuple[Path, ...], upstream: str | None, port: int, host: str, miss: str) -> None:
    """Serve recordings until Ctrl-C: the newest that has an answer gives it.

    A request is the same if it is for the same, in whatever order its fields stand; a task moves on with each poll as
    it did when it was recorded, and begins anew when it is ordered again. Clips are made anew, of the size, the
    seconds and the sound of those that were delivered. Any key will do.
    """
    from seedmock_server import create_app
    from seedmock_server.http.server import ListenError, run

    from .files import NoRecordings, recordings
    from .model import InvalidRecording
    from .replay_server import Playback

    try:
        found = recordings(places, upstream or "")
    except (InvalidRecording, NoRecordings) as error:
        click.echo(f"error: {error}", err=True)
        ctx.exit(COULD_NOT_LOOK)
    playback = Playback(found, create_app(), emulate=miss == "emulate")
    count = sum(len(one.exchanges) for one in found)

    def ready(url: str) -> None:
        click.echo(f"replaying {count} exchanges of {' and '.join(playback.upstreams)} on {url}")
        click.echo(f"\n  export SEEDMOCK_BASE_URL={url} SEEDMOCK_API_KEY=any\n\nCtrl-C stops.")

    try:
        run(playback, host=host, port=port, on_ready=ready)
    except ListenError as error:
        raise click.ClickException(str(error)) from error
