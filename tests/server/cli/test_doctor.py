"""`seedmock doctor`: each check with facts under which it is ok, and with facts under which it is not."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from seedmock_contracts import __version__
from seedmock_server import serve
from seedmock_server.cli.doctor import machine
from seedmock_server.cli.doctor.diagnoses import CHECKS, Diagnosis, diagnose
from seedmock_server.cli.doctor.machine import MachineFacts, PytestPlugin, ServerProbe, gather_facts, probe_server
from seedmock_server.cli.main import main

URL = "http://127.0.0.1:8000"
SERVER_PLUGIN = PytestPlugin("seedmock", "seedmock_server.pytest_plugin", exists=True)
HEALTHY = MachineFacts(
    version="1.2.0",
    python="3.12.1",
    requires_python=">=3.11",
    requirements=(
        "click>=8.2",
        "uvicorn[standard]<0.55,>=0.53",
        "pytest>=8.3; extra == 'pytest'",
        "respx>=0.22; extra == 'test'",
        "gevent>=24.10; extra == 'test'",
    ),
    installed={"click": "8.3", "uvicorn": "0.54.1", "pytest": "9.0", "respx": "0.23"},
    copies=("/site",),
    plugins=(SERVER_PLUGIN, PytestPlugin("seedmock-harness", "seedmock_harness.pytest_plugin", exists=True)),
    ffmpeg="/bin/ffmpeg",
    ffmpeg_version="ffmpeg version 7",
    cache="/cache",
    cache_bytes=5 << 20,
    cache_free=9 << 30,
)


def failures(**facts: Any) -> list[tuple[str, str, str]]:
    """Level, check and message of whatever is not ok, with these facts in the place of healthy ones."""
    diagnoses = diagnose(replace(HEALTHY, **facts))
    assert all(bool(row.advice) == (row.level != "ok") for row in diagnoses)
    return [(row.level.value, row.check, row.message) for row in diagnoses if row.level != "ok"]


def test_a_healthy_machine_has_a_line_for_each_check_and_no_warning() -> None:
    assert failures() == []
    lines = {row.check: row.message for row in diagnose(HEALTHY)}
    assert lines == {
        "python": "3.12.1 (needs >=3.11)",
        "installation": "seedmock 1.2.0",
        "dependencies": "2 installed, each within its bounds",
        "extra pytest": "installed",
        "extra conformance": "installed",
        "extra heif": "installed",
        "extra vision": "installed",
        "pytest plugins": "seedmock, seedmock-harness",
        "other plugins": "respx 0.23",
        "ffmpeg": "ffmpeg version 7 (/bin/ffmpeg)",
        "fonts": "text of English, Europe and the east can be drawn",
        "cache": "/cache: 5 MiB used, 9216 MiB free",
        "port": "8000 is free",
        "proxies": "none",
        "server": "none is named (SEEDMOCK_BASE_URL, --url)",
    }


CASES: list[tuple[dict[str, Any], tuple[str, str, str]]] = [
    ({"python": "3.10.9"}, ("problem", "python", "3.10.9; needs >=3.11")),
    ({"copies": ("/a", "/b")}, ("problem", "installation", "2 installations are on the import path: /a, /b")),
    (
        {"installed": {"click": "8.1", "pytest": "9"}},
        ("problem", "dependencies", "click is 8.1, needs >=8.2; uvicorn is not installed"),
    ),
    (
        {"installed": {**HEALTHY.installed, "uvicorn": "0.55"}},
        ("problem", "dependencies", "uvicorn is 0.55, needs <0.55,>=0.53"),
    ),
    ({"installed": {**HEALTHY.installed, "pytest": "7.4"}}, ("warning", "extra pytest", "pytest is 7.4, needs >=8.3")),
    (
        {"plugins": (replace(SERVER_PLUGIN, module="seedmock_server.plugin", exists=False),)},
        ("problem", "pytest plugins", "entry points of an older installation: seedmock = seedmock_server.plugin"),
    ),
    (
        {"plugins": (SERVER_PLUGIN, replace(SERVER_PLUGIN, name="mock"))},
        ("problem", "pytest plugins", "listed twice: seedmock_server.pytest_plugin, seedmock_server.pytest_plugin"),
    ),
    *(
        (
            {"environment": {variable: value}},
            ("problem", "pytest plugins", "loaded a second time by name: seedmock_server.pytest_plugin"),
        )
        for variable, value in (
            ("PYTEST_PLUGINS", "other,seedmock_server.pytest_plugin"),
            ("PYTEST_ADDOPTS", "-q -p seedmock_server.pytest_plugin"),
            ("PYTEST_ADDOPTS", "-pseedmock_server.pytest_plugin -q"),
        )
    ),
    (
        {"environment": {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}},
        ("warning", "pytest plugins", "PYTEST_DISABLE_PLUGIN_AUTOLOAD is set: no fixture is found"),
    ),
    (
        {"installed": {**HEALTHY.installed, "gevent": "23.9"}},
        ("warning", "other plugins", "older than seedmock is tested with: gevent is 23.9, needs >=24.10"),
    ),
    (
        {"installed": {**HEALTHY.installed, "openai": "3.1"}},
        ("warning", "other plugins", "openai 3.1 sends by httpx2: respx neither answers nor stops its requests"),
    ),
    ({"ffmpeg_error": "OSError: no"}, ("problem", "ffmpeg", "does not run: OSError: no")),
    ({"font_error": "OSError: no"}, ("problem", "fonts", "text cannot be drawn: OSError: no")),
    ({"cache_error": "OSError: no"}, ("problem", "cache", "/cache is not writable: OSError: no")),
    (
        {"cache_free": 9 << 20},
        ("warning", "cache", "/cache: 9 MiB free on its disk; the cache may grow to 1024 MiB"),
    ),
    (
        {"port_error": "in use", "port_owner": ServerProbe(URL, error="not a control API")},
        ("warning", "port", "8000 is in use by another program (in use)"),
    ),
    *(
        ({"environment": environment}, ("warning", "proxies", message))
        for environment, message in (
            ({"HTTP_PROXY": "http://u:p@proxy"}, "http_proxy would catch calls to 127.0.0.1 and localhost"),
            ({"ALL_PROXY": "x", "no_proxy": "localhost"}, "all_proxy would catch calls to 127.0.0.1"),
            ({"http_proxy": "x", "NO_PROXY": "127.0.0.1,::1"}, "http_proxy would catch calls to localhost"),
        )
    ),
    ({"server": ServerProbe(URL, error="no emulator")}, ("problem", "server", "no emulator")),
    (
        {"server": ServerProbe(URL, version="1.1.0")},
        ("warning", "server", f"{URL} runs seedmock 1.1.0, and this is 1.2.0"),
    ),
    (
        {"server": ServerProbe("https://mock.example.com", is_local=False)},
        ("warning", "server", "https://mock.example.com is not this machine, and was not contacted"),
    ),
]


@pytest.mark.parametrize(("facts", "expected"), CASES)
def test_each_fault_is_one_line_that_names_it(facts: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert failures(**facts) == [expected]


def test_every_check_can_fail() -> None:
    failing = {
        check for facts, _ in CASES for check in CHECKS for row in check(replace(HEALTHY, **facts)) if row.advice
    }
    assert failing == set(CHECKS)


@pytest.mark.parametrize("facts", [
    {"environment": {"HTTP_PROXY": "x", "NO_PROXY": "*"}},
    {"environment": {"http_proxy": "x", "no_proxy": "localhost, 127.0.0.1"}},
    {"environment": {"HTTPS_PROXY": "x"}},  # calls to the emulator are plain HTTP
    {"environment": {"HTTP_PROXY": ""}},
    {"environment": {"PYTEST_ADDOPTS": "-p no:cacheprovider -q"}},
    {"port_error": "in use", "port_owner": ServerProbe(URL, version="1.0")},
    {"server": ServerProbe(URL, version="1.2.0")},
    {"installed": {name: v for name, v in HEALTHY.installed.items() if name != "pytest"}},  # an extra that is not there
])  # fmt: skip
def test_what_is_fine_is_not_complained_about(facts: dict[str, Any]) -> None:
    assert failures(**facts) == []


def test_no_value_of_a_proxy_is_shown() -> None:
    rows = diagnose(replace(HEALTHY, environment={"HTTP_PROXY": "http://user:secret@proxy"}))
    assert not [row for row in rows if "secret" in row.message + row.advice]


# --- the facts of this machine ---


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, with one file of seven bytes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "seedmock").mkdir()
    (tmp_path / "seedmock" / "clip").write_bytes(b"1234567")
    return tmp_path / "seedmock"


def test_the_facts_of_this_machine(cache: Path) -> None:
    facts = gather_facts(None)
    assert facts.version == __version__
    assert facts.requires_python == ">=3.11"
    assert "click" in facts.installed
    assert any(text.startswith("uvicorn[standard]") for text in facts.requirements)
    assert {plugin.name for plugin in facts.plugins} == {"seedmock", "seedmock-harness"}
    assert all(plugin.exists for plugin in facts.plugins)
    assert facts.ffmpeg_version.startswith("ffmpeg version ")
    assert (facts.ffmpeg_error, facts.font_error, facts.cache_error) == ("", "", "")
    assert (facts.cache, facts.cache_bytes) == (str(cache), 7)
    assert [path.name for path in cache.iterdir()] == ["clip"]


def test_a_broken_machine_is_described_and_not_raised(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seedmock_server.media.ffmpeg.executable", lambda: "/no/such/ffmpeg")
    monkeypatch.setattr("seedmock_server.media.ffmpeg.version", lambda: Path("/no/such/ffmpeg").stat())
    monkeypatch.setattr(machine, "_draw_text", lambda: 1 / 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache / "clip"))  # a file in the place of the folder
    facts = gather_facts("http://127.0.0.1:1")
    assert facts.ffmpeg_error.startswith("FileNotFoundError: ")
    assert facts.font_error.startswith("ZeroDivisionError: ")
    assert facts.cache_error.startswith(("NotADirectoryError: ", "FileExistsError: "))
    assert facts.server is not None
    assert facts.server.error.startswith("no emulator answers at http://127.0.0.1:1")


@pytest.fixture
def port_in_use(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = int(listener.getsockname()[1])
        monkeypatch.setattr(machine, "DEFAULT_PORT", number)
        monkeypatch.setattr(machine, "probe_server", lambda url: ServerProbe(url, error="silent"))
        yield number


@pytest.mark.usefixtures("cache")
def test_a_port_in_use_is_seen(port_in_use: int) -> None:
    facts = gather_facts(None)
    assert re.search("in use", facts.port_error, re.IGNORECASE)
    assert facts.port_owner is not None


def test_only_this_machine_is_contacted() -> None:
    with serve(pace="instant") as server:
        assert probe_server(server.url) == ServerProbe(server.url, version=__version__)
    probe = probe_server("https://user:secret@mock.example.com/x")
    assert probe == ServerProbe("https://mock.example.com/x", is_local=False)
    assert "is no address" in probe_server("nonsense").error


# --- the command ---


def invoke(monkeypatch: pytest.MonkeyPatch, facts: MachineFacts, *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(machine, "gather_facts", lambda url: facts)
    result = CliRunner().invoke(main, ["doctor", *arguments])
    return result.exit_code, result.stdout


def test_lines_say_what_is_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = invoke(monkeypatch, replace(HEALTHY, python="3.10", cache_free=0))
    lines = output.splitlines()
    assert code == 1
    assert lines[0] == "problem  python             3.10; needs >=3.11"
    assert lines[1].strip() == "to do: install a newer Python"
    assert len(lines) == len(diagnose(HEALTHY)) + 2


@pytest.mark.parametrize(("variables", "arguments", "url"), [
    ({"SEEDMOCK_BASE_URL": URL}, (), URL),
    ({"SEEDMOCK_URL": URL}, (), URL),  # the variable of the package for JavaScript
    ({"SEEDMOCK_BASE_URL": URL}, ("--url", "http://localhost:1"), "http://localhost:1"),
    ({}, (), None),
])  # fmt: skip
def test_the_server_is_named_by_a_variable_or_the_option(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], arguments: tuple[str, ...], url: str | None
) -> None:
    named: list[str | None] = []

    def gather(url: str | None) -> MachineFacts:
        named.append(url)
        return HEALTHY

    monkeypatch.setattr(machine, "gather_facts", gather)
    unset = {"SEEDMOCK_BASE_URL": "", "SEEDMOCK_URL": ""}
    assert CliRunner().invoke(main, ["doctor", *arguments], env=unset | variables).exit_code == 0
    assert named == [url]


@pytest.mark.parametrize(("facts", "code"), [({}, 0), ({"cache_free": 0}, 0), ({"font_error": "x"}, 1)])
def test_only_a_problem_fails_the_command(monkeypatch: pytest.MonkeyPatch, facts: dict[str, Any], code: int) -> None:
    exit_code, output = invoke(monkeypatch, replace(HEALTHY, **facts), "--json")
    document = json.loads(output)
    assert exit_code == code
    assert document["version"] == __version__
    assert [Diagnosis(**row) for row in document["checks"]] == diagnose(replace(HEALTHY, **facts))
