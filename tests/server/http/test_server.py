"""Starting and stopping the server: in a thread, in a process, on free and on taken ports."""

import asyncio
import gc
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import trustme

from seedmock_server.http import server as server_module
from seedmock_server.http.asgi import lifespan
from seedmock_server.http.guarded_protocol import ConnectionLimits
from seedmock_server.http.server import ListenError, PortInUse, run, serve_in_thread, tune_garbage_collector


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer `ok`; `/slow` takes a moment, `/never` for ever."""
    assert scope["type"] == "http"
    if scope["path"] != "/":
        await asyncio.sleep(0.3 if scope["path"] == "/slow" else 3600)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def test_the_server_accepts_inside_the_block_and_not_after_it() -> None:
    with serve_in_thread(app) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert httpx.get(server.url).text == "ok"
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)
    assert not any(thread.name == f"seedmock {server.url}" for thread in threading.enumerate())


def test_the_server_runs_beside_the_event_loop_of_its_caller() -> None:
    async def main() -> str:
        with serve_in_thread(app) as server:
            async with httpx.AsyncClient() as client:
                return (await client.get(server.url)).text

    assert asyncio.run(main()) == "ok"


def test_two_servers_run_side_by_side() -> None:
    with serve_in_thread(app) as first, serve_in_thread(app) as second:
        assert first.port != second.port
        assert httpx.get(first.url).text == httpx.get(second.url).text == "ok"


def test_a_port_is_free_again_after_its_server() -> None:
    with serve_in_thread(app) as server:
        assert httpx.get(server.url).text == "ok"
    with serve_in_thread(app, port=server.port) as again:
        assert httpx.get(again.url).text == "ok"


def test_an_error_in_the_block_stops_the_server_and_passes_through() -> None:
    with pytest.raises(ZeroDivisionError), serve_in_thread(app) as server:
        raise ZeroDivisionError
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_the_error_of_a_taken_port_says_what_to_do() -> None:
    with (
        serve_in_thread(app) as server,
        pytest.raises(PortInUse, match="choose another") as caught,
        serve_in_thread(app, port=server.port),
    ):
        pytest.fail("two servers share a port")
    assert caught.value.port == server.port


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("no host", 0), ("127.0.0.1", 70_000), ("x" * 300, 0)])
def test_an_address_of_another_machine_is_rejected(host: str, port: int) -> None:
    with pytest.raises(ListenError, match="cannot listen on"), serve_in_thread(app, host=host, port=port):
        pytest.fail("it listens")


@pytest.mark.parametrize(("host", "shown"), [("localhost", "localhost"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])
def test_the_url_can_be_opened_whatever_the_host(host: str, shown: str) -> None:
    if ":" in host and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    with serve_in_thread(app, host=host) as server:
        assert server.url == f"http://{shown}:{server.port}"
        assert httpx.get(server.url).text == "ok"


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_a_failed_startup_of_the_app_is_raised() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": ""})

    with pytest.raises(RuntimeError, match="did not start"), serve_in_thread(broken):
        pytest.fail("it runs")


def test_stopping_finishes_responses_under_way() -> None:
    answers: list[str] = []
    with serve_in_thread(app) as server:
        thread = request_in_thread(server.url + "/slow", answers)
    thread.join()
    assert answers == ["ok"]


def test_stopping_aborts_responses_after_the_grace(caplog: pytest.LogCaptureFixture) -> None:
    answers: list[str] = []
    with serve_in_thread(app, limits=ConnectionLimits(grace_seconds=0.1)) as server:
        thread = request_in_thread(server.url + "/never", answers)
    thread.join()
    assert answers == ["RemoteProtocolError"]
    assert caplog.records == []


def request_in_thread(url: str, answers: list[str]) -> threading.Thread:
    """Send a request in a thread, and return once the server has it."""
    connected = threading.Event()

    def send() -> None:
        with httpx.Client(event_hooks={"request": [lambda _: connected.set()]}) as client:
            try:
                answers.append(client.get(url, timeout=10).text)
            except httpx.HTTPError as error:
                answers.append(type(error).__name__)

    thread = threading.Thread(target=send)
    thread.start()
    connected.wait()
    threading.Event().wait(0.1)
    return thread


PROGRAM = """
import asyncio
from seedmock_server.http import server as server_module
from seedmock_server.http.asgi import lifespan
from seedmock_server.http.guarded_protocol import ConnectionLimits
from seedmock_server.http.server import PortInUse, run

async def app(scope, receive, send):
    assert scope["type"] == "http"
    if scope["path"] == "/slow":
        print("received", flush=True)
        await asyncio.sleep(0.3)
    if scope["path"] == "/never":
        await asyncio.sleep(3600)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})

run(app, port=0, limits=ConnectionLimits(grace_seconds=2), on_ready=lambda url: print(url, flush=True))
print("stopped", flush=True)
"""


@contextmanager
def process() -> Iterator[tuple["subprocess.Popen[str]", str]]:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        try:
            yield child, child.stdout.readline().strip()
        finally:
            child.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_program_without_output(number: signal.Signals) -> None:
    with process() as (child, url):
        assert httpx.get(url).text == "ok"
        child.send_signal(number)
        assert child.communicate(timeout=10) == ("stopped\n", "")
        assert child.returncode == 0


def test_a_signal_lets_responses_under_way_finish() -> None:
    answers: list[str] = []
    with process() as (child, url):
        thread = request_in_thread(url + "/slow", answers)
        assert child.stdout is not None
        assert child.stdout.readline() == "received\n"
        child.send_signal(signal.SIGTERM)
        assert child.communicate(timeout=10) == ("stopped\n", "")
        thread.join()
        assert (answers, child.returncode) == (["ok"], 0)


def test_a_second_ctrl_c_aborts_at_once() -> None:
    answers: list[str] = []
    with process() as (child, url):
        thread = request_in_thread(url + "/never", answers)
        child.send_signal(signal.SIGINT)
        threading.Event().wait(0.3)
        child.send_signal(signal.SIGINT)
        assert child.communicate(timeout=1.5) == ("stopped\n", "")
        thread.join()
        assert (answers, child.returncode) == (["RemoteProtocolError"], 0)


def test_run_reports_its_url_and_restores_the_signal_handlers(restored_gc: None) -> None:
    urls: list[str] = []
    before = signal.getsignal(signal.SIGTERM)

    def stop(url: str) -> None:
        urls.append(url)
        signal.raise_signal(signal.SIGTERM)

    run(app, port=0, on_ready=stop)
    assert urls[0].startswith("http://127.0.0.1:")
    assert signal.getsignal(signal.SIGTERM) is before


def test_run_needs_no_callback(restored_gc: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "seedmock_server.http.server.tune_garbage_collector", lambda: signal.raise_signal(signal.SIGINT)
    )
    run(app, port=0)


@pytest.fixture
def restored_gc() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.slow
def test_tuning_freezes_what_start_up_made_and_looks_seldom(restored_gc: None) -> None:
    before = gc.get_threshold()
    tune_garbage_collector()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold() > before


def test_a_server_that_does_not_stop_is_reported_after_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "STOP_SECONDS", 0.0)
    hold = threading.Event()

    async def hang() -> None:
        hold.wait(30)

    async def stubborn(scope: Any, receive: Any, send: Any) -> None:
        await lifespan(receive, send, hang)

    server = serve_in_thread(stubborn, limits=ConnectionLimits(grace_seconds=0.01))
    url = server.__enter__().url
    thread = next(thread for thread in threading.enumerate() if thread.name == f"seedmock {url}")
    with pytest.raises(RuntimeError, match=r"did not stop within 0\.01 s"):
        server.__exit__(None, None, None)
    hold.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_stopping_server_waits_for_no_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "TICK_SECONDS", 60.0)
    monkeypatch.setattr(server_module, "STOP_SECONDS", 5.0)
    with serve_in_thread(app, limits=ConnectionLimits(grace_seconds=0)) as server:
        assert httpx.get(server.url).text == "ok"


def tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server for localhost, and of a client that trusts it."""
    authority = trustme.CA()
    context, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(trust)
    return context, trust


def test_a_client_that_idles_on_a_tls_connection_holds_up_no_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "STOP_SECONDS", -15.0)
    context, trust = tls_contexts()
    with (
        httpx.Client(verify=trust) as client,
        serve_in_thread(app, limits=ConnectionLimits(grace_seconds=20)) as server,
    ):
        port = server.listen_tls(context)
        assert client.get(f"https://localhost:{port}").text == "ok"


def test_aborted_connections_are_closed_when_the_call_returns() -> None:
    # Otherwise a client that sends its next request at once still uses one of them, and loses it.
    context, trust = tls_contexts()
    with serve_in_thread(app) as server, httpx.Client(verify=trust) as client:
        port = server.listen_tls(context)
        for _ in range(3):
            assert client.get(f"https://localhost:{port}").text == "ok"

            async def open_after_abort() -> int:
                await server._server.abort_tls()
                return len(server._server.server_state.connections)

            loop = server._server._loop
            assert loop is not None
            assert asyncio.run_coroutine_threadsafe(open_after_abort(), loop).result(10) == 0
