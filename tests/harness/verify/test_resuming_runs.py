"""An interruption at any point loses no task and pays for none twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import Result

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.results.verification import VerificationVerdict
from seedmock_harness.verify.order_log import OrderLog, OrderLogError, fingerprint

if TYPE_CHECKING:
    from .conftest import LiveEmulator, OpenEmulator, Send, Verify

ONLY = ("text", "image")


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def _interrupting_after(calls: int, error: type[BaseException], *, after_response: bool) -> Callable[[Send], Send]:
    """Raise an error instead of the next call, or after it was sent."""
    remaining = iter(range(calls))

    def wrap(send: Send) -> Send:
        def wrapped(method: str, url: str, **arguments: Any) -> Any:
            if next(remaining, None) is not None:
                return send(method, url, **arguments)
            if after_response:
                send(method, url, **arguments)
            raise error

        return wrapped

    return wrap


def _calls(open_emulator: OpenEmulator, verify_target: Verify, upstream: str) -> list[tuple[str, str]]:
    """Return the calls of an uninterrupted run."""
    with open_emulator(pace="fast") as emulator:
        verify_target(upstream, emulator.target, only=ONLY)
        return list(emulator.calls)


@pytest.mark.slow
@pytest.mark.parametrize("error", [KeyboardInterrupt, Killed])
@pytest.mark.parametrize("after_response", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_interruption_at_any_call_loses_nothing_and_pays_nothing_twice(
    open_emulator: OpenEmulator,
    verify_target: Verify,
    tmp_path: Path,
    upstream: str,
    after_response: bool,
    error: type[BaseException],
) -> None:
    calls = _calls(open_emulator, verify_target, upstream)
    assert sum(method == "POST" for method, _ in calls) == 3
    for number in range(len(calls)):
        order_log = tmp_path / f"{number}.jsonl"
        with open_emulator(pace="fast") as emulator:
            try:
                target = emulator.with_send(_interrupting_after(number, error, after_response=after_response))
                first = verify_target(upstream, target, only=ONLY, order_log=order_log)
                assert (first.verdict, first.problem) == (VerificationVerdict.INCONCLUSIVE, "interrupted")
                unlogged = _unlogged_tasks(order_log, emulator)
                assert set(first.tasks) | {""} >= set(emulator.created_tasks) - set(unlogged)
            except Killed:
                pass
            created = set(emulator.created_tasks)
            second = verify_target(upstream, emulator.target, only=ONLY, order_log=order_log)
            lost = created - set(second.tasks)
            assert len(emulator.created_tasks) <= 2, f"ordered again after call {number}"
            assert len(lost) <= len(second.unresolved_orders) <= 1
            assert len(second.tasks) + len(second.unresolved_orders) == 2
            assert second.verdict is (
                VerificationVerdict.INCONCLUSIVE if second.unresolved_orders else VerificationVerdict.CONFORMS
            )
            assert all("may have been accepted" in order for order in second.unresolved_orders)
            assert not second.resumable
            fresh = verify_target(upstream, emulator.target, only=ONLY, order_log=order_log)
            assert (fresh.verdict, len(fresh.tasks)) == (VerificationVerdict.CONFORMS, 2)
            assert not created & set(fresh.tasks)


def _unlogged_tasks(order_log: Path, emulator: LiveEmulator) -> list[str]:
    """Return the tasks whose ids did not reach the client."""
    text = order_log.read_text() if order_log.exists() else ""
    return [task for task in emulator.created_tasks if task not in text]


def test_unresolved_order_counts_as_spent(open_emulator: OpenEmulator, verify_target: Verify, tmp_path: Path) -> None:
    order_log = tmp_path / "orders.jsonl"

    def losing_orders(send: Send) -> Send:
        def wrapped(method: str, url: str, *, content: bytes, **arguments: Any) -> Any:
            if method == "POST" and content != b"{}":
                raise Killed
            return send(method, url, content=content, **arguments)

        return wrapped

    with open_emulator() as emulator:
        target = emulator.with_send(losing_orders)
        with pytest.raises(Killed):
            verify_target("opeai", target, Decimal("0.60"), only=ONLY, order_log=order_log)
        verification = verify_target("opeai", emulator.target, Decimal("0.60"), only=ONLY, order_log=order_log)
        assert verification.spent == Decimal("0.271600") + Decimal("0.279237")
        assert (len(verification.tasks), len(verification.unresolved_orders)) == (1, 1)
        assert verification.steps == ("image",)


def test_logged_orders_are_not_charged_to_the_budget_again(
    open_emulator: OpenEmulator, verify_target: Verify, tmp_path: Path
) -> None:
    order_log = tmp_path / "orders.jsonl"
    with open_emulator(pace="fast") as emulator:
        calls = enumerate(_calls(open_emulator, verify_target, "opeai"))
        number = next(position for position, (method, _) in calls if position > 3)
        target = emulator.with_send(_interrupting_after(number, KeyboardInterrupt, after_response=False))
        verify_target("opeai", target, Decimal(1), only=ONLY, order_log=order_log)
        assert len(emulator.created_tasks) == 1
        verification = verify_target("opeai", emulator.target, Decimal("0.28"), only=("text",), order_log=order_log)
        assert (verification.verdict, verification.spent) == (VerificationVerdict.CONFORMS, Decimal("0.271600"))
        assert len(emulator.created_tasks) == 1


def test_each_order_is_logged_before_it_is_sent(
    open_emulator: OpenEmulator, verify_target: Verify, tmp_path: Path
) -> None:
    order_log = tmp_path / "orders.jsonl"
    logged = []

    def reading_log(send: Send) -> Send:
        def wrapped(method: str, url: str, *, content: bytes, **arguments: Any) -> Any:
            if method == "POST" and content != b"{}":
                logged.append(json.loads(order_log.read_text().splitlines()[-1]))
            return send(method, url, content=content, **arguments)

        return wrapped

    with open_emulator() as emulator:
        verification = verify_target("opeai", emulator.with_send(reading_log), only=ONLY, order_log=order_log)
    assert [(entry["event"], entry["step"]) for entry in logged] == [
        ("order_pending", "text"),
        ("order_pending", "image"),
    ]
    assert Decimal(logged[0]["price"]) == Decimal("0.271600")
    entries = [json.loads(line) for line in order_log.read_text().splitlines()]
    assert [entry["task_id"] for entry in entries if entry["event"] == "order_accepted"] == list(verification.tasks)
    assert (entries[0]["event"], entries[-1]["event"]) == ("run_started", "run_finished")


def test_order_that_cannot_be_logged_is_not_sent(
    open_emulator: OpenEmulator, verify_target: Verify, tmp_path: Path
) -> None:
    order_log = tmp_path / "orders.jsonl"
    with open_emulator() as emulator, pytest.MonkeyPatch.context() as patch:
        write = OrderLog._write

        def disk_full(log: OrderLog, event: str, *arguments: Any, **fields: Any) -> None:
            if event == "order_pending":
                raise OrderLogError("cannot write the order log: no space left on device; nothing was sent")
            write(log, event, *arguments, **fields)

        patch.setattr(OrderLog, "_write", disk_full)
        verification = verify_target("opeai", emulator.target, only=ONLY, order_log=order_log)
        assert emulator.created_tasks == []
    assert verification.verdict is VerificationVerdict.INCONCLUSIVE
    assert "no space left" in verification.problem


def test_only_the_same_target_and_key_resume_a_run(tmp_path: Path) -> None:
    path, contract = tmp_path / "orders.jsonl", get_contract("opeai")
    log = OrderLog(path, fingerprint(contract.name, "http://one.test", "k1"))
    log.start_run(100.0)
    log.log_order("text", Decimal(1), 101.0)
    log.close()
    for target, key in (("http://one.test", "k2"), ("http://two.test", "k1")):
        assert OrderLog(path, fingerprint(contract.name, target, key)).interrupted_run(200.0) is None
    again = OrderLog(path, fingerprint(contract.name, "http://one.test", "k1"))
    run = again.interrupted_run(200.0)
    assert run is not None and run.spent == Decimal(1) and run.orders[0].outcome_unknown
    assert again.interrupted_run(200.0 + 2 * 86_400) is None
    assert "k1" not in path.read_text()


def test_truncated_line_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    log = OrderLog(path, "target")
    log.start_run(1.0)
    log.log_order("text", Decimal(1), 2.0)
    log.close()
    path.write_text(path.read_text() + '{"run": "1.0", "target": "target", "eve')
    again = OrderLog(path, "target")
    run = again.interrupted_run(3.0)
    assert run is not None and len(run.orders) == 1
    again.start_run(3.0, run)
    again.log_order("image", Decimal(1), 4.0)
    again.close()
    assert [order.step for order in OrderLog(path, "target").runs[run.id].orders] == ["text", "image"]


def test_file_that_is_not_an_order_log_is_left_alone(run_verify: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary\nnothing happened\n")
    result = run_verify("--upstream", "opeai", "--only", "text", "--order-log", str(path))
    assert result.exit_code == 3
    assert "is not an order log of `seedmock verify`" in result.output
    assert path.read_text().startswith("Dear diary")


def test_order_log_is_locked_against_a_second_verification(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="needs a system with fcntl (Linux, macOS)")
    first, second = OrderLog(tmp_path / "orders.jsonl", "target"), OrderLog(tmp_path / "orders.jsonl", "target")
    first.start_run(1.0)
    with pytest.raises(OrderLogError, match="another verification is writing"):
        second.start_run(1.0)
    first.close()
    second.close()
