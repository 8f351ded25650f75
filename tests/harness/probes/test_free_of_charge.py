"""The free ladder creates nothing, neither at an emulator with documented rules alone nor at other implementations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import pytest

from seedmock_contracts.enums import BILLABLE, Basis, Operation
from seedmock_contracts.facts import Document, Violation
from seedmock_contracts.rules.fields import JsonType
from seedmock_contracts.upstreams import NAMES, get_contract
from seedmock_contracts.validation import violations
from seedmock_harness.driver.client import Driver, UnexpectedTask
from seedmock_harness.probes.boundary_probes import probes_for
from seedmock_harness.probes.free_steps import free_steps
from seedmock_harness.probes.second_violations import is_reason, refused_document
from seedmock_server.generation import assets
from seedmock_server.http.in_process import InProcessClient
from seedmock_server.randomness import SeededRandom
from seedmock_server.references import resolver

from ...profiles import IS_DEEP
from .conftest import replace_violations

KEYS = {"first": "sk-first", "second": "sk-second", "wrong": "sk-wrong"}
SEEDS = range(20 if IS_DEEP else 5)
# Each seed and each choice once; in depth, every combination.
SWITCHED_OFF = [(1, True), (1, False), (2, True), (2, False)] if IS_DEEP else [(1, True), (2, False)]
Problem = tuple[int, str]


@pytest.fixture
def documented_only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Switch off the assumed and observed rules and limits of the emulator; on request also those on JSON types."""

    def switch_off(*, json_types: bool) -> None:
        def documented(
            upstream: str, operation: Operation, document: Document, options: Mapping[str, str]
        ) -> list[Violation]:
            broken = violations(upstream, operation, document, options)
            types = {rule.fact.id for rule in get_contract(upstream).rules[operation] if isinstance(rule, JsonType)}
            left = [entry for entry in broken if entry.fact.basis is Basis.DOCUMENTED]
            return left if json_types else [entry for entry in left if entry.fact.id not in types]

        replace_violations(monkeypatch, documented)
        for module in (resolver, assets):
            monkeypatch.setattr(module, "media_violations", lambda *arguments: [])

    return switch_off


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "json_types"), SWITCHED_OFF)
def test_emulator_with_documented_rules_alone_creates_nothing(
    name: str, seed: int, json_types: bool, run_ladder: Any, documented_only: Callable[..., None]
) -> None:
    documented_only(json_types=json_types)
    run = run_ladder(name, seed=seed)
    assert not run.created_id
    assert run.interactions[-1].history.tasks == {}
    assert run.interactions[-1].history.assets == {}


# --- implementations that know the documentation alone ---


def apimodels_problem(order: dict[str, Any]) -> Problem | None:
    """The first reason of the vendor's page to refuse an order."""
    if str(order.get("model")).endswith("upscale"):
        allowed = order.get("targetResolution") in ("720p", "1080p", "2k", "4k", None)
        return None if allowed else (400, "targetResolution is not supported")
    images, videos, sounds = (_list(order.get(f"reference_{kind}_urls")) for kind in ("image", "video", "audio"))
    problems = {
        "prompt is required": not str(order.get("prompt") or "").strip() and not _has_picture(order),
        "resolution": order.get("resolution", "720p") not in ("480p", "720p", "1080p"),
        "resolution of the model": "1080" in str(order.get("resolution")) and _is_small(order),
        "aspect_ratio": order.get("aspect_ratio", "adaptive")
        not in ("adaptive", "16:9", "4:3", "1:1", "3:4", "9:16", "21:9"),
        "duration": not 4 <= _number(order.get("duration"), 5) <= 15,
        "last_frame_url needs first_frame_url": bool(order.get("last_frame_url")) and not order.get("first_frame_url"),
        "too many images": len(images) > 9,
        "too many videos": len(videos) > 3,
        "too many sounds": len(sounds) > 3,
    }
    return next(((400, text) for text, is_broken in problems.items() if is_broken), None)


def opeai_problem(order: dict[str, Any]) -> Problem | None:
    """The first reason of the vendor's guide to refuse an order."""
    reference = order.get("input_reference")
    items = [item for item in _list(reference.get("content") if isinstance(reference, dict) else ()) if item]
    kinds = [str(item.get("type")) if isinstance(item, dict) else "" for item in items]
    size, parts = order.get("size"), (order.get("resolution"), order.get("ratio"))
    problems = {
        "model is required": not order.get("model"),
        "unknown model": order.get("model") not in [model.name for model in get_contract("opeai").models],
        "prompt is required": not str(order.get("prompt") or "").strip(),
        "size is required": size is None and None in parts,
        "size": size is not None and get_contract("opeai").parse_size(str(size)) is None,
        "size or resolution": size is not None and parts != (None, None),
        "size of the model": _is_small(order) and "1080" in f"{size} {parts[0]}",
        "resolution": parts[0] not in ("480p", "720p", "1080p", None),
        "ratio": parts[1] not in ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9", None),
        "seconds is required": order.get("seconds") in (None, ""),
        "seconds": not 4 <= _number(order.get("seconds"), 5) <= 15,
        "type": any(kind not in ("image_url", "video_url", "audio_url") for kind in kinds),
        "url": any(isinstance(item, dict) and not item.get(str(item.get("type"))) for item in items),
        "too many images": kinds.count("image_url") > 9,
        "too many videos": kinds.count("video_url") > 3,
        "too many sounds": kinds.count("audio_url") > 3,
        "a sound alone": {*kinds} == {"audio_url"},
    }
    return next(((400, text) for text, is_broken in problems.items() if is_broken), None)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _number(value: Any, default: float) -> float:
    try:
        return default if value is None else float(value)
    except (TypeError, ValueError):
        return default


def _is_small(order: Mapping[str, Any]) -> bool:
    return any(part in str(order.get("model")) for part in ("fast", "mini"))


def _has_picture(order: Mapping[str, Any]) -> bool:
    fields = ("first_frame_url", "last_frame_url", "images", "reference_image_urls", "reference_video_urls")
    return any(order.get(field) for field in fields)


PROBLEMS = {"apimodels": apimodels_problem, "opeai": opeai_problem}


class MinimalApi:
    """ASGI application that accepts all that the documentation allows, and whose messages depend on a seed."""

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.created = name, list[dict[str, Any]]()
        self.draws, self.count = SeededRandom(seed), 0
        self.says_why, self.status = self.draws.uniform("why") < 0.7, (400, 422)[self.draws.integer(2, "status")]
        self.reads_text, self.is_flaky = self.draws.uniform("text") < 0.5, self.draws.uniform("flaky") < 0.3

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        status, document = self.respond(scope["method"], scope["path"], dict(scope["headers"]), body)
        content = json.dumps(document).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def respond(self, method: str, path: str, headers: Mapping[bytes, bytes], body: bytes) -> tuple[int, Any]:
        if headers.get(b"authorization") not in (b"Bearer sk-first", b"Bearer sk-second"):
            return self.refuse(401, "unauthorized")
        self.count += 1
        if self.is_flaky and self.draws.uniform("fails", self.count) < 0.03:
            return self.refuse((429, 500, 503)[self.draws.integer(3, "error", self.count)], "try again")
        if method != "POST":
            return self.refuse(404, "not found")
        try:
            document = json.loads(body)
        except ValueError:
            document = dict(parse_qsl(body.decode("utf-8", "replace"))) if self.reads_text else None
        if not isinstance(document, dict):
            return self.refuse(400, "no JSON object")
        return self.post(path, document)

    def post(self, path: str, document: dict[str, Any]) -> tuple[int, Any]:
        contract = get_contract(self.name)
        if path.endswith(contract.endpoint(Operation.CREATE).path):  # type: ignore[union-attr]
            problem = PROBLEMS[self.name](document)
            return self.refuse(self.status, problem[1]) if problem else self.create(document)
        if Operation.ASSET_CREATE in contract.rules and path.endswith(self.path_of(Operation.ASSET_CREATE)):
            missing = [field for field in ("url", "asset_type", "group_id") if document.get(field) in (None, "")]
            return self.refuse(self.status, f"{missing[0]} is required") if missing else self.create(document)
        return self.refuse(404, "not found")

    def path_of(self, operation: Operation) -> str:
        endpoint = get_contract(self.name).endpoint(operation)
        assert endpoint is not None
        return endpoint.path

    def refuse(self, status: int, message: str) -> tuple[int, Any]:
        text = message if self.says_why else "bad request"
        if get_contract(self.name).response.envelope_key:
            return status, {"code": status, "msg": text, "data": None}
        return status, {"error": {"message": text, "type": "invalid_request_error", "code": "InvalidParameter"}}

    def create(self, document: dict[str, Any]) -> tuple[int, Any]:
        self.created.append(document)
        ids = {"id": f"t{len(self.created)}", "taskId": f"t{len(self.created)}", "status": "queued"}
        return 200, {"code": 200, "data": ids} if get_contract(self.name).response.envelope_key else ids


def run_against(api: MinimalApi) -> Iterator[str]:
    """Run every free step; yield the names of those that created something."""
    contract = get_contract(api.name)
    with InProcessClient(api) as client:
        driver = Driver(contract, client.request, KEYS, lambda: 0.0, lambda seconds: None, lambda checked: None)
        for step in free_steps(contract):
            try:
                list(step.run(driver))
            except UnexpectedTask:
                yield step.name


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_implementation_of_the_documentation_alone_is_asked_for_nothing(name: str, seed: int) -> None:
    api = MinimalApi(name, seed)
    assert list(run_against(api)) == []
    assert api.created == []


# --- the questions themselves ---


@cache
def documented_reasons(name: str, operation: Operation) -> frozenset[str]:
    contract = get_contract(name)
    return frozenset(rule.fact.id for rule in contract.rules[operation] if is_reason(contract, operation, rule))


@pytest.mark.slow
def test_every_probe_of_an_order_rests_on_a_documented_reason(contract_rule: Any) -> None:
    contract, operation, rule = contract_rule
    if operation not in BILLABLE:
        return
    for probe in probes_for(contract, operation, rule):
        for document in (probe.reason, *(case.document for case in (*probe.conforming, *probe.violating))):
            assert document is not None
            broken = {entry.fact.id for entry in violations(contract.name, operation, document)} - {rule.fact.id}
            assert broken & documented_reasons(contract.name, operation), document


@pytest.mark.parametrize("upstream", NAMES)
@pytest.mark.parametrize("operation", BILLABLE)
def test_almost_empty_document_is_refused_for_documented_reasons(upstream: str, operation: Operation) -> None:
    if operation in get_contract(upstream).rules:
        document = refused_document(get_contract(upstream), operation)
        broken = {entry.fact.id for entry in violations(upstream, operation, document)}
        assert broken & documented_reasons(upstream, operation)
