"""Pace of tasks, and what a seed decides."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from seedmock_contracts.enums import TaskStatus
from seedmock_contracts.lifecycle import may_follow
from seedmock_server.clock import ManualClock
from seedmock_server.randomness import SeededRandom
from seedmock_server.tasks.timeline import LogNormal, Pace, durations_at_pace

Open = Callable[..., Any]


def poll_statuses(door: Any, task_id: str, steps: int, seconds: float) -> list[str]:
    statuses = []
    for _ in range(steps):
        statuses.append(door.task_b(task_id)["status"])
        door.clock.advance(seconds)
    return statuses


def test_instant_tasks_have_ended_at_the_first_query(open_door: Open) -> None:
    door = open_door(pace="instant")
    assert door.task_b(door.order_b())["status"] == "SUCCESS"
    assert door.task_a(door.order_a())["state"] == "completed"


def test_fast_tasks_show_every_state_within_two_seconds(open_door: Open) -> None:
    door = open_door(pace="fast")
    assert poll_statuses(door, door.order_b(), 5, 0.5) == ["QUEUED", "QUEUED", "IN_PROGRESS", "IN_PROGRESS", "SUCCESS"]


def test_each_query_is_one_step_and_no_other_request_is(open_door: Open) -> None:
    door = open_door(pace="step")
    first, second = door.order_b(), door.order_a()
    assert door.get(f"/v1/videos/{first}/content").status_code == 400
    assert poll_statuses(door, first, 4, 0) == ["QUEUED", "IN_PROGRESS", "SUCCESS", "SUCCESS"]
    door.get(f"/v1/records/{second}")
    assert [door.task_a(second)["state"] for _ in range(3)] == ["pending", "processing", "completed"]
    assert door.get(f"/v1/videos/{first}/content").status_code == 200


def test_steps_do_not_wait_for_the_clock_nor_follow_it(open_door: Open) -> None:
    door = open_door(pace="step")
    task_id = door.order_b()
    door.clock.advance(86400)
    assert poll_statuses(door, task_id, 3, 86400) == ["QUEUED", "IN_PROGRESS", "SUCCESS"]


def test_a_query_with_another_key_is_no_step(open_door: Open) -> None:
    door = open_door(pace="step")
    task_id = door.order_b()
    for _ in range(5):
        door.get(f"/v1/videos/{task_id}", key="sk_test_another")
    assert door.task_b(task_id)["status"] == "QUEUED"


def test_realistic_times_have_the_vendors_measured_quantiles() -> None:
    random, latency = SeededRandom(7), LogNormal(142, 486)
    totals = sorted(sum(durations_at_pace(Pace.REALISTIC, latency, random, number)) for number in range(2000))
    assert totals[1000] == pytest.approx(142, rel=0.1)
    assert totals[1800] == pytest.approx(486, rel=0.1)
    assert totals[0] > 1


def test_realistic_tasks_follow_the_clock_and_never_go_back(open_door: Open) -> None:
    door = open_door(pace="realistic")
    spellings = poll_statuses(door, door.order_b(), 400, 20)
    assert list(dict.fromkeys(spellings)) == ["QUEUED", "IN_PROGRESS", "SUCCESS"]
    statuses = [TaskStatus(spelling) for spelling in spellings]
    assert all(may_follow(before, after) for before, after in pairwise(statuses))


def run_calls(door: Any) -> list[Any]:
    """Results of the same calls each time."""
    tasks = [door.order_b(seed=None), door.order_a(seed=None), door.order_a(first_frame_url="http://10.0.0.1/a")]
    door.post("/v1/assets/groups", {"name": "cast"})
    asset = {"url": "https://media.example.org/a.png", "asset_type": "Image", "group_id": 1}
    door.clock.advance(10_000)
    return [
        tasks,
        door.get("/v1/assets/groups").json(),
        door.post("/v1/assets", asset).json(),
        [door.task_a(task) for task in tasks[1:]],
        door.ask("HEAD", f"/v1/videos/{tasks[0]}/content").headers["etag"],
    ]


def test_the_same_seed_and_calls_give_the_same_ids_links_and_clips(open_door: Open) -> None:
    assert run_calls(open_door(seed=11, pace="realistic")) == run_calls(open_door(seed=11, pace="realistic"))


def seeds_and_durations(door: Any) -> list[Any]:
    """Seeds and durations of tasks whose order names none."""
    ids = [door.order_b(seed=None), door.order_a(seed=None)]
    tasks = [door.get(f"/_mock/tasks/{task_id}", key=None).json() for task_id in ids]
    return [(task["seed"], round(task["ends_at"] - task["created_at"], 3)) for task in tasks]


def test_a_seed_gives_the_same_clips_and_latencies_at_another_time(open_door: Open) -> None:
    doors = [open_door(seed=11, pace="realistic", clock=ManualClock(at)) for at in (1_800_000_000, 1_800_003_601)]
    assert seeds_and_durations(doors[0]) == seeds_and_durations(doors[1])


def test_another_seed_gives_other_ids_links_and_clips(open_door: Open) -> None:
    first, second = (run_calls(open_door(seed=seed)) for seed in (11, 12))
    assert all(ours != theirs for ours, theirs in zip(first, second, strict=True))


def test_without_a_seed_two_servers_agree_on_nothing(open_door: Open) -> None:
    assert open_door(seed=None).order_b() != open_door(seed=None).order_b()


@pytest.mark.parametrize("seed", [0, -1, 2**63, -(2**64), 2**64 - 1, "17"])
def test_any_seed_of_64_bits_serves(open_door: Open, seed: Any) -> None:
    assert open_door(seed=seed).order_b()


def clip_etag(door: Any, **changes: Any) -> str:
    return str(door.ask("HEAD", f"/v1/videos/{door.order_b(**changes)}/content").headers["etag"])


def test_a_seed_in_the_request_decides_the_clip(open_door: Open) -> None:
    first, second = open_door(seed=1), open_door(seed=2)
    assert clip_etag(first) == clip_etag(first) == clip_etag(second)
    assert clip_etag(first) != clip_etag(first, seed=4)


def test_without_a_seed_in_the_request_each_task_draws_its_own(inside: Any) -> None:
    assert (
        len({clip_etag(inside, seed=None), clip_etag(inside, seed=None), clip_etag(inside, seed=-1), clip_etag(inside)})
        == 4
    )


def test_the_prompt_and_the_sound_are_part_of_the_clip(inside: Any) -> None:
    assert len({clip_etag(inside), clip_etag(inside, prompt="Rain"), clip_etag(inside, generate_audio=True)}) == 3
