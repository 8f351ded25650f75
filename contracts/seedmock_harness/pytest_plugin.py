"""pytest plugin of the harness: `--live-upstream` verifies a live service among the tests, as `seedmock verify` does.

Imports nothing else of seedmock until the option is used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .results.verification import Verification

RESULT: pytest.StashKey[Verification] = pytest.StashKey()
FIXTURE = "live_upstream"
COULD_NOT_VERIFY = "could not verify"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --live-upstream, --live-budget and --live-base-url."""
    group = parser.getgroup("seedmock", "seedmock: verify a live service, as `seedmock verify` does")
    group.addoption(
        "--live-upstream",
        metavar="NAME",
        help="Verify a service against the contract of this upstream. Needs SEEDMOCK_API_KEY.",
    )
    group.addoption(
        "--live-budget", metavar="USD", default="0", help="Spend at most this much on paid checks.  [default: 0]"
    )
    group.addoption(
        "--live-base-url", metavar="URL", default="", help="Send requests here.  [default: the upstream's own host]"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and check the options."""
    _check_options(config)
    config.addinivalue_line("markers", f"{FIXTURE}: calls a live service; seedmock_guard leaves this test alone")


# Pytest selects by -m in the same hook: the markers have to be there before.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that use `live_upstream`, and add one that fails if the live service has drifted."""
    name = config.getoption("live_upstream")
    if name:
        items.append(LiveUpstreamTest.from_parent(session, name=f"live[{name}]"))
    for item in items:
        if isinstance(item, LiveUpstreamTest) or FIXTURE in getattr(item, "fixturenames", ()):
            item.add_marker(FIXTURE)


class LiveUpstreamTest(pytest.Item):
    """Test that fails if the live service has drifted, or if there is a key and a check could not be made."""

    def runtest(self) -> None:
        verification = _verify_once(self.config)
        if verification.verdict != "conforms":
            from .verify.live_verification import LiveUpstreamDrifted

            raise LiveUpstreamDrifted(verification)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """Show the findings, not the line of this file that raised them."""
        from .verify.live_verification import LiveUpstreamDrifted

        if isinstance(excinfo.value, LiveUpstreamDrifted):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[str, int | None, str]:
        return "seedmock", None, self.name


@pytest.fixture(scope="session")
def live_upstream(pytestconfig: pytest.Config) -> Verification:
    """Result of verifying the live service; made once a session, within --live-budget."""
    return _verify_once(pytestconfig)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the verdict and the cost."""
    if RESULT in config.stash:
        from .verify.live_verification import summary_line

        terminalreporter.write_line(f"live {summary_line(config.stash[RESULT])}")


def _check_options(config: pytest.Config) -> None:
    """Check the options before any test runs. Raises UsageError."""
    name = config.getoption("live_upstream")
    if not name:
        return
    from seedmock_contracts.upstreams import NAMES

    from .verify.budget import InvalidBudget, parse_budget

    if name not in NAMES:
        raise pytest.UsageError(f"--live-upstream: unknown upstream {name!r}; available: {', '.join(NAMES)}")
    if config.getoption("numprocesses", None) or hasattr(config, "workerinput"):
        raise pytest.UsageError("--live-upstream does not work with -n: each worker would spend the budget anew")
    try:
        parse_budget(config.getoption("live_budget"))
    except InvalidBudget as error:
        raise pytest.UsageError(f"--live-budget: {error}") from error


def _verify_once(config: pytest.Config) -> Verification:
    """Return the verification of this session; skip without an upstream or a key, fail if it cannot start."""
    name, key = config.getoption("live_upstream"), os.environ.get("SEEDMOCK_API_KEY", "").strip()
    if not name:
        pytest.skip(f"{COULD_NOT_VERIFY}: no upstream is named (--live-upstream NAME)")
    if not key:
        pytest.skip(f"{COULD_NOT_VERIFY}: SEEDMOCK_API_KEY is not set")
    if RESULT not in config.stash:
        config.stash[RESULT] = _verify(config, name, key)
    return config.stash[RESULT]


def _verify(config: pytest.Config, name: str, key: str) -> Verification:
    from .driver.http_transport import InvalidBaseUrl
    from .verify.budget import parse_budget
    from .verify.live_verification import run_verification
    from .verify.order_log import OrderLogError

    second_key = os.environ.get("SEEDMOCK_SECOND_API_KEY", "").strip()
    budget = parse_budget(config.getoption("live_budget"))
    try:
        return run_verification(
            name,
            api_key=key,
            base_url=config.getoption("live_base_url"),
            second_api_key=second_key,
            budget=budget,
        )
    except (InvalidBaseUrl, OrderLogError) as error:
        pytest.fail(f"{COULD_NOT_VERIFY}: {error}", pytrace=False)
