"""How a paid order is followed: asked for at once, polled to its end, fetched, and asked for once more.

Knows what to ask and when; what the answers are worth, the checks know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, repeat

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import AssetStatus, Operation, TaskStatus
from seedmock_contracts.facts import Document
from seedmock_contracts.lifecycle import TERMINAL

from ..checks.links import DAY
from ..conversation.history import Interaction, TaskHistory
from ..driver.client import Driver
from ..results.checks import CheckResult, broken, held

PAUSES = (1.0, 2.0, 3.0, 5.0, 8.0)
PAUSE = 10.0
"""Seconds between two polls: first these, then this one."""
PATIENCE = 1800.0
"""Seconds that a task may take; nine in ten are done in 486 (the vendor of A)."""
REFUSALS = 3
"""Polls in a row that may be refused before a task is given up: gateways lose one now and then."""
AFTERWARDS = 120.0
"""Seconds after the last of its days when a link is followed once more: later than two clocks can differ."""
SETTLED = 61.0
"""Seconds after which an order that has ended must be settled."""
RANGES = ("bytes=0-99", "bytes=100-", "bytes=-50", "bytes=999999999999-")


class Unfinished(Exception):
    """A task did not come to its end in time; it may still, and is paid for then."""

    def __init__(self, task: str, seconds: float) -> None:
        super().__init__(f"task {task} has not ended after {seconds:g} seconds")
        self.task = task


def lived(speaker: Driver, order: Document, operation: Operation = Operation.CREATE) -> Iterator[CheckResult]:
    """Order, query to the end, fetch what there is."""
    made = speaker.ask(operation, order).made
    if made is not None:
        yield from followed(speaker, made)


def followed(speaker: Driver, task: str) -> Iterator[CheckResult]:
    """Query a task to its end, and fetch what there is."""
    last = ended(speaker, task)
    yield _found(speaker, last)
    if last is not None and last.status is TaskStatus.SUCCESS:
        for way in ways(speaker.contract, task, last.links):
            way(speaker)
    _account(speaker, task)


def watched(speaker: Driver, order: Document) -> Iterator[CheckResult]:
    """Order, and ask in every way that there is: early, in parts, after the end, for money, and by another key."""
    _account(speaker)
    made = speaker.ask(Operation.CREATE, order)
    if made.made is None:
        return
    now = query(speaker, made.made)
    if now.status not in TERMINAL:
        for way in ways(speaker.contract, made.made, ()):
            way(speaker)
    last = now if now.status in TERMINAL else ended(speaker, made.made)
    yield _found(speaker, last)
    if last is not None and last.status is TaskStatus.SUCCESS:
        _fetched_in_parts(speaker, made.made, last.links)
    query(speaker, made.made)
    if "second" in speaker.keys:
        query(speaker, made.made, caller="second")
        if any(endpoint.operation is Operation.CONTENT for endpoint in speaker.contract.endpoints):
            speaker.ask(Operation.CONTENT, params={"task_id": made.made}, caller="second")
    _account(speaker, made.made)


def _found(speaker: Driver, last: Interaction | None) -> CheckResult:
    """Whether what was made was known to the upstream afterwards."""
    endpoint = next(one for one in speaker.contract.endpoints if one.operation is Operation.QUERY)
    told = speaker.conversation.turns[-1].status_code
    title = "a task that was made is not found by its id"
    return held(endpoint, str(told)) if last is not None else broken(endpoint, title, "the task", told)


def query(speaker: Driver, task: str, caller: str = "first") -> Interaction:
    """Ask for a task, in the path or in the query string as the contract has it."""
    params = {"task_id": task}
    _, path = endpoint_path(speaker.contract, Operation.QUERY, params)
    in_path = path.endswith(task)
    return speaker.ask(Operation.QUERY, None if in_path else params, params=params, caller=caller)


def ended(speaker: Driver, task: str) -> Interaction | None:
    """Poll to the end, and give the answer that told it; None if the upstream knows nothing of the task.

    Raises Unfinished.
    """
    since, refused = speaker.now(), 0
    for pause in chain((0.0,), PAUSES, repeat(PAUSE)):
        if pause:
            speaker.sleep(pause)
        turn = query(speaker, task)
        refused = refused + 1 if turn.refused else 0
        if turn.status in TERMINAL and not turn.refused:
            return turn
        if refused >= REFUSALS:
            return None
        if speaker.now() - since > PATIENCE:
            for way in ways(speaker.contract, task, turn.links):
                way(speaker)  # a task that never ends may be one whose status is not true
            raise Unfinished(task, PATIENCE)
    return None


class Way:
    """One way to a task's content: the upstream's own endpoint, or a link."""

    def __init__(self, method_and_url: tuple[str, str], caller: str) -> None:
        self._method, self.url = method_and_url
        self._caller = caller

    def __call__(self, speaker: Driver, method: str = "", headers: Mapping[str, str] | None = None) -> Interaction:
        return speaker.say(Operation.CONTENT, method or self._method, self.url, caller=self._caller, headers=headers)


def ways(contract: Contract, task: str, links: Iterable[str]) -> Iterator[Way]:
    """Every way to a task's content."""
    if any(endpoint.operation is Operation.CONTENT for endpoint in contract.endpoints):
        yield Way(endpoint_path(contract, Operation.CONTENT, {"task_id": task}), "first")
    for link in links:
        yield Way(("GET", link), "")


def _fetched_in_parts(speaker: Driver, task: str, links: Iterable[str]) -> None:
    for way in ways(speaker.contract, task, links):
        whole = way(speaker)
        way(speaker, "HEAD")
        for part in RANGES:
            way(speaker, headers={"range": part})
        etag = whole.headers.get("etag")
        for tag in (etag, '"of-another-clip"') if etag else ():
            way(speaker, headers={"range": RANGES[0], "if-range": tag})


def _account(speaker: Driver, task: str = "") -> None:
    """Look at the money, where the upstream shows it."""
    known = {endpoint.operation for endpoint in speaker.contract.endpoints}
    if task and Operation.RECORD in known:
        turn = speaker.ask(Operation.RECORD, params={"task_id": task})
        if isinstance(turn.data, dict) and turn.data.get("settled") is False:
            speaker.sleep(SETTLED)
            speaker.ask(Operation.RECORD, params={"task_id": task})
    if Operation.BALANCE in known:
        speaker.ask(Operation.BALANCE)


# --- A's library, upscale and links ---


def library(speaker: Driver) -> Iterable[CheckResult]:
    """Make a group and an asset, follow it to its end, and take both away again."""
    group = speaker.ask(Operation.GROUP_CREATE, {"name": "seedmock-verify"}).made
    if group is None:
        return ()
    link = _link(speaker)
    kind, url = ("Video", link) if link else ("Image", "https://example.com/face.png")
    wanted = {"url": url, "asset_type": kind, "name": "lead", "group_id": int(group) if group.isdigit() else group}
    _account(speaker)
    asset = speaker.ask(Operation.ASSET_CREATE, wanted).made
    if asset is not None:
        _looked_after(speaker, asset)
    _account(speaker)
    speaker.ask(Operation.GROUP_LIST)
    speaker.ask(Operation.GROUP_DELETE, {"id": wanted["group_id"]})
    if asset is not None:
        speaker.ask(Operation.ASSET_GET, {"id": asset})
    return ()


def processed(speaker: Driver, asset: str) -> None:
    """Ask for an asset until it is no longer in processing, or for long enough."""
    for pause in (0.0, *PAUSES, *[PAUSE] * 20):
        if pause:
            speaker.sleep(pause)
        turn = speaker.ask(Operation.ASSET_GET, {"id": asset})
        if turn.refused or turn.word != AssetStatus.PROCESSING:
            break


def _looked_after(speaker: Driver, asset: str) -> None:
    processed(speaker, asset)
    speaker.ask(Operation.ASSET_LIST, {"page": 1, "page_size": 10})
    speaker.ask(Operation.ASSET_UPDATE, {"id": asset, "name": "hero"})
    speaker.ask(Operation.ASSET_GET, {"id": asset})
    if "second" in speaker.keys:
        for operation in (Operation.ASSET_GET, Operation.ASSET_UPDATE, Operation.ASSET_DELETE):
            more = {"name": "not mine"} if operation is Operation.ASSET_UPDATE else {}
            speaker.ask(operation, {"id": asset, **more}, caller="second")
        speaker.ask(Operation.ASSET_LIST, {"page": 1, "page_size": 10}, caller="second")


def _link(speaker: Driver) -> str:
    """A link to a clip that was made before; empty if there is none."""
    return next((link for story in _successes(speaker) for link in story.links), "")


def _successes(speaker: Driver) -> Iterator[TaskHistory]:
    return (story for story in speaker.conversation.tasks.values() if story.status is TaskStatus.SUCCESS)


def upscaled(speaker: Driver, target: str) -> Iterable[CheckResult]:
    """Make a clip larger that was made before: its length is known, and so the bill. Without one, order nothing."""
    link = _link(speaker)
    if not link:
        return ()
    order = {**speaker.contract.example(Operation.UPSCALE), "videoUrl": link, "targetResolution": target}
    return lived(speaker, order, Operation.UPSCALE)


def expired(speaker: Driver) -> Iterable[CheckResult]:
    """Let a link's days go by, and follow it once more."""
    link = _link(speaker)
    days = speaker.contract.result_days
    if link and days is not None:
        speaker.sleep(float(days.value) * DAY + AFTERWARDS)
        speaker.fetch(link)
    return ()
