"""Flows of a task: create, poll to the end, download, read the record and the balance.

They only send requests; the checks judge the responses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, repeat

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import endpoint_path, task_params
from seedmock_contracts.enums import Operation, TaskStatus
from seedmock_contracts.facts import Document
from seedmock_contracts.lifecycle import TERMINAL

from ..checks.content import LATE_SECONDS
from ..checks.ranges import compare_part
from ..conversation.history import Interaction
from ..driver.client import Driver
from ..errors import HarnessError
from ..results.checks import CheckResult, failed, passed

FIRST_POLL_INTERVALS, POLL_INTERVAL = (1.0, 2.0, 3.0, 5.0, 8.0), 10.0
"""Seconds before the first polls, and before each later one."""
MAX_TASK_SECONDS = 1800.0
"""Nine in ten tasks end within 486 seconds, by the statistics of one vendor."""
MAX_FAILED_POLLS = 3
"""Failed polls in a row after which a task counts as lost: gateways sometimes lose one request."""
# One more than the check of billing allows.
SETTLEMENT_SECONDS = 61.0
"""Seconds after which a finished order must be settled."""
RANGES = ("bytes=0-99", "bytes=100-", "bytes=-50", "bytes=999999999999-")
OTHER_ETAG = '"of-another-clip"'


class TaskNotFinished(HarnessError):
    """A task has not reached a terminal status in time. It may still be charged."""

    def __init__(self, task: str, seconds: float) -> None:
        super().__init__(f"task {task} has not ended after {seconds:g} seconds")
        self.task = task


def run_order(driver: Driver, order: Document, operation: Operation = Operation.CREATE) -> Iterator[CheckResult]:
    """Create a task, and track it to its end."""
    task = driver.call(operation, order).created_id
    if task is not None:
        yield from track_task(driver, task)


def track_task(driver: Driver, task: str) -> Iterator[CheckResult]:
    """Poll a task to its end, download its result, and read its record."""
    final_poll = poll_to_end(driver, task)
    yield _check_existence(driver, final_poll)
    if final_poll is not None and final_poll.status is TaskStatus.SUCCESS:
        for request in content_requests(driver.contract, task, final_poll.links):
            download(driver, request)
    read_account(driver, task)


def run_order_with_all_checks(driver: Driver, order: Document) -> Iterator[CheckResult]:
    """Create a task, and send every kind of request about it: early, partial, after the end, and with another key."""
    read_account(driver)
    task = driver.call(Operation.CREATE, order).created_id
    if task is None:
        return
    poll: Interaction | None = query_task(driver, task)
    if poll is not None and poll.status not in TERMINAL:
        for request in content_requests(driver.contract, task, ()):
            request.send(driver)
        poll = poll_to_end(driver, task)
    yield _check_existence(driver, poll)
    if poll is not None and poll.status is TaskStatus.SUCCESS:
        yield from _download_in_parts(driver, task, poll.links)
    # Once more after the end: a final status does not change (fact NAME.status.final).
    query_task(driver, task)
    if "second" in driver.keys:
        query_task(driver, task, caller="second")
        if driver.contract.endpoint(Operation.RECORD) is not None:
            driver.call_on_task(Operation.RECORD, task, caller="second")
        if driver.contract.endpoint(Operation.CONTENT) is not None:
            driver.call_on_task(Operation.CONTENT, task, "second")
    read_account(driver, task)


def run_cancellation(driver: Driver, order: Document) -> Iterator[CheckResult]:
    """Create a task and cancel it at once; query it, cancel it again, and try to with another key."""
    task = driver.call(Operation.CREATE, order).created_id
    if task is not None:
        driver.call_on_task(Operation.CANCEL, task)
        query_task(driver, task)
        driver.call_on_task(Operation.CANCEL, task)
        if "second" in driver.keys:
            driver.call_on_task(Operation.CANCEL, task, "second")
    yield from ()


def list_tasks(driver: Driver) -> Iterator[CheckResult]:
    """List the tasks of each key."""
    for caller in ("first", "second"):
        if caller in driver.keys:
            driver.call(Operation.TASK_LIST, caller=caller)
    yield from ()


def _check_existence(driver: Driver, final_poll: Interaction | None) -> CheckResult:
    endpoint = next(endpoint for endpoint in driver.contract.endpoints if endpoint.operation is Operation.QUERY)
    status_code = driver.history.interactions[-1].status_code
    if final_poll is not None:
        return passed(endpoint, str(status_code))
    return failed(endpoint, "a created task is not found by its id", "the task", status_code)


def query_task(driver: Driver, task: str, caller: str = "first") -> Interaction:
    return driver.call_on_task(Operation.QUERY, task, caller)


def poll_to_end(driver: Driver, task: str) -> Interaction | None:
    """Poll a task to its end; returns the final poll, None for a task that is not found. Raises TaskNotFinished."""
    since, failures = driver.now(), 0
    for interval in chain((0.0,), FIRST_POLL_INTERVALS, repeat(POLL_INTERVAL)):
        if interval:
            driver.sleep(interval)
        poll = query_task(driver, task)
        failures = failures + 1 if poll.is_error else 0
        if poll.status in TERMINAL and not poll.is_error:
            return poll
        if failures >= MAX_FAILED_POLLS:
            return None
        if driver.now() - since > MAX_TASK_SECONDS:
            for request in content_requests(driver.contract, task, poll.links):
                request.send(driver)  # the task may have ended, and only its status be wrong
            raise TaskNotFinished(task, MAX_TASK_SECONDS)
    return None


class ContentRequest(Struct, frozen=True):
    """A request for the content of a task: to the upstream's endpoint, or to a link."""

    method: str
    url: str
    caller: str

    def send(self, driver: Driver, method: str = "", headers: Mapping[str, str] | None = None) -> Interaction:
        return driver.send(Operation.CONTENT, method or self.method, self.url, caller=self.caller, headers=headers)


def content_requests(contract: Contract, task: str, links: Iterable[str]) -> Iterator[ContentRequest]:
    """All requests for the content of a task."""
    if contract.endpoint(Operation.CONTENT) is not None:
        yield ContentRequest(
            *endpoint_path(contract, Operation.CONTENT, task_params(contract, Operation.CONTENT, task)), "first"
        )
    for link in links:
        yield ContentRequest("GET", link, "")


def download(driver: Driver, request: ContentRequest) -> Interaction:
    """Download the whole content of a finished task; once more after a while if it is not there."""
    content = request.send(driver)
    if content.is_error:
        # Content can come 5 to 15 s after success (fact opeai.content.late).
        driver.sleep(LATE_SECONDS + 1.0)
        content = request.send(driver)
    return content


def _download_in_parts(driver: Driver, task: str, links: Iterable[str]) -> Iterator[CheckResult]:
    """Download the content in full and in ranges, with the right and with another ETag in each condition."""
    for request in content_requests(driver.contract, task, links):
        full = download(driver, request)
        whole = driver.latest_content
        request.send(driver, "HEAD")
        etag = full.headers.get("etag")
        headers = [{"range": range_} for range_ in RANGES]
        headers += [{"range": RANGES[0], "if-range": tag} for tag in ((etag, OTHER_ETAG) if etag else ())]
        for requested in headers:
            part = request.send(driver, headers=requested)
            if not full.is_error:
                yield from compare_part(part, driver.latest_content, whole)
        if etag:
            request.send(driver, headers={"if-match": OTHER_ETAG})


def read_account(driver: Driver, task: str = "") -> None:
    """Read the record of a task, again after its settlement, and the balance, where the upstream has them."""
    contract = driver.contract
    if task and contract.endpoint(Operation.RECORD) is not None:
        record = driver.call_on_task(Operation.RECORD, task)
        if record.part("settled") is False:
            driver.sleep(SETTLEMENT_SECONDS)
            driver.call_on_task(Operation.RECORD, task)
    if contract.endpoint(Operation.BALANCE) is not None:
        driver.call(Operation.BALANCE)
