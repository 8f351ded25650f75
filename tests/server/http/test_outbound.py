"""Outbound fetches: the URL policy, the address that is contacted, limits and timeouts."""

import asyncio
import contextlib
import functools
import gzip
import io
import logging
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from seedmock_server.http import outbound
from seedmock_server.http.outbound import direct_transport, fetch
from seedmock_server.http.url_policy import FetchError, FetchFailure, FetchNotAllowed, FetchPolicy, resolve_host
from seedmock_server.references import files

PUBLIC_IP = "93.184.216.34"
Answer = Callable[[httpx.Request], httpx.Response]


def resolver(**hosts: str | list[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A resolver for these hosts; `_` stands for a dot. A list of strings gives one answer after the other."""
    table = {name.replace("_", "."): addresses for name, addresses in hosts.items()}

    async def resolve(host: str, port: int) -> Sequence[str]:
        addresses = table.get(host)
        if addresses is None:
            raise OSError("unknown")
        return (addresses if isinstance(addresses, str) else addresses.pop(0)).split()

    return resolve


def public(url: str, answer: Answer, **options: Any) -> bytes:
    """Fetch by the public policy; the network is `answer`."""
    arguments: dict[str, Any] = {
        "resolve": resolver(cat_test=PUBLIC_IP, dog_test="8.8.8.8"),
        "seconds": 5.0,
    } | options
    transport = functools.partial(httpx.MockTransport, answer)
    return asyncio.run(fetch(url, policy=FetchPolicy.PUBLIC, transport=transport, limit_bytes=100, **arguments))


def fetch_error(url: str, answer: Answer = lambda _: httpx.Response(200), **options: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        public(url, answer, **options)
    return caught.value


@contextlib.asynccontextmanager
async def serving(reply: bytes, requests: list[bytes], *, hang: bool = False) -> AsyncIterator[int]:
    """The port of a server that sends `reply` and closes, or with `hang` waits for the client to close."""
    calls: list[asyncio.Task[Any]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        calls.append(task)
        with contextlib.suppress(ConnectionError):
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(reply)
            if hang:
                await reader.read()
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            await asyncio.gather(*calls)


def local(reply: bytes, *, path: str = "/cat.png", hang: bool = False, **options: Any) -> tuple[bytes | None, bytes]:
    """Fetch by the loopback policy from a server that sends `reply`: the content, and the request."""
    requests: list[bytes] = []
    arguments: dict[str, Any] = {"policy": FetchPolicy.LOOPBACK, "limit_bytes": 1000, "seconds": 5.0} | options
    url = arguments.pop("url", "http://127.0.0.1:{port}{path}")

    async def main() -> bytes:
        async with serving(reply, requests, hang=hang) as port:
            return await fetch(url.format(port=port, path=path), **arguments)

    return asyncio.run(main()), b"".join(requests)


def http_response(status: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_content_is_fetched_from_the_loopback() -> None:
    content, request = local(http_response("200 OK", "Content-Length: 3", body=b"cat"), path="/cat.png?x=%20y")
    assert content == b"cat"
    assert request.startswith(b"GET /cat.png?x=%20y HTTP/1.1\r\n")
    assert b"accept-encoding: identity" in request.lower()
    assert b"cookie" not in request.lower()


def test_localhost_is_tried_at_both_addresses_with_its_name_as_host() -> None:
    content, request = local(http_response("200 OK", body=b"cat"), url="http://localhost:{port}/", resolve=resolver())
    assert content == b"cat"
    assert b"Host: localhost:" in request


def test_a_name_of_the_loopback_is_tried_at_each_of_its_addresses() -> None:
    content, request = local(
        http_response("200 OK", body=b"cat"), url="http://s3.test:{port}/", resolve=resolver(s3_test="::1 127.0.0.1")
    )
    assert content == b"cat"
    assert b"Host: s3.test:" in request


@pytest.mark.parametrize("addresses", ["8.8.8.8", "127.0.0.1 8.8.8.8", "192.168.0.1", "64:ff9b::7f00:1"])
def test_the_loopback_policy_forbids_a_name_with_any_other_address(addresses: str) -> None:
    with pytest.raises(FetchNotAllowed):
        local(b"", url="http://cat.test:{port}/", resolve=resolver(cat_test=addresses))


def test_the_loopback_policy_forbids_a_name_without_an_address() -> None:
    with pytest.raises(FetchNotAllowed):
        local(b"", url="http://cat.test/", resolve=resolver())


def test_the_loopback_policy_forbids_a_redirect_to_another_host() -> None:
    with pytest.raises(FetchNotAllowed):
        local(http_response("302 Found", "Location: http://8.8.8.8/"))


def test_the_policy_none_forbids_everything() -> None:
    with pytest.raises(FetchNotAllowed):
        local(b"", policy=FetchPolicy.NONE)


@pytest.mark.parametrize("policy", list(FetchPolicy))
def test_a_reference_that_the_policy_forbids_is_unknown(tmp_path: Path, policy: FetchPolicy) -> None:
    reference_files = files.ReferenceFiles(tmp_path, fetch=policy, resolve=resolver(cat_test="127.0.0.1 8.8.8.8"))
    read = reference_files.read("http://cat.test/", own_origin="http://mock", now=0.0)
    if policy is FetchPolicy.PUBLIC:
        with pytest.raises(FetchError, match="private/reserved"):
            asyncio.run(read)
    else:
        assert asyncio.run(read) is None


def test_a_fetched_image_is_measured(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (4, 3)).save(picture, "PNG")

    async def main() -> int | None:
        async with serving(http_response("200 OK", body=picture.getvalue()), []) as port:
            url = f"http://127.0.0.1:{port}/cat.png"
            file = await files.ReferenceFiles(tmp_path, fetch=FetchPolicy.LOOPBACK).read(
                url, own_origin="http://mock", now=0.0
            )
            assert file is not None
            return file.facts.width

    assert asyncio.run(main()) == 4


@pytest.mark.parametrize("url", ["https://cat.test/a?b=c", "http://cat.test:8080/a?b=c", "https://93.184.216.34/a?b=c"])
def test_the_resolved_address_is_contacted_with_the_url_s_host_name(url: str) -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, content=b"cat")

    assert public(url, answer) == b"cat"
    [request] = requests
    original = httpx.URL(url)
    assert request.url == original.copy_with(host=PUBLIC_IP)
    assert request.headers["host"] == original.netloc.decode()
    assert request.extensions["sni_hostname"] == original.host


def test_dns_rebinding_is_prevented() -> None:
    contacted: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        contacted.append(request.url.host)
        return httpx.Response(200, content=b"cat")

    public("http://cat.test/", answer, resolve=resolver(cat_test=[PUBLIC_IP, "127.0.0.1"]))
    assert contacted == [PUBLIC_IP]


def test_each_redirect_is_checked_again() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": "/again"})

    error = fetch_error("http://cat.test/", answer, resolve=resolver(cat_test=[PUBLIC_IP, "127.0.0.1"]))
    assert error.reason is FetchFailure.PRIVATE


@pytest.mark.parametrize("location", ["http://169.254.169.254/latest", "//localhost/", "http://[::ffff:10.0.0.1]/"])
def test_a_redirect_to_a_private_address_is_rejected(location: str) -> None:
    error = fetch_error("http://cat.test/", lambda _: httpx.Response(301, headers={"Location": location}))
    assert error.reason is FetchFailure.PRIVATE
    assert str(error).startswith("private/reserved IP addresses not allowed")


def test_redirects_are_followed_to_other_hosts() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["host"] == "dog.test":
            return httpx.Response(200, content=str(request.url).encode())
        return httpx.Response(307, headers={"Location": "https://dog.test/b?c=d"})

    assert public("http://cat.test/a", answer) == b"https://8.8.8.8/b?c=d"


def test_three_redirects_are_followed_and_a_fourth_is_not() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        step = int(request.url.path[1:])
        return (
            httpx.Response(302, headers={"Location": f"/{step - 1}"}) if step else httpx.Response(200, content=b"cat")
        )

    assert public("http://cat.test/3", answer) == b"cat"
    error = fetch_error("http://cat.test/4", answer)
    assert (error.reason, str(error)) == (FetchFailure.UNREACHABLE, "the reference is more than 3 redirects away")


@pytest.mark.parametrize("addresses", ["127.0.0.1", f"{PUBLIC_IP} 10.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1%eth0"])
def test_a_name_is_rejected_if_any_of_its_addresses_is_private(addresses: str) -> None:
    error = fetch_error("http://cat.test/", resolve=resolver(cat_test=addresses))
    assert error.reason is FetchFailure.PRIVATE
    assert str(error) == "private/reserved IP addresses not allowed: cat.test leads to one"


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "printer.local", "[::1]", "a.localhost"])
def test_a_private_host_is_rejected_without_dns(host: str) -> None:
    error = fetch_error(f"http://{host}/", resolve=resolver(printer_local=PUBLIC_IP))
    assert error.reason is FetchFailure.PRIVATE


def test_a_literal_public_address_is_not_resolved() -> None:
    assert public("http://134744072/", lambda _: httpx.Response(200, content=b"cat"), resolve=resolver()) == b"cat"


@pytest.mark.parametrize("addresses", [None, ""])
def test_a_name_without_an_address_is_rejected(addresses: str | None) -> None:
    resolve = resolver() if addresses is None else resolver(cat_test=addresses)
    error = fetch_error("http://cat.test/", resolve=resolve)
    assert (error.reason, str(error)) == (FetchFailure.UNREACHABLE, "cat.test has no address")


def test_a_malformed_host_name_is_rejected() -> None:
    assert fetch_error(f"http://{'a' * 70}.test/", resolve=resolve_host).reason is FetchFailure.UNREACHABLE


def test_blanks_around_a_url_are_ignored() -> None:
    assert public(" http://cat.test/\n", lambda _: httpx.Response(200, content=b"cat")) == b"cat"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://cat.test/", "begins with 'ftp'; allowed: http, https, data"),
        ("cat.png", "begins with ''"),
        ("http://", "begins with 'http'"),
        ("http://cat.test:99999/", "names port 99999; allowed: 1 to 65535"),
        (f"http://cat.test:{'x' * 1000}/", "can't be read"),
        ("http://cat.test/\0", "can't be read"),
        ("http://[::1/", "can't be read"),
        ("http://" + "a" * 70_000, "can't be read"),
        ("http://me@cat.test/", "names a user at cat.test"),
        ("http://me:hush@cat.test/?token=hush", "names a user at cat.test"),
    ],
)
def test_a_malformed_url_is_rejected(url: str, message: str) -> None:
    error = fetch_error(url)
    assert error.reason is FetchFailure.BROKEN
    assert message in str(error)
    assert "hush" not in str(error)
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "data:,x", "http://me:hush@dog.test/", "http://dog.test:x/"]
)
def test_a_redirect_to_a_malformed_url_is_rejected(location: str) -> None:
    error = fetch_error("http://cat.test/", lambda _: httpx.Response(302, headers={"Location": location}))
    assert error.reason is FetchFailure.BROKEN


@pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 500])
def test_any_status_but_200_is_rejected(status: int) -> None:
    error = fetch_error("http://cat.test/?token=hush", lambda _: httpx.Response(status))
    assert (error.reason, str(error)) == (FetchFailure.UNREACHABLE, f"cat.test answered {status}; expected 200")


def test_content_over_the_limit_is_rejected_with_and_without_content_length() -> None:
    for headers in (["Content-Length: 1001"], ["Content-Length: 999999999999"], []):
        with pytest.raises(FetchError, match="allowed: at most 1000") as caught:
            local(http_response("200 OK", *headers, body=b"x" * 1001), hang=True)
        assert caught.value.reason is FetchFailure.TOO_LARGE


def test_a_content_length_over_the_limit_is_rejected_without_reading() -> None:
    with pytest.raises(FetchError, match="has 1001 bytes") as caught:
        local(http_response("200 OK", "Content-Length: 1001"), hang=True, seconds=0.5)
    assert caught.value.reason is FetchFailure.TOO_LARGE


def test_content_of_the_limit_is_fetched() -> None:
    assert local(http_response("200 OK", "Content-Length: 1000", body=b"x" * 1000))[0] == b"x" * 1000


def test_compressed_content_is_rejected_without_decompressing() -> None:
    bomb = gzip.compress(b"\0" * 1_000_000)[:900]
    with pytest.raises(FetchError, match="encoded as 'gzip'; allowed: identity"):
        local(http_response("200 OK", "Content-Encoding: gzip", body=bomb))


def test_a_silent_server_times_out() -> None:
    with pytest.raises(FetchError, match=r"took more than 0\.2 seconds") as caught:
        local(b"", hang=True, seconds=0.2)
    assert caught.value.reason is FetchFailure.UNREACHABLE


def test_a_silent_resolver_times_out() -> None:
    async def silent(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    assert fetch_error("http://cat.test/", resolve=silent, seconds=0.05).reason is FetchFailure.UNREACHABLE


@pytest.mark.parametrize(
    "reply", [b"", b"SSH-2.0-OpenSSH\r\n", http_response("200 OK", "Content-Length: 9", body=b"cat")]
)
def test_a_malformed_or_truncated_response_is_rejected(reply: bytes) -> None:
    with pytest.raises(FetchError, match="can't be read") as caught:
        local(reply)
    assert caught.value.reason is FetchFailure.UNREACHABLE


def test_the_next_address_is_tried_after_a_connect_timeout() -> None:
    contacted: list[tuple[str, float]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        contacted.append((request.url.host, request.extensions["timeout"]["connect"]))
        if request.url.host == "8.8.8.8":
            raise httpx.ConnectTimeout("")
        return httpx.Response(200, content=b"cat")

    assert public("http://cat.test/", answer, resolve=resolver(cat_test=f"8.8.8.8 {PUBLIC_IP}"), seconds=4.0) == b"cat"
    assert contacted == [("8.8.8.8", 2.0), (PUBLIC_IP, 2.0)]


def test_a_host_that_cannot_be_connected_to_is_an_error() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("")

    error = fetch_error("http://cat.test/", answer, resolve=resolver(cat_test=f"8.8.8.8 {PUBLIC_IP}"))
    assert (error.reason, str(error)) == (FetchFailure.UNREACHABLE, "the reference can't be read: ConnectTimeout")


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert local(http_response("200 OK", body=b"cat"))[0] == b"cat"


def test_certificates_are_verified() -> None:
    transport = direct_transport()
    assert isinstance(transport, httpx.AsyncHTTPTransport)
    context = transport._pool._ssl_context
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_certificates_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "none.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    outbound._ssl_context.cache_clear()
    direct_transport()


def test_the_path_and_query_of_a_url_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    local(http_response("200 OK", body=b"cat"), path="/hush?token=hush")
    assert "hush" not in caplog.text


def test_the_system_resolver_returns_each_address_once() -> None:
    assert asyncio.run(resolve_host("127.0.0.1", 80)) == ["127.0.0.1"]


def test_httpx_is_not_imported_before_the_first_fetch() -> None:
    program = "import sys, seedmock_server.references.files; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_concurrent_fetches_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running, maximum = 0, 0

    async def fetch_slowly(url: str, **options: Any) -> bytes:
        nonlocal running, maximum
        running += 1
        maximum = max(maximum, running)
        await asyncio.sleep(0.001)
        running -= 1
        raise FetchNotAllowed

    monkeypatch.setattr(files, "fetch", fetch_slowly)

    async def main() -> None:
        reference_files = files.ReferenceFiles(tmp_path, fetch=FetchPolicy.PUBLIC)
        work = [reference_files.read("http://cat.test/", own_origin="http://mock", now=0.0) for _ in range(30)]
        assert await asyncio.gather(*work) == [None] * 30

    asyncio.run(main())
    assert maximum == files.MAX_FETCHES
