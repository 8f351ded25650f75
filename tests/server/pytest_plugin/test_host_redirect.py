"""Redirection of the real hosts: what reaches the emulator, what does not, and the router for httpx."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from seedmock_client import GenerationRequest
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_server.testing.network_guard import LiveHostReached

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.usefixtures("usual_authorities")
Order = Callable[..., GenerationRequest]
REAL = [(contract.name, base.host + base.prefix) for contract in contracts() for base in contract.bases]
ORDER_APIMODELS = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "A paper boat", "duration": 4}


def order_of(upstream: str, boat: dict[str, str]) -> tuple[str, dict[str, Any]]:
    return ("/video/generations", ORDER_APIMODELS) if upstream == "apimodels" else ("/videos", dict(boat))


def task_of(response: httpx.Response) -> str:
    body = response.json()
    return str(body["id"] if "id" in body else body["data"]["taskId"])


@pytest.mark.parametrize(("upstream", "base"), REAL)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_every_real_base_url_leads_to_the_emulator(
    mock_hosts: Any, mock_journal: Any, boat: dict[str, str], upstream: str, base: str, asynchronous: bool
) -> None:
    path, order = order_of(upstream, boat)

    async def submit() -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(base + path, json=order, headers={"Authorization": "Bearer sk-live"})

    if asynchronous:
        response = asyncio.run(submit())
    else:
        response = httpx.post(base + path, json=order, headers={"Authorization": "Bearer sk-live"})
    assert response.status_code == 200, response.text
    mock_journal.assert_submitted_once()
    assert [task.id for task in mock_journal.tasks] == [task_of(response)]
    assert mock_hosts.calls.call_count == 1


def test_a_result_link_can_be_fetched_with_anything(
    mock_upstreams: Any, mock_clock: Any, mock_hosts: Any, mock_journal: Any
) -> None:
    base, headers = "https://apimodels.app/api/v1/video/generations", {"Authorization": "Bearer sk-live"}
    task = httpx.post(base, json=ORDER_APIMODELS, headers=headers).json()["data"]["taskId"]
    mock_clock.advance("10s")
    (link,) = httpx.get(base, params={"task_id": task}, headers=headers).json()["data"]["resultUrls"]
    assert link.startswith(mock_upstreams.url)
    with urllib.request.urlopen(link) as response:
        assert response.read(12)[4:8] == b"ftyp"
        response.read()
    mock_journal.assert_downloaded()


def test_the_reference_client_runs_with_a_hard_wired_host_and_key(
    mock_upstreams: Any, mock_clock: Any, mock_hosts: Any, mock_journal: Any, order: Order, tmp_path: Path
) -> None:
    wired = {"base_url": "https://apimodels.app", "api_key": "sk-live"}
    with mock_upstreams.client("apimodels", **wired) as client:
        client.generate(order(), tmp_path / "boat.mp4")
    mock_journal.assert_downloaded()
    mock_journal.assert_never_polled_after_end()


def test_a_body_is_streamed_and_its_faults_are_real(
    mock_clock: Any, mock_hosts: Any, mock_faults: Any, boat: dict[str, str]
) -> None:
    base, headers = "https://api-platform.ope.ai/v1/videos", {"Authorization": "Bearer sk-live"}
    task = httpx.post(base, json=boat, headers=headers).json()["id"]
    mock_clock.advance("10s")
    mock_faults.add("body_cut at=1000", operation="content")
    chunks: list[bytes] = []
    with (
        httpx.stream("GET", f"{base}/{task}/content", headers=headers) as response,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        chunks.extend(chunk for chunk in response.iter_raw(100))
    assert sum(map(len, chunks)) == 1000


@pytest.mark.parametrize("key", ["", "Bearer sk_mock_invalid", "Basic abc"])
def test_a_mock_key_is_not_replaced_and_none_is_added(mock_hosts: Any, mock_journal: Any, key: str) -> None:
    headers = {"Authorization": key} if key else {}
    response = httpx.get("https://apimodels.app/api/v1/balance", headers=headers)
    assert response.json()["code"] == 401
    assert len(mock_journal) == 0


def test_other_hosts_are_left_alone(mock_upstreams: Any, mock_hosts: Any) -> None:
    assert httpx.get(f"{mock_upstreams.url}/_mock/health").status_code == 200
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(418))) as client:
        assert client.get("https://example.test/").status_code == 418


def test_a_proxy_of_the_environment_is_bypassed(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    request.getfixturevalue("mock_hosts")
    assert httpx.get("https://apimodels.app/api/v1/models").status_code == 401


def test_a_route_of_the_test_is_matched_first(mock_hosts: Any, mock_journal: Any) -> None:
    url = "https://apimodels.app/api/v1/balance"
    route = mock_hosts.get(url).respond(503, json={"code": 503})
    assert httpx.get(url, headers={"Authorization": "Bearer sk-live"}).status_code == 503
    assert httpx.get("https://apimodels.app/api/v1/models", headers={"Authorization": "Bearer sk"}).status_code == 200
    assert route.call_count == 1
    assert mock_hosts.calls.call_count == 2
    assert [entry.path for entry in mock_journal] == ["/api/v1/models"]


@pytest.mark.parametrize(("upstream", "base"), REAL)
def test_a_path_of_two_upstreams_is_that_of_the_host(mock_hosts: Any, upstream: str, base: str) -> None:
    models = httpx.get(f"{base}/models", headers={"Authorization": "Bearer sk-live"}).json()["data"]
    assert [model["id"] for model in models] == [model.name for model in get_contract(upstream).models]


def test_a_request_without_tls_is_redirected(mock_hosts: Any, mock_journal: Any) -> None:
    request = urllib.request.Request("http://apimodels.app/api/v1/models", headers={"Authorization": "Bearer sk-live"})
    with urllib.request.urlopen(request) as response:
        assert response.status == 200
    assert len(mock_journal) == 1


def test_a_host_header_of_a_test_is_not_touched_without_redirection(mock_upstreams: Any, mock_journal: Any) -> None:
    headers = {"Host": "apimodels.app", "Authorization": f"Bearer {mock_upstreams.api_key}"}
    assert httpx.get(f"{mock_upstreams.url}/api/v1/models", headers=headers).status_code == 200
    assert len(mock_journal) == 1


# --- around the redirection ---


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """Port of a server with a certificate for a real host, and the file of the authority that the code trusts."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("apimodels.app").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with context.wrap_socket(connection, server_side=True) as tls:
                    tls.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], str(tmp_path / "ca.pem")
        thread.join(10)


def open_by_address(port: int, authority: str) -> None:
    context = ssl.create_default_context(cafile=authority)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        context.wrap_socket(connection, server_hostname="apimodels.app").close()


async def open_by_address_async(port: int, authority: str) -> None:
    context = ssl.create_default_context(cafile=authority)
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="apimodels.app")
    writer.close()
    await writer.wait_closed()


def test_a_connection_around_the_redirection_is_refused(mock_hosts: Any, impostor: tuple[int, str]) -> None:
    with pytest.raises(LiveHostReached, match=r"apimodels\.app goes around the redirection of hosts, through a proxy"):
        open_by_address(*impostor)


def test_a_host_that_is_met_around_the_redirection_is_not_trusted(mock_hosts: Any, impostor: tuple[int, str]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        asyncio.run(open_by_address_async(*impostor))


def test_without_the_redirection_the_code_trusts_its_own_authority(impostor: tuple[int, str]) -> None:
    asyncio.run(open_by_address_async(*impostor))


def test_httpx_and_the_sockets_are_restored_after_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import socket
        import ssl
        import httpx

        def functions():
            client = httpx.Client._transport_for_url
            return client, socket.socket.connect, socket.getaddrinfo, ssl.SSLContext.wrap_bio

        before = functions()

        def test_first(mock_hosts):
            assert all(now is not then for now, then in zip(functions(), before))

        def test_second():
            assert functions() == before
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)
