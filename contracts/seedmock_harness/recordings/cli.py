"""Commands `seedmock record` (recording proxy) and `seedmock replay` (server of recorded responses).

Their implementations are imported when a command runs, not when its help is shown.
"""

from __future__ import annotations

from pathlib import Path

import click

from seedmock_contracts.printable import printable
from seedmock_contracts.upstreams import NAMES, get_contract

from ..cli_options import EXIT_INCONCLUSIVE

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command()
@click.option("--upstream", type=click.Choice(NAMES), required=True, help="API that the live service speaks.")
@click.option("--target", required=True, metavar="URL", help="Origin, or origin and prefix, of the live service.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for recordings.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.pass_context
def record(ctx: click.Context, upstream: str, target: str, out: Path, port: int, host: str) -> None:
    """Run a recording proxy between your application and a live service, until Ctrl-C.

    Point your application at the proxy, with your real key: the key is forwarded and never written to disk.
    Each run creates a new file OUT/UPSTREAM-TIME.jsonl and appends each exchange as soon as it completes. Prompts are
    stored unchanged; ids and links are replaced by references, clips by their measured properties.

    Links in responses are forwarded unchanged: downloads from other hosts are not recorded.
    Live calls are billed as usual; the proxy sends no requests of its own.
    """
    from seedmock_server.clock import Clock
    from seedmock_server.http.server import ListenError, run

    from ..driver.http_transport import InvalidBaseUrl, resolve_base_url
    from .proxy import RecordingProxy
    from .writer import Recorder, RecordingError

    contract = get_contract(upstream)
    clock = Clock()
    try:
        root = resolve_base_url(contract, target)
        recorder = Recorder(out, contract, root, clock.now())
    except InvalidBaseUrl as error:
        raise click.UsageError(f"--target: {error}") from error
    except RecordingError as error:
        click.echo(printable(f"error: {error}"), err=True)
        ctx.exit(EXIT_INCONCLUSIVE)
    if host not in LOOPBACK:
        click.echo(
            printable(f"warning: anyone who can reach {host} can send requests to {root} through this proxy"), err=True
        )
    try:
        with recorder:
            run(
                RecordingProxy(contract, root, recorder, clock.now),
                host=host,
                port=port,
                on_ready=lambda url: _announce_proxy(url, root),
            )
    except ListenError as error:
        raise click.ClickException(printable(str(error))) from error
    finally:
        click.echo(printable(recorder.summary), err=bool(recorder.problem))


def _announce_proxy(url: str, root: str) -> None:
    click.echo(f"recording requests to {root} through {url}\n\n  export SEEDMOCK_BASE_URL={url}\n\nStop with Ctrl-C.")


@click.command()
@click.argument("paths", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--upstream", type=click.Choice(NAMES), help="Serve recordings of this upstream only.  [default: all]")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--miss",
    type=click.Choice(["error", "emulate"]),
    default="error",
    show_default=True,
    help="Answer unrecorded requests with an error that lists the recorded ones, or by an emulator.",
)
@click.pass_context
def replay(ctx: click.Context, paths: tuple[Path, ...], upstream: str | None, port: int, host: str, miss: str) -> None:
    """Serve recorded responses until Ctrl-C; the newest recording that matches a request answers it.

    Requests match regardless of the order of their fields. A task advances with each poll as it did when it was
    recorded, and starts again when it is ordered again. Clips are rendered with the size, duration and sound of the
    recorded ones. Any API key is accepted.
    """
    from seedmock_server.app import App
    from seedmock_server.http.server import ListenError, run

    from .files import NoRecordingsFound, load_recordings
    from .model import InvalidRecording
    from .replay_server import ReplayServer

    try:
        recordings = load_recordings(paths, upstream or "")
    except (InvalidRecording, NoRecordingsFound) as error:
        click.echo(printable(f"error: {error}"), err=True)
        ctx.exit(EXIT_INCONCLUSIVE)
    server = ReplayServer(recordings, App(), emulate=miss == "emulate")
    count = sum(len(recording.exchanges) for recording in recordings)

    def announce(url: str) -> None:
        click.echo(f"replaying {count} exchanges of {' and '.join(server.upstreams)} on {url}")
        click.echo(f"\n  export SEEDMOCK_BASE_URL={url} SEEDMOCK_API_KEY=any\n\nStop with Ctrl-C.")

    try:
        run(server, host=host, port=port, on_ready=announce)
    except ListenError as error:
        raise click.ClickException(printable(str(error))) from error
