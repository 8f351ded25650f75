"""Barriers between workers, and the lines that carry them."""

from __future__ import annotations

import os
from collections import Counter

from seedmock_server.workers.barrier import Barriers
from seedmock_server.workers.messages import SETTLE, SETTLED, MessageReader, encode_message


class FakeWorker:
    """Member that keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, object]]] = []

    def send(self, kind: str, **fields: object) -> None:
        self.sent.append((kind, fields))


def test_the_asker_is_answered_when_the_last_of_the_others_has_written() -> None:
    barriers, asker, second, third = Barriers(), FakeWorker(), FakeWorker(), FakeWorker()
    barriers.open(asker, 7, {second, third})
    number = 1
    assert second.sent == third.sent == [(SETTLE, {"id": number})]
    barriers.pass_by(second, number, Counter(orders=2))
    barriers.pass_by(second, number, Counter(orders=2))
    assert asker.sent == []
    barriers.pass_by(third, number, Counter(orders=3))
    assert asker.sent == [(SETTLED, {"id": 7, "statistics": Counter(orders=5)})]
    barriers.pass_by(third, number, Counter(orders=4))  # late: nothing waits for it any more
    assert len(asker.sent) == 1


def test_barriers_of_two_workers_are_kept_apart() -> None:
    barriers, first, second = Barriers(), FakeWorker(), FakeWorker()
    barriers.open(first, 1, {second})
    barriers.open(second, 1, {first})
    barriers.pass_by(first, 2, Counter())
    assert [kind for kind, _ in second.sent] == [SETTLE, SETTLED]
    assert [kind for kind, _ in first.sent] == [SETTLE]


def test_a_worker_without_others_is_answered_at_once() -> None:
    barriers, only = Barriers(), FakeWorker()
    barriers.count(only, Counter(orders=1))
    barriers.open(only, 1, set())
    assert only.sent == [(SETTLED, {"id": 1, "statistics": Counter()})]  # it knows its own


def test_a_worker_that_has_died_is_not_waited_for_and_its_counts_stay() -> None:
    barriers, asker, dead, other = Barriers(), FakeWorker(), FakeWorker(), FakeWorker()
    barriers.count(dead, Counter(orders=4))
    barriers.open(asker, 1, {dead, other})
    barriers.open(dead, 1, {asker, other})
    barriers.pass_by(other, 1, Counter(orders=1))
    barriers.forget(dead)
    assert asker.sent == [(SETTLE, {"id": 2}), (SETTLED, {"id": 1, "statistics": Counter(orders=5)})]
    barriers.pass_by(asker, 2, Counter())
    barriers.pass_by(other, 2, Counter(orders=1))
    assert [kind for kind, _ in dead.sent] == [SETTLE]  # what it had asked is forgotten with it
    barriers.open(asker, 2, {other})
    barriers.pass_by(other, 3, Counter(orders=2))
    assert asker.sent[-1] == (SETTLED, {"id": 2, "statistics": Counter(orders=6)})


def test_messages_are_read_whole_however_the_pipe_brings_them() -> None:
    descriptor, end = os.pipe()
    reader = MessageReader(descriptor)
    lines = encode_message(SETTLE, id=1) + encode_message(SETTLED, id=1, statistics={"orders": 2})
    cut = len(lines) - 5
    os.write(end, lines[:cut])
    assert list(reader.read()) == [{"kind": SETTLE, "id": 1}]
    os.write(end, lines[cut:])
    assert list(reader.read()) == [{"kind": SETTLED, "id": 1, "statistics": {"orders": 2}}]
    assert not reader.is_ended
    os.close(end)
    assert list(reader.read()) == []
    assert reader.is_ended
    os.close(descriptor)
