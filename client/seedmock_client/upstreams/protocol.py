"""What an upstream's module is to the flows: it encodes requests and decodes answers, and knows no wire or clock."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import quote

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import ErrorKind, Operation
from seedmock_contracts.facts import Document
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest

from ..effects import HttpRequest, HttpResponse, Upload
from ..error_envelopes import ErrorBody
from ..errors import UsageError, ValidationError
from ..models import Asset, Charge, Failure, Group, ModelEntry, Page, Video

_ETERNITY = 1e18


class Account(Protocol):
    """What an upstream offers around its tasks: an asset library, files, money and models."""

    def group_create(self, name: str) -> HttpRequest: ...
    def group_list(self) -> HttpRequest: ...
    def group_delete(self, group_id: str) -> HttpRequest: ...
    def asset_create(self, url: str, group_id: str, name: str, kind: str) -> HttpRequest: ...
    def asset_get(self, asset_id: str) -> HttpRequest: ...
    def asset_list(self, page: int, page_size: int, group_id: str | None) -> HttpRequest: ...
    def asset_rename(self, asset_id: str, name: str) -> HttpRequest: ...
    def asset_delete(self, asset_id: str) -> HttpRequest: ...
    def upload(self, upload: Upload) -> HttpRequest: ...
    def balance(self) -> HttpRequest: ...
    def models(self) -> HttpRequest: ...
    def record(self, task_id: str) -> HttpRequest: ...

    def read_group(self, document: Document, name: str) -> Group: ...
    def read_groups(self, document: Document) -> tuple[Group, ...]: ...
    def read_asset(self, document: Document) -> Asset: ...
    def read_page(self, document: Document, page: int, page_size: int) -> Page: ...
    def read_upload(self, document: Document) -> str: ...
    def read_balance(self, document: Document) -> Decimal: ...
    def read_models(self, document: Document) -> tuple[ModelEntry, ...]: ...
    def read_record(self, document: Document, task_id: str) -> Charge: ...


class UpstreamCodec(Protocol):
    """One upstream's words and shapes. A decoder raises Unreadable for what it cannot make sense of."""

    contract: Contract
    account: Account | None
    takes_data_uris: bool
    """Whether a local picture goes in as a data: URI; otherwise it is uploaded first."""

    def create(self, order: GenerationRequest) -> HttpRequest: ...
    def upscale(self, order: UpscaleRequest) -> HttpRequest: ...
    def query(self, task_id: str) -> HttpRequest: ...
    def content(self, video: Video) -> HttpRequest | None:
        """Where the bytes of a finished task are; None while no place is known."""
        ...

    def complaint(self, answer: HttpResponse) -> ErrorBody | None:
        """What the answer says is wrong, or None if it is a good one."""
        ...

    def kind(self, complaint: ErrorBody, operation: Operation) -> ErrorKind: ...
    def kind_of_failure(self, failure: Failure) -> ErrorKind: ...
    def read_video(self, document: Document) -> Video: ...


class Unreadable(ValueError):
    """A good answer without what was asked for."""


def request(contract: Contract, operation: Operation, document: Document | None = None, **named: Any) -> HttpRequest:
    """A request to the contract's endpoint of an operation; `path` names fill its path, `query` its query."""
    found = next((endpoint for endpoint in contract.endpoints if endpoint.operation is operation), None)
    if found is None:
        raise UsageError(f"{contract.name} has no {operation.replace('_', ' ')}", upstream=contract.name)
    path = found.path
    for name, value in named.pop("path", {}).items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return HttpRequest(operation=operation, method=found.method, url=path, document=document, **named)


def model_name(contract: Contract, name: str | None, upscales: bool = False) -> str:
    """The wire name of the model that is meant; a name that nobody knows is left for the rules to refuse."""
    if upscales:
        return name or next(model.name for model in contract.models if model.upscales)
    found = contract.resolve_model(name)
    return found.name if found else str(name)


def kind_by_pattern(complaint: ErrorBody, patterns: Mapping[str, ErrorKind]) -> ErrorKind | None:
    """The kind of the first pattern that the code, or else the message, contains. Letter case is ignored."""
    for said in (complaint.code.lower(), complaint.message.lower()):
        for pattern, kind in patterns.items():
            if said and pattern.lower() in said:
                return kind
    return None


def refuse(contract: Contract, field: str, found: Any, allowed: str) -> ValidationError:
    """The error for something in an order that this upstream has no words for."""
    message = f"{field} is {found!r}; allowed on {contract.name}: {allowed}"
    return ValidationError(
        message, field=field, allowed=allowed, upstream=contract.name, kind=ErrorKind.INVALID_PARAMETER
    )


def seconds_of(value: Any, per_second: int = 1) -> float | None:
    """A timestamp in epoch seconds, or None for what is no number of a calendar's size."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _ETERNITY:
        return None
    return value / per_second
