"""Makes the free steps of a verification again, over a recording: what they see beyond single answers.

Asks nobody: a question that was not recorded ends its step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seedmock_contracts.exchange import Exchange
from seedmock_server.http.in_process import BufferedResponse

from ..driver.client import Driver, UnexpectedTask
from ..probes.free_steps import free_steps
from ..recordings.cassette import Asked, Cassette
from ..recordings.model import Recording
from ..results.checks import CheckResult

WORDS = ("first", "second", "wrong")
BEARER = "Bearer "


class NotRecorded(Exception):
    """Nobody asked this when the recording was made."""


@dataclass
class Retracer:
    """Answers a speaker from a recording, by the clock of then."""

    tape: Cassette
    at: float = 0.0

    def send(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
        """Raises NotRecorded."""
        path, _, query = url.partition("?")
        caller = headers.get("authorization", "").removeprefix(BEARER)
        turn = self.tape.answer(Asked(method, path, query, content.decode("utf-8", "replace"), caller))
        if turn is None:
            raise NotRecorded
        self.at = turn.exchange.at
        answer = turn.exchange.response
        return BufferedResponse(answer.status, dict(answer.headers), answer.body.encode())


def retraced(recording: Recording) -> Iterator[tuple[str, CheckResult, Exchange]]:
    """What the free steps see in a recording: the step's name, the look, and the exchange that shows it."""
    retracer = Retracer(Cassette(recording, loose=True))
    keys = {word: word for word in WORDS if word in {one.caller for one in recording.exchanges}}
    speaker = Driver(
        recording.contract, retracer.send, keys, lambda: retracer.at, lambda seconds: None, lambda judged: None
    )
    for step in free_steps(recording.contract):
        try:
            for look in step.run(speaker):
                yield step.name, look, speaker.current.exchange
        except (NotRecorded, UnexpectedTask):  # the checks have seen the latter
            continue
