"""Exceptions of the harness, as one tree.

HarnessError
├── CheckFailure               an exchange contradicts a fact; also an AssertionError
├── LiveUpstreamDrifted        a live upstream contradicts its contract; also an AssertionError
├── InvalidBaseUrl             a base URL is malformed; also a ValueError
├── InvalidReproducer          a reproducer of a conformance run is malformed; also a ValueError
├── NoResponse                 a request got no response
├── UnexpectedTask             a request that must be rejected created a task
├── TaskNotFinished            a task did not reach a terminal status in time
├── InvalidBudget              a budget is malformed; also a ValueError
├── MissingApiKey              no API key is set; also a ValueError
├── UnknownStep                a named step does not exist; also a ValueError
├── OrderLogError              a log of paid orders cannot be read or written
├── OrderOutcomeUnknown        a paid order may have been accepted
├── OrderingStopped            no further order is paid for
├── StopVerification           a verification ends before its last step
├── InvalidRecording           a recording is malformed; also a ValueError
├── NoRecordingsFound          a folder has no recordings
├── RecordingError             a recording cannot be written
├── NotRecorded                no recording has a response to a request
├── InvalidReportPath          a report cannot be written to a path; also a ValueError
├── GuardRefusal               the spend guard lets an order not pass
└── RefusedCall                the emulator refuses a call of an agent
"""

from __future__ import annotations

from seedmock_contracts.messages.error_guides import note_guide


class HarnessError(Exception):
    """Base class of the exceptions that the harness raises. Where a guide helps, a note names its page."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        note_guide(self)
