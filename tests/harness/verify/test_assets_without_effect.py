"""Deletions that change nothing, assets that do not exist, and tasks that another key can read are found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.probes.second_violations import UNKNOWN_CLIP
from seedmock_harness.results.verification import Verification, VerificationVerdict

if TYPE_CHECKING:
    from .conftest import OpenEmulator, Send, Verify


def drifted_facts(verification: Verification) -> set[str]:
    assert verification.verdict is VerificationVerdict.DRIFTED
    return {finding.fact.id for finding in verification.findings}


def test_order_with_an_unknown_asset_that_succeeds_is_found(open_emulator: OpenEmulator, verify_target: Verify) -> None:
    def without_assets(send: Send) -> Send:
        def wrapped(method: str, url: str, *, content: bytes, **arguments: Any) -> Any:
            if UNKNOWN_CLIP.encode() in content:
                order = {key: value for key, value in json.loads(content).items() if UNKNOWN_CLIP not in str(value)}
                content = json.dumps(order).encode()
            return send(method, url, content=content, **arguments)

        return wrapped

    with open_emulator(pace="fast") as emulator:
        verification = verify_target("apimodels", emulator.with_send(without_assets), only=("asset.unknown",))
        assert len(emulator.created_tasks) == 1
    assert "apimodels.assets.usable" in drifted_facts(verification)


def test_unknown_asset_that_is_refused_costs_nothing(open_emulator: OpenEmulator, verify_target: Verify) -> None:
    with open_emulator(pace="fast") as emulator:
        verification = verify_target("apimodels", emulator.target, only=("asset.unknown",))
        assert emulator.created_tasks == []
        assert verification.spent == 0
    assert (verification.verdict, verification.findings) == (VerificationVerdict.CONFORMS, ())


def test_deletion_that_changes_nothing_is_found(open_emulator: OpenEmulator, verify_target: Verify) -> None:
    with open_emulator(pace="fast") as emulator:
        emulator.add_fault("no_op", operation="asset_delete", upstream="apimodels")
        verification = verify_target("apimodels", emulator.target, only=("asset.used",))
    assert "apimodels.assets.delete" in drifted_facts(verification)


@pytest.mark.parametrize("operation", ["query", "content", "record"])
def test_task_that_another_key_can_read_is_seen_with_a_second_key(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str, operation: str
) -> None:
    names = {endpoint.operation.value for endpoint in get_contract(upstream).endpoints}
    if operation not in names:
        return
    with open_emulator(pace="fast") as emulator:
        emulator.add_fault("cross_account", operation=operation, upstream=upstream)
        verification = verify_target(upstream, emulator.target, only=("text",))
    assert f"{upstream}.tasks.isolated" in {finding.fact.id for finding in verification.findings}
