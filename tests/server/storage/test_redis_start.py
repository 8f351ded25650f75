"""A Redis store at its start: its URL, and servers and prefixes that cannot be used."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis

from seedmock_server.storage.models import StoreError
from seedmock_server.storage.redis import server_check
from seedmock_server.storage.redis.address import parse_address
from seedmock_server.storage.redis.redis_store import RedisStore

from ...each_case import each_case
from .conftest import order_of, task_of
from .redis_server import RedisServer, closed_port, require_redis, shared_server


def open_store(url: str) -> RedisStore:
    return RedisStore(parse_address(url), Path("files"), journal_entries=5)


def problem(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        open_store(url)
    return str(caught.value)


@pytest.fixture
def redis_server() -> RedisServer:
    return shared_server()


@pytest.fixture(scope="module")
def locked_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    require_redis()
    server = RedisServer(tmp_path_factory.mktemp("redis"), "--requirepass", "s3cret", "--databases", "4")
    yield server
    server.stop()


def test_urls_name_server_database_and_prefix() -> None:
    address = parse_address("rediss://user:p%40ss@cache.example:7000/3?prefix=team-a")
    assert (address.host, address.port, address.database, address.prefix) == ("cache.example", 7000, 3, "team-a")
    assert (address.user, address.password, address.is_encrypted) == ("user", "p@ss", True)
    assert (str(address), address.base) == ("rediss://cache.example:7000/3", "{team-a}:")
    short = parse_address("redis://localhost")
    assert (short.port, short.database, short.prefix, short.password) == (6379, 0, "seedmock", "")
    assert str(parse_address("redis://[::1]:7000")) == "redis://[::1]:7000/0"


BAD_URLS = {
    "redis://": "names no Redis server",
    "redis:///0": "names no Redis server",
    "redis://:s3cret@host:port/0": "port",
    "redis://host:70000/0": "port",
    "redis://host/zero": "database of the store's URL is 'zero'",
    "redis://host/-1": "database of the store's URL is '-1'",
    "redis://host/0?prefix=": "prefix of the store's URL is ''",
    "redis://host/0?prefix={a}": "prefix of the store's URL is '{a}'",
    "redis://host/0?db=1": "unknown parameter 'db'; allowed: prefix",
}


@each_case("url", BAD_URLS)
def test_a_malformed_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="allowed") as caught:
        parse_address(url)
    assert BAD_URLS[url] in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_an_unreachable_server_is_named() -> None:
    with closed_port() as port:
        address = f"redis://127.0.0.1:{port}"
        assert "no Redis server answers there" in problem(address)
        assert f"{address}/0" in problem(address)


def test_a_missing_or_wrong_password_is_named_and_not_shown(locked_server: RedisServer) -> None:
    host = locked_server.address.removeprefix("redis://")
    assert "it asks for a password" in problem(f"redis://{host}")
    message = problem(f"redis://:n0tthis@{host}")
    assert "the password of its URL is wrong" in message
    assert "n0tthis" not in message
    assert open_store(f"redis://:s3cret@{host}").agree({"seed": "1"}) == {"seed": "1"}


def test_a_database_that_is_not_there_is_named(locked_server: RedisServer) -> None:
    host = locked_server.address.removeprefix("redis://")
    assert "it has no database 4" in problem(f"redis://:s3cret@{host}/4")


def test_settings_are_those_of_the_first_process(redis_server: RedisServer) -> None:
    url = f"{redis_server.address}?prefix=agree"
    assert open_store(url).agree({"seed": "1", "pace": "fast"}) == {"seed": "1", "pace": "fast"}
    assert open_store(url).agree({"seed": "2", "pace": "fast"}) == {"seed": "1", "pace": "fast"}
    assert open_store(f"{redis_server.address}?prefix=agree-2").agree({"seed": "2"}) == {"seed": "2"}


FOREIGN: dict[str, Callable[[Redis], object]] = {
    "a-list": lambda client: client.rpush("{a-list}:about", "x"),
    "a-hash": lambda client: client.hset("{a-hash}:about", "program", "another"),
    "an-epoch": lambda client: client.set("{an-epoch}:epoch", "5"),
}


@pytest.mark.parametrize("prefix", FOREIGN)
def test_data_of_another_program_are_left_alone(prefix: str, redis_server: RedisServer) -> None:
    with Redis(port=redis_server.port) as client:
        FOREIGN[prefix](client)
        before = sorted(client.keys(f"{{{prefix}}}:*"))
        assert f"its prefix '{prefix}' has another program's data" in problem(f"{redis_server.address}?prefix={prefix}")
        assert sorted(client.keys(f"{{{prefix}}}:*")) == before


def test_data_of_a_newer_format_are_left_alone(redis_server: RedisServer) -> None:
    with Redis(port=redis_server.port) as client:
        client.hset("{newer}:about", mapping={"program": "seedmock", "format": "2", "seedmock": "9.9"})
    assert "was written by seedmock 9.9 (format 2)" in problem(f"{redis_server.address}?prefix=newer")


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (b"redis_version:6.2.14", "it is Redis 6.2; expected 7.0 or later"),
        (b"nothing", "does not say which version it is"),
    ],
)
def test_an_old_server_is_named(version: bytes, expected: str) -> None:
    with FakeServer({b"INFO": b"$%d\r\n%b\r\n" % (len(version), version)}) as server:
        assert expected in problem(f"redis://127.0.0.1:{server.port}")


def test_a_server_of_another_protocol_is_named() -> None:
    with FakeServer({b"HELLO": b"-ERR unknown command 'HELLO'\r\n"}) as server:
        assert "expected Redis 7.0 or later" in problem(f"redis://127.0.0.1:{server.port}")


def test_no_key_name_holds_more_than_an_account(redis_server: RedisServer) -> None:
    async def play() -> None:
        store = open_store(f"{redis_server.address}?prefix=names")
        store.agree({})
        await store.accept(order_of(task_of(1)))
        await store.aclose()

    asyncio.run(play())
    with Redis(port=redis_server.port) as client:
        names = sorted(client.keys("*names*"))
    assert all(name.startswith(b"{names}:") for name in names)
    assert b"{names}:account:key-a:tasks" in names


class FakeServer:
    """Server that greets as Redis does, and answers some commands with fixed bytes."""

    def __init__(self, replies: dict[bytes, bytes]) -> None:
        self.replies = {b"HELLO": b"%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n", **replies}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> FakeServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                while data := connection.recv(65536):
                    for name in re.findall(rb"\*\d+\r\n\$\d+\r\n([A-Z]+)\r\n", data):
                        connection.sendall(self.replies.get(name, b"+OK\r\n"))


def test_a_server_that_starts_at_the_same_time_is_no_other_program() -> None:
    replies = iter([b"none", 1, b"hash", [b"seedmock", server_check.FORMAT.encode(), b"0.1.0"]])

    class Client:
        address = parse_address("redis://127.0.0.1:6379/0")

        async def call(self, *_: object) -> object:
            return next(replies)

    server_check._check_data(cast(Any, Client()), Client.address)
    assert list(replies) == []
