"""Where the truth is unknown: each option changes what it says and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.upstreams import contracts

Open = Callable[..., Any]
DAY = 86400.0
CALLS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {}
FIELDS = ("status", "body", "basis", "allow", "length")


def call(name: str) -> Callable[[Callable[[Any, dict[str, Any]], Any]], None]:
    def kept(ask: Callable[[Any, dict[str, Any]], Any]) -> None:
        CALLS[name] = ask

    return kept


@call("B: create")
def _(door: Any, made: dict[str, Any]) -> Any:
    answer = door.post("/v1/videos", made["order"])
    made["b"] = answer.json()["id"]
    return answer


call("B: create with size and resolution + ratio")(
    lambda door, made: door.post("/v1/videos", {**made["order"], "resolution": "480p", "ratio": "16:9"})
)
call("B: create with a seed")(lambda door, made: door.post("/v1/videos", {**made["order"], "seed": 3}))
call("B: create without a prompt")(lambda door, made: door.post("/v1/videos", {**made["order"], "prompt": ""}))
call("B: create with an unknown model")(lambda door, made: door.post("/v1/videos", {**made["order"], "model": "x"}))
call("B: create with bad input")(
    lambda door, made: door.post("/v1/videos", files=[("input_reference", ("a.png", b"x")), *made["form"]])
)
call("B: create without a key")(lambda door, made: door.post("/v1/videos", made["order"], key=None))
call("B: create with broken JSON")(lambda door, made: door.post("/v1/videos", content=b"{"))
call("B: query, queued")(lambda door, made: door.get(f"/v1/videos/{made['b']}"))
call("B: query of no task")(lambda door, made: door.get("/v1/videos/x"))
call("B: content of no task")(lambda door, made: door.get("/v1/videos/x/content"))
call("B: content, queued")(lambda door, made: door.get(f"/v1/videos/{made['b']}/content"))
call("A: balance at first")(lambda door, made: door.get("/v1/balance"))


@call("A: create")
def _(door: Any, made: dict[str, Any]) -> Any:
    order = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "Rain", "duration": 4, "aspect_ratio": "9:16"}
    answer = door.post("/v1/video/generations", {**order, "generate_audio": False, "seed": 3})
    data = answer.json()["data"]
    made["a"] = data.get("taskId") or data["task_id"]
    return answer


@call("A: create that will fail")
def _(door: Any, made: dict[str, Any]) -> Any:
    order = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "Rain", "first_frame_url": "http://10.0.0.1/a"}
    answer = door.post("/v1/video/generations", order)
    data = answer.json()["data"]
    made["failing"] = data.get("taskId") or data["task_id"]
    return answer


call("A: query, queued")(lambda door, made: door.get(f"/v1/video/generations?task_id={made['a']}"))
call("A: query of no task")(lambda door, made: door.get("/v1/video/generations?task_id=x"))
call("A: create without a model")(lambda door, made: door.post("/v1/video/generations", {}))
call("A: create without a key")(lambda door, made: door.post("/v1/video/generations", {}, key=None))
call("A: nowhere")(lambda door, made: door.get("/api/v1/nowhere"))
call("A: wrong method")(lambda door, made: door.ask("PUT", "/api/v1/assets"))
call("A: group")(lambda door, made: door.post("/v1/assets/groups", {"name": "cast"}))
call("A: groups")(lambda door, made: door.get("/v1/assets/groups"))


@call("A: asset")
def _(door: Any, made: dict[str, Any]) -> Any:
    asset = {"url": "https://media.example.org/a.png", "asset_type": "Image", "group_id": 1}
    answer = door.post("/v1/assets", asset)
    made["asset"] = answer.json()["data"]["id"]
    return answer


call("A: asset, at once")(lambda door, made: door.post("/v1/assets/get", {"id": made["asset"]}))
call("A: create from the asset, at once")(
    lambda door, made: door.post(
        "/v1/video/generations",
        {"model": "seedance2-a/seedance-2.0-mini", "reference_image_urls": [f"asset://{made['asset']}"]},
    )
)


def _later(door: Any, seconds: float, ask: Callable[[], Any]) -> Any:
    door.clock.advance(seconds)
    return ask()


call("B: query, in progress")(lambda door, made: _later(door, 1, lambda: door.get(f"/v1/videos/{made['b']}")))
call("B: content, in progress")(lambda door, made: door.get(f"/v1/videos/{made['b']}/content"))
call("A: query, in progress")(lambda door, made: door.get(f"/v1/video/generations?task_id={made['a']}"))
call("B: query, done")(lambda door, made: _later(door, 1, lambda: door.get(f"/v1/videos/{made['b']}")))
call("B: content")(lambda door, made: door.get(f"/v1/videos/{made['b']}/content"))
call("B: content in part")(
    lambda door, made: door.get(f"/v1/videos/{made['b']}/content", headers={"Range": "bytes=0-9"})
)
call("B: content out of range")(
    lambda door, made: door.get(f"/v1/videos/{made['b']}/content", headers={"Range": "bytes=99999999-"})
)


@call("A: query, done")
def _(door: Any, made: dict[str, Any]) -> Any:
    answer = door.get(f"/v1/video/generations?task_id={made['a']}")
    data = answer.json()["data"]
    made["link"] = (data.get("resultUrls") or data["videos"])[0]
    return answer


call("A: query, failed")(lambda door, made: door.get(f"/v1/video/generations?task_id={made['failing']}"))
call("A: result")(lambda door, made: door.get(made["link"], key=None))
call("A: result out of range")(
    lambda door, made: door.get(made["link"], key=None, headers={"Range": "bytes=99999999-"})
)
call("A: result that never was")(lambda door, made: door.get(made["link"] + "x", key=None))
call("A: balance")(lambda door, made: door.get("/v1/balance"))
call("A: record")(lambda door, made: door.get(f"/v1/records/{made['a']}"))
call("A: result after its time")(lambda door, made: _later(door, 7 * DAY, lambda: door.get(made["link"], key=None)))

ORDER = {"model": "seedance-2-0-fast", "prompt": "Rain", "size": "640x640", "seconds": "4", "generate_audio": False}


def conversation(door: Any) -> dict[str, tuple[Any, ...]]:
    """Every call and what was answered: status, body (the bytes' number for a clip), and the headers that matter."""
    made: dict[str, Any] = {"order": ORDER, "form": [(name, (None, str(value))) for name, value in ORDER.items()]}
    said = {}
    for name, ask in CALLS.items():
        answer = ask(door, made)
        kept = [answer.headers.get(header) for header in ("x-mock-basis", "allow", "content-range", "accept-ranges")]
        body = answer.json() if answer.headers["content-type"] == "application/json" else len(answer.content)
        said[name] = (answer.status_code, body, *kept)
    return said


B_ERRORS = {
    "B: create without a prompt", "B: create with an unknown model", "B: create with bad input",
    "B: create without a key", "B: create with broken JSON", "B: query of no task", "B: content of no task",
    "B: content, queued", "B: content, in progress", "B: create with size and resolution + ratio",
}  # fmt: skip
B_QUERIES = {"B: query, queued", "B: query, in progress", "B: query, done"}
B_CREATES = {"B: create", "B: create with a seed"}
A_ERRORS = {
    "A: query of no task", "A: create without a model", "A: create without a key", "A: nowhere", "A: wrong method",
    "A: create from the asset, at once",
}  # fmt: skip
CHANGED = {
    "opeai.errors=newapi": B_ERRORS,
    "opeai.status=openai": B_QUERIES | B_CREATES | {"B: content, queued", "B: content, in progress"},
    "opeai.size_with_resolution=accept": {"B: create with size and resolution + ratio"},
    "opeai.seed=ignore": set(),
    "opeai.seed=reject": {"B: create with a seed"},
    "opeai.failure_reason=fail_reason": set(),
    "opeai.failure_reason=none": set(),
    "opeai.progress=percent": B_QUERIES,
    "opeai.range=off": {"B: content", "B: content in part", "B: content out of range"},
    "opeai.no_content=400": set(),
    "opeai.frames=billed": {"B: content", "B: content in part", "B: content out of range"},
    "apimodels.errors=ok": A_ERRORS,
    "apimodels.asset_status=Active": {
        "A: asset", "A: asset, at once", "A: create from the asset, at once", "A: balance",
    },
    "apimodels.keys=legacy": {
        "A: create", "A: create that will fail", "A: query, queued", "A: query, in progress", "A: query, done",
        "A: query, failed",
    },
    "apimodels.moderation=422": set(),
    "apimodels.expired_link=403": {"A: result after its time"},
    "apimodels.expired_link=410": {"A: result after its time"},
    "apimodels.group_list=items": {"A: groups"},
    "apimodels.billing=tokens": {"A: balance", "A: record"},
    "apimodels.frames=billed": {"A: result", "A: result out of range"},
}  # fmt: skip
OPTIONS = [
    f"{variant.id}={option}"
    for said in contracts()
    for variant in said.variants
    for option in variant.options
    if option != variant.default
]


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, tuple[Any, ...]]]:
    """The conversation under the defaults, once."""
    return {}


def test_every_option_of_every_variant_is_told_of_here() -> None:
    assert sorted(CHANGED) == sorted(OPTIONS)


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_changes_what_it_says_and_nothing_else(open_door: Open, told: dict[str, Any], option: str) -> None:
    if not told:
        told.update(conversation(open_door(pace="fast")))
    name, _, chosen = option.partition("=")
    other = conversation(open_door(pace="fast", variants={name: chosen}))
    # An order that one side refuses draws no id, and its followers draw others: ids are no difference.
    changed = {call for call in told if _without_ids(told[call]) != _without_ids(other[call])}
    assert changed == CHANGED[option]


def _without_ids(said: tuple[Any, ...]) -> str:
    return re.sub(r"cl[0-9a-z]{23}|(cgt|asset|group)-\d{14}-\w{5}|\w{32}\.mp4", "ID", repr(said))


def asked(door: Any, path: str, document: Any = None) -> tuple[int, Any]:
    answer = door.get(path) if document is None else door.post(path, document)
    return answer.status_code, answer.json()


def test_the_gateways_envelopes_are_the_observed_ones(open_door: Open) -> None:
    door = open_door(pace="fast", variants={"opeai.errors": "newapi"})
    missing = {"code": "task_not_exist", "message": "task_not_exist", "data": None}
    assert asked(door, "/v1/videos/x") == (400, missing)
    proxy = {"error": {"message": "Task not found", "type": "invalid_request_error"}}
    assert asked(door, "/v1/videos/x/content") == (404, proxy)
    early = {"message": "Task is not completed yet, current status: QUEUED", "type": "invalid_request_error"}
    assert asked(door, f"/v1/videos/{door.order_b()}/content") == (400, {"error": early})
    status, body = asked(door, "/v1/videos", {**ORDER, "model": "x"})
    assert (status, list(body["error"])) == (503, ["message", "type", "code"])
    assert body["error"]["message"] == "No available channel for model x under group default (distributor)"
    status, body = asked(door, "/v1/videos", {**ORDER, "prompt": ""})
    assert (status, list(body), body["code"]) == (400, ["code", "message", "data"], "invalid_request")
    denied = door.get("/v1/videos/x", key=None)
    assert (denied.status_code, denied.json()) == (
        401,
        {"error": {"message": "Invalid token", "type": "new_api_error", "code": ""}},
    )
    nowhere = {"message": "Invalid URL (GET /v1/x)", "type": "invalid_request_error", "param": "", "code": ""}
    assert asked(door, "/v1/x") == (404, {"error": nowhere})


def test_the_words_of_openai_come_with_its_fields(open_door: Open) -> None:
    door = open_door(pace="fast", variants={"opeai.status": "openai"})
    made = door.post("/v1/videos", ORDER).json()
    assert list(made) == ["id", "task_id", "object", "model", "status", "created_at", "progress", "seconds", "size"]
    assert (made["status"], made["progress"], made["seconds"], made["size"]) == ("queued", 0, "4", "640x640")
    seen = []
    for _ in range(3):
        seen.append(door.task_b(made["id"]))
        door.clock.advance(1)
    assert [one["status"] for one in seen] == ["queued", "in_progress", "completed"]
    assert [one["progress"] for one in seen] == [0, 50, 100]
    assert [one["completed_at"] for one in seen] == [None, None, made["created_at"] + 2]
    for one in seen:
        assert (one["seconds"], one["size"], one["object"], one["error"]) == ("4", "640x640", "video", None)


def test_progress_in_per_cent_is_a_text_among_the_documented_keys(open_door: Open) -> None:
    door = open_door(pace="fast", variants={"opeai.progress": "percent"})
    task_id = door.order_b()
    door.clock.advance(1)
    body = door.task_b(task_id)
    assert (body["progress"], body["status"]) == ("50%", "IN_PROGRESS")
    assert list(body) == sorted(body)


def test_an_ignored_seed_decides_nothing(open_door: Open) -> None:
    door = open_door(variants={"opeai.seed": "ignore"})
    tags = {door.ask("HEAD", f"/v1/videos/{door.order_b(seed=3)}/content").headers["etag"] for _ in range(2)}
    assert len(tags) == 2


def test_size_wins_where_both_are_accepted(open_door: Open) -> None:
    door = open_door(variants={"opeai.size_with_resolution": "accept"})
    assert door.task_b(door.order_b(size="640x640", resolution="720p", ratio="16:9"))["size"] == "640x640"


def test_without_ranges_the_whole_clip_is_sent_and_none_are_offered(open_door: Open) -> None:
    door = open_door(variants={"opeai.range": "off"})
    path = f"/v1/videos/{door.order_b()}/content"
    whole, part = door.get(path), door.get(path, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content, part.headers["accept-ranges"]) == (200, whole.content, "none")


@pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
def test_the_frame_that_the_bill_counts_is_in_the_clip_when_it_is_asked_for(
    open_door: Open, watch: Callable[[bytes], dict[str, Any]], upstream: str
) -> None:
    door = open_door(variants={f"{upstream}.frames": "billed"})
    path = f"/v1/videos/{door.order_b()}/content"
    if upstream == "apimodels":
        path = door.task_a(door.order_a())["resultUrls"][0]
    assert watch(door.get(path).content)["frames"] == 97


def test_errors_as_http_200_carry_the_code_in_the_body(open_door: Open) -> None:
    door = open_door(variants={"apimodels.errors": "ok"})
    answer = door.get("/api/v1/video/generations?task_id=x")
    assert (answer.status_code, answer.json()) == (200, {"code": 404, "msg": "task not found", "data": None})
    assert door.get("/v1/balance", key=None).json()["code"] == 401
    assert door.get("/v1/videos/x").status_code == 404


def test_a_result_links_errors_are_statuses_under_every_option(open_door: Open) -> None:
    door = open_door(variants={"apimodels.errors": "ok"})
    assert door.get("/_mock/results/x/y.mp4", key=None).status_code == 404


def test_an_asset_that_is_active_at_once_can_be_used_at_once(open_door: Open) -> None:
    door = open_door(pace="fast", variants={"apimodels.asset_status": "Active"})
    door.post("/v1/assets/groups", {"name": "cast"})
    asset = {"url": "https://media.example.org/a.png", "asset_type": "Image", "group_id": 1}
    made = door.post("/v1/assets", asset).json()["data"]
    assert made["status"] == door.post("/v1/assets/get", {"id": made["id"]}).json()["data"]["status"] == "Active"
    assert door.order_a(reference_image_urls=[made["asset_url"]])


def test_tokens_are_billed_at_the_price_that_the_page_implies(open_door: Open) -> None:
    door = open_door(variants={"apimodels.billing": "tokens"})
    door.order_a(aspect_ratio="16:9", duration=5)
    tokens, price = 1280 * 720 * (24 * 5 + 1) // 1024, 0.073 * 1e6 / (1280 * 720 * 24 / 1024)
    assert door.balance() == pytest.approx(1000 - tokens * price / 1e6, abs=1e-5)


def test_the_variants_in_force_can_be_read(open_door: Open) -> None:
    door = open_door(variants={"opeai.seed": "ignore"})
    rows = {row["id"]: row for row in door.get("/_mock/variants", key=None).json()}
    assert rows["opeai.seed"]["option"] == "ignore"
    assert rows["opeai.status"]["option"] == rows["opeai.status"]["default"] == "documented"
    assert all(row["description"] and row["source"] for row in rows.values())
