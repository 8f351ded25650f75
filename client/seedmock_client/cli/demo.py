"""Command `seedmock demo`: start the emulator, generate a few clips with the client, and print their properties.

The properties are measured in the downloaded files. The emulator is a process of its own, which is always stopped.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from seedmock_contracts.enums import Capability
from seedmock_contracts.generation import GenerationRequest, Reference, first_frame, last_frame
from seedmock_contracts.printable import printable
from seedmock_contracts.upstreams import contracts, get_contract

from ..errors import SeedmockError, UsageError
from .exit_codes import INTERRUPTED, exit_on_error

if TYPE_CHECKING:
    from ..clients import Client
    from ..models import Clip

KEY = "sk_mock_demo"
# Results of the emulator are references of the next order, so it has to fetch from this machine.
SERVER_ARGUMENTS = ("-m", "seedmock_server", "serve", "--fetch", "loopback")
START_SECONDS = 15.0  # a cold start takes some seconds
POLL_SECONDS = 0.15
SECONDS = 4
SIZE, TIER = "1280x720", "fast"
FRAME_COLOURS = {"first": ("#f2a65a", "#772f1a"), "last": ("#58a4b0", "#0c1b33")}


@dataclass(frozen=True, slots=True)
class DemoResult:
    """A clip of the demo and the problems in it."""

    upstream: str
    mode: str
    clip: Clip
    problems: tuple[str, ...]


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("seedmock-demo"),
    show_default=True,
    help="Folder for the clips.",
)
def demo(out: Path) -> None:
    """Start the emulator, generate a few clips, and list them: without a key, a network or any cost."""
    from ..transport import monotonic

    started = monotonic()
    with exit_on_error(False):
        try:
            with emulator() as url:
                click.echo(f"emulator at {url}", err=True)
                results = list(_generate(url, out))
        except KeyboardInterrupt:
            click.echo("interrupted; the emulator is stopped", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        _print_table(results)
        click.echo(f"{len(results)} clips in {out.resolve()}, {monotonic() - started:.1f} s")
        click.echo("See the next ones in a browser: run `seedmock serve`, and open http://127.0.0.1:8000/_mock/")
        problems = [f"{result.upstream} {result.mode}: {problem}" for result in results for problem in result.problems]
        if problems:
            raise SeedmockError("; ".join(problems), advice="The clips of the emulator differ from the orders.")


def _generate(url: str, out: Path) -> Iterator[DemoResult]:
    """Generate a clip of each upstream, from two frames if it has assets, else from text; upscale it if possible."""
    from ..clients import Client

    for contract in sorted(contracts(), key=lambda contract: Capability.ASSETS in contract.capabilities):
        with Client(contract.name, base_url=url, api_key=KEY) as client:
            generate = _from_frames if Capability.ASSETS in contract.capabilities else _from_text
            result = generate(client, out)
            yield result
            if Capability.UPSCALE in contract.capabilities:
                yield _upscaled(client, out, result)


def _order(client: Client, prompt: str, *references: Reference) -> GenerationRequest:
    model = get_contract(client.upstream).resolve_model(TIER)
    return GenerationRequest(
        prompt=prompt,
        model=model.name if model else None,
        size=SIZE,
        seconds=SECONDS,
        references=references,
    )


def _from_text(client: Client, out: Path) -> DemoResult:
    order = _order(client, "A paper boat crosses a puddle at dusk, slow camera.")
    clip = client.generate(order, out / f"{client.upstream}-text.mp4", poll_seconds=POLL_SECONDS)
    return DemoResult(client.upstream, "text", clip, _problems(clip, SIZE, SECONDS))


def _from_frames(client: Client, out: Path) -> DemoResult:
    """Generate from a first and a last frame, the first as an asset, as an image with a face has to be."""
    urls = {
        name: client.upload(_write_picture(out / f"{name}.png", *colours)) for name, colours in FRAME_COLOURS.items()
    }
    group = client.ensure_group("demo")
    asset = client.create_asset(urls["first"], group.id, name="first frame")
    asset = client.wait_asset(asset.id, poll_seconds=POLL_SECONDS)
    order = _order(client, "Evening turns into night.", first_frame(asset.url), last_frame(urls["last"]))
    clip = client.generate(order, out / f"{client.upstream}-first-last.mp4", poll_seconds=POLL_SECONDS)
    return DemoResult(client.upstream, "first + last frame", clip, _problems(clip, SIZE, SECONDS))


def _upscaled(client: Client, out: Path, source: DemoResult) -> DemoResult:
    path = out / f"{client.upstream}-upscaled.mp4"
    clip = client.upscale(source.clip.video.urls[0], "1080p", path, poll_seconds=POLL_SECONDS)
    return DemoResult(client.upstream, "upscale", clip, _problems(clip, "1920x1080", source.clip.movie.seconds))


def _problems(clip: Clip, size: str, seconds: float) -> tuple[str, ...]:
    movie = clip.movie
    checks = (
        (movie.size == size, f"{movie.size} instead of {size}"),
        (abs(movie.seconds - seconds) < 0.2, f"{movie.seconds:.2f} s instead of {seconds:g} s"),
        (movie.has_audio, "no sound"),
        (clip.path.stat().st_size == clip.bytes, "another size on disk"),
        (clip.statuses[-1:] == ("SUCCESS",), f"statuses {clip.statuses}"),
    )
    return tuple(problem for passed, problem in checks if not passed)


def _write_picture(path: Path, light: str, dark: str) -> Path:
    """Draw a PNG of 1280x720: a sun over a horizon, in two colours."""
    from PIL import Image, ImageDraw

    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (1280, 720), light)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 470, 1280, 720), fill=dark)
    draw.ellipse((520, 210, 760, 450), fill="white")
    buffer = BytesIO()
    image.save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())
    return path


def _print_table(results: list[DemoResult]) -> None:
    # Three lines for each clip, so that ids and statuses are not cut on a terminal of 80 columns.
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title="measured in the files", title_justify="left", title_style="dim")
    table.box, table.show_edge, table.padding, table.leading = box.SIMPLE, False, 0, 1
    for name in ("upstream, mode, task", "statuses", "size", "seconds", "sound", "bytes", "cost"):
        table.add_column(name, justify="right" if name in ("seconds", "bytes", "cost") else "left", overflow="fold")
    for result in results:
        cells = (f"{result.upstream}\n{result.mode}\n{result.clip.video.task_id}", *_cells(result.clip))
        table.add_row(*(printable(cell, keep="\n") for cell in cells))
    Console().print(table)


def _cells(clip: Clip) -> tuple[str, ...]:
    movie = clip.movie
    cost = f"${clip.quote.amount:.4f}" if clip.quote else ""
    sound = "yes" if movie.has_audio else "no"
    return "\n".join(clip.statuses), movie.size, f"{movie.seconds:.2f}", sound, str(clip.bytes), cost


@contextlib.contextmanager
def emulator(wait: Callable[[float], object] | None = None) -> Iterator[str]:
    """Run the emulator in a process of its own; the value is its origin. Raises UsageError if it does not start."""
    port = _free_port()
    command = [sys.executable, *SERVER_ARGUMENTS, "--port", str(port), "--key", KEY]
    with tempfile.TemporaryFile() as stderr, _sigterm_unwinds():
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)  # noqa: S603
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(process, url, stderr, wait)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    """Let SIGTERM unwind the stack as Ctrl-C does, so that the emulator is stopped."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can handle signals
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _wait_until_ready(
    process: subprocess.Popen[bytes], url: str, stderr: IO[bytes], wait: Callable[[float], object] | None
) -> None:
    import httpx

    from ..transport import monotonic, sleep

    until = monotonic() + START_SECONDS
    while monotonic() < until:
        if process.poll() is not None:
            stderr.seek(0)
            lines = stderr.read().decode("utf-8", "replace").strip().splitlines()
            raise UsageError(f"the emulator ended at once: {lines[-1] if lines else process.returncode}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/_mock/health", trust_env=False, timeout=1.0).status_code == 200:
                return
        (wait or sleep)(0.05)
    raise UsageError(f"the emulator was not ready within {START_SECONDS:g} s")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
