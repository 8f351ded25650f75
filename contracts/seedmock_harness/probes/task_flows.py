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
from ..errors import HarnessError
from ..results.checks import CheckResult, failed, passed

PAUSES = (1.0, 2.0, 3.0, 5.0, 8.0)
PAUSE = 10.0
"""Seconds between two polls: first these, then this one."""
PATIENCE = 1800.0
"""Seconds that a task may take; nine in ten end within 486, by a vendor's own measurement."""
REFUSALS = 3
"""Polls in a row that may be refused before a task is given up: gateways lose one now and then."""
AFTERWARDS = 120.0
"""Seconds after the last of its days when a link is followed once more: later than two clocks can differ."""
SETTLED = 61.0
"""Seconds after which an order that has ended must be settled."""
RANGES = ("bytes=0-99", "bytes=100-", "bytes=-50", "bytes=999999999999-")


class TaskNotFinished(HarnessError):
    """A task did not come to its end in time; it may still, and is paid for then."""

    def __init__(self, task: str, seconds: float) -> None:
        super().__init__(f"task {task} has not ended after {seconds:g} seconds")
        self.task = task


def run_order(driver: Driver, order: Document, operation: Operation = Operation.CREATE) -> Iterator[CheckResult]:
    """Order, query to the end, fetch what there is."""
    made = driver.call(operation, order).created_id
    if made is not None:
        yield from track_task(driver, made)


def track_task(driver: Driver, task: str) -> Iterator[CheckResult]:
    """Query a task to its end, and fetch what there is."""
    last = poll_to_end(driver, task)
    yield _found(driver, last)
    if last is not None and last.status is TaskStatus.SUCCESS:
        for way in content_requests(driver.contract, task, last.links):
            way(driver)
    _account(driver, task)


def run_order_with_all_checks(driver: Driver, order: Document) -> Iterator[CheckResult]:
    """Order, and ask in every way that there is: early, in parts, after the end, for money, and by another key."""
    _account(driver)
    made = driver.call(Operation.CREATE, order)
    if made.created_id is None:
        return
    now = query_task(driver, made.created_id)
    if now.status not in TERMINAL:
        for way in content_requests(driver.contract, made.created_id, ()):
            way(driver)
    last = now if now.status in TERMINAL else poll_to_end(driver, made.created_id)
    yield _found(driver, last)
    if last is not None and last.status is TaskStatus.SUCCESS:
        _fetched_in_parts(driver, made.created_id, last.links)
    query_task(driver, made.created_id)
    if "second" in driver.keys:
        query_task(driver, made.created_id, caller="second")
        if any(endpoint.operation is Operation.CONTENT for endpoint in driver.contract.endpoints):
            driver.call(Operation.CONTENT, params={"task_id": made.created_id}, caller="second")
    _account(driver, made.created_id)


def run_cancellation(driver: Driver, order: Document) -> Iterator[CheckResult]:
    """Order and cancel at once, look at the task, and cancel it once more; another key tries it, too."""
    task = driver.call(Operation.CREATE, order).created_id
    if task is not None:
        driver.call(Operation.CANCEL, params={"task_id": task})
        query_task(driver, task)
        driver.call(Operation.CANCEL, params={"task_id": task})
        if "second" in driver.keys:
            driver.call(Operation.CANCEL, params={"task_id": task}, caller="second")
    yield from ()


def list_tasks(driver: Driver) -> Iterator[CheckResult]:
    """List the tasks of each key."""
    for caller in ("first", "second"):
        if caller in driver.keys:
            driver.call(Operation.TASK_LIST, caller=caller)
    yield from ()


def _found(driver: Driver, last: Interaction | None) -> CheckResult:
    """Whether what was made was known to the upstream afterwards."""
    endpoint = next(one for one in driver.contract.endpoints if one.operation is Operation.QUERY)
    told = driver.history.interactions[-1].status_code
    title = "a task that was made is not found by its id"
    return passed(endpoint, str(told)) if last is not None else failed(endpoint, title, "the task", told)


def query_task(driver: Driver, task: str, caller: str = "first") -> Interaction:
    """Ask for a task, in the path or in the query string as the contract has it."""
    params = {"task_id": task}
    _, path = endpoint_path(driver.contract, Operation.QUERY, params)
    in_path = path.endswith(task)
    return driver.call(Operation.QUERY, None if in_path else params, params=params, caller=caller)


def poll_to_end(driver: Driver, task: str) -> Interaction | None:
    """Poll to the end, and give the answer that told it; None if the upstream knows nothing of the task.

    Raises Unfinished.
    """
    since, refused = driver.now(), 0
    for pause in chain((0.0,), PAUSES, repeat(PAUSE)):
        if pause:
            driver.sleep(pause)
        interaction = query_task(driver, task)
        refused = refused + 1 if interaction.is_error else 0
        if interaction.status in TERMINAL and not interaction.is_error:
            return interaction
        if refused >= REFUSALS:
            return None
        if driver.now() - since > PATIENCE:
            for way in content_requests(driver.contract, task, interaction.links):
                way(driver)  # a task that never ends may be one whose status is not true
            raise TaskNotFinished(task, PATIENCE)
    return None


class ContentRequest:
    """One way to a task's content: the upstream's own endpoint, or a link."""

    def __init__(self, method_and_url: tuple[str, str], caller: str) -> None:
        self._method, self.url = method_and_url
        self._caller = caller

    def __call__(self, driver: Driver, method: str = "", headers: Mapping[str, str] | None = None) -> Interaction:
        return driver.send(Operation.CONTENT, method or self._method, self.url, caller=self._caller, headers=headers)


def content_requests(contract: Contract, task: str, links: Iterable[str]) -> Iterator[ContentRequest]:
    """Every way to a task's content."""
    if any(endpoint.operation is Operation.CONTENT for endpoint in contract.endpoints):
        yield ContentRequest(endpoint_path(contract, Operation.CONTENT, {"task_id": task}), "first")
    for link in links:
        yield ContentRequest(("GET", link), "")


def _fetched_in_parts(driver: Driver, task: str, links: Iterable[str]) -> None:
    for way in content_requests(driver.contract, task, links):
        whole = way(driver)
        way(driver, "HEAD")
        for part in RANGES:
            way(driver, headers={"range": part})
        etag = whole.headers.get("etag")
        for tag in (etag, '"of-another-clip"') if etag else ():
            way(driver, headers={"range": RANGES[0], "if-range": tag})


def _account(driver: Driver, task: str = "") -> None:
    """Look at the money, where the upstream shows it."""
    known = {endpoint.operation for endpoint in driver.contract.endpoints}
    if task and Operation.RECORD in known:
        interaction = driver.call(Operation.RECORD, params={"task_id": task})
        if isinstance(interaction.data, dict) and interaction.data.get("settled") is False:
            driver.sleep(SETTLED)
            driver.call(Operation.RECORD, params={"task_id": task})
    if Operation.BALANCE in known:
        driver.call(Operation.BALANCE)


# --- asset library, upscale and links ---


def run_asset_flow(driver: Driver) -> Iterable[CheckResult]:
    """Make a group and an asset, follow it to its end, and take both away again."""
    group = driver.call(Operation.GROUP_CREATE, {"name": "seedmock-verify"}).created_id
    if group is None:
        return ()
    link = _link(driver)
    kind, url = ("Video", link) if link else ("Image", "https://example.com/face.png")
    wanted = {"url": url, "asset_type": kind, "name": "lead", "group_id": int(group) if group.isdigit() else group}
    _account(driver)
    asset = driver.call(Operation.ASSET_CREATE, wanted).created_id
    if asset is not None:
        _looked_after(driver, asset)
    _account(driver)
    driver.call(Operation.GROUP_LIST)
    driver.call(Operation.GROUP_DELETE, {"id": wanted["group_id"]})
    if asset is not None:
        driver.call(Operation.ASSET_GET, {"id": asset})
    return ()


def wait_for_asset(driver: Driver, asset: str) -> None:
    """Ask for an asset until it is no longer in processing, or for long enough."""
    for pause in (0.0, *PAUSES, *[PAUSE] * 20):
        if pause:
            driver.sleep(pause)
        interaction = driver.call(Operation.ASSET_GET, {"id": asset})
        if interaction.is_error or interaction.raw_status != AssetStatus.PROCESSING:
            break


def _looked_after(driver: Driver, asset: str) -> None:
    wait_for_asset(driver, asset)
    driver.call(Operation.ASSET_LIST, {"page": 1, "page_size": 10})
    driver.call(Operation.ASSET_UPDATE, {"id": asset, "name": "hero"})
    driver.call(Operation.ASSET_GET, {"id": asset})
    if "second" in driver.keys:
        for operation in (Operation.ASSET_GET, Operation.ASSET_UPDATE, Operation.ASSET_DELETE):
            more = {"name": "not mine"} if operation is Operation.ASSET_UPDATE else {}
            driver.call(operation, {"id": asset, **more}, caller="second")
        driver.call(Operation.ASSET_LIST, {"page": 1, "page_size": 10}, caller="second")


def _link(driver: Driver) -> str:
    """A link to a clip that was made before; empty if there is none."""
    return next((link for story in _successes(driver) for link in story.links), "")


def _successes(driver: Driver) -> Iterator[TaskHistory]:
    return (story for story in driver.history.tasks.values() if story.status is TaskStatus.SUCCESS)


def run_upscale(driver: Driver, target: str) -> Iterable[CheckResult]:
    """Make a clip larger that was made before: its length is known, and so the bill. Without one, order nothing."""
    link = _link(driver)
    if not link:
        return ()
    order = {**driver.contract.example(Operation.UPSCALE), "videoUrl": link, "targetResolution": target}
    return run_order(driver, order, Operation.UPSCALE)


def fetch_expired_link(driver: Driver) -> Iterable[CheckResult]:
    """Let a link's days go by, and follow it once more."""
    link = _link(driver)
    days = driver.contract.result_days
    if link and days is not None:
        driver.sleep(float(days.value) * DAY + AFTERWARDS)
        driver.fetch(link)
    return ()
