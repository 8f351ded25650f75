"""Free steps about access: keys, unknown ids, routes, methods, bodies, base URLs, and groups of assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import allowed_methods, endpoint_path
from seedmock_contracts.enums import BILLABLE, Operation
from seedmock_contracts.facts import Document, Endpoint

from ..conversation.history import UNAUTHENTICATED
from ..driver.client import Driver, Step
from ..results.checks import CheckResult, Severity, failed, passed
from .attribution import Signature, normalized, signature
from .base_documents import UNKNOWN_ID, UNKNOWN_NUMBER, base_documents
from .second_violations import refused_document

UNKNOWN_PATH = "/seedmock-no-such-path"
INVALID_BODIES = (
    ("text/plain", b"a kite"),
    ("application/json", b'{"model": '),
    ("application/json", b'["prompt"]'),
)
"""Of another media type, incomplete, and of another JSON type."""
UNDOCUMENTED_METHODS = ("PUT", "PATCH")


def access_steps(contract: Contract) -> Iterator[Step]:
    """The steps about access of an upstream."""
    yield _step("auth", "a request without a key, or with an invalid one, is rejected", _send_unauthenticated)
    yield _step("unknown", "unknown ids are not found", _send_unknown_ids)
    yield _step("paths", "unknown paths are not found", _send_unknown_paths)
    yield _step("methods", "undocumented methods are not allowed", _send_undocumented_methods)
    yield _step("bodies", "invalid bodies are rejected", _send_invalid_bodies)
    yield _step("bases", "every base URL serves the same endpoints", _check_bases)
    if contract.endpoint(Operation.GROUP_CREATE) is not None:
        yield _step("groups", "groups are created, listed and deleted, and belong to a key", _use_groups)


def _step(name: str, description: str, run: Callable[[Driver], Iterable[CheckResult]]) -> Step:
    return Step(f"free.{name}", description, run)


def _routes(contract: Contract) -> Iterator[Endpoint]:
    """One endpoint for each method and path: the first of those that share them."""
    routes: dict[tuple[str, str], Endpoint] = {}
    for endpoint in contract.endpoints:
        routes.setdefault((endpoint.method, endpoint.path), endpoint)
    yield from routes.values()


def _unknown_params(endpoint: Endpoint) -> dict[str, str]:
    """An id that no upstream has created, for each parameter of a path."""
    return dict.fromkeys(endpoint.parameters, UNKNOWN_ID)


def _path_of_unknown(contract: Contract, endpoint: Endpoint) -> str:
    return endpoint_path(contract, endpoint.operation, _unknown_params(endpoint))[1]


def _call_with_unknown_ids(driver: Driver, endpoint: Endpoint, caller: str = "first") -> None:
    document = _document_without_effect(driver.contract, endpoint.operation)
    params = {**_unknown_params(endpoint), **{name: str(value) for name, value in document.items()}}
    body = document if document or endpoint.operation in driver.contract.body_operations else None
    driver.call(endpoint.operation, body, caller=caller, params=params)


def _document_without_effect(contract: Contract, operation: Operation) -> Document:
    """A document with which an operation creates nothing: with unknown ids, or empty."""
    if operation in BILLABLE:
        return refused_document(contract, operation)
    if operation is Operation.GROUP_CREATE or operation not in contract.rules:
        return {}
    return next(iter(base_documents(contract.name, operation)), {})


def _send_unauthenticated(driver: Driver) -> Iterable[CheckResult]:
    for endpoint in _routes(driver.contract):
        for caller in UNAUTHENTICATED:
            if not caller or caller in driver.keys:
                _call_with_unknown_ids(driver, endpoint, caller)
    return ()


def _send_unknown_ids(driver: Driver) -> Iterable[CheckResult]:
    contract = driver.contract
    for endpoint in _routes(contract):
        _call_with_unknown_ids(driver, endpoint)
        if "{" in endpoint.path or driver.history.interactions[-1].status_code == 404:
            yield from _check_existence(driver, endpoint)
    if Operation.ASSET_LIST in contract.rules:
        driver.call_with(Operation.ASSET_LIST, group=UNKNOWN_NUMBER)


def _check_existence(driver: Driver, endpoint: Endpoint) -> Iterator[CheckResult]:
    """Compare the latest response, of an unknown id, with that of an unknown path."""
    # An unknown id and an endpoint that has moved are both a 404; their texts differ.
    contract, of_endpoint = driver.contract, signature(driver.history.interactions[-1])
    method, path = endpoint_path(contract, endpoint.operation, _unknown_params(endpoint))
    unknown_path = f"{contract.bases[0].prefix}{UNKNOWN_PATH}/{UNKNOWN_ID}"
    of_unknown_path = signature(driver.send(None, method, unknown_path))
    if _without_path(of_endpoint, path) != _without_path(of_unknown_path, unknown_path):
        yield passed(endpoint, path)
    elif driver.history.interactions[-1].body is not None:
        title = "an endpoint has the error of an unknown path"
        yield failed(endpoint, title, "another error", of_endpoint[0], Severity.WARNING)


def _without_path(response: Signature, path: str) -> Signature:
    return normalized(normalized(response, path), path.rpartition("/")[0])


def _send_unknown_paths(driver: Driver) -> Iterable[CheckResult]:
    prefix = driver.contract.bases[0].prefix
    documented = (_path_of_unknown(driver.contract, endpoint) for endpoint in driver.contract.endpoints)
    paths = {f"{path}{UNKNOWN_PATH}" for path in documented}
    for path in (f"{prefix}{UNKNOWN_PATH}", *sorted(paths)):
        for method in ("GET", "POST"):
            if not allowed_methods(driver.contract, path):
                driver.send(None, method, path)
    return ()


def _send_undocumented_methods(driver: Driver) -> Iterable[CheckResult]:
    paths = (_path_of_unknown(driver.contract, endpoint) for endpoint in _routes(driver.contract))
    for path in dict.fromkeys(paths):
        for method in UNDOCUMENTED_METHODS:
            driver.send(None, method, path)
    return ()


def _send_invalid_bodies(driver: Driver) -> Iterable[CheckResult]:
    for endpoint in _routes(driver.contract):
        if endpoint.operation in driver.contract.body_operations:
            method, path = endpoint_path(driver.contract, endpoint.operation, _unknown_params(endpoint))
            for media_type, body in INVALID_BODIES:
                driver.send(endpoint.operation, method, path, body, headers={"content-type": media_type})
    return ()


def _check_bases(driver: Driver) -> Iterator[CheckResult]:
    for index, base in enumerate(driver.contract.bases):
        unknown_path = f"{base.prefix}{UNKNOWN_PATH}"
        of_unknown_path = signature(driver.send(None, "POST", unknown_path))
        create = driver.call(Operation.CREATE, refused_document(driver.contract, Operation.CREATE), base=index)
        differs = normalized(signature(create), unknown_path) != of_unknown_path
        if create.is_error and create.status_code < 500 and differs:
            yield passed(base, f"{base.prefix}: {create.status_code}")
        else:
            severity = Severity.INFO if index else None  # another base can have another host than the target
            yield failed(base, "a base URL serves nothing", base.prefix, create.status_code, severity)


def _use_groups(driver: Driver) -> Iterable[CheckResult]:
    contract = driver.contract
    for operation in (endpoint.operation for endpoint in contract.endpoints):
        if operation in (Operation.BALANCE, Operation.MODELS):
            driver.call(operation)
    group = driver.call(Operation.GROUP_CREATE, contract.example(Operation.GROUP_CREATE)).created_id
    driver.call(Operation.GROUP_LIST)
    if group is not None:
        driver.call_with(Operation.ASSET_LIST, group=to_group_id(group))
        if "second" in driver.keys:
            driver.call(Operation.GROUP_LIST, caller="second")
            driver.call_with(Operation.ASSET_LIST, "second", group=to_group_id(group))
            driver.call_with(Operation.GROUP_DELETE, "second", group=to_group_id(group))
    delete_groups(driver)
    driver.call(Operation.GROUP_LIST)
    return ()


def to_group_id(text: str) -> int | str:
    """The id of a group as the upstream created it: a number if it is one."""
    return int(text) if text.isdigit() else text


def delete_groups(driver: Driver) -> None:
    """Delete all groups that the driver has created."""
    for group in list(driver.history.groups.values()):
        if group.deletion is None:
            driver.call_with(Operation.GROUP_DELETE, group.caller, group=to_group_id(group.id))
