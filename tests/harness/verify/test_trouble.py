"""What cannot be looked at is never green: one clear sentence, and exit code 3."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.upstreams import NAMES
from seedmock_harness.results.verification import FactStatus, VerificationVerdict
from seedmock_server import serve

CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg18BUDxdil8ZTh2n8
h1Tb3PBPbbRrNi1O2quPb784SfWhRANCAAQ22P6mXNPyRkP0pBWr0nH6Z4vOqfMX
ZCP2KWoUZL0FHwaCbV8n76P/M5AEAky4B0IPXB5eO966fb9PH9SdxwvX
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBfjCCASWgAwIBAgIUVFVQG+SmV1BYZv92nANcHYW1FYEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjAyMTYyNloYDzIxMjYxMDI5
MDIxNjI2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQ22P6mXNPyRkP0pBWr0nH6Z4vOqfMXZCP2KWoUZL0FHwaCbV8n76P/
M5AEAky4B0IPXB5eO966fb9PH9SdxwvXo1MwUTAdBgNVHQ4EFgQU/GNkKjFRf1J1
SwTV+sjkePa6PV0wHwYDVR0jBBgwFoAU/GNkKjFRf1J1SwTV+sjkePa6PV0wDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBF+fKPeSHWqPHhah3vhieB
pfAUaKPaeY1pR9INjWA+cgIgeQR3up9VK7OKmmVEzYFy5+v4Wrdt+pRVq/C3Xe2F
dyg=
-----END CERTIFICATE-----
"""
"""Signed by nobody, for localhost; its key is a secret of nobody's."""
HTML = "<!DOCTYPE html><html><body>Welcome</body></html>"


@pytest.fixture(params=NAMES)
def upstream(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _nothing(found: Any) -> str:
    assert found.verdict is VerificationVerdict.COULD_NOT_LOOK
    assert found.findings == ()
    assert {seen.status for seen in found.facts} == {FactStatus.NOT_LOOKED}
    assert all(found.problem in seen.detail for seen in found.facts)
    return str(found.problem)


def test_a_place_where_nobody_is(command: Any, upstream: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = command("--upstream", upstream, "--base-url", f"http://127.0.0.1:{port}", "--api-key", "sk_secret")
    assert told.exit_code == 3, told.output
    assert f"http://127.0.0.1:{port} cannot be reached" in told.output
    assert "could-not-look" in told.output
    assert "sk_secret" not in told.output


def test_a_certificate_that_cannot_be_trusted(command: Any, upstream: str, insecure: str) -> None:
    told = command("--upstream", upstream, "--base-url", insecure, "--api-key", "k")
    assert told.exit_code == 3, told.output
    assert "TLS" in told.output


def test_tls_that_is_spoken_to_someone_who_speaks_none(command: Any, upstream: str) -> None:
    with serve(pace="instant") as server:
        told = command("--upstream", upstream, "--base-url", server.url.replace("http:", "https:"), "--api-key", "k")
    assert told.exit_code == 3, told.output
    assert "in the way: https://127.0.0.1" in told.output


def test_html_everywhere(verified: Any, told: Any, upstream: str) -> None:
    trouble = _nothing(verified(upstream, told(200, HTML, "text/html")))
    assert trouble.startswith("HTML everywhere: this is not ")


def test_a_proxy_s_error_page_everywhere(verified: Any, told: Any, upstream: str) -> None:
    assert "HTML everywhere" in _nothing(verified(upstream, told(502, HTML, "text/html")))


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, {"detail": "Not Found"}), (200, {"hello": "world"}), (405, {"detail": "Method Not Allowed"}), (200, [])],
)
def test_another_api(verified: Any, told: Any, upstream: str, status: int, body: Any) -> None:
    trouble = _nothing(verified(upstream, told(status, body)))
    assert "another API" in trouble or "everywhere" in trouble


@pytest.mark.parametrize("key", ["sk_mock_invalid_1", "sk_mock_forbidden_1"])
def test_a_key_without_rights(command: Any, upstream: str, key: str) -> None:
    with serve(pace="instant") as server:
        told = command("--upstream", upstream, "--base-url", server.url, "--api-key", key, "--budget", "1")
    assert told.exit_code == 3, told.output
    assert "the key was refused" in told.output
    assert key not in told.output


def test_an_exhausted_balance(command: Any, upstream: str) -> None:
    with serve(pace="instant") as server:
        options = ("--base-url", server.url, "--api-key", "sk_mock_nocredit_1", "--budget", "1", "--only", "text")
        told = command("--upstream", upstream, *options)
    assert told.exit_code == 3, told.output
    assert "the balance of the key is exhausted" in told.output
    assert "0 tasks, 0" in told.output


def test_steps_that_nobody_pays_for_are_not_green(command: Any, upstream: str) -> None:
    with serve(pace="instant") as server:
        told = command("--upstream", upstream, "--base-url", server.url, "--api-key", "k", "--only", "minimal")
    assert told.exit_code == 3, told.output
    assert "nothing was looked at: the steps cost 0." in told.output
    assert "give --budget" in told.output


def test_a_target_that_goes_away_half_way(world_of: Callable[..., Any], verified: Any, upstream: str) -> None:
    from seedmock_harness.driver.http_transport import NoResponse

    with world_of(pace="fast") as world:

        def leaving(send: Any) -> Any:
            def asked(method: str, url: str, **more: Any) -> Any:
                if len(world.ordered) == 1 and method == "GET":
                    raise NoResponse("http://elsewhere.test did not answer in time", sent=True)
                return send(method, url, **more)

            return asked

        found = verified(upstream, world.wrapped(leaving), only=("text", "image"))
    assert found.verdict is VerificationVerdict.COULD_NOT_LOOK
    assert found.problem == "http://elsewhere.test did not answer in time"
    assert found.tasks == tuple(world.ordered)
    assert found.resumable


def test_answers_that_no_check_is_ready_for(world_of: Callable[..., Any], verified: Any, upstream: str) -> None:
    with world_of() as world:

        def crashing(send: Any) -> Any:
            def asked(method: str, url: str, **more: Any) -> Any:
                if world.ordered:
                    raise RecursionError("too deep")
                return send(method, url, **more)

            return asked

        found = verified(upstream, world.wrapped(crashing), only=("text",))
    assert found.verdict is VerificationVerdict.COULD_NOT_LOOK
    assert "step text broke off: RecursionError" in found.problem
    assert found.tasks == tuple(world.ordered)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "Missing option '--upstream'. Choose from"),
        (("--upstream", "sora"), "'opeai'"),
        (("--upstream", "opeai", "--base-url", "nowhere"), "is no base URL"),
        (("--upstream", "opeai", "--base-url", "ftp://host"), "is no base URL"),
        (("--upstream", "opeai", "--base-url", "http://host:99999"), "is no base URL"),
        (("--upstream", "opeai", "--base-url", "http://u:p@host"), "is no base URL"),
        (("--upstream", "opeai", "--only", "everything"), "there is no step 'everything'; allowed: free"),
        (("--upstream", "opeai", "--report", "report.doc"), "allowed: .json"),
        (("--upstream", "opeai", "--report", "no/such/folder/report.json"), "cannot be written there"),
        (("--upstream", "opeai", "--token-price", "cheap"), "is no amount"),
        (("--upstream", "opeai", "--variant", "opeai.status"), "allowed: ID=OPTION"),
        (("--upstream", "opeai", "--variant", "opeai.status=loud"), "allowed: documented, openai"),
    ],
)
def test_options_that_cannot_be(command: Any, options: tuple[str, ...], says: str) -> None:
    told = command(*options, SEEDMOCK_API_KEY="k")
    assert told.exit_code == 2, told.output
    assert says in " ".join(told.output.split())


def test_a_stranger_needs_a_key(command: Any) -> None:
    told = command("--upstream", "opeai", "--base-url", "http://127.0.0.1:9")
    assert told.exit_code == 2
    assert "SEEDMOCK_API_KEY" in told.output


def test_isolation_is_not_looked_at_without_a_second_key(command: Any, report: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "report.json")
    with serve(pace="instant") as server:
        options = ("--base-url", server.url, "--report", path, "--only", "text", "--budget", "1")
        assert command("--upstream", "apimodels", *options, SEEDMOCK_API_KEY="a").exit_code == 0
        without = {fact["id"]: fact for fact in report()["facts"]}
        pair = {"SEEDMOCK_API_KEY": "a", "SEEDMOCK_SECOND_API_KEY": "b"}
        assert command("--upstream", "apimodels", *options, **pair).exit_code == 0
    more = {id_ for id_, fact in without.items() if fact["verdict"] == "not-looked"}
    found = {fact["id"] for fact in report()["facts"] if fact["verdict"] == "confirmed"} & more
    assert found, "the second key shows nothing new"


@pytest.fixture(scope="session")
def insecure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that shows a certificate which nobody has signed."""
    folder = tmp_path_factory.mktemp("tls")
    (folder / "both.pem").write_text(CERTIFICATE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    with _answering(context) as port:
        yield f"https://127.0.0.1:{port}"


@contextmanager
def _answering(context: ssl.SSLContext) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
