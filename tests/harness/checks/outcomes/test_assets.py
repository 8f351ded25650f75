"""Checks of the asset library against documented and deviating responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks import assets, listings
from seedmock_harness.results.checks import Severity

Factory = Callable[..., Any]
FACE = {"url": "https://example.com/a.png", "asset_type": "Image", "name": "lead", "group_id": 1}
GET, LIST = Operation.ASSET_GET, Operation.ASSET_LIST
NOT_FOUND = {"status": 404}


def create_group(history: Any, number: int = 1, caller: str = "first") -> Any:
    data = {"id": number, "group_name": f"group-{number}"}
    return history.respond_enveloped(Operation.GROUP_CREATE, data, request={"name": "cast"}, caller=caller)


def create_asset(history: Any, id_: str = "a1", status: str = "Processing", **changes: Any) -> Any:
    request = {name: value for name, value in {**FACE, **changes}.items() if value is not None}
    data = {"id": id_, "asset_url": f"asset://{id_}", "status": status}
    return history.respond_enveloped(Operation.ASSET_CREATE, data, request=request)


def get_asset(history: Any, id_: str = "a1", status: str = "Active", **changes: Any) -> Any:
    data = {"id": id_, "name": "lead", "asset_type": "Image", "url": FACE["url"], "group_id": 1, "status": status}
    return history.respond_enveloped(GET, data | changes, request={"id": id_})


def item(id_: str = "a1", **changes: Any) -> dict[str, Any]:
    return {"id": id_, "name": "lead", "group_id": 1, "status": "Active"} | changes


def list_assets(
    history: Any, *items: Any, total: int | None = None, number: int = 1, size: int = 10, **request: Any
) -> Any:
    data = {"items": list(items), "total": len(items) if total is None else total, "page": number, "page_size": size}
    return history.respond_enveloped(LIST, data, request=request or {"page": 1})


class TestAssetLifecycle:
    check = staticmethod(assets.asset_statuses_move_forward)

    @pytest.mark.parametrize(
        ("before", "after", "passes"),
        [
            ("Processing", "Processing", True),
            ("Processing", "Active", True),
            ("Processing", "Failed", True),
            ("Active", "Active", True),
            ("Active", "Processing", False),
            ("Active", "Failed", False),
            ("Failed", "Active", False),
            ("Processing", "active", False),
        ],
    )
    def test_status_only_moves_forward(self, new_history: Factory, before: str, after: str, passes: bool) -> None:
        history = get_asset(get_asset(create_asset(new_history("apimodels")), status=before), status=after)
        assert history.outcomes(self.check) == {"assets.poll": passes}
        history = list_assets(get_asset(create_asset(new_history("apimodels")), status=before), item(status=after))
        assert history.outcomes(self.check) == {"assets.poll": passes}

    def test_initial_status_settles_the_variant(self, new_history: Factory) -> None:
        assert create_asset(new_history("apimodels")).outcomes(self.check) == {"asset_status": True}
        assert create_asset(new_history("apimodels"), status="Active").severities(self.check) == {
            "asset_status": Severity.INFO
        }

    def test_fields_are_those_of_the_creation(self, new_history: Factory) -> None:
        check = assets.asset_fields_are_stable
        facts = {"assets.create.name", "assets.create.asset_type", "assets.create.url", "assets.create.group_id"}
        assert get_asset(create_asset(new_history("apimodels"))).outcomes(check) == dict.fromkeys(facts, True)
        changes: tuple[tuple[str, Any], ...] = (
            ("name", "x"), ("asset_type", "Video"), ("url", "https://x"), ("group_id", 2),
        )  # fmt: skip
        for field, value in changes:
            outcomes = get_asset(create_asset(new_history("apimodels")), **{field: value}).outcomes(check)
            assert outcomes == dict.fromkeys(facts, True) | {f"assets.create.{field}": False}
        assert (
            get_asset(create_asset(new_history("apimodels")), group_id="1").outcomes(check)["assets.create.group_id"]
            is True
        )

    def test_creation_response_is_complete(self, new_history: Factory) -> None:
        check = assets.asset_fields_are_stable
        assert create_asset(new_history("apimodels")).outcomes(check) == {"assets.create.response": True}
        history = new_history("apimodels").respond_enveloped(Operation.ASSET_CREATE, {"id": "a1"}, request=FACE)
        assert history.outcomes(check) == {"assets.create.response": False}

    def test_rename_takes_effect(self, new_history: Factory) -> None:
        for name, passes in (("hero", True), ("lead", False)):
            renaming = {"id": "a1", "name": "hero"}
            history = create_asset(new_history("apimodels")).respond_enveloped(
                Operation.ASSET_UPDATE, renaming | {"name": name}, request=renaming
            )
            assert history.outcomes(assets.asset_updates_are_echoed) == {"assets.update.rename": passes}
            assert (
                get_asset(history, name=name).outcomes(assets.asset_fields_are_stable)["assets.update.rename"] is passes
            )

    def test_name_is_optional(self, new_history: Factory) -> None:
        check = assets.asset_names_are_optional
        assert create_asset(new_history("apimodels"), name=None).outcomes(check) == {"assets.create.name.default": True}
        nameless = {name: value for name, value in FACE.items() if name != "name"}
        history = new_history("apimodels").respond_enveloped(Operation.ASSET_CREATE, None, request=nameless, status=400)
        assert history.severities(check) == {"assets.create.name.default": Severity.INFO}


class TestDeletion:
    check = staticmethod(assets.deleted_assets_are_gone)

    def test_deleted_asset_is_gone(self, new_history: Factory) -> None:
        history = create_asset(new_history("apimodels")).respond_enveloped(
            Operation.ASSET_DELETE, {}, request={"id": "a1"}
        )
        assert history.outcomes(self.check) == {"assets.delete": True}
        assert history.respond_enveloped(GET, None, request={"id": "a1"}, **NOT_FOUND).outcomes(self.check) == {
            "assets.delete": True
        }
        assert get_asset(history).outcomes(self.check) == {"assets.delete": False}

    def test_deleted_asset_is_gone_with_error_status_200(self, new_history: Factory) -> None:
        history = create_asset(new_history("apimodels")).respond_enveloped(
            Operation.ASSET_DELETE, {}, request={"id": "a1"}
        )
        history.respond(GET, {"code": 404, "msg": "asset not found", "data": None}, request={"id": "a1"})
        assert history.outcomes(self.check) == {"assets.delete": True}

    def test_asset_exists_until_deleted(self, new_history: Factory) -> None:
        assert get_asset(create_asset(new_history("apimodels"))).outcomes(self.check) == {"assets.get": True}
        history = create_asset(new_history("apimodels")).respond_enveloped(GET, None, request={"id": "a1"}, **NOT_FOUND)
        assert history.outcomes(self.check) == {"assets.get": False}
        history = create_asset(new_history("apimodels")).respond_enveloped(
            Operation.ASSET_UPDATE, None, request={"id": "a1", "name": "x"}, **NOT_FOUND
        )
        assert history.outcomes(self.check) == {"assets.update": False}

    @pytest.mark.parametrize("group_id", [1, "1"])
    def test_group_deletion_cascades_to_its_assets(self, new_history: Factory, group_id: Any) -> None:
        history = create_asset(create_group(new_history("apimodels"))).respond_enveloped(
            Operation.GROUP_DELETE, {}, request={"id": group_id}
        )
        assert history.respond_enveloped(GET, None, request={"id": "a1"}, **NOT_FOUND).outcomes(self.check) == {
            "groups.delete.cascade": True
        }
        assert get_asset(history).outcomes(self.check) == {"groups.delete.cascade": False}

    def test_deletion_of_another_group_keeps_the_asset(self, new_history: Factory) -> None:
        history = create_asset(create_group(create_group(new_history("apimodels")), 2), group_id="1").respond_enveloped(
            Operation.GROUP_DELETE, {}, request={"id": 2}
        )
        assert get_asset(history).outcomes(self.check) == {"assets.get": True}

    def test_lists_contain_existing_assets(self, new_history: Factory) -> None:
        check = listings.pages_list_existing_assets
        assert list_assets(create_asset(new_history("apimodels")), item()).outcomes(check) == {"assets.list": True}
        assert list_assets(create_asset(new_history("apimodels")), item("a2")).outcomes(check) == {"assets.list": False}
        assert list_assets(create_asset(new_history("apimodels")), item("a2"), total=20).outcomes(check) == {}
        assert (
            list_assets(create_asset(new_history("apimodels")), item("a2", group_id=2), group_id=2).outcomes(check)
            == {}
        )
        history = create_asset(new_history("apimodels")).respond_enveloped(
            Operation.ASSET_DELETE, {}, request={"id": "a1"}
        )
        assert list_assets(history).outcomes(check) == {"assets.delete": True}
        assert list_assets(history, item()).outcomes(check) == {"assets.delete": False}
        history = create_asset(create_group(new_history("apimodels"))).respond_enveloped(
            Operation.GROUP_DELETE, {}, request={"id": 1}
        )
        assert list_assets(history).outcomes(check) == {"groups.delete.cascade": True}
        assert list_assets(history, item()).outcomes(check) == {"groups.delete.cascade": False}


class TestPages:
    check = staticmethod(listings.page_counts_are_consistent)

    @pytest.mark.parametrize(
        ("ids", "total", "number", "size", "passes"),
        [
            (("a1", "a2"), 2, 1, 10, True),
            (("a1", "a2"), 5, 1, 2, True),
            (("a5",), 5, 3, 2, True),
            ((), 5, 4, 2, True),
            ((), 0, 1, 10, True),
            (("a1", "a2"), 3, 1, 10, False),
            (("a1", "a2", "a3"), 5, 1, 2, False),
            (("a1", "a2"), 1, 1, 10, False),
            (("a1", "a1"), 2, 1, 10, False),
        ],
    )
    def test_page_counts_are_consistent(
        self, new_history: Factory, ids: tuple[str, ...], total: int, number: int, size: int, passes: bool
    ) -> None:
        items = [item(id_) for id_ in ids]
        history = list_assets(
            new_history("apimodels"), *items, total=total, number=number, size=size, page=number, page_size=size
        )
        assert history.outcomes(self.check) == {"assets.list.paged": passes}

    def test_requested_page_and_size_are_returned(self, new_history: Factory) -> None:
        assert list_assets(new_history("apimodels"), number=1, page=2).outcomes(self.check) == {
            "assets.list.paged": False
        }
        assert list_assets(new_history("apimodels"), size=20, page_size=5).outcomes(self.check) == {
            "assets.list.paged": False
        }

    def test_items_belong_to_the_requested_group(self, new_history: Factory) -> None:
        for number, passes in ((2, True), (1, False)):
            history = list_assets(new_history("apimodels"), item(group_id=number), group_id="2")
            assert history.outcomes(self.check) == {"assets.list.paged": True, "assets.list.group_id": passes}


class TestGroups:
    def test_groups_are_listed_until_deleted(self, new_history: Factory) -> None:
        check, both = listings.groups_are_listed, [{"id": 1}, {"id": 2}]
        history = create_group(create_group(new_history("apimodels")), 2)
        assert history.respond_enveloped(Operation.GROUP_LIST, both).outcomes(check) == {
            "group_list": True,
            "groups.list.own": True,
        }
        assert history.respond_enveloped(Operation.GROUP_LIST, both[:1]).outcomes(check) == {
            "group_list": True,
            "groups.list.own": False,
        }
        history.respond_enveloped(Operation.GROUP_DELETE, {}, request={"id": 2})
        for groups, passes in ((both[:1], True), (both, False)):
            outcomes = history.respond_enveloped(Operation.GROUP_LIST, groups).outcomes(check)
            assert outcomes == {"group_list": True, "groups.list.own": True, "groups.delete": passes}

    def test_list_format_settles_the_variant(self, new_history: Factory) -> None:
        history = new_history("apimodels").respond_enveloped(Operation.GROUP_LIST, {"items": []})
        assert history.severities(listings.groups_are_listed) == {"group_list": Severity.INFO}

    @pytest.mark.parametrize(("group_id", "fact"), [(1, "groups.create"), ("1", "groups.id.text")])
    def test_groups_are_found_by_id(self, new_history: Factory, group_id: Any, fact: str) -> None:
        check = listings.groups_exist_until_deleted
        assert create_asset(create_group(new_history("apimodels")), group_id=group_id).outcomes(check) == {fact: True}
        request = FACE | {"group_id": group_id}
        history = create_group(new_history("apimodels")).respond_enveloped(
            Operation.ASSET_CREATE, None, request=request, **NOT_FOUND
        )
        assert history.outcomes(check) == {fact: False}

    def test_deleted_groups_are_gone(self, new_history: Factory) -> None:
        check = listings.groups_exist_until_deleted
        history = create_group(new_history("apimodels")).respond_enveloped(
            Operation.GROUP_DELETE, {}, request={"id": 1}
        )
        assert history.respond_enveloped(Operation.ASSET_CREATE, None, request=FACE, **NOT_FOUND).outcomes(check) == {
            "groups.delete": True
        }
        assert create_asset(history).outcomes(check) == {"groups.delete": False}
        assert list_assets(history, group_id=1).outcomes(check) == {"groups.delete": False}


class TestUseInOrders:
    check = staticmethod(assets.assets_are_usable_in_orders)
    REFERENCE = "asset://a1"

    def reject_order(self, history: Any, **response: Any) -> Any:
        document = {**history.contract.example(Operation.CREATE), "first_frame_url": self.REFERENCE}
        data = {"failCode": "INVALID_INPUT", "failMsg": "a1"}
        return history.respond_enveloped(Operation.CREATE, data, request=document, **{"status": 400, **response})

    def test_active_asset_is_usable(self, new_history: Factory) -> None:
        history = get_asset(create_asset(new_history("apimodels"))).order(first_frame_url=self.REFERENCE)
        assert history.outcomes(self.check) == {"assets.purpose": True}
        assert self.reject_order(get_asset(create_asset(new_history("apimodels")))).outcomes(self.check) == {
            "assets.purpose": False
        }
        history = get_asset(create_asset(new_history("apimodels"))).order(
            operation=Operation.UPSCALE, videoUrl=self.REFERENCE
        )
        assert history.outcomes(self.check) == {"assets.purpose": True}

    def test_processing_asset_is_not_checked(self, new_history: Factory) -> None:
        assert self.reject_order(create_asset(new_history("apimodels"))).outcomes(self.check) == {}
        assert create_asset(new_history("apimodels")).order(first_frame_url=self.REFERENCE).outcomes(self.check) == {}

    @pytest.mark.parametrize(
        ("end", "caller", "fact"),
        [
            ("failed", "first", "assets.usable"),
            ("deleted", "first", "assets.usable"),
            ("", "second", "assets.isolated"),
        ],
    )
    def test_unusable_asset_is_rejected_or_fails_the_task(
        self, new_history: Factory, end: str, caller: str, fact: str
    ) -> None:
        def prepare() -> Any:
            history = get_asset(
                create_asset(new_history("apimodels")), status="Failed" if end == "failed" else "Active"
            )
            return (
                history.respond_enveloped(Operation.ASSET_DELETE, {}, request={"id": "a1"})
                if end == "deleted"
                else history
            )

        assert self.reject_order(prepare(), caller=caller).outcomes(self.check) == {fact: True}
        history = prepare().order(first_frame_url=self.REFERENCE, caller=caller)
        assert history.outcomes(self.check) == {}
        assert history.poll("processing", caller=caller).outcomes(self.check) == {}
        assert history.poll("failed", caller=caller).outcomes(self.check) == {fact: True}
        assert history.poll("completed", caller=caller, link="https://x").outcomes(self.check) == {fact: False}

    def test_asset_deleted_after_the_order_is_not_checked(self, new_history: Factory) -> None:
        history = get_asset(create_asset(new_history("apimodels"))).order(first_frame_url=self.REFERENCE)
        history.respond_enveloped(Operation.ASSET_DELETE, {}, request={"id": "a1"}).poll("completed", link="https://x")
        assert history.outcomes(self.check) == {}
