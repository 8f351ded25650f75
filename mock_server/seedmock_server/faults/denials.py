"""Lies about refusals and envelopes: pure functions from an honest body to one of another form or code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .rules import Fault

Body = Mapping[str, Any]


def refused_otherwise(fault: Fault, status: int, body: Body) -> tuple[int, dict[str, Any]]:
    """The HTTP status and the body of a refusal with another status or code, wherever its envelope has the code."""
    code = fault.values.get("to")
    if code is None and body.get("code") == status and "code" in fault.values:
        code = fault.values["code"]
    elif isinstance(body.get("code"), int) and code is not None and code.lstrip("-").isdigit():
        code = int(code)
    changed = dict(body) if code is None else _with(body, "code", code)
    if "message" in fault.values:
        changed = _with(changed, "msg" if "msg" in body else "message", fault.values["message"])
    return fault.values.get("code", status), changed


def _with(body: Body, name: str, value: str | int) -> dict[str, Any]:
    error = body.get("error")
    if isinstance(error, Mapping):
        return {**body, "error": {**error, name: value}}
    return {**body, name: value}


def enveloped(form: str, refused: bool, body: Body) -> Any:
    """The same in another envelope; None for a form that is not for this sort of answer."""
    if not refused:
        return _bare(body) if form == "bare" else {"data": dict(body)} if form == "wrapped" else None
    if form in ("bare", "wrapped"):
        return None
    error = body.get("error")
    held = error if isinstance(error, Mapping) else body
    message, code = held.get("message", held.get("msg", "")), held.get("code", "")
    if form == "error":
        return {"error": {"message": message, "type": "error", "param": None, "code": str(code)}}
    return {"detail": message} if form == "detail" else {"code": str(code), "message": message}


def _bare(body: Body) -> Any:
    data = body.get("data")
    return data if isinstance(data, Mapping | list) else None
