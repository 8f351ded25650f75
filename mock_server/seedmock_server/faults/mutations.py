"""Answers that break the contract: pure functions from an honest answer, or an honest look, to a lie about it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.values import to_number, to_text
from seedmock_contracts.enums import StatusContext, TaskStatus

from ..matching.rules import InvalidRule
from ..media.clip_spec import ClipSpec
from .denials import enveloped
from .kinds import FaultKind
from .parameters import SIZE
from .rules import Fault

IDS = ("id", "taskId", "task_id")
STATUSES = ("state", "status")
DURATIONS = ("seconds", "duration")
PRICES = ("credits", "balance")
SMALLEST, LARGEST, LONGEST = 64, 2208, 60
"""Of a clip that a lie makes: pixels a side, and seconds."""


def told(fault: Fault, body: Any, contract: Contract, style: str = "") -> Any:
    """The answer's body with one lie in it; None where there is nothing to lie about. The body itself stays."""
    if fault.kind is FaultKind.OTHER_ENVELOPE:
        return enveloped(fault.values["form"], False, body) if isinstance(body, dict) else None
    if fault.kind not in TELLERS or not isinstance(body, dict):
        return None
    lie = copy.deepcopy(body)
    changed = TELLERS[fault.kind](fault, lie, contract, style)
    return lie if changed else None


def inner(body: dict[str, Any]) -> dict[str, Any]:
    """Where an answer's fields stand: in A's data, or at the top."""
    data = body.get("data")
    return data if isinstance(data, dict) else body


def other_look(fault: Fault, look: ClipSpec) -> ClipSpec:
    """The look of a clip that is not as ordered. Raises InvalidRule for one that cannot be rendered."""
    if fault.kind is FaultKind.OTHER_CLIP:
        return _other_kind(fault.values["what"], look)
    if fault.kind is FaultKind.OTHER_DURATION:
        seconds = round(fault.values.get("seconds", look.seconds + 1))
        if not 1 <= seconds <= LONGEST:
            raise InvalidRule(f"seconds is {seconds}; allowed for a clip: 1 to {LONGEST}")
        return replace(look, seconds=seconds)
    width, height = _size(fault, look.width, look.height)
    if not all(SMALLEST <= side <= LARGEST and side % 2 == 0 for side in (width, height)):
        raise InvalidRule(f"to is {width}x{height}; allowed for a clip: even sides of {SMALLEST} to {LARGEST}")
    return replace(look, width=width, height=height)


def _other_kind(what: str, look: ClipSpec) -> ClipSpec:
    if what == "sound":
        return replace(look, audio=not look.audio)
    if what == "frames":
        return replace(look, extra_frame=not look.extra_frame)
    return replace(look, seed=look.seed + 1) if what == "picture" else look


def is_forged(fault: Fault) -> bool:
    """Whether a lie is about a clip's bytes, not about how it looks."""
    return fault.kind is FaultKind.OTHER_CLIP and fault.values["what"] in ("codec", "container")


def forged(fault: Fault, clip: bytes) -> bytes:
    """A clip's bytes under another codec's or container's name.

    Only names change: the bytes stay as many, so that whatever does not look at the names sees no difference.
    """
    if fault.values["what"] == "codec":
        return clip.replace(b"avc1", b"hvc1").replace(b"avcC", b"hvcC")
    return WEBM + clip[len(WEBM) :]


def _size(fault: Fault, width: int, height: int) -> tuple[int, int]:
    said = SIZE.fullmatch(fault.values["to"]) if "to" in fault.values else None
    return (int(said[1]), int(said[2])) if said else (width // 4 * 2, height // 4 * 2)


# --- one teller for each lie: changes the body, and says whether there was something to change ---


def _backwards(fault: Fault, body: dict[str, Any], contract: Contract, style: str) -> bool:
    word = fault.values.get("to") or contract.spelling(TaskStatus.QUEUED, StatusContext.QUERY, style)
    return _each(inner(body), STATUSES, lambda value: word)


def _missing(fault: Fault, body: dict[str, Any], contract: Contract, style: str) -> bool:
    holders, name = _holders(body, fault.values["field"])
    for holder in holders:
        del holder[name]
    return bool(holders)


def _renamed(fault: Fault, body: dict[str, Any], contract: Contract, style: str) -> bool:
    holders, name = _holders(body, fault.values["field"])
    other = fault.values.get("to") or _respelled(name)
    for holder in holders:
        pairs = [(other if key == name else key, value) for key, value in holder.items()]
        holder.clear()
        holder.update(pairs)
    return bool(holders)


def _retyped(fault: Fault, body: dict[str, Any], contract: Contract, style: str) -> bool:
    return _changed(fault, body, lambda value: _as(fault.values["as"], value))


def _other_value(fault: Fault, body: dict[str, Any], contract: Contract, style: str) -> bool:
    was, to = fault.values.get("was"), fault.values.get("to")

    def other(value: Any) -> Any:
        if was is not None and to_text(value) != was:
            return value
        return _alike(to, value) if to is not None else _multiplied(value, fault.get("factor"))

    return _changed(fault, body, other)


def _extra(fault: Fault, body: dict[str, Any], contract: Contract, style: str) -> bool:
    inner(body)[fault.values["field"]] = fault.get("to")
    return True


def _reordered(fault: Fault, body: dict[str, Any], contract: Contract, style: str) -> bool:
    holder = inner(body)
    pairs = list(holder.items())
    holder.clear()
    holder.update(reversed(pairs))
    return len(pairs) > 1


def _other_size(fault: Fault, body: dict[str, Any], contract: Contract, style: str) -> bool:
    def shrunk(value: Any) -> Any:
        found = SIZE.fullmatch(value) if isinstance(value, str) else None
        width, height = _size(fault, int(found[1]), int(found[2])) if found else (0, 0)
        return f"{width}x{height}" if found else value

    return _each(inner(body), ("size",), shrunk)


def _other_duration(fault: Fault, body: dict[str, Any], contract: Contract, style: str) -> bool:
    def longer(value: Any) -> Any:
        found = to_number(value)
        seconds = value if found is None else round(fault.values.get("seconds", float(found) + 1))
        return str(seconds) if isinstance(value, str) else seconds

    return _each(inner(body), DURATIONS, longer)


def _other_price(fault: Fault, body: dict[str, Any], contract: Contract, style: str) -> bool:
    def dearer(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return value
        return Decimal(str(value)) * Decimal(fault.get("factor"))

    return _each(inner(body), PRICES, dearer)


def _other_id(fault: Fault, body: dict[str, Any], contract: Contract, style: str) -> bool:
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
    FaultKind.OTHER_VALUE: _other_value,
    FaultKind.EXTRA: _extra,
    FaultKind.REORDERED: _reordered,
}
"""Those whose lie is in the fields of a body."""
WEBM = bytes.fromhex("1a45dfa3a342868101")
SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"
SHIFTED = str.maketrans(SIGNS, SIGNS[1:] + SIGNS[:1])


def _each(holder: dict[str, Any], names: tuple[str, ...], change: Callable[[Any], Any]) -> bool:
    there = [name for name in names if holder.get(name) is not None]
    before = [holder[name] for name in there]
    for name in there:
        holder[name] = change(holder[name])
    return before != [holder[name] for name in there]


def _changed(fault: Fault, body: dict[str, Any], change: Callable[[Any], Any]) -> bool:
    """Change the field that a fault is about, wherever it stands; whether there was something to change."""
    holders, name = _holders(body, fault.values["field"])
    before = [holder[name] for holder in holders]
    for holder in holders:
        holder[name] = change(holder[name])
    after = [holder[name] for holder in holders]
    return before != after or list(map(type, before)) != list(map(type, after))


def _holders(body: dict[str, Any], path: str) -> tuple[list[dict[str, Any]], str]:
    """The objects that have a field, and the field's name in them; none where there is no such field."""
    *outer, name = path.replace("[]", "").split(".")
    for start in (body.get("data"), body):
        level = list(_objects(start))
        for step in outer:
            level = [one for holder in level if step in holder for one in _objects(holder[step])]
        found = [holder for holder in level if name in holder]
        if found:
            return found, name
    return [], name


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """A value if it is an object, and each object of a list."""
    yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict))


def _alike(to: str, value: Any) -> Any:
    """What a text says, as a value of the type of the one before."""
    if isinstance(value, bool):
        return to == "true"
    if isinstance(value, list):
        return [to]
    number = to_number(to) if isinstance(value, int | float | Decimal) else None
    return to if number is None else int(number) if number == int(number) else number


def _multiplied(value: Any, factor: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    product = Decimal(str(value)) * Decimal(factor)
    return int(product) if isinstance(value, int) else product


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
