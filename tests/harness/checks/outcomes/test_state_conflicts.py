"""Checks of errors that depend on state: unfinished tasks, deleted assets, balance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks import capabilities as capabilities
from seedmock_harness.checks import links
from seedmock_harness.checks import state_conflicts as state_conflicts

Factory = Callable[..., Any]
FACE = {"url": "https://example.com/a.png", "asset_type": "Image", "name": "lead", "group_id": 1}
IMAGE = "https://example.com/a.png"
CHECK = state_conflicts.state_conflicts_get_the_documented_error


def error(type_: str, code: str) -> dict[str, Any]:
    return {"error": {"message": "no", "type": type_, "param": "", "code": code}}


NOT_YET = error("invalid_request_error", "")


class TestContentErrors:
    def test_unfinished_content_gets_the_documented_error(self, new_history: Factory) -> None:
        history = new_history("opeai").order().poll("IN_PROGRESS").fetch(status=400, body=NOT_YET)
        assert list(history.outcomes(CHECK).values()) == [True]
        assert "error.not_ready" in next(iter(history.outcomes(CHECK)))
        history = new_history("opeai").order().poll("IN_PROGRESS").fetch(status=409, body=NOT_YET)
        assert list(history.outcomes(CHECK).values()) == [False]

    def test_content_of_a_failed_task_gets_the_documented_error(self, new_history: Factory) -> None:
        history = (
            new_history("opeai").order().poll("FAILURE").fetch(status=400, body=error("BadRequest", "InvalidParameter"))
        )
        assert history.outcomes(CHECK) == {"error.task_failed": True}
        history = new_history("opeai").order().poll("FAILURE").fetch(status=410, body=error("Gone", "Gone"))
        assert set(history.outcomes(CHECK).values()) == {False}

    @pytest.mark.parametrize(("status", "fact", "passes"), [(404, "", True), (410, ".410", True), (400, "", False)])
    def test_expired_link_has_a_documented_status(
        self, new_history: Factory, status: int, fact: str, passes: bool
    ) -> None:
        history = (
            new_history("apimodels").complete().wait(8 * 86400).fetch(status=status, body="<Error>Expired</Error>")
        )
        assert history.outcomes(links.links_expire_on_time)[f"error.link_expired{fact}"] is passes


class TestOrderErrors:
    def reject_order(self, history: Any, fail_code: str, status: int, **changes: Any) -> Any:
        document = {**history.contract.example(Operation.CREATE), **changes}
        data = {"failCode": fail_code, "failMsg": "no", "retryable": False}
        return history.respond_enveloped(Operation.CREATE, data, request=document, status=status)

    def test_moderation_error_has_the_documented_status(self, new_history: Factory) -> None:
        check = state_conflicts.moderation_errors_have_the_documented_status
        for status, expected in (
            (400, {"error.moderation_input": True}),
            (422, {"error.moderation_input.422": True}),
            (409, {"error.moderation_input": False}),
        ):
            assert self.reject_order(new_history("apimodels"), "CONTENT_MODERATION", status).outcomes(check) == expected
        document = new_history("opeai").contract.example(Operation.CREATE)
        for status, passes in ((400, True), (422, False)):
            body = error("BadRequest", "InputTextSensitiveContentDetected")
            history = new_history("opeai").respond(Operation.CREATE, body, request=document, status=status)
            assert history.outcomes(check) == {"error.moderation_input": passes}

    def test_deleted_asset_gets_the_documented_error(self, new_history: Factory) -> None:
        def history_with_deleted_asset() -> Any:
            history = new_history("apimodels").respond_enveloped(
                Operation.ASSET_CREATE, {"id": "a1", "status": "Active"}, request=FACE
            )
            return history.respond_enveloped(Operation.ASSET_DELETE, {}, request={"id": "a1"})

        history = self.reject_order(history_with_deleted_asset(), "INVALID_INPUT", 400, first_frame_url="asset://a1")
        assert history.outcomes(CHECK) == {"error.invalid_input": True}
        history = self.reject_order(history_with_deleted_asset(), "INVALID_INPUT", 409, first_frame_url="asset://a1")
        assert history.outcomes(CHECK) == {"error.invalid_input": False}

    def test_unusable_reference_gets_the_documented_error(self, new_history: Factory) -> None:
        for status, passes in ((400, True), (409, False)):
            history = self.reject_order(new_history("apimodels"), "INVALID_INPUT", status, first_frame_url=IMAGE)
            assert history.outcomes(CHECK) == {"error.invalid_input": passes}
        item = {"type": "image_url", "role": "first_frame", "image_url": {"url": IMAGE}}
        document = {**new_history("opeai").contract.example(Operation.CREATE), "input_reference": {"content": [item]}}
        for param, code, expected in (
            ("input_reference.content[0].image_url.url", "InvalidParameter", {"error.invalid_input": True}),
            ("input_reference.content[0].image_url.url", "Gone", {"error.invalid_input": False}),
            ("size", "InvalidParameter", {}),
        ):
            body = {"error": {"message": "no", "type": "BadRequest", "param": param, "code": code}}
            history = new_history("opeai").respond(Operation.CREATE, body, request=document, status=400)
            assert {
                name: passes for name, passes in history.outcomes(CHECK).items() if "newapi" not in name
            } == expected

    def test_rejected_asset_has_the_documented_status(self, new_history: Factory) -> None:
        group = {"id": 1, "group_name": "group-1"}
        for status, expected in (
            (422, {"error.asset_refused": True}),
            (409, {"error.asset_refused": False}),
            (404, {}),
        ):
            history = new_history("apimodels").respond_enveloped(
                Operation.GROUP_CREATE, group, request={"name": "cast"}
            )
            assert (
                history.respond_enveloped(Operation.ASSET_CREATE, None, request=FACE, status=status).outcomes(CHECK)
                == expected
            )

    def test_order_without_balance_is_rejected(self, new_history: Factory) -> None:
        check, document = (
            state_conflicts.orders_require_balance,
            new_history("apimodels").contract.example(Operation.CREATE),
        )

        def history_with_balance(amount: float) -> Any:
            return new_history("apimodels").respond_enveloped(Operation.BALANCE, {"balance": amount})

        history = history_with_balance(0.1).respond_enveloped(Operation.CREATE, None, request=document, status=402)
        assert history.outcomes(check) == {"error.balance": True}
        assert history_with_balance(0.1).respond_enveloped(
            Operation.CREATE, None, request=document, status=409
        ).outcomes(check) == {"error.balance": False}
        assert history_with_balance(0.1).order().outcomes(check) == {"error.balance": False}
        assert history_with_balance(0.6).order().outcomes(check) == {}
        assert new_history("apimodels").order().outcomes(check) == {}


@pytest.mark.parametrize(
    ("code", "fact"), [("CONTENT_MODERATION", "error.moderation_output"), ("UPSTREAM_FAILED", "error.task_failed")]
)
def test_failed_task_is_returned_with_status_200(new_history: Factory, code: str, fact: str) -> None:
    check, data = (
        state_conflicts.failed_tasks_have_the_documented_status,
        {"taskId": "t1", "state": "failed", "failCode": code},
    )
    for status, passes in ((200, True), (502, False)):
        history = (
            new_history("apimodels")
            .order()
            .respond_enveloped(Operation.QUERY, data, request={"task_id": "t1"}, status=status)
        )
        assert history.outcomes(check) == {fact: passes}
    assert new_history("apimodels").order().poll("failed").outcomes(check) == {}


def test_file_part_is_accepted(new_history: Factory) -> None:
    check = capabilities.file_parts_are_accepted
    form = (
        '--x\r\ncontent-disposition: form-data; name="input_reference"; filename="a.png"\r\n\r\n<9 bytes of image/png>'
    )
    for status, body, expected in (
        (200, {"id": "t1", "status": "queued"}, {"input_reference.file": True}),
        (400, error("BadRequest", "InvalidParameter"), {"input_reference.file": False}),
        (401, error("Unauthorized", "AuthenticationError"), {}),
    ):
        history = new_history("opeai").post_form(form, body, status=status)
        assert history.outcomes(check) == expected
