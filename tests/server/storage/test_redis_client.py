"""Connections to Redis: TLS, clusters, servers that answer nothing or nonsense, and callers without an event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import hiredis
import pytest
import trustme
from redis import Redis
from redis.crc import key_slot

from seedmock_server.http.coroutines import run_now
from seedmock_server.storage.models import StoreError, StoreUnavailable
from seedmock_server.storage.redis import redis_client as client_module
from seedmock_server.storage.redis import redis_protocol
from seedmock_server.storage.redis.address import parse_address
from seedmock_server.storage.redis.redis_client import RedisClient, Script
from seedmock_server.storage.redis.redis_store import RedisStore

from .conftest import order_of, task_of
from .redis_server import RedisServer, closed_port, free_port, require_redis, shared_server
from .test_redis_start import FakeServer
from .test_same_conversation import converse
from .test_shared_servers import opener

ADD = Script("return redis.call('INCRBY', KEYS[1] .. 'sum', ARGV[1])")
FAIL = Script("return redis.call('LPUSH', KEYS[1] .. 'sum', 'x')")


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(client_module, "CERTAIN_SECONDS", 0.05)
    monkeypatch.setattr(redis_protocol, "REPLY_SECONDS", 0.05)
    monkeypatch.setattr(client_module, "REPLY_SECONDS", 0.5)


def play(url: str, use: Callable[[RedisClient], Awaitable[object]]) -> None:
    async def main() -> None:
        client = RedisClient(parse_address(url))
        try:
            await use(client)
        finally:
            await client.aclose()

    asyncio.run(main())


# --- TLS ---


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Port of a server with a certificate of an authority of our own, and that authority's file."""
    require_redis()
    folder, authority, port = tmp_path_factory.mktemp("tls"), trustme.CA(), free_port()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    options = ("--tls-port", str(port), "--tls-auth-clients", "no", "--tls-ca-cert-file", str(folder / "authority.pem"))
    files = ("--tls-cert-file", str(folder / "certificate.pem"), "--tls-key-file", str(folder / "key.pem"))
    server = RedisServer(folder, *options, *files)
    yield port, folder / "authority.pem"
    server.stop()


def test_orders_are_stored_over_tls(tls: tuple[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, authority = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))

    async def main() -> None:
        store = RedisStore(parse_address(f"rediss://127.0.0.1:{port}"), tmp_path, journal_entries=5)
        store.agree({})
        assert await store.accept(order_of(task_of(1))) is None
        assert await store.task("task-1") == task_of(1)
        await store.aclose()

    asyncio.run(main())


def test_a_certificate_of_an_unknown_authority_is_refused(tls: tuple[int, Path], tmp_path: Path) -> None:
    port, _ = tls
    with pytest.raises(StoreError, match="certificate verify failed"):
        RedisStore(parse_address(f"rediss://127.0.0.1:{port}"), tmp_path, journal_entries=5)
    with pytest.raises(StoreUnavailable, match="can't be reached"):
        play(f"rediss://127.0.0.1:{port}", lambda client: client.call("GET", "x"))


# --- clusters ---


def test_all_keys_of_a_mock_share_one_slot(clips: Path) -> None:
    url = f"{shared_server().address}?prefix=one-slot"

    async def main() -> None:
        async with opener(url, clips)() as emulator:
            await converse(emulator)

    asyncio.run(main())
    with Redis(port=shared_server().port) as client:
        keys = list(client.scan_iter("*one-slot*"))
    assert len(keys) > 20
    assert {key_slot(key) for key in keys} == {key_slot(b"one-slot")}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[RedisServer, RedisServer]]:
    """Two nodes of a cluster, of which the first has all slots."""
    require_redis()
    with contextlib.ExitStack() as stack:
        nodes = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            options = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
            nodes.append(RedisServer(tmp_path / name, *options))
            stack.callback(nodes[-1].stop)
        one, other = (stack.enter_context(Redis(port=node.port)) for node in nodes)
        one.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        bus = int(one.config_get("cluster-port")["cluster-port"])
        other.execute_command("CLUSTER MEET", "127.0.0.1", nodes[0].port, bus)
        for _ in range(1000):
            infos = [node.execute_command("CLUSTER INFO") for node in (one, other)]
            if all(info["cluster_state"] == "ok" and info["cluster_slots_assigned"] == "16384" for info in infos):
                break
            asyncio.run(asyncio.sleep(0.01))
        yield nodes[0], nodes[1]


@pytest.mark.slow
def test_a_mock_follows_its_slot_through_a_cluster(cluster: tuple[RedisServer, RedisServer], clips: Path) -> None:
    async def main() -> None:
        # The node of the URL has no slot.
        async with opener(cluster[1].address, clips)() as emulator:
            task = await emulator.order()
            assert await emulator.status(task) == "QUEUED"
            with Redis(port=cluster[0].port) as one, Redis(port=cluster[1].port) as other:
                one.flushall()  # a node gives no slot away that has keys
                slot, new = key_slot(b"seedmock"), other.execute_command("CLUSTER MYID")
                for node in (other, one):
                    node.execute_command("CLUSTER SETSLOT", slot, "NODE", new)
            for _ in range(200):
                if (await emulator.client.get(f"/v1/videos/{task}")).status_code == 404:
                    break
                await asyncio.sleep(0.01)
            assert await emulator.status(await emulator.order()) == "QUEUED"
            assert emulator.app.context.store._client.node[1] == cluster[1].port  # type: ignore[attr-defined]

    asyncio.run(main())


MOVED_HERE = b"-MOVED 866 127.0.0.1:%d\r\n"


def test_a_node_that_points_to_itself_is_no_endless_loop() -> None:
    with FakeServer({b"PING": b"+PONG\r\n"}) as server:
        server.replies[b"GET"] = MOVED_HERE % server.port
        with pytest.raises(StoreUnavailable, match="refuses commands: MOVED 866"):
            play(f"redis://127.0.0.1:{server.port}", lambda client: client.call("GET", "x"))


# --- servers that answer badly ---


REPLIES = {
    b"-LOADING Redis is loading the dataset in memory\r\n": (StoreUnavailable, "refuses commands: LOADING"),
    b"-WRONGTYPE no such operation\r\n": (hiredis.ReplyError, "WRONGTYPE"),
    b"?nonsense\r\n": (StoreUnavailable, "can't be reached at the moment"),
    b"": (StoreUnavailable, "can't be reached at the moment"),
}


@pytest.mark.parametrize("reply", REPLIES)
def test_a_bad_reply_is_no_hang_and_no_crash(reply: bytes) -> None:
    kind, message = REPLIES[reply]
    with FakeServer({b"PING": b"+PONG\r\n", b"GET": reply}) as server:
        url = f"redis://127.0.0.1:{server.port}"
        for read in (lambda client: client.call("GET", "x"), lambda client: client.read_shared("GET", "x")):
            with pytest.raises(kind, match=message):
                play(url, read)
        with pytest.raises(kind):
            run_now(RedisClient(parse_address(url)).call("GET", "x"))


@pytest.mark.parametrize("greeting", [b"-WRONGPASS invalid password\r\n", b"-ERR unknown command\r\n", b""])
def test_a_server_that_does_not_greet_any_more_is_lost(greeting: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "CONNECT_SECONDS", 0.2)
    with FakeServer({b"HELLO": greeting}) as server, pytest.raises(StoreUnavailable, match="can't be reached"):
        play(f"redis://127.0.0.1:{server.port}", lambda client: client.call("GET", "x"))


def test_a_lost_server_is_asked_again_only_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FIRST_PAUSE", 60.0)
    connections: list[object] = []

    async def use(client: RedisClient) -> None:
        loop = asyncio.get_running_loop()
        connect = loop.create_connection

        async def counted(*arguments: object, **more: object) -> object:
            connections.append(arguments)
            return await connect(*arguments, **more)  # type: ignore[call-overload]

        loop.create_connection = counted  # type: ignore[assignment, method-assign]
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await client.call("GET", "x")
        with pytest.raises(StoreUnavailable):
            await client.run_certainly(ADD, 1)

    with closed_port() as port:
        play(f"redis://127.0.0.1:{port}", use)
    assert len(connections) == 1


# --- scripts ---


def test_posted_scripts_end_with_what_has_become_of_them() -> None:
    ends: list[str] = []

    def note(error: Exception | None) -> None:
        ends.append("" if error is None else type(error).__name__)

    async def main() -> None:
        client = RedisClient(parse_address(f"{shared_server().address}?prefix=posted"))
        assert not client.is_connected
        await client.call("DEL", client.address.base + "sum")
        client.post(ADD, 2, on_end=note)
        client.post(FAIL, on_end=note)
        client.post(ADD, 3, on_end=note)
        assert await client.run(ADD, 4) == 9
        protocol = client._link().protocol
        assert protocol is not None
        client.post(ADD, 5, on_end=note)
        protocol.abort()
        await protocol.closed()
        await client.aclose()

    asyncio.run(main())
    assert ends == ["", "ReplyError", "", "StoreUnavailable"]


def test_a_cancelled_request_takes_nothing_from_the_others() -> None:
    async def use(client: RedisClient) -> None:
        key = client.address.base + "shared"
        await client.call("SET", key, 7)
        reads = [asyncio.ensure_future(client.read_shared("GET", key)) for _ in range(3)]
        await asyncio.sleep(0)
        reads[0].cancel()
        assert [await read for read in reads[1:]] == [b"7", b"7"]
        alone = asyncio.ensure_future(client.call("GET", key))
        await asyncio.sleep(0)
        alone.cancel()
        assert await client.call("GET", key) == b"7"

    play(f"{shared_server().address}?prefix=cancelled", use)


def test_callers_without_a_loop_find_a_restarted_server_again(tmp_path: Path) -> None:
    require_redis()
    server = RedisServer(tmp_path)
    client = RedisClient(parse_address(server.address))
    try:
        assert run_now(client.run(ADD, 1)) == 1
        server.kill()
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                run_now(client.run(ADD, 1))
        server.start()
        assert run_now(client.run(ADD, 1)) == 1
        run_now(client.aclose())
    finally:
        server.stop()


def test_a_closed_client_lets_go_of_connections_of_other_loops() -> None:
    client = RedisClient(parse_address(f"{shared_server().address}?prefix=closed"))
    loops = [asyncio.new_event_loop() for _ in range(2)]
    try:
        for loop in loops:
            assert loop.run_until_complete(client.call("GET", "{closed}:nothing")) is None
        protocols = [link.protocol for link in client._links.values()]
        loops[0].run_until_complete(client.aclose())
        for loop in loops:
            loop.run_until_complete(asyncio.sleep(0.01))
        assert [protocol is None or protocol.is_open for protocol in protocols] == [False, False]
    finally:
        for loop in loops:
            loop.close()
