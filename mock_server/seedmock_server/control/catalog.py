"""Catalogue endpoint: kinds of fates and faults with their parameters, for forms and for completion."""

from __future__ import annotations

import re

from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import NAMES

from ..fates import models as fates
from ..faults import kinds, parameter_parsing, parameters
from ..faults.kinds import FaultKind
from .catalog_models import CatalogEntry, CatalogParameter, CatalogResponse
from .context import ControlContext
from .endpoints import KEY_HELP, ControlEndpoint, ControlRequest

FATE_MEANINGS = {
    fates.FateKind.SUCCEED: "the task succeeds",
    fates.FateKind.REFUSED: "the order is refused by moderation, at once",
    fates.FateKind.MODERATED: "the task fails, because moderation objects to its output",
    fates.FateKind.FAILED: "the task fails",
    fates.FateKind.STUCK: "the task never ends",
    fates.FateKind.EXPIRED: "the task fails, because it waited for too long",
    fates.FateKind.SLOW: "the task takes long",
    fates.FateKind.NOT_STARTED_FIRST: "early polls report that the task has not started",
    fates.FateKind.UNKNOWN_STATUS: "polls report a status that no page names",
    fates.FateKind.COMPLETED_WITHOUT_URL: "the task succeeds, and has no clip",
    fates.FateKind.CONTENT_LATE: "the task succeeds, and its clip comes later",
    fates.FateKind.LINK_DEAD: "the task succeeds, and its link dies",
    fates.FateKind.ACTIVE: "the asset becomes active",
}
MODELS_HELP = "a model by its name on the wire"
CONDITIONS = (
    CatalogParameter(name="upstream", description="requests to this upstream", type="choice", allowed=tuple(NAMES)),
    CatalogParameter(name="operation", description="this operation", type="choice", allowed=tuple(Operation)),
    CatalogParameter(name="key", description=KEY_HELP.partition(".")[0], type="text"),
    CatalogParameter(name="model", description=MODELS_HELP, type="text"),
    CatalogParameter(name="prompt", description="a regular expression that the prompt contains", type="pattern"),
    CatalogParameter(name="reference", description="a regular expression that a reference contains", type="pattern"),
    CatalogParameter(name="resolution", description="a resolution such as 720p", type="text"),
    CatalogParameter(name="seconds", description="the length of the clip", type="whole"),
    CatalogParameter(name="nth", description="only this one of the matching requests; 1 is the first", type="whole"),
    CatalogParameter(name="times", description="at most this many requests", type="whole"),
    CatalogParameter(name="probability", description="a share of the requests, 0 to 1", type="number"),
)


def read(_: ControlContext, __: ControlRequest) -> CatalogResponse:
    return CatalogResponse(
        fates=[_fate(kind) for kind in fates.FateKind],
        faults=[_fault(kind) for kind in FaultKind],
        conditions=list(CONDITIONS),
    )


def _fate(kind: fates.FateKind) -> CatalogEntry:
    return CatalogEntry(
        kind=kind,
        description=FATE_MEANINGS[kind],
        operations=tuple(operation for operation, allowed in fates.OPERATIONS.items() if kind in allowed),
        parameters=[
            CatalogParameter(
                name=name,
                description=description,
                type="duration" if name in fates.DURATIONS else "choice" if name in fates.CHOICES else "text",
                allowed=fates.CHOICES.get(name, ()),
                default=_default_in(description),
            )
            for name, description in fates.PARAMETERS[kind].items()
        ],
    )


def _fault(kind: FaultKind) -> CatalogEntry:
    operations = kinds.OPERATIONS.get(kind, frozenset(Operation))
    return CatalogEntry(
        kind=kind,
        description=kinds.MEANINGS[kind],
        operations=tuple(operation for operation in Operation if operation in operations),
        parameters=[_fault_parameter(kind, name, text) for name, text in parameters.PARAMETERS[kind].items()],
        breaks_contract=kind in kinds.MUTATIONS,
        group=kinds.GROUPS.get(kind, ""),
    )


def _fault_parameter(kind: FaultKind, name: str, description: str) -> CatalogParameter:
    allowed = parameter_parsing.NARROWER_CHOICES.get((kind, name)) or parameter_parsing.CHOICES.get(name, ())
    default = parameters.DEFAULTS.get(kind, {}).get(name)
    return CatalogParameter(
        name=name,
        description=description,
        type="choice" if allowed else _type_of(name),
        required=name in parameters.REQUIRED.get(kind, ()),
        allowed=tuple(allowed),
        default=_default_in(description) if default is None else str(default),
    )


def _type_of(name: str) -> str:
    if name in parameter_parsing.DURATIONS:
        return "duration"
    return "number" if name in parameter_parsing.NUMBERS else "text"


def _default_in(description: str) -> str | None:
    """Return the default that a description ends with: `seconds until the end; default: 900`."""
    default = re.search(r"default: (.+)\Z", description)
    return default[1] if default else None


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/catalog",
        handler=read,
        summary="List the kinds of fates and faults with their parameters, and the conditions of rules.",
        response=CatalogResponse,
    ),
)
