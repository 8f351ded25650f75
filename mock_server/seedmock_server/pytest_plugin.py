"""pytest plugin: fixtures for tests against the emulator, and a marker. Imports nothing else of seedmock until then.

Each test has an API key of its own on an emulator that the session shares; its state is deleted after the test.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    import respx

    from .control_client import FateControl, FaultControl
    from .testing.clock import AccountClock
    from .testing.emulators import Emulator, EmulatorPool
    from .testing.journal import AccountJournal
    from .testing.ledger import AccountLedger
    from .testing.network_guard import NetworkGuard
    from .testing.shared_server import SharedServer
    from .testing.upstreams import EmulatedUpstreams

T = TypeVar("T")
MARKER = "upstream"
ARGUMENTS = ("fate", "fault", "pace", "credit", "scenario")
LIVE_MARKER = "live_upstream"
"""Marker of tests that are meant to call a live service; the harness's plugin sets it."""
GUARD: pytest.StashKey[NetworkGuard] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option seedmock_guard."""
    help = "fail every test that reaches a real host of an upstream, not only those that use seedmock's fixtures"
    parser.addini("seedmock_guard", help, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    description = f"{MARKER}(fate=, fault=, pace=, credit=, scenario=): set up seedmock's upstreams for this test"
    config.addinivalue_line("markers", description)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a marked test the upstreams, even if it names no fixture."""
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is not None and "mock_upstreams" not in names and item.get_closest_marker(MARKER):
            names.append("mock_upstreams")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Guard every test, if the project has set seedmock_guard."""
    if not item.config.getini("seedmock_guard") or item.get_closest_marker(LIVE_MARKER):
        return (yield)
    with _guarded(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that tried to reach a real host, even if it swallowed the error."""
    try:
        yield
    finally:
        guard = item.stash.get(GUARD, None)
        if guard is not None:
            guard.check()


# --- fixtures ---


@pytest.fixture(scope="session")
def _mock_emulators() -> Iterator[EmulatorPool]:
    from .testing.emulators import EmulatorPool

    with EmulatorPool() as emulators:
        yield emulators


@pytest.fixture
def mock_upstreams(request: pytest.FixtureRequest, _mock_emulators: EmulatorPool) -> Iterator[EmulatedUpstreams]:
    """The upstreams, with an API key of this test's own: base URLs, clients, and the other handles."""
    from .testing.environment import bypass_proxies
    from .testing.upstreams import EmulatedUpstreams

    arguments = _marker_arguments(request.node)
    with ExitStack() as stack:
        stack.enter_context(_guarded(request.node))
        emulator = _emulator(_mock_emulators, arguments, stack)
        upstreams = EmulatedUpstreams(emulator, request.node.nodeid)
        stack.callback(upstreams.reset)
        _apply_marker(upstreams, arguments)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in upstreams.environment.items():
            patch.setenv(name, value)
        stack.enter_context(bypass_proxies(emulator.host))
        yield upstreams


@pytest.fixture
def mock_clock(mock_upstreams: EmulatedUpstreams) -> AccountClock:
    """This test's clock, frozen until it is advanced or slept on."""
    mock_upstreams.clock.freeze_at()
    return mock_upstreams.clock


@pytest.fixture
def mock_fates(mock_upstreams: EmulatedUpstreams) -> FateControl:
    """Rules for the outcome of this test's tasks."""
    return mock_upstreams.fates


@pytest.fixture
def mock_faults(mock_upstreams: EmulatedUpstreams) -> FaultControl:
    """Rules for misbehaviour on the wire of this test's calls."""
    return mock_upstreams.faults


@pytest.fixture
def mock_journal(mock_upstreams: EmulatedUpstreams) -> AccountJournal:
    """This test's exchanges with the upstreams, and assertions on them."""
    return mock_upstreams.journal


@pytest.fixture
def mock_ledger(mock_upstreams: EmulatedUpstreams) -> AccountLedger:
    """This test's charges, and assertions on them."""
    return mock_upstreams.ledger


@pytest.fixture
def mock_hosts(mock_upstreams: EmulatedUpstreams) -> Iterator[respx.MockRouter]:
    """Redirection of every HTTP library from the real hosts to this test's upstreams, and a router for httpx.

    Needs `pip install seedmock[pytest]`.
    """
    try:
        import respx  # noqa: F401

        from .testing.host_redirect import route_hosts
    except ImportError as error:
        pytest.fail(f"mock_hosts needs {error.name}: pip install 'seedmock[pytest]'", pytrace=False)
    from .testing.accounts import SharedServerError

    with ExitStack() as stack:
        try:
            stack.enter_context(mock_upstreams.redirect_hosts())
        except SharedServerError as error:
            pytest.fail(str(error), pytrace=False)
        yield stack.enter_context(route_hosts())


# --- the marker ---


def _marker_arguments(node: pytest.Item) -> dict[str, Any]:
    """Merge the arguments of all markers, the closest first. Fails the test for an unknown one."""
    arguments: dict[str, Any] = {}
    for mark in node.iter_markers(MARKER):
        unknown = [*map(repr, mark.args), *(name for name in mark.kwargs if name not in ARGUMENTS)]
        if unknown:
            message = f"@pytest.mark.{MARKER}: unknown argument {', '.join(unknown)}; available: {', '.join(ARGUMENTS)}"
            pytest.fail(f"{node.nodeid}: {message}, each by its name", pytrace=False)
        arguments = {**mark.kwargs, **arguments}
    return arguments


def _emulator(emulators: EmulatorPool, arguments: dict[str, Any], stack: ExitStack) -> Emulator | SharedServer:
    from .testing.accounts import SharedServerError
    from .testing.emulators import run_emulator

    settings = {name: arguments[name] for name in ("pace", "scenario") if name in arguments}
    try:
        if emulators.shared is not None:
            return emulators.get(**settings)
    except SharedServerError as error:
        pytest.fail(str(error), pytrace=False)
    if "scenario" in settings:  # its rules count the calls of all keys, so the emulator is this test's alone
        return _checked(lambda: stack.enter_context(run_emulator(**settings)))
    return _checked(lambda: emulators.get(**settings))


def _apply_marker(upstreams: EmulatedUpstreams, arguments: dict[str, Any]) -> None:
    faults = arguments.get("fault", ())
    if "credit" in arguments:
        _checked(partial(upstreams.ledger.grant, arguments["credit"]))
    if "fate" in arguments:
        _checked(partial(upstreams.fates.set_default, arguments["fate"]))
    for fault in faults if isinstance(faults, list | tuple) else (faults,):
        _checked(partial(upstreams.faults.add, fault))


def _checked(action: Callable[[], T]) -> T:
    """Return the result of an action of the marker. Fails the test for an invalid argument."""
    try:
        return action()
    except ValueError as error:  # base of RequestRejected and InvalidSetting
        raise pytest.fail.Exception(f"@pytest.mark.{MARKER}: {error}", pytrace=False) from None


# --- the environment of a test ---


@contextmanager
def _guarded(item: pytest.Item) -> Iterator[None]:
    from .testing.network_guard import NetworkGuard

    if GUARD in item.stash:
        yield
        return
    with NetworkGuard(item.nodeid) as guard:
        item.stash[GUARD] = guard
        try:
            yield
        finally:
            del item.stash[GUARD]
