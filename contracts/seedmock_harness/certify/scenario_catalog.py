"""The scenarios of a certification: each report of trouble as an order and at most six steps.

A row is a name, what it shows, and its steps. F1 to F23 are the numbers of the catalogue of faults.
"""

from __future__ import annotations

from collections.abc import Iterator

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Capability, Operation, StatusContext, TaskStatus
from seedmock_contracts.upstreams import get_contract

from .sample_orders import order_names
from .scenario import Scenario, Step, credit, detour, fate, fault, key, links_elsewhere

MOST_STEPS = 6
SHORT, LONG = 2.0, 10.0
"""The seconds of an order that will not go well in time, and of every other."""
BRIEF = frozenset({"create-hang", "download-hang", "download-slow", "download-cut-always", "download-500"})
AT_ONCE, SOON = "succeed after=0s", "succeed after=300ms"

CREATE, QUERY, CONTENT = Operation.CREATE, Operation.QUERY, Operation.CONTENT
CREATED: tuple[tuple[str, str, Step], ...] = (
    ("create-500", "the order is answered 500", fault(CREATE, "status code=500")),
    ("create-502-page", "the order is answered by a proxy's page (F11)", fault(CREATE, "status code=502 body=html")),
    ("create-503", "the order is answered 503 with Retry-After", fault(CREATE, "status code=503 retry_after=1s")),
    ("create-504-page", "the order is answered 504 by a proxy", fault(CREATE, "status code=504 body=html")),
    ("create-lost", "the task is made, the answer never arrives (F7)", fault(CREATE, "response_lost", times=1)),
    ("create-reset", "the connection of the order is reset", fault(CREATE, "reset", times=1)),
    ("create-hang", "the order is never answered", fault(CREATE, "hang seconds=30s", times=1)),
    ("create-garbled", "the answer to the order is no JSON", fault(CREATE, "malformed", times=1)),
    ("create-truncated", "the answer to the order ends too early", fault(CREATE, "truncated", times=1)),
    ("create-cut", "the connection breaks within the answer to the order", fault(CREATE, "body_cut", times=1)),
    ("create-400", "the order is refused", fault(CREATE, "status code=400")),
    ("create-400-nested", "a refusal within a refusal (F12)", fault(CREATE, "status code=400 body=nested")),
    ("create-model-unknown", "a listed model is not taken (F15)", fault(CREATE, "status code=400 kind=unknown_model")),
    ("create-429", "come back in a second", fault(CREATE, "status code=429 retry_after=1s", times=1)),
    (
        "create-429-date",
        "come back at a date",
        fault(CREATE, "status code=429 retry_after=2s retry_as=date", times=1),
    ),
    (
        "create-429-empty",
        "too many requests, and not a word more (F10)",
        fault(CREATE, "status code=429 body=empty", times=1),
    ),
)
POLLED: tuple[tuple[str, str, Step], ...] = (
    ("poll-429", "come back in a second", fault(QUERY, "status code=429 retry_after=1s", nth=2)),
    ("poll-429-date", "come back at a date", fault(QUERY, "status code=429 retry_after=2s retry_as=date", nth=2)),
    ("poll-429-bare", "too many requests, without Retry-After (F10)", fault(QUERY, "status code=429", nth=2)),
    ("poll-503-later", "overloaded, come back in a second", fault(QUERY, "status code=503 retry_after=1s", nth=2)),
    ("poll-404", "a task that lives is not found for once (F23)", fault(QUERY, "status code=404", nth=2)),
    ("poll-502-page", "a poll is answered by a proxy's page (F11)", fault(QUERY, "status code=502 body=html", nth=2)),
    ("poll-reset", "the connection of a poll is reset", fault(QUERY, "reset", nth=2)),
    ("poll-lost", "the answer to a poll is lost", fault(QUERY, "response_lost", nth=2)),
    ("poll-hang", "a poll is not answered for a while", fault(QUERY, "hang seconds=400ms", nth=2)),
    ("poll-garbled", "the answer to a poll is no JSON", fault(QUERY, "malformed", nth=2)),
)
DOWNLOADED: tuple[tuple[str, str, Step], ...] = (
    ("download-cut", "the download ends in the middle (F22)", fault(CONTENT, "body_cut", times=1)),
    ("download-cut-always", "every download ends in the middle", fault(CONTENT, "body_cut")),
    ("download-reset", "the download is reset", fault(CONTENT, "reset when=during", times=1)),
    ("download-short", "the download announces more than it brings", fault(CONTENT, "wrong_length off=10", times=1)),
    ("download-page", "the content is a proxy's page for once", fault(CONTENT, "status code=502 body=html", times=1)),
    ("download-500", "the content fails for ever (F4)", fault(CONTENT, "status code=500")),
    ("download-moved", "the content is nowhere", fault(CONTENT, "not_found")),
    ("download-redirect", "the content is elsewhere on the same origin (F21)", fault(CONTENT, "redirect")),
    ("download-slow", "the content comes in drops", fault(CONTENT, "dribble bytes=1000 every=100ms")),
    ("download-hang", "the content does not come", fault(CONTENT, "hang seconds=30s")),
    ("download-without-range", "no part of the content can be had", fault(CONTENT, "no_range")),
)
FAILED: tuple[tuple[str, str, Step], ...] = (
    ("failed", "the task fails, and is not charged", fate("failed after=300ms")),
    ("failed-charged", "the task fails, and is charged all the same (F6)", fate("failed after=300ms charged=yes")),
    ("moderated-video", "moderation refuses the picture (F13)", fate("moderated after=300ms what=video")),
    ("moderated-audio", "moderation refuses the sound", fate("moderated after=300ms what=audio")),
    ("refused-face", "the order is refused for a face", fate("refused why=face")),
    ("refused-text", "the order is refused for its text", fate("refused why=text")),
    ("no-balance", "the account cannot pay", credit("0")),
    ("no-credit", "the key has no credit", key("nocredit")),
    ("key-invalid", "the key is refused", key("invalid")),
    ("key-forbidden", "the key may not do this", key("forbidden")),
    ("link-dead", "the clip is gone at once (F18)", fate("link_dead after=300ms lives=0s")),
)
UNFINISHED: tuple[tuple[str, str, Step], ...] = (
    ("stuck-queued", "the task never starts", fate("stuck status=queued")),
    ("stuck-in-progress", "the task never ends (F5)", fate("stuck status=in_progress")),
    ("slow", "the task takes longer than the order has", fate("slow after=60s")),
    ("unknown-lasting", "a status that nobody knows, for ever", fate("unknown_status word=PAUSED after=200ms")),
    ("poll-500", "every poll is answered 500", fault(QUERY, "status code=500")),
    ("poll-hang-lasting", "polls are never answered", fault(QUERY, "hang seconds=30s")),
    ("key-limited", "every call is one too many", key("ratelimited")),
    ("without-clip", "the task succeeds without a clip (F8)", fate("completed_without_url after=200ms")),
)
ELSEWHERE: tuple[tuple[str, str, Step], ...] = (
    ("create-elsewhere", "the order is led to another origin", detour(CREATE, 307)),
    ("poll-elsewhere", "a poll is led to another origin", detour(QUERY, 302, times=1)),
    ("content-elsewhere", "the content is on another origin", detour(CONTENT, 302)),
)


def scenarios(upstream: str) -> tuple[Scenario, ...]:
    """Every scenario of an upstream; the first is that of an order that goes well."""
    contract = get_contract(upstream)
    return (*_orders(contract), *_words(contract), *_unknown(contract), *_troubles(), *_of(contract))


def _orders(contract: Contract) -> Iterator[Scenario]:
    for name in order_names(contract):
        called = "ordinary" if name == "text" else f"order-{name.replace(' ', '-')}"
        yield Scenario(called, f"an order goes well: {name}", order=name)


def _words(contract: Contract) -> Iterator[Scenario]:
    """Every spelling of every status: those of a task that runs together, each end by itself."""
    for status, name in ((TaskStatus.QUEUED, "words-queued"), (TaskStatus.IN_PROGRESS, "words-in-progress")):
        spoken = _spellings(contract, status)
        steps = [fault(QUERY, f"backwards to={word}", nth=nth) for nth, word in enumerate(spoken, 1)]
        assert len(steps) < MOST_STEPS, "more spellings than a scenario has steps"
        yield Scenario(name, f"{status} as {', '.join(spoken)} (F1, F2)", (fate(SOON), *steps))
    for word in _spellings(contract, TaskStatus.SUCCESS):
        steps = [fate(AT_ONCE), fault(QUERY, f"backwards to={word}")]
        yield Scenario(f"word-{word}", f"success as {word}", tuple(steps), seconds=SHORT)
    for word in _spellings(contract, TaskStatus.FAILURE):
        yield Scenario(f"word-{word}", f"failure as {word}", (fate(f"expired after=200ms word={word}"),), seconds=SHORT)


def _spellings(contract: Contract, status: TaskStatus) -> list[str]:
    """How a status can be spelt in answer to a query, the page's own word first."""
    usual = contract.spelling(status, StatusContext.QUERY)
    return list(dict.fromkeys([usual, *(word.spelling for word in contract.status_spellings if word.status is status)]))


def _unknown(contract: Contract) -> Iterator[Scenario]:
    for name, word in (("unknown-passing", "PAUSED"), ("unknown-passing-lower", "reviewing")):
        steps: tuple[Step, ...] = (fate(f"unknown_status word={word} after=200ms lasts=300ms"),)
        yield Scenario(name, f"{word}, a status that nobody knows, for a while", steps)
    silent = f"missing field={contract.response.status_paths[0]}"
    yield Scenario("poll-without-status", "a poll tells no status", (fault(QUERY, silent, nth=2),))
    yield Scenario("unknown-nothing", "no poll ever tells a status", (fault(QUERY, silent),), seconds=SHORT)


def _troubles() -> Iterator[Scenario]:
    for name, says, step in (*CREATED, *POLLED, *DOWNLOADED, *FAILED, *ELSEWHERE):
        yield Scenario(name, says, (step,), seconds=SHORT if name in BRIEF else LONG)
    for name, says, step in UNFINISHED:
        yield Scenario(name, says, (step,), seconds=SHORT)
    steps = (fate(SOON), *(fault(QUERY, f"status code={code} body=html", nth=nth) for nth, code in enumerate(PAGES, 1)))
    yield Scenario("poll-pages", "polls meet the pages of a proxy one after another", steps)
    late = (fate("content_late after=200ms by=800ms"),)
    yield Scenario("content-late", "success is told, and the content comes later (F3)", late)


PAGES = (502, 520, 524)


def _of(contract: Contract) -> Iterator[Scenario]:
    """Scenarios that only some upstreams can show."""
    early = [word for word in contract.spellings(StatusContext.ALIAS) if word.status is TaskStatus.QUEUED]
    if len(early) > 1:
        steps: tuple[Step, ...] = (fate("not_started_first lasts=150ms queue=100ms render=200ms"),)
        yield Scenario("not-started", "words from before the queue come first (F2)", steps)
    if Capability.CONTENT in contract.capabilities:
        steps = (fate(AT_ONCE), fault(CONTENT, "status code=400 kind=not_ready", times=2))
        yield Scenario("content-not-ready", "the content is not ready yet after success (F3)", steps)
    if Capability.LINKS in contract.capabilities:
        yield Scenario("links-elsewhere", "the clip is on another host, as it is in life", (links_elsewhere(),))
    if contract.response.code_path:
        steps = (fault(CREATE, "status code=200 kind=balance"),)
        yield Scenario("error-in-200", "HTTP says 200, the envelope says 402 (F9)", steps)
        steps = (fault(QUERY, "status code=200 kind=overloaded", nth=2),)
        yield Scenario("poll-error-in-200", "HTTP says 200, the envelope of a poll an error (F9)", steps)
    yield from _renamed(contract)


def _renamed(contract: Contract) -> Iterator[Scenario]:
    """The keys of another version of the API, where all that a client needs has another place."""
    response = contract.response
    places = (response.id_paths, response.status_paths, response.link_paths)
    if all(len(paths) > 1 for paths in places):
        of_id, of_status, of_links = (f"renamed field={paths[0]} to={paths[1]}" for paths in places)
        steps = [fault(operation, text) for operation in (CREATE, QUERY) for text in (of_id, of_status)]
        names = ", ".join(paths[1] for paths in places)
        yield Scenario("legacy-names", f"the keys of before: {names} (F20)", (*steps, fault(QUERY, of_links)))
