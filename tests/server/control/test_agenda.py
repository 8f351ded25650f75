"""Agenda: what becomes due on the clocks, in a span of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Control = Callable[..., Any]


def test_the_agenda_has_what_comes_and_what_came(frozen_server: Any, control: Control) -> None:
    task_id = frozen_server.order_opeai(prompt="[[mock: content_late by=10s]]")
    start = frozen_server.clock.now()
    coming = control("GET", "agenda")
    kinds = [(event["kind"], event["status"], round(event["at"] - start, 1)) for event in coming["events"]]
    assert kinds == [("task", "IN_PROGRESS", 0.6), ("task", "SUCCESS", 2.0), ("clip", "SUCCESS", 12.0)]
    assert {event["id"] for event in coming["events"]} == {task_id}
    frozen_server.clock.advance(5)
    assert control("GET", f"agenda?since={start}&until={start + 5}")["total"] == 2
    assert [event["kind"] for event in control("GET", "agenda")["events"]] == ["clip"]
    assert control("GET", f"agenda?since={start}&limit=1")["total"] == 3
    assert len(control("GET", f"agenda?since={start}&limit=1")["events"]) == 1
    assert control("GET", "agenda?key=sk_other")["events"] == []


def test_assets_and_callbacks_are_due_as_well(frozen_server: Any, control: Control) -> None:
    frozen_server.order_apimodels(callback_url="http://127.0.0.1:9/done")
    group = frozen_server.post("/api/v1/assets/groups", {"name": "people"}).json()["data"]["id"]
    asset = {"url": "https://media.example.org/host.png", "asset_type": "Image", "group_id": group, "name": "host"}
    frozen_server.post("/api/v1/assets", asset)
    events = control("GET", "agenda")["events"]
    assert {event["kind"] for event in events} == {"task", "asset", "callback"}
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    assert next(event["status"] for event in events if event["kind"] == "asset") == "Active"


def test_the_clock_and_the_credit_of_an_account_are_set_by_its_name(frozen_server: Any, control: Control) -> None:
    task = control("GET", f"tasks/{frozen_server.order_opeai()}")
    control("POST", "clock", {"advance": 5, "account": task["account"]})
    assert control("GET", f"tasks/{task['id']}")["status"] == "SUCCESS"
    assert list(control("GET", "clock")["accounts"]) == [task["account"]]
    statement = control("PUT", "credit", {"amount": "9", "account": task["account"]})["statements"][0]
    assert statement["upstreams"]["opeai"]["credit"] == "9"
