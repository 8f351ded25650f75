"""The command `seedmock`, with the sub-commands `serve` and `scenarios`; others are found by entry points."""

from __future__ import annotations

import gc
import os
import signal
import threading
from typing import Any

import click

from seedmock_contracts import __version__

from .command_group import EntryPointGroup
from .completers import complete_scenarios

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110, "auto_envvar_prefix": "SEEDMOCK"}
MAX_WORKERS = 64
"""More processes than any machine has use for; each takes 70 MiB."""


@click.command(cls=EntryPointGroup, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="seedmock")
def main() -> None:
    """Run paid Seedance 2.0 video APIs on your own machine: emulator, client, and the contract between them."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen on this address.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Listen on this port; 0 takes a free one.",
)
@click.option(
    "--pace",
    default="fast",
    show_default=True,
    type=click.Choice(["instant", "fast", "realistic", "step"]),
    help="Finish tasks at once, in about 2 s, as the vendor measured (p50 142 s, p90 486 s), or by a status a query.",
)
@click.option("--key", "keys", multiple=True, help="Accept this API key; repeatable.  [default: any key]")
@click.option("--seed", type=int, help="Make ids, latencies and clips repeatable.  [default: drawn, and printed]")
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="ID=OPTION",
    help="Choose a behaviour that the documentation leaves open; repeatable.",
)
@click.option(
    "--fetch",
    default="none",
    show_default=True,
    type=click.Choice(["none", "loopback", "public"]),
    help="Fetch reference URLs on these hosts.",
)
@click.option(
    "--callbacks",
    default="loopback",
    show_default=True,
    type=click.Choice(["none", "loopback", "public"]),
    help="Send callbacks to these hosts.",
)
@click.option(
    "--token-price", metavar="USD", help="Charge this much per million tokens at an upstream that publishes no price."
)
@click.option("--credit", metavar="USD", help="Let each key spend this much at each upstream.  [default: no limit]")
@click.option(
    "--refund-after", type=click.FloatRange(0), help="Refund a failed task this many seconds later.  [default: 0]"
)
@click.option(
    "--scenario",
    metavar="NAME|FILE",
    help="Start with a scenario: one of `seedmock scenarios`, or a file of your own.",
    shell_complete=complete_scenarios,
)
@click.option(
    "--store",
    metavar="memory|sqlite:PATH|redis://HOST:PORT/DB",
    help="Keep state in memory, in a file, or on a Redis server: the next start goes on from there.  [default: memory]",
)
@click.option(
    "--data-dir", type=click.Path(file_okay=False), help="Store uploaded files here.  [default: a temporary folder]"
)
@click.option(
    "--files",
    metavar="FOLDER|s3://BUCKET/PREFIX",
    help="Store uploaded files where the servers of all machines find them: in a folder that each has, or in an "
    "S3-compatible store (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY). Needs seedmock[s3].",
)
@click.option(
    "--cache-dir", type=click.Path(file_okay=False), help="Cache clips here.  [default: the user's cache folder]"
)
@click.option("--max-body-bytes", type=click.IntRange(1), help="Refuse larger request bodies.  [default: 100 MiB]")
@click.option(
    "--body-timeout",
    type=click.FloatRange(0, min_open=True),
    help="Refuse request bodies that take longer, in seconds.  [default: 30]",
)
@click.option("--rate-limit", type=click.IntRange(1), help="Limit the calls a minute of a key.  [default: no limit]")
@click.option(
    "--concurrency-limit", type=click.IntRange(1), help="Limit the unfinished tasks of a key.  [default: no limit]"
)
@click.option(
    "--public-url",
    metavar="URL",
    help="Begin links with this, behind a proxy with TLS or a path prefix.  [default: the address that a client uses]",
)
@click.option(
    "--host-map",
    "host_map",
    multiple=True,
    metavar="HOST=UPSTREAM",
    help="Serve paths that two upstreams share, such as /v1/models, as this one by this host; repeatable.",
)
@click.option(
    "--cors",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this origin call the upstreams in a browser; * is any; repeatable.  [default: none, as at the "
    "real services]",
)
@click.option(
    "--log",
    default="none",
    show_default=True,
    type=click.Choice(["none", "json"]),
    help="Write each exchange to standard error, as one JSON object a line.",
)
@click.option(
    "--otel",
    is_flag=True,
    help="Send spans of calls and tasks by OpenTelemetry, to OTEL_EXPORTER_OTLP_ENDPOINT. Needs seedmock[otel].",
)
@click.option(
    "--control-token",
    envvar=["SEEDMOCK_SERVE_CONTROL_TOKEN", "SEEDMOCK_CONTROL_TOKEN"],
    help="Require this token for /_mock/.  [default: none at a loopback --host, which admits this machine only; "
    "elsewhere one is drawn, and printed]",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, MAX_WORKERS),
    help="Serve by so many processes on one port, with a --store that they share; those that die are replaced.",
)
@click.option(
    "--stop-on-eof",
    is_flag=True,
    help="Stop when standard input ends, so that the server never outlives the program that started it.",
)
def serve(
    host: str,
    port: int,
    workers: int,
    variants: tuple[str, ...],
    host_map: tuple[str, ...],
    stop_on_eof: bool,
    **values: Any,
) -> None:
    """Serve the upstreams on one port until Ctrl-C.

    Each option has an environment variable: SEEDMOCK_SERVE_PORT=8000, SEEDMOCK_SERVE_PACE=instant, ...
    """
    gc.disable()  # until the server is ready: imports leave no garbage worth a search, and each takes milliseconds

    from ..settings import InvalidSetting, parse_host_map, parse_settings, parse_variants
    from .serving import serve_alone, serve_by_workers, token_for_strangers

    plain = {name: value for name, value in values.items() if value is not None}
    drawn_token = token_for_strangers(host) if "control_token" not in plain else None
    if drawn_token is not None:
        plain["control_token"] = drawn_token
    try:
        plain |= {"variants": parse_variants(variants), "host_map": parse_host_map(host_map)}
        settings = parse_settings(plain)
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from error
    if stop_on_eof:
        threading.Thread(target=_terminate_at_eof, name="seedmock end of input", daemon=True).start()
    if workers > 1:
        serve_by_workers(host, port, settings, plain, workers, drawn_token)
    else:
        serve_alone(host, port, settings, drawn_token)


main.add_command(serve)  # found without its entry point: to read those opens a file of every installed package


def _terminate_at_eof() -> None:
    # Not sys.stdin: a thread that waits for its lock aborts the interpreter's exit. The pipe ends however its other end
    # dies, also by SIGKILL.
    while os.read(0, 4096):
        pass
    signal.raise_signal(signal.SIGTERM)


@click.command()
def scenarios() -> None:
    """List the built-in scenarios, each with its description and the reports that it comes from."""
    from ..scenarios.catalog import load_builtin, scenario_names

    for scenario in map(load_builtin, scenario_names()):
        click.echo(click.style(scenario.name, bold=True) + f"  {scenario.description}")
        for link in scenario.links:
            click.echo(f"    {link}")
