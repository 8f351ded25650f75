"""Two keys: what the one made, the other must not see; each check sees it as such, and each way of lying."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks import isolation

Made = Callable[..., Any]
FACE = {"url": "https://example.com/a.png", "asset_type": "Image", "name": "lead", "group_id": 1}
SECOND = {"caller": "second"}
NOT_FOUND = {"error": {"message": "video not found", "type": "NotFound", "param": "", "code": "ResourceNotFound"}}


class TestTasks:
    check = staticmethod(isolation.tasks_are_isolated_by_key)

    def test_a_query_of_another_key_finds_nothing(self, tale: Made) -> None:
        told = tale("opeai").order().say(Operation.QUERY, NOT_FOUND, status=404, task_id="t1", **SECOND)
        assert told.sees(self.check) == {"tasks.isolated": True}
        assert told.poll("QUEUED", **SECOND).sees(self.check) == {"tasks.isolated": False}
        told = tale("apimodels").order().tell(Operation.QUERY, None, sent={"task_id": "t1"}, status=404, **SECOND)
        assert told.sees(self.check) == {"tasks.isolated": True}
        assert told.poll("pending", **SECOND).sees(self.check) == {"tasks.isolated": False}

    def test_nor_is_there_content_for_it(self, tale: Made) -> None:
        told = tale("opeai").done().fetch(status=404, body=NOT_FOUND, **SECOND)
        assert told.sees(self.check) == {"tasks.isolated": True}
        assert tale("opeai").done().fetch(**SECOND).sees(self.check) == {"tasks.isolated": False}

    def test_nor_a_record(self, tale: Made) -> None:
        told = tale("apimodels").done().tell(Operation.RECORD, None, status=404, task_id="t1", **SECOND)
        assert told.sees(self.check) == {"tasks.isolated": True}
        told.tell(Operation.RECORD, {"settled": True, "credits": 0.588}, task_id="t1", **SECOND)
        assert told.sees(self.check) == {"tasks.isolated": False}

    def test_a_link_is_for_whoever_has_it(self, tale: Made) -> None:
        assert tale("apimodels").done().fetch(**SECOND).sees(self.check) == {}

    @pytest.mark.parametrize("caller", ["first", "", "wrong"])
    def test_its_maker_and_those_without_a_right_key_say_nothing_of_it(self, tale: Made, caller: str) -> None:
        assert tale("opeai").order().poll("QUEUED", caller=caller).sees(self.check) == {}

    def test_a_refusal_for_another_reason_says_nothing_of_it(self, tale: Made) -> None:
        told = tale("opeai").order().say(Operation.QUERY, {}, status=429, task_id="t1", **SECOND)
        assert told.sees(self.check) == {}


def stocked(tale: Made) -> Any:
    told = tale("apimodels").tell(Operation.GROUP_CREATE, {"id": 1, "group_name": "group-1"}, sent={"name": "cast"})
    return told.tell(Operation.ASSET_CREATE, {"id": "a1", "status": "Active"}, sent=FACE)


class TestTheLibrary:
    @pytest.mark.parametrize(
        ("operation", "sent"),
        [
            (Operation.ASSET_GET, {"id": "a1"}),
            (Operation.ASSET_UPDATE, {"id": "a1", "name": "x"}),
            (Operation.ASSET_DELETE, {"id": "a1"}),
        ],
    )
    def test_another_key_s_asset_is_unknown(self, tale: Made, operation: Operation, sent: dict[str, str]) -> None:
        check = isolation.assets_are_isolated_by_key
        told = stocked(tale).tell(operation, None, sent=sent, status=404, **SECOND)
        assert told.sees(check) == {"assets.isolated": True}
        assert stocked(tale).tell(operation, {"id": "a1"}, sent=sent, **SECOND).sees(check) == {
            "assets.isolated": False
        }
        assert stocked(tale).tell(operation, {"id": "a1"}, sent=sent).sees(check) == {}

    @pytest.mark.parametrize(
        ("operation", "sent"),
        [
            (Operation.GROUP_DELETE, {"id": 1}),
            (Operation.ASSET_LIST, {"group_id": "1"}),
            (Operation.ASSET_CREATE, FACE),
        ],
    )
    def test_another_key_s_group_is_closed(self, tale: Made, operation: Operation, sent: dict[str, Any]) -> None:
        check = isolation.groups_are_isolated_by_key
        for own, status, seen in (
            ([], 404, {"assets.isolated": True}),
            ([], 200, {"assets.isolated": False}),
            ([{"id": 1}], 200, {}),
            (None, 200, {}),
        ):
            told = stocked(tale)
            if own is not None:
                told.tell(Operation.GROUP_LIST, own, **SECOND)
            assert told.tell(operation, {"id": "a2"}, sent=sent, status=status, **SECOND).sees(check) == seen

    def test_another_key_s_assets_are_not_listed(self, tale: Made) -> None:
        check = isolation.lists_are_isolated_by_key
        for items, right in (([], True), ([{"id": "a2"}], True), ([{"id": "a1"}], False)):
            told = stocked(tale).tell(Operation.ASSET_LIST, {"items": items}, sent={"page": 1}, **SECOND)
            assert told.sees(check) == {"assets.isolated": right}
        assert stocked(tale).tell(Operation.ASSET_LIST, {"items": [{"id": "a1"}]}, sent={"page": 1}).sees(check) == {}

    @pytest.mark.parametrize("wrapped", [False, True])
    def test_another_key_s_groups_are_not_listed(self, tale: Made, wrapped: bool) -> None:
        check = isolation.lists_are_isolated_by_key
        for name, right in (("group-9", True), ("group-1", False)):
            items = [{"id": 1, "group_name": name}]
            told = stocked(tale).tell(Operation.GROUP_LIST, {"items": items} if wrapped else items, **SECOND)
            assert told.sees(check) == {"groups.list.own": right}
