"""Faults that one request meets, and the request as they see it. Knows neither how they are chosen nor what they do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from ..clock import Clock
from ..matching.rules import InvalidRule
from ..tasks.models import Task
from ..upstreams.protocol import Upstream
from .kinds import LINKS, REQUEST_LINKS, SOCKET, FaultKind, Link
from .response_stream import ConnectionControl
from .rules import Fault


class FaultTarget(msgspec.Struct, frozen=True):
    """Request whose faults are applied. `task` is the one that it names, `link` the path of its clip without a key."""

    upstream: Upstream
    operation: str
    method: str
    path: str
    query: bytes = b""
    range_header: bytes = b""
    style: str = ""
    task: Task | None = None
    link: str = ""


class FaultPlan(msgspec.Struct, frozen=True):
    """Faults of a request, in the order in which they are applied. Each link returns the plan that the next one gets.

    `clock` is the account's; `connection` is None in process. `unapplied` has the texts of the faults that could not be
    applied, or that the request has not come to yet.
    """

    faults: tuple[Fault, ...]
    target: FaultTarget
    clock: Clock
    connection: ConnectionControl | None
    unapplied: frozenset[str]

    def at(self, link: Link) -> list[Fault]:
        return [fault for fault in self.faults if link in LINKS[fault.kind]]

    def includes(self, kind: FaultKind) -> bool:
        return any(fault.kind is kind for fault in self.faults)

    def log(self) -> tuple[str, ...]:
        """Return the faults as the journal names them."""
        texts = map(str, self.faults)
        return tuple(f"not applied: {text}" if text in self.unapplied else text for text in texts)

    def warnings(self) -> tuple[str, ...]:
        """Return the warnings of faults that can reach other calls than this one."""
        return tuple(fault.warning for fault in self.faults if fault.warning)

    def with_applied(self, faults: Collection[Fault]) -> FaultPlan:
        return replace(self, unapplied=self.unapplied - {str(fault) for fault in faults})

    def with_unapplied(self, faults: Collection[Fault]) -> FaultPlan:
        return replace(self, unapplied=self.unapplied | {str(fault) for fault in faults})


def plan_faults(
    faults: tuple[Fault, ...], target: FaultTarget, clock: Clock, connection: ConnectionControl | None = None
) -> FaultPlan:
    """Return the plan before any link. Raises InvalidRule for a fault that needs a connection where there is none."""
    for fault in faults:
        if connection is None and fault.kind in SOCKET:
            raise InvalidRule(
                f"{fault.kind} needs a socket, and this call came in process; expected an emulator on a port"
            )
    pending = (str(fault) for fault in faults if LINKS[fault.kind] <= REQUEST_LINKS)
    return FaultPlan(faults, target, clock, connection, frozenset(pending))


def connection_of(scope: Mapping[str, Any]) -> ConnectionControl | None:
    """Return the connection that a request came by; None in process."""
    connection: ConnectionControl | None = (scope.get("extensions") or {}).get("seedmock")
    return connection
