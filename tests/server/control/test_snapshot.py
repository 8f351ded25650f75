"""The state as one document: taken, put back, forked, and refused whole when it is broken."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

Tell = Callable[..., Any]
Open = Callable[..., Any]
VIEWS = ("clock", "fates", "faults", "limits", "media", "ledger", "tasks", "journal")


def views(door: Any) -> dict[str, Any]:
    return {name: door.get(f"/_mock/{name}", key=None).json() for name in (*VIEWS, "snapshot")}


def lived(door: Any) -> None:
    """A little of everything."""

    def tell(path: str, order: Any, method: str = "POST") -> None:
        assert door.ask(method, f"/_mock/{path}", key=None, json=order).status_code < 300

    tell("fates", {"match": {"prompt": "cat", "times": 2}, "fate": "moderated after=123456.789s"})
    tell("fates", {"fate": [{"fate": "stuck", "weight": 1}, {"fate": "succeed", "weight": 3}]})
    tell("fates/default", {"fate": "slow", "key": "sk_mine"}, "PUT")
    tell("faults", {"match": {"nth": 99}, "fault": "status code=502"})
    tell("limits", {"rate": 1000, "key": "sk_mine"}, "PUT")
    tell("credit", {"amount": "100.5", "key": "sk_mine"}, "PUT")
    tell("media", {"url": "https://example.com/b.png", "kind": "image", "width": 640, "height": 640}, "PUT")
    tell("clock", {"advance": 60, "key": "sk_mine"})
    for prompt in ("a cat", "a dog"):
        door.order_b(prompt=prompt)
        door.order_a(key="sk_mine", prompt=prompt)
    door.clock.advance(5)
    group = door.post("/api/v1/assets/groups", {"name": "g", "group_name": "g"}).json()["data"]["id"]
    asset = {"group_id": group, "asset_type": "Image", "url": "https://example.com/a.png", "name": "a"}
    for _ in range(2):
        made = door.post("/api/v1/assets", asset)
        assert made.status_code == 200
    assert door.post("/api/v1/assets/delete", {"id": made.json()["data"]["id"]}).status_code == 200
    door.get(f"/v1/videos/{door.order_b()}")


def put(door: Any, document: Any) -> Any:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return door.ask("PUT", "/_mock/snapshot", key=None, content=content)


def test_a_state_is_put_back_as_it_was(still: Any) -> None:
    lived(still)
    before = views(still)
    still.order_b(key="sk_third")
    still.ask("POST", "/_mock/clock", key=None, json={"advance": 999})
    still.ask("DELETE", "/_mock/fates", key=None)
    assert put(still, before["snapshot"]).status_code == 200
    assert views(still) == before


def test_what_happens_after_a_state_was_put_back_happens_again(still: Any) -> None:
    lived(still)
    before = still.get("/_mock/snapshot", key=None).content

    def next_ones() -> list[str]:
        return [still.order_b(), still.order_a(), *(task["fate"] for task in views(still)["tasks"]["tasks"])]

    first = next_ones()
    put(still, before)
    assert next_ones() == first


def test_a_state_can_be_forked_into_another_server(open_door: Open) -> None:
    one = open_door(pace="fast", seed=1)
    lived(one)
    other = open_door("on a socket", pace="fast", seed=2)
    assert put(other, one.get("/_mock/snapshot", key=None).content).status_code == 200
    assert views(other) == views(one)
    assert one.order_b() == other.order_b()
    task_id = one.order_a(key="sk_mine")
    assert (one.clock.now(), task_id) == (other.clock.now(), other.order_a(key="sk_mine"))


def test_a_picture_that_is_not_here_is_done_without(open_door: Open, picture: Callable[..., bytes]) -> None:
    one, other = open_door(), open_door()
    url = one.post_file(picture())
    frame = {"type": "image_url", "role": "first_frame", "image_url": {"url": url}}
    task_id = one.order_b(input_reference={"content": [frame]})
    taken = one.get("/_mock/snapshot", key=None)
    assert "/sources" not in taken.text
    assert put(other, taken.content).status_code == 200
    assert other.get(f"/v1/videos/{task_id}/content").status_code == 200
    (mine,), (theirs,) = (door.get("/_mock/snapshot", key=None).json()["accounts"] for door in (one, other))
    assert (mine["tasks"][0]["first"] is None, theirs["tasks"][0]["first"]) == (False, None)


def spoilt(change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    def spoil(document: bytes) -> bytes:
        read = json.loads(document)
        change(read)
        return json.dumps(read).encode()

    return spoil


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "no JSON": lambda whole: whole[:-1],
    "no text": lambda _: b"\xff",
    "another version": spoilt(lambda read: read.update(version=2)),
    "a word too many": spoilt(lambda read: read.update(colour="red")),
    "no journal": spoilt(lambda read: read.pop("journal")),
    "a status of another world": spoilt(lambda read: read["accounts"][0]["tasks"][0]["phases"][0].update(status="X")),
    "a task without phases": spoilt(lambda read: read["accounts"][0]["tasks"][0].update(phases=[])),
    "a task twice": spoilt(lambda read: read["accounts"][0]["tasks"].append(read["accounts"][0]["tasks"][0])),
    "an account twice": spoilt(lambda read: read["accounts"].append(read["accounts"][0])),
    "another's task": spoilt(lambda read: read["accounts"][0].update(account="key-else")),
    "a fate that is none": spoilt(lambda read: read["fates"]["rules"][0]["rule"].update(fate="explode")),
    "a default that is none": spoilt(lambda read: read["fates"].update(default="explode")),
    "a fault that is none": spoilt(lambda read: read["faults"]["rules"][0]["rule"].update(fault="explode")),
    "a limit that is none": spoilt(lambda read: read["limits"][0][1].update(rate=0)),
    "media that are none": spoilt(lambda read: read["media"][0].update(kind="smell")),
    "media without a URL": spoilt(lambda read: read["media"][0].pop("url")),
    "a grant below nothing": spoilt(lambda read: read["grants"][0].__setitem__(2, "-1")),
    "a grant for nobody": spoilt(lambda read: read["grants"][0].__setitem__(1, "x")),
    "a clock that runs back": spoilt(lambda read: read["clock"].update(rate=-1)),
    "a seed that is too large": spoilt(lambda read: read.update(seed=10**40)),
    "a file of this machine": spoilt(
        lambda read: read["accounts"][0]["tasks"][0].update(first={"path": "../../etc/passwd", "digest": "x"})
    ),
}


@pytest.mark.parametrize("spoil", BROKEN.values(), ids=BROKEN)
def test_a_broken_document_is_refused_whole(still: Any, spoil: Callable[[bytes], bytes]) -> None:
    lived(still)
    before = views(still)
    refused = put(still, spoil(still.get("/_mock/snapshot", key=None).content))
    assert refused.status_code == 400, refused.text
    assert "allowed" in refused.json()["error"]["message"]
    assert views(still) == before


def test_a_snapshot_holds_no_key(still: Any) -> None:
    lived(still)
    assert "sk_" not in still.get("/_mock/snapshot", key=None).text.replace("task_", "")


def test_what_a_scenario_said_goes_with_a_state_that_is_put_back(still: Any) -> None:
    before = still.get("/_mock/snapshot", key=None).content
    name = still.get("/_mock/scenarios", key=None).json()["scenarios"][0]["name"]
    assert still.ask("PUT", "/_mock/scenario", key=None, json={"name": name}).status_code == 200
    assert put(still, before).status_code == 200
    assert still.get("/_mock/scenario", key=None).json() == {"scenario": None}
    assert still.get("/_mock/snapshot", key=None).content == before


def test_a_callback_that_was_expected_is_expected_again(still: Any) -> None:
    still.order_a(callback_url="http://127.0.0.1:9/told")
    taken = still.get("/_mock/snapshot", key=None).content
    still.ask("POST", "/_mock/reset", key=None)
    put(still, taken)
    still.ask("POST", "/_mock/clock", key=None, json={"advance": 2})
    for _ in range(500):  # the courier posts beside the requests: a refused connection takes a moment of its own
        said = still.journal()
        if any(one["operation"] == "callback" for one in said):
            break
        threading.Event().wait(0.01)
    assert [one["operation"] for one in said][:2] == ["create", "callback"]


def test_a_posted_file_is_there_again_while_its_bytes_are(still: Any, picture: Callable[..., bytes]) -> None:
    link = still.post_file(picture("red"))
    taken = still.get("/_mock/snapshot", key=None).content
    still.ask("POST", "/_mock/reset", key=None)
    assert still.get(link, key=None).status_code == 404
    assert put(still, taken).status_code == 200
    assert still.get(link, key=None).content == picture("red")


def test_the_calls_of_the_last_minute_still_count(open_door: Open) -> None:
    door = open_door("in process", rate_limit=2)
    door.get("/api/v1/models")
    taken = door.get("/_mock/snapshot", key=None).content
    assert [door.get("/api/v1/models").status_code for _ in range(2)] == [200, 429]
    assert put(door, taken).status_code == 200
    assert [door.get("/api/v1/models").status_code for _ in range(2)] == [200, 429]


def test_how_long_tasks_take_is_put_back(still: Any) -> None:
    slow = (
        b'[scenario]\ntitle = "Slow"\ndescription = "Slow."\nlink = "https://example.com/"\n[latency]\nfixed = "60s"\n'
    )
    assert still.ask("PUT", "/_mock/scenario", key=None, content=slow).status_code == 200
    taken = still.get("/_mock/snapshot", key=None).content
    still.ask("DELETE", "/_mock/scenario", key=None)
    assert put(still, taken).status_code == 200
    task_id = still.order_b()
    still.clock.advance(30)
    assert still.task_b(task_id)["status"] == "IN_PROGRESS"
    still.clock.advance(30)
    assert still.task_b(task_id)["status"] == "SUCCESS"
