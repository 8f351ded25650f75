"""An upstream that lies is found out, by a conversation of a few moves that is kept and can be had again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.conformance.runner import replay, run_conformance
from seedmock_harness.driver.actions import load_reproducer
from seedmock_harness.results.checks import CheckFailure

LIES: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("opeai", "backwards", {"operation": "query", "probability": 0.5}, "opeai.status"),
    ("opeai", "missing field=status", {"operation": "query"}, "opeai.query.answer.status"),
    ("opeai", "renamed field=created_at", {"operation": "create"}, "opeai.create.answer.created_at"),
    ("opeai", "retyped field=created_at as=text", {"operation": "query"}, "opeai.query.answer.created_at"),
    ("opeai", "other_size", {"operation": "query"}, "size"),
    ("opeai", "other_size", {"operation": "content"}, "opeai.size"),
    ("opeai", "other_duration", {"operation": "content"}, "opeai.create.seconds"),
    ("opeai", "other_id", {"operation": "query"}, "opeai.query.answer.id"),
    ("opeai", "not_found", {"operation": "query"}, "opeai.query"),
    ("opeai", "status code=500", {"operation": "create"}, "opeai.create"),
    ("opeai", "auth_bypass", {}, "opeai."),
    ("opeai", "cross_account", {}, "opeai."),
    ("apimodels", "missing field=data.taskId", {"operation": "create"}, "apimodels.create.answer.taskId"),
    ("apimodels", "retyped field=createTime as=text", {"operation": "query"}, "apimodels.query.answer.createTime"),
    ("apimodels", "other_duration", {"operation": "content"}, "apimodels."),
    ("apimodels", "other_price", {"operation": "balance"}, "apimodels."),
    ("apimodels", "other_price", {"operation": "record"}, "apimodels."),
    ("apimodels", "not_found", {"operation": "asset_get"}, "apimodels.assets"),
    ("apimodels", "no_op", {"operation": "asset_delete"}, "apimodels.assets"),
    ("apimodels", "cross_account", {}, "apimodels."),
)
KEYS = {"first": "sk_conformance_first", "second": "sk_conformance_second", "wrong": "sk_conformance_wrong"}
MOST = 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("upstream", "lie", "match", "fact"),
    LIES,
    ids=[f"{u}-{lie}-{'-'.join(map(str, m.values()))}" for u, lie, m, _ in LIES],
)
def test_a_liar_is_found_out_in_a_few_moves_that_can_be_made_again(
    open_target: Callable[..., Any], tmp_path: Path, upstream: str, lie: str, match: dict[str, Any], fact: str
) -> None:
    target = open_target(lies=[(lie, match)])
    with pytest.raises(CheckFailure) as found:
        run_conformance(
            upstream,
            target.send,
            clock=target.clock,
            keys=KEYS,
            options=get_contract(upstream).defaults,
            begin=target.begin,
            settings=settings(max_examples=100, derandomize=True, database=None),
            scenario_folder=str(tmp_path),
        )
    (kept,) = tmp_path.iterdir()
    head, moves = load_reproducer(kept.read_text())
    assert fact in head["fact"]
    assert len(moves) <= MOST
    assert (head["check"], head["fact"]) == found.value.identity
    target.begin()
    with pytest.raises(CheckFailure) as again:
        replay(str(kept), target.send, clock=target.clock, keys=KEYS)
    assert again.value.identity == found.value.identity
