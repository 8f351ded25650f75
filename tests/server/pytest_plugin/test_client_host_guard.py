"""Host guard of the reference client: no mock key to a real host, and only this machine under SEEDMOCK_ONLY."""

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
REAL_HOSTS = [(contract.name, base.host) for contract in contracts() for base in contract.bases]


class RecordingTransport(httpx.MockTransport):
    """Transport that records URLs and redirects every request; if `done`, queries return a success."""

    def __init__(self, *, done: bool = False) -> None:
        self.urls: list[str] = []
        self.done = done
        super().__init__(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.urls.append(str(request.url))
        if self.done and not request.url.path.endswith("/content"):
            return httpx.Response(200, json={"id": TASK, "object": "video", "status": "SUCCESS"})
        return httpx.Response(302, headers={"location": "https://elsewhere.test/clip.mp4"})


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SEEDMOCK_ONLY", "SEEDMOCK_BASE_URL", "SEEDMOCK_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def error_of_create(upstream: str, transport: RecordingTransport, order: GenerationRequest, **options: Any) -> str:
    """Return the message with which both clients refuse to create."""
    options = {"api_key": "sk_mock_any", "transport": transport, **options}
    with Client(upstream, **options) as client, pytest.raises(UsageError) as error:
        client.create(order)

    async def create() -> None:
        async with AsyncClient(upstream, **options) as client:
            await client.create(order)

    with pytest.raises(UsageError) as async_error:
        asyncio.run(create())
    assert str(error.value) == str(async_error.value)
    assert transport.urls == []
    assert error.value.advice.endswith("nothing was sent.")
    return str(error.value)


@pytest.mark.parametrize(("upstream", "host"), REAL_HOSTS)
def test_a_mock_key_reaches_no_real_host(order: Order, upstream: str, host: str) -> None:
    message = error_of_create(upstream, RecordingTransport(), order(), base_url=host)
    assert message == f"a mock key (sk_mock_...) for {host.removeprefix('https://')}, which is a real host"


def test_a_mock_key_reaches_no_real_host_by_default(order: Order) -> None:
    assert "api-platform.ope.ai" in error_of_create("opeai", RecordingTransport(), order())


@pytest.mark.parametrize("host", ["https://API-platform.OPE.ai", "https://api-platform.ope.ai."])
def test_a_real_host_is_recognized_in_every_spelling(order: Order, host: str) -> None:
    assert "which is a real host" in error_of_create("opeai", RecordingTransport(), order(), base_url=host)


def test_a_real_key_reaches_a_real_host_and_a_mock_key_a_remote_emulator() -> None:
    for key, base_url in (("sk_live_any", "https://api-platform.ope.ai"), ("sk_mock_any", "https://mock.example")):
        transport = RecordingTransport()
        client = Client("opeai", api_key=key, base_url=base_url, transport=transport)
        with client, pytest.raises(Exception, match="302"):
            client.query(TASK)
        assert transport.urls


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_seedmock_only_allows_only_this_machine(order: Order, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SEEDMOCK_ONLY", value)
    message = error_of_create(
        "opeai", RecordingTransport(), order(), api_key="sk_live_any", base_url="https://mock.example"
    )
    assert message == "mock.example is not this machine, and SEEDMOCK_ONLY allows nothing else"


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_seedmock_only_can_be_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SEEDMOCK_ONLY", value)
    transport = RecordingTransport()
    client = Client("opeai", api_key="sk_any", base_url="https://mock.example", transport=transport)
    with client, pytest.raises(Exception, match="302"):
        client.query(TASK)
    assert transport.urls


def test_seedmock_only_covers_redirects_of_downloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("SEEDMOCK_ONLY", "1")
    transport = RecordingTransport(done=True)
    client = Client("opeai", api_key="sk_any", base_url="http://127.0.0.1:1", transport=transport)
    with client, pytest.raises(UsageError, match=r"elsewhere\.test is not this machine"):
        client.download(TASK, tmp_path / "clip.mp4")
    assert {httpx.URL(url).host for url in transport.urls} == {"127.0.0.1"}
    assert transport.urls[-1].endswith("/content")


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
def test_loopback_hosts(host: str, here: bool) -> None:
    assert is_loopback(host) is here
