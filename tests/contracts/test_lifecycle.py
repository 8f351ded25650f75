"""Transitions between statuses, and the spellings of each status."""

from __future__ import annotations

import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import StatusContext, TaskStatus
from seedmock_contracts.lifecycle import TERMINAL, TRANSITIONS, UNSUCCESSFUL, may_follow
from seedmock_contracts.upstreams import get_contract

QUEUED, IN_PROGRESS, SUCCESS, FAILURE, CANCELLED, EXPIRED = TaskStatus
ENDS = (SUCCESS, FAILURE, CANCELLED, EXPIRED)

ALLOWED = {
    (QUEUED, QUEUED),
    (QUEUED, IN_PROGRESS),
    *((QUEUED, end) for end in ENDS),
    (IN_PROGRESS, IN_PROGRESS),
    *((IN_PROGRESS, end) for end in ENDS),
    *((end, end) for end in ENDS),
}


@pytest.mark.parametrize("before", TaskStatus)
@pytest.mark.parametrize("after", TaskStatus)
def test_a_later_query_reports_the_same_or_a_following_status(before: TaskStatus, after: TaskStatus) -> None:
    assert may_follow(before, after) is ((before, after) in ALLOWED)


def test_success_failure_cancellation_and_expiry_are_terminal() -> None:
    assert set(ENDS) == TERMINAL
    assert set(ENDS) - {SUCCESS} == UNSUCCESSFUL
    assert set(TRANSITIONS) == set(TaskStatus)


def test_transitions_never_lead_back() -> None:
    for before, following in TRANSITIONS.items():
        assert not any(before in TRANSITIONS[after] for after in following)


def test_spelling_of_a_new_task() -> None:
    assert get_contract("apimodels").spelling(QUEUED, StatusContext.CREATE) == "pending"
    assert get_contract("opeai").spelling(QUEUED, StatusContext.CREATE) == "queued"


@pytest.mark.parametrize(
    ("upstream", "variant", "spellings"),
    [
        ("apimodels", "", ["pending", "processing", "completed", "failed"]),
        ("opeai", "", ["QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE"]),
        ("opeai", "documented", ["QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE"]),
        ("opeai", "openai", ["queued", "in_progress", "completed", "failed"]),
    ],
)
def test_spellings_of_a_queried_task_depend_on_the_variant(upstream: str, variant: str, spellings: list[str]) -> None:
    contract = get_contract(upstream)
    assert [contract.spelling(status, StatusContext.QUERY, variant) for status in contract.statuses] == spellings


def test_every_spelling_is_parsed_in_any_case(contract: Contract) -> None:
    for row in contract.status_spellings:
        for spelling in (row.spelling, row.spelling.lower(), row.spelling.upper(), row.spelling.title()):
            assert contract.parse_status(spelling) is row.status


def test_no_spelling_has_two_meanings(contract: Contract) -> None:
    meanings: dict[str, set[TaskStatus]] = {}
    for row in contract.status_spellings:
        meanings.setdefault(row.spelling.lower(), set()).add(row.status)
    assert [spelling for spelling, statuses in meanings.items() if len(statuses) > 1] == []


@pytest.mark.parametrize("raw_status", ["", "unknown", "UNKNOWN", "done", "complete", " SUCCESS", "q"])
def test_an_unknown_spelling_has_no_status(contract: Contract, raw_status: str) -> None:
    assert contract.parse_status(raw_status) is None


def test_spellings_of_gateways_and_of_the_service_behind_are_parsed(contract: Contract) -> None:
    for raw_status, status in [
        ("running", IN_PROGRESS),
        ("succeeded", SUCCESS),
        ("expired", FAILURE),
        ("cancelled", FAILURE),
        ("canceled", FAILURE),
    ]:
        assert contract.parse_status(raw_status) is status
    assert get_contract("opeai").parse_status("NOT_START") is get_contract("opeai").parse_status("SUBMITTED") is QUEUED


def test_the_variant_of_a_spelling_is_an_option(contract: Contract) -> None:
    options = {option for variant in contract.variants for option in variant.options}
    assert {row.variant for row in contract.status_spellings if row.variant} <= options
