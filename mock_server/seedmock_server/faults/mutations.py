"""JSON bodies that break the contract: pure functions from a body to a mutated copy. Knows no HTTP."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import values_at, with_value
from seedmock_contracts.documents.values import to_number, to_text
from seedmock_contracts.enums import StatusContext, TaskStatus

from .kinds import FaultKind
from .parameter_parsing import parse_size
from .rules import Fault

ID_CHARS = "0123456789abcdefghijklmnopqrstuvwxyz"
NEXT_CHAR = str.maketrans(ID_CHARS, ID_CHARS[1:] + ID_CHARS[:1])
Body = dict[str, Any]


def mutate_body(fault: Fault, body: Any, contract: Contract, style: str = "") -> Any:
    """Return a mutated copy of a success's body; None if the fault has nothing to change in it.

    `style` selects the status words of a variant.
    """
    if not isinstance(body, dict):
        return None
    if fault.kind is FaultKind.OTHER_ENVELOPE:
        return success_envelope(fault.values["form"], body, contract)
    mutated, mutate = copy.deepcopy(body), BODY_MUTATIONS.get(fault.kind)
    return mutated if mutate is not None and mutate(fault, mutated, contract, style) else None


def mutate_error(fault: Fault, status: int, body: Mapping[str, Any], contract: Contract) -> tuple[int, Body]:
    """Return the HTTP status and the body of an error with another status, code or message, whatever its envelope."""
    code, was = fault.values.get("to"), contract.response.error_part(body, "code")
    if code is None and was == status and "code" in fault.values:
        code = fault.values["code"]
    elif isinstance(was, int) and code is not None and code.lstrip("-").isdigit():
        code = int(code)
    mutated = dict(body) if code is None else with_error_part(body, contract, "code", code)
    if "message" in fault.values:
        mutated = with_error_part(mutated, contract, "message", fault.values["message"])
    return fault.values.get("code", status), mutated


def success_envelope(form: str, body: Mapping[str, Any], contract: Contract) -> Any:
    """Return a success's body in another envelope; None for an envelope of errors."""
    if form == "bare":
        payload = contract.response.payload(body) if contract.response.envelope_key else None
        return payload if isinstance(payload, Mapping | list) else None
    return {"data": dict(body)} if form == "wrapped" else None


def error_envelope(form: str, body: Mapping[str, Any], contract: Contract) -> Body | None:
    """Return an error's body in another envelope; None for an envelope of successes."""
    if form in ("bare", "wrapped"):
        return None
    message, code = (contract.response.error_part(body, part) or "" for part in ("message", "code"))
    if form == "error":
        return {"error": {"message": message, "type": "error", "param": None, "code": str(code)}}
    if form == "text":
        return {"error": message}
    return {"detail": message} if form == "detail" else {"code": str(code), "message": message}


# --- one function for each kind: changes the body in place, and returns whether there was something to change ---


def _backwards(fault: Fault, body: Body, contract: Contract, style: str) -> bool:
    status = fault.values.get("to") or contract.spelling(TaskStatus.QUEUED, StatusContext.QUERY, style)
    return _change_fields(_payload(body, contract), contract.response.status_paths, lambda value: status)


def _missing(fault: Fault, body: Body, contract: Contract, style: str) -> bool:
    owners, name = _owners(body, contract, fault.values["field"])
    for owner in owners:
        del owner[name]
    return bool(owners)


def _renamed(fault: Fault, body: Body, contract: Contract, style: str) -> bool:
    owners, name = _owners(body, contract, fault.values["field"])
    new_name = fault.values.get("to") or _other_case(name)
    for owner in owners:
        pairs = [(new_name if key == name else key, value) for key, value in owner.items()]
        owner.clear()
        owner.update(pairs)
    return bool(owners)


def _retyped(fault: Fault, body: Body, contract: Contract, style: str) -> bool:
    return _change_at(fault, body, contract, lambda value: _converted(fault.values["as"], value))


def _other_value(fault: Fault, body: Body, contract: Contract, style: str) -> bool:
    if_value, to = fault.values.get("if_value"), fault.values.get("to")

    def change(value: Any) -> Any:
        if if_value is not None and to_text(value) != if_value:
            return value
        return _of_same_type(to, value) if to is not None else _multiplied(value, fault.get("factor"))

    return _change_at(fault, body, contract, change)


def _extra(fault: Fault, body: Body, contract: Contract, style: str) -> bool:
    _payload(body, contract)[fault.values["field"]] = fault.get("to")
    return True


def _reordered(fault: Fault, body: Body, contract: Contract, style: str) -> bool:
    payload = _payload(body, contract)
    pairs = list(payload.items())
    payload.clear()
    payload.update(reversed(pairs))
    return len(pairs) > 1


def _other_size(fault: Fault, body: Body, contract: Contract, style: str) -> bool:
    def change(value: Any) -> Any:
        size = parse_size(value) if isinstance(value, str) else None
        width, height = other_size(fault, *size) if size else (0, 0)
        return f"{width}x{height}" if size else value

    return _change_fields(_payload(body, contract), (contract.response.path("size"),), change)


def _other_duration(fault: Fault, body: Body, contract: Contract, style: str) -> bool:
    def change(value: Any) -> Any:
        number = to_number(value)
        seconds = value if number is None else round(fault.values.get("seconds", float(number) + 1))
        return str(seconds) if isinstance(value, str) else seconds

    return _change_fields(_payload(body, contract), (contract.response.path("seconds"),), change)


def _other_price(fault: Fault, body: Body, contract: Contract, style: str) -> bool:
    def change(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return value
        return Decimal(str(value)) * Decimal(fault.get("factor"))

    paths = contract.response.path("price"), contract.response.path("balance")
    return _change_fields(_payload(body, contract), paths, change)


def _other_id(fault: Fault, body: Body, contract: Contract, style: str) -> bool:
    def change(value: Any) -> Any:
        if type(value) is int:
            return value + 1
        return value[:-5] + value[-5:].translate(NEXT_CHAR) if isinstance(value, str) else value

    payload, paths = _payload(body, contract), contract.response.id_paths
    ids = [value for path in paths for _, value in values_at(payload, path) if type(value) in (str, int)]
    copies = (name for name, value in payload.items() if value in ids)
    return _change_fields(payload, tuple(dict.fromkeys([*paths, *copies])), change)


BODY_MUTATIONS: Mapping[FaultKind, Callable[[Fault, Body, Contract, str], bool]] = {
    FaultKind.BACKWARDS: _backwards,
    FaultKind.MISSING: _missing,
    FaultKind.RENAMED: _renamed,
    FaultKind.RETYPED: _retyped,
    FaultKind.OTHER_SIZE: _other_size,
    FaultKind.OTHER_DURATION: _other_duration,
    FaultKind.OTHER_PRICE: _other_price,
    FaultKind.OTHER_ID: _other_id,
    FaultKind.OTHER_VALUE: _other_value,
    FaultKind.EXTRA: _extra,
    FaultKind.REORDERED: _reordered,
}


def other_size(fault: Fault, width: int, height: int) -> tuple[int, int]:
    """Return the size that a fault names; without one, half of each side, in even pixels."""
    return parse_size(fault.values.get("to", "")) or (width // 4 * 2, height // 4 * 2)


# --- fields and values ---


def _payload(body: Body, contract: Contract) -> Body:
    """Return the object that has a response's fields: the payload of the envelope, or the body itself."""
    payload = contract.response.payload(body)
    return payload if isinstance(payload, dict) else body


def with_error_part(body: Mapping[str, Any], contract: Contract, part: str, value: str | int) -> Body:
    """Return an error's body with another code or message, wherever its envelope has it."""
    path = contract.response.error_path(body, part)
    if not path:
        path = f"error.{part}" if isinstance(body.get("error"), Mapping) else part
    return with_value(body, path, value)


def _change_fields(payload: Body, paths: tuple[str, ...], change: Callable[[Any], Any]) -> bool:
    """Change the fields at some paths of nested objects, as far as they exist and are not null."""
    is_changed = False
    for path in paths:
        *steps, name = path.split(".")
        owner: Any = payload
        for step in steps:
            owner = owner.get(step) if isinstance(owner, dict) else None
        if isinstance(owner, dict) and owner.get(name) is not None:
            before = owner[name]
            owner[name] = change(before)
            is_changed = is_changed or owner[name] != before
    return is_changed


def _change_at(fault: Fault, body: Body, contract: Contract, change: Callable[[Any], Any]) -> bool:
    """Change the field that a fault names, in each object that has it."""
    owners, name = _owners(body, contract, fault.values["field"])
    before = [owner[name] for owner in owners]
    for owner in owners:
        owner[name] = change(owner[name])
    after = [owner[name] for owner in owners]
    return before != after or list(map(type, before)) != list(map(type, after))


def _owners(body: Body, contract: Contract, path: str) -> tuple[list[Body], str]:
    """Return the objects that have a field, in the envelope's data or else at the top, and the field's name."""
    *steps, name = path.replace("[]", "").split(".")
    for start in (contract.response.payload(body), body):
        objects = list(_objects(start))
        for step in steps:
            objects = [item for owner in objects if step in owner for item in _objects(owner[step])]
        owners = [owner for owner in objects if name in owner]
        if owners:
            return owners, name
    return [], name


def _objects(value: Any) -> Iterator[Body]:
    """Iterate over a value if it is an object, or over the objects of a list."""
    yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict))


def _of_same_type(text: str, value: Any) -> Any:
    """Return a text as a value of the type of `value`."""
    if isinstance(value, bool):
        return text == "true"
    if isinstance(value, list):
        return [text]
    number = to_number(text) if isinstance(value, int | float | Decimal) else None
    return text if number is None else int(number) if number == int(number) else number


def _multiplied(value: Any, factor: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    product = Decimal(str(value)) * Decimal(factor)
    return int(product) if isinstance(value, int) else product


def _other_case(name: str) -> str:
    """Return taskId for task_id and the other way round; ID for id."""
    camel = re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name)
    snake = re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name)
    return camel if camel != name else snake if snake != name else name.upper()


def _converted(type_: str, value: Any) -> Any:
    if type_ == "string":
        return value if isinstance(value, str) else str(value)
    if type_ == "number":
        return value if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else 1
    if type_ == "boolean":
        return bool(value)
    return {"array": [value], "object": {"value": value}, "null": None}[type_]
