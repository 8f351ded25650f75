"""The commands `seedmock generate` and `upscale`; `assets` stands beside. Heavy imports wait until a command runs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from seedmock_contracts.enums import Capability, MediaKind
from seedmock_contracts.generation import GenerationRequest, Reference, UpscaleRequest, first_frame, last_frame

from ..errors import UsageError
from .assets import assets
from .exit_codes import INTERRUPTED, epilog, guarded, printable
from .options import F, address_of, client_of, combined, connected

if TYPE_CHECKING:
    from ..models import Clip

__all__ = ["assets", "generate", "upscale"]

_FILE = click.Path(dir_okay=False, path_type=Path)


def waiting(command: F) -> F:
    """The options of every command that waits for a task."""
    options = (
        click.option("-o", "--output", type=_FILE, default=Path("out.mp4"), show_default=True),
        click.option("--timeout", type=float, help="Seconds to wait for the task.  [default: 900]"),
        click.option("--poll-seconds", type=float, help="Seconds between looks.  [default: the vendor's pacing]"),
        click.option("--no-preflight", is_flag=True, help="Send the order even if it breaks a rule."),
        click.option("--quote", "only_quote", is_flag=True, help="Print the price and stop."),
    )  # fmt: skip
    return combined(options)(command)


@click.command(epilog=epilog())
@click.argument("prompt", required=False, default="")
@connected()
@click.option("--model", help="Wire name or tier: standard, fast, mini, nsfw.")
@click.option("--seconds", type=int, default=5, show_default=True)
@click.option("--size", help="Such as 1280x720.")
@click.option("--resolution", help="Such as 720p; instead of --size.")
@click.option("--ratio", help="Such as 16:9; together with --resolution.")
@click.option("--first-frame", metavar="URL|FILE", help="The picture that the clip begins with.")
@click.option("--last-frame", metavar="URL|FILE", help="The picture that it ends with.")
@click.option("--reference", "references", multiple=True, metavar="KIND:URL|FILE", help="image:, video: or audio:.")
@click.option("--seed", type=int)
@click.option("--audio/--no-audio", default=None, help="Default: the upstream's.")
@click.option("--task", metavar="ID", help="Go on with a task that exists: wait for it and download it.")
@waiting
def generate(
    prompt: str,
    upstream: str,
    base_url: str | None,
    api_key: str | None,
    as_json: bool,
    first_frame: str | None,
    last_frame: str | None,
    references: tuple[str, ...],
    audio: bool | None,
    task: str | None,
    **rest: Any,
) -> None:
    """Generate a video and download it.

    A file on this machine is uploaded where the upstream takes files, and sent as a data: URI elsewhere.
    """
    with guarded(as_json):
        if task is None and not (prompt or first_frame or references):
            raise UsageError("no prompt, no picture and no --task", advice="See seedmock generate --help.")
        if task is not None and rest["only_quote"]:
            raise UsageError("--quote is for an order, not for a --task")
        order = GenerationRequest(
            prompt=prompt,
            references=_references(first_frame, last_frame, references),
            generate_audio=audio,
            **{name: rest.pop(name) for name in ("model", "seconds", "size", "resolution", "ratio", "seed")},
        )
    _order(order, task, upstream, base_url, api_key, as_json, **rest)


@click.command(epilog=epilog())
@click.argument("url", metavar="URL|FILE")
@connected(Capability.UPSCALE)
@click.option("--to", "resolution", required=True, help="720p, 1080p, 2k or 4k.")
@click.option("--seconds", type=float, help="The input's length, for the price; a file's is measured.")
@waiting
def upscale(
    url: str,
    upstream: str,
    base_url: str | None,
    api_key: str | None,
    as_json: bool,
    resolution: str,
    seconds: float | None,
    **rest: Any,
) -> None:
    """Make a video larger and download it."""
    from ..files import seconds_of

    with guarded(as_json):
        address = address_of(url, "URL")
        length = seconds_of(address) if seconds is None else seconds
        order = UpscaleRequest(url=address, resolution=resolution, seconds=length)
    _order(order, None, upstream, base_url, api_key, as_json, **rest)


def _order(
    order: GenerationRequest | UpscaleRequest,
    task: str | None,
    upstream: str,
    base_url: str | None,
    api_key: str | None,
    as_json: bool,
    *,
    output: Path,
    timeout: float | None,
    poll_seconds: float | None,
    no_preflight: bool,
    only_quote: bool,
) -> None:
    told = click.get_current_context().get_parameter_source("base_url") is ParameterSource.COMMANDLINE
    resume = partial(_resume, upstream, base_url if told else None, output)
    with guarded(as_json, resume):
        from .. import flows
        from ..context import ClientConfig
        from ..upstreams import get_codec
        from .console import Display

        setup = ClientConfig(dialect=get_codec(upstream), preflight=not no_preflight)
        cost = ""
        if task is None:
            setup.check(flows.encoded(setup, flows.without_files(order)))
            price = flows.priced(setup, order) if only_quote or not no_preflight else None
            cost = f"${price.amount} ({price.basis})" if price else ""
            if only_quote and price:
                click.echo(json.dumps({"usd": str(price.amount), "basis": price.basis}) if as_json else cost)
                return
        display = Display(as_json, cost)
        try:
            with client_of(upstream, base_url, api_key, not no_preflight) as client, display.shown(client):
                options: dict[str, Any] = {"timeout": timeout, "poll_seconds": poll_seconds, "report": display}
                clip = client.collect(task, output, **options) if task else client.generate(order, output, **options)
        except KeyboardInterrupt:
            _interrupted(display.task_id, resume)
        _finished(clip, as_json)


def _resume(upstream: str, base_url: str | None, output: Path, task_id: str) -> str:
    where = ["--upstream", upstream, *(["--base-url", base_url] if base_url else [])]
    command = shlex.join(["seedmock", "generate", *where, "--task", printable(task_id), "-o", str(output)])
    return f"The task goes on without this command. Fetch it with: {command}"


def _interrupted(task_id: str, resume: Callable[[str], str]) -> None:
    click.echo("", err=True)
    if task_id:
        click.echo(f"interrupted: task {printable(task_id)} may still finish and be charged", err=True)
        click.echo(f"  {resume(task_id)}", err=True)
    else:
        click.echo("interrupted before the upstream named a task; an order on its way may be charged", err=True)
    raise click.exceptions.Exit(INTERRUPTED)


def _finished(clip: Clip, as_json: bool) -> None:
    movie, cost = clip.movie, clip.quote
    if as_json:
        click.echo(json.dumps(_described(clip)))
        return
    for difference in clip.differs:
        click.echo(f"warning: not as ordered: {difference}", err=True)
    audio = "with sound" if movie.has_audio else "silent"
    price = f", ${cost.amount} ({cost.basis})" if cost else ""
    task_id = printable(clip.video.task_id)
    click.echo(click.format_filename(clip.path))
    click.echo(f"{movie.size}, {movie.seconds:.2f} s, {audio}, {clip.bytes} bytes, task {task_id}{price}")


def _described(clip: Clip) -> dict[str, Any]:
    movie, video = clip.movie, clip.video
    return {
        "path": str(clip.path),
        "bytes": clip.bytes,
        "upstream": video.upstream,
        "task_id": video.task_id,
        "model": video.model,
        "status": video.status,
        "states_seen": list(clip.states_seen),
        "width": movie.width,
        "height": movie.height,
        "seconds": movie.seconds,
        "audio": movie.has_audio,
        "usd": str(clip.quote.amount) if clip.quote else None,
        "differs": [asdict(difference) for difference in clip.differs],
    }


def _references(first: str | None, last: str | None, others: tuple[str, ...]) -> tuple[Reference, ...]:
    found = []
    if first:
        found.append(first_frame(address_of(first, "--first-frame")))
    if last:
        found.append(last_frame(address_of(last, "--last-frame")))
    for other in others:
        kind, colon, url = other.partition(":")
        if not colon or not url or kind not in tuple(MediaKind):
            raise UsageError(f"--reference {other!r}; expected image:URL, video:URL or audio:URL")
        found.append(Reference(MediaKind(kind), address_of(url, "--reference")))
    return tuple(found)
