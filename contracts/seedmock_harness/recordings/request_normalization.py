"""Normalize requests, so that equal ones match: key order, number formats and concrete links do not matter.

Neither do a form's boundary, the order of its fields, and the names of its files: clients draw them at random.
"""

from __future__ import annotations

import json
import re
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import match_route
from seedmock_contracts.enums import Operation
from seedmock_contracts.exchange import MAX_CHECKED_BYTES, summarize_body

_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_DATA_URI = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)
_SUMMARY = re.compile(r"<\d+ bytes(?:, sha256 [0-9a-f]{16})?>")
_DIGEST = re.compile(r", sha256 [0-9a-f]{16}>")
_PART_NAME = re.compile(r'^content-disposition:[^\r\n]*;\s*name="([^"\r\n]*)"', re.IGNORECASE | re.MULTILINE)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?")
LINK_PLACEHOLDER = "a link"
ID_PLACEHOLDER = "an id"
MAX_EXACT_INTEGER = 1e15
"""Beyond this, a float no longer tells every integer apart."""


def identify_operation(contract: Contract, method: str, path: str, body: str) -> str:
    """Return the operation that a request is for; empty if there is none.

    Where one endpoint serves two operations, the model in the body decides.
    """
    route = match_route(contract, "GET" if method == "HEAD" else method, path)
    if route is None:
        return ""
    if route.endpoint.operation is Operation.CREATE:
        try:
            model = contract.model(str(contract.request.read(json.loads(body), "model")))
        except (ValueError, AttributeError, RecursionError):
            model = None
        if model is not None and model.upscales:
            return Operation.UPSCALE
    return route.endpoint.operation


def summarize_request(body: bytes) -> str:
    """Return the body of a request as recordings have it: equal for equal files, which are not stored themselves."""
    return summarize_body(body, MAX_CHECKED_BYTES, digests=True).decode("utf-8", "replace")


def normalize_body(body: str) -> str:
    """Return a text that is equal for equivalent bodies, which `summarize_request` has shortened.

    A form becomes a JSON object of its fields; a body that is neither JSON nor a form is compared as it is.
    """
    try:
        return json.dumps(_normalize(json.loads(body)), sort_keys=True, ensure_ascii=False)
    except (ValueError, RecursionError):
        fields = _form_fields(body)
        return body if fields is None else json.dumps(fields, sort_keys=True, ensure_ascii=False)


def normalize_query(query: str) -> str:
    """Return a query string that is equal whatever the order of its parameters."""
    return "&".join(sorted(query.split("&")))


def without_digests(text: str) -> str:
    """Remove the digests of files from a normalized text."""
    return _DIGEST.sub(">", text)


def without_ids(contract: Contract, text: str) -> str:
    """Replace the ids of tasks and assets in a normalized text, in the forms that the upstream gives them."""
    return text if contract.ids_in_text is None else contract.ids_in_text.sub(ID_PLACEHOLDER, text)


def _normalize(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _normalize(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_normalize(inner) for inner in value]
    if isinstance(value, str):
        return normalize_text(value)
    return _normalize_number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def normalize_text(text: str) -> Any:
    """Return a value that is equal for equivalent strings: numbers, links, and data: URIs of the same content."""
    if _NUMBER.fullmatch(text):
        return _normalize_number(float(text))
    if _LINK.fullmatch(text):
        return LINK_PLACEHOLDER
    data = _DATA_URI.match(text)
    if data is None or _SUMMARY.fullmatch(text[data.end() :]):
        return text
    # With its digest: pictures of one size are different orders.
    return summarize_request(text.encode())


def _normalize_number(number: float) -> int | float:
    exact = number == number and abs(number) < MAX_EXACT_INTEGER and number == int(number)
    return int(number) if exact else number


def _form_fields(body: str) -> dict[str, list[Any]] | None:
    """Return the values of a multipart body by name, those of one name in their order; None if it is malformed."""
    delimiter = body.partition("\r\n")[0]
    if len(delimiter) <= 2 or not delimiter.startswith("--"):
        return None
    # A value can contain the boundary's characters, but not at the beginning of a line.
    *parts, last = f"\r\n{body}".split(f"\r\n{delimiter}")[1:]
    fields: dict[str, list[Any]] = {}
    for part in parts:
        head, blank, value = part.partition("\r\n\r\n")
        name = _PART_NAME.search(head)
        if not blank or name is None:
            return None
        fields.setdefault(name[1], []).append(normalize_text(value))
    return fields if last.startswith("--") and fields else None
