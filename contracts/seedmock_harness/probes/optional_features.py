"""What else can be ordered and asked for: by defaults, by a form, with an asset or too long a sound; and posted files.

Knows no upstream: what it has is read off the contract. What the answers are worth, the checks know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.values import to_text
from seedmock_contracts.endpoints import endpoint_path
from seedmock_contracts.enums import MediaKind, Operation, TaskStatus
from seedmock_contracts.facts import Document, MediaLimit
from seedmock_contracts.generation import Reference
from seedmock_contracts.rules.cross_field import AtLeastOneOf
from seedmock_contracts.rules.fields import PromptLength, RequiredField

from ..checks.links import DAY
from ..driver.client import Driver
from ..driver.sample_media import FORM_HEADERS, form_body
from ..results.checks import CheckResult, failed, passed
from . import task_flows as lives
from .attribution import is_uninformative

PRIVATE = "http://10.0.0.1/first.png"
SIDE = 320


def order_with_defaults(driver: Driver, order: Document) -> Iterator[CheckResult]:
    """Order with as little as is needed, in more words than are advised."""
    words = next((rule.max_words for rule in driver.contract.advice if isinstance(rule, PromptLength)), 0)
    request = driver.contract.request
    prompt = f"{request.read(order, 'prompt')} {'slowly ' * words}".strip()
    yield from lives.run_order(driver, request.write(order, {"prompt": prompt}))


def defaults_document(contract: Contract, order: Document, image: str) -> Document:
    """An order without whatever has a default, and what is off by default is on.

    Where a reference needs no role, one comes without.
    """
    needed = {
        rule.top_field for rule in contract.rules[Operation.CREATE] if isinstance(rule, RequiredField | AtLeastOneOf)
    }
    kept = {name: value for name, value in order.items() if name in needed}
    switches = (
        field.path for field in contract.fields if field.operation is Operation.CREATE and field.default is False
    )
    kept |= dict.fromkeys(switches, True)
    if contract.find(f"{contract.name}.role.default") is None:
        return kept
    placed = contract.request.layout.place(kept, [Reference(MediaKind.IMAGE, image)])
    top = next(name for name in placed if name not in kept)
    return {**placed, top: _unnamed(placed[top])}


def _unnamed(value: Any) -> Any:
    """A JSON value without the roles in it."""
    if isinstance(value, list):
        return [_unnamed(item) for item in value]
    if isinstance(value, dict):
        return {name: _unnamed(item) for name, item in value.items() if name != "role"}
    return value


def order_with_asset(driver: Driver, order: Document, image: str) -> Iterator[CheckResult]:
    """Make an asset of a posted file and without a name, order with it, delete it, and order with it once more."""
    group = driver.call(Operation.GROUP_CREATE, {"name": "seedmock-verify"}).created_id
    if group is None:
        return
    image = _posted(driver) or image
    wanted = {"url": image, "asset_type": "Image", "group_id": int(group) if group.isdigit() else group}
    asset = driver.call(Operation.ASSET_CREATE, wanted).created_id
    if asset is not None:
        lives.wait_for_asset(driver, asset)
        driver.call(Operation.ASSET_LIST, {"group_id": group})
        used = driver.contract.request.layout.place(order, [Reference(MediaKind.IMAGE, f"asset://{asset}")])
        yield from lives.run_order(driver, used)
        driver.call(Operation.ASSET_DELETE, {"id": asset})
        yield from lives.run_order(driver, used)
    driver.call(Operation.GROUP_DELETE, {"id": wanted["group_id"]})


def order_too_long_audio(driver: Driver, order: Document, longer: Document, limit: MediaLimit) -> Iterator[CheckResult]:
    """Order with sounds that are as long together as they may be, and if that is taken, with longer ones."""
    made = driver.call(Operation.CREATE, order).created_id
    if made is None:
        return
    yield passed(limit, "taken")
    yield from lives.track_task(driver, made)
    interaction = driver.call(Operation.CREATE, longer)
    if interaction.created_id is None:
        if interaction.is_error and interaction.status_code < 500 and not is_uninformative(interaction):
            yield passed(limit, f"refused: {interaction.status_code}")
        return
    last = lives.poll_to_end(driver, interaction.created_id)
    if last is not None and last.status is TaskStatus.FAILURE:
        yield passed(limit, str(last.raw_status))
    elif last is not None:
        yield failed(limit, "media that are too long together are used", "a refusal or a failed task", last.raw_status)


def upload_file(driver: Driver, waits: bool) -> Iterator[CheckResult]:
    """Post a file and fetch it by its link, where the clock is ours also after its days."""
    link = _posted(driver)
    if link:
        driver.fetch(link)
        days = driver.contract.file_days
        if waits and days is not None:
            driver.sleep(float(days.value) * DAY + lives.AFTERWARDS)
            driver.fetch(link)
    yield from ()


def _posted(driver: Driver) -> str:
    """A link to a picture that was posted; empty where there is none."""
    if all(endpoint.operation is not Operation.FILE_CREATE for endpoint in driver.contract.endpoints):
        return ""
    method, path = endpoint_path(driver.contract, Operation.FILE_CREATE, {})
    return driver.send(Operation.FILE_CREATE, method, path, form_body("file", SIDE), headers=FORM_HEADERS).file_url


def order_by_form(driver: Driver, order: Document) -> Iterator[CheckResult]:
    """Order by a form, with a file in it."""
    body = form_body("input_reference", SIDE, {name: to_text(value) for name, value in order.items()})
    method, path = endpoint_path(driver.contract, Operation.CREATE, {})
    made = driver.send(Operation.CREATE, method, path, body, headers=FORM_HEADERS).created_id
    if made is not None:
        yield from lives.track_task(driver, made)
