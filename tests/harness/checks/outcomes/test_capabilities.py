"""Checks of documented orders against accepted and rejected ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks import capabilities as capabilities
from seedmock_harness.results.checks import Severity

Factory = Callable[..., Any]
IMAGE, VIDEO = "https://example.com/a.png", "https://example.com/a.mp4"


def invalid_parameter(param: str) -> dict[str, Any]:
    return {"error": {"message": "no", "type": "BadRequest", "param": param, "code": "InvalidParameter"}}


def items(*references: tuple[str, str, str]) -> dict[str, Any]:
    """Return the `input_reference` of an opeai order from (type, URL, role); an empty role is omitted."""
    content = [{"type": type_, "role": role, type_: {"url": url}} for type_, url, role in references]
    return {"content": [{name: value for name, value in item.items() if value} for item in content]}


def use_references(history: Any) -> Any:
    """Add accepted orders that use every reference."""
    if history.contract.name == "opeai":
        return history.order("t0", input_reference=items(("image_url", IMAGE, "first_frame")))
    history.order("t0", first_frame_url=IMAGE).order("t8", reference_video_urls=[VIDEO])
    return history.order("t9", operation=Operation.UPSCALE)


class TestDocumentedOrders:
    check = staticmethod(capabilities.documented_orders_are_accepted)

    @pytest.mark.parametrize(
        ("changes", "facts"),
        [
            ({}, {"mode.text"}),
            ({"first_frame_url": IMAGE}, {"mode.first_frame"}),
            ({"first_frame_url": IMAGE, "last_frame_url": IMAGE}, {"mode.first_last"}),
            ({"reference_image_urls": [IMAGE]}, {"mode.reference"}),
            ({"reference_video_urls": [VIDEO]}, {"mode.edit", "create.edit"}),
            ({"web_search": True}, {"mode.text", "web_search"}),
            ({"prompt": "word " * 1100}, {"mode.text", "create.prompt.length"}),
            ({"operation": Operation.UPSCALE}, {"mode.upscale", "upscale"}),
        ],
    )
    def test_documented_orders_of_apimodels_are_accepted(
        self, new_history: Factory, changes: dict[str, Any], facts: set[str]
    ) -> None:
        assert new_history("apimodels").order(**changes).outcomes(self.check) == dict.fromkeys(facts, True)
        operation = changes.get("operation", Operation.CREATE)
        document = {**new_history("apimodels").contract.example(operation), **changes}
        document.pop("operation", None)
        history = use_references(new_history("apimodels")).respond_enveloped(
            operation, None, request=document, status=400
        )
        assert history.outcomes(self.check) == dict.fromkeys(facts, False)

    @pytest.mark.parametrize(
        ("changes", "facts"),
        [
            ({}, {"mode.text"}),
            ({"input_reference": items(("image_url", IMAGE, "first_frame"))}, {"mode.first_frame", "prompt.top_level"}),
            (
                {"input_reference": items(("image_url", IMAGE, ""))},
                {"mode.reference", "prompt.top_level", "role.default"},
            ),
            (
                {"model": "seedance-2-0-nsfw", "size": "1920x1080"},
                {"mode.text", "model.seedance-2-0-nsfw.resolutions"},
            ),
        ],
    )
    def test_documented_orders_of_opeai_are_accepted(
        self, new_history: Factory, changes: dict[str, Any], facts: set[str]
    ) -> None:
        assert new_history("opeai").order(**changes).outcomes(self.check) == dict.fromkeys(facts, True)
        document = {**new_history("opeai").contract.example(Operation.CREATE), **changes}
        history = use_references(new_history("opeai")).respond(
            Operation.CREATE, invalid_parameter("input_reference"), request=document, status=400
        )
        assert history.outcomes(self.check) == dict.fromkeys(facts, False)

    def test_rejected_reference_content_is_not_checked(self, new_history: Factory) -> None:
        document = {**new_history("apimodels").contract.example(Operation.CREATE), "first_frame_url": IMAGE}
        history = new_history("apimodels").respond_enveloped(
            Operation.CREATE, {"failCode": "INVALID_INPUT"}, request=document, status=400
        )
        assert history.outcomes(self.check) == {}
        document = {
            **new_history("opeai").contract.example(Operation.CREATE),
            "input_reference": items(("image_url", IMAGE, "")),
        }
        history = new_history("opeai").respond(
            Operation.CREATE,
            invalid_parameter("input_reference.content[0].image_url.url"),
            request=document,
            status=400,
        )
        assert history.outcomes(self.check) == {}

    def test_rejection_with_an_unproven_reference_is_not_checked(self, new_history: Factory) -> None:
        document = {**new_history("apimodels").contract.example(Operation.CREATE), "first_frame_url": IMAGE}
        assert (
            new_history("apimodels")
            .respond_enveloped(Operation.CREATE, None, request=document, status=400)
            .outcomes(self.check)
            == {}
        )

    @pytest.mark.parametrize("status", [401, 402, 429, 500])
    def test_other_errors_are_not_checked(self, new_history: Factory, status: int) -> None:
        history = new_history("apimodels").respond_enveloped(
            Operation.CREATE, None, request=new_history("apimodels").contract.example(Operation.CREATE), status=status
        )
        assert history.outcomes(self.check) == {}


def test_query_finds_its_task(new_history: Factory) -> None:
    check = capabilities.tasks_are_found_by_query_field
    assert new_history("apimodels").order().poll("pending").outcomes(check) == {"query.task_id": True}
    history = (
        new_history("apimodels").order().respond_enveloped(Operation.QUERY, None, request={"task_id": "t1"}, status=400)
    )
    assert history.outcomes(check) == {"query.task_id": False}
    assert new_history("opeai").order().poll("QUEUED").outcomes(check) == {}


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.9", "localhost", "[::1]", "printer.local"])
def test_private_address_is_rejected(new_history: Factory, host: str) -> None:
    check, link = capabilities.private_addresses_are_rejected, f"http://{host}/a.png"
    history = new_history("apimodels").order(first_frame_url=link)
    assert history.outcomes(check) == {}
    assert history.poll("processing").outcomes(check) == {}
    assert history.poll("failed").outcomes(check) == {"private_urls": True}
    history = new_history("apimodels").order(first_frame_url=link).poll("completed", link="https://x")
    assert history.severities(check) == {"private_urls": Severity.BREAKING}
    document = {**history.contract.example(Operation.CREATE), "first_frame_url": link}
    history = new_history("apimodels").respond_enveloped(
        Operation.CREATE, {"failCode": "INVALID_INPUT"}, request=document, status=400
    )
    assert history.outcomes(check) == {"private_urls": True}
    assert new_history("apimodels").order(first_frame_url=IMAGE).poll("failed").outcomes(check) == {}
