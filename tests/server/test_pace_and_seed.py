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
from seedmock_server.tasks.pace import LogNormal, Pace, durations_at_pace

StartServer = Callable[..., Any]


def poll_statuses(server: Any, task_id: str, steps: int, seconds: float) -> list[str]:
    statuses = []
    for _ in range(steps):
        statuses.append(server.query_opeai(task_id)["status"])
        server.clock.advance(seconds)
    return statuses


def test_instant_tasks_have_ended_at_the_first_query(start_server: StartServer) -> None:
    server = start_server(pace="instant")
    assert server.query_opeai(server.order_opeai())["status"] == "SUCCESS"
    assert server.query_apimodels(server.order_apimodels())["state"] == "completed"


def test_fast_tasks_show_every_state_within_two_seconds(start_server: StartServer) -> None:
    server = start_server(pace="fast")
    assert poll_statuses(server, server.order_opeai(), 5, 0.5) == [
        "QUEUED",
        "QUEUED",
        "IN_PROGRESS",
        "IN_PROGRESS",
        "SUCCESS",
    ]


def test_each_query_is_one_step_and_no_other_request_is(start_server: StartServer) -> None:
    server = start_server(pace="step")
    first, second = server.order_opeai(), server.order_apimodels()
    assert server.get(f"/v1/videos/{first}/content").status_code == 400
    assert poll_statuses(server, first, 4, 0) == ["QUEUED", "IN_PROGRESS", "SUCCESS", "SUCCESS"]
    server.get(f"/v1/records/{second}")
    assert [server.query_apimodels(second)["state"] for _ in range(3)] == ["pending", "processing", "completed"]
    assert server.get(f"/v1/videos/{first}/content").status_code == 200


def test_steps_do_not_wait_for_the_clock_nor_follow_it(start_server: StartServer) -> None:
    server = start_server(pace="step")
    task_id = server.order_opeai()
    server.clock.advance(86400)
    assert poll_statuses(server, task_id, 3, 86400) == ["QUEUED", "IN_PROGRESS", "SUCCESS"]


def test_a_query_with_another_key_is_no_step(start_server: StartServer) -> None:
    server = start_server(pace="step")
    task_id = server.order_opeai()
    for _ in range(5):
        server.get(f"/v1/videos/{task_id}", key="sk_test_another")
    assert server.query_opeai(task_id)["status"] == "QUEUED"


def test_realistic_times_have_the_vendors_measured_quantiles() -> None:
    random, latency = SeededRandom(7), LogNormal(142, 486)
    totals = sorted(sum(durations_at_pace(Pace.REALISTIC, latency, random, number)) for number in range(2000))
    assert totals[1000] == pytest.approx(142, rel=0.1)
    assert totals[1800] == pytest.approx(486, rel=0.1)
    assert totals[0] > 1


def test_realistic_tasks_follow_the_clock_and_never_go_back(start_server: StartServer) -> None:
    server = start_server(pace="realistic")
    spellings = poll_statuses(server, server.order_opeai(), 400, 20)
    assert list(dict.fromkeys(spellings)) == ["QUEUED", "IN_PROGRESS", "SUCCESS"]
    statuses = [TaskStatus(spelling) for spelling in spellings]
    assert all(may_follow(before, after) for before, after in pairwise(statuses))


def run_calls(server: Any) -> list[Any]:
    """Results of the same calls each time."""
    tasks = [
        server.order_opeai(seed=None),
        server.order_apimodels(seed=None),
        server.order_apimodels(first_frame_url="http://10.0.0.1/a"),
    ]
    server.post("/v1/assets/groups", {"name": "cast"})
    asset = {"url": "https://media.example.org/a.png", "asset_type": "Image", "group_id": 1}
    server.clock.advance(10_000)
    return [
        tasks,
        server.get("/v1/assets/groups").json(),
        server.post("/v1/assets", asset).json(),
        [server.query_apimodels(task) for task in tasks[1:]],
        server.ask("HEAD", f"/v1/videos/{tasks[0]}/content").headers["etag"],
    ]


def test_the_same_seed_and_calls_give_the_same_ids_links_and_clips(start_server: StartServer) -> None:
    assert run_calls(start_server(seed=11, pace="realistic")) == run_calls(start_server(seed=11, pace="realistic"))


def seeds_and_durations(server: Any) -> list[Any]:
    """Seeds and durations of tasks whose order names none."""
    ids = [server.order_opeai(seed=None), server.order_apimodels(seed=None)]
    tasks = [server.get(f"/_mock/tasks/{task_id}", key=None).json() for task_id in ids]
    return [(task["seed"], round(task["ends_at"] - task["created_at"], 3)) for task in tasks]


def test_a_seed_gives_the_same_clips_and_latencies_at_another_time(start_server: StartServer) -> None:
    servers = [start_server(seed=11, pace="realistic", clock=ManualClock(at)) for at in (1_800_000_000, 1_800_003_601)]
    assert seeds_and_durations(servers[0]) == seeds_and_durations(servers[1])


def test_another_seed_gives_other_ids_links_and_clips(start_server: StartServer) -> None:
    first, second = (run_calls(start_server(seed=seed)) for seed in (11, 12))
    assert all(ours != theirs for ours, theirs in zip(first, second, strict=True))


def test_without_a_seed_two_servers_agree_on_nothing(start_server: StartServer) -> None:
    assert start_server(seed=None).order_opeai() != start_server(seed=None).order_opeai()


@pytest.mark.parametrize("seed", [0, -1, 2**63, -(2**64), 2**64 - 1, "17"])
def test_any_seed_of_64_bits_serves(start_server: StartServer, seed: Any) -> None:
    assert start_server(seed=seed).order_opeai()


def clip_etag(server: Any, **changes: Any) -> str:
    return str(server.ask("HEAD", f"/v1/videos/{server.order_opeai(**changes)}/content").headers["etag"])


def test_a_seed_in_the_request_decides_the_clip(start_server: StartServer) -> None:
    first, second = start_server(seed=1), start_server(seed=2)
    assert clip_etag(first) == clip_etag(first) == clip_etag(second)
    assert clip_etag(first) != clip_etag(first, seed=4)


def test_without_a_seed_in_the_request_each_task_draws_its_own(in_process_server: Any) -> None:
    assert (
        len(
            {
                clip_etag(in_process_server, seed=None),
                clip_etag(in_process_server, seed=None),
                clip_etag(in_process_server, seed=-1),
                clip_etag(in_process_server),
            }
        )
        == 4
    )


def test_the_prompt_and_the_sound_are_part_of_the_clip(in_process_server: Any) -> None:
    assert (
        len(
            {
                clip_etag(in_process_server),
                clip_etag(in_process_server, prompt="Rain"),
                clip_etag(in_process_server, generate_audio=True),
            }
        )
        == 3
    )
