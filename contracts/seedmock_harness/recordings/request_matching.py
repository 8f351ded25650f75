"""What makes two requests the same: not the order of keys, how numbers are written, nor which link it is."""

from __future__ import annotations

import json
import re
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import match_route
from seedmock_contracts.enums import Operation
from seedmock_contracts.exchange import summarize_body

_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_DATA = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)
_SUMMED = re.compile(r"<\d+ bytes>")
_ID = re.compile(r"([A-Za-z]+-\d{14}-)[A-Za-z0-9]{3,}")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?")


def canonical(body: str) -> str:
    """A text that is the same for all bodies that say the same; of what is no JSON, the body itself, summed up."""
    try:
        return json.dumps(_plain(json.loads(body)), sort_keys=True, ensure_ascii=False)
    except (ValueError, RecursionError):
        return _without_boundary(summarize_body(body.encode()).decode("utf-8", "replace"))


def without_ids(text: str) -> str:
    """A canonical text that is the same whichever task or asset it names."""
    return _ID.sub(r"\1", text)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return _of_text(value)
    return _of_number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _of_text(text: str) -> Any:
    if _NUMBER.fullmatch(text):
        return _of_number(float(text))
    if _LINK.fullmatch(text):
        return "a link"
    data = _DATA.match(text)
    if data is None or _SUMMED.fullmatch(text[data.end() :]):
        return text
    return summarize_body(text.encode()).decode()


def _of_number(number: float) -> int | float:
    return int(number) if number == number and abs(number) < 1e15 and number == int(number) else number


def _without_boundary(body: str) -> str:
    """A form without the line that parts it, which each client draws anew."""
    first = body.partition("\r\n")[0]
    return body.replace(first, "--") if first.startswith("--") and len(first) > 4 else body


def operation_of(contract: Contract, method: str, path: str, body: str) -> str:
    """The operation's name; empty for none. Where one endpoint carries two, the order's model tells them apart."""
    found = match_route(contract, "GET" if method == "HEAD" else method, path)
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
