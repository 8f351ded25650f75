"""What an upstream says back: data, not a response object. And what it was asked, with everything HTTP taken off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis, Operation
from seedmock_contracts.facts import ErrorCase

from ..errors import ApiError
from ..generation.engine import Caller
from ..http.multipart import Form, FormFile
from ..tasks.models import Task

Headers = tuple[tuple[bytes, bytes], ...]
BASIS: Headers = ((b"x-mock-basis", b"assumed"),)
LONGEST_VALUE = 120


class ApiRequest(msgspec.Struct, frozen=True):
    """One request: who asks, what for, with which document, files and values from path and query."""

    operation: Operation
    caller: Caller
    document: dict[str, Any]
    params: Mapping[str, str]
    files: tuple[FormFile, ...] = ()

    @property
    def account(self) -> str:
        return self.caller.account

    @property
    def origin(self) -> str:
        return self.caller.origin


class JsonResponse(msgspec.Struct, frozen=True):
    """A status and a JSON value; `basis` assumed is told in a header."""

    status: int
    body: Any
    basis: Basis = Basis.DOCUMENTED
    headers: Headers = ()


class FileResponse(msgspec.Struct, frozen=True):
    """A file to be delivered, with Range unless `ranges` is off."""

    path: Path
    etag: str
    media_type: str
    headers: Headers = ()
    ranges: bool = True


Handler = Callable[[ApiRequest], Awaitable[JsonResponse | FileResponse]]


class Upstream(Protocol):
    """One vendor's words and shapes. The file of each upstream has one class of this form, exported as `API`."""

    contract: Contract
    handlers: Mapping[Operation, Handler]
    """How each operation is answered."""
    forms: frozenset[Operation]
    """The operations that take multipart/form-data, beside JSON or instead of it."""
    unserved: Sequence[tuple[str, str]]
    """Methods and paths that clients of its family call and that it does not have: unknown URLs."""

    def told(self, task: Task, origin: str) -> JsonResponse:
        """What is said of a task now, to a query as to a callback; links begin with `origin`."""
        ...

    def document(self, form: Form) -> dict[str, Any]:
        """A form as the JSON document that says the same."""
        ...

    def refuse(self, refusal: ApiError) -> JsonResponse:
        """A refusal in this upstream's envelope."""
        ...


def wording(case: ErrorCase, refusal: ApiError) -> str:
    """The message of an error: what was wrong, what was found, what is allowed."""
    nested = ""
    if "{nested}" in case.message:
        error = {"code": refusal.kind, "message": refusal.detail, "param": refusal.field}
        nested = msgspec.json.encode({"error": error}).decode()
    return case.message.format(
        field=refusal.field, value=_shown(refusal.value), allowed=refusal.allowed, detail=refusal.detail, nested=nested
    )


def basis(case: ErrorCase, refusal: ApiError) -> Basis:
    """The weaker of what the rule and what the answer to it rest on."""
    if refusal.fact is not None and refusal.fact.basis is Basis.ASSUMED:
        return Basis.ASSUMED
    return case.basis


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."
