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


def documented_orders_are_accepted(turn: Interaction) -> Iterator[CheckResult]:
    """An order that keeps every rule is taken, or refused for something else than its form."""
    order = turn.order
    if order is None:
        return
    taken = turn.created_id is not None and not turn.is_error
    if taken or _blames_the_form(turn):
        for fact in _wished(turn, order):
            title, observed = "what can be ordered is refused", turn.exchange.response.body[:200]
            yield passed(fact) if taken else failed(fact, title, "an order that is taken", observed)


def file_parts_are_accepted(turn: Interaction) -> Iterator[CheckResult]:
    """A form with a file part is taken as an order with a first frame."""
    fact = turn.contract.find(f"{turn.contract.name}.input_reference.file")
    if fact is None or turn.operation is not Operation.CREATE or _FILE.search(turn.exchange.request.body) is None:
        return
    if turn.created_id is not None and not turn.is_error:
        yield passed(fact)
    elif {case.kind for case in turn.error_cases} & (OF_THE_FORM | {ErrorKind.UNSUPPORTED_MEDIA_TYPE}):
        yield failed(fact, "a file part is refused", "an order that is taken", turn.exchange.response.body[:200])


def tasks_are_found_by_query_field(turn: Interaction) -> Iterator[CheckResult]:
    """A task is found by the field of a query that the page names."""
    fields = (field for field in turn.contract.fields if field.operation is Operation.QUERY)
    field: Field | None = next(fields, None)
    if field is None or turn.operation is not Operation.QUERY or turn.task is None:
        return
    named = turn.task.caller == turn.exchange.caller and field.path in (turn.document or {})
    if named and not turn.is_error:
        yield passed(field)
    elif named and turn.status_code in (400, 422):
        yield failed(field, "a task is not found by its field", turn.task.id, turn.exchange.response.body[:200])


def private_addresses_are_rejected(turn: Interaction) -> Iterator[CheckResult]:
    """A job with a private or reserved address in a URL dies, if it is not refused at once."""
    fact = turn.contract.find(f"{turn.contract.name}.private_urls")
    if fact is None or not leads_inside(turn):
        return
    blamed = turn.data.get("failCode") if isinstance(turn.data, dict) else None
    if turn.is_error and turn.operation is not Operation.QUERY and blamed == "INVALID_INPUT":
        yield passed(fact, str(turn.status_code))
    elif turn.operation is Operation.QUERY and turn.status is TaskStatus.FAILURE:
        yield passed(fact, str(turn.raw_status))
    elif turn.operation is Operation.QUERY and turn.status is TaskStatus.SUCCESS:
        yield failed(fact, "a job with a private address succeeds", "a task that fails", turn.raw_status)


def leads_inside(turn: Interaction) -> bool:
    """Whether an order, or that of the task that is asked for, has a private address; the upstream's own are none."""
    order = turn
    if turn.operation is Operation.QUERY and turn.task is not None and not turn.is_error:
        order = turn.task.created
    if order.order is None:
        return False
    links, files = turn.history.links, turn.history.files
    return any(_is_private(link) for link in _links(order) if link not in links and link not in files)


def _blames_the_form(turn: Interaction) -> bool:
    """Whether a refusal is about the form, not about what is shown, nor a reference that may not be what it should."""
    error = turn.body.get("error") if isinstance(turn.body, dict) else None
    named = error.get("param") if isinstance(error, dict) else ""
    blamed = turn.data.get("failCode") if isinstance(turn.data, dict) else None
    if blamed or "[" in str(named) or not {case.kind for case in turn.error_cases} & OF_THE_FORM:
        return False
    used = {link for story in turn.history.tasks.values() for link in _links(story.created)}
    return set(_links(turn)) <= used


def _wished(turn: Interaction, order: ParsedOrder) -> Iterator[Fact]:
    """The facts that an order lives on."""
    contract, document = turn.contract, turn.document or {}
    mode = _mode(order)
    names = ["create.edit"] if mode is Mode.EDIT else []
    names += ["web_search"] if document.get("web_search") is True else []
    names += ["prompt.top_level"] if order.references else []
    names += ["role.default"] if any(_has_no_role(item) for item in _items(turn)) else []
    yield from (row for row in contract.modes if row.mode is mode)
    yield from (found for name in names if (found := contract.find(f"{contract.name}.{name}")) is not None)
    yield from (notice.fact for notice in notices(contract.name, document))
    looser = contract.find(f"{order.model.id}.resolutions")
    if looser is not None and order.resolution == order.model.resolutions[-1] and not _is_rule(turn, looser):
        yield looser
    if order.operation is Operation.UPSCALE:
        yield endpoint(turn, Operation.UPSCALE)


def _mode(order: ParsedOrder) -> Mode:
    if order.operation is Operation.UPSCALE:
        return Mode.UPSCALE
    return GenerationRequest(references=tuple(found.reference for found in order.references)).mode


def _is_rule(turn: Interaction, fact: Fact) -> bool:
    return any(rule.fact is fact for rules in turn.contract.rules.values() for rule in rules)


def _items(turn: Interaction) -> list[Any]:
    return [item for _, item in values_at(turn.document or {}, "input_reference.content[]")]


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
