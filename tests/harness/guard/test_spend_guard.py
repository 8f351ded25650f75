"""Spend guard against an emulator as the real service: checks, quotes, budget, repetition, and what passes."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.guard.guard_session import GuardOptions, open_guard
from seedmock_harness.verify.order_log import OrderLog
from seedmock_server import ControlClient, serve

KEY = "sk_guarded_secret"
ORDER = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4"}
PRICE = "0.2716"
LIBRARY = {"url": "https://example.com/face.png", "asset_type": "Image", "group_id": 1}
GROUP = "/api/v1/assets/groups"


class Guarded:
    """A guard in this process, and the emulator behind it."""

    def __init__(self, client: httpx.AsyncClient, runner: asyncio.Runner, control: ControlClient) -> None:
        self._client, self._runner, self.control = client, runner, control

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {KEY}", **options.pop("headers", {})}
        return self._runner.run(self._client.request(method, path, headers=headers, **options))

    def order(self, **changes: Any) -> httpx.Response:
        headers = changes.pop("headers", {})
        return self.call("POST", "/v1/videos", json={**ORDER, **changes}, headers=headers)

    @property
    def orders_sent(self) -> int:
        return sum(exchange.is_order for exchange in self.control.journal().exchanges)

    def together(self, *orders: dict[str, Any]) -> list[httpx.Response]:
        async def send() -> list[httpx.Response]:
            headers = {"Authorization": f"Bearer {KEY}"}
            calls = (self._client.post("/v1/videos", json=order, headers=headers) for order in orders)
            return list(await asyncio.gather(*calls))

        return self._runner.run(send())


StartGuard = Callable[..., Guarded]


@pytest.fixture
def start_guard(tmp_path: Path) -> Iterator[StartGuard]:
    with ExitStack() as stack:
        server = stack.enter_context(serve(pace="instant", seed=1))
        control = stack.enter_context(ControlClient(server.url))

        def start(budget: str = "1", *, live: bool = True, upstream: str = "opeai") -> Guarded:
            contract, log = get_contract(upstream), tmp_path / "orders.jsonl"
            options = GuardOptions.parse(contract, budget, server.url, live, None, log, tmp_path / "recordings")
            app, _ = stack.enter_context(open_guard(options))
            runner = stack.enter_context(asyncio.Runner())
            client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://guard.test")
            stack.callback(lambda: runner.run(client.aclose()))
            stack.callback(lambda: runner.run(app.aclose()))
            return Guarded(client, runner, control)

        yield start


def message(response: httpx.Response) -> str:
    body = response.json()
    return str(body["error"]["message"] if "error" in body else body["msg"])


def test_a_dry_run_checks_and_quotes_and_sends_nothing(start_guard: StartGuard) -> None:
    guard = start_guard(live=False)
    response = guard.order()
    assert response.status_code == 403
    assert f"dry run: this create keeps every rule and costs {PRICE} USD, with 0 of 1 USD held" in message(response)
    assert "nothing was sent" in message(response)
    assert guard.orders_sent == 0
    assert guard.call("GET", "/v1/models").status_code == 200
    status = guard.call("GET", "/_guard").json()
    assert (status["live"], status["held"], status["orders"]) == (False, "0", [])


def test_orders_are_held_against_the_budget_until_it_is_used_up(start_guard: StartGuard, tmp_path: Path) -> None:
    guard = start_guard("0.6")
    responses = [guard.order(prompt=f"Boat {number}") for number in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 403]
    assert f"costs {PRICE} USD, with 0.5432 of 0.6 USD held; nothing was sent" in message(responses[2])
    assert responses[0].headers["x-seedmock-guard"] == f"held {PRICE} USD"
    assert guard.orders_sent == 2
    status = guard.call("GET", "/_guard").json()
    assert (status["held"], status["remaining"]) == ("0.5432", "0.0568")
    assert [order["outcome"] for order in status["orders"]] == ["accepted", "accepted"]
    task = guard.call("GET", f"/v1/videos/{responses[0].json()['id']}")
    assert task.json()["status"] == "SUCCESS"
    assert KEY not in (tmp_path / "orders.jsonl").read_text()


def test_orders_at_once_do_not_pass_the_budget(start_guard: StartGuard) -> None:
    guard = start_guard("0.6")
    codes = [response.status_code for response in guard.together(*({**ORDER, "seed": seed} for seed in range(5)))]
    assert sorted(codes) == [200, 200, 403, 403, 403]
    assert guard.orders_sent == 2


def test_the_same_order_is_answered_from_the_log(start_guard: StartGuard) -> None:
    guard = start_guard()
    first, again = guard.order(), guard.order()
    assert again.json() == first.json()
    assert again.headers["x-seedmock-guard"] == "repeated"
    other = guard.order(headers={"Idempotency-Key": "second"})
    assert other.json()["id"] != first.json()["id"]
    assert guard.order(headers={"Idempotency-Key": "second"}, prompt="Changed").json() == other.json()
    assert guard.orders_sent == 2


def test_an_order_without_an_outcome_is_held_and_never_sent_again(start_guard: StartGuard) -> None:
    guard = start_guard()
    guard.control.faults.add("response_lost", times=1)
    lost = guard.order()
    assert (lost.status_code, lost.headers["x-seedmock-guard"]) == (502, "unknown")
    again = guard.order()
    assert again.status_code == 409
    assert "may have been accepted: it is not sent again" in message(again)
    assert guard.orders_sent == 1
    assert guard.call("GET", "/_guard").json()["held"] == PRICE


def test_a_refused_order_releases_what_it_held(start_guard: StartGuard) -> None:
    guard = start_guard("0.3")
    guard.control.faults.add("status code=400", times=1)
    assert guard.order().status_code == 400
    assert guard.call("GET", "/_guard").json()["held"] == "0"
    assert guard.order().status_code == 200


@pytest.mark.parametrize(("changes", "status", "text"), [
    ({"seconds": "99"}, 400, "allowed: 4 to 15"), ({"model": "sora-2"}, 404, "sora-2"),
    ({"resolution": "720p", "ratio": "1:1"}, 400, "allowed: either size or resolution + ratio"),
])  # fmt: skip
def test_an_order_that_breaks_a_rule_does_not_leave(
    start_guard: StartGuard, changes: dict[str, Any], status: int, text: str
) -> None:
    guard = start_guard()
    response = guard.order(**changes)
    assert (response.status_code, text in message(response)) == (status, True), response.text
    assert guard.orders_sent == 0


@pytest.mark.parametrize(("method", "path"), [
    ("POST", "/v1/images"), ("POST", "/v1/videos/"), ("POST", "//v1/videos"), ("PUT", "/v1/videos"),
    ("DELETE", "/v1/videos/cgt-1"), ("POST", "/v1/videos/cgt-1/remix"),
])  # fmt: skip
def test_what_may_cost_money_and_is_unknown_does_not_leave(start_guard: StartGuard, method: str, path: str) -> None:
    guard = start_guard()
    before = len(guard.control.journal().exchanges)
    response = guard.call(method, path, json=ORDER)
    assert response.status_code == 404, response.text
    assert "nothing was sent" in message(response)
    assert len(guard.control.journal().exchanges) == before


def test_encoded_paths_are_orders_too(start_guard: StartGuard) -> None:
    guard = start_guard(live=False)
    assert "dry run" in message(guard.call("POST", "/v1/%76ideos", json=ORDER))


def test_forms_are_orders_too(start_guard: StartGuard) -> None:
    guard = start_guard()
    form = {name: (None, value) for name, value in {**ORDER, "generate_audio": "false", "seed": "7"}.items()}
    first = guard.call("POST", "/v1/videos", files=form)
    assert first.status_code == 200, first.text
    assert guard.call("POST", "/v1/videos", files=form).json() == first.json()
    assert guard.orders_sent == 1


def test_a_number_in_a_form_that_is_too_long_is_refused(start_guard: StartGuard) -> None:
    guard = start_guard()
    form = {name: (None, value) for name, value in {**ORDER, "seed": "7" * 5000}.items()}
    response = guard.call("POST", "/v1/videos", files=form)
    assert response.status_code == 400
    assert message(response).startswith("seedmock guard: seed is ")
    assert guard.orders_sent == 0


def test_assets_and_upscales_are_held_at_what_they_can_cost(start_guard: StartGuard) -> None:
    guard = start_guard("0.02", upstream="apimodels")
    group = guard.call("POST", GROUP, json={"name": "cast"}).json()["data"]["id"]
    asset = guard.call("POST", "/api/v1/assets", json={**LIBRARY, "group_id": group})
    assert asset.json()["code"] == 200
    upscale = {"model": "video-upscale", "videoUrl": "https://example.com/a.mp4", "targetResolution": "4k"}
    refused = guard.call("POST", "/api/v1/video/generations", json=upscale)
    assert refused.status_code == 402
    assert "this upscale costs 1.8 USD, with 0.01 of 0.02 USD held" in message(refused)


def test_malformed_and_foreign_bodies_are_refused_in_the_upstream_s_envelope(start_guard: StartGuard) -> None:
    guard = start_guard()
    for options in ({"content": b"{"}, {"content": b"x", "headers": {"Content-Type": "text/plain"}}, {"json": [1]}):
        response = guard.call("POST", "/v1/videos", **options)
        assert 400 <= response.status_code < 500
        assert json.loads(response.text)["error"]["message"].startswith("seedmock guard: ")
    assert guard.orders_sent == 0


def test_a_task_that_fails_uncharged_releases_what_its_order_held(start_guard: StartGuard, tmp_path: Path) -> None:
    guard = start_guard("0.3")
    guard.control.fates.failed(times=1)
    task = guard.order().json()["id"]
    assert guard.call("GET", "/_guard").json()["held"] == PRICE
    assert "0.2716 of 0.3 USD held" in message(guard.order(prompt="another"))
    assert guard.call("GET", f"/v1/videos/{task}").json()["status"] == "FAILURE"
    status = guard.call("GET", "/_guard").json()
    assert (status["held"], status["orders"][0]["outcome"]) == ("0", "released")
    # Once only, and the same order is still answered from the log: the client is told of its failed task.
    guard.call("GET", f"/v1/videos/{task}")
    assert guard.order().json()["id"] == task
    assert guard.call("GET", "/_guard").json()["held"] == "0"
    paid = guard.order(prompt="another").json()["id"]
    assert guard.call("GET", f"/v1/videos/{paid}").json()["status"] == "SUCCESS"
    assert guard.call("GET", "/_guard").json()["held"] == PRICE
    # The next start reads it from the log.
    log = OrderLog(
        tmp_path / "orders.jsonl", json.loads((tmp_path / "orders.jsonl").read_text().split("\n")[0])["target"]
    )
    assert [run.spent for run in log.runs.values()] == [Decimal(PRICE)]


def test_orders_with_different_files_are_different_orders(start_guard: StartGuard) -> None:
    guard = start_guard()
    texts = {name: (None, value) for name, value in ORDER.items()}

    def order(content: bytes) -> httpx.Response:
        return guard.call("POST", "/v1/videos", files={**texts, "input_reference": ("a.png", content, "image/png")})

    red, blue = picture("red"), picture("blue")
    first = order(red)
    assert first.status_code == 200, first.text
    assert order(blue).json()["id"] != first.json()["id"]
    assert order(red).json() == first.json()
    assert guard.orders_sent == 2


def test_a_file_counts_in_the_rules_of_an_order(start_guard: StartGuard) -> None:
    guard = start_guard()
    item = {"type": "image_url", "role": "last_frame", "image_url": {"url": "https://example.com/b.png"}}
    fields = {
        "input_reference[content][0][type]": item["type"],
        "input_reference[content][0][role]": item["role"],
        "input_reference[content][0][image_url][url]": "https://example.com/b.png",
    }
    texts = {name: (None, value) for name, value in {**ORDER, **fields}.items()}
    without = guard.call("POST", "/v1/videos", files=texts)
    assert (without.status_code, "a last frame without a first" in message(without)) == (
        400,
        True,
    )  # a last frame needs a first one
    with_file = guard.call("POST", "/v1/videos", files={**texts, "input_reference": ("a.png", picture("red"))})
    assert with_file.status_code == 200, with_file.text


def picture(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 640), colour).save(buffer, "PNG")
    return buffer.getvalue()
