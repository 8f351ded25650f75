"""Commands `seedmock generate` and `upscale`. Heavy modules are imported when a command runs."""

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
from seedmock_contracts.printable import printable

from ..errors import UsageError
from .assets import assets
from .exit_codes import INTERRUPTED, epilog, exit_on_error
from .options import F, combined, connection_options, make_client, url_or_file

if TYPE_CHECKING:
    from ..models import Clip

__all__ = ["assets", "generate", "upscale"]

_FILE = click.Path(dir_okay=False, path_type=Path)


def wait_options(command: F) -> F:
    """Options of the commands that wait for a task."""
    options = (
        click.option("-o", "--output", type=_FILE, default=Path("out.mp4"), show_default=True, help="File to write."),
        click.option("--timeout", type=float, help="Seconds to wait for the task.  [default: 900]"),
        click.option("--poll-seconds", type=float, help="Seconds between polls.  [default: 3, rising to 15]"),
        click.option("--no-preflight", is_flag=True, help="Send the order even if it violates a rule of the contract."),
        click.option("--quote", "only_quote", is_flag=True, help="Print the price and stop."),
    )  # fmt: skip
    return combined(options)(command)


@click.command(epilog=epilog())
@click.argument("prompt", required=False, default="")
@connection_options()
@click.option("--model", help="Name or tier of the model: standard, fast, mini, nsfw.")
@click.option("--seconds", type=int, default=5, show_default=True, help="Length of the clip.")
@click.option("--size", help="Size of the clip in pixels, such as 1280x720.")
@click.option("--resolution", help="Resolution, such as 720p; instead of --size.")
@click.option("--ratio", help="Aspect ratio, such as 16:9; together with --resolution.")
@click.option("--first-frame", metavar="URL|FILE", help="Image that the clip begins with.")
@click.option("--last-frame", metavar="URL|FILE", help="Image that the clip ends with.")
@click.option(
    "--reference",
    "references",
    multiple=True,
    metavar="KIND:URL|FILE",
    help="Reference with its kind: image:, video: or audio:.",
)
@click.option("--seed", type=int, help="Seed of the clip.  [default: drawn by the upstream]")
@click.option("--audio/--no-audio", default=None, help="Generate sound, or none.  [default: the upstream's]")
@click.option("--task", metavar="ID", help="Wait for an existing task and download it, instead of a new order.")
@wait_options
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
    with exit_on_error(as_json):
        if task is None and not (prompt or first_frame or references):
            raise UsageError("no prompt, no reference and no --task", advice="See seedmock generate --help.")
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
@connection_options(Capability.UPSCALE)
@click.option("--to", "resolution", required=True, help="Target: 720p, 1080p, 2k or 4k.")
@click.option("--seconds", type=float, help="Length of the input, for the price; that of a local file is measured.")
@wait_options
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
    """Upscale a video and download it."""
    from ..files import movie_seconds

    with exit_on_error(as_json):
        source = url_or_file(url, "URL")
        length = movie_seconds(source) if seconds is None else seconds
        order = UpscaleRequest(url=source, resolution=resolution, seconds=length)
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
    # A base URL from the environment will be there again, and need not be repeated.
    on_command_line = click.get_current_context().get_parameter_source("base_url") is ParameterSource.COMMANDLINE
    resume = partial(_resume_advice, upstream, base_url if on_command_line else None, output)
    with exit_on_error(as_json, resume):
        from .. import flows
        from ..context import ClientConfig
        from ..upstreams import get_codec
        from .console import Display

        config = ClientConfig(codec=get_codec(upstream), preflight=not no_preflight)
        cost = ""
        if task is None:
            config.check_rules(flows.encode(config, flows.without_files(order)))
            price = flows.price(config, order) if only_quote or not no_preflight else None
            cost = f"${price.amount} ({price.basis})" if price else ""
            if only_quote and price:
                click.echo(json.dumps({"usd": str(price.amount), "basis": price.basis}) if as_json else cost)
                return
        display = Display(as_json, cost)
        try:
            with make_client(upstream, base_url, api_key, not no_preflight) as client, display.attached(client):
                options: dict[str, Any] = {"timeout": timeout, "poll_seconds": poll_seconds, "on_progress": display}
                clip = client.collect(task, output, **options) if task else client.generate(order, output, **options)
        except KeyboardInterrupt:
            _exit_interrupted(display.task_id, resume)
        _print_result(clip, as_json)


def _resume_advice(upstream: str, base_url: str | None, output: Path, task_id: str) -> str:
    connection = ["--upstream", upstream, *(["--base-url", base_url] if base_url else [])]
    command = shlex.join(["seedmock", "generate", *connection, "--task", printable(task_id), "-o", str(output)])
    return f"The task continues without this command. Download it with: {command}"


def _exit_interrupted(task_id: str, resume: Callable[[str], str]) -> None:
    click.echo("", err=True)
    if task_id:
        click.echo(f"interrupted: task {printable(task_id)} may still finish and be charged", err=True)
        click.echo(f"  {resume(task_id)}", err=True)
    else:
        click.echo("interrupted before the upstream named a task; an order on its way may be charged", err=True)
    raise click.exceptions.Exit(INTERRUPTED)


def _print_result(clip: Clip, as_json: bool) -> None:
    movie, cost = clip.movie, clip.quote
    if as_json:
        click.echo(json.dumps(_clip_document(clip)))
        return
    for mismatch in clip.mismatches:
        click.echo(printable(f"warning: not as ordered: {mismatch}"), err=True)
    audio = "with sound" if movie.has_audio else "silent"
    price = f", ${cost.amount} ({cost.basis})" if cost else ""
    task_id = printable(clip.video.task_id)
    click.echo(click.format_filename(clip.path))
    click.echo(f"{movie.size}, {movie.seconds:.2f} s, {audio}, {clip.bytes} bytes, task {task_id}{price}")


def _clip_document(clip: Clip) -> dict[str, Any]:
    movie, video = clip.movie, clip.video
    return {
        "path": str(clip.path),
        "bytes": clip.bytes,
        "upstream": video.upstream,
        "task_id": video.task_id,
        "model": video.model,
        "status": video.status,
        "statuses": list(clip.statuses),
        "width": movie.width,
        "height": movie.height,
        "seconds": movie.seconds,
        "audio": movie.has_audio,
        "usd": str(clip.quote.amount) if clip.quote else None,
        "mismatches": [asdict(mismatch) for mismatch in clip.mismatches],
    }


def _references(first: str | None, last: str | None, others: tuple[str, ...]) -> tuple[Reference, ...]:
    references = []
    if first:
        references.append(first_frame(url_or_file(first, "--first-frame")))
    if last:
        references.append(last_frame(url_or_file(last, "--last-frame")))
    for text in others:
        kind, colon, url = text.partition(":")
        if not colon or not url or kind not in tuple(MediaKind):
            raise UsageError(f"--reference {text!r}; expected image:URL, video:URL or audio:URL")
        references.append(Reference(MediaKind(kind), url_or_file(url, "--reference")))
    return tuple(references)
