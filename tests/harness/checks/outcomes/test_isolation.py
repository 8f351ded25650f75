"""Checks that tasks and assets of one key are invisible to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks import isolation

Factory = Callable[..., Any]
FACE = {"url": "https://example.com/a.png", "asset_type": "Image", "name": "lead", "group_id": 1}
SECOND = {"caller": "second"}
NOT_FOUND = {"error": {"message": "video not found", "type": "NotFound", "param": "", "code": "ResourceNotFound"}}


class TestTasks:
    check = staticmethod(isolation.tasks_are_isolated_by_key)

    def test_query_with_another_key_is_not_found(self, new_history: Factory) -> None:
        history = new_history("opeai").order().respond(Operation.QUERY, NOT_FOUND, status=404, task_id="t1", **SECOND)
        assert history.outcomes(self.check) == {"tasks.isolated": True}
        assert history.poll("QUEUED", **SECOND).outcomes(self.check) == {"tasks.isolated": False}
        history = (
            new_history("apimodels")
            .order()
            .respond_enveloped(Operation.QUERY, None, request={"task_id": "t1"}, status=404, **SECOND)
        )
        assert history.outcomes(self.check) == {"tasks.isolated": True}
        assert history.poll("pending", **SECOND).outcomes(self.check) == {"tasks.isolated": False}

    def test_content_with_another_key_is_not_found(self, new_history: Factory) -> None:
        history = new_history("opeai").complete().fetch(status=404, body=NOT_FOUND, **SECOND)
        assert history.outcomes(self.check) == {"tasks.isolated": True}
        assert new_history("opeai").complete().fetch(**SECOND).outcomes(self.check) == {"tasks.isolated": False}

    def test_record_with_another_key_is_not_found(self, new_history: Factory) -> None:
        history = (
            new_history("apimodels")
            .complete()
            .respond_enveloped(Operation.RECORD, None, status=404, task_id="t1", **SECOND)
        )
        assert history.outcomes(self.check) == {"tasks.isolated": True}
        history.respond_enveloped(Operation.RECORD, {"settled": True, "credits": 0.588}, task_id="t1", **SECOND)
        assert history.outcomes(self.check) == {"tasks.isolated": False}

    def test_links_are_not_isolated(self, new_history: Factory) -> None:
        assert new_history("apimodels").complete().fetch(**SECOND).outcomes(self.check) == {}

    @pytest.mark.parametrize("caller", ["first", "", "wrong"])
    def test_requests_with_the_own_key_or_no_valid_key_are_not_checked(self, new_history: Factory, caller: str) -> None:
        assert new_history("opeai").order().poll("QUEUED", caller=caller).outcomes(self.check) == {}

    def test_other_errors_are_not_checked(self, new_history: Factory) -> None:
        history = new_history("opeai").order().respond(Operation.QUERY, {}, status=429, task_id="t1", **SECOND)
        assert history.outcomes(self.check) == {}


def history_with_asset(new_history: Factory) -> Any:
    history = new_history("apimodels").respond_enveloped(
        Operation.GROUP_CREATE, {"id": 1, "group_name": "group-1"}, request={"name": "cast"}
    )
    return history.respond_enveloped(Operation.ASSET_CREATE, {"id": "a1", "status": "Active"}, request=FACE)


class TestAssetLibrary:
    @pytest.mark.parametrize(
        ("operation", "document"),
        [
            (Operation.ASSET_GET, {"id": "a1"}),
            (Operation.ASSET_UPDATE, {"id": "a1", "name": "x"}),
            (Operation.ASSET_DELETE, {"id": "a1"}),
        ],
    )
    def test_asset_of_another_key_is_unknown(
        self, new_history: Factory, operation: Operation, document: dict[str, str]
    ) -> None:
        check = isolation.assets_are_isolated_by_key
        history = history_with_asset(new_history).respond_enveloped(
            operation, None, request=document, status=404, **SECOND
        )
        assert history.outcomes(check) == {"assets.isolated": True}
        assert history_with_asset(new_history).respond_enveloped(
            operation, {"id": "a1"}, request=document, **SECOND
        ).outcomes(check) == {"assets.isolated": False}
        assert (
            history_with_asset(new_history).respond_enveloped(operation, {"id": "a1"}, request=document).outcomes(check)
            == {}
        )

    @pytest.mark.parametrize(
        ("operation", "document"),
        [
            (Operation.GROUP_DELETE, {"id": 1}),
            (Operation.ASSET_LIST, {"group_id": "1"}),
            (Operation.ASSET_CREATE, FACE),
        ],
    )
    def test_group_of_another_key_is_inaccessible(
        self, new_history: Factory, operation: Operation, document: dict[str, Any]
    ) -> None:
        check = isolation.groups_are_isolated_by_key
        for own_groups, status, expected in (
            ([], 404, {"assets.isolated": True}),
            ([], 200, {"assets.isolated": False}),
            ([{"id": 1}], 200, {}),
            (None, 200, {}),
        ):
            history = history_with_asset(new_history)
            if own_groups is not None:
                history.respond_enveloped(Operation.GROUP_LIST, own_groups, **SECOND)
            assert (
                history.respond_enveloped(operation, {"id": "a2"}, request=document, status=status, **SECOND).outcomes(
                    check
                )
                == expected
            )

    def test_assets_of_another_key_are_not_listed(self, new_history: Factory) -> None:
        check = isolation.lists_are_isolated_by_key
        for items, passes in (([], True), ([{"id": "a2"}], True), ([{"id": "a1"}], False)):
            history = history_with_asset(new_history).respond_enveloped(
                Operation.ASSET_LIST, {"items": items}, request={"page": 1}, **SECOND
            )
            assert history.outcomes(check) == {"assets.isolated": passes}
        assert (
            history_with_asset(new_history)
            .respond_enveloped(Operation.ASSET_LIST, {"items": [{"id": "a1"}]}, request={"page": 1})
            .outcomes(check)
            == {}
        )

    @pytest.mark.parametrize("wrapped", [False, True])
    def test_groups_of_another_key_are_not_listed(self, new_history: Factory, wrapped: bool) -> None:
        check = isolation.lists_are_isolated_by_key
        for name, passes in (("group-9", True), ("group-1", False)):
            items = [{"id": 1, "group_name": name}]
            history = history_with_asset(new_history).respond_enveloped(
                Operation.GROUP_LIST, {"items": items} if wrapped else items, **SECOND
            )
            assert history.outcomes(check) == {"groups.list.own": passes}
