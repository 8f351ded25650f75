"""All checks against all operations of the emulator, with default and with other options of the variants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import get_contract
from seedmock_harness.results.checks import Severity

UPSTREAMS = ("opeai", "apimodels")
FATES = (
    "succeed queue=2s render=4s",
    "failed queue=2s render=4s",
    "moderated queue=2s render=4s what=audio",
    "expired queue=2s render=4s",
)


def run_task(
    emulator: Any, operation: Operation, fate: str, document: dict[str, Any] | None = None, **options: Any
) -> Any:
    """Order a task and poll it every second until after its end; return the order and all queries."""
    driver = emulator.driver
    document = document or dict(driver.contract.example(operation))
    order = driver.call(operation, document, headers={"x-mock-fate": fate} if fate else None, **options)
    params = {"task_id": order.created_id or "none"}
    responses = [order]
    for _ in range(9):
        responses.append(
            driver.call(Operation.QUERY, None if driver.contract.name == "opeai" else params, params=params)
        )
        driver.sleep(1.0)
    return responses


def fetch_result(emulator: Any, last: Any) -> None:
    """Fetch the result of a finished task or the error in its place."""
    if last.links:
        emulator.driver.fetch(last.links[0])
    elif emulator.driver.contract.name == "opeai":
        emulator.driver.call(Operation.CONTENT, params={"task_id": last.requested_id})


def provoke_errors(emulator: Any) -> None:
    """Send the requests that both upstreams reject."""
    driver, contract = emulator.driver, emulator.driver.contract
    query = contract.name == "apimodels"
    for params in ({"task_id": "none"},):
        driver.call(Operation.QUERY, params if query else None, params=params)
        driver.call(Operation.QUERY, params if query else None, params=params, caller="")
    driver.call(Operation.CREATE, {"model": "none"})
    driver.call(Operation.CREATE, {})
    driver.call(Operation.CREATE, dict(contract.example(Operation.CREATE)), headers={"x-mock-fate": "refused why=text"})
    driver.send(None, "GET", f"{contract.bases[0].prefix}/nowhere")


def exercise_library(emulator: Any) -> None:
    """Create groups and an active, a failed and a rejected asset, list and update them, then delete them."""
    driver = emulator.driver
    group = driver.call(Operation.GROUP_CREATE, {"name": "cast"})
    driver.call(Operation.GROUP_CREATE, {"name": "crew"})
    driver.call(Operation.GROUP_LIST)
    face = {"url": "https://example.com/face.png", "asset_type": "Image", "name": "lead", "group_id": group.data["id"]}
    asset = driver.call(Operation.ASSET_CREATE, face)
    failed = driver.call(Operation.ASSET_CREATE, face, headers={"x-mock-fate": "failed"})
    driver.call(Operation.ASSET_CREATE, face, headers={"x-mock-fate": "refused why=face"})
    for _ in range(3):
        for response in (asset, failed):
            driver.call(Operation.ASSET_GET, {"id": response.created_id or failed.data["id"]})
        driver.sleep(1.0)
    driver.call(Operation.ASSET_LIST, {"page": 1, "page_size": 10})
    driver.call(Operation.ASSET_UPDATE, {"id": asset.created_id, "name": "hero"})
    driver.call(Operation.ASSET_DELETE, {"id": asset.created_id})
    driver.call(Operation.ASSET_GET, {"id": asset.created_id})
    driver.call(Operation.GROUP_DELETE, {"id": group.data["id"]})


def exercise_everything(emulator: Any) -> None:
    """Call each operation of the upstream."""
    contract = emulator.driver.contract
    for fate in FATES:
        fetch_result(emulator, run_task(emulator, Operation.CREATE, fate)[-1])
    provoke_errors(emulator)
    if contract.name == "apimodels":
        run_task(emulator, Operation.UPSCALE, FATES[0])
        exercise_library(emulator)
        task = run_task(emulator, Operation.CREATE, FATES[0])[0].created_id
        for operation, params in (
            (Operation.BALANCE, {}),
            (Operation.MODELS, {}),
            (Operation.RECORD, {"task_id": task}),
        ):
            emulator.driver.call(operation, params=params)
    else:
        for example in contract.request.examples[Operation.CREATE]:
            run_task(emulator, Operation.CREATE, "", dict(example))


def failure_rows(emulator: Any) -> list[tuple[str, str, str, str, str]]:
    return [
        (failure.severity, failure.fact.id, failure.title, failure.expected, failure.observed)
        for failure in emulator.failures()
    ]


@pytest.mark.parametrize("name", UPSTREAMS)
def test_default_emulator_passes_all_checks(start_emulator: Callable[..., Any], name: str) -> None:
    emulator = start_emulator(name)
    exercise_everything(emulator)
    assert failure_rows(emulator) == []
    statuses = {entry.interaction.status for entry in emulator.interactions}
    assert statuses >= {*get_contract(name).statuses}


OPTIONS = {
    "opeai": ("opeai.status=openai", "opeai.errors=newapi", "opeai.failure_reason=fail_reason",
              "opeai.failure_reason=none", "opeai.progress=percent"),
    "apimodels": ("apimodels.keys=legacy", "apimodels.errors=ok", "apimodels.group_list=items"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "option"), [(name, option) for name in UPSTREAMS for option in OPTIONS[name]])
def test_other_option_is_the_only_finding(start_emulator: Callable[..., Any], name: str, option: str) -> None:
    id_, _, value = option.partition("=")
    emulator = start_emulator(name, variants={id_: value})
    exercise_everything(emulator)
    assert {(severity, fact) for severity, fact, *_ in failure_rows(emulator)} == {(Severity.INFO, id_)}


@pytest.mark.parametrize(("name", "option"), [(name, option) for name in UPSTREAMS for option in OPTIONS[name]])
def test_pinned_option_causes_no_finding(start_emulator: Callable[..., Any], name: str, option: str) -> None:
    id_, _, value = option.partition("=")
    emulator = start_emulator(name, {id_: value}, variants={id_: value})
    exercise_everything(emulator)
    assert failure_rows(emulator) == []


@pytest.mark.parametrize(("name", "option"), [(name, option) for name in UPSTREAMS for option in OPTIONS[name]])
def test_option_other_than_the_pinned_one_fails(start_emulator: Callable[..., Any], name: str, option: str) -> None:
    id_, _, value = option.partition("=")
    emulator = start_emulator(name, {id_: get_contract(name).defaults[id_]}, variants={id_: value})
    exercise_everything(emulator)
    assert failure_rows(emulator) != []
