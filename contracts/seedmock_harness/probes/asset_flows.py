"""Flows of an asset: create it in a group, wait for it, list, rename, use and delete it.

They only send requests; the checks judge the responses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seedmock_contracts.documents.references import ASSET_SCHEME
from seedmock_contracts.enums import AssetStatus, MediaKind, Operation, Role, TaskStatus
from seedmock_contracts.facts import Document
from seedmock_contracts.generation import Reference
from seedmock_contracts.terms import AssetTerms

from ..driver.client import Driver
from ..results.checks import CheckResult, failed, passed
from .access_steps import to_group_id
from .attribution import is_uninformative
from .optional_features import result_link, upload_image
from .task_flows import FIRST_POLL_INTERVALS, POLL_INTERVAL, poll_to_end, read_account, run_order

# With the first intervals 219 s, so that an asset is still polled when PROCESSING_SECONDS (180) have passed.
MAX_POLLS = 20
"""Polls of an asset after the first ones."""
FACE_URL = "https://example.com/face.png"


def run_asset_flow(driver: Driver) -> Iterable[CheckResult]:
    """Create a group and an asset, of an earlier clip if there is one; use it in every way, and delete both."""
    group = driver.call_with(Operation.GROUP_CREATE, name="seedmock-verify").created_id
    if group is None:
        return ()
    link, group_id = result_link(driver), to_group_id(group)
    # A live service can read its own clip; at FACE_URL there is nothing.
    kind, url = (MediaKind.VIDEO, link) if link else (MediaKind.IMAGE, FACE_URL)
    read_account(driver)
    parts = {"url": url, "asset_type": _terms(driver).kinds[kind], "name": "lead", "group": group_id}
    asset = driver.call_with(Operation.ASSET_CREATE, **parts).created_id
    if asset is not None:
        _use_asset(driver, asset)
    read_account(driver)
    driver.call(Operation.GROUP_LIST)
    driver.call_with(Operation.GROUP_DELETE, group=group_id)
    if asset is not None:
        driver.call_with(Operation.ASSET_GET, asset=asset)
    return ()


def _use_asset(driver: Driver, asset: str) -> None:
    """Wait for an asset, list and rename it, and try all of that with another key."""
    wait_for_asset(driver, asset)
    driver.call_with(Operation.ASSET_LIST, page=1, page_size=10)
    driver.call_with(Operation.ASSET_UPDATE, asset=asset, name="hero")
    driver.call_with(Operation.ASSET_GET, asset=asset)
    if "second" in driver.keys:
        driver.call_with(Operation.ASSET_GET, "second", asset=asset)
        driver.call_with(Operation.ASSET_UPDATE, "second", asset=asset, name="not mine")
        driver.call_with(Operation.ASSET_DELETE, "second", asset=asset)
        driver.call_with(Operation.ASSET_LIST, "second", page=1, page_size=10)


def _terms(driver: Driver) -> AssetTerms:
    assert driver.contract.assets is not None, "only an upstream with assets has this flow"
    return driver.contract.assets


def wait_for_asset(driver: Driver, asset: str) -> None:
    """Poll an asset until it is not Processing, or for a limited time."""
    for interval in (0.0, *FIRST_POLL_INTERVALS, *[POLL_INTERVAL] * MAX_POLLS):
        if interval:
            driver.sleep(interval)
        poll = driver.call_with(Operation.ASSET_GET, asset=asset)
        if poll.is_error or _terms(driver).parse_status(poll.raw_status) is not AssetStatus.PROCESSING:
            break


def order_unknown_asset(driver: Driver, order: Document) -> Iterator[CheckResult]:
    """Order with an asset that does not exist: rejected, or the task fails."""
    fact = driver.contract.find_own("assets.usable")
    interaction = driver.call(Operation.CREATE, order)
    task = interaction.created_id
    final_poll = poll_to_end(driver, task) if task is not None else None
    if fact is None or is_uninformative(interaction):
        return
    if task is None or (final_poll is not None and final_poll.status is TaskStatus.FAILURE):
        yield passed(fact, f"an unknown asset: {interaction.status_code}")
    elif final_poll is not None:
        expected, observed = "an error response or a failed task", str(final_poll.raw_status)
        yield failed(fact, "an order uses an asset that does not exist", expected, observed)


def order_with_asset(driver: Driver, order: Document, image: str) -> Iterator[CheckResult]:
    """Create an asset of an uploaded file, without a name; order with it, delete it, and order with it again."""
    group = driver.call_with(Operation.GROUP_CREATE, name="seedmock-verify").created_id
    if group is None:
        return
    group_id = to_group_id(group)
    kind = _terms(driver).kinds[MediaKind.IMAGE]
    # The vendor takes public URLs alone; a live service can read that of an uploaded file.
    parts = {"url": upload_image(driver) or image, "asset_type": kind, "group": group_id}
    asset = driver.call_with(Operation.ASSET_CREATE, **parts).created_id
    if asset is not None:
        wait_for_asset(driver, asset)
        driver.call_with(Operation.ASSET_LIST, group=group)
        roles = {role for mode in driver.contract.modes for role in mode.roles}
        role = Role.REFERENCE if Role.REFERENCE in roles else Role.FIRST_FRAME
        reference = Reference(MediaKind.IMAGE, f"{ASSET_SCHEME}{asset}", role)
        with_asset = driver.contract.request.layout.place(order, [reference])
        yield from run_order(driver, with_asset)
        driver.call_with(Operation.ASSET_DELETE, asset=asset)
        driver.call_with(Operation.ASSET_GET, asset=asset)
        yield from run_order(driver, with_asset)
    driver.call_with(Operation.GROUP_DELETE, group=group_id)
