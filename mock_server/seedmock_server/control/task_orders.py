"""Endpoints about the order of a task: its body, and its references with their facts and bytes."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from starlette.responses import FileResponse

from seedmock_contracts.documents.references import ASSET_SCHEME, LocatedReference
from seedmock_contracts.enums import ORDERS, MediaKind, Operation, Role
from seedmock_contracts.facts import Document, MediaFacts
from seedmock_contracts.generation import Reference
from seedmock_contracts.upstreams import get_contract

from ..journal import JournalEntry, JournalFilter
from ..media.clip_spec import StoredFile
from ..references.local_urls import FILES_PREFIX
from ..tasks.models import Task
from .assets import file_response, media_facts, shortened_url
from .catalog_models import TaskOrderResponse, TaskReference
from .context import ControlContext
from .endpoints import ControlEndpoint, ControlRequest
from .errors import ControlError
from .tasks import find_task

Located = tuple[LocatedReference, StoredFile | None, MediaFacts | None]


async def read(context: ControlContext, request: ControlRequest) -> TaskOrderResponse:
    """Return the order of a task; without its exchange, only that the journal has it no more."""
    task = await find_task(context, request)
    number, entry = await _order_entry(context, task)
    references = [
        TaskReference(
            path=located.path,
            kind=located.reference.kind,
            role=located.reference.role,
            url=shortened_url(located.reference.url),
            facts=media_facts(facts),
            content=f"tasks/{task.id}/references/{index}" if source is not None else "",
        )
        for index, (located, source, facts) in enumerate(await _located(context, task, entry))
    ]
    body = "" if entry is None else entry.request_body.decode("utf-8", "replace")
    return TaskOrderResponse(number=number, body=body, references=references)


async def content(context: ControlContext, request: ControlRequest) -> FileResponse:
    """Return the bytes of a reference. Raises ControlError 404."""
    task = await find_task(context, request)
    _, entry = await _order_entry(context, task)
    references = await _located(context, task, entry)
    index = request.params["index"]
    if not (index.isascii() and index.isdigit() and len(index) < 4 and int(index) < len(references)):
        message = f"unknown reference {index[:20]!r}; the order has {len(references)}, counted from 0"
        raise ControlError(message, status=404, field="index")
    _, source, facts = references[int(index)]
    await context.checkpoint.reference_files.copy(source)
    return file_response(source, facts)


async def _order_entry(context: ControlContext, task: Task) -> tuple[int | None, JournalEntry | None]:
    entries = await context.journal.read(JournalFilter(account=task.account, task=task.id))
    return next(((number, entry) for number, entry in entries if entry.operation in ORDERS), (None, None))


async def _located(context: ControlContext, task: Task, entry: JournalEntry | None) -> list[Located]:
    contract = get_contract(task.upstream)
    document = _document(entry)
    if entry is not None and entry.operation == Operation.UPSCALE:
        path = contract.request.path("url", Operation.UPSCALE)
        url = contract.request.read(document, "url", Operation.UPSCALE)
        references: Iterable[LocatedReference] = (
            (LocatedReference(path, Reference(MediaKind.VIDEO, url)),) if isinstance(url, str) else ()
        )
    else:
        references = contract.request.layout.find(document)
    return [(located, *await _resolved(context, task, located.reference)) for located in references]


def _document(entry: JournalEntry | None) -> Document:
    try:
        document = {} if entry is None else msgspec.json.decode(entry.request_body)
    except msgspec.DecodeError:  # a form, or a body of which the journal has only a part
        return {}
    return document if isinstance(document, dict) else {}


async def _resolved(
    context: ControlContext, task: Task, reference: Reference
) -> tuple[StoredFile | None, MediaFacts | None]:
    """Return the file and the facts of a reference as far as they are at hand: nothing is fetched or measured."""
    url = reference.url
    if url.startswith(ASSET_SCHEME):
        asset = await context.store.asset(task.account, url.removeprefix(ASSET_SCHEME))
        return (None, None) if asset is None else (asset.source, asset.facts)
    if FILES_PREFIX in url:
        token = url.partition(FILES_PREFIX)[2].partition("/")[0]
        upload = dict(context.checkpoint.reference_files.uploads()).get(token)
        if upload is not None:
            return upload.file.source, upload.file.facts
    declared = context.declared_media.get(url)
    frames = {Role.FIRST_FRAME: task.first, Role.LAST_FRAME: task.last}
    return frames.get(reference.role), None if declared is None else declared.facts


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/tasks/{id}/order",
        handler=read,
        summary="Show the order of a task as it was sent, and its references with their facts.",
        response=TaskOrderResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/tasks/{id}/references/{index}",
        handler=content,
        summary="Download the bytes of a reference that is stored here; references are counted from 0.",
        response=bytes,
        media_type="application/octet-stream",
    ),
)
