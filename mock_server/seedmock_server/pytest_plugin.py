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

    from seedmock_harness.results.verification import Verification

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
LIVE: pytest.StashKey[Verification] = pytest.StashKey()
LIVE_FIXTURE = "live_upstream"
BLIND = "could not look"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The settings."""
    group = parser.getgroup("seedmock", "seedmock: verify a live service, as `seedmock verify` does")
    group.addoption(
        "--live-upstream", metavar="NAME", help="Whose contract: opeai or apimodels. Needs SEEDMOCK_API_KEY."
    )
    group.addoption("--live-budget", metavar="USD", default="0", help="What orders may cost together.  [default: 0]")
    group.addoption("--live-base-url", metavar="URL", default="", help="Who is asked.  [default: the upstream itself]")
    said = "fail every test that reaches a real host of an upstream, not only those that use seedmock's fixtures"
    parser.addini("seedmock_guard", said, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """The marker, and a look at the options."""
    _check_live(config)
    said = "upstream(fate=, fault=, pace=, credit=, scenario=): how seedmock's upstreams treat this test"
    config.addinivalue_line("markers", said)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let a marked test have the upstreams even if it names no fixture; add the live test if one is wanted."""
    if config.getoption("live_upstream"):
        items.append(LiveTest.from_parent(session, name=f"live[{config.getoption('live_upstream')}]"))
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is not None and "mock_upstreams" not in names and item.get_closest_marker("upstream"):
            names.append("mock_upstreams")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Guard every test if the project wants that."""
    if not item.config.getini("seedmock_guard") or _is_live(item):
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


# --- a live service ---


class LiveTest(pytest.Item):
    """Fails if the live service has drifted, or if a key was given and nothing, or not all, could be looked at."""

    def runtest(self) -> None:
        found = _verified(self.config)
        if found.verdict != "conforms":
            raise Drifted(found)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """The findings, not where in this file they were raised."""
        return str(excinfo.value) if isinstance(excinfo.value, Drifted) else super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[str, int | None, str]:
        """Where it stands: in no file."""
        return "seedmock", None, self.name


class Drifted(AssertionError):
    """A live service does not do what its page says; the text has every finding."""

    def __init__(self, found: Verification) -> None:
        from seedmock_harness.verify.api import in_short, told

        head = [f"{BLIND}: {found.trouble}"] if found.verdict == "could-not-look" else []
        super().__init__("\n".join([*head, in_short(found), *map(told, found.findings)]))


@pytest.fixture(scope="session")
def live_upstream(pytestconfig: pytest.Config) -> Verification:
    """What a verification of the live service has found; made once a session, within --live-budget."""
    return _verified(pytestconfig)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """What was looked at, and what it cost."""
    if LIVE in config.stash:
        from seedmock_harness.verify.api import in_short

        terminalreporter.write_line(f"live {in_short(config.stash[LIVE])}")


def _check_live(config: pytest.Config) -> None:
    """Raises UsageError."""
    name = config.getoption("live_upstream")
    if not name:
        return
    from seedmock_contracts.upstreams import NAMES
    from seedmock_harness.verify.budget import InvalidBudget, budget_from

    if name not in NAMES:
        raise pytest.UsageError(f"--live-upstream {name!r} is no upstream; allowed: {', '.join(NAMES)}")
    if config.getoption("numprocesses", None) or hasattr(config, "workerinput"):
        raise pytest.UsageError("--live-upstream does not go with -n: each worker would spend the budget anew")
    try:
        budget_from(config.getoption("live_budget"))
    except InvalidBudget as error:
        raise pytest.UsageError(f"--live-budget: {error}") from error


def _verified(config: pytest.Config) -> Verification:
    """The one verification of this session. Skips where nobody can look; fails for an address that is none."""
    name, key = config.getoption("live_upstream"), os.environ.get("SEEDMOCK_API_KEY", "").strip()
    if not name:
        pytest.skip(f"{BLIND}: no upstream is named (--live-upstream opeai)")
    if not key:
        pytest.skip(f"{BLIND}: SEEDMOCK_API_KEY is not set")
    if LIVE not in config.stash:
        from seedmock_harness.driver.http_transport import InvalidAddress
        from seedmock_harness.verify.api import verified
        from seedmock_harness.verify.budget import budget_from
        from seedmock_harness.verify.order_log import UnreadableOrderLog

        second = os.environ.get("SEEDMOCK_SECOND_API_KEY", "").strip()
        limit = budget_from(config.getoption("live_budget"))
        try:
            config.stash[LIVE] = verified(name, config.getoption("live_base_url"), key, second, limit)
        except (InvalidAddress, UnreadableOrderLog) as error:
            pytest.fail(f"{BLIND}: {error}", pytrace=False)
    return config.stash[LIVE]


def _is_live(item: pytest.Item) -> bool:
    """Whether a test is meant to reach a real host."""
    return isinstance(item, LiveTest) or LIVE_FIXTURE in getattr(item, "fixturenames", ())


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
