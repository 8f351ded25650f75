"""The command `seedmock`, with the sub-commands `serve` and `scenarios`; others are found by entry points."""

from __future__ import annotations

import gc
import json
import os
import shlex
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import click

from seedmock_contracts import __version__

from .command_group import EntryPointGroup
from .completers import complete_scenarios

if TYPE_CHECKING:
    from seedmock_contracts.contract import Contract

    from ..app import App

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110, "auto_envvar_prefix": "SEEDMOCK"}
EXAMPLE_KEY = "sk_mock_local"
SWITCH_SECONDS = 0.0002


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
    "--stop-on-eof",
    is_flag=True,
    help="Stop when standard input ends, so that the server never outlives the program that started it.",
)
def serve(
    host: str, port: int, variants: tuple[str, ...], host_map: tuple[str, ...], stop_on_eof: bool, **values: Any
) -> None:
    """Serve the upstreams on one port until Ctrl-C.

    Each option has an environment variable: SEEDMOCK_SERVE_PORT=8000, SEEDMOCK_SERVE_PACE=instant, ...
    """
    gc.disable()  # until the server is ready: imports leave no garbage worth a search, and each takes milliseconds

    from ..app import App
    from ..http.server import ListenError, run
    from ..settings import InvalidSetting, parse_host_map, parse_settings, parse_variants
    from ..storage import StoreError

    settings = {name: value for name, value in values.items() if value is not None}
    drawn_token = _token_for_strangers(host) if "control_token" not in settings else None
    if drawn_token is not None:
        settings["control_token"] = drawn_token
    try:
        maps = {"variants": parse_variants(variants), "host_map": parse_host_map(host_map)}
        app = App(parse_settings({**maps, **settings}))
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from error
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    if app.warning:
        click.echo(f"Warning: {app.warning}", err=True)
    if app.settings.store != "memory":
        # The database's thread gives up the interpreter at each statement, and waits this long to have it again.
        sys.setswitchinterval(SWITCH_SECONDS)
    if stop_on_eof:
        threading.Thread(target=_terminate_at_eof, name="seedmock end of input", daemon=True).start()
    try:
        run(
            app,
            host=host,
            port=port,
            on_ready=lambda url: _print_welcome(url, app, values["keys"], drawn_token),
        )
    except ListenError as error:
        raise click.ClickException(str(error)) from error


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


def _token_for_strangers(host: str) -> str | None:
    """Draw a token if other machines can reach the host: in a container every caller comes from another one."""
    from ..http.url_policy import is_loopback_host
    from ..randomness import fresh_token

    return None if is_loopback_host(host) else fresh_token()


def _print_welcome(url: str, app: App, keys: tuple[str, ...], drawn_token: str | None) -> None:
    from seedmock_contracts.upstreams import contracts

    key = "$SEEDMOCK_API_KEY" if keys else EXAMPLE_KEY
    token = [f"  control token {drawn_token}: send it as X-Mock-Token; --control-token sets one"] if drawn_token else []
    usable_key = EXAMPLE_KEY if not keys else "one-of-your-keys"
    variable = f" SEEDMOCK_CONTROL_TOKEN={drawn_token}" if drawn_token else ""
    for line in (
        f"seedmock {__version__}: {len(contracts())} upstreams on {url} (pace {app.settings.pace}, seed {app.seed})",
        "",
        *(_base_urls(contract, url) for contract in contracts()),
        *([f"  links begin with {app.settings.public_url}"] if app.settings.public_url else []),
        f"  {'page':<10} {url}/_mock/",
        *token,
        "",
        f"  export SEEDMOCK_BASE_URL={url} SEEDMOCK_API_KEY={usable_key}{variable}",
        *_curl(url, key),
        "",
        "Ctrl-C stops.",
    ):
        click.echo(line)


def _base_urls(contract: Contract, url: str) -> str:
    first, *others = (url + base.prefix for base in contract.bases)
    also = f"   (also {', '.join(others)})" if others else ""
    return f"  {contract.name:<10} {first}{also}"


def _curl(url: str, key: str) -> tuple[str, ...]:
    """The shortest order of all examples, as a command in two lines."""
    from seedmock_contracts.endpoints import endpoint_path
    from seedmock_contracts.enums import Operation
    from seedmock_contracts.upstreams import contracts

    bodies = {json.dumps(dict(c.example(Operation.CREATE)), separators=(",", ":")): c for c in contracts()}
    body = min(bodies, key=len)
    method, path = endpoint_path(bodies[body], Operation.CREATE, {})
    return (
        f'  curl -X {method} {url}{path} -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\',
        f"    -d {shlex.quote(body)}",
    )
