"""Orders and requests that only some upstreams have: defaults, forms, uploads, upscales, links, limits of sounds.

They only send requests; the checks judge the responses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.values import to_text
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import MediaKind, Operation, TaskStatus
from seedmock_contracts.facts import Document, MediaLimit
from seedmock_contracts.generation import Reference
from seedmock_contracts.rules.cross_field import AtLeastOneOf
from seedmock_contracts.rules.fields import PromptLength, RequiredField

from ..checks.content import DAY
from ..driver.client import Driver
from ..driver.sample_media import FORM_HEADERS, form_body
from ..results.checks import CheckResult, failed, passed
from .attribution import is_uninformative
from .task_flows import poll_to_end, run_order, track_task

PRIVATE_URL = "http://10.0.0.1/first.png"
# Above the lower limit of 300.
IMAGE_SIDE = 320
AFTER_EXPIRY_SECONDS = 120.0
"""Seconds after the expiry of a link when it is fetched again: more than two clocks differ."""


def order_with_defaults(driver: Driver, order: Document) -> Iterator[CheckResult]:
    """Send an order of defaults, with a longer prompt than advised."""
    # Advice is no rule: such a prompt is to be accepted (fact NAME.create.prompt.length).
    max_words = next((rule.max_words for rule in driver.contract.advice if isinstance(rule, PromptLength)), 0)
    request = driver.contract.request
    prompt = f"{request.read(order, 'prompt')} {'slowly ' * max_words}".strip()
    yield from run_order(driver, request.write(order, {"prompt": prompt}))


def defaults_document(contract: Contract, order: Document, image: str) -> Document:
    """Remove the optional fields of an order, switch on what is off by default, and add a reference without a role.

    The reference only where the upstream has a default for roles.
    """
    rules = contract.rules[Operation.CREATE]
    required = {rule.top_field for rule in rules if isinstance(rule, RequiredField | AtLeastOneOf)}
    document = {name: value for name, value in order.items() if name in required}
    fields = [field for field in contract.fields if field.operation is Operation.CREATE]
    document |= {field.path: True for field in fields if field.default is False}
    if contract.find_own("role.default") is None:
        return document
    placed = contract.request.layout.place(document, [Reference(MediaKind.IMAGE, image)])
    field = next(name for name in placed if name not in document)
    return {**placed, field: _without_roles(placed[field])}


def _without_roles(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_roles(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_roles(item) for name, item in value.items() if name != "role"}
    return value


def order_beyond_audio_limit(
    driver: Driver, allowed: Document, beyond: Document, limit: MediaLimit
) -> Iterator[CheckResult]:
    """Order with sounds at their total limit, and if that is accepted, with sounds beyond it."""
    task = driver.call(Operation.CREATE, allowed).created_id
    if task is None:
        return
    yield passed(limit, "accepted")
    yield from track_task(driver, task)
    interaction = driver.call(Operation.CREATE, beyond)
    if interaction.created_id is None:
        if interaction.is_error and interaction.status_code < 500 and not is_uninformative(interaction):
            yield passed(limit, f"rejected: {interaction.status_code}")
        return
    final_poll = poll_to_end(driver, interaction.created_id)
    if final_poll is not None and final_poll.status is TaskStatus.FAILURE:
        yield passed(limit, str(final_poll.raw_status))
    elif final_poll is not None:
        title, expected = "media beyond their total limit are used", "an error response or a failed task"
        yield failed(limit, title, expected, final_poll.raw_status)


def upload_file(driver: Driver, own_clock: bool) -> Iterator[CheckResult]:
    """Upload a file and fetch it by its URL; again after its expiry, if the clock can be advanced."""
    url = upload_image(driver)
    if url:
        driver.fetch(url)
        days = driver.contract.file_days
        if own_clock and days is not None:
            driver.sleep(float(days.value) * DAY + AFTER_EXPIRY_SECONDS)
            driver.fetch(url)
    yield from ()


def upload_image(driver: Driver) -> str:
    """Upload an image; returns its URL, empty where the upstream takes no files."""
    if driver.contract.endpoint(Operation.FILE_CREATE) is None:
        return ""
    method, path = endpoint_path(driver.contract, Operation.FILE_CREATE, {})
    body = form_body(driver.contract.request.file_parts[Operation.FILE_CREATE], IMAGE_SIDE)
    return driver.send(Operation.FILE_CREATE, method, path, body, headers=FORM_HEADERS).file_url


def order_by_form(driver: Driver, order: Document) -> Iterator[CheckResult]:
    """Send an order as a form with a file."""
    part = driver.contract.request.file_parts[Operation.CREATE]
    body = form_body(part, IMAGE_SIDE, {name: to_text(value) for name, value in order.items()})
    method, path = endpoint_path(driver.contract, Operation.CREATE, {})
    task = driver.send(Operation.CREATE, method, path, body, headers=FORM_HEADERS).created_id
    if task is not None:
        yield from track_task(driver, task)


def result_link(driver: Driver) -> str:
    """A link to the result of an earlier task; empty if there is none."""
    successes = (task for task in driver.history.tasks.values() if task.status is TaskStatus.SUCCESS)
    return next((link for task in successes for link in task.links), "")


def run_upscale(driver: Driver, target: str) -> Iterable[CheckResult]:
    """Upscale an earlier clip, whose duration and so the price is known; nothing without one."""
    link = result_link(driver)
    if not link:
        return ()
    example, parts = driver.contract.example(Operation.UPSCALE), {"url": link, "resolution": target}
    order = driver.contract.request.write(example, parts, Operation.UPSCALE)
    return run_order(driver, order, Operation.UPSCALE)


def fetch_expired_link(driver: Driver) -> Iterable[CheckResult]:
    """Wait for the expiry of a link to a result, and fetch it."""
    link, days = result_link(driver), driver.contract.result_days
    if link and days is not None:
        driver.sleep(float(days.value) * DAY + AFTER_EXPIRY_SECONDS)
        driver.fetch(link)
    return ()
