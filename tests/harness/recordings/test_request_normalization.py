"""Requests that differ only in what an upstream or a client draws at random are equal for a recording."""

from __future__ import annotations

import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.recordings.request_normalization import without_ids


@pytest.mark.parametrize(
    ("upstream", "first", "second"),
    [
        ("opeai", "cgt-20260601120000-abc12", "cgt-20260701120000-xyz34"),
        ("apimodels", "cl0123456789abcdefghijklm", "clzyxwvutsrqponmlkjihg987"),
        ("apimodels", '{"id": "asset-20260601120000-abcde"}', '{"id": "asset-20260701120000-fghij"}'),
    ],
)
def test_ids_of_an_upstream_are_ignored(upstream: str, first: str, second: str) -> None:
    contract = get_contract(upstream)
    assert without_ids(contract, first) == without_ids(contract, second)


def test_other_texts_keep_their_differences() -> None:
    contract = get_contract("apimodels")
    assert without_ids(contract, "clips of boats") == "clips of boats"
    assert without_ids(contract, "cl0123456789abcdefghijklmn") == "cl0123456789abcdefghijklmn"
