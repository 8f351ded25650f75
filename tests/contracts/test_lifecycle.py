"""How a status may move, and every spelling of it."""

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
def test_a_later_look_finds_the_same_or_what_comes_after(before: TaskStatus, after: TaskStatus) -> None:
    assert may_follow(before, after) is ((before, after) in ALLOWED)


def test_success_failure_cancellation_and_expiry_are_the_ends() -> None:
    assert set(ENDS) == TERMINAL
    assert set(ENDS) - {SUCCESS} == UNSUCCESSFUL
    assert set(TRANSITIONS) == set(TaskStatus)


def test_no_status_leads_back() -> None:
    for before, following in TRANSITIONS.items():
        assert not any(before in TRANSITIONS[after] for after in following)


def test_a_new_task_is_spelt_in_both_upstreams() -> None:
    assert get_contract("apimodels").spelling(QUEUED, StatusContext.CREATE) == "pending"
    assert get_contract("opeai").spelling(QUEUED, StatusContext.CREATE) == "queued"


@pytest.mark.parametrize(
    ("upstream", "variant", "words"),
    [
        ("apimodels", "", ["pending", "processing", "completed", "failed"]),
        ("opeai", "", ["QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE"]),
        ("opeai", "documented", ["QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE"]),
        ("opeai", "openai", ["queued", "in_progress", "completed", "failed"]),
    ],
)
def test_a_queried_task_is_spelt_as_its_variant_says(upstream: str, variant: str, words: list[str]) -> None:
    contract = get_contract(upstream)
    assert [contract.spelling(status, StatusContext.QUERY, variant) for status in contract.statuses] == words


def test_every_word_is_read_in_every_case(contract: Contract) -> None:
    for word in contract.status_spellings:
        for spelling in (word.spelling, word.spelling.lower(), word.spelling.upper(), word.spelling.title()):
            assert contract.parse_status(spelling) is word.status


def test_no_word_means_two_things(contract: Contract) -> None:
    meanings: dict[str, set[TaskStatus]] = {}
    for word in contract.status_spellings:
        meanings.setdefault(word.spelling.lower(), set()).add(word.status)
    assert [word for word, meant in meanings.items() if len(meant) > 1] == []


@pytest.mark.parametrize("word", ["", "unknown", "UNKNOWN", "done", "complete", " SUCCESS", "q"])
def test_an_unknown_word_means_nothing(contract: Contract, word: str) -> None:
    assert contract.parse_status(word) is None


def test_what_gateways_and_the_service_behind_say_is_understood_of_both(contract: Contract) -> None:
    for word, status in [
        ("running", IN_PROGRESS),
        ("succeeded", SUCCESS),
        ("expired", FAILURE),
        ("cancelled", FAILURE),
        ("canceled", FAILURE),
    ]:
        assert contract.parse_status(word) is status
    assert get_contract("opeai").parse_status("NOT_START") is get_contract("opeai").parse_status("SUBMITTED") is QUEUED


def test_words_of_a_variant_are_of_an_option_that_there_is(contract: Contract) -> None:
    options = {option for variant in contract.variants for option in variant.options}
    assert {word.variant for word in contract.status_spellings if word.variant} <= options
