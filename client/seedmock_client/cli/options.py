"""Shared parts of the commands: connection options, URLs and files, and the client. Imports nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from seedmock_contracts.enums import Capability
from seedmock_contracts.upstreams import NAMES, contracts_with

from ..errors import UsageError

if TYPE_CHECKING:
    from ..clients import Client

F = TypeVar("F", bound=Callable[..., Any])
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def connection_options(capability: Capability | None = None) -> Callable[[F], F]:
    """Options of a command that calls an upstream; by default the first with the capability that the command needs."""
    required_or_default: dict[str, Any] = {"required": True}  # click takes `default=None` for a default
    if capability is not None:
        required_or_default = {"default": lambda: contracts_with(capability)[0].name}
    options = (
        click.option("--upstream", type=click.Choice(NAMES), help="API to call.", **required_or_default),
        click.option(
            "--base-url",
            envvar="SEEDMOCK_BASE_URL",
            show_envvar=True,
            help="Origin of the API.  [default: the real, paid host]",
        ),
        click.option(
            "--api-key",
            envvar="SEEDMOCK_API_KEY",
            show_envvar=True,
            help="API key; the environment keeps it out of process lists.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print the result, or the error, as one JSON object."),
    )
    return combined(options)


def combined(options: tuple[Callable[[F], F], ...]) -> Callable[[F], F]:
    """Combine several options into one decorator."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def make_client(upstream: str, base_url: str | None, api_key: str | None, preflight: bool = True) -> Client:
    """Create the client of a command, which may read local files: the user names them."""
    from ..clients import Client

    return Client(upstream, base_url=base_url, api_key=api_key, preflight=preflight, local_files=True)


def url_or_file(text: str, option: str) -> str:
    """Return a URL unchanged, and a path as a `file:` URL."""
    if _SCHEME.match(text) and not Path(text).exists():
        return text
    path = Path(text).expanduser()
    if not path.is_file():
        raise UsageError(f"{option} {text!r} is neither a URL nor a file")
    return path.resolve().as_uri()
