"""The plugin in another project: imports, isolation of tests, marker and guard."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]
Run = Callable[..., pytest.RunResult]

SUBMIT = """
    import httpx

    def submit(upstreams, seconds="4"):
        order = {"model": "seedance-2-0-fast", "prompt": "A boat", "size": "640x640", "seconds": seconds}
        headers = {"Authorization": "Bearer " + upstreams.api_key}
        url = upstreams.base_url("opeai") + "/videos"
        return httpx.post(url, json=order, headers=headers, trust_env=False).json()["id"]
"""
LOADED = "{name for name in sys.modules if name.partition('.')[0].startswith('seedmock')}"


PACKAGES = {"seedmock": "seedmock_server", "seedmock-harness": "seedmock_harness"}


@pytest.mark.parametrize("name", PACKAGES)
def test_the_entry_point_is_the_plugin(name: str) -> None:
    (entry,) = entry_points(group="pytest11", name=name)
    assert entry.value == f"{PACKAGES[name]}.pytest_plugin"


@pytest.mark.parametrize("package", PACKAGES.values())
def test_loading_a_plugin_imports_nothing_but_pytest(package: str) -> None:
    code = f"import sys, pytest; before = set(sys.modules); import {package}.pytest_plugin; "
    code += "print(*sorted(set(sys.modules) - before))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(output.stdout.split())
    ours = {name for name in loaded if name.partition(".")[0].startswith("seedmock")}
    assert ours == {package, f"{package}.pytest_plugin"}
    assert {name.partition(".")[0] for name in loaded - ours} <= set(sys.stdlib_module_names)


@pytest.mark.slow
def test_a_project_without_fixtures_loads_only_the_plugins(run: Run) -> None:
    result = run(
        f"""
        import sys

        def test_plain():
            packages = {{"seedmock_server", "seedmock_harness"}}
            assert {LOADED} == packages | {{f"{{name}}.pytest_plugin" for name in packages}}
        """,
        subprocess=True,
    )
    result.assert_outcomes(passed=1)


def test_tests_are_isolated(run: Run) -> None:
    result = run(
        SUBMIT
        + """
    keys = set()

    def one(mock_upstreams, mock_clock, mock_fates, mock_journal, mock_ledger):
        assert mock_upstreams.api_key not in keys
        keys.add(mock_upstreams.api_key)
        assert mock_journal.exchanges == mock_journal.tasks == []
        mock_fates.failed(after="5s")
        submit(mock_upstreams)
        assert mock_ledger.on_hold > 0
        mock_clock.advance("1h")
        mock_journal.assert_submitted_once()

    def test_first(mock_upstreams, mock_clock, mock_fates, mock_journal, mock_ledger):
        one(mock_upstreams, mock_clock, mock_fates, mock_journal, mock_ledger)

    def test_second(mock_upstreams, mock_clock, mock_fates, mock_journal, mock_ledger):
        one(mock_upstreams, mock_clock, mock_fates, mock_journal, mock_ledger)

    def test_the_server_is_the_same_and_has_forgotten(mock_upstreams):
        from seedmock_server.http.coroutines import run_now

        world = mock_upstreams._emulator.app.context
        assert not run_now(world.store.accounts())
        assert not world.fates.rules
        assert not run_now(world.journal.read())
        # Each test's key has a clock only while it is looked at.
        assert not set(world.clocks.accounts)
    """
    )
    result.assert_outcomes(passed=3)


def test_a_test_has_the_same_key_and_ids_in_each_run(run: Run) -> None:
    tests = (
        SUBMIT
        + """
    def test_it(mock_upstreams, mock_clock):
        print("\\nIDS", mock_upstreams.api_key, submit(mock_upstreams))
    """
    )
    first, second = ([line for line in run(tests, "-s").outlines if line.startswith("IDS")] for _ in range(2))
    assert first == second
    assert len(first) == 1


@pytest.mark.slow
def test_each_xdist_worker_has_its_own_emulator(pytester: pytest.Pytester, run: Run) -> None:
    result = run(
        SUBMIT
        + """
    import pathlib
    import pytest

    @pytest.mark.parametrize("number", range(8))
    def test_one(mock_upstreams, mock_journal, mock_clock, number, worker_id):
        submit(mock_upstreams)
        mock_journal.assert_submitted_once()
        with open(pathlib.Path(__file__).with_name("urls.txt"), "a") as file:
            file.write(f"{worker_id} {mock_upstreams.url}\\n")
    """,
        "-n2",
        subprocess=True,
    )
    result.assert_outcomes(passed=8)
    workers = {tuple(line.split()) for line in (pytester.path / "urls.txt").read_text().splitlines()}
    assert len({worker for worker, _ in workers}) == len({url for _, url in workers}) == len(workers)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["prepend", "importlib"])
def test_a_project_may_have_packages_named_like_our_folders(pytester: pytest.Pytester, run: Run, layout: str) -> None:
    for name in ("client", "contracts", "mock_server", "tests"):
        pytester.mkpydir(name)
        (pytester.path / name / "theirs.py").write_text(f"NAME = {name!r}\n")
    result = run(
        SUBMIT
        + """
    import client.theirs, contracts.theirs, mock_server.theirs

    def test_theirs(mock_upstreams, mock_clock):
        assert client.theirs.NAME == "client"
        assert contracts.theirs.NAME == "contracts"
        submit(mock_upstreams)
        mock_upstreams.client("opeai").close()
    """,
        f"--import-mode={layout}",
        ini="pythonpath = .",
        subprocess=True,
    )
    result.assert_outcomes(passed=1)


# --- the marker ---


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        (
            "colour='red'",
            "*@pytest.mark.upstream: unknown argument colour; available: fate, fault, pace, credit, scenario*",
        ),
        ("'stuck'", "*@pytest.mark.upstream: unknown argument 'stuck'; available: fate, *, each by its name*"),
        ("fate='explode'", "*@pytest.mark.upstream: fate is 'explode'; allowed: succeed, *"),
        ("fault='explode'", "*@pytest.mark.upstream: fault is 'explode'; allowed: status, *"),
        ("pace='brisk'", "*@pytest.mark.upstream: pace is 'brisk'; allowed: *instant, fast*"),
        ("credit='lots'", "*@pytest.mark.upstream: credit is 'lots'; allowed: *"),
        ("credit='-1'", "*@pytest.mark.upstream: credit is -1; allowed: 0 or more*"),
        ("scenario='nowhere.toml'", "*@pytest.mark.upstream: scenario: *nowhere.toml*"),
    ],
)
def test_an_invalid_marker_is_an_error_with_the_allowed_values(run: Run, marker: str, message: str) -> None:
    result = run(
        f"""
        import pytest

        @pytest.mark.upstream({marker})
        def test_it():
            assert False, "never run"
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    result.stdout.no_fnmatch_line("*During handling*")
    result.stdout.no_fnmatch_line("*direct cause*")
    result.stdout.no_fnmatch_line("*never run*")


def test_the_marker_implies_the_fixture(run: Run) -> None:
    result = run(
        """
        import os
        import unittest
        import pytest

        @pytest.mark.upstream(pace="instant")
        def test_function():
            assert os.environ["SEEDMOCK_BASE_URL"].startswith("http://127.0.0.1:")

        @pytest.mark.upstream(pace="instant")
        class TestCase(unittest.TestCase):
            def test_method(self):
                assert os.environ["SEEDMOCK_API_KEY"].startswith("sk_mock_test_")

        def test_unmarked():
            assert "SEEDMOCK_API_KEY" not in os.environ
        """
    )
    result.assert_outcomes(passed=3)


def test_the_marker_is_listed(run: Run) -> None:
    run("", "--markers").stdout.fnmatch_lines(["@pytest.mark.upstream(fate=, fault=, pace=, credit=, scenario=): *"])


def test_every_fixture_has_a_description(run: Run) -> None:
    output = run("", "--fixtures").stdout.str()
    for name in ("upstreams", "clock", "fates", "faults", "journal", "ledger", "hosts"):
        lines = output.partition(f"\nmock_{name} -- ")[2].splitlines()
        assert lines[1].strip().endswith("."), name


def test_a_failing_assertion_shows_the_line_of_the_test(run: Run) -> None:
    result = run(
        """
        def test_it(mock_journal):
            mock_journal.assert_submitted_once()
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E * expected one task, found 0: none", "*test_*.py:2: AssertionError"])
    result.stdout.no_fnmatch_line("*journal.py*")


def test_mock_hosts_names_a_missing_dependency(run: Run) -> None:
    result = run(
        """
        import sys
        import pytest

        @pytest.fixture(params=["respx", "trustme"])
        def without(monkeypatch, request):
            monkeypatch.setitem(sys.modules, request.param, None)
            for name in ("host_redirect", "authority"):
                monkeypatch.delitem(sys.modules, f"seedmock_server.testing.{name}", raising=False)

        def test_it(without, mock_hosts):
            pass
        """
    )
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        [f"mock_hosts needs {name}: pip install 'seedmock?pytest?'" for name in ("respx", "trustme")]
    )


# --- the guard ---


REACH = """
    import urllib.request

    def reach():
        try:
            urllib.request.urlopen("https://apimodels.app/api/v1/balance")
        except Exception:
            pass  # as code under test may well do
"""


@pytest.mark.parametrize(("ini", "failed"), [("seedmock_guard = true", 2), ("", 1)])
def test_the_guard_covers_tests_with_fixtures_or_all_tests(run: Run, ini: str, failed: int) -> None:
    result = run(
        REACH
        + """
    import socket

    def test_with_a_fixture(mock_upstreams):
        reach()

    def test_without(monkeypatch):
        monkeypatch.setattr(socket, "socket", None)  # nothing leaves this machine
        reach()
    """,
        ini=ini,
    )
    result.assert_outcomes(failed=failed, passed=2 - failed)
    result.stdout.fnmatch_lines(["E *::test_with_a_fixture tried to reach apimodels.app, a real host of apimodels; *"])


def test_the_guard_s_error_comes_first(run: Run) -> None:
    result = run(
        REACH
        + """
    def test_it(mock_upstreams):
        reach()
        assert 0, "what came of it"
    """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *LiveHostReached: *::test_it tried to reach apimodels.app*"])


def test_the_guard_is_removed_after_the_test(run: Run) -> None:
    result = run(
        """
        import socket, ssl
        before = socket.getaddrinfo, socket.socket.connect, ssl.SSLContext.wrap_socket

        def test_first(mock_hosts):
            assert socket.getaddrinfo is not before[0]

        def test_second():
            assert before == (socket.getaddrinfo, socket.socket.connect, ssl.SSLContext.wrap_socket)
            assert "connect" not in vars(socket.socket)
        """
    )
    result.assert_outcomes(passed=2)
