"""Checks of capabilities: documented kinds of orders are accepted, and private addresses lead to no clip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from seedmock_contracts.documents.paths import values_at
from seedmock_contracts.documents.references import ContentArray
from seedmock_contracts.enums import ErrorKind, Mode, Operation, TaskStatus
from seedmock_contracts.facts import Fact
from seedmock_contracts.validation import notices

from ..conversation.history import Interaction
from ..conversation.order_parser import ParsedOrder
from ..results.checks import CheckResult, failed, passed
from .assets import endpoint_fact
from .error_responses import error_fail_code, is_invalid_input

FORM_ERRORS = frozenset({ErrorKind.INVALID_PARAMETER, ErrorKind.MISSING_PARAMETER})
LOCAL_HOST, LOCAL_SUFFIXES = "localhost", (".localhost", ".local", ".internal")
MAX_SHOWN_CHARS = 200
_ACCEPTED_ORDER = "an accepted order"


def documented_orders_are_accepted(interaction: Interaction) -> Iterator[CheckResult]:
    """An order that breaks no rule is accepted, or rejected for its content and not for its form."""
    order = interaction.order
    if order is None:
        return
    is_accepted = interaction.created_id is not None and not interaction.is_error
    if is_accepted or _is_form_error(interaction):
        for fact in _used_facts(interaction, order):
            title, observed = "a documented order is rejected", interaction.text[:MAX_SHOWN_CHARS]
            yield passed(fact) if is_accepted else failed(fact, title, _ACCEPTED_ORDER, observed)


def file_parts_are_accepted(interaction: Interaction) -> Iterator[CheckResult]:
    """A form with a file part is accepted as an order with a first frame."""
    part = interaction.contract.request.file_parts.get(Operation.CREATE, "")
    fact, body = interaction.find(f"{part}.file"), interaction.exchange.request.body
    if fact is None or interaction.operation is not Operation.CREATE:
        return
    if re.search(rf'name="{re.escape(part)}"; filename=', body, re.IGNORECASE) is None:
        return
    if interaction.created_id is not None and not interaction.is_error:
        yield passed(fact)
    elif interaction.error_kinds & (FORM_ERRORS | {ErrorKind.UNSUPPORTED_MEDIA_TYPE}):
        yield failed(fact, "a file part is rejected", _ACCEPTED_ORDER, interaction.text[:MAX_SHOWN_CHARS])


def tasks_are_found_by_query_field(interaction: Interaction) -> Iterator[CheckResult]:
    """A task is found by the documented field of a query."""
    fields = (field for field in interaction.contract.fields if field.operation is Operation.QUERY)
    field, task = next(fields, None), interaction.task
    if field is None or interaction.operation is not Operation.QUERY or task is None:
        return
    if task.caller != interaction.caller or field.path not in (interaction.document or {}):
        return
    if not interaction.is_error:
        yield passed(field)
    elif interaction.status_code in (400, 422):
        yield failed(field, "a task is not found by its field", task.id, interaction.text[:MAX_SHOWN_CHARS])


def private_addresses_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """A task with a private or reserved address in a URL fails, if its order is not rejected."""
    fact = interaction.find("private_urls")
    if fact is None or not has_private_address(interaction):
        return
    is_query = interaction.operation is Operation.QUERY
    if interaction.is_error and not is_query and is_invalid_input(interaction):
        yield passed(fact, str(interaction.status_code))
    elif is_query and interaction.status is TaskStatus.FAILURE:
        yield passed(fact, str(interaction.raw_status))
    elif is_query and interaction.status is TaskStatus.SUCCESS:
        yield failed(fact, "a task with a private address succeeds", "a failed task", interaction.raw_status)


def has_private_address(interaction: Interaction) -> bool:
    """True if the order, or that of the queried task, has a private address that is not the upstream's own."""
    order = interaction
    if interaction.operation is Operation.QUERY and interaction.task is not None and not interaction.is_error:
        order = interaction.task.created
    if order.order is None:
        return False
    own = {*interaction.history.links, *interaction.history.files}
    return any(_is_private(url) for url in order.media_urls if url not in own)


def _is_form_error(interaction: Interaction) -> bool:
    """True if an error is about the form of an order: not about its content, nor about media that cannot be read."""
    if error_fail_code(interaction) or not interaction.error_kinds & FORM_ERRORS:
        return False
    if "[" in str(interaction.contract.response.error_part(interaction.body, "field")):
        return False
    # Only where the same references were taken before: others may be what the upstream cannot read.
    accepted = {url for task in interaction.history.tasks.values() for url in task.created.media_urls}
    return set(interaction.media_urls) <= accepted


def _used_facts(interaction: Interaction, order: ParsedOrder) -> Iterator[Fact]:
    """The facts that an order relies on."""
    contract, document, mode = interaction.contract, interaction.document or {}, order.mode
    names = ["create.edit"] if mode is Mode.EDIT else []
    names += ["web_search"] if contract.request.read(document, "web_search") is True else []
    names += ["prompt.top_level"] if order.references else []
    names += ["role.default"] if any(_has_no_role(item) for item in _content_items(interaction)) else []
    yield from (row for row in contract.modes if row.mode is mode)
    yield from (fact for name in names if (fact := interaction.find(name)) is not None)
    yield from (notice.fact for notice in notices(contract.name, document))
    # A resolution that a model has by other sources only is a fact of its own, and no rule.
    resolutions = contract.find(f"{order.model.id}.resolutions")
    is_last = order.resolution == order.model.resolutions[-1]
    if resolutions is not None and is_last and not _is_rule(interaction, resolutions):
        yield resolutions
    if order.operation is Operation.UPSCALE:
        yield endpoint_fact(interaction, Operation.UPSCALE)


def _is_rule(interaction: Interaction, fact: Fact) -> bool:
    return any(rule.fact is fact for rules in interaction.contract.rules.values() for rule in rules)


def _content_items(interaction: Interaction) -> list[Any]:
    layout = interaction.contract.request.layout
    path = f"{layout.path}[]" if isinstance(layout, ContentArray) else ""
    return [item for _, item in values_at(interaction.document or {}, path)] if path else []


def _has_no_role(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") is None


def _is_private(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == LOCAL_HOST or host.endswith(LOCAL_SUFFIXES)


CHECKS = (
    documented_orders_are_accepted,
    file_parts_are_accepted,
    tasks_are_found_by_query_field,
    private_addresses_are_rejected,
)
