"""Snapshots: saved, restored, copied to another server, and rejected as a whole when malformed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

Control = Callable[..., Any]
StartServer = Callable[..., Any]
VIEWS = ("clock", "fates", "faults", "limits", "media", "ledger", "tasks", "journal")


def views(server: Any) -> dict[str, Any]:
    return {name: server.get(f"/_mock/{name}", key=None).json() for name in (*VIEWS, "snapshot")}


def fill_state(server: Any) -> None:
    """Add a little of every kind of state."""

    def control(path: str, order: Any, method: str = "POST") -> None:
        assert server.ask(method, f"/_mock/{path}", key=None, json=order).status_code < 300

    control("fates", {"match": {"prompt": "cat", "times": 2}, "fate": "moderated after=123456.789s"})
    control("fates", {"fate": [{"fate": "stuck", "weight": 1}, {"fate": "succeed", "weight": 3}]})
    control("fates/default", {"fate": "slow", "key": "sk_mine"}, "PUT")
    control("faults", {"match": {"nth": 99}, "fault": "status code=502"})
    control("limits", {"rate": 1000, "key": "sk_mine"}, "PUT")
    control("credit", {"amount": "100.5", "key": "sk_mine"}, "PUT")
    control("media", {"url": "https://example.com/b.png", "kind": "image", "width": 640, "height": 640}, "PUT")
    control("clock", {"advance": 60, "key": "sk_mine"})
    for prompt in ("a cat", "a dog"):
        server.order_opeai(prompt=prompt)
        server.order_apimodels(key="sk_mine", prompt=prompt)
    server.clock.advance(5)
    group = server.post("/api/v1/assets/groups", {"name": "g", "group_name": "g"}).json()["data"]["id"]
    asset = {"group_id": group, "asset_type": "Image", "url": "https://example.com/a.png", "name": "a"}
    for _ in range(2):
        response = server.post("/api/v1/assets", asset)
        assert response.status_code == 200
    assert server.post("/api/v1/assets/delete", {"id": response.json()["data"]["id"]}).status_code == 200
    server.get(f"/v1/videos/{server.order_opeai()}")


def restore(server: Any, document: Any) -> Any:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return server.ask("PUT", "/_mock/snapshot", key=None, content=content)


def test_a_snapshot_restores_the_state(frozen_server: Any) -> None:
    fill_state(frozen_server)
    before = views(frozen_server)
    frozen_server.order_opeai(key="sk_third")
    frozen_server.ask("POST", "/_mock/clock", key=None, json={"advance": 999})
    frozen_server.ask("DELETE", "/_mock/fates", key=None)
    assert restore(frozen_server, before["snapshot"]).status_code == 200
    assert views(frozen_server) == before


def test_everything_after_a_restore_happens_as_before(frozen_server: Any) -> None:
    fill_state(frozen_server)
    before = frozen_server.get("/_mock/snapshot", key=None).content

    def next_results() -> list[str]:
        return [
            frozen_server.order_opeai(),
            frozen_server.order_apimodels(),
            *(task["fate"] for task in views(frozen_server)["tasks"]["tasks"]),
        ]

    first = next_results()
    restore(frozen_server, before)
    assert next_results() == first


def test_a_snapshot_can_be_restored_on_another_server(start_server: StartServer) -> None:
    source = start_server(pace="fast", seed=1)
    fill_state(source)
    target = start_server("on a socket", pace="fast", seed=2)
    assert restore(target, source.get("/_mock/snapshot", key=None).content).status_code == 200
    assert views(target) == views(source)
    assert source.order_opeai() == target.order_opeai()
    task_id = source.order_apimodels(key="sk_mine")
    assert (source.clock.now(), task_id) == (target.clock.now(), target.order_apimodels(key="sk_mine"))


def test_a_missing_uploaded_file_is_left_out(start_server: StartServer, picture: Callable[..., bytes]) -> None:
    source, target = start_server(), start_server()
    url = source.post_file(picture())
    frame = {"type": "image_url", "role": "first_frame", "image_url": {"url": url}}
    task_id = source.order_opeai(input_reference={"content": [frame]})
    snapshot = source.get("/_mock/snapshot", key=None)
    assert "/sources" not in snapshot.text
    assert restore(target, snapshot.content).status_code == 200
    assert target.get(f"/v1/videos/{task_id}/content").status_code == 200
    (source_records,), (target_records,) = (
        server.get("/_mock/snapshot", key=None).json()["accounts"] for server in (source, target)
    )
    assert (source_records["tasks"][0]["first"] is None, target_records["tasks"][0]["first"]) == (False, None)


def changed(change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    def change_document(document: bytes) -> bytes:
        state = json.loads(document)
        change(state)
        return json.dumps(state).encode()

    return change_document


MALFORMED: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "not JSON": lambda document: document[:-1],
    "not UTF-8": lambda _: b"\xff",
    "another version": changed(lambda state: state.update(version=3)),
    "no version": changed(lambda state: state.pop("version")),
    "a version in words": changed(lambda state: state.update(version="two")),
    "an unknown field": changed(lambda state: state.update(colour="red")),
    "no journal": changed(lambda state: state.pop("journal")),
    "an unknown status": changed(lambda state: state["accounts"][0]["tasks"][0]["phases"][0].update(status="X")),
    "a task without phases": changed(lambda state: state["accounts"][0]["tasks"][0].update(phases=[])),
    "a task twice": changed(lambda state: state["accounts"][0]["tasks"].append(state["accounts"][0]["tasks"][0])),
    "an account twice": changed(lambda state: state["accounts"].append(state["accounts"][0])),
    "a task of another account": changed(lambda state: state["accounts"][0].update(account="key-else")),
    "an invalid fate": changed(lambda state: state["fates"]["rules"][0]["rule"].update(fate="explode")),
    "an invalid default": changed(lambda state: state["fates"].update(default="explode")),
    "an invalid fault": changed(lambda state: state["faults"]["rules"][0]["rule"].update(fault="explode")),
    "an invalid limit": changed(lambda state: state["limits"][0][1].update(rate=0)),
    "invalid media": changed(lambda state: state["media"][0].update(kind="smell")),
    "media without a URL": changed(lambda state: state["media"][0].pop("url")),
    "a negative grant": changed(lambda state: state["grants"][0].__setitem__(2, "-1")),
    "a grant for an unknown upstream": changed(lambda state: state["grants"][0].__setitem__(1, "x")),
    "a negative clock rate": changed(lambda state: state["clock"].update(rate=-1)),
    "a seed of more than 64 bits": changed(lambda state: state.update(seed=10**40)),
    "a path out of the folder": changed(
        lambda state: state["accounts"][0]["tasks"][0].update(first={"path": "../../etc/passwd", "digest": "x"})
    ),
}


@pytest.mark.parametrize("change_document", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_snapshot_changes_nothing(frozen_server: Any, change_document: Callable[[bytes], bytes]) -> None:
    fill_state(frozen_server)
    before = views(frozen_server)
    response = restore(frozen_server, change_document(frozen_server.get("/_mock/snapshot", key=None).content))
    assert response.status_code == 400, response.text
    assert "allowed" in response.json()["error"]["message"]
    assert views(frozen_server) == before


def test_a_snapshot_of_before_the_keys_were_renamed_is_refused_for_its_version(frozen_server: Any) -> None:
    old = {"version": 1, "seedmock": "0.0.9", "seed": 1, "clock": {"now": 1.0, "rate": 0.0}, "stage": None}
    message = restore(frozen_server, old).json()["error"]["message"]
    assert message.startswith("a snapshot of version 1, saved by seedmock 0.0.9; allowed: version 2, which seedmock ")


def test_a_snapshot_has_no_api_key(frozen_server: Any) -> None:
    fill_state(frozen_server)
    assert "sk_" not in frozen_server.get("/_mock/snapshot", key=None).text.replace("task_", "")


def test_restoring_an_older_snapshot_deactivates_the_scenario(frozen_server: Any) -> None:
    before = frozen_server.get("/_mock/snapshot", key=None).content
    name = frozen_server.get("/_mock/scenarios", key=None).json()["scenarios"][0]["name"]
    assert frozen_server.ask("PUT", "/_mock/scenario", key=None, json={"name": name}).status_code == 200
    assert restore(frozen_server, before).status_code == 200
    assert frozen_server.get("/_mock/scenario", key=None).json() == {"scenario": None}
    assert frozen_server.get("/_mock/snapshot", key=None).content == before


def test_scheduled_callbacks_are_restored(frozen_server: Any) -> None:
    frozen_server.order_apimodels(callback_url="http://127.0.0.1:9/told")
    snapshot = frozen_server.get("/_mock/snapshot", key=None).content
    frozen_server.ask("POST", "/_mock/reset", key=None)
    restore(frozen_server, snapshot)
    frozen_server.ask("POST", "/_mock/clock", key=None, json={"advance": 2})
    for _ in range(500):  # delivery runs beside the requests, and a refused connection takes a moment
        exchanges = frozen_server.journal()
        if any(exchange["operation"] == "callback" for exchange in exchanges):
            break
        threading.Event().wait(0.01)
    assert [exchange["operation"] for exchange in exchanges][:2] == ["create", "callback"]


def test_an_uploaded_file_is_restored_while_its_bytes_exist(frozen_server: Any, picture: Callable[..., bytes]) -> None:
    link = frozen_server.post_file(picture("red"))
    snapshot = frozen_server.get("/_mock/snapshot", key=None).content
    frozen_server.ask("POST", "/_mock/reset", key=None)
    assert frozen_server.get(link, key=None).status_code == 404
    assert restore(frozen_server, snapshot).status_code == 200
    assert frozen_server.get(link, key=None).content == picture("red")


def test_the_rate_limit_counts_calls_before_the_snapshot(start_server: StartServer) -> None:
    server = start_server("in process", rate_limit=2)
    server.get("/api/v1/models")
    snapshot = server.get("/_mock/snapshot", key=None).content
    assert [server.get("/api/v1/models").status_code for _ in range(2)] == [200, 429]
    assert restore(server, snapshot).status_code == 200
    assert [server.get("/api/v1/models").status_code for _ in range(2)] == [200, 429]


def test_the_latency_of_a_scenario_is_restored(frozen_server: Any) -> None:
    slow = (
        b'[scenario]\ntitle = "Slow"\ndescription = "Slow."\nlink = "https://example.com/"\n[latency]\nfixed = "60s"\n'
    )
    assert frozen_server.ask("PUT", "/_mock/scenario", key=None, content=slow).status_code == 200
    snapshot = frozen_server.get("/_mock/snapshot", key=None).content
    frozen_server.ask("DELETE", "/_mock/scenario", key=None)
    assert restore(frozen_server, snapshot).status_code == 200
    task_id = frozen_server.order_opeai()
    frozen_server.clock.advance(30)
    assert frozen_server.query_opeai(task_id)["status"] == "IN_PROGRESS"
    frozen_server.clock.advance(30)
    assert frozen_server.query_opeai(task_id)["status"] == "SUCCESS"
