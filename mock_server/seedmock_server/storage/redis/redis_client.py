"""Client of one Redis server: a connection for each event loop, one for callers that block, and their reconnection."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha1
from typing import Any, cast

import hiredis
from redis.connection import Connection, SSLConnection
from redis.exceptions import RedisError, ResponseError

from ...clock import stopwatch
from ...http.coroutines import MAY_BLOCK
from ..models import StoreUnavailable
from .address import RedisAddress
from .redis_protocol import REPLY_SECONDS, ConnectionClosed, RedisProtocol

Argument = str | bytes | int | float
OnEnd = Callable[[Exception | None], None]
CONNECT_SECONDS = 3.0
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds without a further attempt after one that failed; doubled each time."""
# A cluster that moves a slot answers with one or two; more of them are nodes that disagree.
MAX_REDIRECTS = 5
CERTAIN_SECONDS = 5.0
"""How long a caller that has to know the outcome of a command waits for a server that was lost meanwhile."""
# Nothing is wrong with the command: another one, later, is answered.
PASSING = frozenset(
    (
        "ASK",
        "BUSY",
        "CLUSTERDOWN",
        "LOADING",
        "MASTERDOWN",
        "MISCONF",
        "MOVED",
        "NOREPLICAS",
        "OOM",
        "READONLY",
        "TRYAGAIN",
    )
)


class Script:
    """Lua script. The server knows it by its digest once it has run."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


class RedisClient:
    """Commands to one server. Any thread and any event loop may call it; what cannot be reached is StoreUnavailable."""

    def __init__(self, address: RedisAddress) -> None:
        self.address = address
        self.check_life: Callable[[Any], None] = lambda _: None
        """Called with the reply of `life_query` whenever a connection is made."""
        self.life_query: bytes = packed_command("PING")
        self._node = address.host, address.port
        self._links: dict[asyncio.AbstractEventLoop, _Link] = {}
        self._blocking = _BlockingLink(self)

    # --- commands ---

    async def call(self, *command: Argument) -> Any:
        """Return the reply to a command that reads, or that may be carried out twice."""
        return await self._send(packed_command(*command), repeats=1)

    async def run(self, script: Script, *arguments: Argument, repeats: int = 0) -> Any:
        """Return the reply of a script, whose only key is the beginning of all of the mock's keys.

        `repeats`: times that it may run again where the connection was lost before the reply.
        """
        base = self.address.base
        command = packed_command("EVALSHA", script.digest, 1, base, *arguments)
        try:
            return await self._send(command, repeats=repeats)
        except hiredis.ReplyError as error:
            if not _is_unknown_script(error):
                raise
        return await self._send(self.pack_run(script, *arguments), repeats=repeats)

    async def run_certainly(self, script: Script, *arguments: Argument) -> Any:
        """Run a script that tells a repetition from a new call, again and again until its outcome is known."""
        started = stopwatch()
        while True:
            try:
                return await self.run(script, *arguments)
            except _OutcomeUnknown:
                while stopwatch() - started < CERTAIN_SECONDS and not MAY_BLOCK.get():
                    with contextlib.suppress(StoreUnavailable):
                        await self._link().connected()
                        break
                    await _pause(FIRST_PAUSE)
                else:
                    raise

    def pack_run(self, script: Script, *arguments: Argument) -> bytes:
        return packed_command("EVAL", script.text, 1, self.address.base, *arguments)

    async def read_shared(self, *command: str) -> Any:
        """Return the reply to a command that is sent once for all who ask before it leaves."""
        return await self._send(packed_command(*command), repeats=1, is_shared=True)

    @property
    def is_connected(self) -> bool:
        """Tell that the running loop has an open connection."""
        link = self._running_link()
        return link is not None and link.protocol is not None

    def post(self, script: Script, *arguments: Argument, on_end: OnEnd) -> None:
        """Run a script without waiting for it, in the order of the commands of this loop. Asserts `is_connected`.

        `on_end` is called with None, or with what kept the script from running, or from telling that it has run:
        StoreUnavailable for what passes.
        """
        protocol = self._link().protocol
        assert protocol is not None, "a connection is there"

        def end(reply: Any) -> None:
            # A server that was restarted, or whose scripts were flushed, does not know the digest.
            if _is_unknown_script(reply) and protocol.is_open:
                protocol.post(self.pack_run(script, *arguments), partial(self._end_post, on_end))
            else:
                self._end_post(on_end, reply)

        protocol.post(packed_command("EVALSHA", script.digest, 1, self.address.base, *arguments), end)

    def _end_post(self, on_end: OnEnd, reply: Any) -> None:
        if isinstance(reply, hiredis.ReplyError):
            redirected = self.follow(reply) or _is_unknown_script(reply)
            on_end(self.lost() if redirected else self._refused(reply))
        else:
            on_end(self.lost() if isinstance(reply, ConnectionClosed) else None)

    async def _send(self, packed: bytes, *, repeats: int, is_shared: bool = False) -> Any:
        redirects = 0
        while True:
            try:
                if MAY_BLOCK.get():
                    return self._blocking.send(packed)
                link = self._link()
                protocol = link.protocol or await link.connected()
                return await (protocol.send_shared(packed) if is_shared else protocol.send(packed))
            except ConnectionClosed:
                if repeats <= 0:
                    raise _OutcomeUnknown(self.lost_text) from None
                repeats -= 1
            except hiredis.ReplyError as error:
                redirects += 1
                if redirects > MAX_REDIRECTS or not self.follow(error):
                    raise self._refused(error) from error

    # --- errors ---

    @property
    def lost_text(self) -> str:
        return f"the store {self.address} can't be reached at the moment; try again"

    def lost(self) -> StoreUnavailable:
        return StoreUnavailable(self.lost_text)

    def _refused(self, error: hiredis.ReplyError) -> Exception:
        return self.unavailable(error) if _is_passing(error) else error

    def unavailable(self, error: Exception) -> StoreUnavailable:
        if _is_passing(error):
            return StoreUnavailable(f"the store {self.address} refuses commands: {error}")
        return self.lost()

    def follow(self, error: hiredis.ReplyError) -> bool:
        """Follow to the node of a cluster that has the mock's slot: all of its keys are in one."""
        kind, _, rest = str(error).partition(" ")
        if kind != "MOVED":
            return False
        host, _, port = rest.partition(" ")[2].rpartition(":")
        node = host or self._node[0], int(port)
        if node == self._node:  # another command has followed already: its new connection must not be ended
            return True
        self._node = node
        for link in self._links.values():
            link.disconnect()
        self._blocking.disconnect()
        return True

    # --- connections ---

    @property
    def node(self) -> tuple[str, int]:
        return self._node

    def _link(self) -> _Link:
        loop = asyncio.get_running_loop()
        link = self._links.get(loop)
        if link is None:
            self._links = {other: link for other, link in self._links.items() if not other.is_closed()}
            link = self._links[loop] = _Link(self, loop)
        return link

    def _running_link(self) -> _Link | None:
        if MAY_BLOCK.get():
            return None
        with contextlib.suppress(RuntimeError):
            return self._link()
        return None

    async def aclose(self) -> None:
        """End all connections, after what was posted."""
        links, self._links = self._links, {}
        for loop, link in links.items():
            if loop.is_closed():
                continue
            if _runs_here(loop):
                await link.aclose()
            else:
                with contextlib.suppress(RuntimeError):  # it was closed meanwhile
                    loop.call_soon_threadsafe(link.disconnect)
        self._blocking.disconnect()


class _OutcomeUnknown(StoreUnavailable):
    """The connection was lost between a command and its reply."""


class _Link:
    """Connection of one event loop, made when it is needed."""

    def __init__(self, client: RedisClient, loop: asyncio.AbstractEventLoop) -> None:
        self._client, self.loop = client, loop
        self._protocol: RedisProtocol | None = None
        self._attempt: asyncio.Task[RedisProtocol] | None = None
        self._pause, self._not_before = FIRST_PAUSE, 0.0

    @property
    def protocol(self) -> RedisProtocol | None:
        protocol = self._protocol
        return protocol if protocol is not None and protocol.is_open else None

    async def connected(self) -> RedisProtocol:
        """Return an open connection; all who wait for one share an attempt. Raises StoreUnavailable."""
        if self.protocol is not None:
            return self.protocol
        if self._attempt is None:
            if stopwatch() < self._not_before:
                raise self._client.lost()
            self._attempt = self.loop.create_task(self._connect())
            self._attempt.add_done_callback(self._end_attempt)
        # Shielded: a request that is cancelled must not take the connection from the others.
        return await asyncio.shield(self._attempt)

    def _end_attempt(self, attempt: asyncio.Task[RedisProtocol]) -> None:
        self._attempt = None
        if not attempt.cancelled():
            attempt.exception()  # whoever waits has it; if nobody waits any more, it is of no interest

    async def _connect(self) -> RedisProtocol:
        client = self._client
        protocol: RedisProtocol | None = None
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                context = ssl.create_default_context() if client.address.is_encrypted else None
                make = partial(RedisProtocol, self.loop)
                _, protocol = await self.loop.create_connection(make, *client.node, ssl=context)
                await _greet(protocol, client.address)
                client.check_life(await protocol.send(client.life_query))
        except (OSError, TimeoutError, ConnectionClosed, hiredis.ReplyError) as error:
            if protocol is not None:
                protocol.abort()
            if isinstance(error, hiredis.ReplyError):
                client.follow(error)  # the next attempt is at the node that has the slot now
            self._not_before = stopwatch() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            raise client.unavailable(error) from error
        self._pause, self._protocol = FIRST_PAUSE, protocol
        return protocol

    def disconnect(self) -> None:
        if self._protocol is not None:
            self._protocol.close()
            self._protocol = None

    async def aclose(self) -> None:
        if self._attempt is not None:
            self._attempt.cancel()
        protocol = self.protocol
        if protocol is not None:
            # A reply to the last command is one to all before it.
            with contextlib.suppress(ConnectionClosed, hiredis.ReplyError):
                await protocol.send(packed_command("PING"))
            self.disconnect()
            await protocol.closed()


async def _greet(protocol: RedisProtocol, address: RedisAddress) -> None:
    credentials = ("AUTH", address.user or "default", address.password) if address.password else ()
    replies: list[Awaitable[Any]] = [protocol.send(packed_command("HELLO", 3, *credentials))]
    if address.database:
        replies.append(protocol.send(packed_command("SELECT", address.database)))
    for reply in replies:
        await reply


class _BlockingLink:
    """Connection for callers without an event loop: handles of tests, and requests in process."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._connection: Any = None

    def send(self, packed: bytes) -> Any:
        """Raises StoreUnavailable, ConnectionClosed and hiredis.ReplyError."""
        with self._lock:
            is_new = self._connection is None
            connection = self._connected()
            try:
                connection.send_packed_command([packed])
                return connection.read_response(disable_decoding=True)
            except ResponseError as error:
                # The library takes the code off.
                code = getattr(error, "status_code", None)
                raise hiredis.ReplyError(f"{code} {error}" if code else str(error)) from error
            except (RedisError, OSError) as error:
                self._drop()
                raise (self._client.lost() if is_new else ConnectionClosed()) from error

    def _connected(self) -> Any:
        if self._connection is None:
            connection: Any = new_connection(self._client.address, self._client.node)
            try:
                connection.connect()
            except (RedisError, OSError) as error:
                connection.disconnect()
                raise self._client.lost() from error
            self._connection = connection
        return self._connection

    def disconnect(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._lock.release()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.disconnect()
            self._connection = None


def new_connection(address: RedisAddress, node: tuple[str, int]) -> Connection:
    """Return a connection that blocks, and is not open yet."""
    kind = SSLConnection if address.is_encrypted else Connection
    return kind(
        host=node[0],
        port=node[1],
        db=address.database,
        username=address.user or None,
        password=address.password or None,
        protocol=3,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=REPLY_SECONDS,
    )


def _is_passing(error: Exception) -> bool:
    return isinstance(error, hiredis.ReplyError) and str(error).partition(" ")[0] in PASSING


def _is_unknown_script(reply: object) -> bool:
    return isinstance(reply, hiredis.ReplyError) and str(reply).startswith("NOSCRIPT")


def packed_command(*command: Argument) -> bytes:
    return cast(bytes, hiredis.pack_command(cast(Any, command)))


def _runs_here(loop: asyncio.AbstractEventLoop) -> bool:
    with contextlib.suppress(RuntimeError):
        return asyncio.get_running_loop() is loop
    return False


async def _pause(seconds: float) -> None:
    # Not asyncio's own, which wants a task: the server runs requests without one.
    loop = asyncio.get_running_loop()
    await asyncio.shield(loop.create_task(asyncio.sleep(seconds)))
