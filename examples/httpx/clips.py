"""Order clips of apimodels with httpx: never pay twice, never wait for ever, never keep half a file.

    SEEDMOCK_BASE_URL=https://apimodels.app SEEDMOCK_API_KEY=sk_... python clips.py boat-1 "A paper boat" boat.mp4

The first argument is your own name for the order. Run the same line again after a crash, a time-out or a broken
download: it goes on with the task that is paid for, and orders nothing.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
RATE_LIMITED = 429
"""The only status after which an order is sent again: a 502 or 503 can come from a gateway that has passed it on."""
ENDED = frozenset({"completed", "failed"})
ATTEMPTS = 5
MISSING_POLLS = 3
"""A new task can be unknown to the server that is asked for it, for some seconds."""


class ClipError(Exception):
    """Base of the errors below."""


class OrderRefused(ClipError):
    """The upstream has said no. Nothing was charged; the message says what is wrong with the order."""


class OrderUnknown(ClipError):
    """An order was sent and its response was lost: it may be charged. A person decides, and not a retry."""


class ClipFailed(ClipError):
    """The task has ended without a clip."""


class StillRunning(ClipError):
    """The time is up. The task goes on: a later call finds it by the same name."""


class OrderBook:
    """The orders that were sent, in a file of JSON, written before each request: a crash after it would lose the task.

    One process at a time: for several, the same two methods over a table with a unique name do.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def task_of(self, name: str) -> str | None:
        """The task of an order; None if there was no such order. Raises OrderUnknown for one without a response."""
        orders = self._read()
        if name not in orders:
            return None
        if orders[name] is None:
            raise OrderUnknown(
                f"{name} was sent, but no task is known; look for it at the vendor before you order again"
            )
        return str(orders[name])

    def write(self, name: str, task: str | None) -> None:
        self._replace({**self._read(), name: task})

    def forget(self, name: str) -> None:
        """Remove an order that was refused, so that it may be sent again."""
        self._replace({other: task for other, task in self._read().items() if other != name})

    def _read(self) -> dict[str, str | None]:
        return dict(json.loads(self._path.read_text())) if self._path.exists() else {}

    def _replace(self, orders: dict[str, str | None]) -> None:
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(orders, indent=1))
        os.replace(draft, self._path)


class Clips:
    """Clips of one account. `http` has the base URL and the key; `sleep` and `now` are those of `time`."""

    def __init__(
        self,
        http: httpx.Client,
        book: OrderBook,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._book, self._sleep, self._now = http, book, sleep, now

    def make(self, name: str, order: dict[str, Any], path: Path, seconds: float = 1800) -> Path:
        """Order a clip unless that was done before, wait for it, and download it. Raises ClipError."""
        task = self._book.task_of(name) or self.order(name, order)
        self.download(self.wait(task, seconds), path)
        return path

    def order(self, name: str, order: dict[str, Any]) -> str:
        """Send an order; the id of its task. Raises OrderRefused or OrderUnknown."""
        self._book.write(name, None)
        for pause in _pauses(ATTEMPTS):
            try:
                response = self._http.post("video/generations", json=order)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                last = f"no connection: {error}"  # nothing was sent, so that it may be sent again
            except httpx.TransportError as error:
                raise OrderUnknown(f"{name} was sent, and there is no response: {error!r}") from error
            else:
                if _status(response) != RATE_LIMITED:
                    return self._ordered(name, response)
                last, pause = _problem(response), _retry_after(response) or pause
            self._sleep(pause)
        self._book.forget(name)
        raise OrderRefused(f"{name} was refused {ATTEMPTS} times, the last time with: {last}")

    def _ordered(self, name: str, response: httpx.Response) -> str:
        if task := _data(response).get("taskId"):
            self._book.write(name, str(task))
            return str(task)
        if not 400 <= _status(response) < 500:
            # Neither a task nor a clear no: cut JSON, or the page of a gateway, behind which the order may be running.
            raise OrderUnknown(f"{name} has no task in its response: {_problem(response)}")
        self._book.forget(name)
        raise OrderRefused(f"{name} was refused: {_problem(response)}")

    def wait(self, task: str, seconds: float) -> str:
        """Poll a task until it ends; the link to its clip. Raises ClipFailed or StillRunning."""
        until, missing, state = self._now() + seconds, 0, "unknown"
        for pause in _pauses():
            try:
                response = self._http.get("video/generations", params={"task_id": task})
            except httpx.TransportError:
                pass  # a poll is free, and may be repeated
            else:
                status, data = _status(response), _data(response)
                missing = missing + 1 if status == 404 else 0
                if 400 <= status < 500 and status not in TRANSIENT and not 0 < missing < MISSING_POLLS:
                    raise ClipFailed(f"{task} cannot be queried: {_problem(response)}")
                state = str(data.get("state", state))
                if state in ENDED:
                    return _link(task, data)
                pause = _retry_after(response) or pause
            if self._now() + pause > until:
                raise StillRunning(f"{task} is {state} after {seconds:g} s")
            self._sleep(pause)
        raise AssertionError("pauses do not end")

    def download(self, link: str, path: Path) -> None:
        """Download a clip, going on where an attempt has ended. The file appears when it is complete."""
        part = path.with_name(path.name + ".part")
        part.unlink(missing_ok=True)
        # A client of its own: the link is on another host, which must not see the key.
        with httpx.Client(timeout=self._http.timeout) as http:
            for pause in _pauses(ATTEMPTS):
                try:
                    if _fetch(http, link, part):
                        os.replace(part, path)
                        return
                except httpx.TransportError:
                    pass  # what has arrived is kept, and the next attempt asks for the rest
                self._sleep(pause)
        raise ClipError(f"{link} could not be downloaded in {ATTEMPTS} attempts; it is paid for: run this again")


def _fetch(http: httpx.Client, link: str, part: Path) -> bool:
    """Append the bytes that are missing to a file; True if it is complete then."""
    size = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={size}-"} if size else {}
    with http.stream("GET", link, headers=headers) as response:
        if response.status_code in TRANSIENT:
            return False
        if response.status_code == 416:  # nothing is missing, or the file has changed: begin anew
            part.unlink()
            return False
        response.raise_for_status()
        with part.open("ab" if response.status_code == 206 else "wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
    return True


def _pauses(count: int | None = None) -> Iterator[float]:
    """Seconds between attempts: 2, 4, 8, then 15."""
    number = 0
    while count is None or number < count:
        yield min(2.0 ** (number + 1), 15.0)
        number += 1


def _body(response: httpx.Response) -> dict[str, Any]:
    """The JSON object in a response; empty if it is cut, or no JSON."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _status(response: httpx.Response) -> int:
    """The status of a response: apimodels also sends errors as HTTP 200, with their status as `code` in the body."""
    code = _body(response).get("code")
    return code if response.is_success and isinstance(code, int) else response.status_code


def _data(response: httpx.Response) -> dict[str, Any]:
    data = _body(response).get("data")
    return data if _status(response) == 200 and isinstance(data, dict) else {}


def _problem(response: httpx.Response) -> str:
    return f"HTTP {response.status_code}: {_body(response).get('msg') or response.text[:200] or 'an empty body'}"


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None


def _link(task: str, data: dict[str, Any]) -> str:
    if data["state"] == "failed":
        raise ClipFailed(f"{task} has failed: {data.get('failCode', 'no code')}: {data.get('failMsg', 'no message')}")
    links = data.get("resultUrls") or []
    if not links:
        raise ClipFailed(f"{task} is completed, but has no link")
    return str(links[0])


def main() -> None:
    name, prompt, path = sys.argv[1:]
    headers = {"Authorization": f"Bearer {os.environ['SEEDMOCK_API_KEY']}"}
    with httpx.Client(base_url=os.environ["SEEDMOCK_BASE_URL"] + "/api/v1", headers=headers, timeout=60) as http:
        order = {"model": "seedance2-a/seedance-2.0-fast-a", "prompt": prompt, "duration": 4}
        print(Clips(http, OrderBook(Path("orders.json"))).make(name, order, Path(path)))


if __name__ == "__main__":
    main()
