"""What is refused for the state of things: each check sees an honest answer as such, and each way of lying."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks import capabilities as wishes
from seedmock_harness.checks import links
from seedmock_harness.checks import state_conflicts as states

Made = Callable[..., Any]
FACE = {"url": "https://example.com/a.png", "asset_type": "Image", "name": "lead", "group_id": 1}
IMAGE = "https://example.com/a.png"
CHECK = states.state_conflicts_get_the_documented_error


def error(type_: str, code: str) -> dict[str, Any]:
    return {"error": {"message": "no", "type": type_, "param": "", "code": code}}


NOT_YET = error("invalid_request_error", "")


class TestContent:
    def test_what_is_not_ready_is_refused_as_such(self, tale: Made) -> None:
        told = tale("opeai").order().poll("IN_PROGRESS").fetch(status=400, body=NOT_YET)
        assert list(told.sees(CHECK).values()) == [True]
        assert "error.not_ready" in next(iter(told.sees(CHECK)))
        told = tale("opeai").order().poll("IN_PROGRESS").fetch(status=409, body=NOT_YET)
        assert list(told.sees(CHECK).values()) == [False]

    def test_what_has_failed_is_refused_as_such(self, tale: Made) -> None:
        told = tale("opeai").order().poll("FAILURE").fetch(status=400, body=error("BadRequest", "InvalidParameter"))
        assert told.sees(CHECK) == {"error.task_failed": True}
        told = tale("opeai").order().poll("FAILURE").fetch(status=410, body=error("Gone", "Gone"))
        assert set(told.sees(CHECK).values()) == {False}

    @pytest.mark.parametrize(("status", "fact", "right"), [(404, "", True), (410, ".410", True), (400, "", False)])
    def test_a_link_ends_with_one_of_three_statuses(self, tale: Made, status: int, fact: str, right: bool) -> None:
        told = tale("apimodels").done().wait(8 * 86400).fetch(status=status, body="<Error>Expired</Error>")
        assert told.sees(links.links_expire_on_time)[f"error.link_expired{fact}"] is right


class TestOrders:
    def refused(self, told: Any, fail_code: str, status: int, **changes: Any) -> Any:
        document = {**told.contract.example(Operation.CREATE), **changes}
        data = {"failCode": fail_code, "failMsg": "no", "retryable": False}
        return told.tell(Operation.CREATE, data, sent=document, status=status)

    def test_what_moderation_objects_to_is_refused_as_such(self, tale: Made) -> None:
        check = states.moderation_errors_have_the_documented_status
        for status, seen in (
            (400, {"error.moderation_input": True}),
            (422, {"error.moderation_input.422": True}),
            (409, {"error.moderation_input": False}),
        ):
            assert self.refused(tale("apimodels"), "CONTENT_MODERATION", status).sees(check) == seen
        document = tale("opeai").contract.example(Operation.CREATE)
        for status, right in ((400, True), (422, False)):
            body = error("BadRequest", "InputTextSensitiveContentDetected")
            told = tale("opeai").say(Operation.CREATE, body, sent=document, status=status)
            assert told.sees(check) == {"error.moderation_input": right}

    def test_an_asset_that_is_gone_is_refused_as_such(self, tale: Made) -> None:
        def gone() -> Any:
            told = tale("apimodels").tell(Operation.ASSET_CREATE, {"id": "a1", "status": "Active"}, sent=FACE)
            return told.tell(Operation.ASSET_DELETE, {}, sent={"id": "a1"})

        told = self.refused(gone(), "INVALID_INPUT", 400, first_frame_url="asset://a1")
        assert told.sees(CHECK) == {"error.invalid_input": True}
        told = self.refused(gone(), "INVALID_INPUT", 409, first_frame_url="asset://a1")
        assert told.sees(CHECK) == {"error.invalid_input": False}

    def test_a_reference_that_cannot_be_used_is_refused_as_such(self, tale: Made) -> None:
        for status, right in ((400, True), (409, False)):
            told = self.refused(tale("apimodels"), "INVALID_INPUT", status, first_frame_url=IMAGE)
            assert told.sees(CHECK) == {"error.invalid_input": right}
        item = {"type": "image_url", "role": "first_frame", "image_url": {"url": IMAGE}}
        document = {**tale("opeai").contract.example(Operation.CREATE), "input_reference": {"content": [item]}}
        for param, code, seen in (
            ("input_reference.content[0].image_url.url", "InvalidParameter", {"error.invalid_input": True}),
            ("input_reference.content[0].image_url.url", "Gone", {"error.invalid_input": False}),
            ("size", "InvalidParameter", {}),
        ):
            body = {"error": {"message": "no", "type": "BadRequest", "param": param, "code": code}}
            told = tale("opeai").say(Operation.CREATE, body, sent=document, status=400)
            assert {name: right for name, right in told.sees(CHECK).items() if "newapi" not in name} == seen

    def test_an_asset_that_is_refused_is_so_with_its_status(self, tale: Made) -> None:
        group = {"id": 1, "group_name": "group-1"}
        for status, seen in ((422, {"error.asset_refused": True}), (409, {"error.asset_refused": False}), (404, {})):
            told = tale("apimodels").tell(Operation.GROUP_CREATE, group, sent={"name": "cast"})
            assert told.tell(Operation.ASSET_CREATE, None, sent=FACE, status=status).sees(CHECK) == seen

    def test_an_order_that_cannot_be_paid_is_refused_for_that(self, tale: Made) -> None:
        check, document = states.orders_require_balance, tale("apimodels").contract.example(Operation.CREATE)

        def poor(left: float) -> Any:
            return tale("apimodels").tell(Operation.BALANCE, {"balance": left})

        told = poor(0.1).tell(Operation.CREATE, None, sent=document, status=402)
        assert told.sees(check) == {"error.balance": True}
        assert poor(0.1).tell(Operation.CREATE, None, sent=document, status=409).sees(check) == {"error.balance": False}
        assert poor(0.1).order().sees(check) == {"error.balance": False}
        assert poor(0.6).order().sees(check) == {}
        assert tale("apimodels").order().sees(check) == {}


@pytest.mark.parametrize(
    ("code", "fact"), [("CONTENT_MODERATION", "error.moderation_output"), ("UPSTREAM_FAILED", "error.task_failed")]
)
def test_a_failed_task_is_found_all_the_same(tale: Made, code: str, fact: str) -> None:
    check, data = states.failed_tasks_have_the_documented_status, {"taskId": "t1", "state": "failed", "failCode": code}
    for status, right in ((200, True), (502, False)):
        told = tale("apimodels").order().tell(Operation.QUERY, data, sent={"task_id": "t1"}, status=status)
        assert told.sees(check) == {fact: right}
    assert tale("apimodels").order().poll("failed").sees(check) == {}


def test_a_file_part_is_taken(tale: Made) -> None:
    check = wishes.file_parts_are_accepted
    form = (
        '--x\r\ncontent-disposition: form-data; name="input_reference"; filename="a.png"\r\n\r\n<9 bytes of image/png>'
    )
    for status, body, seen in (
        (200, {"id": "t1", "status": "queued"}, {"input_reference.file": True}),
        (400, error("BadRequest", "InvalidParameter"), {"input_reference.file": False}),
        (401, error("Unauthorized", "AuthenticationError"), {}),
    ):
        told = tale("opeai").posted(form, body, status=status)
        assert told.sees(check) == seen
