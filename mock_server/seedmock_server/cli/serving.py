"""Serve the settings of `seedmock serve`: by one process, or by several below a supervisor."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from seedmock_contracts import __version__

from ..http.server import ListenError
from ..settings import InvalidSetting, Settings
from ..storage import StoreError
from ..storage.opening import MEMORY, SWITCH_SECONDS

if TYPE_CHECKING:
    from seedmock_contracts.contract import Contract

EXAMPLE_KEY = "sk_mock_local"


def serve_alone(host: str, port: int, settings: Settings, drawn_token: str | None) -> None:
    """Serve by this process until Ctrl-C."""
    from ..app import App
    from ..http.server import run

    with _errors_as_messages():
        app = App(settings)
        _print_warning(app.warning)
        if settings.store != MEMORY:
            sys.setswitchinterval(SWITCH_SECONDS)
        run(app, host=host, port=port, on_ready=lambda url: _print_welcome(url, app.seed, settings, 1, drawn_token))


def serve_by_workers(
    host: str, port: int, settings: Settings, plain: Mapping[str, Any], workers: int, drawn_token: str | None
) -> None:
    """Serve by several processes until Ctrl-C; `plain` are the settings as they were given."""
    from ..http.guarded_protocol import ConnectionLimits
    from ..http.server import STOP_SECONDS, open_listeners
    from ..workers.supervisor import Supervisor, WorkerFailure

    if settings.store == MEMORY:
        problem = f"--workers {workers} needs a store that processes share, and --store is memory"
        raise click.UsageError(f"{problem}; choose sqlite:PATH (one machine) or redis://HOST:PORT/DB")
    if os.name != "posix":
        raise click.UsageError("--workers needs processes that inherit a socket, which this system lacks; allowed: 1")
    with _errors_as_messages():
        listeners, url = open_listeners(host, port, workers)
    supervisor = Supervisor(
        "seedmock_server.cli.worker",
        listeners,
        plain,
        # A worker first lets its connections end, then itself: it is not killed before both times are over.
        stop_seconds=ConnectionLimits().grace_seconds + STOP_SECONDS,
        log=partial(click.echo, err=True),
    )

    def print_all(ready: Mapping[str, Any]) -> None:
        _print_warning(ready["warning"])
        _print_welcome(url, ready["seed"], settings, workers, drawn_token)

    try:
        supervisor.run(print_all)
    except WorkerFailure as error:
        click.echo(f"Error: {error}", err=True)
        raise click.exceptions.Exit(error.status) from error


@contextmanager
def _errors_as_messages() -> Iterator[None]:
    try:
        yield
    except InvalidSetting as error:  # its scenario, or a library that an option needs
        raise click.UsageError(str(error)) from error
    except (StoreError, ListenError) as error:
        raise click.ClickException(str(error)) from error


def _print_warning(text: str) -> None:
    if text:
        click.echo(f"Warning: {text}", err=True)


def token_for_strangers(host: str) -> str | None:
    """Draw a token if other machines can reach the host: in a container every caller comes from another one."""
    from ..http.url_policy import is_loopback_host
    from ..randomness import fresh_token

    return None if is_loopback_host(host) else fresh_token()


def _print_welcome(url: str, seed: int, settings: Settings, workers: int, drawn_token: str | None) -> None:
    from seedmock_contracts.upstreams import contracts

    processes = f", {workers} workers" if workers > 1 else ""
    key = "$SEEDMOCK_API_KEY" if settings.keys else EXAMPLE_KEY
    token = [f"  control token {drawn_token}: send it as X-Mock-Token; --control-token sets one"] if drawn_token else []
    usable_key = EXAMPLE_KEY if not settings.keys else "one-of-your-keys"
    variable = f" SEEDMOCK_CONTROL_TOKEN={drawn_token}" if drawn_token else ""
    for line in (
        f"seedmock {__version__}: {len(contracts())} upstreams on {url} (pace {settings.pace}, seed {seed}{processes})",
        "",
        *(_base_urls(contract, url) for contract in contracts()),
        *([f"  links begin with {settings.public_url}"] if settings.public_url else []),
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
