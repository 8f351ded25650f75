"""A mutated upstream is found by a short sequence of requests, which its reproducer repeats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.conformance.runner import replay, run_conformance
from seedmock_harness.driver.actions import load_reproducer
from seedmock_harness.results.checks import CheckFailure

if TYPE_CHECKING:
    from .conftest import OpenTarget

MUTATIONS: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("opeai", "backwards", {"operation": "query", "probability": 0.5}, "opeai.status"),
    ("opeai", "missing field=status", {"operation": "query"}, "opeai.query.response.status"),
    ("opeai", "renamed field=created_at", {"operation": "create"}, "opeai.create.response.created_at"),
    ("opeai", "retyped field=created_at as=string", {"operation": "query"}, "opeai.query.response.created_at"),
    ("opeai", "other_size", {"operation": "query"}, "size"),
    ("opeai", "other_size", {"operation": "content"}, "opeai.size"),
    ("opeai", "other_duration", {"operation": "content"}, "opeai.create.seconds"),
    ("opeai", "other_id", {"operation": "query"}, "opeai.query.response.id"),
    ("opeai", "not_found", {"operation": "query"}, "opeai.query"),
    ("opeai", "status code=500", {"operation": "create"}, "opeai.create"),
    ("opeai", "auth_bypass", {}, "opeai."),
    ("opeai", "cross_account", {}, "opeai."),
    ("apimodels", "missing field=data.taskId", {"operation": "create"}, "apimodels.create.response.taskId"),
    ("apimodels", "retyped field=createTime as=string", {"operation": "query"}, "apimodels.query.response.createTime"),
    ("apimodels", "other_duration", {"operation": "content"}, "apimodels."),
    ("apimodels", "other_price", {"operation": "balance"}, "apimodels."),
    ("apimodels", "other_price", {"operation": "record"}, "apimodels."),
    ("apimodels", "not_found", {"operation": "asset_get"}, "apimodels.assets"),
    ("apimodels", "no_op", {"operation": "asset_delete"}, "apimodels.assets"),
    ("apimodels", "cross_account", {}, "apimodels."),
)
"""Upstream, fault, matching requests, and a part of the id of the fact that must be found."""
KEYS = {"first": "sk_conformance_first", "second": "sk_conformance_second", "wrong": "sk_conformance_wrong"}
MAX_ACTIONS = 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("upstream", "fault", "match", "fact"),
    MUTATIONS,
    ids=[f"{upstream}-{fault}-{'-'.join(map(str, match.values()))}" for upstream, fault, match, _ in MUTATIONS],
)
def test_a_mutation_is_found_and_reproduced(
    open_target: OpenTarget, tmp_path: Path, upstream: str, fault: str, match: dict[str, Any], fact: str
) -> None:
    target = open_target(mutations=[(fault, match)])
    with pytest.raises(CheckFailure) as failure:
        run_conformance(
            upstream,
            target.send,
            clock=target.clock,
            keys=KEYS,
            options=get_contract(upstream).defaults,
            begin=target.begin,
            settings=settings(max_examples=100, derandomize=True, database=None),
            reproducer_folder=str(tmp_path),
        )
    (reproducer,) = tmp_path.iterdir()
    header, actions = load_reproducer(reproducer.read_text())
    assert fact in header["fact"]
    assert len(actions) <= MAX_ACTIONS
    assert (header["check"], header["fact"]) == failure.value.identity
    target.begin()
    with pytest.raises(CheckFailure) as again:
        replay(str(reproducer), target.send, clock=target.clock, keys=KEYS)
    assert again.value.identity == failure.value.identity
