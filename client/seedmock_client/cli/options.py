"""What the commands share: the options of a connection, addresses, and the client that they make."""

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


def connected(capability: Capability | None = None) -> Callable[[F], F]:
    """Options of a command that calls an upstream; by default the first with the capability that the command needs."""
    named: dict[str, Any] = {"required": True}  # a default of None is one too
    if capability is not None:
        named = {"default": lambda: contracts_with(capability)[0].name}
    options = (
        click.option("--upstream", type=click.Choice(NAMES), **named),
        click.option("--base-url", envvar="SEEDMOCK_BASE_URL", show_envvar=True, help="Origin; default: the real one."),
        click.option("--api-key", envvar="SEEDMOCK_API_KEY", show_envvar=True, help="Better in the environment."),
        click.option("--json", "as_json", is_flag=True, help="Say the result, or the error, as one JSON object."),
    )  # fmt: skip
    return combined(options)


def combined(options: tuple[Callable[[F], F], ...]) -> Callable[[F], F]:
    """Several options as one decorator."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def client_of(upstream: str, base_url: str | None, api_key: str | None, preflight: bool = True) -> Client:
    """The client of a command; a person's own files may be read."""
    from ..clients import Client

    return Client(upstream, base_url=base_url, api_key=api_key, preflight=preflight, local_files=True)


def address_of(text: str, option: str) -> str:
    """A URL as it is, a path as a `file:` URL."""
    if _SCHEME.match(text) and not Path(text).exists():
        return text
    path = Path(text).expanduser()
    if not path.is_file():
        raise UsageError(f"{option} {text!r} is neither a URL nor a file")
    return path.resolve().as_uri()
