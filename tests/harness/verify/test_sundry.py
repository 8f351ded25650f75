"""Orders by defaults, by a form, with assets, with what must fail; and posted files: seen, and seen to be otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.probes.paid_steps import PaidOptions, inline_media, paid_steps
from seedmock_harness.results.verification import FactStatus, Verification, VerificationVerdict
from seedmock_harness.verify.session import Plan
from seedmock_server.http.in_process import BufferedResponse

SEEN = {
    ("opeai", "defaults"): {"create.generate_audio.default", "role.default", "create.prompt.length"},
    ("opeai", "form"): {"input_reference.file"},
    ("opeai", "sounds"): {"limit.audio.total"},
    ("apimodels", "defaults"): {
        *("web_search", "adaptive.none", "create.prompt.length", "create.resolution.default"),
        *("create.aspect_ratio.default", "create.duration.default"),
    },
    ("apimodels", "private"): {
        *("private_urls", "code.input", "error.task_failed", "status.failure", "query.answer.failCode"),
        *("query.answer.failMsg", "query.answer.retryable", "query.answer.createTime.failed"),
        "query.answer.completeTime.failed",
    },
    ("apimodels", "asset.used"): {
        *("assets.create.name.default", "assets.delete.answer", "assets.purpose", "assets.usable"),
        *("groups.id.text", "files.answer.publicUrl"),
    },
    ("apimodels", "sounds"): {"limit.audio.total"},
    ("apimodels", "upscale.1080p"): {"upscale.side.1080p", "tariff.upscale.1080p"},
    ("apimodels", "file"): {"files.days"},
}
"""What each step is there for."""
Change = Callable[[dict[str, Any]], dict[str, Any]]


def steps_of(upstream: str, *names: str) -> Plan:
    """Steps as they are made for a stranger, who must be able to read what orders refer to."""
    contract = get_contract(upstream)
    every = paid_steps(contract, PaidOptions(inline_media(), deep=True, own_clock=True))
    return Plan(contract, (), tuple(step for step in every if step.name in names))


def verdicts(found: Verification) -> Mapping[str, FactStatus]:
    return {seen.fact.id.removeprefix(f"{found.contract.name}."): seen.status for seen in found.facts}


def between(world: Any, answer: Callable[..., Any]) -> Any:
    """The target with something in between: `answer(send, method, url, content)` gives what comes back, or None."""
    send = world.target.send

    def asked(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
        def on(said: bytes) -> Any:
            return send(method, url, headers=headers, content=said)

        found = answer(on, method, url, content)
        return found if found is not None else on(content)

    return replace(world.target, send=asked)


def understood(change: Change) -> Callable[..., Any]:
    """Takes orders as if they said something else."""

    def answer(on: Any, method: str, url: str, content: bytes) -> Any:
        if method != "POST" or b"paper boat" not in content or not content.startswith(b"{"):
            return None
        return on(json.dumps(change(json.loads(content))).encode())

    return answer


@pytest.mark.parametrize(("upstream", "name"), SEEN)
def test_a_step_sees_what_it_is_there_for(
    world_of: Callable[..., Any], verified: Any, upstream: str, name: str
) -> None:
    with world_of() as world:
        found = verified(upstream, world.target, steps=steps_of(upstream, "text", name))
    assert (found.verdict, found.problem, found.steps) == (VerificationVerdict.CONFORMS, "", ("text", name))
    told = verdicts(found)
    assert {fact for fact in SEEN[upstream, name] if told[fact] is not FactStatus.CONFIRMED} == set()


def test_every_target_of_upscales_has_a_step_and_the_dear_ones_are_made_in_deep_runs_only() -> None:
    def targets(deep: bool) -> list[str]:
        return [
            step.name
            for step in paid_steps(get_contract("apimodels"), PaidOptions(deep=deep))
            if "upscale" in step.name
        ]

    assert targets(False) == ["upscale", "upscale.1080p"]
    assert targets(True) == ["upscale", "upscale.1080p", "upscale.2k", "upscale.4k"]


def without_sounds(order: dict[str, Any]) -> dict[str, Any]:
    placed = order.get("input_reference")
    if placed:
        kept = [item for item in placed["content"] if item["type"] != "audio_url"]
        return {**order, "input_reference": {"content": kept}}
    return {name: value for name, value in order.items() if name != "reference_audio_urls"}


def without_images(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if "url" not in name}


OTHERWISE: tuple[tuple[str, str, str, Change], ...] = (
    ("opeai", "sounds", "limit.audio.total", without_sounds),
    ("apimodels", "sounds", "limit.audio.total", without_sounds),
    ("apimodels", "private", "private_urls", without_images),
    ("apimodels", "asset.used", "assets.usable", without_images),
    ("apimodels", "defaults", "create.duration.default", lambda order: {"duration": 4, **order}),
    ("apimodels", "defaults", "adaptive.none", lambda order: {"aspect_ratio": "1:1", **order}),
    ("opeai", "defaults", "create.generate_audio.default", lambda order: {"generate_audio": False, **order}),
)


@pytest.mark.parametrize(("upstream", "name", "fact", "change"), OTHERWISE)
def test_an_upstream_that_does_otherwise_is_found_out(
    world_of: Callable[..., Any], verified: Any, upstream: str, name: str, fact: str, change: Change
) -> None:
    with world_of() as world:
        target = between(world, understood(change))
        found = verified(upstream, target, steps=steps_of(upstream, name))
    assert verdicts(found)[fact] is FactStatus.CONTRADICTED


def test_a_file_that_outlives_its_days_is_found_out(world_of: Callable[..., Any], verified: Any) -> None:
    kept: dict[str, Any] = {}

    def answer(on: Any, method: str, url: str, content: bytes) -> Any:
        if method == "GET" and "/files/" in url:
            return kept.setdefault(url, on(content))
        return None

    with world_of() as world:
        found = verified("apimodels", between(world, answer), steps=steps_of("apimodels", "text", "file"))
    assert verdicts(found)["files.days"] is FactStatus.CONTRADICTED


def test_a_form_that_is_refused_is_drift(world_of: Callable[..., Any], verified: Any) -> None:
    said = {"error": {"message": "JSON only", "type": "BadRequest", "param": "", "code": "InvalidParameter"}}

    def answer(on: Any, method: str, url: str, content: bytes) -> Any:
        if content.startswith(b"--"):
            return BufferedResponse(400, {"content-type": "application/json"}, json.dumps(said).encode())
        return None

    with world_of() as world:
        found = verified("opeai", between(world, answer), steps=steps_of("opeai", "form"))
    assert found.findings


def test_sounds_that_nobody_takes_say_nothing_of_how_long_they_may_be(
    world_of: Callable[..., Any], verified: Any
) -> None:
    said = {"error": {"message": "no", "type": "BadRequest", "param": "", "code": "InvalidParameter"}}

    def answer(on: Any, method: str, url: str, content: bytes) -> Any:
        if method == "POST" and b"audio" in content:
            return BufferedResponse(400, {"content-type": "application/json"}, json.dumps(said).encode())
        return None

    with world_of() as world:
        found = verified("opeai", between(world, answer), steps=steps_of("opeai", "sounds"))
    assert verdicts(found)["limit.audio.total"] is FactStatus.NOT_LOOKED
