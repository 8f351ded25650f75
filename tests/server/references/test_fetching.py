"""fetch: what a policy allows, which address is asked, and when it gives up."""

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

from seedmock_server.http import outbound as fetching
from seedmock_server.http.outbound import direct_transport, fetch
from seedmock_server.http.url_policy import FetchError, FetchFailure, FetchNotAllowed, FetchPolicy, resolve_host
from seedmock_server.references import files as sources

GLOBAL = "93.184.216.34"
Answer = Callable[[httpx.Request], httpx.Response]


def knowing(**hosts: str | list[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A resolver that knows these hosts; `_` stands for a dot. A list of strings gives one answer after the other."""
    table = {name.replace("_", "."): addresses for name, addresses in hosts.items()}

    async def resolve(host: str, port: int) -> Sequence[str]:
        known = table.get(host)
        if known is None:
            raise OSError("unknown")
        return (known if isinstance(known, str) else known.pop(0)).split()

    return resolve


def public(url: str, answer: Answer, **options: Any) -> bytes:
    """Fetch by the public policy; the network is `answer`."""
    chosen: dict[str, Any] = {"resolve": knowing(cat_test=GLOBAL, dog_test="8.8.8.8"), "seconds": 5.0} | options
    transport = functools.partial(httpx.MockTransport, answer)
    return asyncio.run(fetch(url, policy=FetchPolicy.PUBLIC, transport=transport, limit_bytes=100, **chosen))


def refusal(url: str, answer: Answer = lambda _: httpx.Response(200), **options: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        public(url, answer, **options)
    return caught.value


@contextlib.asynccontextmanager
async def serving(reply: bytes, heard: list[bytes], *, hang: bool = False) -> AsyncIterator[int]:
    """The port of a server that says `reply` to everyone, and then hangs up or waits for the other to do so."""
    calls: list[asyncio.Task[Any]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        calls.append(task)
        with contextlib.suppress(ConnectionError):
            heard.append(await reader.readuntil(b"\r\n\r\n"))
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
    """Fetch by the loopback policy from a server that says `reply`: the content, and what the server was asked."""
    heard: list[bytes] = []
    chosen: dict[str, Any] = {"policy": FetchPolicy.LOOPBACK, "limit_bytes": 1000, "seconds": 5.0} | options
    url = chosen.pop("url", "http://127.0.0.1:{port}{path}")

    async def main() -> bytes:
        async with serving(reply, heard, hang=hang) as port:
            return await fetch(url.format(port=port, path=path), **chosen)

    return asyncio.run(main()), b"".join(heard)


def said(status: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_content_is_fetched_from_the_own_machine() -> None:
    content, heard = local(said("200 OK", "Content-Length: 3", body=b"cat"), path="/cat.png?x=%20y")
    assert content == b"cat"
    assert heard.startswith(b"GET /cat.png?x=%20y HTTP/1.1\r\n")
    assert b"accept-encoding: identity" in heard.lower()
    assert b"cookie" not in heard.lower()


def test_localhost_is_asked_at_each_of_its_addresses_and_by_its_name() -> None:
    content, heard = local(said("200 OK", body=b"cat"), url="http://localhost:{port}/", resolve=knowing())
    assert content == b"cat"
    assert b"Host: localhost:" in heard


def test_a_name_that_leads_to_the_own_machine_is_asked_where_it_leads() -> None:
    found, heard = local(
        said("200 OK", body=b"cat"), url="http://s3.test:{port}/", resolve=knowing(s3_test="::1 127.0.0.1")
    )
    assert found == b"cat"
    assert b"Host: s3.test:" in heard


@pytest.mark.parametrize("addresses", ["8.8.8.8", "127.0.0.1 8.8.8.8", "192.168.0.1", "64:ff9b::7f00:1"])
def test_what_is_not_wholly_on_the_own_machine_is_beyond_the_loopback_policy(addresses: str) -> None:
    with pytest.raises(FetchNotAllowed):
        local(b"", url="http://cat.test:{port}/", resolve=knowing(cat_test=addresses))


def test_a_name_without_an_address_is_beyond_the_loopback_policy() -> None:
    with pytest.raises(FetchNotAllowed):
        local(b"", url="http://cat.test/", resolve=knowing())


def test_a_redirect_from_the_own_machine_to_elsewhere_is_beyond_the_loopback_policy() -> None:
    with pytest.raises(FetchNotAllowed):
        local(said("302 Found", "Location: http://8.8.8.8/"))


def test_everything_is_beyond_the_policy_that_fetches_nothing() -> None:
    with pytest.raises(FetchNotAllowed):
        local(b"", policy=FetchPolicy.NONE)


@pytest.mark.parametrize("policy", list(FetchPolicy))
def test_sources_know_nothing_of_what_is_beyond_their_policy(tmp_path: Path, policy: FetchPolicy) -> None:
    room = sources.ReferenceFiles(tmp_path, fetch=policy, resolve=knowing(cat_test="127.0.0.1 8.8.8.8"))
    read = room.read("http://cat.test/", own_origin="http://mock", now=0.0)
    if policy is FetchPolicy.PUBLIC:
        with pytest.raises(FetchError, match="private/reserved"):
            asyncio.run(read)
    else:
        assert asyncio.run(read) is None


def test_sources_fetch_and_measure_a_picture(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (4, 3)).save(picture, "PNG")

    async def main() -> int | None:
        async with serving(said("200 OK", body=picture.getvalue()), []) as port:
            url = f"http://127.0.0.1:{port}/cat.png"
            found = await sources.ReferenceFiles(tmp_path, fetch=FetchPolicy.LOOPBACK).read(
                url, own_origin="http://mock", now=0.0
            )
            assert found is not None
            return found.facts.width

    assert asyncio.run(main()) == 4


@pytest.mark.parametrize("url", ["https://cat.test/a?b=c", "http://cat.test:8080/a?b=c", "https://93.184.216.34/a?b=c"])
def test_the_address_that_was_judged_is_asked_by_the_name_that_was_given(url: str) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"cat")

    assert public(url, answer) == b"cat"
    [request] = asked
    given = httpx.URL(url)
    assert request.url == given.copy_with(host=GLOBAL)
    assert request.headers["host"] == given.netloc.decode()
    assert request.extensions["sni_hostname"] == given.host


def test_a_name_that_changes_its_address_after_it_was_judged_gains_nothing() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(200, content=b"cat")

    public("http://cat.test/", answer, resolve=knowing(cat_test=[GLOBAL, "127.0.0.1"]))
    assert asked == [GLOBAL]


def test_each_redirect_is_judged_anew() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": "/again"})

    found = refusal("http://cat.test/", answer, resolve=knowing(cat_test=[GLOBAL, "127.0.0.1"]))
    assert found.reason is FetchFailure.PRIVATE


@pytest.mark.parametrize("location", ["http://169.254.169.254/latest", "//localhost/", "http://[::ffff:10.0.0.1]/"])
def test_a_redirect_to_a_private_address_is_refused(location: str) -> None:
    found = refusal("http://cat.test/", lambda _: httpx.Response(301, headers={"Location": location}))
    assert found.reason is FetchFailure.PRIVATE
    assert str(found).startswith("private/reserved IP addresses not allowed")


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
    found = refusal("http://cat.test/4", answer)
    assert (found.reason, str(found)) == (FetchFailure.UNREACHABLE, "the reference is more than 3 redirects away")


@pytest.mark.parametrize("addresses", ["127.0.0.1", f"{GLOBAL} 10.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1%eth0"])
def test_a_name_is_refused_if_any_of_its_addresses_is_private(addresses: str) -> None:
    found = refusal("http://cat.test/", resolve=knowing(cat_test=addresses))
    assert found.reason is FetchFailure.PRIVATE
    assert str(found) == "private/reserved IP addresses not allowed: cat.test leads to one"


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "printer.local", "[::1]", "a.localhost"])
def test_a_private_host_is_refused_before_anyone_is_asked(host: str) -> None:
    found = refusal(f"http://{host}/", resolve=knowing(printer_local=GLOBAL))
    assert found.reason is FetchFailure.PRIVATE


def test_a_public_address_in_numbers_needs_no_resolver() -> None:
    assert public("http://134744072/", lambda _: httpx.Response(200, content=b"cat"), resolve=knowing()) == b"cat"


@pytest.mark.parametrize("addresses", [None, ""])
def test_a_name_without_an_address_is_refused(addresses: str | None) -> None:
    known = knowing() if addresses is None else knowing(cat_test=addresses)
    found = refusal("http://cat.test/", resolve=known)
    assert (found.reason, str(found)) == (FetchFailure.UNREACHABLE, "cat.test has no address")


def test_a_name_that_no_resolver_can_be_asked_for_is_refused() -> None:
    assert refusal(f"http://{'a' * 70}.test/", resolve=resolve_host).reason is FetchFailure.UNREACHABLE


def test_blanks_around_a_url_do_not_matter() -> None:
    assert public(" http://cat.test/\n", lambda _: httpx.Response(200, content=b"cat")) == b"cat"


@pytest.mark.parametrize(
    ("url", "words"),
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
def test_a_url_that_names_nothing_to_fetch_is_refused(url: str, words: str) -> None:
    found = refusal(url)
    assert found.reason is FetchFailure.BROKEN
    assert words in str(found)
    assert "hush" not in str(found)
    assert len(str(found)) < 400


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "data:,x", "http://me:hush@dog.test/", "http://dog.test:x/"]
)
def test_a_redirect_to_what_may_not_be_asked_for_is_refused(location: str) -> None:
    found = refusal("http://cat.test/", lambda _: httpx.Response(302, headers={"Location": location}))
    assert found.reason is FetchFailure.BROKEN


@pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 500])
def test_any_answer_but_200_is_refused_with_its_status(status: int) -> None:
    found = refusal("http://cat.test/?token=hush", lambda _: httpx.Response(status))
    assert (found.reason, str(found)) == (FetchFailure.UNREACHABLE, f"cat.test answered {status}; expected 200")


def test_content_over_the_limit_is_refused_whether_it_is_announced_or_not() -> None:
    for headers in (["Content-Length: 1001"], ["Content-Length: 999999999999"], []):
        with pytest.raises(FetchError, match="allowed: at most 1000") as caught:
            local(said("200 OK", *headers, body=b"x" * 1001), hang=True)
        assert caught.value.reason is FetchFailure.TOO_LARGE


def test_content_that_is_announced_to_be_too_large_is_not_waited_for() -> None:
    with pytest.raises(FetchError, match="has 1001 bytes") as caught:
        local(said("200 OK", "Content-Length: 1001"), hang=True, seconds=0.5)
    assert caught.value.reason is FetchFailure.TOO_LARGE


def test_content_of_just_the_limit_is_fetched() -> None:
    assert local(said("200 OK", "Content-Length: 1000", body=b"x" * 1000))[0] == b"x" * 1000


def test_packed_content_is_refused_unopened() -> None:
    bomb = gzip.compress(b"\0" * 1_000_000)[:900]
    with pytest.raises(FetchError, match="encoded as 'gzip'; allowed: identity"):
        local(said("200 OK", "Content-Encoding: gzip", body=bomb))


def test_a_server_that_says_nothing_is_given_up() -> None:
    with pytest.raises(FetchError, match=r"took more than 0\.2 seconds") as caught:
        local(b"", hang=True, seconds=0.2)
    assert caught.value.reason is FetchFailure.UNREACHABLE


def test_a_resolver_that_says_nothing_is_given_up() -> None:
    async def silent(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    assert refusal("http://cat.test/", resolve=silent, seconds=0.05).reason is FetchFailure.UNREACHABLE


@pytest.mark.parametrize("reply", [b"", b"SSH-2.0-OpenSSH\r\n", said("200 OK", "Content-Length: 9", body=b"cat")])
def test_an_answer_that_is_no_http_or_ends_early_is_refused(reply: bytes) -> None:
    with pytest.raises(FetchError, match="can't be read") as caught:
        local(reply)
    assert caught.value.reason is FetchFailure.UNREACHABLE


def test_the_next_address_is_asked_where_one_does_not_answer() -> None:
    asked: list[tuple[str, float]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.host, request.extensions["timeout"]["connect"]))
        if request.url.host == "8.8.8.8":
            raise httpx.ConnectTimeout("")
        return httpx.Response(200, content=b"cat")

    assert public("http://cat.test/", answer, resolve=knowing(cat_test=f"8.8.8.8 {GLOBAL}"), seconds=4.0) == b"cat"
    assert asked == [("8.8.8.8", 2.0), (GLOBAL, 2.0)]


def test_a_host_that_can_not_be_connected_to_is_refused() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("")

    found = refusal("http://cat.test/", answer, resolve=knowing(cat_test=f"8.8.8.8 {GLOBAL}"))
    assert (found.reason, str(found)) == (FetchFailure.UNREACHABLE, "the reference can't be read: ConnectTimeout")


def test_the_environment_is_not_asked_for_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert local(said("200 OK", body=b"cat"))[0] == b"cat"


def test_a_certificate_is_demanded_and_compared_with_the_name() -> None:
    transport = direct_transport()
    assert isinstance(transport, httpx.AsyncHTTPTransport)
    context = transport._pool._ssl_context
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_the_environment_is_not_asked_for_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "none.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    fetching._ssl_context.cache_clear()
    direct_transport()


def test_what_a_url_says_behind_its_host_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    local(said("200 OK", body=b"cat"), path="/hush?token=hush")
    assert "hush" not in caplog.text


def test_the_system_resolver_gives_each_address_once() -> None:
    assert asyncio.run(resolve_host("127.0.0.1", 80)) == ["127.0.0.1"]


def test_httpx_is_not_loaded_before_something_is_fetched() -> None:
    asked = "import sys, seedmock_server.references.files; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_only_so_many_references_are_fetched_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0

    async def fetching_slowly(url: str, **options: Any) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        raise FetchNotAllowed

    monkeypatch.setattr(sources, "fetch", fetching_slowly)

    async def main() -> None:
        room = sources.ReferenceFiles(tmp_path, fetch=FetchPolicy.PUBLIC)
        work = [room.read("http://cat.test/", own_origin="http://mock", now=0.0) for _ in range(30)]
        assert await asyncio.gather(*work) == [None] * 30

    asyncio.run(main())
    assert most == sources.JOURNEYS
