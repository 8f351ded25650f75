"""Errors name the page that explains them: each class, page and heading of the table exists, and commands print it."""

from __future__ import annotations

import re
import socket
import tomllib
import traceback
from pathlib import Path

import pytest
from click.testing import CliRunner

from seedmock_client import errors as client_errors
from seedmock_client.cli.exit_codes import EXITS, error_lines
from seedmock_contracts.messages.error_guides import PAGES, SITE, error_guide, offline_topic, page_of, see_line
from seedmock_harness import errors as harness_errors
from seedmock_harness.driver.http_transport import InvalidBaseUrl
from seedmock_server import errors as server_errors
from seedmock_server.cli.documentation.pages import find_topic, load_pages
from seedmock_server.cli.main import main
from seedmock_server.control_client import RequestRejected
from seedmock_server.settings import InvalidSetting
from seedmock_server.testing.network_guard import LiveHostReached

TROUBLES = "troubleshooting#"


def test_every_class_of_the_table_exists(root: Path) -> None:
    sources = [path.read_text(encoding="utf-8") for path in root.glob("*/seedmock_*/**/*.py")]
    classes = {name for text in sources for name in re.findall(r"^class (\w+)\(", text, re.MULTILINE)}
    assert len(classes) > 100
    javascript = (root / "npm" / "src" / "errors.js").read_text(encoding="utf-8")
    assert PAGES.keys() - classes - set(re.findall(r"^class (\w+) ", javascript, re.MULTILINE)) == set()


def test_every_page_exists_with_its_heading_here_and_offline() -> None:
    pages = load_pages()
    for name, page in PAGES.items():
        path, _, anchor = page.partition("#")
        assert path in pages, name
        assert not anchor or anchor in pages[path].anchors, name
        assert find_topic(pages, offline_topic(page)) == (pages[path], anchor), name


def test_every_section_on_a_trouble_is_of_an_error() -> None:
    page = load_pages()["guides/troubleshooting.md"]
    sections = page.anchors - {"when-something-fails"}
    assert {target.partition("#")[2] for target in PAGES.values() if target.startswith(page.path)} == sections


def test_every_exit_code_of_the_client_has_a_page() -> None:
    assert [class_ for _, _, classes in EXITS for class_ in classes if class_.__name__ not in PAGES] == []


def test_the_site_is_the_address_in_the_metadata(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Documentation"] == f"{SITE}index.md"


def test_a_class_has_the_page_of_its_nearest_base() -> None:
    assert error_guide(client_errors.LinkExpiredError()) == PAGES["NotFoundError"]
    assert error_guide(ValueError()) == error_guide(None) == see_line(KeyError()) == ""


def test_a_class_of_another_package_has_no_page() -> None:
    assert error_guide(type("UsageError", (Exception,), {"__module__": "click"})()) == ""


# --- as commands print it ---


def last_line(*arguments: str, code: int) -> str:
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.count("See: ") <= 1
    return result.stderr.splitlines()[-1]


def test_errors_of_commands_end_with_the_page(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = last_line("serve", "--port", str(taken.getsockname()[1]), code=1)
    page = "guides/troubleshooting.md#the-port-is-in-use"
    assert line == f"See: {SITE}{page} (offline: seedmock docs troubleshooting#the-port-is-in-use)"
    unreachable = "http://127.0.0.1:1"
    order = ("generate", "A boat", "--upstream", "opeai", "--api-key", "sk_any", "--size", "1280x720")
    assert f"{TROUBLES}no-emulator-answers)" in last_line("tasks", "--url", unreachable, code=1)
    assert "settings)" in last_line("serve", "--credit", "much", code=2)
    assert f"{TROUBLES}the-request-breaks-a-rule)" in last_line(*order, "--seconds", "99", code=2)
    assert f"{TROUBLES}a-call-that-cannot-work)" in last_line("generate", "--upstream", "opeai", code=2)
    assert "verify)" in last_line("verify", "--upstream", "opeai", "--budget", "much", code=2)
    assert "record-replay#record)" in last_line("drift", str(tmp_path), code=3)


def test_an_error_without_a_page_has_no_such_line() -> None:
    assert "See:" not in last_line("serve", "--port", "x", code=2)


def test_json_is_printed_alone() -> None:
    result = CliRunner().invoke(main, ["generate", "--upstream", "opeai", "--json"])
    assert (result.exit_code, result.stderr) == (2, "")
    assert "See:" not in result.stdout


def test_the_line_comes_last_and_once() -> None:
    lines = error_lines(client_errors.BalanceError("empty"))
    assert lines == ["error: empty", f"  {client_errors.BalanceError.advice}", see_line(client_errors.BalanceError())]


# --- as a note of the exception ---


@pytest.mark.parametrize(
    "error",
    [
        LiveHostReached("nothing was sent"),
        InvalidSetting("credit: not an amount"),
        RequestRejected("no such scenario", 400, "name", ["a"]),
        client_errors.BalanceError("empty", status=403),
        client_errors.LinkExpiredError("expired", task_id="cgt-1"),
        InvalidBaseUrl("not an origin"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_traceback_names_the_page_below_the_message_and_the_message_does_not(error: Exception) -> None:
    lines = traceback.format_exception_only(error)
    assert lines[0].endswith(f": {error}\n")
    assert [line.rstrip("\n") for line in lines[1:]] == error.__notes__ == [see_line(error)]
    assert "See:" not in str(error)


def test_an_error_of_each_public_package_without_a_page_has_no_note() -> None:
    for class_ in (server_errors.SeedmockServerError, client_errors.SeedmockError, harness_errors.HarnessError):
        assert not hasattr(class_("x"), "__notes__")


INSIDE = {
    # answered over HTTP, or rendered as the failure of a task
    "ApiError", "BodyTooLarge", "BodyTooSlow", "ClientDisconnected", "ConnectionClosed", "ConnectionDropped",
    "ControlError", "FetchError", "FetchNotAllowed", "FetchTimeout", "FileTruncated", "GuardRefusal", "InvalidRule",
    "InvalidSnapshot", "MalformedBody", "RangeNotSatisfiable", "RefusedCall", "StoreUnavailable", "UnreadableMedia",
    "UnsupportedMediaType",
    # what the sentence of the error says is all that helps
    "ControlClientError", "EncoderFailure", "FilesExist", "NoDecoder", "RenderBug", "UnknownTopic", "Unrenderable",
    "WorkerFailure",
    # caught by the harness, which reports a finding
    "NotRecorded", "OrderingStopped", "StopVerification", "TaskNotFinished",
}  # fmt: skip
"""Errors of the server and the harness of which no page says more."""


def test_every_other_error_has_a_page() -> None:
    assert [class_.__name__ for class_ in vars(client_errors).values() if _lacks_page(class_)] == ["SeedmockError"]
    trees = f"{server_errors.__doc__}{harness_errors.__doc__}"
    names = {name for line in re.findall(r"── ([A-Z][\w, ]*?)(?:  |\n|$)", trees) for name in line.split(", ")}
    assert len(names) > 40
    assert names - PAGES.keys() == INSIDE


def _lacks_page(class_: object) -> bool:
    return isinstance(class_, type) and issubclass(class_, BaseException) and not page_of(class_)
