"""Faults on the request: overridden rules and limits, other accounts, missing keys, early content, no-ops."""

from __future__ import annotations

from typing import Any

import pytest

from seedmock_contracts.documents.paths import with_value
from seedmock_contracts.enums import MediaKind, Operation
from seedmock_contracts.facts import MISSING
from seedmock_contracts.generation import Reference
from seedmock_contracts.rules.fields import OneOf
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_harness.driver.sample_media import image_uri, sound_uri
from seedmock_server.faults.rule_overrides import overridden_rule, repaired, violations_with

from ...each_case import each_case

RULES = [
    (contract, operation, rule)
    for contract in contracts()
    for operation, rules in contract.rules.items()
    for rule in rules
]


@each_case("contract, operation, rule", RULES)
def test_every_rule_can_be_switched_off_and_its_order_repaired(contract: Any, operation: Any, rule: Any) -> None:
    document = rule.violating_document(contract.example(operation, rule), contract.request.layout)
    violation = rule.check(document, contract.request.layout.find(document))
    overridden = violations_with(contract, operation, document, [violation], {"fact": rule.fact.id})
    assert overridden == []
    assert isinstance(repaired(contract, operation, document, [violation]), dict)


@pytest.mark.parametrize(
    ("contract", "operation", "rule"),
    [pytest.param(*row, id=row[2].fact.id) for row in RULES if row[1] == "create"],
)
def test_every_order_that_a_switched_off_rule_accepts_is_carried_out(
    socket_server: Any, contract: Any, operation: Any, rule: Any
) -> None:
    socket_server.rule(f"other_limit fact={rule.fact.id}")
    document = rule.violating_document(contract.example(operation, rule), contract.request.layout)
    path = "/v1/videos" if contract.name == "opeai" else "/api/v1/video/generations"
    response = socket_server.ask("POST", path, json=document)
    assert response.status_code in (200, 400)
    assert rule.fact.id != "opeai.create.seconds.range" or response.status_code == 200
    if response.status_code == 200:
        body = response.json()
        task_id = body["id"] if contract.name == "opeai" else body["data"]["taskId"]
        params = {} if contract.name == "opeai" else {"task_id": task_id}
        task = socket_server.ask(
            "GET", f"/v1/videos/{task_id}" if contract.name == "opeai" else path, params=params
        ).json()
        # One upstream takes a URL that it cannot reach, and fails the task.
        ends = ("SUCCESS", "completed", *(("failed",) if rule.fact.id.endswith("host.refused") else ()))
        assert task.get("data", task).get("status", task.get("data", {}).get("state")) in ends


@pytest.mark.parametrize(("values", "seconds", "accepted"), [
    ({"high": 16}, "16", True), ({"high": 16}, "17", False), ({"high": 14}, "15", False), ({"low": 3}, "3", True),
    ({"low": 5}, "4", False), ({}, "99", True),
])  # fmt: skip
def test_a_bound_can_be_overridden(socket_server: Any, values: dict[str, int], seconds: str, accepted: bool) -> None:
    socket_server.rule({"fault": "other_limit", "fact": "opeai.create.seconds.range", **values}, operation="create")
    assert (socket_server.create(seconds=seconds).status_code == 200) is accepted


@pytest.mark.parametrize(("fault", "changes", "code"), [
    ("fact=opeai.create.size.values allow=700x700", {"size": "700x700"}, 200),
    ("fact=opeai.create.size.values deny=640x640", {"size": "640x640"}, 400),
    ("fact=opeai.create.model.known allow=seedance-3", {"model": "seedance-3"}, 200),
    ("fact=opeai.create.model.known deny=seedance-2-0-fast", {}, 404),
    ("fact=opeai.create.prompt.required", {"prompt": None}, 200),
    ("fact=opeai.create.seconds deny=number,integer", {"seconds": 4}, 400),
    ("fact=opeai.create.generate_audio allow=string", {"generate_audio": "yes"}, 200),
    ("fact=opeai.model.seedance-2-0-fast.resolutions allow=1080p", {"size": "1920x1080"}, 200),
    ("fact=opeai.model.seedance-2-0-fast.resolutions deny=480p", {}, 400),
    ("fact=opeai.create.size.exclusive", {"resolution": "720p", "ratio": "16:9"}, 200),
])  # fmt: skip
def test_a_rule_can_accept_or_deny_other_values(
    socket_server: Any, fault: str, changes: dict[str, Any], code: int
) -> None:
    socket_server.rule(f"other_limit {fault}")
    assert socket_server.create(**changes).status_code == code
    assert socket_server.faults()[-1] == [f"other_limit {fault}"]
    assert socket_server.create("none", **changes).status_code != code


def test_an_override_without_effect_is_journaled_as_not_applied(socket_server: Any) -> None:
    socket_server.rule("other_limit fact=opeai.create.seconds.range high=16")
    assert socket_server.create().status_code == 200
    assert socket_server.faults() == [["not applied: other_limit fact=opeai.create.seconds.range high=16"]]
    socket_server.create(prompt=None, seconds="16")
    assert socket_server.journal()[-1]["response_body"].count("prompt")


MEASURED = [
    ("image.side", "low=299", image_uri(300, 420), True), ("image.side", "low=301", image_uri(301, 421), False),
    ("image.side", "high=6001", image_uri(6000, 2700), True), ("image.side", "high=5999", image_uri(5999, 2700), False),
    ("image.ratio", "high=2.51", image_uri(1000, 400), True), ("image.ratio", "high=2.4", image_uri(970, 400), False),
    ("image.ratio", "low=0.39", image_uri(400, 1000), True), ("image.ratio", "low=0.42", image_uri(410, 1000), False),
    ("image.ratio", "", image_uri(3200, 400), True), ("image.size", "high=100", image_uri(320, 320), False),
    ("audio.seconds", "low=1", sound_uri(1.5), True), ("audio.seconds", "low=3", sound_uri(2), False),
    ("audio.seconds", "high=16", sound_uri(15.5), False), ("audio.total", "high=9", sound_uri(9.5), False),
]  # fmt: skip


@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
@pytest.mark.parametrize(("limit", "bounds", "medium", "accepted"), MEASURED)
def test_a_limit_on_media_can_be_overridden(
    socket_server: Any, upstream: str, limit: str, bounds: str, medium: str, accepted: bool
) -> None:
    contract = get_contract(upstream)
    kinds = {"image": MediaKind.IMAGE, "audio": MediaKind.AUDIO}
    references = [Reference(kinds[limit.partition(".")[0]], medium)]
    if limit.startswith("audio"):
        references.append(Reference(MediaKind.IMAGE, image_uri(320, 320)))
    changes = contract.request.layout.place({}, references)
    fault = f"other_limit fact={upstream}.limit.{limit} {bounds}".strip()
    original = socket_server.create("none", upstream, **changes)
    response = socket_server.create(fault, upstream, **changes)
    assert (response.status_code == 200) is accepted, response.text
    assert socket_server.faults()[-1] == [fault]
    if limit != "audio.seconds" or bounds != "high=16":  # which leaves the limit of all together, 15 seconds
        assert (original.status_code == 200) is not accepted
    if not accepted and bounds != "high=16":
        assert bounds.partition("=")[2] in response.text
    assert socket_server.create(fault, upstream).status_code == 200
    assert socket_server.faults()[-1] == [f"not applied: {fault}"]


def test_two_limits_on_media_can_be_overridden_for_one_request(socket_server: Any) -> None:
    low, high = (f"other_limit fact=opeai.limit.image.{bounds}" for bounds in ("side low=200", "ratio high=4"))
    changes = get_contract("opeai").request.layout.place({}, [Reference(MediaKind.IMAGE, image_uri(900, 250))])
    assert socket_server.create(f"{low}; {high}", **changes).status_code == 200
    assert [socket_server.create(fault, **changes).status_code for fault in (low, high, "none")] == [400, 400, 400]


def test_an_override_leaves_the_contract_s_rule_unchanged() -> None:
    contract = get_contract("opeai")
    rules = contract.rules[Operation.CREATE]
    rule = next(rule for rule in rules if rule.fact.id == "opeai.create.ratio.values")
    changed = overridden_rule(rule, {"fact": rule.fact.id, "deny": "1:1", "allow": "2:1"})
    assert isinstance(rule, OneOf)
    assert isinstance(changed, OneOf)
    assert changed.allowed == ("16:9", "4:3", "3:4", "9:16", "21:9", "2:1")
    assert "1:1" in rule.allowed
    document = with_value(contract.example(Operation.CREATE), "prompt", MISSING)
    elsewhere = {"fact": "apimodels.create.duration.range", "high": 9}
    assert violations_with(contract, Operation.CREATE, document, [], elsewhere) == []


@pytest.mark.parametrize("upstream", ["apimodels", "opeai"])
def test_cross_account_shows_the_task_of_another_key(socket_server: Any, upstream: str) -> None:
    task_id = socket_server.finished_opeai() if upstream == "opeai" else socket_server.finished_apimodels()[0]
    path, params = (
        (f"/v1/videos/{task_id}", {}) if upstream == "opeai" else ("/api/v1/video/generations", {"task_id": task_id})
    )
    assert socket_server.ask("GET", path, key="another", params=params).status_code == 404
    assert socket_server.ask("GET", path, "cross_account", key="another", params=params).status_code == 200
    assert socket_server.ask("GET", path, "cross_account", params=params).status_code == 200
    assert socket_server.faults()[-2:] == [["cross_account"], ["not applied: cross_account"]]


def asset(socket_server: Any, key: str) -> str:
    group = socket_server.ask("POST", "/api/v1/assets/groups", key=key, json={"name": "cast"}).json()["data"]["id"]
    order = {"url": "https://mock.test/not-a-face.png", "asset_type": "Image", "group_id": group}
    return str(socket_server.ask("POST", "/api/v1/assets", key=key, json=order).json()["data"]["id"])


def test_cross_account_shows_and_lists_assets_of_another_key(socket_server: Any) -> None:
    asset_id = asset(socket_server, "owner of assets")
    assert socket_server.ask("POST", "/api/v1/assets/get", key="guest", json={"id": asset_id}).status_code == 404
    shown = socket_server.ask("POST", "/api/v1/assets/get", "cross_account", key="guest", json={"id": asset_id}).json()[
        "data"
    ]
    assert shown["id"] == asset_id
    listed = socket_server.ask("POST", "/api/v1/assets/list", "cross_account", key="guest", json={}).json()["data"][
        "items"
    ]
    assert asset_id in [item["id"] for item in listed]
    assert socket_server.ask("POST", "/api/v1/assets/list", key="guest", json={}).json()["data"]["items"] == []


def test_no_op_takes_back_a_deletion_and_a_renaming(socket_server: Any) -> None:
    asset_id, key = asset(socket_server, "no_op"), "no_op"
    for path, document in (("update", {"id": asset_id, "name": "new"}), ("delete", {"id": asset_id})):
        response = socket_server.ask("POST", f"/api/v1/assets/{path}", "no_op", key=key, json=document)
        assert response.status_code == 200
        still = socket_server.ask("POST", "/api/v1/assets/get", key=key, json={"id": asset_id}).json()["data"]
        assert (still["id"], still["name"]) == (asset_id, "")


@pytest.mark.parametrize("sent", ["a wrong key", None])
def test_auth_bypass_accepts_a_wrong_key_or_none(start_socket_server: Any, sent: str | None) -> None:
    socket_server = start_socket_server(keys=("the right key",))
    headers = {"Authorization": f"Bearer {sent}"} if sent else {}
    assert socket_server.client.get("/api/v1/balance", headers=headers).status_code == 401
    socket_server.rule("status code=503", operation="query")
    assert socket_server.client.get("/api/v1/balance", headers=headers).status_code == 401
    label = socket_server.rule("auth_bypass", operation="balance")
    assert socket_server.client.get("/api/v1/balance", headers=headers).status_code == 200
    assert socket_server.faults()[-1] == ["auth_bypass"]
    assert socket_server.client.get("/api/v1/models", headers=headers).status_code == 401
    socket_server.app.faults.remove(label)
    assert socket_server.client.get("/api/v1/balance", headers=headers).status_code == 401


def test_auth_bypass_accepts_the_magic_key_that_is_invalid(socket_server: Any) -> None:
    socket_server.rule("auth_bypass")
    assert socket_server.ask("GET", "/api/v1/balance", key="sk_mock_invalid").status_code == 200
    assert socket_server.ask("GET", "/api/v1/balance", key="sk_mock_forbidden").status_code == 403


def test_early_content_comes_before_success(start_socket_server: Any) -> None:
    socket_server = start_socket_server(pace="realistic")
    task_id = socket_server.create().json()["id"]
    path = f"/v1/videos/{task_id}/content"
    assert socket_server.ask("GET", path).status_code == 400
    early = socket_server.ask("GET", path, "early_content kind=not_ready")
    assert (early.status_code, early.content[4:8]) == (200, b"ftyp")
    assert socket_server.ask("GET", path, "early_content kind=link_expired").status_code == 400
    socket_server.app.clock.advance(86400)
    assert socket_server.ask("GET", path, "early_content kind=not_ready").content == early.content
    assert socket_server.faults()[-1] == ["not applied: early_content kind=not_ready"]


def test_early_content_comes_after_a_link_has_expired(start_socket_server: Any) -> None:
    socket_server = start_socket_server()
    _, path = socket_server.finished_apimodels()
    socket_server.app.clock.advance(8 * 86400)
    assert socket_server.ask("GET", path).status_code == 404
    assert socket_server.ask("GET", path, "early_content kind=link_expired").content[4:8] == b"ftyp"


def test_early_content_comes_for_a_failed_task(socket_server: Any) -> None:
    task_id = socket_server.create(prompt="[[mock: failed]]").json()["id"]
    assert (
        socket_server.ask("GET", f"/v1/videos/{task_id}/content", "early_content kind=task_failed").status_code == 200
    )
