"""What can be ordered: each check sees an honest answer as such, and each way of lying."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks import capabilities as wishes
from seedmock_harness.results.checks import Severity

Made = Callable[..., Any]
IMAGE, VIDEO = "https://example.com/a.png", "https://example.com/a.mp4"


def refused_b(param: str) -> dict[str, Any]:
    return {"error": {"message": "no", "type": "BadRequest", "param": param, "code": "InvalidParameter"}}


def items(*found: tuple[str, str, str]) -> dict[str, Any]:
    """What B's orders hold: type, URL and role of each reference; an empty role is left out."""
    content = [{"type": type_, "role": role, type_: {"url": url}} for type_, url, role in found]
    return {"content": [{name: value for name, value in item.items() if value} for item in content]}


def used(told: Any) -> Any:
    """Orders in which every reference was taken before."""
    if told.contract.name == "opeai":
        return told.order("t0", input_reference=items(("image_url", IMAGE, "first_frame")))
    told.order("t0", first_frame_url=IMAGE).order("t8", reference_video_urls=[VIDEO])
    return told.order("t9", operation=Operation.UPSCALE)


class TestWays:
    check = staticmethod(wishes.documented_orders_are_accepted)

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
    def test_of_a_s_are_taken(self, tale: Made, changes: dict[str, Any], facts: set[str]) -> None:
        assert tale("apimodels").order(**changes).sees(self.check) == dict.fromkeys(facts, True)
        operation = changes.get("operation", Operation.CREATE)
        document = {**tale("apimodels").contract.example(operation), **changes}
        document.pop("operation", None)
        told = used(tale("apimodels")).tell(operation, None, sent=document, status=400)
        assert told.sees(self.check) == dict.fromkeys(facts, False)

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
    def test_of_b_s_are_taken(self, tale: Made, changes: dict[str, Any], facts: set[str]) -> None:
        assert tale("opeai").order(**changes).sees(self.check) == dict.fromkeys(facts, True)
        document = {**tale("opeai").contract.example(Operation.CREATE), **changes}
        told = used(tale("opeai")).say(Operation.CREATE, refused_b("input_reference"), sent=document, status=400)
        assert told.sees(self.check) == dict.fromkeys(facts, False)

    def test_a_refusal_for_what_a_reference_leads_to_says_nothing(self, tale: Made) -> None:
        document = {**tale("apimodels").contract.example(Operation.CREATE), "first_frame_url": IMAGE}
        told = tale("apimodels").tell(Operation.CREATE, {"failCode": "INVALID_INPUT"}, sent=document, status=400)
        assert told.sees(self.check) == {}
        document = {
            **tale("opeai").contract.example(Operation.CREATE),
            "input_reference": items(("image_url", IMAGE, "")),
        }
        told = tale("opeai").say(
            Operation.CREATE, refused_b("input_reference.content[0].image_url.url"), sent=document, status=400
        )
        assert told.sees(self.check) == {}

    def test_a_reference_that_was_never_used_may_be_what_is_wrong(self, tale: Made) -> None:
        document = {**tale("apimodels").contract.example(Operation.CREATE), "first_frame_url": IMAGE}
        assert tale("apimodels").tell(Operation.CREATE, None, sent=document, status=400).sees(self.check) == {}

    @pytest.mark.parametrize("status", [401, 402, 429, 500])
    def test_so_does_a_refusal_for_another_reason(self, tale: Made, status: int) -> None:
        told = tale("apimodels").tell(
            Operation.CREATE, None, sent=tale("apimodels").contract.example(Operation.CREATE), status=status
        )
        assert told.sees(self.check) == {}


def test_a_query_finds_its_task(tale: Made) -> None:
    check = wishes.tasks_are_found_by_query_field
    assert tale("apimodels").order().poll("pending").sees(check) == {"query.task_id": True}
    told = tale("apimodels").order().tell(Operation.QUERY, None, sent={"task_id": "t1"}, status=400)
    assert told.sees(check) == {"query.task_id": False}
    assert tale("opeai").order().poll("QUEUED").sees(check) == {}


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.9", "localhost", "[::1]", "printer.local"])
def test_a_private_address_comes_to_nothing(tale: Made, host: str) -> None:
    check, link = wishes.private_addresses_are_rejected, f"http://{host}/a.png"
    taken = tale("apimodels").order(first_frame_url=link)
    assert taken.sees(check) == {}
    assert taken.poll("processing").sees(check) == {}
    assert taken.poll("failed").sees(check) == {"private_urls": True}
    taken = tale("apimodels").order(first_frame_url=link).poll("completed", link="https://x")
    assert taken.severities(check) == {"private_urls": Severity.BREAKING}
    document = {**taken.contract.example(Operation.CREATE), "first_frame_url": link}
    told = tale("apimodels").tell(Operation.CREATE, {"failCode": "INVALID_INPUT"}, sent=document, status=400)
    assert told.sees(check) == {"private_urls": True}
    assert tale("apimodels").order(first_frame_url=IMAGE).poll("failed").sees(check) == {}
