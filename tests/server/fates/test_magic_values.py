"""Magic values: every limit on references met and violated by URL, magic keys, and the table of prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from seedmock_contracts.contract import Contract
from seedmock_contracts.facts import MediaLimit
from seedmock_contracts.upstreams import contracts
from seedmock_contracts.validation.media import media_violations
from seedmock_server.fates.models import TASK_KINDS, parse_fate
from seedmock_server.matching import magic_values as magic
from seedmock_server.matching.rules import InvalidRule

ORIGIN = "https://mock.test"
FACTS = {path: spot.facts for path, spot in magic.URLS.items() if spot.facts is not None}


def broken(contract: Contract, *paths: str) -> set[str]:
    return {violation.fact.id for violation in media_violations(contract.name, [(path, FACTS[path]) for path in paths])}


def breakers(contract: Contract, limit: MediaLimit) -> Iterator[tuple[str, ...]]:
    """Return the magic URLs that violate a limit at each of its bounds, and no other limit, by their facts."""
    kind = [path for path, facts in FACTS.items() if facts.kind is limit.kind]
    if limit.quantity == "total_seconds":
        pairs = [(path, path) for path in kind if broken(contract, path, path) == {limit.id}]
        assert pairs, limit.id
        yield pairs[0]
        return
    alone = [path for path in kind if broken(contract, path) == {limit.id}]
    if limit.low is not None:
        yield (next(path for path in alone if _measure(limit, path) <= limit.low),)
    high = [path for path in alone if limit.high is not None and _measure(limit, path) >= limit.high]
    if limit.quantity == "seconds":  # a clip that is too long by itself is too long for the sum as well
        total = {
            limit.id,
            next(each.id for each in contract.limits if each.quantity == "total_seconds" and each.kind is limit.kind),
        }
        high = [path for path in kind if broken(contract, path) == total]
    if limit.high is not None:
        yield (high[0],)


def _measure(limit: MediaLimit, path: str) -> float:
    facts = FACTS[path]
    if limit.quantity == "ratio":
        return float((facts.width or 0) / (facts.height or 1))
    if limit.quantity in ("side", "width"):
        return float(facts.width or 0)
    if limit.quantity == "pixels":
        return float((facts.width or 0) * (facts.height or 0))
    return float(getattr(facts, limit.quantity) or 0)


CASES = [
    pytest.param(contract.name, limit, paths, id=f"{limit.id}-{paths[0][1:]}")
    for contract in contracts()
    for limit in contract.limits
    for paths in breakers(contract, limit)
]


@pytest.mark.parametrize(("name", "limit", "paths"), CASES)
def test_every_limit_can_be_broken_without_a_network(
    start_server: Callable[..., Any],
    start_client_of: Callable[..., Any],
    name: str,
    limit: MediaLimit,
    paths: tuple[str, ...],
) -> None:
    upstream_client = start_client_of(name)
    response = upstream_client.create(**upstream_client.references(limit.kind, *(ORIGIN + path for path in paths)))
    body = response.json()
    message = body["error"]["message"] if name == "opeai" else body["msg"]
    assert response.status_code == 400
    assert f"{limit.quantity} is " in message
    assert "; allowed: " in message


@pytest.mark.parametrize(
    "limit", [pytest.param(limit, id=limit.id) for contract in contracts() for limit in contract.limits]
)
def test_every_limit_can_be_met_exactly(start_client_of: Callable[..., Any], limit: MediaLimit) -> None:
    name = limit.id.partition(".")[0]
    upstream_client, contract = (
        start_client_of(name),
        next(contract for contract in contracts() if contract.name == name),
    )
    paths = [
        path
        for path, facts in FACTS.items()
        if facts.kind is limit.kind and not broken(contract, path) and not facts.face
    ]
    nearest = max(paths, key=lambda path: _measure(limit, path) if limit.quantity != "total_seconds" else 0)
    assert upstream_client.create(**upstream_client.references(limit.kind, ORIGIN + nearest)).status_code == 200


def test_the_edges_on_which_the_upstreams_differ(start_client: Callable[..., Any]) -> None:
    upstream_client = start_client()
    expected = {"apimodels": 200, "opeai": 400}[upstream_client.name]
    for kind, path in (("video", "/video-51mb.mp4"), ("video", "/video-200mb.mp4"), ("audio", "/audio-15mb.mp3")):
        assert upstream_client.create(**upstream_client.references(kind, ORIGIN + path)).status_code == expected
    assert upstream_client.create(**upstream_client.references("image", ORIGIN + "/image-30mb.png")).status_code == 400


@pytest.mark.parametrize(
    "path", [path for path, spot in magic.URLS.items() if spot.facts is None] + ["/no-such.png", ""]
)
def test_unreadable_references_are_rejected_with_the_reason(upstream_client: Any, path: str) -> None:
    for changes in (upstream_client.references("image", ORIGIN + path), upstream_client.frame(ORIGIN + path)):
        response = upstream_client.create(**changes)
        assert response.status_code == 400
        spot = magic.media_at(ORIGIN + path)
        assert spot is not None
        assert spot.description[:60] in response.text


def test_media_of_another_kind_than_the_field_s_are_rejected(in_process_client: Any) -> None:
    for kind, path in (("image", "/video-5s.mp4"), ("video", "/landscape.jpg"), ("audio", "/video-5s.mp4")):
        assert in_process_client.create(**in_process_client.references(kind, ORIGIN + path)).status_code == 400


def test_the_ratio_of_a_magic_image_decides_an_adaptive_size(
    start_server: Callable[..., Any], watch: Callable[[bytes], dict[str, Any]]
) -> None:
    server = start_server(pace="instant")
    for path, width, height in (("/portrait.jpg", 720, 1280), ("/landscape.jpg", 1280, 720)):
        task = server.query_apimodels(server.order_apimodels(first_frame_url=ORIGIN + path, aspect_ratio="adaptive"))
        assert watch(server.get(task["resultUrls"][0], key=None).content)["size"] == (width, height)


def test_the_seconds_of_a_magic_video_decide_what_an_upscale_costs(start_server: Callable[..., Any]) -> None:
    server = start_server(pace="instant")
    order = {"model": "video-upscale", "videoUrl": f"{ORIGIN}/video-10s.mp4", "targetResolution": "1080p"}
    task_id = server.post("/api/v1/video/generations", order).json()["data"]["taskId"]
    assert server.query_apimodels(task_id)["state"] == "completed"
    assert server.get(f"/api/v1/records/{task_id}").json()["data"]["credits"] == pytest.approx(0.45)


def test_no_other_host_is_magic() -> None:
    for url in (
        "https://mock.test.example/face.png",
        "https://x.example/mock.test/face.png",
        "data:mock.test",
        "asset://mock.test",
    ):
        assert magic.media_at(url) is None
    for url in ("http://mock.test/face.png", "https://MOCK.test/face.png", " https://mock.test:443/face.png?x=1 "):
        spot = magic.media_at(url)
        assert spot is not None
        assert spot.facts is not None
        assert spot.facts.face


# --- keys ---

STATUSES = {
    "sk_mock_invalid": {"apimodels": 401, "opeai": 401},
    "sk_mock_forbidden": {"apimodels": 403, "opeai": 403},
    "sk_mock_ratelimited": {"apimodels": 429, "opeai": 429},
    "sk_mock_nocredit": {"apimodels": 402, "opeai": 403},
}
ARK = {
    "sk_mock_invalid": "AuthenticationError",
    "sk_mock_forbidden": "AccessDenied",
    "sk_mock_ratelimited": "RateLimitExceeded.EndpointRPMExceeded",
    "sk_mock_nocredit": "AccountOverdueError",
}


def test_every_magic_key_is_tested() -> None:
    assert set(STATUSES) == set(magic.KEYS)


@pytest.mark.parametrize("suffix", ["", "_7", "_of-a test"])
@pytest.mark.parametrize("key", magic.KEYS)
def test_a_magic_key_gets_the_envelope_of_each_upstream(upstream_client: Any, key: str, suffix: str) -> None:
    status, code, message = upstream_client.error(upstream_client.create(key=key + suffix))
    assert (status, "magic key" in message) == (STATUSES[key][upstream_client.name], key != "sk_mock_nocredit")
    assert code == {"apimodels": "", "opeai": ARK[key]}[upstream_client.name]
    assert upstream_client.create(key=key + suffix).status_code == status


@pytest.mark.parametrize("key", [key for key in magic.KEYS if key != "sk_mock_nocredit"])
def test_a_magic_key_is_rejected_for_every_operation(in_process_client: Any, key: str) -> None:
    path = "/api/v1/balance" if in_process_client.name == "apimodels" else "/v1/videos/cgt-20260529102017-sjqj9"
    assert in_process_client.server.get(path, key=key).status_code == STATUSES[key][in_process_client.name]


def test_a_key_without_credit_can_do_what_is_free(in_process_client: Any) -> None:
    key = "sk_mock_nocredit_1"
    if in_process_client.name == "opeai":
        assert in_process_client.server.get("/v1/videos/cgt-20260529102017-sjqj9", key=key).status_code == 404
        return
    assert in_process_client.server.balance(key=key) == 0
    group = in_process_client.server.post("/api/v1/assets/groups", {"name": "x"}, key=key)
    assert group.status_code == 200
    asset = {"url": f"{ORIGIN}/face.png", "asset_type": "Image", "group_id": group.json()["data"]["id"]}
    assert in_process_client.server.post("/api/v1/assets", asset, key=key).status_code == 402
    order = {"model": "video-upscale", "videoUrl": f"{ORIGIN}/video-5s.mp4", "targetResolution": "720p"}
    assert in_process_client.server.post("/api/v1/video/generations", order, key=key).status_code == 402


def test_validation_comes_before_the_check_of_credit(in_process_client: Any) -> None:
    assert (
        in_process_client.create(key="sk_mock_nocredit", model="sora").status_code
        != STATUSES["sk_mock_nocredit"][in_process_client.name]
    )


@pytest.mark.parametrize(
    "key", ["sk_mock_invalids", "sk_mock_", "sk_mock_valid", "xsk_mock_invalid", "SK_MOCK_INVALID"]
)
def test_keys_that_only_resemble_magic_ones_are_ordinary(in_process_client: Any, key: str) -> None:
    assert in_process_client.create(key=key).status_code == 200


def test_magic_keys_work_on_a_server_with_a_list_of_keys(start_client: Callable[..., Any]) -> None:
    upstream_client = start_client(keys=("sk_good",))
    assert upstream_client.create(key="sk_mock_ratelimited").status_code == 429
    assert upstream_client.create(key="sk_good").status_code == 200
    assert upstream_client.create(key="sk_mock_other").status_code == 401


def test_a_magic_key_does_not_show_in_the_journal(in_process_client: Any) -> None:
    in_process_client.create(key="sk_mock_nocredit_secret")
    assert "secret" not in str(in_process_client.server.journal())


# --- prompts ---


@pytest.mark.parametrize("prompt", magic.PROMPTS)
def test_every_prompt_of_the_table_can_be_sent(in_process_client: Any, prompt: str) -> None:
    code = {"apimodels": "UPSTREAM_BUSY", "opeai": "ServerOverloaded"}[in_process_client.name]
    response = in_process_client.create(prompt=f"A boat {prompt.replace('CODE', code)}")
    assert response.status_code == (400 if "refused" in prompt else 200), response.text


def test_the_table_shows_every_fate_of_a_task() -> None:
    shown = [parse_fate(magic.fate_in(prompt.replace("CODE", "x"), ())).kind for prompt in magic.PROMPTS]
    assert sorted(shown) == sorted(TASK_KINDS)


def test_an_unclosed_magic_value_is_not_an_absent_one() -> None:
    with pytest.raises(InvalidRule, match="without a fate"):
        magic.fate_in("[[mock: ", ())
    assert magic.fate_in("mock: stuck", ("https://x.example/?fate=stuck",)) == ""
