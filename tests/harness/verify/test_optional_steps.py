"""Optional features: orders with defaults, forms, assets and expected failures, and uploaded files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from seedmock_contracts.upstreams import get_contract
from seedmock_harness.probes.paid_options import PaidOptions, inline_media
from seedmock_harness.probes.paid_steps import paid_steps
from seedmock_harness.results.verification import FactStatus, Verification, VerificationVerdict
from seedmock_harness.verify.session import VerificationPlan
from seedmock_harness.verify.target import Target
from seedmock_server.http.in_process import BufferedResponse

if TYPE_CHECKING:
    from .conftest import LiveEmulator, OpenEmulator, Verify

CONFIRMED_FACTS = {
    ("opeai", "defaults"): {"create.generate_audio.default", "role.default", "create.prompt.length"},
    ("opeai", "form"): {"input_reference.file"},
    ("opeai", "sounds"): {"limit.audio.total"},
    ("apimodels", "defaults"): {
        *("web_search", "adaptive.none", "create.prompt.length", "create.resolution.default"),
        *("create.aspect_ratio.default", "create.duration.default"),
    },
    ("apimodels", "private"): {
        *("private_urls", "code.input", "error.task_failed", "status.failure", "query.response.failCode"),
        *("query.response.failMsg", "query.response.retryable", "query.response.createTime.failed"),
        "query.response.completeTime.failed",
    },
    ("apimodels", "asset.used"): {
        *("assets.create.name.default", "assets.delete.response.data", "assets.purpose", "assets.usable"),
        *("groups.id.text", "files.response.publicUrl"),
    },
    ("apimodels", "sounds"): {"limit.audio.total"},
    ("apimodels", "upscale.1080p"): {"upscale.side.1080p", "tariff.upscale.1080p"},
    ("apimodels", "file"): {"files.days"},
}
"""The facts that each step is made to confirm."""
Change = Callable[[dict[str, Any]], dict[str, Any]]
Forward = Callable[[bytes], Any]
Respond = Callable[[Forward, str, str, bytes], Any]
INVALID = {"error": {"message": "no", "type": "BadRequest", "param": "", "code": "InvalidParameter"}}
REJECTION = BufferedResponse(400, {"content-type": "application/json"}, json.dumps(INVALID).encode())


def plan_of(upstream: str, *names: str) -> VerificationPlan:
    """Plan some paid steps as for a live service, which must be able to load the media."""
    contract = get_contract(upstream)
    steps = paid_steps(contract, PaidOptions(inline_media(), deep=True, own_clock=True))
    return VerificationPlan(contract, (), tuple(step for step in steps if step.name in names))


def statuses(verification: Verification) -> Mapping[str, FactStatus]:
    prefix = f"{verification.contract.name}."
    return {fact.fact.id.removeprefix(prefix): fact.status for fact in verification.facts}


def intercepting(emulator: LiveEmulator, respond: Respond) -> Target:
    """Return the target with `respond(forward, method, url, content)` before it; None forwards the request."""
    original = emulator.target.send

    def send(method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Any:
        def forward(body: bytes) -> Any:
            return original(method, url, headers=headers, content=body)

        response = respond(forward, method, url, content)
        return response if response is not None else forward(content)

    return replace(emulator.target, send=send)


def misreading(change: Change) -> Respond:
    """Change each order before it reaches the emulator."""

    def respond(forward: Forward, method: str, url: str, content: bytes) -> Any:
        if method != "POST" or b"paper boat" not in content or not content.startswith(b"{"):
            return None
        return forward(json.dumps(change(json.loads(content))).encode())

    return respond


@pytest.mark.parametrize(("upstream", "name"), CONFIRMED_FACTS)
def test_step_confirms_its_facts(open_emulator: OpenEmulator, verify_target: Verify, upstream: str, name: str) -> None:
    with open_emulator() as emulator:
        verification = verify_target(upstream, emulator.target, plan=plan_of(upstream, "text", name))
    verdict = VerificationVerdict.CONFORMS
    assert (verification.verdict, verification.problem, verification.steps) == (verdict, "", ("text", name))
    status = statuses(verification)
    assert {fact for fact in CONFIRMED_FACTS[upstream, name] if status[fact] is not FactStatus.CONFIRMED} == set()


def test_expensive_upscale_targets_are_ordered_in_deep_runs_only() -> None:
    def upscale_steps(deep: bool) -> list[str]:
        steps = paid_steps(get_contract("apimodels"), PaidOptions(deep=deep))
        return [step.name for step in steps if step.name.startswith("upscale")]

    assert upscale_steps(False) == ["upscale", "upscale.1080p"]
    assert upscale_steps(True) == ["upscale", "upscale.1080p", "upscale.2k", "upscale.4k"]


def without_audio(order: dict[str, Any]) -> dict[str, Any]:
    reference = order.get("input_reference")
    if reference:
        content = [item for item in reference["content"] if item["type"] != "audio_url"]
        return {**order, "input_reference": {"content": content}}
    return {name: value for name, value in order.items() if name != "reference_audio_urls"}


def without_images(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if "url" not in name}


MISREADINGS: tuple[tuple[str, str, str, Change], ...] = (
    ("opeai", "sounds", "limit.audio.total", without_audio),
    ("apimodels", "sounds", "limit.audio.total", without_audio),
    ("apimodels", "private", "private_urls", without_images),
    ("apimodels", "asset.used", "assets.usable", without_images),
    ("apimodels", "defaults", "create.duration.default", lambda order: {"duration": 4, **order}),
    ("apimodels", "defaults", "adaptive.none", lambda order: {"aspect_ratio": "1:1", **order}),
    ("opeai", "defaults", "create.generate_audio.default", lambda order: {"generate_audio": False, **order}),
)


@pytest.mark.parametrize(("upstream", "name", "fact", "change"), MISREADINGS)
def test_upstream_that_misreads_an_order_contradicts_the_fact(
    open_emulator: OpenEmulator, verify_target: Verify, upstream: str, name: str, fact: str, change: Change
) -> None:
    with open_emulator() as emulator:
        target = intercepting(emulator, misreading(change))
        verification = verify_target(upstream, target, plan=plan_of(upstream, name))
    assert statuses(verification)[fact] is FactStatus.CONTRADICTED


def test_file_that_outlives_its_days_contradicts_the_fact(open_emulator: OpenEmulator, verify_target: Verify) -> None:
    cache: dict[str, Any] = {}

    def respond(forward: Forward, method: str, url: str, content: bytes) -> Any:
        if method == "GET" and "/files/" in url:
            return cache.setdefault(url, forward(content))
        return None

    with open_emulator() as emulator:
        target = intercepting(emulator, respond)
        verification = verify_target("apimodels", target, plan=plan_of("apimodels", "text", "file"))
    assert statuses(verification)["files.days"] is FactStatus.CONTRADICTED


def test_rejected_form_is_a_finding(open_emulator: OpenEmulator, verify_target: Verify) -> None:
    def respond(forward: Forward, method: str, url: str, content: bytes) -> Any:
        return REJECTION if content.startswith(b"--") else None

    with open_emulator() as emulator:
        verification = verify_target("opeai", intercepting(emulator, respond), plan=plan_of("opeai", "form"))
    assert verification.findings


def test_rejected_audio_leaves_its_duration_limit_unchecked(open_emulator: OpenEmulator, verify_target: Verify) -> None:
    def respond(forward: Forward, method: str, url: str, content: bytes) -> Any:
        return REJECTION if method == "POST" and b"audio" in content else None

    with open_emulator() as emulator:
        verification = verify_target("opeai", intercepting(emulator, respond), plan=plan_of("opeai", "sounds"))
    assert statuses(verification)["limit.audio.total"] is FactStatus.NOT_CHECKED
