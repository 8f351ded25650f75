"""Protocol of the codecs, which encode requests and decode responses of one upstream, and their shared helpers.

Knows no transport and no clock.
"""

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

_MAX_TIMESTAMP = 1e18  # beyond microseconds of any calendar: not a time


class AccountCodec(Protocol):
    """Codec of the operations around tasks: assets, files, balance and records.

    A method named for an operation returns its request; a `read_` method decodes the response.
    """

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
    def record(self, task_id: str) -> HttpRequest: ...

    def read_group(self, body: Document, name: str) -> Group: ...
    def read_groups(self, body: Document) -> tuple[Group, ...]: ...
    def read_asset(self, body: Document) -> Asset: ...
    def read_page(self, body: Document, page: int, page_size: int) -> Page: ...
    def read_upload(self, body: Document) -> str: ...
    def read_balance(self, body: Document) -> Decimal: ...
    def read_record(self, body: Document, task_id: str) -> Charge: ...


class UpstreamCodec(Protocol):
    """Codec of the tasks and models of one upstream.

    `create`, `upscale`, `query`, `content` and `models` return requests; `read_video` raises DecodeError for a response
    that contains no task.
    """

    contract: Contract
    account: AccountCodec | None
    takes_data_uris: bool
    """True if local images are sent as data: URIs; otherwise they are uploaded first."""

    def create(self, order: GenerationRequest) -> HttpRequest: ...
    def upscale(self, order: UpscaleRequest) -> HttpRequest: ...
    def query(self, task_id: str) -> HttpRequest: ...
    def cancel(self, task_id: str) -> HttpRequest: ...
    def list_tasks(self) -> HttpRequest: ...
    def content(self, video: Video) -> HttpRequest | None:
        """Request for the bytes of a finished task; None if the task has no link to them."""
        ...

    def parse_error(self, response: HttpResponse) -> ErrorBody | None:
        """Error that a response reports; None for a success."""
        ...

    def error_kind(self, error: ErrorBody, operation: Operation) -> ErrorKind: ...
    def failure_kind(self, failure: Failure) -> ErrorKind: ...
    def read_video(self, body: Document) -> Video: ...
    def read_videos(self, body: Document) -> tuple[Video, ...]: ...
    def models(self) -> HttpRequest: ...
    def read_models(self, body: Document) -> tuple[ModelEntry, ...]: ...


class DecodeError(ValueError):
    """A success response without the expected content."""


def build_request(
    contract: Contract, operation: Operation, document: Document | None = None, **options: Any
) -> HttpRequest:
    """Build the request of an operation. `path` maps the parameters of its path; other options are HttpRequest's.

    Raises UsageError if the upstream lacks the operation.
    """
    endpoint = next((row for row in contract.endpoints if row.operation is operation), None)
    if endpoint is None:
        raise UsageError(f"{contract.name} has no {operation.replace('_', ' ')}", upstream=contract.name)
    path = endpoint.path
    for name, value in options.pop("path", {}).items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return HttpRequest(operation=operation, method=endpoint.method, url=path, document=document, **options)


def model_name(contract: Contract, name: str | None, upscales: bool = False) -> str:
    """Wire name of a model given by name, tier or None. An unknown name is returned unchanged: the rules report it."""
    if upscales:
        return name or next(model.name for model in contract.models if model.upscales)
    model = contract.resolve_model(name)
    return model.name if model else str(name)


def kind_by_pattern(error: ErrorBody, patterns: Mapping[str, ErrorKind]) -> ErrorKind | None:
    """Kind of the first pattern that the code, or else the message, contains, ignoring case."""
    for text in (error.code.lower(), error.message.lower()):
        for pattern, kind in patterns.items():
            if text and pattern.lower() in text:
                return kind
    return None


def unsupported_value(contract: Contract, field: str, value: Any, allowed: str) -> ValidationError:
    """Build the exception for a field of an order that this upstream cannot express."""
    message = f"{field} is {value!r}; allowed on {contract.name}: {allowed}"
    return ValidationError(
        message, field=field, allowed=allowed, upstream=contract.name, kind=ErrorKind.INVALID_PARAMETER
    )


def epoch_seconds(value: Any, per_second: int = 1) -> float | None:
    """Epoch seconds of a timestamp; None if it is not a plausible number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _MAX_TIMESTAMP:
        return None
    return value / per_second
