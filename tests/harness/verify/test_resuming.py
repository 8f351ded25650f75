"""An interruption at any moment loses nothing and pays for nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.results.verification import VerificationVerdict
from seedmock_harness.verify.order_log import OrderLog, UnreadableOrderLog, fingerprint

ONLY = ("text", "image")


class Killed(BaseException):
    """What nobody catches: the process is gone."""


def _until(number: int, trouble: type[BaseException], *, after: bool) -> Any:
    """Lets so many calls through, and is then interrupted: before a call is sent, or after it was answered."""
    left = iter(range(number))

    def around(send: Any) -> Any:
        def asked(method: str, url: str, **more: Any) -> Any:
            if next(left, None) is not None:
                return send(method, url, **more)
            if after:
                send(method, url, **more)
            raise trouble

        return asked

    return around


def _calls(world_of: Any, verified: Any, upstream: str) -> list[tuple[str, str]]:
    with world_of(pace="fast") as world:
        verified(upstream, world.target, only=ONLY)
        return list(world.calls)


@pytest.mark.slow
@pytest.mark.parametrize("trouble", [KeyboardInterrupt, Killed])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_whenever_it_is_interrupted_nothing_is_lost_and_nothing_paid_twice(
    world_of: Callable[..., Any],
    verified: Any,
    tmp_path: Path,
    upstream: str,
    after: bool,
    trouble: type[BaseException],
) -> None:
    calls = _calls(world_of, verified, upstream)
    assert sum(method == "POST" for method, _ in calls) == 3
    for number in range(len(calls)):
        ledger = tmp_path / f"{number}.jsonl"
        with world_of(pace="fast") as world:
            try:
                cut = world.wrapped(_until(number, trouble, after=after))
                first = verified(upstream, cut, only=ONLY, ledger=ledger)
                assert (first.verdict, first.problem) == (VerificationVerdict.COULD_NOT_LOOK, "interrupted")
                assert set(first.tasks) | {""} >= set(world.ordered) - set(_unknown(ledger, world))
            except Killed:
                pass
            made = set(world.ordered)
            second = verified(upstream, world.target, only=ONLY, ledger=ledger)
            lost = made - set(second.tasks)
            assert len(world.ordered) <= 2, f"ordered again after call {number}"
            assert len(lost) <= len(second.doubts) <= 1
            assert len(second.tasks) + len(second.doubts) == 2
            assert second.verdict is (
                VerificationVerdict.COULD_NOT_LOOK if second.doubts else VerificationVerdict.CONFORMS
            )
            assert all("may have been taken" in doubt for doubt in second.doubts)
            assert not second.resumable
            fresh = verified(upstream, world.target, only=ONLY, ledger=ledger)
            assert (fresh.verdict, len(fresh.tasks)) == (VerificationVerdict.CONFORMS, 2)
            assert not made & set(fresh.tasks)


def _unknown(ledger: Path, world: Any) -> list[str]:
    """Tasks whose ids nobody was told."""
    told = ledger.read_text() if ledger.exists() else ""
    return [task for task in world.ordered if task not in told]


def test_an_order_in_doubt_counts_as_spent(world_of: Callable[..., Any], verified: Any, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    with world_of() as world:

        def lost(send: Any) -> Any:
            def asked(method: str, url: str, *, content: bytes, **more: Any) -> Any:
                if method == "POST" and content != b"{}":
                    raise Killed
                return send(method, url, content=content, **more)

            return asked

        with pytest.raises(Killed):
            verified("opeai", world.wrapped(lost), Decimal("0.60"), only=ONLY, ledger=ledger)
        found = verified("opeai", world.target, Decimal("0.60"), only=ONLY, ledger=ledger)
        assert found.spent == Decimal("0.271600") + Decimal("0.279237")
        assert (len(found.tasks), len(found.unresolved_orders)) == (1, 1)
        assert found.steps == ("image",)


def test_the_price_of_what_was_ordered_before_is_not_spent_again(
    world_of: Callable[..., Any], verified: Any, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    with world_of(pace="fast") as world:
        number = next(at for at, (method, _) in enumerate(_calls(world_of, verified, "opeai")) if at > 3)
        verified(
            "opeai", world.wrapped(_until(number, KeyboardInterrupt, after=False)), Decimal(1), only=ONLY, ledger=ledger
        )
        assert len(world.ordered) == 1
        found = verified("opeai", world.target, Decimal("0.28"), only=("text",), ledger=ledger)
        assert (found.verdict, found.spent) == (VerificationVerdict.CONFORMS, Decimal("0.271600"))
        assert len(world.ordered) == 1


def test_each_paid_call_is_in_the_book_before_it_is_made(
    world_of: Callable[..., Any], verified: Any, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    seen = []
    with world_of() as world:

        def reading(send: Any) -> Any:
            def asked(method: str, url: str, *, content: bytes, **more: Any) -> Any:
                if method == "POST" and content != b"{}":
                    seen.append(json.loads(ledger.read_text().splitlines()[-1]))
                return send(method, url, content=content, **more)

            return asked

        found = verified("opeai", world.wrapped(reading), only=ONLY, ledger=ledger)
    assert [(line["event"], line["step"]) for line in seen] == [("ordering", "text"), ("ordering", "image")]
    assert Decimal(seen[0]["price"]) == Decimal("0.271600")
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [line["task_id"] for line in lines if line["event"] == "taken"] == list(found.tasks)
    assert (lines[0]["event"], lines[-1]["event"]) == ("opened", "closed")


def test_a_book_that_cannot_be_written_keeps_the_order_back(
    world_of: Callable[..., Any], verified: Any, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    with world_of() as world, pytest.MonkeyPatch.context() as patch:
        written = OrderLog._write

        def full(book: OrderLog, event: str, *rest: Any, **more: Any) -> None:
            if event == "ordering":
                raise UnreadableOrderLog("the ledger cannot be written: no space left on device: nothing was ordered")
            written(book, event, *rest, **more)

        patch.setattr(OrderLog, "_write", full)
        found = verified("opeai", world.target, only=ONLY, ledger=ledger)
        assert world.ordered == []
    assert found.verdict is VerificationVerdict.COULD_NOT_LOOK
    assert "no space left" in found.problem


def test_another_key_or_another_place_goes_on_with_nothing(tmp_path: Path) -> None:
    path, contract = tmp_path / "ledger.jsonl", get_contract("opeai")
    book = OrderLog(path, fingerprint(contract.name, "http://one.test", "k1"))
    book.open(100.0)
    book.ordering("text", Decimal(1), 101.0)
    book.put_away()
    for target, key in (("http://one.test", "k2"), ("http://two.test", "k1")):
        assert OrderLog(path, fingerprint(contract.name, target, key)).interrupted(200.0) is None
    again = OrderLog(path, fingerprint(contract.name, "http://one.test", "k1"))
    run = again.interrupted(200.0)
    assert run is not None and run.spent == Decimal(1) and run.orders[0].in_doubt
    assert again.interrupted(200.0 + 2 * 86_400) is None
    assert "k1" not in path.read_text()


def test_a_line_that_was_cut_off_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    book = OrderLog(path, "me")
    book.open(1.0)
    book.ordering("text", Decimal(1), 2.0)
    book.put_away()
    path.write_text(path.read_text() + '{"run": "1.0", "about": "me", "eve')
    again = OrderLog(path, "me")
    run = again.interrupted(3.0)
    assert run is not None and len(run.orders) == 1
    again.open(3.0, run)
    again.ordering("image", Decimal(1), 4.0)
    again.put_away()
    assert [order.step for order in OrderLog(path, "me").runs[run.id].orders] == ["text", "image"]


def test_a_file_that_is_no_book_is_left_alone(command: Any, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary\nnothing happened\n")
    told = command("--upstream", "opeai", "--only", "text", "--ledger", str(path))
    assert told.exit_code == 3
    assert "is no ledger of `seedmock verify`" in told.output
    assert path.read_text().startswith("Dear diary")


def test_two_verifications_do_not_write_one_book(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="needs a system with fcntl (Linux, macOS)")
    one, other = OrderLog(tmp_path / "ledger.jsonl", "me"), OrderLog(tmp_path / "ledger.jsonl", "me")
    one.open(1.0)
    with pytest.raises(UnreadableOrderLog, match="another verification is writing"):
        other.open(1.0)
    one.put_away()
    other.put_away()
