"""Answers that break the contract: pure functions from an honest answer, or an honest look, to a lie about it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.rules import numeric
from seedmock_contracts.terms import Moment, TaskStatus

from .faults import Fault
from .kinds import LIES, SIZE, FaultKind
from .matching import InvalidRule
from .media.look import Look

IDS = ("id", "taskId", "task_id")
STATUSES = ("state", "status")
DURATIONS = ("seconds", "duration")
PRICES = ("credits", "balance")
SMALLEST, LARGEST, LONGEST = 64, 2208, 60
"""Of a clip that a lie makes: pixels a side, and seconds."""


def told(fault: Fault, body: Any, said: Contract, style: str = "") -> Any:
    """The answer's body with one lie in it; None where there is nothing to lie about. The body itself stays."""
    if fault.kind not in TELLERS or not isinstance(body, dict):
        return None
    lie = copy.deepcopy(body)
    changed = TELLERS[fault.kind](fault, lie, said, style)
    return lie if changed else None


def inner(body: dict[str, Any]) -> dict[str, Any]:
    """Where an answer's fields stand: in A's data, or at the top."""
    data = body.get("data")
    return data if isinstance(data, dict) else body


def other_look(fault: Fault, look: Look) -> Look:
    """The look of a clip of another size or duration. Raises InvalidRule for one that cannot be rendered."""
    if fault.kind is FaultKind.OTHER_DURATION:
        seconds = round(fault.values.get("seconds", look.seconds + 1))
        if not 1 <= seconds <= LONGEST:
            raise InvalidRule(f"seconds is {seconds}; allowed for a clip: 1 to {LONGEST}")
        return replace(look, seconds=seconds)
    width, height = _size(fault, look.width, look.height)
    if not all(SMALLEST <= side <= LARGEST and side % 2 == 0 for side in (width, height)):
        raise InvalidRule(f"to is {width}x{height}; allowed for a clip: even sides of {SMALLEST} to {LARGEST}")
    return replace(look, width=width, height=height)


def _size(fault: Fault, width: int, height: int) -> tuple[int, int]:
    said = SIZE.fullmatch(fault.values["to"]) if "to" in fault.values else None
    return (int(said[1]), int(said[2])) if said else (width // 4 * 2, height // 4 * 2)


# --- one teller for each lie: changes the body, and says whether there was something to change ---


def _backwards(fault: Fault, body: dict[str, Any], said: Contract, style: str) -> bool:
    word = fault.values.get("to") or said.word(TaskStatus.QUEUED, Moment.QUERIED, style)
    return _each(inner(body), STATUSES, lambda value: word)


def _missing(fault: Fault, body: dict[str, Any], said: Contract, style: str) -> bool:
    holder, name = _holder(body, fault.values["field"])
    return holder is not None and holder.pop(name, inner) is not inner


def _renamed(fault: Fault, body: dict[str, Any], said: Contract, style: str) -> bool:
    holder, name = _holder(body, fault.values["field"])
    if holder is None:
        return False
    other = fault.values.get("to") or _respelled(name)
    pairs = [(other if key == name else key, value) for key, value in holder.items()]
    holder.clear()
    holder.update(pairs)
    return True


def _retyped(fault: Fault, body: dict[str, Any], said: Contract, style: str) -> bool:
    holder, name = _holder(body, fault.values["field"])
    if holder is None:
        return False
    before = holder[name]
    holder[name] = _as(fault.values["as"], before)
    return type(before) is not type(holder[name])


def _other_size(fault: Fault, body: dict[str, Any], said: Contract, style: str) -> bool:
    def shrunk(value: Any) -> Any:
        found = SIZE.fullmatch(value) if isinstance(value, str) else None
        width, height = _size(fault, int(found[1]), int(found[2])) if found else (0, 0)
        return f"{width}x{height}" if found else value

    return _each(inner(body), ("size",), shrunk)


def _other_duration(fault: Fault, body: dict[str, Any], said: Contract, style: str) -> bool:
    def longer(value: Any) -> Any:
        found = numeric(value)
        seconds = value if found is None else round(fault.values.get("seconds", float(found) + 1))
        return str(seconds) if isinstance(value, str) else seconds

    return _each(inner(body), DURATIONS, longer)


def _other_price(fault: Fault, body: dict[str, Any], said: Contract, style: str) -> bool:
    def dearer(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return value
        return Decimal(str(value)) * Decimal(fault.get("factor"))

    return _each(inner(body), PRICES, dearer)


def _other_id(fault: Fault, body: dict[str, Any], said: Contract, style: str) -> bool:
    def shifted(value: Any) -> Any:
        return value[:-5] + value[-5:].translate(SHIFTED) if isinstance(value, str) else value

    return _each(inner(body), IDS, shifted)


TELLERS: Mapping[FaultKind, Callable[[Fault, dict[str, Any], Contract, str], bool]] = {
    FaultKind.BACKWARDS: _backwards,
    FaultKind.MISSING: _missing,
    FaultKind.RENAMED: _renamed,
    FaultKind.RETYPED: _retyped,
    FaultKind.OTHER_SIZE: _other_size,
    FaultKind.OTHER_DURATION: _other_duration,
    FaultKind.OTHER_PRICE: _other_price,
    FaultKind.OTHER_ID: _other_id,
}
assert set(TELLERS) == LIES - {FaultKind.MOVED}
SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"
SHIFTED = str.maketrans(SIGNS, SIGNS[1:] + SIGNS[:1])


def _each(holder: dict[str, Any], names: tuple[str, ...], change: Callable[[Any], Any]) -> bool:
    there = [name for name in names if holder.get(name) is not None]
    before = [holder[name] for name in there]
    for name in there:
        holder[name] = change(holder[name])
    return before != [holder[name] for name in there]


def _holder(body: dict[str, Any], path: str) -> tuple[dict[str, Any] | None, str]:
    """The object that has a field, and the field's name in it; None where there is no such field."""
    *outer, name = path.split(".")
    for start in (inner(body), body):
        holder: Any = start
        for step in outer:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and name in holder:
            return holder, name
    return None, name


def _respelled(name: str) -> str:
    """taskId for task_id and the other way round; ID for id."""
    camel = re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
    snake = re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)
    return camel if camel != name else snake if snake != name else name.upper()


def _as(type_: str, value: Any) -> Any:
    if type_ == "text":
        return value if isinstance(value, str) else str(value)
    if type_ == "number":
        return value if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else 1
    if type_ == "boolean":
        return bool(value)
    return {"list": [value], "object": {"value": value}, "null": None}[type_]
