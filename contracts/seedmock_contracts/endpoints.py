"""Which operation a method and a path are, by the contract's endpoints under each of its bases; and the way back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, unquote

from .contract import Contract
from .enums import Operation
from .facts import Endpoint
from .upstreams import get_contract


@dataclass(frozen=True, slots=True)
class Route:
    """The endpoint that a request is for, and what its path says."""

    endpoint: Endpoint
    params: Mapping[str, str]


def match_route(contract: Contract, method: str, path: str) -> Route | None:
    """The endpoint of a method and a path; the first of the page where one endpoint carries two operations."""
    for base, pattern, endpoint in _patterns(contract.name):
        if endpoint.method == method and path.startswith(base) and (found := pattern.fullmatch(path[len(base) :])):
            return Route(endpoint, {name: unquote(value) for name, value in found.groupdict().items()})
    return None


def endpoint_path(
    contract: Contract, operation: Operation, params: Mapping[str, str], base: int = 0
) -> tuple[str, str]:
    """The method and the path of an operation under one of the bases. Raises LookupError for one that is not there."""
    endpoint = next((found for found in contract.endpoints if found.operation is operation), None)
    if endpoint is None:
        raise LookupError(f"{contract.name} has no endpoint for {operation}")
    filled = re.sub(r"{(\w+)}", lambda name: quote(params[name[1]], safe=""), endpoint.path)
    return endpoint.method, contract.bases[base].prefix + filled


@cache
def _patterns(upstream: str) -> tuple[tuple[str, re.Pattern[str], Endpoint], ...]:
    contract = get_contract(upstream)
    return tuple(
        (base.prefix, re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", endpoint.path)), endpoint)
        for base in contract.bases
        for endpoint in contract.endpoints
    )


def allowed_methods(contract: Contract, path: str) -> frozenset[str]:
    """The methods that the page gives to a path; none for a path that is none of the upstream's."""
    methods = {endpoint.method for endpoint in contract.endpoints}
    return frozenset(method for method in methods if match_route(contract, method, path) is not None)
