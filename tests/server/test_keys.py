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
    in_process_server: Any, upstream: str, path: str, headers: list[tuple[str, str]]
) -> None:
    message = unauthorized_message(in_process_server.get(path, key=None, headers=headers), upstream)
    assert "Authorization: Bearer YOUR_API_KEY" in message


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_the_scheme_is_read_in_any_case(shared_server: Any, scheme: str) -> None:
    for path in ("/api/v1/balance", "/v1/balance"):
        assert shared_server.get(path, key=None, headers=[("Authorization", f"{scheme} sk_x")]).status_code == 200


def test_the_same_key_is_the_same_account_however_it_is_written(in_process_server: Any) -> None:
    task_id = in_process_server.order_opeai(key="sk_x")
    for value in ("Bearer sk_x", "bearer  sk_x", "BEARER sk_x "):
        response = in_process_server.get(f"/v1/videos/{task_id}", key=None, headers=[("Authorization", value)])
        assert response.status_code == 200


def test_a_server_with_keys_accepts_no_others(start_server: Callable[..., Any]) -> None:
    server = start_server("on a socket", keys=("sk_good_1", "sk_good_2"))
    for upstream, path in PAIRS:
        message = unauthorized_message(server.get(path, key="sk_bad"), upstream)
        assert "not valid" in message
        assert "sk_" not in message
    assert [server.get("/v1/balance", key=key).status_code for key in ("sk_good_1", "sk_good_2", "sk_good_")] == [
        200,
        200,
        401,
    ]


def test_a_401_comes_before_the_body_is_read(in_process_server: Any) -> None:
    for path, upstream in (("/v1/videos", "opeai"), ("/api/v1/assets", "apimodels")):
        unauthorized_message(
            in_process_server.post(path, key=None, content=b"{", headers={"Content-Type": "text/plain"}), upstream
        )


def test_no_key_appears_in_responses_journal_or_log(start_server: Callable[..., Any], caplog: Any) -> None:
    server = start_server("on a socket", keys=("sk_kept_to_itself",))
    key, wrong = "sk_kept_to_itself", "sk_wrong_but_secret"
    texts = []
    with caplog.at_level(logging.DEBUG):
        for secret in (key, wrong):
            texts += [server.get(path, key=secret).text for _, path in PAIRS]
            texts += [
                server.post(path, {"model": "x"}, key=secret).text
                for path in ("/v1/videos", "/api/v1/video/generations")
            ]
            texts += [server.get("/v1/nowhere", key=secret).text, server.ask("PUT", "/v1/videos", key=secret).text]
            texts.append(server.get("/v1/balance", key=None, headers={"Authorization": f"Basic {secret}"}).text)
    texts += [server.get(path, key=None).text for path in ("/_mock/journal", "/_mock/variants", "/_mock/nowhere")]
    everything = "".join(texts) + "".join(record.getMessage() for record in caplog.records if record.name != "httpx")
    assert "secret" not in everything
    assert "kept_to_itself" not in everything
    accounts = {exchange["account"] for exchange in server.journal()}
    assert len(accounts) == 2
    assert "" in accounts


@pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization", "Cookie", "token", "X-Api-Key", "api-key"])
def test_a_key_in_any_header_that_could_carry_one_is_not_in_the_journal(shared_server: Any, name: str) -> None:
    secret = f"sk_kept_to_itself_{name}"
    shared_server.get("/v1/balance", key=secret, headers=[(name, f"Bearer {secret}")])
    shared_server.get("/v1/balance", key=None, headers=[(name, f"Bearer {secret}")])
    assert secret not in shared_server.get("/_mock/journal", key=None).text


def test_more_keys_than_the_cache_holds_keep_their_tasks(
    in_process_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seedmock_server.api.accounts.MAX_KNOWN_KEYS", 3)
    tasks = {key: in_process_server.order_opeai(key=key) for key in map("sk_{}".format, range(10))}
    assert {in_process_server.query_opeai(task_id, key=key)["status"] for key, task_id in tasks.items()} == {"SUCCESS"}
