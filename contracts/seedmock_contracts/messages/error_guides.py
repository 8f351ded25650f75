"""Place in the documentation that explains an error: a page and a heading by the name of the exception's class.

One table for all packages, which share no base class; names of classes occur once in the project. The npm package's
is generated from it.
"""

from __future__ import annotations

from collections.abc import Mapping

SITE = "https://github.com/seedmock/seedmock/blob/main/docs/"
_TROUBLES = "guides/troubleshooting.md#"
PAGES: Mapping[str, str] = {
    # the emulator
    "PortInUse": f"{_TROUBLES}the-port-is-in-use",
    "ListenError": f"{_TROUBLES}the-server-cannot-listen",
    "InvalidSetting": "reference/settings.md",
    "StoreError": "guides/share-a-mock.md#what-can-be-wrong-with-the-file",
    "InvalidScenario": "guides/failures.md#scenarios",
    "EmulatorNotRunning": f"{_TROUBLES}no-emulator-answers",
    "RequestRejected": "reference/control-api.md",
    "LiveHostReached": f"{_TROUBLES}a-test-reached-a-live-host",
    "LibraryNotRedirected": f"{_TROUBLES}a-test-reached-a-live-host",
    "SharedServerError": "guides/share-a-mock.md#tests-that-use-it",
    # the helpers for JavaScript
    "ServerStartError": f"{_TROUBLES}javascript-cannot-start-the-server",
    # the client
    "UsageError": f"{_TROUBLES}a-call-that-cannot-work",
    "ValidationError": f"{_TROUBLES}the-request-breaks-a-rule",
    "AuthenticationError": f"{_TROUBLES}the-api-key-is-missing-or-rejected",
    "BalanceError": f"{_TROUBLES}the-balance-is-too-low",
    "ModerationError": f"{_TROUBLES}moderation-rejected-it",
    "RateLimitError": f"{_TROUBLES}too-many-requests",
    "UpstreamError": f"{_TROUBLES}the-task-failed-or-the-upstream-is-broken",
    "WaitTimeoutError": f"{_TROUBLES}the-deadline-passed",
    "ConnectionFailedError": f"{_TROUBLES}no-connection-to-the-upstream",
    "SubmissionUnknownError": f"{_TROUBLES}the-response-to-an-order-was-lost",
    "NotFoundError": f"{_TROUBLES}no-such-task-or-file",
    "NotReadyError": f"{_TROUBLES}the-task-is-not-finished-or-is-over",
    "StateConflictError": f"{_TROUBLES}the-task-is-not-finished-or-is-over",
    "DownloadError": f"{_TROUBLES}the-download-is-not-whole",
    # verify, certify, record, drift, replay
    "InvalidBaseUrl": f"{_TROUBLES}a-call-that-cannot-work",
    "MissingApiKey": f"{_TROUBLES}the-api-key-is-missing-or-rejected",
    "OrderOutcomeUnknown": f"{_TROUBLES}the-response-to-an-order-was-lost",
    "OrderLogError": "guides/verify.md",
    "InvalidBudget": "guides/verify.md",
    "UnknownStep": "guides/verify.md",
    "NoResponse": f"{_TROUBLES}no-connection-to-the-upstream",
    "NoRecordingsFound": "guides/record-replay.md#record",
    "InvalidRecording": "guides/record-replay.md#record",
    "RecordingError": "guides/record-replay.md#record",
    "LiveUpstreamDrifted": "guides/verify.md",
    "UnexpectedTask": "guides/verify.md",
    "InvalidReportPath": "guides/verify.md",
    "CheckFailure": "reference/checks-and-mutations.md",
    "InvalidReproducer": "guides/gateway.md",
}
"""Paths below docs/. A class that is not listed has the page of its nearest base that is."""

_pages_by_class: dict[type, str] = {}  # since a refused request raises an error, too


def error_guide(error: BaseException | None) -> str:
    """The page on an error, as in PAGES, or ""."""
    return page_of(type(error))


def page_of(class_: type) -> str:
    """The page on the errors of a class, as in PAGES, or ""."""
    if class_ not in _pages_by_class:
        own = (base.__name__ for base in class_.__mro__ if base.__module__.startswith("seedmock_"))
        _pages_by_class[class_] = next((PAGES[name] for name in own if name in PAGES), "")
    return _pages_by_class[class_]


def offline_topic(page: str) -> str:
    """The name by which `seedmock docs` opens a page of PAGES: that of its file, and the heading."""
    return page.rpartition("/")[2].replace(".md", "", 1)


def see_line(error: BaseException | None) -> str:
    """The line on where to read about an error, or ""."""
    return page_line(error_guide(error))


def page_line(page: str) -> str:
    """The line that names a page of PAGES, or "" for none."""
    return f"See: {SITE}{page} (offline: seedmock docs {offline_topic(page)})" if page else ""


def note_guide(error: BaseException) -> None:
    """Add the line on where to read about an error as a note, which tracebacks show below the message."""
    line = see_line(error)
    if line:
        error.add_note(line)
