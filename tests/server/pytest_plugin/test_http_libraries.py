"""Code with hard-wired hosts, in each HTTP library: its requests reach the emulator, and no real host."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
import sys
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import trio
import truststore
import urllib3
import uvloop
from aiohttp.abc import AbstractResolver

from seedmock_server.testing import interception, mocked
from seedmock_server.testing.emulators import EmulatorPool
from seedmock_server.testing.network_guard import LiveHostReached, NetworkGuard
from seedmock_server.testing.upstreams import EmulatedUpstreams

HOST = "api-platform.ope.ai"
URL = f"https://{HOST}/v1/videos"
ORDER = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4"}
HEADERS = {"Authorization": "Bearer sk-live"}
Json = dict[str, Any]
pytestmark = pytest.mark.usefixtures("usual_authorities")


class RetryingTransport(httpx.BaseTransport):
    """A transport of a project's own."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport(retries=1)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


class FixedResolver(AbstractResolver):
    """A resolver of a project's own, which knows no host of this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[Any]:
        return [{"hostname": host, "host": "192.0.2.7", "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        return None


def by_httpx(**options: Any) -> Json:
    with httpx.Client(**options) as client:
        return client.post(URL, json=ORDER, headers=HEADERS).json()


async def by_httpx_async(**options: Any) -> Json:
    async with httpx.AsyncClient(**options) as client:
        return (await client.post(URL, json=ORDER, headers=HEADERS)).json()


def by_httpx2() -> Json:
    return httpx2.post(URL, json=ORDER, headers=HEADERS).json()


async def by_httpx2_async() -> Json:
    async with httpx2.AsyncClient() as client:
        return (await client.post(URL, json=ORDER, headers=HEADERS)).json()


def by_requests(**adapter: Any) -> Json:
    with requests.Session() as session:
        session.mount("https://", requests.adapters.HTTPAdapter(**adapter))
        return session.post(URL, json=ORDER, headers=HEADERS).json()


def by_urllib3() -> Json:
    with urllib3.PoolManager() as pool:
        return pool.request("POST", URL, json=ORDER, headers=HEADERS).json()


async def by_aiohttp(resolver: type[AbstractResolver] | None = None, **options: Any) -> Json:
    connector = aiohttp.TCPConnector(resolver=resolver() if resolver else None, **options)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.post(URL, json=ORDER, headers=HEADERS) as response,
    ):
        return await response.json()


def by_urllib() -> Json:
    body = json.dumps(ORDER).encode()
    request = urllib.request.Request(URL, body, {**HEADERS, "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def by_http_client() -> Json:
    with contextlib.closing(http.client.HTTPSConnection(HOST)) as connection:
        connection.request("POST", "/v1/videos", json.dumps(ORDER), {**HEADERS, "Content-Type": "application/json"})
        return json.load(connection.getresponse())


def by_openai() -> Json:
    import openai  # in functions: it takes a second and more, in each worker that collects this module

    with openai.OpenAI(api_key="sk-live", base_url=f"https://{HOST}/v1") as client:
        return client.post("/videos", body=ORDER, cast_to=dict[str, Any])


async def by_openai_async(**options: Any) -> Json:
    import openai

    async with openai.AsyncOpenAI(api_key="sk-live", base_url=f"https://{HOST}/v1", **options) as client:
        return await client.post("/videos", body=ORDER, cast_to=dict[str, Any])


def awaited(function: Callable[..., Any], **options: Any) -> Callable[[], Json]:
    return lambda: asyncio.run(function(**options))


def on_uvloop(function: Callable[..., Any], **options: Any) -> Callable[[], Json]:
    return lambda: uvloop.run(function(**options))


LIBRARIES: dict[str, Callable[[], Json]] = {
    "httpx": by_httpx,
    "httpx, HTTP/2 offered": partial(by_httpx, http1=True, verify=ssl.create_default_context()),
    "httpx, a transport of one's own": lambda: by_httpx(transport=RetryingTransport()),
    "httpx, mounted": lambda: by_httpx(mounts={"https://": httpx.HTTPTransport()}),
    "httpx, truststore": lambda: by_httpx(verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)),
    "httpx, unverified": partial(by_httpx, verify=False),
    "httpx.AsyncClient": awaited(by_httpx_async),
    "httpx.AsyncClient on uvloop": on_uvloop(by_httpx_async),
    "httpx.AsyncClient on trio": lambda: trio.run(by_httpx_async),
    "httpx2": by_httpx2,
    "httpx2.AsyncClient": awaited(by_httpx2_async),
    "requests": by_requests,
    "requests, an adapter of one's own": lambda: by_requests(max_retries=urllib3.Retry(2)),
    "urllib3": by_urllib3,
    "aiohttp": awaited(by_aiohttp),
    "aiohttp on uvloop": on_uvloop(by_aiohttp),
    "aiohttp, a resolver of one's own": awaited(by_aiohttp, resolver=FixedResolver),
    "aiohttp, a context of one's own": lambda: asyncio.run(by_aiohttp(ssl=ssl.create_default_context())),
    "urllib": by_urllib,
    "http.client": by_http_client,
    "openai": by_openai,
    "openai.AsyncOpenAI": awaited(by_openai_async),
    "openai.AsyncOpenAI on uvloop": on_uvloop(by_openai_async),
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_hard_wired_host_leads_to_the_emulator(mock_hosts: Any, mock_journal: Any, library: str) -> None:
    task = LIBRARIES[library]()
    mock_journal.assert_submitted_once()
    assert [task["id"]] == [task.id for task in mock_journal.tasks]


@pytest.mark.parametrize("kind", ["httpx", "httpx2", "requests", "urllib3", "openai"])
def test_a_client_that_was_made_before_reaches_each_test_and_then_nothing(kind: str) -> None:
    import openai

    with contextlib.ExitStack() as stack:
        submit = LONG_LIVED[kind](stack)
        emulator = stack.enter_context(EmulatorPool()).get()
        for name in ("first", "second"):
            upstreams = EmulatedUpstreams(emulator, name)
            with upstreams.redirect_hosts():
                assert submit() == 200
                upstreams.journal.assert_submitted_once()
        with NetworkGuard("third") as guard:
            with contextlib.suppress(LiveHostReached, openai.APIError):
                assert submit() == 421
            with pytest.raises(LiveHostReached, match="third tried to reach api-platform"):
                guard.check()


@pytest.mark.parametrize("kind", ["httpx", "httpx2", "requests", "urllib3", "openai"])
def test_a_client_that_was_made_before_reaches_the_innermost_emulator(kind: str) -> None:
    with contextlib.ExitStack() as stack:
        submit = LONG_LIVED[kind](stack)
        outer = stack.enter_context(mocked("outer"))
        stack.enter_context(outer.redirect_hosts())
        assert submit() == 200
        with mocked("inner") as inner, inner.redirect_hosts():
            assert (submit(), submit()) == (200, 200)
            assert len(inner.journal.tasks) == 2
        assert submit() == 200
        assert len(outer.journal.tasks) == 2


def test_a_session_on_one_loop_serves_many_tests() -> None:
    async def submit(session: aiohttp.ClientSession) -> int:
        async with session.post(URL, json=ORDER, headers=HEADERS) as response:
            return response.status

    with asyncio.Runner() as runner, mocked("all") as upstreams:
        session = runner.run(make_session())
        for number in range(1, 4):  # the loop stands still between two tests
            with upstreams.redirect_hosts():
                assert runner.run(submit(session)) == 200
            assert len(upstreams.journal.tasks) == number
        runner.run(session.close())


async def make_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


def long_lived_httpx(stack: contextlib.ExitStack, library: Any = httpx) -> Callable[[], int]:
    client = stack.enter_context(library.Client())
    return lambda: client.post(URL, json=ORDER, headers=HEADERS).status_code


def long_lived_requests(stack: contextlib.ExitStack) -> Callable[[], int]:
    session = stack.enter_context(requests.Session())
    return lambda: session.post(URL, json=ORDER, headers=HEADERS).status_code


def long_lived_urllib3(stack: contextlib.ExitStack) -> Callable[[], int]:
    pool = stack.enter_context(urllib3.PoolManager())
    return lambda: pool.request("POST", URL, json=ORDER, headers=HEADERS).status


def long_lived_openai(stack: contextlib.ExitStack) -> Callable[[], int]:
    import openai

    client = stack.enter_context(openai.OpenAI(api_key="sk-live", base_url=f"https://{HOST}/v1", max_retries=0))
    return lambda: 200 if client.post("/videos", body=ORDER, cast_to=dict[str, Any])["id"] else 0


LONG_LIVED: dict[str, Callable[[contextlib.ExitStack], Callable[[], int]]] = {
    "httpx": long_lived_httpx,
    "httpx2": partial(long_lived_httpx, library=httpx2),
    "requests": long_lived_requests,
    "urllib3": long_lived_urllib3,
    "openai": long_lived_openai,
}


def test_a_connector_for_ipv6_alone_fails_with_the_reason(mock_hosts: Any) -> None:
    with pytest.raises(aiohttp.ClientConnectorDNSError, match=r"api-platform\.ope\.ai has no IPv6 address in a test"):
        asyncio.run(by_aiohttp(family=socket.AF_INET6))


def test_threads_share_the_redirection(mock_hosts: Any, mock_journal: Any) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = {task["id"] for task in pool.map(lambda _: by_requests(), range(12))}
    assert ids == {task.id for task in mock_journal.tasks}
    assert len(ids) == 12


@pytest.mark.parametrize("inject_first", [True, False])
def test_contexts_of_the_system_may_be_injected(inject_first: bool, request: pytest.FixtureRequest) -> None:
    with contextlib.ExitStack() as stack:
        if inject_first:
            truststore.inject_into_ssl()
        else:
            request.getfixturevalue("mock_hosts")
            truststore.inject_into_ssl()
        stack.callback(truststore.extract_from_ssl)
        request.getfixturevalue("mock_hosts")
        assert by_requests()["id"] and by_urllib()["id"] and asyncio.run(by_httpx_async())["id"]


def test_a_library_that_resolves_by_itself_may_be_imported_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def owners() -> list[object]:
        return [owner for owner, name, _ in interception.entry_points() if name == "_resolve_host"]

    monkeypatch.setattr(interception, "find_spec", lambda name: None)
    assert owners() == [aiohttp.TCPConnector]
    monkeypatch.delitem(sys.modules, "aiohttp")
    assert owners() == []
    monkeypatch.setattr(interception, "find_spec", lambda name: object())
    monkeypatch.setattr(interception, "import_module", lambda name: aiohttp)
    assert owners() == [aiohttp.TCPConnector]
