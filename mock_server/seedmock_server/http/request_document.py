"""Request bodies as documents: JSON objects and forms, by Content-Type. Knows no upstream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedmock_contracts.documents.shape import json_type

from ..errors import SeedmockServerError
from .multipart import Form, parse_form
from .request_body import MalformedBody, content_kind, parse_json


class UnsupportedMediaType(SeedmockServerError):
    """The Content-Type is none that is accepted here."""

    def __init__(self, value: str, allowed: str) -> None:
        super().__init__(f"Content-Type is {value!r}; allowed: {allowed}")
        self.value, self.allowed = value, allowed


def decode_document(
    content_type: bytes | None,
    body: bytes,
    *,
    json: bool,
    form: bool,
    types_by_role: Mapping[str, str] | None = None,
) -> dict[str, Any] | Form:
    """Decode a JSON object or a form, of which `json` and `form` accept each. A missing Content-Type counts as JSON.

    `types_by_role` is as for `parse_form`. Raises MalformedBody and UnsupportedMediaType.
    """
    kind = content_kind(content_type)
    if form and kind == "form":
        return parse_form(content_type or b"", body, types_by_role)
    if json and kind == "json":
        document = parse_json(body)
        if not isinstance(document, dict):
            raise MalformedBody(f"the body is of type {json_type(document)}: expected a JSON object")
        return document
    types = ["application/json"] * json + ["multipart/form-data"] * form
    raise UnsupportedMediaType((content_type or b"none").decode("latin-1")[:100], " or ".join(types))
