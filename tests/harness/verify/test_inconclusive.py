"""A target that cannot be checked is never green: one clear sentence, and exit code 3."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import Result

from seedmock_harness.driver.http_transport import NoResponse
from seedmock_harness.results.verification import FactStatus, Verification, VerificationVerdict
from seedmock_harness.verify.target import Target
from seedmock_server import serve

if TYPE_CHECKING:
    from .conftest import OpenEmulator, Send, Verify

Run = Callable[..., Result]
StaticTarget = Callable[..., Target]
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
"""Self-signed, for localhost; the key is public."""
HTML = "<!DOCTYPE html><html><body>Welcome</body></html>"


def problem_of(verification: Verification) -> str:
    """Return the problem of a verification that could not check anything."""
    assert verification.verdict is VerificationVerdict.INCONCLUSIVE
    assert verification.findings == ()
    assert {fact.status for fact in verification.facts} == {FactStatus.NOT_CHECKED}
    assert all(verification.problem in fact.detail for fact in verification.facts)
    return str(verification.problem)


def test_unreachable_target(run_verify: Run, upstream: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    result = run_verify("--upstream", upstream, "--base-url", f"http://127.0.0.1:{port}", "--api-key", "sk_secret")
    assert result.exit_code == 3, result.output
    assert f"http://127.0.0.1:{port} cannot be reached" in result.output
    assert "inconclusive" in result.output
    assert "sk_secret" not in result.output


def test_untrusted_certificate(run_verify: Run, upstream: str, self_signed_url: str) -> None:
    result = run_verify("--upstream", upstream, "--base-url", self_signed_url, "--api-key", "k")
    assert result.exit_code == 3, result.output
    assert "TLS" in result.output


def test_https_to_a_plain_http_server(run_verify: Run, upstream: str) -> None:
    with serve(pace="instant", seed=3) as server:
        url = server.url.replace("http:", "https:")
        result = run_verify("--upstream", upstream, "--base-url", url, "--api-key", "k")
    assert result.exit_code == 3, result.output
    assert "problem: https://127.0.0.1" in result.output


def test_html_for_every_request(verify_target: Verify, static_target: StaticTarget, upstream: str) -> None:
    problem = problem_of(verify_target(upstream, static_target(200, HTML, "text/html")))
    assert problem.startswith("every response is HTML: this is not ")


def test_proxy_error_page_for_every_request(verify_target: Verify, static_target: StaticTarget, upstream: str) -> None:
    problem = problem_of(verify_target(upstream, static_target(502, HTML, "text/html")))
    assert "every response is HTML" in problem


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, {"detail": "Not Found"}), (200, {"hello": "world"}), (405, {"detail": "Method Not Allowed"}), (200, [])],
)
def test_another_api(verify_target: Verify, static_target: StaticTarget, upstream: str, status: int, body: Any) -> None:
    problem = problem_of(verify_target(upstream, static_target(status, body)))
    assert "another API" in problem or "every response" in problem


@pytest.mark.parametrize("key", ["sk_mock_invalid_1", "sk_mock_forbidden_1"])
def test_key_without_permission(run_verify: Run, upstream: str, key: str) -> None:
    with serve(pace="instant", seed=3) as server:
        result = run_verify("--upstream", upstream, "--base-url", server.url, "--api-key", key, "--budget", "1")
    assert result.exit_code == 3, result.output
    assert "the key was rejected" in result.output
    assert key not in result.output


def test_exhausted_balance(run_verify: Run, upstream: str) -> None:
    with serve(pace="instant", seed=3) as server:
        options = ("--base-url", server.url, "--api-key", "sk_mock_nocredit_1", "--budget", "1", "--only", "text")
        result = run_verify("--upstream", upstream, *options)
    assert result.exit_code == 3, result.output
    assert "the balance of the key is exhausted" in result.output
    assert "0 tasks, 0" in result.output


def test_steps_beyond_the_budget_are_not_green(run_verify: Run, upstream: str) -> None:
    with serve(pace="instant", seed=3) as server:
        options = ("--base-url", server.url, "--api-key", "k", "--only", "minimal")
        result = run_verify("--upstream", upstream, *options)
    assert result.exit_code == 3, result.output
    assert "nothing was checked: the steps cost 0." in result.output
    assert "set --budget" in result.output


def test_target_that_disappears_during_the_run(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str
) -> None:
    with open_emulator(pace="fast") as emulator:

        def disappearing(send: Send) -> Send:
            def wrapped(method: str, url: str, **arguments: Any) -> Any:
                if len(emulator.created_tasks) == 1 and method == "GET":
                    raise NoResponse("http://live.test did not answer in time", may_have_arrived=True)
                return send(method, url, **arguments)

            return wrapped

        verification = verify_target(upstream, emulator.with_send(disappearing), only=("text", "image"))
        created = tuple(emulator.created_tasks)
    assert verification.verdict is VerificationVerdict.INCONCLUSIVE
    assert verification.problem == "http://live.test did not answer in time"
    assert verification.tasks == created
    assert verification.resumable


@pytest.mark.parametrize("lost", [1, 2])
def test_free_question_is_sent_once_more_when_its_response_is_lost(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str, lost: int
) -> None:
    with open_emulator(pace="fast") as emulator:
        questions: list[bytes] = []

        def losing(send: Send) -> Send:
            def wrapped(method: str, url: str, **arguments: Any) -> Any:
                response = send(method, url, **arguments)
                if method == "POST" and len(questions) < lost and "video" in url:
                    questions.append(arguments["content"])
                    raise NoResponse("http://live.test closed the connection", may_have_arrived=True)
                return response

            return wrapped

        verification = verify_target(upstream, emulator.with_send(losing), only=("free",))
        created = tuple(emulator.created_tasks)
    assert len(questions) == lost
    assert len(set(questions)) == 1
    assert not created
    if lost == 1:
        assert verification.verdict is VerificationVerdict.CONFORMS
    else:
        assert verification.verdict is VerificationVerdict.INCONCLUSIVE
        assert verification.problem == "http://live.test closed the connection"


def test_crash_within_a_step_keeps_the_ids_of_paid_tasks(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str
) -> None:
    with open_emulator() as emulator:

        def crashing(send: Send) -> Send:
            def wrapped(method: str, url: str, **arguments: Any) -> Any:
                if emulator.created_tasks:
                    raise RecursionError("too deep")
                return send(method, url, **arguments)

            return wrapped

        verification = verify_target(upstream, emulator.with_send(crashing), only=("text",))
        created = tuple(emulator.created_tasks)
    assert verification.verdict is VerificationVerdict.INCONCLUSIVE
    assert "step text failed: RecursionError" in verification.problem
    assert verification.tasks == created


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "Missing option '--upstream'. Choose from"),
        (("--upstream", "sora"), "'opeai'"),
        (("--upstream", "opeai", "--base-url", "nowhere"), "is not a base URL"),
        (("--upstream", "opeai", "--base-url", "ftp://host"), "is not a base URL"),
        (("--upstream", "opeai", "--base-url", "http://host:99999"), "is not a base URL"),
        (("--upstream", "opeai", "--base-url", "http://u:p@host"), "is not a base URL"),
        (("--upstream", "opeai", "--only", "everything"), "unknown step 'everything'; available: free"),
        (("--upstream", "opeai", "--report", "report.doc"), "unknown format '.doc'; available: .json"),
        (("--upstream", "opeai", "--report", "no/such/folder/report.json"), "not writable"),
        (("--upstream", "opeai", "--token-price", "cheap"), "is not an amount"),
        (("--upstream", "opeai", "--variant", "opeai.status"), "allowed: ID=OPTION"),
        (("--upstream", "opeai", "--variant", "opeai.status=loud"), "allowed: documented, openai"),
    ],
)
def test_invalid_options(run_verify: Run, options: tuple[str, ...], message: str) -> None:
    result = run_verify(*options, SEEDMOCK_API_KEY="k")
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.output.split())


def test_base_url_requires_a_key(run_verify: Run) -> None:
    result = run_verify("--upstream", "opeai", "--base-url", "http://127.0.0.1:9")
    assert result.exit_code == 2
    assert "SEEDMOCK_API_KEY" in result.output


def test_isolation_is_checked_only_with_a_second_key(
    run_verify: Run, read_report: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    path = str(tmp_path / "report.json")
    with serve(pace="instant", seed=3) as server:
        options = ("--base-url", server.url, "--report", path, "--only", "text", "--budget", "1")
        assert run_verify("--upstream", "apimodels", *options, SEEDMOCK_API_KEY="a").exit_code == 0
        one_key = {fact["id"]: fact for fact in read_report()["facts"]}
        keys = {"SEEDMOCK_API_KEY": "a", "SEEDMOCK_SECOND_API_KEY": "b"}
        assert run_verify("--upstream", "apimodels", *options, **keys).exit_code == 0
    unchecked = {id_ for id_, fact in one_key.items() if fact["status"] == "not-checked"}
    confirmed = {fact["id"] for fact in read_report()["facts"] if fact["status"] == "confirmed"}
    assert confirmed & unchecked, "the second key checks nothing more"


@pytest.fixture(scope="session")
def self_signed_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server with a self-signed certificate."""
    folder = tmp_path_factory.mktemp("tls")
    (folder / "both.pem").write_text(CERTIFICATE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    with _tls_server(context) as port:
        yield f"https://127.0.0.1:{port}"


@contextmanager
def _tls_server(context: ssl.SSLContext) -> Iterator[int]:
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
