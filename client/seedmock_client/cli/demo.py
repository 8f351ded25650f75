"""The command `seedmock demo`: starts the emulator, makes a few clips through the client, and shows what came.

Everything in the table is measured in the downloaded files. The emulator is another process, and is always stopped.
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
from seedmock_contracts.upstreams import contracts, get_contract

from ..clock import monotonic, sleep
from ..errors import SeedmockError, UsageError
from .exit_codes import INTERRUPTED, guarded

if TYPE_CHECKING:
    from ..clients import Client
    from ..models import Clip

KEY = "sk_mock_demo"
# A result of the emulator is a reference of the next order: it may fetch from this very machine.
SERVER = ("-m", "seedmock_server", "serve", "--fetch", "loopback")
START_SECONDS = 15.0
POLL_SECONDS = 0.15
SECONDS = 4
SIZE, TIER = "1280x720", "fast"
PAINTS = {"first": ("#f2a65a", "#772f1a"), "last": ("#58a4b0", "#0c1b33")}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, and what is off about it, if anything."""

    upstream: str
    mode: str
    clip: Clip
    amiss: tuple[str, ...]


@click.command()
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("seedmock-demo"), show_default=True
)
def demo(out: Path) -> None:
    """Start the emulator, make a few clips with it, and show them: no key, no network, no cost."""
    started = monotonic()
    with guarded(False):
        try:
            with emulator() as url:
                click.echo(f"emulator at {url}", err=True)
                rows = list(_clips(url, out))
        except KeyboardInterrupt:
            click.echo("interrupted; the emulator is stopped", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        _table(rows)
        click.echo(f"{len(rows)} clips in {out.resolve()}, {monotonic() - started:.1f} s")
        amiss = [f"{row.upstream} {row.mode}: {what}" for row in rows for what in row.amiss]
        if amiss:
            raise SeedmockError("; ".join(amiss), advice="The emulator's clips are not what was ordered.")


def _clips(url: str, out: Path) -> Iterator[Row]:
    """A clip of each upstream: from two pictures where there is an asset library, else from text; then an upscale."""
    from ..clients import Client

    for contract in sorted(contracts(), key=lambda contract: Capability.ASSETS in contract.capabilities):
        with Client(contract.name, base_url=url, api_key=KEY) as client:
            row = _frames(client, out) if Capability.ASSETS in contract.capabilities else _text(client, out)
            yield row
            if Capability.UPSCALE in contract.capabilities:
                yield _upscaled(client, out, row)


def _order(client: Client, prompt: str, *references: Reference) -> GenerationRequest:
    model = get_contract(client.upstream).resolve_model(TIER)
    return GenerationRequest(
        prompt=prompt,
        model=model.name if model else None,
        size=SIZE,
        seconds=SECONDS,
        references=references,
    )


def _text(client: Client, out: Path) -> Row:
    order = _order(client, "A paper boat crosses a puddle at dusk, slow camera.")
    clip = client.generate(order, out / f"{client.upstream}-text.mp4", poll_seconds=POLL_SECONDS)
    return Row(client.upstream, "text", clip, _amiss(clip, SIZE, SECONDS))


def _frames(client: Client, out: Path) -> Row:
    """First and last frame, the first through the asset library as a face would have to go."""
    urls = {name: client.upload(_picture(out / f"{name}.png", *paint)) for name, paint in PAINTS.items()}
    group = client.ensure_group("demo")
    asset = client.create_asset(urls["first"], group.id, name="first frame")
    asset = client.wait_asset(asset.id, poll_seconds=POLL_SECONDS)
    order = _order(client, "Evening turns into night.", first_frame(asset.url), last_frame(urls["last"]))
    clip = client.generate(order, out / f"{client.upstream}-first-last.mp4", poll_seconds=POLL_SECONDS)
    return Row(client.upstream, "first + last frame", clip, _amiss(clip, SIZE, SECONDS))


def _upscaled(client: Client, out: Path, source: Row) -> Row:
    path = out / f"{client.upstream}-upscaled.mp4"
    clip = client.upscale(source.clip.video.urls[0], "1080p", path, poll_seconds=POLL_SECONDS)
    return Row(client.upstream, "upscale", clip, _amiss(clip, "1920x1080", source.clip.movie.seconds))


def _amiss(clip: Clip, size: str, seconds: float) -> tuple[str, ...]:
    movie = clip.movie
    checks = (
        (movie.size == size, f"{movie.size} instead of {size}"),
        (abs(movie.seconds - seconds) < 0.2, f"{movie.seconds:.2f} s instead of {seconds:g} s"),
        (movie.has_audio, "no sound"),
        (clip.path.stat().st_size == clip.bytes, "another size on the disk"),
        (clip.states_seen[-1:] == ("SUCCESS",), f"states {clip.states_seen}"),
    )
    return tuple(said for good, said in checks if not good)


def _picture(path: Path, light: str, dark: str) -> Path:
    """A PNG of 1280x720: a sun over a horizon, in two colours."""
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


def _table(rows: list[Row]) -> None:
    """Three lines a clip, so that ids and words stay whole on a terminal of 80 columns."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title="measured in the files", title_justify="left", title_style="dim")
    table.box, table.show_edge, table.padding, table.leading = box.SIMPLE, False, 0, 1
    for name in ("upstream, mode, task", "states seen", "size", "seconds", "sound", "bytes", "cost"):
        table.add_column(name, justify="right" if name in ("seconds", "bytes", "cost") else "left", overflow="fold")
    for row in rows:
        table.add_row(f"{row.upstream}\n{row.mode}\n{row.clip.video.task_id}", *_cells(row.clip))
    Console().print(table)


def _cells(clip: Clip) -> tuple[str, ...]:
    movie = clip.movie
    cost = f"${clip.quote.amount:.4f}" if clip.quote else ""
    sound = "yes" if movie.has_audio else "no"
    return "\n".join(clip.states_seen), movie.size, f"{movie.seconds:.2f}", sound, str(clip.bytes), cost


@contextlib.contextmanager
def emulator(wait: Callable[[float], object] = sleep) -> Iterator[str]:
    """The emulator as another process while this lasts; gives its origin. Raises UsageError if it does not come up."""
    port = _free_port()
    command = [sys.executable, *SERVER, "--port", str(port), "--key", KEY]
    with tempfile.TemporaryFile() as said, _terminated_in_order():
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)  # noqa: S603
        try:
            url = f"http://127.0.0.1:{port}"
            _ready(process, url, said, wait)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def _terminated_in_order() -> Iterator[None]:
    """Let SIGTERM unwind the stack as Ctrl-C does, so that the emulator is not left behind."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may ask for signals
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _ready(process: subprocess.Popen[bytes], url: str, said: IO[bytes], wait: Callable[[float], object]) -> None:
    import httpx

    until = monotonic() + START_SECONDS
    while monotonic() < until:
        if process.poll() is not None:
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").strip().splitlines()
            raise UsageError(f"the emulator ended at once: {lines[-1] if lines else process.returncode}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/_mock/health", trust_env=False, timeout=1.0).status_code == 200:
                return
        wait(0.05)
    raise UsageError(f"the emulator was not ready within {START_SECONDS:g} s")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
