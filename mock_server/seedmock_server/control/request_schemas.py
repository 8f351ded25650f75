"""Rules on request bodies of the control API beyond their types: bounds, choices, and what excludes what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from seedmock_contracts.enums import ORDERS, MediaKind, Role
from seedmock_contracts.upstreams import NAMES, get_contract

from ..clock import MAX_RATE, MAX_TIME
from ..fates.models import OPERATIONS, TASK_KINDS
from ..references.declared import FLAGS, MAX_FORMAT_CHARS, MAX_URL_CHARS, NUMBERS, TEXTS
from .catalog_models import OrderPreviewRequest, OrderReference, OrderRequest
from .models import (
    ClockRequest,
    CreditRequest,
    DefaultFateRequest,
    FateRuleRequest,
    FaultRuleRequest,
    LimitRequest,
    MediaDeclarationRequest,
)
from .query_parameters import NOT_BLANK
from .rule_schemas import DURATION_SCHEMA, Schema, fate_schema, fault_schema, match_schema

DAYS = r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
TIME = rf"^(?:197[1-9]|19[89]\d|2\d{{3}})-{DAYS}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d)?$"
KEY: Schema = {"type": "string", "pattern": NOT_BLANK, "description": "an API key; X-Mock-Key does the same"}
SENT_KEY: Schema = {**KEY, "pattern": "^[!-~]+$"}  # it stands in a header of the order
USD: Schema = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 1e12},
        {"type": "string", "pattern": r"^\d{1,12}(?:\.\d{1,6})?$"},
        {"type": "null"},
    ]
}


def _clock() -> Schema:
    """One change of a clock: exactly one of the actions."""
    time = {"anyOf": [{"type": "number", "minimum": 0, "maximum": MAX_TIME}, {"type": "string", "pattern": TIME}]}
    properties = {
        "advance": DURATION_SCHEMA,
        "set": {**time, "description": "a time that is later than the clock's"},
        "rate": {"type": "number", "minimum": 0, "maximum": MAX_RATE},
        "freeze": {"const": True},
        "freeze_at": time,
        "next": {"const": True},
    }
    return {"properties": {**properties, "key": KEY}, "oneOf": [{"required": [name]} for name in properties]}


def _media() -> Schema:
    above = {"type": "integer", "minimum": 1, "maximum": 10**11}
    fraction = {"type": "number", "exclusiveMinimum": 1e-6, "maximum": 1e11}
    flag = {"type": "boolean"}
    texts = {"type": "string", "minLength": 1, "maxLength": MAX_FORMAT_CHARS}
    values: dict[str, Schema] = {
        **dict.fromkeys(NUMBERS, above),
        **dict.fromkeys(("seconds", "fps"), fraction),
        **dict.fromkeys(TEXTS, texts),
        **dict.fromkeys(FLAGS, flag),
    }
    properties = {name: {"anyOf": [schema, {"type": "null"}]} for name, schema in values.items()}
    no_face = {"properties": {"face": {"enum": [False, None]}}}
    return {
        "properties": {
            "url": {"type": "string", "pattern": NOT_BLANK, "maxLength": MAX_URL_CHARS},
            "kind": {"type": "string", "enum": [str(kind) for kind in MediaKind]},
            **properties,
            "width": above,
            "height": above,
        },
        "dependentRequired": {"width": ["height"], "height": ["width"]},
        "if": {"properties": {"kind": {"not": {"const": str(MediaKind.IMAGE)}}}},
        "then": no_face,
    }


def _limits() -> Schema:
    limit = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}
    return {"properties": {"rate": limit, "concurrency": limit}}


REFINEMENTS: Mapping[type, Callable[[], Schema]] = {
    ClockRequest: _clock,
    FateRuleRequest: lambda: {"properties": {"fate": fate_schema(), "match": match_schema(OPERATIONS)}},
    DefaultFateRequest: lambda: {"properties": {"fate": fate_schema(TASK_KINDS)}},
    FaultRuleRequest: lambda: {"properties": {"fault": fault_schema(), "match": match_schema()}},
    LimitRequest: _limits,
    CreditRequest: lambda: {"properties": {"amount": USD, "upstream": _optional_upstream()}},
    MediaDeclarationRequest: _media,
    OrderRequest: lambda: _order(),
    OrderPreviewRequest: lambda: _order(),
    OrderReference: lambda: {"properties": {"kind": _names(MediaKind), "role": _names(Role)}},
}


def _order() -> Schema:
    """The orders that each upstream takes."""
    takes = {name: [row for row in ORDERS if get_contract(name).endpoint(row) is not None] for name in NAMES}
    limited = [
        {
            "if": {"properties": {"upstream": {"const": name}}},
            "then": {"properties": {"operation": _names(operations)}},
        }
        for name, operations in takes.items()
        if len(operations) < len(ORDERS)
    ]
    choice = {"properties": {"operation": {**_names(ORDERS), "default": str(ORDERS[0])}}}
    return {**choice, "allOf": limited} if limited else choice


def _names(options: Iterable[str]) -> Schema:
    return {"type": "string", "enum": [str(option) for option in options]}


def _optional_upstream() -> Schema:
    choice = {"type": "string", "enum": list(NAMES), "description": "beside a key only"}
    return {"anyOf": [choice, {"type": "null"}]}


def _restrict_upstream(properties: dict[str, Any]) -> None:
    """Name the upstreams where any text would do by the type."""
    if properties.get("upstream", {}).get("type") == "string":
        properties["upstream"] = {"type": "string", "enum": list(NAMES)}


def needs_choice(model: type) -> bool:
    """Tell that a body needs one of several fields, none of which is required by itself."""
    return model in REFINEMENTS and "oneOf" in REFINEMENTS[model]()


def refine(components: dict[str, Any]) -> None:
    """Add to the schemas of request bodies what their types do not say."""
    for model, schema in REFINEMENTS.items():
        component = components[model.__name__]
        refined = schema()
        properties = {**component["properties"], **refined.pop("properties")}
        component |= {**refined, "properties": properties}
    for component in components.values():
        if component.get("additionalProperties") is False and "key" in component.get("properties", {}):
            is_optional = "anyOf" in component["properties"]["key"]
            component["properties"]["key"] = {"anyOf": [KEY, {"type": "null"}]} if is_optional else SENT_KEY
        if component.get("additionalProperties") is False:
            _restrict_upstream(component.get("properties", {}))
