"""Libraries that answer in a real host's place: the guard does not object, and their patches do not disturb it.

Each runs in a session of its own, since some of them are plugins and others replace functions of the process.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

pytest_plugins = ["pytester"]
Run = Callable[..., pytest.RunResult]

URL = "https://apimodels.app/api/v1/balance"
HEAD = f"""
    import json
    import socket
    import urllib.request

    import httpx
    import pytest
    import requests

    URL = {URL!r}
"""

ANSWERED = """
    import responses
    import respx

    def test_respx(mock_upstreams):
        with respx.mock:
            respx.get(URL).respond(json={"data": 7})
            assert httpx.get(URL).json() == {"data": 7}

    def test_the_fixture_of_respx(respx_mock, mock_upstreams):
        respx_mock.get(URL).respond(json={"data": 7})
        assert httpx.get(URL).json() == {"data": 7}

    def test_pytest_httpx(mock_upstreams, httpx_mock):
        httpx_mock.add_response(url=URL, json={"data": 7})
        assert httpx.get(URL).json() == {"data": 7}

    @responses.activate
    def test_responses(mock_upstreams):
        responses.get(URL, json={"data": 7})
        assert requests.get(URL).json() == {"data": 7}

    def test_a_transport(mock_upstreams):
        transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"data": 7}))
        with httpx.Client(transport=transport) as client:
            assert client.get(URL).json() == {"data": 7}

    @responses.activate
    def test_responses_over_mock_hosts(mock_hosts, mock_journal):
        responses.get(URL, json={"data": 7})
        assert requests.get(URL).json() == {"data": 7}
        assert len(mock_journal) == 0

    def test_pytest_httpx_over_mock_hosts(mock_hosts, mock_journal, httpx_mock):
        httpx_mock.add_response(url=URL, json={"data": 7})
        assert httpx.get(URL).json() == {"data": 7}
        assert len(mock_journal) == 0
"""
VCR = """
    import vcr

    CASSETTE = json.dumps({"version": 1, "interactions": [{
        "request": {"method": "GET", "uri": URL, "body": None, "headers": {}},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": '{"data": 7}'}},
    }]})

    @pytest.fixture
    def cassette(tmp_path):
        path = tmp_path / "cassette.yaml"
        path.write_text(CASSETTE)
        with vcr.use_cassette(str(path), record_mode="none", allow_playback_repeats=True):
            yield

    def by_urllib():
        with urllib.request.urlopen(URL) as response:
            return json.load(response)
"""


@pytest.mark.slow
def test_what_answers_in_a_real_hosts_place_is_not_disturbed(run: Run) -> None:
    run(HEAD + ANSWERED, subprocess=True).assert_outcomes(passed=7)


@pytest.mark.slow
def test_a_cassette_may_play_when_the_fixtures_are_first_used(run: Run) -> None:
    result = run(
        HEAD
        + VCR
        + """
    BEFORE = socket.socket.connect, socket.getaddrinfo

    def test_first(cassette, request):
        request.getfixturevalue("mock_upstreams")
        assert by_urllib() == requests.get(URL).json() == httpx.get(URL).json() == {"data": 7}

    @pytest.mark.parametrize("number", range(2))
    def test_next(mock_upstreams, mock_journal, number):
        headers = {"Authorization": f"Bearer {mock_upstreams.api_key}"}
        assert requests.get(mock_upstreams.base_url("apimodels") + "/balance", headers=headers).ok
        assert len(mock_journal) == 1

    def test_last():
        assert (socket.socket.connect, socket.getaddrinfo) == BEFORE
    """,
        subprocess=True,
    )
    result.assert_outcomes(passed=4)


@pytest.mark.slow
def test_a_request_that_a_cassette_lets_through_is_stopped(run: Run) -> None:
    result = run(
        HEAD
        + VCR
        + """
    def test_it(mock_upstreams, tmp_path):
        with vcr.use_cassette(str(tmp_path / "new.yaml")), pytest.raises(AssertionError, match="nothing was sent"):
            by_urllib()
    """,
        subprocess=True,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*LiveHostReached: *tried to reach apimodels.app*"])


GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent, pathlib, pytest, sys

TESTS = '''
import gevent, requests

ORDER = {"model": "seedance-2-0-fast", "prompt": "A boat", "size": "640x640", "seconds": "4"}
URL = "https://api-platform.ope.ai/v1/videos"
HEADERS = {"Authorization": "Bearer sk-live"}

def test_it(mock_hosts, mock_clock, mock_journal):
    post = lambda: requests.post(URL, json=ORDER, headers=HEADERS).json()["id"]
    tasks = [gevent.spawn(post) for _ in range(3)]
    gevent.joinall(tasks, timeout=30)
    mock_clock.advance("10s")
    assert requests.get(f"{URL}/{tasks[0].value}/content", headers=HEADERS).content[4:8] == b"ftyp"
    assert {task.id for task in mock_journal.tasks} == {task.value for task in tasks}
'''
pathlib.Path("test_gevent.py").write_text(TESTS)
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider"]))
"""


@pytest.mark.slow
def test_all_works_where_gevent_has_patched_everything(pytester: pytest.Pytester) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GEVENT], cwd=pytester.path, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
