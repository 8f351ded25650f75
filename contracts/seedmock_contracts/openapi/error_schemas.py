"""Error responses of an operation: the kinds that it can meet, each with status, code, envelope and an example."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..contract import Contract
from ..enums import ORDERS, READS, Capability, ErrorKind, Operation
from ..facts import ErrorCase
from ..response_format import Envelope
from ..rules.fields import KnownModel
from .annotations import Schema, fact_extensions
from .response_schemas import fields_in_force
from .schema_tree import require, schema_at, typed

JSON = "application/json"
ALWAYS = (ErrorKind.AUTHENTICATION, ErrorKind.FORBIDDEN, ErrorKind.RATE_LIMIT, ErrorKind.MALFORMED)
SERVER = (ErrorKind.UPSTREAM_FAILED, ErrorKind.OVERLOADED)
BODY = (ErrorKind.UNSUPPORTED_MEDIA_TYPE, ErrorKind.BODY_TOO_LARGE, ErrorKind.REQUEST_TIMEOUT)
RULES = (ErrorKind.MISSING_PARAMETER, ErrorKind.INVALID_PARAMETER)
ORDER = (ErrorKind.BALANCE, ErrorKind.INVALID_INPUT, ErrorKind.MODERATION_INPUT)
CONTENT = (
    *(ErrorKind.CONTENT_NOT_FOUND, ErrorKind.NOT_READY, ErrorKind.TASK_FAILED, ErrorKind.LINK_EXPIRED),
    *(ErrorKind.PRECONDITION_FAILED, ErrorKind.RANGE_NOT_SATISFIABLE),
)
OWN: Mapping[Operation, tuple[ErrorKind, ...]] = {
    Operation.CONTENT: CONTENT,
    Operation.CANCEL: (ErrorKind.TASK_NOT_FOUND, ErrorKind.STATE_CONFLICT),
    Operation.ASSET_CREATE: (
        *(ErrorKind.BALANCE, ErrorKind.GROUP_NOT_FOUND, ErrorKind.ASSET_REFUSED, ErrorKind.INVALID_INPUT),
    ),
    Operation.ASSET_GET: (ErrorKind.ASSET_NOT_FOUND,),
    Operation.ASSET_UPDATE: (ErrorKind.ASSET_NOT_FOUND,),
    Operation.ASSET_DELETE: (ErrorKind.ASSET_NOT_FOUND,),
    Operation.ASSET_LIST: (ErrorKind.GROUP_NOT_FOUND,),
    Operation.GROUP_DELETE: (ErrorKind.GROUP_NOT_FOUND,),
    Operation.FILE_CREATE: (*RULES, ErrorKind.INVALID_INPUT),
}
"""Errors of single operations beside those that follow from their bodies, rules and tasks."""


def error_kinds(contract: Contract, operation: Operation) -> Iterator[ErrorKind]:
    """Kinds of errors that an operation can meet, some of them twice."""
    yield from ALWAYS
    if operation in contract.body_operations:
        yield from BODY
    rules = contract.rules.get(operation, ())
    if rules:
        yield from RULES
    if any(isinstance(rule, KnownModel) for rule in rules):
        yield ErrorKind.UNKNOWN_MODEL
    if operation in ORDERS:
        yield from ORDER
        if Capability.ASSETS in contract.capabilities:
            yield from (ErrorKind.ASSET_NOT_FOUND, ErrorKind.ASSET_REFUSED)
    if operation in READS:
        yield ErrorKind.TASK_NOT_FOUND
    yield from OWN.get(operation, ())
    yield from SERVER


def error_responses(
    contract: Contract, operations: Iterable[Operation], options: Mapping[str, str]
) -> dict[str, Schema]:
    """Responses by status for every error of operations that share an endpoint; of a task's own end, none.

    One of status 200 is there where errors come with it.
    """
    kinds = dict.fromkeys(kind for operation in operations for kind in error_kinds(contract, operation))
    by_status: defaultdict[int, list[ErrorCase]] = defaultdict(list)
    for case in (case for kind in kinds for case in cases_in_force(contract, kind, options)):
        if case.status >= 400:
            by_status[contract.response.error_status(case, options)].append(case)
    return {str(status): _response(contract, cases) for status, cases in sorted(by_status.items())}


def with_errors(success: Schema, errors: Schema) -> Schema:
    """Response to a request that succeeds or fails with the same status."""
    media, own = errors["content"][JSON], success["content"].get(JSON, {})
    schemas = [*_alternatives(own), *_alternatives(media)]
    examples = {**own.get("examples", {}), **media["examples"]}
    return {
        "description": f"{success['description']}; or an error: {errors['description']}",
        "content": {**success["content"], JSON: {"schema": {"anyOf": schemas}, "examples": examples}},
        "x-errors": errors["x-errors"],
    }


def _alternatives(media: Schema) -> list[Schema]:
    schema = media.get("schema")
    return [] if schema is None else schema.get("anyOf") or [schema]


def cases_in_force(contract: Contract, kind: ErrorKind, options: Mapping[str, str]) -> list[ErrorCase]:
    """Cases of a kind that can occur under the options of variants."""
    chosen = {options[variant.id] for variant in contract.variants}
    rows = [case for case in contract.errors if case.kind is kind]
    styled = [case for case in rows if case.style and case.style.partition(".")[0] in chosen]
    base = [case for case in rows if not case.style]
    if styled:  # an envelope of another option gives way
        base = [case for case in base if _envelope(contract, case).option in ("", *chosen)]
    return [*base, *styled]


def _envelope(contract: Contract, case: ErrorCase) -> Envelope:
    return contract.response.envelope(case.envelope)


def _response(contract: Contract, cases: list[ErrorCase]) -> Schema:
    names = list(dict.fromkeys(case.envelope for case in cases))
    references = [{"$ref": f"#/components/schemas/{schema_name(name)}"} for name in names]
    return {
        "description": "; ".join(dict.fromkeys(str(case.kind).replace("_", " ") for case in cases)),
        "content": {
            JSON: {
                "schema": references[0] if len(references) == 1 else {"anyOf": references},
                "examples": {case.id.replace(".", "-"): {"value": _example(contract, case)} for case in cases},
            }
        },
        "x-errors": [_case_extensions(case) for case in cases],
    }


def _case_extensions(case: ErrorCase) -> Schema:
    texts = {"code": case.code, "type": case.type, "message": case.message, "fail_code": case.fail_code}
    values = {name: value for name, value in texts.items() if value != ""}
    return {"kind": str(case.kind), **values, "wording": str(case.wording), **fact_extensions(case)}


def schema_name(envelope: str) -> str:
    """Name of the schema of an envelope."""
    return f"{envelope.capitalize()}Error" if envelope and envelope != "error" else "Error"


def error_schemas(contract: Contract, options: Mapping[str, str]) -> dict[str, Schema]:
    """Schemas of the envelopes that an operation can answer with, by name."""
    operations = [endpoint.operation for endpoint in contract.endpoints]
    kinds = {kind for operation in operations for kind in error_kinds(contract, operation)}
    cases = [case for kind in kinds for case in cases_in_force(contract, kind, options) if case.status >= 400]
    used = {case.envelope for case in cases}
    envelopes = [envelope for envelope in contract.response.envelopes if envelope.name in used]
    return {schema_name(envelope.name): _schema(contract, envelope, options) for envelope in envelopes}


def _schema(contract: Contract, envelope: Envelope, options: Mapping[str, str]) -> Schema:
    root: Schema = {"type": "object"}
    for field in fields_in_force(contract, None, options):
        if field.envelope == envelope.name:
            pattern = {"pattern": f"^(?:{field.pattern})$"} if field.pattern else {}
            schema_at(root, field.path).update({**typed(field.types), **pattern, **fact_extensions(field)})
            if field.required:
                require(root, field.path)
    return root


def _example(contract: Contract, case: ErrorCase) -> dict[str, Any]:
    """Body of an error in its envelope, with what a request leaves open in angle brackets."""
    return error_body(contract, case, case.message.replace("{", "<").replace("}", ">"))


def error_body(contract: Contract, case: ErrorCase, message: str, field: str = "") -> dict[str, Any]:
    """Body of an error in its envelope, with this message about this field."""
    parts = {"code": case.code, "message": message, "type": case.type, "field": field, "null": None}
    if case.fail_code:
        parts |= {"fail_code": case.fail_code, "fail_message": message, "retryable": False}
    body: dict[str, Any] = {}
    for path, name in _envelope(contract, case).parts:
        if name in parts:
            _put(body, path, parts[name])
    return body


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    *parents, key = path.split(".")
    for parent in parents:
        inner = body.get(parent)
        body[parent] = body = inner if isinstance(inner, dict) else {}
    body[key] = value
