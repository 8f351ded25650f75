"""API keys: which are valid, the errors for those that are not, and that no key is ever shown."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

PLACES = {
    "apimodels": ("/api/v1/balance", "/v1/balance", "/api/v1/video/generations?task_id=x", "/api/v1/assets/groups"),
    "opeai": ("/v1/videos/cgt-20260529102017-sjqj9", "/v1/videos/cgt-20260529102017-sjqj9/content"),
}
PAIRS = [(upstream, path) for upstream, paths in PLACES.items() for path in paths]
NO_KEY = {
    "no header": [],
    "an empty header": [("Authorization", "")],
    "a scheme alone": [("Authorization", "Bearer")],
    "a scheme and a blank": [("Authorization", "Bearer ")],
    "another scheme": [("Authorization", "Basic c2s6eA==")],
    "a bare key": [("Authorization", "sk_test_one_of_ours")],
    "a token header": [("token", "sk_test_one_of_ours")],
    "x-api-key": [("x-api-key", "sk_test_one_of_ours")],
}


def unauthorized_message(answer: httpx.Response, upstream: str) -> str:
    """The message of a 401 in this upstream's envelope."""
    body = answer.json()
    if upstream == "opeai":
        assert (answer.status_code, list(body)) == (401, ["error"])
        assert list(body["error"]) == ["message", "type", "param", "code"]
        assert (body["error"]["type"], body["error"]["code"]) == ("Unauthorized", "AuthenticationError")
        return str(body["error"]["message"])
    assert (answer.status_code, list(body), body["code"]) == (401, ["code", "msg", "data"], 401)
    return str(body["msg"])


@pytest.mark.parametrize("headers", NO_KEY.values(), ids=NO_KEY)
@pytest.mark.parametrize(("upstream", "path"), PAIRS)
def test_a_request_without_a_bearer_key_is_a_401(
    inside: Any, upstream: str, path: str, headers: list[tuple[str, str]]
) -> None:
    message = unauthorized_message(inside.get(path, key=None, headers=headers), upstream)
    assert "Authorization: Bearer YOUR_API_KEY" in message


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_the_scheme_is_read_in_any_case(shared_door: Any, scheme: str) -> None:
    for path in ("/api/v1/balance", "/v1/balance"):
        assert shared_door.get(path, key=None, headers=[("Authorization", f"{scheme} sk_x")]).status_code == 200


def test_the_same_key_is_the_same_account_however_it_is_written(inside: Any) -> None:
    task_id = inside.order_b(key="sk_x")
    for value in ("Bearer sk_x", "bearer  sk_x", "BEARER sk_x "):
        response = inside.get(f"/v1/videos/{task_id}", key=None, headers=[("Authorization", value)])
        assert response.status_code == 200


def test_a_server_with_keys_accepts_no_others(open_door: Callable[..., Any]) -> None:
    door = open_door("on a socket", keys=("sk_good_1", "sk_good_2"))
    for upstream, path in PAIRS:
        message = unauthorized_message(door.get(path, key="sk_bad"), upstream)
        assert "not valid" in message
        assert "sk_" not in message
    assert [door.get("/v1/balance", key=key).status_code for key in ("sk_good_1", "sk_good_2", "sk_good_")] == [
        200,
        200,
        401,
    ]


def test_a_401_comes_before_the_body_is_read(inside: Any) -> None:
    for path, upstream in (("/v1/videos", "opeai"), ("/api/v1/assets", "apimodels")):
        unauthorized_message(
            inside.post(path, key=None, content=b"{", headers={"Content-Type": "text/plain"}), upstream
        )


def test_no_key_appears_in_responses_journal_or_log(open_door: Callable[..., Any], caplog: Any) -> None:
    door = open_door("on a socket", keys=("sk_kept_to_itself",))
    key, wrong = "sk_kept_to_itself", "sk_wrong_but_secret"
    texts = []
    with caplog.at_level(logging.DEBUG):
        for secret in (key, wrong):
            texts += [door.get(path, key=secret).text for _, path in PAIRS]
            texts += [
                door.post(path, {"model": "x"}, key=secret).text for path in ("/v1/videos", "/api/v1/video/generations")
            ]
            texts += [door.get("/v1/nowhere", key=secret).text, door.ask("PUT", "/v1/videos", key=secret).text]
            texts.append(door.get("/v1/balance", key=None, headers={"Authorization": f"Basic {secret}"}).text)
    texts += [door.get(path, key=None).text for path in ("/_mock/journal", "/_mock/variants", "/_mock/nowhere")]
    everything = "".join(texts) + "".join(record.getMessage() for record in caplog.records if record.name != "httpx")
    assert "secret" not in everything
    assert "kept_to_itself" not in everything
    accounts = {exchange["account"] for exchange in door.journal()}
    assert len(accounts) == 2
    assert "" in accounts


@pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization", "Cookie", "token", "X-Api-Key", "api-key"])
def test_a_key_in_any_header_that_could_carry_one_is_not_in_the_journal(shared_door: Any, name: str) -> None:
    secret = f"sk_kept_to_itself_{name}"
    shared_door.get("/v1/balance", key=secret, headers=[(name, f"Bearer {secret}")])
    shared_door.get("/v1/balance", key=None, headers=[(name, f"Bearer {secret}")])
    assert secret not in shared_door.get("/_mock/journal", key=None).text


def test_more_keys_than_the_cache_holds_keep_their_tasks(inside: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedmock_server.api.accounts.MAX_KNOWN_KEYS", 3)
    tasks = {key: inside.order_b(key=key) for key in map("sk_{}".format, range(10))}
    assert {inside.task_b(task_id, key=key)["status"] for key, task_id in tasks.items()} == {"SUCCESS"}
