"""The pytest plugin: a few fixtures and a marker. Imports nothing of ours until a fixture is used.

Each test has a key of its own on an emulator that the session shares; what the key did is forgotten after the test.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    import respx

    from .testing.clock import KeyClock
    from .testing.emulators import Emulator, Emulators
    from .testing.journal import Conversation
    from .testing.ledger import Purse
    from .testing.network_guard import Guard
    from .testing.rules import FateRules, FaultRules
    from .testing.upstreams import Upstreams

T = TypeVar("T")
ARGUMENTS = ("fate", "fault", "pace", "credit", "scenario")
GUARD: pytest.StashKey[Guard] = pytest.StashKey()
LIVE = "live_upstream"
"""Marker of the tests that are meant to call a live service; the harness's plugin sets it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option seedmock_guard."""
    said = "fail every test that reaches a real host of an upstream, not only those that use seedmock's fixtures"
    parser.addini("seedmock_guard", said, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    said = "upstream(fate=, fault=, pace=, credit=, scenario=): how seedmock's upstreams treat this test"
    config.addinivalue_line("markers", said)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a marked test the upstreams even if it names no fixture."""
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is not None and "mock_upstreams" not in names and item.get_closest_marker("upstream"):
            names.append("mock_upstreams")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Guard every test if the project wants that."""
    if not item.config.getini("seedmock_guard") or item.get_closest_marker(LIVE):
        return (yield)
    with _guarded(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that tried to reach a real host, also one that swallowed the error."""
    try:
        yield
    finally:
        guard = item.stash.get(GUARD, None)
        if guard is not None:
            guard.check()


# --- fixtures ---


@pytest.fixture(scope="session")
def _mock_emulators() -> Iterator[Emulators]:
    from .testing.emulators import Emulators

    with Emulators() as emulators:
        yield emulators


@pytest.fixture
def mock_upstreams(request: pytest.FixtureRequest, _mock_emulators: Emulators) -> Iterator[Upstreams]:
    """Both upstreams with a key of this test's own: where they are, clients of them, and the other handles."""
    from .testing.upstreams import Upstreams

    wishes = _wishes(request.node)
    with ExitStack() as stack:
        stack.enter_context(_guarded(request.node))
        upstreams = Upstreams(_emulator(_mock_emulators, wishes, stack), request.node.nodeid)
        stack.callback(upstreams.forget)
        _grant(upstreams, wishes)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in upstreams.environment.items():
            patch.setenv(name, value)
        _spare_from_proxies(patch, "127.0.0.1")
        yield upstreams


@pytest.fixture
def mock_clock(mock_upstreams: Upstreams) -> KeyClock:
    """This test's clock, which stands still from now on, until it is moved or slept on."""
    mock_upstreams.clock.stand()
    return mock_upstreams.clock


@pytest.fixture
def mock_fates(mock_upstreams: Upstreams) -> FateRules:
    """What becomes of this test's tasks."""
    return mock_upstreams.fates


@pytest.fixture
def mock_faults(mock_upstreams: Upstreams) -> FaultRules:
    """What goes wrong on this test's wire."""
    return mock_upstreams.faults


@pytest.fixture
def mock_journal(mock_upstreams: Upstreams) -> Conversation:
    """What this test's code said to the upstreams."""
    return mock_upstreams.journal


@pytest.fixture
def mock_ledger(mock_upstreams: Upstreams) -> Purse:
    """What this test's code has spent."""
    return mock_upstreams.ledger


@pytest.fixture
def mock_hosts(mock_upstreams: Upstreams) -> Iterator[respx.MockRouter]:
    """What httpx sends to a real host goes to this test's upstreams. Needs `pip install seedmock[pytest]`."""
    from .testing.network_guard import HOSTS

    try:
        from .testing.host_redirect import redirected
    except ImportError as error:
        pytest.fail(f"mock_hosts needs respx ({error}): pip install 'seedmock[pytest]'", pytrace=False)
    with redirected(mock_upstreams) as router, pytest.MonkeyPatch.context() as patch:
        _spare_from_proxies(patch, *HOSTS)
        yield router


# --- the marker ---


def _wishes(node: pytest.Item) -> dict[str, Any]:
    """What the markers say, the closest first. Fails the test for what the marker does not know."""
    wishes: dict[str, Any] = {}
    for mark in node.iter_markers("upstream"):
        unknown = [*map(repr, mark.args), *(name for name in mark.kwargs if name not in ARGUMENTS)]
        if unknown:
            said = f"@pytest.mark.upstream has no argument {', '.join(unknown)}; there are: {', '.join(ARGUMENTS)}"
            pytest.fail(f"{node.nodeid}: {said}, each by its name", pytrace=False)
        wishes = {**mark.kwargs, **wishes}
    return wishes


def _emulator(emulators: Emulators, wishes: dict[str, Any], stack: ExitStack) -> Emulator:
    from .testing.emulators import started

    settings = {name: wishes[name] for name in ("pace", "scenario") if name in wishes}
    if "scenario" in settings:  # it counts the calls of all keys, and so is one test's alone
        return _told(lambda: stack.enter_context(started(**settings)))
    return _told(lambda: emulators.of(**settings))


def _grant(upstreams: Upstreams, wishes: dict[str, Any]) -> None:
    faults = wishes.get("fault", ())
    if "credit" in wishes:
        _told(partial(upstreams.ledger.grant, wishes["credit"]))
    if "fate" in wishes:
        _told(partial(upstreams.fates.default, wishes["fate"]))
    for fault in faults if isinstance(faults, list | tuple) else (faults,):
        _told(partial(upstreams.faults.add, fault))


def _told(act: Callable[[], T]) -> T:
    """Do what a marker says. Fails the test for what cannot be done."""
    try:
        return act()
    except ValueError as error:  # InvalidRule and InvalidSetting are such
        raise pytest.fail.Exception(f"@pytest.mark.upstream: {error}", pytrace=False) from None


# --- around a test ---


@contextmanager
def _guarded(item: pytest.Item) -> Iterator[None]:
    from .testing.network_guard import Guard

    if GUARD in item.stash:
        yield
        return
    with Guard(item.nodeid) as guard:
        item.stash[GUARD] = guard
        try:
            yield
        finally:
            del item.stash[GUARD]


def _spare_from_proxies(patch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Let no proxy of the environment stand between the code under test and the emulator."""
    for name in ("NO_PROXY", "no_proxy"):
        patch.setenv(name, ",".join([*filter(None, [os.environ.get(name)]), *hosts]))
