"""SEEDMOCK_URL: the plugin and `mocked` against a server that others use as well."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from seedmock_client import GenerationRequest
from seedmock_server.app import App
from seedmock_server.control_client import ControlClient
from seedmock_server.http.server import serve_in_thread
from seedmock_server.settings import parse_settings
from seedmock_server.testing import mocked, shared_server
from seedmock_server.testing.accounts import LocalAccount, SharedServerError
from seedmock_server.testing.emulators import EmulatorPool, run_emulator
from seedmock_server.testing.shared_server import SharedServer
from seedmock_server.testing.upstreams import EmulatedUpstreams

pytest_plugins = ["pytester"]
Run = Callable[..., pytest.RunResult]
TOKEN = "shared-token"

TESTS = """
    import os

    import pytest

    from seedmock_client import GenerationRequest

    ORDER = GenerationRequest(prompt="A boat", size="1280x720", seconds=4)

    @pytest.fixture
    def task(mock_upstreams, mock_clock):
        assert mock_upstreams.url == os.environ["SEEDMOCK_URL"] == os.environ["SEEDMOCK_BASE_URL"]
        with mock_upstreams.client("opeai") as client:
            return client.create(ORDER)

    @pytest.fixture(params=range(2), autouse=True)
    def twice(request):
        pass

    def test_journal_and_ledger(task, tmp_path, mock_upstreams, mock_clock, mock_journal, mock_ledger):
        assert [each.id for each in mock_journal.tasks] == [task.task_id]
        assert mock_ledger.on_hold > 0
        mock_clock.next(), mock_clock.advance("15m")
        with mock_upstreams.client("opeai") as client:
            client.download(client.wait(task), tmp_path / "boat.mp4")
        mock_journal.assert_submitted_once()
        mock_journal.assert_polls(at_least=1, at_most=3)
        mock_journal.assert_downloaded()
        mock_journal.assert_never_polled_after_end()
        mock_journal.assert_no_violations()
        mock_ledger.assert_charged_once()
        mock_journal.forget()
        assert mock_journal.exchanges == mock_journal.tasks == []

    def test_fates(mock_fates, task, mock_clock, mock_journal, mock_ledger):
        assert len(mock_journal.submissions) == 1

    @pytest.mark.upstream(fate="moderated after=5s", credit="3.5")
    def test_marker(task, mock_clock, mock_ledger, mock_journal):
        mock_clock.advance(5)
        mock_ledger.assert_spend("0.00")
        assert str(mock_ledger.statement.as_json["upstreams"]["opeai"]["remaining"]) == "3.5"
        with pytest.raises(AssertionError, match="no task has succeeded"):
            mock_journal.assert_downloaded()

    @pytest.mark.upstream(fault="status code=502")
    def test_fault(mock_upstreams, mock_faults):
        import httpx
        url = mock_upstreams.base_url("opeai") + "/models"
        headers = {"Authorization": "Bearer " + mock_upstreams.api_key}
        assert httpx.get(url, headers=headers, trust_env=False).status_code == 502
        mock_faults.clear()
        assert httpx.get(url, headers=headers, trust_env=False).status_code == 200
"""


@pytest.fixture
def app() -> App:
    return App(parse_settings({"pace": "fast", "seed": 1, "control_token": TOKEN}))


@pytest.fixture
def url(app: App, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a shared server, which SEEDMOCK_URL names."""
    with serve_in_thread(app) as server:
        monkeypatch.setenv("SEEDMOCK_URL", server.url)
        monkeypatch.setenv("SEEDMOCK_CONTROL_TOKEN", TOKEN)
        yield server.url


@pytest.fixture
def control(url: str) -> Iterator[ControlClient]:
    with ControlClient(url, TOKEN) as control:
        yield control


def test_a_suite_runs_against_a_shared_server_and_leaves_nothing_there(run: Run, control: ControlClient) -> None:
    control.clock.advance("1h")
    before = control.clock.read()
    run(TESTS, "-p", "no:cacheprovider").assert_outcomes(passed=8)
    assert control.tasks().total == control.journal().total == 0
    assert control.ledger().statements == []
    after = control.clock.read()
    assert (after.accounts, after.rate) == ({}, before.rate)
    assert before.now <= after.now < before.now + 600  # no test has moved the clock of others


def test_the_same_test_of_two_jobs_has_two_keys(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = []
    for job in ("", "", "ci-1", "ci-1", "ci-2"):
        monkeypatch.setenv("SEEDMOCK_JOB", job)
        with EmulatorPool() as emulators:
            keys.append(EmulatedUpstreams(emulators.get(), "test_boat").api_key)
    assert len(set(keys)) == 4
    assert keys[2] == keys[3]


def test_a_clock_of_ones_own_is_not_moved_by_others(control: ControlClient) -> None:
    with mocked("mine", frozen=False) as upstreams:
        before = upstreams.clock.now()
        control.clock.advance("1h")
        assert upstreams.clock.now() < before + 600
        assert "at rate 1" in repr(upstreams.clock)
        with pytest.raises(ValueError, match="nothing is due"):
            upstreams.clock.next()
        with pytest.raises(ValueError, match="later time"):
            upstreams.clock.set(0)
        with pytest.raises(ValueError, match="credit"):
            upstreams.ledger.grant("-1")
    assert control.clock.read().accounts == {}


def test_a_shared_server_and_one_of_this_process_show_the_same(tmp_path: Path) -> None:
    with run_emulator(seed=1) as emulator, closing(SharedServer(emulator.url, job="job")) as server:
        shared = EmulatedUpstreams(server, "boat")
        local = LocalAccount(emulator.app.context, emulator.server.settle, shared.account)
        shared.clock.freeze_at()
        shared.fates.moderated(after="5s", times=1)
        with shared.client("opeai") as client:
            orders = [GenerationRequest(prompt="A boat", size="1280x720", seconds=4)] * 3
            tasks = [client.create(order) for order in orders]
            shared.clock.next()
            shared.clock.advance("1h")
            client.download(client.wait(tasks[2]), tmp_path / "boat.mp4")
        remote = shared._account
        comparable = [entry._replace(server="", seconds=0.0) for entry in local.exchanges()]
        assert list(remote.exchanges()) == comparable
        assert comparable[-1].download is not None
        assert remote.statement() == local.statement()
        assert remote.statuses() == local.statuses()
        assert remote.reading() == local.reading()
        assert [task.id for task in remote.tasks()] == [task.id for task in local.tasks()]


@pytest.mark.parametrize("page", [1, 2, 3])
def test_long_journals_come_in_pages(page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_server, "PAGE", page)
    with run_emulator(seed=1) as emulator, closing(SharedServer(emulator.url)) as server:
        shared = EmulatedUpstreams(server, "boat")
        with shared.client("opeai") as client:
            for _ in range(3):
                client.create(GenerationRequest(prompt="A boat", size="1280x720", seconds=4))
        assert len(shared.journal) == len({task.id for task in shared.journal.tasks}) == 3


# --- what is wrong with a server ---


def failure(url: str, token: str | None = None) -> str:
    with pytest.raises(SharedServerError) as caught:
        SharedServer(url, token)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith("or unset SEEDMOCK_URL to test with an emulator of your own")
    return message


def test_no_server_at_the_address() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert re.match(
            rf"no emulator answers at SEEDMOCK_URL={url} \(.+refused.*\): start that server, or", failure(url)
        )
    assert "allowed: an address such as http://127.0.0.1:8000" in failure("localhost:8000")


def test_another_version(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_server, "__version__", "0.0.1")
    assert "and this is 0.0.1: install the same version on both sides" in failure(url, TOKEN)


@pytest.mark.parametrize("token", [None, "wrong"])
def test_the_control_token_is_needed(url: str, token: str | None) -> None:
    message = failure(url, token)
    assert "needs its control token: set SEEDMOCK_CONTROL_TOKEN to that of `serve --control-token`" in message
    assert "wrong" not in message


def test_another_program_at_the_address() -> None:
    async def other(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"hi"})

    with serve_in_thread(other) as server:
        assert "is not a seedmock control API" in failure(server.url)


def test_a_suite_fails_with_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDMOCK_URL", "http://127.0.0.1:9")
    result = run("def test_one(mock_upstreams): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["no emulator answers at SEEDMOCK_URL=http://127.0.0.1:9 *: start that server, or *"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_what_would_act_on_others_is_refused(run: Run, url: str) -> None:
    result = run(
        """
        import pytest

        @pytest.mark.upstream(pace="fast")
        def test_the_pace_of_the_server(mock_upstreams):
            pass

        @pytest.mark.upstream(pace="instant")
        def test_another_pace(mock_upstreams):
            pass

        @pytest.mark.upstream(scenario="flaky-network")
        def test_scenario(mock_upstreams):
            pass

        def test_hosts(mock_hosts):
            pass
        """
    )
    result.assert_outcomes(passed=1, errors=3)
    result.stdout.fnmatch_lines(["pace='instant' cannot be chosen for one test*which has pace fast*"])
    result.stdout.fnmatch_lines(["scenario='flaky-network' cannot be chosen for one test*"])
    result.stdout.fnmatch_lines(["hosts cannot be redirected to the shared server*unset SEEDMOCK_URL for these tests*"])
    result.stdout.no_fnmatch_line("*SharedServerError*")
    with pytest.raises(SharedServerError, match="seed=1 cannot be chosen"), mocked(seed=1):
        pass


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDMOCK_URL", "")
    with mocked() as upstreams:
        assert not isinstance(upstreams._emulator, SharedServer)
    assert os.environ["SEEDMOCK_URL"] == ""
