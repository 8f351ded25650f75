"""Match requests to the endpoints of a contract, and build the path of an operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from urllib.parse import quote, unquote

from msgspec import Struct

from .contract import Contract
from .enums import Operation
from .facts import Endpoint
from .upstreams import get_contract


class Route(Struct, frozen=True):
    """The endpoint of a request, with the decoded parameters of its path."""

    endpoint: Endpoint
    params: Mapping[str, str]


def match_route(contract: Contract, method: str, path: str) -> Route | None:
    """Find the endpoint of a method and a path; the first one where two operations share an endpoint."""
    for base, pattern, endpoint in _patterns(contract.name):
        if endpoint.method == method and path.startswith(base) and (match := pattern.fullmatch(path[len(base) :])):
            return Route(endpoint, {name: unquote(value) for name, value in match.groupdict().items()})
    return None


def endpoint_path(
    contract: Contract, operation: Operation, params: Mapping[str, str], base: int = 0
) -> tuple[str, str]:
    """Method and path of an operation under the base URL with this index. Raises LookupError if there is none."""
    endpoint = next((row for row in contract.endpoints if row.operation is operation), None)
    if endpoint is None:
        raise LookupError(f"{contract.name} has no endpoint for {operation}")
    # A slash in an id is part of the same segment.
    path = re.sub(r"{(\w+)}", lambda name: quote(params[name[1]], safe=""), endpoint.path)
    return endpoint.method, contract.bases[base].prefix + path


def task_params(contract: Contract, operation: Operation, task: str) -> dict[str, str]:
    """The parameter that names a task in a request, as `endpoint_path` takes it: `{"task_id": task}`."""
    return {contract.id_parameter(operation): task}


@cache
def _patterns(upstream: str) -> tuple[tuple[str, re.Pattern[str], Endpoint], ...]:
    contract = get_contract(upstream)
    return tuple(
        (base.prefix, re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", endpoint.path)), endpoint)
        for base in contract.bases
        for endpoint in contract.endpoints
    )


def allowed_methods(contract: Contract, path: str) -> frozenset[str]:
    """Methods that the contract defines for a path; empty for an unknown path."""
    methods = {endpoint.method for endpoint in contract.endpoints}
    return frozenset(method for method in methods if match_route(contract, method, path) is not None)
