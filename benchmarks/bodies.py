"""Measure large bodies: a form with an image, beside python-multipart alone, and how long a long prompt holds others.

    python benchmarks/bodies.py [--rounds 5]

Everything runs in this process: the figures are processor time, and the longest turn of the event loop.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from api import KEY, ORDER
from measures import Measure, print_table
from python_multipart import FormParser

from seedmock_server.app import App
from seedmock_server.settings import Settings
from seedmock_server.tasks.pace import Pace

BOUNDARY = "benchmark-boundary"
CHUNK = 1 << 18
PROMPT_BYTES = 10_000_000
FORM_REPEATS = 10


def noise(size: int) -> bytes:
    """Bytes that cannot be compressed, the same in every run."""
    return hashlib.shake_128(b"benchmark").digest(size)


PROMPTS: dict[str, str] = {
    "Chinese": "风筝在田野上空",
    "words": "a kite over a field ",
    "one word": "w",
    "lines": "a line of a script\n",
    "base64": base64.b64encode(noise(300_000)).decode(),
}
FORM_TARGET, WAIT_TARGET = 1.5, 50.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    print_table(measures(parser.parse_args()))
    return 0


def measures(options: argparse.Namespace) -> Iterator[Measure]:
    """Measure a form with an image of 1 MiB, and prompts of 10 MB."""
    with tempfile.TemporaryDirectory() as name:
        app = App(Settings(pace=Pace.INSTANT, cache_dir=Path(name)))
        yield form(app, options.rounds)
        for kind, text in PROMPTS.items():
            prompt = (text * (1 + PROMPT_BYTES // len(text.encode())))[:PROMPT_BYTES]
            turns = [asyncio.run(longest_turn(app, order_with(prompt))) for _ in range(options.rounds)]
            yield Measure(
                f"prompt of 10 MB, {kind}: others wait", statistics.median(turns) * 1000, "ms", at_most=WAIT_TARGET
            )


def order_with(prompt: str) -> bytes:
    return json.dumps({**ORDER, "prompt": prompt}, ensure_ascii=False).encode()


def form(app: App, rounds: int) -> Measure:
    """Processor time of an order as a form, beside reading the same body with python-multipart alone."""
    body = form_body(image())
    content_type = f"multipart/form-data; boundary={BOUNDARY}".encode()

    def ours() -> None:
        runner.run(send_order(app, body, content_type))

    def peer() -> None:
        boundary = BOUNDARY.encode()
        parser = FormParser("multipart/form-data", lambda _: None, lambda _: None, boundary=boundary)
        for chunk in chunks(body):
            parser.write(chunk)
        parser.finalize()

    with asyncio.Runner() as runner:  # one loop for all, as a server has
        pairs = [(processor_time(ours), processor_time(peer)) for _ in range(FORM_REPEATS * rounds + 1)][1:]
    seconds, peer_seconds = (statistics.median(column) for column in zip(*pairs, strict=True))
    name = "create by form, image of 1 MiB: processor time"
    return Measure(name, seconds * 1000, "ms", "python-multipart", peer_seconds * 1000, at_most=FORM_TARGET)


def processor_time(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def image() -> bytes:
    """A PNG of about 1 MiB."""
    from PIL import Image

    content = io.BytesIO()
    Image.frombytes("RGB", (600, 582), noise(600 * 582 * 3)).save(content, "PNG")
    return content.getvalue()


def form_body(content: bytes) -> bytes:
    fields = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in ORDER.items()}
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    head = 'Content-Disposition: form-data; name="input_reference"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    delimiter = f"--{BOUNDARY}".encode()
    lines = (delimiter + b"\r\n" + part + b"\r\n" for part in (*parts, head.encode() + content))
    return b"".join((*lines, delimiter, b"--\r\n"))


async def longest_turn(app: App, body: bytes) -> float:
    """Seconds of the longest turn of the event loop while an order is answered."""
    order = asyncio.create_task(send_order(app, body, b"application/json"))
    longest, before = 0.0, time.perf_counter()
    while not order.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
    await order
    return longest


async def send_order(app: App, body: bytes, content_type: bytes) -> None:
    """Send an order to the application, in chunks as a socket brings them. Raises AssertionError unless it is taken."""
    waiting = list(chunks(body))
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    headers = [(b"host", b"x"), (b"authorization", KEY.encode()), (b"content-type", content_type)]
    scope = {"type": "http", "method": "POST", "path": "/v1/videos", "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    assert statuses[0] == 200, statuses


def chunks(body: bytes) -> Iterator[bytes]:
    return (body[at : at + CHUNK] for at in range(0, len(body), CHUNK))


if __name__ == "__main__":
    sys.exit(main())
