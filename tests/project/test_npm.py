"""The npm package beside the Python packages: the same version and licence, and the same words in camelCase.

Its own tests are in `npm/tests`, and run by `npm test`.
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts import __version__
from seedmock_server import ControlClient
from seedmock_server.control_client import ClockControl, FateControl, FaultControl
from seedmock_server.fates.models import PARAMETERS as FATES
from seedmock_server.faults.parameters import PARAMETERS as FAULTS
from seedmock_server.testing.clock import AccountClock
from seedmock_server.testing.journal import AccountJournal
from seedmock_server.testing.ledger import AccountLedger
from seedmock_server.testing.upstreams import EmulatedUpstreams

METHOD = re.compile(r"^  (?:async |get )?([a-z]\w*)\(", re.MULTILINE)
FIELD = re.compile(r"^    this\.([a-z]\w*) = ", re.MULTILINE)
KINDS = {str(kind) for kind in (*FATES, *FAULTS)}
"""Methods of Python that JavaScript has for whatever the server knows."""
ELSEWHERE = {
    ControlClient: {"close", "in_process"},  # `stop`; there is no process to share with the server
    AccountClock: {"async_sleep"},  # `sleep` is asynchronous
    EmulatedUpstreams: {"account", "client", "async_client", "redirect_hosts"},  # of Python's client and libraries
}
MODULES = {
    ControlClient: ("seedmock.js", "Seedmock"),
    ClockControl: ("clock-control.js", "ClockControl"),
    AccountClock: ("clock-control.js", "AccountClock"),
    FateControl: ("rule-control.js", "FateControl"),
    FaultControl: ("rule-control.js", "FaultControl"),
    AccountJournal: ("account-journal.js", "AccountJournal"),
    AccountLedger: ("account-ledger.js", "AccountLedger"),
    EmulatedUpstreams: ("emulated-upstreams.js", "EmulatedUpstreams"),
}


@pytest.fixture
def manifest(root: Path) -> dict[str, Any]:
    return json.loads((root / "npm" / "package.json").read_text(encoding="utf-8"))


def camel_case(name: str) -> str:
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)


def test_its_version_is_that_of_the_python_package(root: Path, manifest: dict[str, Any]) -> None:
    lock = json.loads((root / "npm" / "package-lock.json").read_text(encoding="utf-8"))
    assert {manifest["version"], lock["version"], lock["packages"][""]["version"]} == {__version__}


def test_its_licence_is_that_of_the_project(root: Path, manifest: dict[str, Any]) -> None:
    assert manifest["license"] == "MIT"
    assert (root / "npm" / "LICENSE").read_bytes() == (root / "LICENSE").read_bytes()


def public_names(class_: type[Any]) -> set[str]:
    """Members of a class, and what its constructor sets."""
    members = {name for name, _ in inspect.getmembers(class_)}
    attributes = re.findall(r"self\.(\w+)\b", inspect.getsource(class_.__init__))
    return {name for name in (*members, *attributes) if not name.startswith("_")}


def offered_names(source: str, name: str) -> set[str]:
    """Members of a class of JavaScript, and those of its base in the same module."""
    match = re.search(rf"^class {name}(?: extends (\w+))? {{\n(.*?)^}}", source, re.MULTILINE | re.DOTALL)
    assert match, name
    return {*METHOD.findall(match[2]), *FIELD.findall(match[2]), *(offered_names(source, match[1]) if match[1] else ())}


@pytest.mark.parametrize("class_", MODULES)
def test_it_offers_the_words_of_python(root: Path, class_: type[Any]) -> None:
    module, name = MODULES[class_]
    source = (root / "npm" / "src" / module).read_text(encoding="utf-8")
    expected = {camel_case(member) for member in public_names(class_) - KINDS - ELSEWHERE.get(class_, set())}
    assert len(expected) > 3
    assert expected - offered_names(source, name) == set()
