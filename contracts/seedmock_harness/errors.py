"""Exceptions of the harness.

HarnessError
  verify:      InvalidBudget, MissingApiKey, UnknownStep, OrderLogError, OrderOutcomeUnknown, OrderingStopped,
               StopVerification
  recordings:  InvalidRecording, NoRecordingsFound, RecordingError
  drift:       NotRecorded
  reports:     InvalidReportPath
"""

from __future__ import annotations


class HarnessError(Exception):
    """Base class of the exceptions that the harness raises."""
