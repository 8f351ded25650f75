"""The reference client sends a mock key to no real host, and under SEEDMOCK_ONLY nothing beyond this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from seedmock_client import AsyncClient, Client, GenerationRequest, UsageError
from seedmock_client.host_guard import is_loopback
from seedmock_contracts.upstreams import contracts

Order = Callable[..., GenerationRequest]
TASK = "cgt-20260529102017-sjqj9"
REAL = [(said.name, base.host) for said in contracts() for base in said.bases]


class Wire(httpx.MockTransport):
    """A transport that remembers what reached it, and sends everybody on; if `done`, its tasks have succeeded."""

    def __init__(self, *, done: bool = False) -> None:
        self.reached: list[str] = []
        self.done = done
        super().__init__(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.reached.append(str(request.url))
        if self.done and not request.url.path.endswith("/content"):
            return httpx.Response(200, json={"id": TASK, "object": "video", "status": "SUCCESS"})
        return httpx.Response(302, headers={"location": "https://elsewhere.test/clip.mp4"})


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SEEDMOCK_ONLY", "SEEDMOCK_BASE_URL", "SEEDMOCK_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def refused(upstream: str, wire: Wire, order: GenerationRequest, **options: Any) -> str:
    """What both clients say when they refuse to create."""
    options = {"api_key": "sk_mock_any", "transport": wire, **options}
    with Client(upstream, **options) as client, pytest.raises(UsageError) as blocking:
        client.create(order)

    async def create() -> None:
        async with AsyncClient(upstream, **options) as client:
            await client.create(order)

    with pytest.raises(UsageError) as awaited:
        asyncio.run(create())
    assert str(blocking.value) == str(awaited.value)
    assert wire.reached == []
    assert blocking.value.advice.endswith("nothing was sent.")
    return str(blocking.value)


@pytest.mark.parametrize(("upstream", "host"), REAL)
def test_a_mock_key_reaches_no_real_host(order: Order, upstream: str, host: str) -> None:
    said = refused(upstream, Wire(), order(), base_url=host)
    assert said == f"a mock key (sk_mock_...) for {host.removeprefix('https://')}, which is a real host"


def test_a_mock_key_reaches_no_real_host_by_default(order: Order) -> None:
    assert "api-platform.ope.ai" in refused("opeai", Wire(), order())


@pytest.mark.parametrize("host", ["https://API-platform.OPE.ai", "https://api-platform.ope.ai."])
def test_a_real_host_is_known_however_it_is_written(order: Order, host: str) -> None:
    assert "which is a real host" in refused("opeai", Wire(), order(), base_url=host)


def test_a_real_key_reaches_a_real_host_and_a_mock_key_an_emulator_elsewhere() -> None:
    for key, base_url in (("sk_live_any", "https://api-platform.ope.ai"), ("sk_mock_any", "https://mock.example")):
        wire = Wire()
        client = Client("opeai", api_key=key, base_url=base_url, transport=wire)
        with client, pytest.raises(Exception, match="302"):
            client.query(TASK)
        assert wire.reached


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_seedmock_only_allows_this_machine_and_nothing_else(
    order: Order, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("SEEDMOCK_ONLY", value)
    said = refused("opeai", Wire(), order(), api_key="sk_live_any", base_url="https://mock.example")
    assert said == "mock.example is not this machine, and SEEDMOCK_ONLY allows nothing else"


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_seedmock_only_can_be_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SEEDMOCK_ONLY", value)
    wire = Wire()
    client = Client("opeai", api_key="sk_any", base_url="https://mock.example", transport=wire)
    with client, pytest.raises(Exception, match="302"):
        client.query(TASK)
    assert wire.reached


def test_seedmock_only_holds_for_where_a_download_is_sent_on_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("SEEDMOCK_ONLY", "1")
    wire = Wire(done=True)
    client = Client("opeai", api_key="sk_any", base_url="http://127.0.0.1:1", transport=wire)
    with client, pytest.raises(UsageError, match=r"elsewhere\.test is not this machine"):
        client.download(TASK, tmp_path / "clip.mp4")
    assert {httpx.URL(url).host for url in wire.reached} == {"127.0.0.1"}
    assert wire.reached[-1].endswith("/content")


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("seedmock.localhost", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("", False),
    ],
)
def test_what_this_machine_is(host: str, here: bool) -> None:
    assert is_loopback(host) is here
