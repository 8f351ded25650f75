"""Run the free steps of a verification against a recording: they find more than checks of single responses.

Sends nothing: a request that was not recorded ends its step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seedmock_contracts.exchange import Exchange
from seedmock_server.http.in_process import BufferedResponse

from ..driver.client import Driver, UnexpectedTask
from ..errors import HarnessError
from ..probes.free_steps import free_steps
from ..recordings.cassette import Cassette, ReplayRequest
from ..recordings.model import Recording
from ..results.checks import CheckResult

CALLERS = ("first", "second", "wrong")
BEARER = "Bearer "


class NotRecorded(HarnessError):
    """The recording has no response to a request."""


@dataclass
class ReplayTransport:
    """Answers a driver from a cassette; `at` is the time of the last recorded exchange."""

    cassette: Cassette
    at: float = 0.0

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
        """Return the recorded response. Raises NotRecorded."""
        path, _, query = url.partition("?")
        caller = headers.get("authorization", "").removeprefix(BEARER)
        request = ReplayRequest(method, path, query, content.decode("utf-8", "replace"), caller)
        interaction = self.cassette.response(request)
        if interaction is None:
            raise NotRecorded
        self.at = interaction.exchange.at
        response = interaction.exchange.response
        return BufferedResponse(response.status, dict(response.headers), response.body.encode())


def replay_free_steps(recording: Recording) -> Iterator[tuple[str, CheckResult, Exchange]]:
    """Yield the results of the free steps: name of the step, result, and the exchange that it is about."""
    transport = ReplayTransport(Cassette(recording, ignore_ids=True))
    recorded_callers = {exchange.caller for exchange in recording.exchanges}
    keys = {caller: caller for caller in CALLERS if caller in recorded_callers}  # a caller's name serves as its key
    driver = Driver(
        recording.contract, transport.send, keys, lambda: transport.at, lambda seconds: None, lambda checked: None
    )
    for step in free_steps(recording.contract):
        try:
            for result in step.run(driver):
                yield step.name, result, driver.current.exchange
        except (NotRecorded, UnexpectedTask):  # the checks have reported an unexpected task already
            continue
