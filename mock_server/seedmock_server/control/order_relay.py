"""Relay of an order into the request chain: the client's end of a connection without a socket, and what came back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from seedmock_contracts.contract import Contract

from ..http.asgi import Message
from .catalog_models import OrderResponse


class OrderRelay:
    """The `receive` and `send` of one order, and its connection, as faults control it.

    The client never hangs up. Of a connection that is closed or reset early, what came before is the response.
    """

    def __init__(self, content: bytes) -> None:
        self._content: bytes | None = content
        self._messages: list[Message] = []
        self.is_closed = False

    async def receive(self) -> Message:
        if self._content is None:
            await asyncio.Event().wait()
        content, self._content = self._content, None
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(self, message: Message) -> None:
        if not self.is_closed:
            self._messages.append(message)

    def response(self, contract: Contract) -> OrderResponse:
        if not self._messages:
            return OrderResponse(status=0, headers=[], body="", task=None)
        body = b"".join(message.get("body", b"") for message in self._messages)
        head = self._messages[0]
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head["headers"]]
        task = task_in(contract, body) if head["status"] < 300 else None
        return OrderResponse(status=head["status"], headers=headers, body=body.decode("utf-8", "replace"), task=task)

    # --- the connection ---

    def write(self, data: bytes) -> None:
        """Ignore bytes past the response: no message of HTTP holds them."""

    async def drain(self) -> None:
        """Return at once: nothing is buffered."""

    def close(self) -> None:
        self.is_closed = True

    reset = close

    def set_date(self, seconds: float) -> None:
        """Ignore the time of Date: a header that the server adds is none of the response's own."""

    def omit_date(self) -> None:
        """Ignore it, as `set_date` does."""

    def record(self) -> Callable[[], bytes]:
        return bytes


def task_in(contract: Contract, body: bytes) -> str | None:
    """Return the id of the task that a response names, if it names one."""
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    payload = document.get(contract.response.envelope_key) if isinstance(document, dict) else None
    fields = payload if isinstance(payload, dict) else document
    task_id = contract.response.item_id(fields) if isinstance(fields, dict) else None
    return None if task_id is None else str(task_id)
