"""Catalog of certification scenarios: each row failure of an upstream as an order and at most six steps.

A row has a name, a description and a step. F1 to F23 number the faults that the scenario files cover as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Capability, Operation, StatusContext, TaskStatus
from seedmock_contracts.upstreams import get_contract
from seedmock_server.matching.syntax import quote_value

from .sample_orders import order_names
from .scenario import ScenarioStep, TrialScenario, credit, fate, fault, key, links_to_other_origin, redirect

MAX_STEPS = 6
NO_WORD = r"\W+"
# With the download's half and GRACE_SECONDS, 2 s allow 6 s: a hang of 30 s outlasts that, and IDLE_TIMEOUT.
SHORT, LONG = 2.0, 10.0
"""timeout_seconds of an order that cannot succeed in time, and of every other."""
SHORT_ROWS = frozenset({"create-hang", "download-hang", "download-slow", "download-cut-always", "download-500"})
AT_ONCE, SOON = "succeed after=0s", "succeed after=300ms"
# The pages of Cloudflare, behind which one vendor is (F11).
PROXY_ERRORS = (502, 520, 524)

CREATE, QUERY, CONTENT = Operation.CREATE, Operation.QUERY, Operation.CONTENT
Row = tuple[str, str, ScenarioStep]
CREATE_ROWS: tuple[Row, ...] = (
    ("create-500", "the order gets a 500", fault(CREATE, "status code=500")),
    ("create-502-page", "the order gets a proxy's error page (F11)", fault(CREATE, "status code=502 body=html")),
    ("create-503", "the order gets a 503 with Retry-After", fault(CREATE, "status code=503 retry_after=1s")),
    ("create-504-page", "the order gets a 504 from a proxy", fault(CREATE, "status code=504 body=html")),
    (
        "create-response-lost",
        "the task is created, the response never arrives (F7)",
        fault(CREATE, "response_lost", times=1),
    ),
    ("create-reset", "the connection of the order is reset", fault(CREATE, "reset", times=1)),
    ("create-hang", "the order gets no response", fault(CREATE, "hang seconds=30s", times=1)),
    ("create-invalid-json", "the response to the order is not JSON", fault(CREATE, "malformed", times=1)),
    ("create-truncated", "the response to the order is truncated", fault(CREATE, "truncated", times=1)),
    ("create-body-cut", "the connection breaks within the response to the order", fault(CREATE, "body_cut", times=1)),
    ("create-400", "the order is rejected", fault(CREATE, "status code=400")),
    ("create-400-nested", "an error is nested in another error (F12)", fault(CREATE, "status code=400 body=nested")),
    (
        "create-model-unknown",
        "a documented model is rejected (F15)",
        fault(CREATE, "status code=400 kind=unknown_model"),
    ),
    ("create-429", "Retry-After in seconds", fault(CREATE, "status code=429 retry_after=1s", times=1)),
    (
        "create-429-date",
        "Retry-After as a date",
        fault(CREATE, "status code=429 retry_after=2s retry_as=date", times=1),
    ),
    ("create-429-empty", "a 429 without a body (F10)", fault(CREATE, "status code=429 body=empty", times=1)),
)
QUERY_ROWS: tuple[Row, ...] = (
    ("poll-429", "Retry-After in seconds", fault(QUERY, "status code=429 retry_after=1s", nth=2)),
    ("poll-429-date", "Retry-After as a date", fault(QUERY, "status code=429 retry_after=2s retry_as=date", nth=2)),
    ("poll-429-bare", "a 429 without Retry-After (F10)", fault(QUERY, "status code=429", nth=2)),
    ("poll-503", "a poll gets a 503 with Retry-After", fault(QUERY, "status code=503 retry_after=1s", nth=2)),
    ("poll-404", "a running task is not found once (F23)", fault(QUERY, "status code=404", nth=2)),
    ("poll-502-page", "a poll gets a proxy's error page (F11)", fault(QUERY, "status code=502 body=html", nth=2)),
    ("poll-reset", "the connection of a poll is reset", fault(QUERY, "reset", nth=2)),
    ("poll-response-lost", "the response to a poll is lost", fault(QUERY, "response_lost", nth=2)),
    ("poll-hang", "the response to a poll is late", fault(QUERY, "hang seconds=400ms", nth=2)),
    ("poll-invalid-json", "the response to a poll is not JSON", fault(QUERY, "malformed", nth=2)),
)
CONTENT_ROWS: tuple[Row, ...] = (
    ("download-cut", "a download breaks off (F22)", fault(CONTENT, "body_cut", times=1)),
    ("download-cut-always", "every download breaks off", fault(CONTENT, "body_cut")),
    ("download-reset", "the connection of a download is reset", fault(CONTENT, "reset when=during", times=1)),
    ("download-short", "a download is shorter than announced", fault(CONTENT, "wrong_length delta=10", times=1)),
    ("download-page", "a download gets a proxy's error page", fault(CONTENT, "status code=502 body=html", times=1)),
    ("download-500", "every download gets a 500 (F4)", fault(CONTENT, "status code=500")),
    ("download-404", "every download gets a 404", fault(CONTENT, "not_found")),
    ("download-redirect", "the content redirects within its origin (F21)", fault(CONTENT, "redirect")),
    ("download-slow", "the content arrives slowly", fault(CONTENT, "dribble bytes=1000 every=100ms")),
    ("download-hang", "the content does not arrive", fault(CONTENT, "hang seconds=30s")),
    ("download-without-range", "ranges of the content are not supported", fault(CONTENT, "no_range")),
)
FAILURE_ROWS: tuple[Row, ...] = (
    ("failed", "the task fails, and is not charged", fate("failed after=300ms")),
    ("failed-charged", "the task fails, and is charged nevertheless (F6)", fate("failed after=300ms charged=yes")),
    ("moderated-video", "moderation rejects the video (F13)", fate("moderated after=300ms what=video")),
    ("moderated-audio", "moderation rejects the audio", fate("moderated after=300ms what=audio")),
    ("refused-face", "the order is rejected for a face", fate("refused why=face")),
    ("refused-text", "the order is rejected for its prompt", fate("refused why=text")),
    ("no-balance", "the balance is too low", credit("0")),
    ("no-credit", "the key has no credit", key("nocredit")),
    ("key-invalid", "the key is invalid", key("invalid")),
    ("key-forbidden", "the key lacks the permission", key("forbidden")),
    ("link-dead", "the link to the clip expires at once (F18)", fate("link_dead after=300ms lifetime=0s")),
)
TIMEOUT_ROWS: tuple[Row, ...] = (
    ("stuck-queued", "the task never starts", fate("stuck status=queued")),
    ("stuck-in-progress", "the task never ends (F5)", fate("stuck status=in_progress")),
    ("slow", "the task takes longer than the order allows", fate("slow after=60s")),
    ("unknown-status-lasting", "an unknown status that lasts", fate("unknown_status raw_status=PAUSED after=200ms")),
    ("poll-500-always", "every poll gets a 500", fault(QUERY, "status code=500")),
    ("poll-hang-always", "no poll gets a response", fault(QUERY, "hang seconds=30s")),
    ("key-rate-limited", "every call exceeds the rate limit", key("ratelimited")),
    ("without-clip", "the task succeeds without a clip (F8)", fate("completed_without_url after=200ms")),
)
OTHER_ORIGIN_ROWS: tuple[Row, ...] = (
    ("create-other-origin", "the order redirects to another origin", redirect(CREATE, 307)),
    ("poll-other-origin", "a poll redirects to another origin", redirect(QUERY, 302, times=1)),
    ("download-other-origin", "the content redirects to another origin", redirect(CONTENT, 302)),
)


def scenarios(upstream: str) -> tuple[TrialScenario, ...]:
    """Return every scenario of an upstream; in the first one the order succeeds."""
    contract = get_contract(upstream)
    return (
        *_successes(contract),
        *_status_spellings(contract),
        *_unknown_statuses(contract),
        *_faults_and_fates(),
        *_capability_scenarios(contract),
    )


def _successes(contract: Contract) -> Iterator[TrialScenario]:
    for order in order_names(contract):
        name = "success" if order == "text" else f"order-{order.replace(' ', '-')}"
        yield TrialScenario(name, f"the order succeeds: {order}", order=order)


def _status_spellings(contract: Contract) -> Iterator[TrialScenario]:
    """Yield every spelling of every status: one scenario for each running status, and for each final spelling."""
    for status, name in ((TaskStatus.QUEUED, "queued"), (TaskStatus.IN_PROGRESS, "in-progress")):
        for number, spellings in enumerate(_groups(_spellings(contract, status)), 1):
            steps = [
                fault(QUERY, f"backwards to={quote_value(text)}", nth=nth) for nth, text in enumerate(spellings, 1)
            ]
            full_name = f"status-spellings-{name}" if number == 1 else f"status-spellings-{name}-{number}"
            description = f"{status} as {', '.join(spellings)} (F1, F2)"
            yield TrialScenario(full_name, description, (fate(SOON), *steps))
    for text in _spellings(contract, TaskStatus.SUCCESS):
        steps = [fate(AT_ONCE), fault(QUERY, f"backwards to={quote_value(text)}")]
        yield TrialScenario(_status_name(text), f"success as {text}", tuple(steps), seconds=SHORT)
    for text in _spellings(contract, TaskStatus.FAILURE):
        step = fate(f"expired after=200ms raw_status={quote_value(text)}")
        yield TrialScenario(_status_name(text), f"failure as {text}", (step,), seconds=SHORT)


def _groups(spellings: list[str]) -> Iterator[list[str]]:
    """Split spellings into as many groups as it takes for each to fit into one scenario, beside the fate."""
    size = MAX_STEPS - 1
    yield from (spellings[at : at + size] for at in range(0, len(spellings), size))


def _status_name(spelling: str) -> str:
    """Return the name of a scenario for a spelling, which may have blanks, as one word for the command line."""
    return f"status-{re.sub(NO_WORD, '-', spelling).strip('-')}"


def _spellings(contract: Contract, status: TaskStatus) -> list[str]:
    """Return the spellings of a status in responses to queries, the documented one first."""
    usual = contract.spelling(status, StatusContext.QUERY)
    others = (row.spelling for row in contract.status_spellings if row.status is status)
    return list(dict.fromkeys([usual, *others]))


def _unknown_statuses(contract: Contract) -> Iterator[TrialScenario]:
    for name, text in (("unknown-status", "PAUSED"), ("unknown-status-lowercase", "reviewing")):
        step = fate(f"unknown_status raw_status={text} after=200ms duration=300ms")
        yield TrialScenario(name, f"{text}, an unknown status, for a while", (step,))
    missing = f"missing field={contract.response.status_paths[0]}"
    yield TrialScenario("status-missing-once", "a poll has no status", (fault(QUERY, missing, nth=2),))
    yield TrialScenario("status-missing-always", "no poll has a status", (fault(QUERY, missing),), seconds=SHORT)


def _faults_and_fates() -> Iterator[TrialScenario]:
    for name, description, step in (*CREATE_ROWS, *QUERY_ROWS, *CONTENT_ROWS, *FAILURE_ROWS, *OTHER_ORIGIN_ROWS):
        yield TrialScenario(name, description, (step,), seconds=SHORT if name in SHORT_ROWS else LONG)
    for name, description, step in TIMEOUT_ROWS:
        yield TrialScenario(name, description, (step,), seconds=SHORT)
    pages = (fault(QUERY, f"status code={code} body=html", nth=nth) for nth, code in enumerate(PROXY_ERRORS, 1))
    yield TrialScenario("poll-proxy-pages", "polls get several error pages of a proxy", (fate(SOON), *pages))
    late = (fate("content_late after=200ms by=800ms"),)
    yield TrialScenario("content-late", "the content is available some time after success (F3)", late)


def _capability_scenarios(contract: Contract) -> Iterator[TrialScenario]:
    """Yield scenarios that only some upstreams can show."""
    early = [row for row in contract.spellings(StatusContext.ALIAS) if row.status is TaskStatus.QUEUED]
    if len(early) > 1:
        steps: tuple[ScenarioStep, ...] = (fate("not_started_first duration=150ms queue=100ms render=200ms"),)
        yield TrialScenario("not-started", "statuses from before the queue come first (F2)", steps)
    if Capability.CONTENT in contract.capabilities:
        steps = (fate(AT_ONCE), fault(CONTENT, "status code=400 kind=not_ready", times=2))
        yield TrialScenario("content-not-ready", "the content is not ready at first, after success (F3)", steps)
    if Capability.LINKS in contract.capabilities:
        yield TrialScenario("links-other-origin", "the clip is on another host, as usual", (links_to_other_origin(),))
    if contract.response.code_path:
        steps = (fault(CREATE, "status code=200 kind=balance"),)
        yield TrialScenario("error-in-200", "an HTTP 200 whose envelope has code 402 (F9)", steps)
        steps = (fault(QUERY, "status code=200 kind=overloaded", nth=2),)
        yield TrialScenario("poll-error-in-200", "a poll gets an HTTP 200 whose envelope has an error (F9)", steps)
    yield from _legacy_field_names(contract)


def _legacy_field_names(contract: Contract) -> Iterator[TrialScenario]:
    """Yield the field names of an earlier version of the API, if id, status and links all have some."""
    paths = contract.response.id_paths, contract.response.status_paths, contract.response.link_paths
    if all(len(alternatives) > 1 for alternatives in paths):
        id_, status, links = (f"renamed field={current} to={legacy}" for current, legacy, *_ in paths)
        steps = [fault(operation, text) for operation in (CREATE, QUERY) for text in (id_, status)]
        names = ", ".join(alternatives[1] for alternatives in paths)
        description = f"the field names of an earlier version: {names} (F20)"
        yield TrialScenario("legacy-field-names", description, (*steps, fault(QUERY, links)))
