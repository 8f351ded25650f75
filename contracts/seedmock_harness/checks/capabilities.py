"""What can be ordered: every way of generating, and whatever else a page says that an order may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from seedmock_contracts.documents.paths import values_at
from seedmock_contracts.enums import ErrorKind, Mode, Operation, TaskStatus
from seedmock_contracts.facts import Fact, Field
from seedmock_contracts.generation import GenerationRequest
from seedmock_contracts.validation import notices

from ..conversation.history import Interaction
from ..conversation.order_parser import ParsedOrder
from ..results.checks import CheckResult, failed, passed
from .assets import endpoint

OF_THE_FORM = frozenset({ErrorKind.INVALID_PARAMETER, ErrorKind.MISSING_PARAMETER})
_FILE = re.compile(r'name="input_reference"; filename=', re.IGNORECASE)
LOCAL = ("localhost", ".localhost", ".local", ".internal")


def documented_orders_are_accepted(interaction: Interaction) -> Iterator[CheckResult]:
    """An order that keeps every rule is taken, or refused for something else than its form."""
    order = interaction.order
    if order is None:
        return
    taken = interaction.created_id is not None and not interaction.is_error
    if taken or _blames_the_form(interaction):
        for fact in _wished(interaction, order):
            title, observed = "what can be ordered is refused", interaction.exchange.response.body[:200]
            yield passed(fact) if taken else failed(fact, title, "an order that is taken", observed)


def file_parts_are_accepted(interaction: Interaction) -> Iterator[CheckResult]:
    """A form with a file part is taken as an order with a first frame."""
    fact = interaction.contract.find(f"{interaction.contract.name}.input_reference.file")
    if (
        fact is None
        or interaction.operation is not Operation.CREATE
        or _FILE.search(interaction.exchange.request.body) is None
    ):
        return
    if interaction.created_id is not None and not interaction.is_error:
        yield passed(fact)
    elif {case.kind for case in interaction.error_cases} & (OF_THE_FORM | {ErrorKind.UNSUPPORTED_MEDIA_TYPE}):
        yield failed(fact, "a file part is refused", "an order that is taken", interaction.exchange.response.body[:200])


def tasks_are_found_by_query_field(interaction: Interaction) -> Iterator[CheckResult]:
    """A task is found by the field of a query that the page names."""
    fields = (field for field in interaction.contract.fields if field.operation is Operation.QUERY)
    field: Field | None = next(fields, None)
    if field is None or interaction.operation is not Operation.QUERY or interaction.task is None:
        return
    named = interaction.task.caller == interaction.exchange.caller and field.path in (interaction.document or {})
    if named and not interaction.is_error:
        yield passed(field)
    elif named and interaction.status_code in (400, 422):
        yield failed(
            field, "a task is not found by its field", interaction.task.id, interaction.exchange.response.body[:200]
        )


def private_addresses_are_rejected(interaction: Interaction) -> Iterator[CheckResult]:
    """A job with a private or reserved address in a URL dies, if it is not refused at once."""
    fact = interaction.contract.find(f"{interaction.contract.name}.private_urls")
    if fact is None or not leads_inside(interaction):
        return
    blamed = interaction.data.get("failCode") if isinstance(interaction.data, dict) else None
    if interaction.is_error and interaction.operation is not Operation.QUERY and blamed == "INVALID_INPUT":
        yield passed(fact, str(interaction.status_code))
    elif interaction.operation is Operation.QUERY and interaction.status is TaskStatus.FAILURE:
        yield passed(fact, str(interaction.raw_status))
    elif interaction.operation is Operation.QUERY and interaction.status is TaskStatus.SUCCESS:
        yield failed(fact, "a job with a private address succeeds", "a task that fails", interaction.raw_status)


def leads_inside(interaction: Interaction) -> bool:
    """Whether an order, or that of the task that is asked for, has a private address; the upstream's own are none."""
    order = interaction
    if interaction.operation is Operation.QUERY and interaction.task is not None and not interaction.is_error:
        order = interaction.task.created
    if order.order is None:
        return False
    links, files = interaction.history.links, interaction.history.files
    return any(_is_private(link) for link in _links(order) if link not in links and link not in files)


def _blames_the_form(interaction: Interaction) -> bool:
    """Whether a refusal is about the form, not about what is shown, nor a reference that may not be what it should."""
    error = interaction.body.get("error") if isinstance(interaction.body, dict) else None
    named = error.get("param") if isinstance(error, dict) else ""
    blamed = interaction.data.get("failCode") if isinstance(interaction.data, dict) else None
    if blamed or "[" in str(named) or not {case.kind for case in interaction.error_cases} & OF_THE_FORM:
        return False
    used = {link for task in interaction.history.tasks.values() for link in _links(task.created)}
    return set(_links(interaction)) <= used


def _wished(interaction: Interaction, order: ParsedOrder) -> Iterator[Fact]:
    """The facts that an order lives on."""
    contract, document = interaction.contract, interaction.document or {}
    mode = _mode(order)
    names = ["create.edit"] if mode is Mode.EDIT else []
    names += ["web_search"] if document.get("web_search") is True else []
    names += ["prompt.top_level"] if order.references else []
    names += ["role.default"] if any(_has_no_role(item) for item in _items(interaction)) else []
    yield from (row for row in contract.modes if row.mode is mode)
    yield from (found for name in names if (found := contract.find(f"{contract.name}.{name}")) is not None)
    yield from (notice.fact for notice in notices(contract.name, document))
    looser = contract.find(f"{order.model.id}.resolutions")
    if looser is not None and order.resolution == order.model.resolutions[-1] and not _is_rule(interaction, looser):
        yield looser
    if order.operation is Operation.UPSCALE:
        yield endpoint(interaction, Operation.UPSCALE)


def _mode(order: ParsedOrder) -> Mode:
    if order.operation is Operation.UPSCALE:
        return Mode.UPSCALE
    return GenerationRequest(references=tuple(found.reference for found in order.references)).mode


def _is_rule(interaction: Interaction, fact: Fact) -> bool:
    return any(rule.fact is fact for rules in interaction.contract.rules.values() for rule in rules)


def _items(interaction: Interaction) -> list[Any]:
    return [item for _, item in values_at(interaction.document or {}, "input_reference.content[]")]


def _has_no_role(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") is None


def _links(order: Interaction) -> list[str]:
    links = [found.reference.url for found in order.contract.request.layout.find(order.document or {})]
    return [*links, str((order.document or {}).get("videoUrl"))] if order.operation is Operation.UPSCALE else links


def _is_private(link: str) -> bool:
    host = urlsplit(link).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == LOCAL[0] or host.endswith(LOCAL[1:])


CHECKS = (
    documented_orders_are_accepted,
    file_parts_are_accepted,
    tasks_are_found_by_query_field,
    private_addresses_are_rejected,
)
