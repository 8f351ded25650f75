"""Variants: each option changes the responses that it is about, and no others."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.upstreams import contracts

StartServer = Callable[..., Any]
DAY = 86400.0
CALLS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {}
FIELDS = ("status", "body", "basis", "allow", "length")


def call(name: str) -> Callable[[Callable[[Any, dict[str, Any]], Any]], None]:
    def register(send: Callable[[Any, dict[str, Any]], Any]) -> None:
        CALLS[name] = send

    return register


@call("opeai: create")
def _(server: Any, state: dict[str, Any]) -> Any:
    answer = server.post("/v1/videos", state["order"])
    state["opeai_task"] = answer.json()["id"]
    return answer


call("opeai: create with size and resolution + ratio")(
    lambda server, state: server.post("/v1/videos", {**state["order"], "resolution": "480p", "ratio": "16:9"})
)
call("opeai: create with a seed")(lambda server, state: server.post("/v1/videos", {**state["order"], "seed": 3}))
call("opeai: create without a prompt")(
    lambda server, state: server.post("/v1/videos", {**state["order"], "prompt": ""})
)
call("opeai: create with an unknown model")(
    lambda server, state: server.post("/v1/videos", {**state["order"], "model": "x"})
)
call("opeai: create with bad input")(
    lambda server, state: server.post("/v1/videos", files=[("input_reference", ("a.png", b"x")), *state["form"]])
)
call("opeai: create without a key")(lambda server, state: server.post("/v1/videos", state["order"], key=None))
call("opeai: create with broken JSON")(lambda server, state: server.post("/v1/videos", content=b"{"))
call("opeai: query, queued")(lambda server, state: server.get(f"/v1/videos/{state['opeai_task']}"))
call("opeai: query of no task")(lambda server, state: server.get("/v1/videos/x"))
call("opeai: content of no task")(lambda server, state: server.get("/v1/videos/x/content"))
call("opeai: content, queued")(lambda server, state: server.get(f"/v1/videos/{state['opeai_task']}/content"))
call("apimodels: balance at first")(lambda server, state: server.get("/v1/balance"))


@call("apimodels: create")
def _(server: Any, state: dict[str, Any]) -> Any:
    order = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "Rain", "duration": 4, "aspect_ratio": "9:16"}
    answer = server.post("/v1/video/generations", {**order, "generate_audio": False, "seed": 3})
    data = answer.json()["data"]
    state["apimodels_task"] = data.get("taskId") or data["task_id"]
    return answer


@call("apimodels: create that will fail")
def _(server: Any, state: dict[str, Any]) -> Any:
    order = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "Rain", "first_frame_url": "http://10.0.0.1/a"}
    answer = server.post("/v1/video/generations", order)
    data = answer.json()["data"] or {}
    state["failing"] = data.get("taskId") or data.get("task_id", "")
    return answer


call("apimodels: query, queued")(
    lambda server, state: server.get(f"/v1/video/generations?task_id={state['apimodels_task']}")
)
call("apimodels: query of no task")(lambda server, state: server.get("/v1/video/generations?task_id=x"))
call("apimodels: create without a model")(lambda server, state: server.post("/v1/video/generations", {}))
call("apimodels: create without a key")(lambda server, state: server.post("/v1/video/generations", {}, key=None))
call("apimodels: nowhere")(lambda server, state: server.get("/api/v1/nowhere"))
call("apimodels: wrong method")(lambda server, state: server.ask("PUT", "/api/v1/assets"))
call("apimodels: group")(lambda server, state: server.post("/v1/assets/groups", {"name": "cast"}))
call("apimodels: groups")(lambda server, state: server.get("/v1/assets/groups"))


@call("apimodels: asset")
def _(server: Any, state: dict[str, Any]) -> Any:
    asset = {"url": "https://media.example.org/a.png", "asset_type": "Image", "group_id": 1}
    answer = server.post("/v1/assets", asset)
    state["asset"] = answer.json()["data"]["id"]
    return answer


call("apimodels: asset, at once")(lambda server, state: server.post("/v1/assets/get", {"id": state["asset"]}))
call("apimodels: create from the asset, at once")(
    lambda server, state: server.post(
        "/v1/video/generations",
        {"model": "seedance2-a/seedance-2.0-mini", "reference_image_urls": [f"asset://{state['asset']}"]},
    )
)


def _later(server: Any, seconds: float, ask: Callable[[], Any]) -> Any:
    server.clock.advance(seconds)
    return ask()


call("opeai: query, in progress")(
    lambda server, state: _later(server, 1, lambda: server.get(f"/v1/videos/{state['opeai_task']}"))
)
call("opeai: content, in progress")(lambda server, state: server.get(f"/v1/videos/{state['opeai_task']}/content"))
call("apimodels: query, in progress")(
    lambda server, state: server.get(f"/v1/video/generations?task_id={state['apimodels_task']}")
)
call("opeai: query, done")(
    lambda server, state: _later(server, 1, lambda: server.get(f"/v1/videos/{state['opeai_task']}"))
)
call("opeai: content")(lambda server, state: server.get(f"/v1/videos/{state['opeai_task']}/content"))
call("opeai: content in part")(
    lambda server, state: server.get(f"/v1/videos/{state['opeai_task']}/content", headers={"Range": "bytes=0-9"})
)
call("opeai: content out of range")(
    lambda server, state: server.get(f"/v1/videos/{state['opeai_task']}/content", headers={"Range": "bytes=99999999-"})
)


@call("apimodels: query, done")
def _(server: Any, state: dict[str, Any]) -> Any:
    answer = server.get(f"/v1/video/generations?task_id={state['apimodels_task']}")
    data = answer.json()["data"]
    state["link"] = (data.get("resultUrls") or data["videos"])[0]
    return answer


call("apimodels: query, failed")(lambda server, state: server.get(f"/v1/video/generations?task_id={state['failing']}"))
call("apimodels: result")(lambda server, state: server.get(state["link"], key=None))
call("apimodels: result out of range")(
    lambda server, state: server.get(state["link"], key=None, headers={"Range": "bytes=99999999-"})
)
call("apimodels: result that never was")(lambda server, state: server.get(state["link"] + "x", key=None))
call("apimodels: balance")(lambda server, state: server.get("/v1/balance"))
call("apimodels: record")(lambda server, state: server.get(f"/v1/records/{state['apimodels_task']}"))
call("apimodels: result after its time")(
    lambda server, state: _later(server, 7 * DAY, lambda: server.get(state["link"], key=None))
)

REFERENCES = {
    "a picture on a private host": ("image", "http://10.0.0.1/a.png"),
    "a video as data": ("video", "data:video/mp4;base64,AAAA"),
    "an AVIF": ("image", "https://mock.test/image.avif"),
    "a video in 4k": ("video", "https://mock.test/video-4k.mp4"),
    "a video of wide pixels": ("video", "https://mock.test/video-wide-pixels.mp4"),
    "a video in AV1": ("video", "https://mock.test/video-av1.mp4"),
    "a video of 51 MB": ("video", "https://mock.test/video-51mb.mp4"),
}


def create_with(kind: str, url: str) -> dict[str, Callable[[Any, dict[str, Any]], Any]]:
    """Orders of both upstreams with one reference."""
    item = {"type": f"{kind}_url", f"{kind}_url": {"url": url}}
    flat = {"model": "seedance2-a/seedance-2.0-mini", "prompt": "Rain", f"reference_{kind}_urls": [url]}
    return {
        "opeai": lambda server, state: server.post(
            "/v1/videos", {**state["order"], "input_reference": {"content": [item]}}
        ),
        "apimodels": lambda server, state: server.post("/v1/video/generations", flat),
    }


# At the end: an order that only one side accepts changes the balance.
for description, reference in REFERENCES.items():
    for upstream, send_order in create_with(*reference).items():
        call(f"{upstream}: create with {description}")(send_order)

ORDER = {"model": "seedance-2-0-fast", "prompt": "Rain", "size": "640x640", "seconds": "4", "generate_audio": False}


def run_calls(server: Any) -> dict[str, tuple[Any, ...]]:
    """The response to every call: status, body (for a clip its length), and the headers that matter."""
    state: dict[str, Any] = {"order": ORDER, "form": [(name, (None, str(value))) for name, value in ORDER.items()]}
    responses = {}
    for name, send in CALLS.items():
        response = send(server, state)
        header_values = [
            response.headers.get(header) for header in ("x-mock-basis", "allow", "content-range", "accept-ranges")
        ]
        body = response.json() if response.headers["content-type"] == "application/json" else len(response.content)
        responses[name] = (response.status_code, body, *header_values)
    return responses


OPEAI_ERRORS = {
    "opeai: create without a prompt",
    "opeai: create with an unknown model",
    "opeai: create with bad input",
    "opeai: create without a key",
    "opeai: create with broken JSON",
    "opeai: query of no task",
    "opeai: content of no task",
    "opeai: content, queued",
    "opeai: content, in progress",
    "opeai: create with size and resolution + ratio",
    "opeai: create with a video as data",
    "opeai: create with an AVIF",
    "opeai: create with a video in AV1",
    "opeai: create with a video of 51 MB",
}
OPEAI_QUERIES = {"opeai: query, queued", "opeai: query, in progress", "opeai: query, done"}
OPEAI_CREATES = {
    "opeai: create",
    "opeai: create with a seed",
    "opeai: create with a picture on a private host",
    "opeai: create with a video in 4k",
    "opeai: create with a video of wide pixels",
}
APIMODELS_ERRORS = {
    "apimodels: query of no task",
    "apimodels: create without a model",
    "apimodels: create without a key",
    "apimodels: nowhere",
    "apimodels: wrong method",
    "apimodels: create from the asset, at once",
    "apimodels: create with a video as data",
    "apimodels: create with an AVIF",
    "apimodels: create with a video in AV1",
}
CHANGED = {
    "opeai.video_data=accept": {"opeai: create with a video as data"},
    "opeai.private_hosts=reject": {"opeai: create with a picture on a private host"},
    "opeai.media_limits=older": {"opeai: create with a video in 4k"},
    "opeai.media_limits=off": {"opeai: create with an AVIF", "opeai: create with a video in AV1"},
    "opeai.media_size=stored": {"opeai: create with a video of wide pixels"},
    "apimodels.video_data=accept": {"apimodels: create with a video as data"},
    "apimodels.private_hosts=reject": {
        "apimodels: create that will fail",
        "apimodels: query, failed",
        "apimodels: create with a picture on a private host",
    },
    "apimodels.media_limits=older": {"apimodels: create with a video in 4k", "apimodels: create with a video of 51 MB"},
    "apimodels.media_limits=off": {"apimodels: create with an AVIF", "apimodels: create with a video in AV1"},
    "apimodels.media_size=stored": {"apimodels: create with a video of wide pixels"},
    "opeai.errors=newapi": OPEAI_ERRORS,
    "opeai.status=openai": OPEAI_QUERIES | OPEAI_CREATES | {"opeai: content, queued", "opeai: content, in progress"},
    "opeai.size_with_resolution=accept": {"opeai: create with size and resolution + ratio"},
    "opeai.seed=ignore": set(),
    "opeai.seed=reject": {"opeai: create with a seed"},
    "opeai.failure_reason=fail_reason": set(),
    "opeai.failure_reason=none": set(),
    "opeai.progress=percent": OPEAI_QUERIES,
    "opeai.range=off": {"opeai: content", "opeai: content in part", "opeai: content out of range"},
    "opeai.no_content=400": set(),
    "opeai.frames=billed": {"opeai: content", "opeai: content in part", "opeai: content out of range"},
    "apimodels.errors=ok": APIMODELS_ERRORS,
    "apimodels.asset_status=Active": {
        "apimodels: asset",
        "apimodels: asset, at once",
        "apimodels: create from the asset, at once",
        "apimodels: balance",
    },
    "apimodels.keys=legacy": {
        "apimodels: create",
        "apimodels: create that will fail",
        "apimodels: create with a picture on a private host",
        "apimodels: create with a video in 4k",
        "apimodels: create with a video of wide pixels",
        "apimodels: create with a video of 51 MB",
        "apimodels: query, queued",
        "apimodels: query, in progress",
        "apimodels: query, done",
        "apimodels: query, failed",
    },
    "apimodels.moderation=422": set(),
    "apimodels.expired_link=403": {"apimodels: result after its time"},
    "apimodels.expired_link=410": {"apimodels: result after its time"},
    "apimodels.group_list=items": {"apimodels: groups"},
    "apimodels.billing=tokens": {"apimodels: balance", "apimodels: record"},
    "apimodels.frames=billed": {"apimodels: result", "apimodels: result out of range"},
}
OPTIONS = [
    f"{variant.id}={option}"
    for contract in contracts()
    for variant in contract.variants
    for option in variant.options
    if option != variant.default
]


@pytest.fixture(scope="module")
def default_responses() -> dict[str, dict[str, tuple[Any, ...]]]:
    """Responses under the default options, filled by the first test that needs them."""
    return {}


def test_every_option_of_every_variant_is_tested_here() -> None:
    assert sorted(CHANGED) == sorted(OPTIONS)


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_changes_only_the_responses_that_it_is_about(
    start_server: StartServer, default_responses: dict[str, Any], option: str
) -> None:
    if not default_responses:
        default_responses.update(run_calls(start_server(pace="fast")))
    name, _, value = option.partition("=")
    responses = run_calls(start_server(pace="fast", variants={name: value}))
    # An order that only one side accepts shifts the ids of those after it: ids are no difference.
    changed = {
        call for call in default_responses if _without_ids(default_responses[call]) != _without_ids(responses[call])
    }
    assert changed == CHANGED[option]


def _without_ids(response: tuple[Any, ...]) -> str:
    return re.sub(r"cl[0-9a-z]{23}|(cgt|asset|group)-\d{14}-\w{5}|\w{32}\.mp4", "ID", repr(response))


def request_json(server: Any, path: str, document: Any = None) -> tuple[int, Any]:
    answer = server.get(path) if document is None else server.post(path, document)
    return answer.status_code, answer.json()


def test_the_gateway_s_envelopes_are_the_observed_ones(start_server: StartServer) -> None:
    server = start_server(pace="fast", variants={"opeai.errors": "newapi"})
    missing = {"code": "task_not_exist", "message": "task_not_exist", "data": None}
    assert request_json(server, "/v1/videos/x") == (400, missing)
    proxy = {"error": {"message": "Task not found", "type": "invalid_request_error"}}
    assert request_json(server, "/v1/videos/x/content") == (404, proxy)
    early = {"message": "Task is not completed yet, current status: QUEUED", "type": "invalid_request_error"}
    assert request_json(server, f"/v1/videos/{server.order_opeai()}/content") == (400, {"error": early})
    status, body = request_json(server, "/v1/videos", {**ORDER, "model": "x"})
    assert (status, list(body["error"])) == (503, ["message", "type", "code"])
    assert body["error"]["message"] == "No available channel for model x under group default (distributor)"
    status, body = request_json(server, "/v1/videos", {**ORDER, "prompt": ""})
    assert (status, list(body), body["code"]) == (400, ["code", "message", "data"], "invalid_request")
    denied = server.get("/v1/videos/x", key=None)
    assert (denied.status_code, denied.json()) == (
        401,
        {"error": {"message": "Invalid token", "type": "new_api_error", "code": ""}},
    )
    nowhere = {"message": "Invalid URL (GET /v1/x)", "type": "invalid_request_error", "param": "", "code": ""}
    assert request_json(server, "/v1/x") == (404, {"error": nowhere})


def test_statuses_as_openai_spells_them_come_with_its_fields(start_server: StartServer) -> None:
    server = start_server(pace="fast", variants={"opeai.status": "openai"})
    created = server.post("/v1/videos", ORDER).json()
    assert list(created) == ["id", "task_id", "object", "model", "status", "created_at", "progress", "seconds", "size"]
    assert (created["status"], created["progress"], created["seconds"], created["size"]) == (
        "queued",
        0,
        "4",
        "640x640",
    )
    queries = []
    for _ in range(3):
        queries.append(server.query_opeai(created["id"]))
        server.clock.advance(1)
    assert [query["status"] for query in queries] == ["queued", "in_progress", "completed"]
    assert [query["progress"] for query in queries] == [0, 50, 100]
    assert [query["completed_at"] for query in queries] == [None, None, created["created_at"] + 2]
    for query in queries:
        assert (query["seconds"], query["size"], query["object"], query["error"]) == ("4", "640x640", "video", None)


def test_progress_in_per_cent_is_a_string_among_the_documented_keys(start_server: StartServer) -> None:
    server = start_server(pace="fast", variants={"opeai.progress": "percent"})
    task_id = server.order_opeai()
    server.clock.advance(1)
    body = server.query_opeai(task_id)
    assert (body["progress"], body["status"]) == ("50%", "IN_PROGRESS")
    assert list(body) == sorted(body)


def test_an_ignored_seed_decides_nothing(start_server: StartServer) -> None:
    server = start_server(variants={"opeai.seed": "ignore"})
    tags = {server.ask("HEAD", f"/v1/videos/{server.order_opeai(seed=3)}/content").headers["etag"] for _ in range(2)}
    assert len(tags) == 2


def test_size_wins_where_both_are_accepted(start_server: StartServer) -> None:
    server = start_server(variants={"opeai.size_with_resolution": "accept"})
    assert server.query_opeai(server.order_opeai(size="640x640", resolution="720p", ratio="16:9"))["size"] == "640x640"


def test_without_ranges_the_whole_clip_is_sent_and_none_are_offered(start_server: StartServer) -> None:
    server = start_server(variants={"opeai.range": "off"})
    path = f"/v1/videos/{server.order_opeai()}/content"
    whole, part = server.get(path), server.get(path, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content, part.headers["accept-ranges"]) == (200, whole.content, "none")


@pytest.mark.parametrize("upstream", ["opeai", "apimodels"])
def test_the_billed_extra_frame_is_in_the_clip_under_its_option(
    start_server: StartServer, watch: Callable[[bytes], dict[str, Any]], upstream: str
) -> None:
    server = start_server(variants={f"{upstream}.frames": "billed"})
    path = f"/v1/videos/{server.order_opeai()}/content"
    if upstream == "apimodels":
        path = server.query_apimodels(server.order_apimodels())["resultUrls"][0]
    assert watch(server.get(path).content)["frames"] == 97


def test_errors_as_http_200_carry_the_code_in_the_body(start_server: StartServer) -> None:
    server = start_server(variants={"apimodels.errors": "ok"})
    answer = server.get("/api/v1/video/generations?task_id=x")
    assert (answer.status_code, answer.json()) == (200, {"code": 404, "msg": "task not found", "data": None})
    assert server.get("/v1/balance", key=None).json()["code"] == 401
    assert server.get("/v1/videos/x").status_code == 404


def test_errors_of_result_links_are_statuses_under_every_option(start_server: StartServer) -> None:
    server = start_server(variants={"apimodels.errors": "ok"})
    assert server.get("/_mock/results/x/y.mp4", key=None).status_code == 404


def test_an_asset_that_is_active_at_once_can_be_used_at_once(start_server: StartServer) -> None:
    server = start_server(pace="fast", variants={"apimodels.asset_status": "Active"})
    server.post("/v1/assets/groups", {"name": "cast"})
    asset = {"url": "https://media.example.org/a.png", "asset_type": "Image", "group_id": 1}
    created = server.post("/v1/assets", asset).json()["data"]
    assert (
        created["status"] == server.post("/v1/assets/get", {"id": created["id"]}).json()["data"]["status"] == "Active"
    )
    assert server.order_apimodels(reference_image_urls=[created["asset_url"]])


def test_tokens_are_billed_at_the_price_that_the_page_implies(start_server: StartServer) -> None:
    server = start_server(variants={"apimodels.billing": "tokens"})
    server.order_apimodels(aspect_ratio="16:9", duration=5)
    tokens, price = 1280 * 720 * (24 * 5 + 1) // 1024, 0.073 * 1e6 / (1280 * 720 * 24 / 1024)
    assert server.balance() == pytest.approx(1000 - tokens * price / 1e6, abs=1e-5)


def test_the_variants_in_force_can_be_read(start_server: StartServer) -> None:
    server = start_server(variants={"opeai.seed": "ignore"})
    rows = {row["id"]: row for row in server.get("/_mock/variants", key=None).json()}
    assert rows["opeai.seed"]["option"] == "ignore"
    assert rows["opeai.status"]["option"] == rows["opeai.status"]["default"] == "documented"
    assert all(row["description"] and row["source"] for row in rows.values())
