"""Requests whose heads are known reach the application as the parser would have brought them."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from seedmock_server.http.guarded_protocol import GuardedProtocol
from seedmock_server.http.head_cache import MAX_HEAD_BYTES, MAX_HEADS, HeadCache, headers_by_name
from seedmock_server.http.request_body import ClientDisconnected, read_body

from .memory_transport import MemoryTransport

POLL = b"GET /v1/videos/cgt-1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_1\r\n\r\n"
ORDER = b"POST /v1/videos HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


EXPECTING = ORDER.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n") + b"body"
CHUNKED = ORDER.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked")
CLOSING = POLL.replace(b"Host", b"Connection: close\r\nHost")
CHUNKS = b"4\r\nbody\r\n0\r\n\r\n"
TURNS = 40


class UnusedCache(HeadCache):
    """Cache that finds nothing, so that the parser reads every request."""

    def find(self, data: bytes) -> None:
        return None


def serve(reads: list[tuple[bytes, int]], cache: HeadCache) -> tuple[list[Any], bytes, bool]:
    """Let a connection read, and the loop run for some turns after each read.

    Return what the application got, what it sent, and True if the connection was closed.
    """
    calls: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        try:
            if scope["path"] != "/early":
                body = await read_body(receive, limit=1000, seconds=5)
            if scope["method"] == "POST":
                for _ in range(3):  # others come meanwhile
                    await asyncio.sleep(0)
        except ClientDisconnected:
            body = b"disconnected"
        calls.append(({name: value for name, value in scope.items() if name != "extensions"}, body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def connect() -> MemoryTransport:
        config = uvicorn.Config(app, log_config=None, interface="asgi3")
        config.load()
        cls: Any = type("Protocol", (GuardedProtocol,), {"heads": cache})
        protocol, transport = cls(config, ServerState(), {}), MemoryTransport()
        protocol.connection_made(transport)
        for data, turns in [*reads, (b"", TURNS)]:
            if data and not transport.is_closed:
                protocol.data_received(data)
            for _ in range(turns):
                await asyncio.sleep(0)
        written, is_closed = transport.written, transport.is_closed
        protocol.connection_lost(None)
        await asyncio.sleep(0)
        assert written == transport.written
        transport.is_closed = is_closed
        return transport

    transport = asyncio.run(connect())
    return calls, transport.written, transport.is_closed


names = st.sampled_from(
    [
        "Host",
        "X-A",
        "x-a",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Expect",
        "Upgrade",
        "Cookie",
        "X:Y",
        "",
    ]
)
values = st.sampled_from(
    ["", "x", "a, b", "0", "3", "4", " 4", "5", "chunked", "close", "keep-alive", "upgrade", "100-continue", "h2c", "é"]
)
targets = st.sampled_from(["/", "/v1/videos", "/a%2Fb?q=%20", "/é", "http://h/x", "http://h", "*", ""])
bodies = st.sampled_from(["", "body", "abc", "\r\n\r\n", "0\r\n\r\n", "4\r\nbody\r\n0\r\n\r\n", POLL.decode()])
ends = st.sampled_from(["\r\n", "\r\n", "\r\n", "\n"])


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Requests of every framing: bodies of another length than declared, chunked ones, several in one read."""
    end = draw(ends)
    version = draw(st.sampled_from(["1.1", "1.1", "1.1", "1.0"]))
    head = [f"{draw(st.sampled_from(['GET', 'POST', 'HEAD', 'CONNECT']))} {draw(targets)} HTTP/{version}"]
    head += [f"{name}: {value}" for name, value in draw(st.lists(st.tuples(names, values), max_size=4))]
    text = draw(st.sampled_from(["", "", "\r\n"])) + end.join([*head, "", ""]) + draw(bodies)
    return text.encode("latin-1")


samples = [
    POLL,
    ORDER + b"body",
    ORDER + b"else",
    ORDER,
    EXPECTING,
    CHUNKED + CHUNKS,
    CHUNKED + b"body",
]
whole_requests = requests() | st.sampled_from(samples)


@st.composite
def conversations(draw: st.DrawFn) -> list[tuple[bytes, int]]:
    """Reads of one connection, each with the turns of the loop after it: requests, in pieces or several a read."""
    drawn = draw(st.lists(whole_requests, min_size=1, max_size=3))
    order = draw(st.lists(st.sampled_from(drawn), min_size=1, max_size=6))
    data, reads = b"".join(order), []
    cuts = {sum(map(len, order[:index])) for index in range(1, len(order))}
    cuts = {cut for cut in cuts if draw(st.integers(0, 3))} | draw(st.sets(st.integers(0, len(data)), max_size=2))
    for start, stop in pairwise([0, *sorted(cuts), len(data)]):
        reads.append((data[start:stop], draw(st.sampled_from([TURNS, TURNS, 2, 0]))))
    return reads


@given(conversations())
def test_a_known_head_is_served_as_the_parser_serves_it(reads: list[tuple[bytes, int]]) -> None:
    cache = HeadCache()
    for data, _ in reads:  # each by itself: most that are malformed end their connection
        serve([(data, TURNS)], cache)
    assert serve(reads, cache) == serve(reads, UnusedCache())


@pytest.mark.parametrize(
    "reads",
    [
        [b"GET / HTTP/1.1\r\nX: ", POLL],
        [POLL, b"POST /early HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(POLL), POLL, POLL],
        [POLL, b"GET", b" / HTTP/1.1\r\n\r\n", b"GET"],
        [POLL, *2 * [b"\r\n" * 10_000, POLL]],
    ],
    ids=["as a header", "as a body that the response did not wait for", "half a method", "after many empty lines"],
)
def test_the_bytes_of_a_known_head_are_no_request_everywhere(reads: list[bytes]) -> None:
    chunks = [(data, TURNS) for data in reads]
    assert serve(chunks, cache_of(POLL)) == serve(chunks, UnusedCache())


def test_a_known_head_waits_for_the_responses_before_it() -> None:
    chunks = [(ORDER + b"body", 1), (POLL, 0), (ORDER + b"else", 0), (POLL, TURNS)]
    calls, *_ = served = serve(chunks, cache_of(POLL, ORDER + b"body"))
    assert [body for _, body in calls] == [b"body", b"", b"else", b""]
    assert served == serve(chunks, UnusedCache())


def test_a_repeated_request_is_not_parsed_again() -> None:
    cache = cache_of(POLL, ORDER + b"body")
    for data, body in ((POLL, b""), (ORDER + b"else", b"else")):
        cached = cache.find(data)
        assert cached is not None
        assert cached[1] == body


def cache_of(*requests: bytes) -> HeadCache:
    cache = HeadCache()
    serve([(request, TURNS) for request in requests], cache)
    return cache


def test_only_whole_requests_of_known_heads_are_found() -> None:
    cache = cache_of(POLL, ORDER + b"body", CHUNKED + CHUNKS, EXPECTING, CLOSING)
    others = [POLL + POLL, POLL[:-1], POLL[1:], ORDER, ORDER + b"bod", ORDER + b"body ", b"", b"\r\n\r\n"]
    for data in (*others, CHUNKED + CHUNKS, CHUNKED + b"body", EXPECTING, CLOSING):
        assert cache.find(data) is None, data


def test_the_cache_is_bounded() -> None:
    cache, scope = HeadCache(), {"method": "GET", "path": "/", "raw_path": b"/", "query_string": b""}
    long = b"GET / HTTP/1.1\r\nX: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n"
    cache.add(long, {**scope, "headers": []}, b"/", b"")
    assert cache.find(long) is None
    for number in range(MAX_HEADS + 1):
        cache.add(b"GET /%d HTTP/1.1\r\n\r\n" % number, {**scope, "headers": []}, b"/", b"")
    assert cache.find(b"GET /%d HTTP/1.1\r\n\r\n" % MAX_HEADS) is not None
    assert cache.find(b"GET /0 HTTP/1.1\r\n\r\n") is None


def test_headers_by_name_are_the_last_of_each() -> None:
    headers = [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]
    scope = {"method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": headers}
    HeadCache().add(POLL, scope, b"/", b"")
    assert scope["headers"] is not headers
    assert scope["headers"] == headers
    assert headers_by_name(scope) == headers_by_name({"headers": headers}) == {b"a": b"3", b"b": b"2"}
