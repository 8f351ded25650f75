"""Preflight of a verification: the target is reachable, speaks the upstream's API, and accepts the key.

Both requests are free: one queries a task that does not exist, the other creates from an almost empty document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from seedmock_contracts.enums import ErrorKind, Operation

from ..conversation.history import Interaction
from ..driver.client import Driver, Step
from ..probes.base_documents import UNKNOWN_ID
from ..probes.second_violations import refused_document
from ..probes.task_flows import query_task
from ..results.checks import CheckResult

ROUTING_ERRORS = frozenset({404, 405, 501})
"""Statuses with which any HTTP server may answer a path that it does not have."""
KEY_ERRORS = frozenset({ErrorKind.AUTHENTICATION, ErrorKind.FORBIDDEN})


def _preflight(driver: Driver) -> Iterable[CheckResult]:
    query_task(driver, UNKNOWN_ID)
    driver.call(Operation.CREATE, refused_document(driver.contract, Operation.CREATE))
    return ()


PREFLIGHT = Step("preflight", "the target is reachable, speaks the API, and accepts the key", _preflight)


def preflight_problem(interactions: Sequence[Interaction]) -> str:
    """Return in one sentence why nothing can be verified; empty if the verification can go on."""
    if not interactions:
        return ""
    create = interactions[-1]
    upstream = create.contract.display_name
    if all(not isinstance(interaction.body, dict) for interaction in interactions):
        return f"every response is {_body_format(create)}: this is not {upstream}, or a proxy answers for it"
    if _error_kinds(create) & {ErrorKind.BALANCE}:
        return "the balance of the key is exhausted: no request is served"
    if _is_key_error(create):
        state = "rejected" if _is_key_error(interactions[0]) else "not allowed to order"
        return f"the key was {state} ({create.status_code}): give another by --api-key"
    if all(_is_foreign(interaction) for interaction in interactions):
        codes = " and ".join(str(interaction.status_code) for interaction in interactions)
        return f"this is another API: it answers {codes} in a form that {upstream} does not have"
    return ""


def _body_format(interaction: Interaction) -> str:
    body = interaction.exchange.response.body.lstrip().lower()
    if body.startswith(("<!doctype html", "<html")) or "text/html" in interaction.headers.get("content-type", ""):
        return "HTML"
    return "not JSON" if body else "empty"


def _error_kinds(interaction: Interaction) -> set[ErrorKind]:
    return {case.kind for case in interaction.error_cases}


def _is_key_error(interaction: Interaction) -> bool:
    kinds = _error_kinds(interaction)
    return interaction.status_code in (401, 403) or bool(kinds and kinds <= KEY_ERRORS)


def _is_foreign(interaction: Interaction) -> bool:
    """Return True if any server could have sent the response: no error case, status or id of the contract's."""
    body: Any = interaction.body if isinstance(interaction.body, dict) else {}
    envelope_key = interaction.contract.response.envelope_key
    contract_keys = {envelope_key, "code"} if envelope_key else {"error", "code"}
    if contract_keys & set(body) or interaction.raw_status is not None or interaction.created_id is not None:
        return False
    return interaction.status_code in ROUTING_ERRORS or interaction.status_code < 400
