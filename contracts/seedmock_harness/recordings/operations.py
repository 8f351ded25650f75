"""Which operation a request is for that was not asked by us."""

from __future__ import annotations

import json

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import routed
from seedmock_contracts.enums import Operation


def operation_of(contract: Contract, method: str, path: str, body: str) -> str:
    """The operation's name; empty for none. Where one endpoint carries two, the order's model tells them apart."""
    found = routed(contract, "GET" if method == "HEAD" else method, path)
    if found is None:
        return ""
    if found.endpoint.operation is Operation.CREATE:
        try:
            model = contract.model(str(json.loads(body).get("model")))
        except (ValueError, AttributeError, RecursionError):
            model = None
        if model is not None and model.upscales:
            return Operation.UPSCALE
    return found.endpoint.operation
