"""The asset library: each check sees an honest answer as such, and each way of lying."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seedmock_contracts.enums import Operation
from seedmock_harness.checks import assets as library
from seedmock_harness.checks import listings
from seedmock_harness.results.checks import Severity

Made = Callable[..., Any]
FACE = {"url": "https://example.com/a.png", "asset_type": "Image", "name": "lead", "group_id": 1}
GET, LIST = Operation.ASSET_GET, Operation.ASSET_LIST
GONE = {"status": 404}


def group(told: Any, number: int = 1, caller: str = "first") -> Any:
    data = {"id": number, "group_name": f"group-{number}"}
    return told.tell(Operation.GROUP_CREATE, data, sent={"name": "cast"}, caller=caller)


def made(told: Any, id_: str = "a1", status: str = "Processing", **changes: Any) -> Any:
    sent = {name: value for name, value in {**FACE, **changes}.items() if value is not None}
    data = {"id": id_, "asset_url": f"asset://{id_}", "status": status}
    return told.tell(Operation.ASSET_CREATE, data, sent=sent)


def look(told: Any, id_: str = "a1", status: str = "Active", **changes: Any) -> Any:
    data = {"id": id_, "name": "lead", "asset_type": "Image", "url": FACE["url"], "group_id": 1, "status": status}
    return told.tell(GET, data | changes, sent={"id": id_})


def item(id_: str = "a1", **changes: Any) -> dict[str, Any]:
    return {"id": id_, "name": "lead", "group_id": 1, "status": "Active"} | changes


def page(told: Any, *items: Any, total: int | None = None, number: int = 1, size: int = 10, **sent: Any) -> Any:
    data = {"items": list(items), "total": len(items) if total is None else total, "page": number, "page_size": size}
    return told.tell(LIST, data, sent=sent or {"page": 1})


class TestAnAssetsLife:
    check = staticmethod(library.asset_statuses_move_forward)

    @pytest.mark.parametrize(
        ("before", "after", "right"),
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
    def test_it_only_moves_forward(self, tale: Made, before: str, after: str, right: bool) -> None:
        told = look(look(made(tale("apimodels")), status=before), status=after)
        assert told.sees(self.check) == {"assets.poll": right}
        told = page(look(made(tale("apimodels")), status=before), item(status=after))
        assert told.sees(self.check) == {"assets.poll": right}

    def test_how_it_begins_is_settled(self, tale: Made) -> None:
        assert made(tale("apimodels")).sees(self.check) == {"asset_status": True}
        assert made(tale("apimodels"), status="Active").severities(self.check) == {"asset_status": Severity.INFO}

    def test_it_is_what_it_was_made_as(self, tale: Made) -> None:
        check = library.asset_fields_are_stable
        facts = {"assets.create.name", "assets.create.asset_type", "assets.create.url", "assets.create.group_id"}
        assert look(made(tale("apimodels"))).sees(check) == dict.fromkeys(facts, True)
        for field, value in (("name", "x"), ("asset_type", "Video"), ("url", "https://x"), ("group_id", 2)):
            seen = look(made(tale("apimodels")), **{field: value}).sees(check)
            assert seen == dict.fromkeys(facts, True) | {f"assets.create.{field}": False}
        assert look(made(tale("apimodels")), group_id="1").sees(check)["assets.create.group_id"] is True

    def test_its_creation_tells_of_it(self, tale: Made) -> None:
        check = library.asset_fields_are_stable
        assert made(tale("apimodels")).sees(check) == {"assets.create.response": True}
        told = tale("apimodels").tell(Operation.ASSET_CREATE, {"id": "a1"}, sent=FACE)
        assert told.sees(check) == {"assets.create.response": False}

    def test_it_has_the_name_that_it_was_given_last(self, tale: Made) -> None:
        for told, right in (("hero", True), ("lead", False)):
            renaming = {"id": "a1", "name": "hero"}
            seen = made(tale("apimodels")).tell(Operation.ASSET_UPDATE, renaming | {"name": told}, sent=renaming)
            assert seen.sees(library.asset_updates_are_echoed) == {"assets.update.rename": right}
            assert look(seen, name=told).sees(library.asset_fields_are_stable)["assets.update.rename"] is right

    def test_it_needs_no_name(self, tale: Made) -> None:
        check = library.asset_names_are_optional
        assert made(tale("apimodels"), name=None).sees(check) == {"assets.create.name.default": True}
        nameless = {name: value for name, value in FACE.items() if name != "name"}
        told = tale("apimodels").tell(Operation.ASSET_CREATE, None, sent=nameless, status=400)
        assert told.severities(check) == {"assets.create.name.default": Severity.INFO}


class TestDeletion:
    check = staticmethod(library.deleted_assets_are_gone)

    def test_what_is_deleted_is_gone(self, tale: Made) -> None:
        told = made(tale("apimodels")).tell(Operation.ASSET_DELETE, {}, sent={"id": "a1"})
        assert told.sees(self.check) == {"assets.delete": True}
        assert told.tell(GET, None, sent={"id": "a1"}, **GONE).sees(self.check) == {"assets.delete": True}
        assert look(told).sees(self.check) == {"assets.delete": False}

    def test_so_it_is_where_errors_come_with_200(self, tale: Made) -> None:
        told = made(tale("apimodels")).tell(Operation.ASSET_DELETE, {}, sent={"id": "a1"})
        told.say(GET, {"code": 404, "msg": "asset not found", "data": None}, sent={"id": "a1"})
        assert told.sees(self.check) == {"assets.delete": True}

    def test_what_is_not_deleted_is_there(self, tale: Made) -> None:
        assert look(made(tale("apimodels"))).sees(self.check) == {"assets.get": True}
        told = made(tale("apimodels")).tell(GET, None, sent={"id": "a1"}, **GONE)
        assert told.sees(self.check) == {"assets.get": False}
        told = made(tale("apimodels")).tell(Operation.ASSET_UPDATE, None, sent={"id": "a1", "name": "x"}, **GONE)
        assert told.sees(self.check) == {"assets.update": False}

    @pytest.mark.parametrize("named", [1, "1"])
    def test_a_group_takes_its_assets_along(self, tale: Made, named: Any) -> None:
        told = made(group(tale("apimodels"))).tell(Operation.GROUP_DELETE, {}, sent={"id": named})
        assert told.tell(GET, None, sent={"id": "a1"}, **GONE).sees(self.check) == {"groups.delete.cascade": True}
        assert look(told).sees(self.check) == {"groups.delete.cascade": False}

    def test_another_group_does_not(self, tale: Made) -> None:
        told = made(group(group(tale("apimodels")), 2), group_id="1").tell(Operation.GROUP_DELETE, {}, sent={"id": 2})
        assert look(told).sees(self.check) == {"assets.get": True}

    def test_lists_have_what_there_is(self, tale: Made) -> None:
        check = listings.pages_list_existing_assets
        assert page(made(tale("apimodels")), item()).sees(check) == {"assets.list": True}
        assert page(made(tale("apimodels")), item("a2")).sees(check) == {"assets.list": False}
        assert page(made(tale("apimodels")), item("a2"), total=20).sees(check) == {}
        assert page(made(tale("apimodels")), item("a2", group_id=2), group_id=2).sees(check) == {}
        told = made(tale("apimodels")).tell(Operation.ASSET_DELETE, {}, sent={"id": "a1"})
        assert page(told).sees(check) == {"assets.delete": True}
        assert page(told, item()).sees(check) == {"assets.delete": False}
        told = made(group(tale("apimodels"))).tell(Operation.GROUP_DELETE, {}, sent={"id": 1})
        assert page(told).sees(check) == {"groups.delete.cascade": True}
        assert page(told, item()).sees(check) == {"groups.delete.cascade": False}


class TestPages:
    check = staticmethod(listings.page_counts_are_consistent)

    @pytest.mark.parametrize(
        ("ids", "total", "number", "size", "right"),
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
    def test_they_add_up(
        self, tale: Made, ids: tuple[str, ...], total: int, number: int, size: int, right: bool
    ) -> None:
        items = [item(id_) for id_ in ids]
        told = page(tale("apimodels"), *items, total=total, number=number, size=size, page=number, page_size=size)
        assert told.sees(self.check) == {"assets.list.paged": right}

    def test_they_are_those_that_were_asked_for(self, tale: Made) -> None:
        assert page(tale("apimodels"), number=1, page=2).sees(self.check) == {"assets.list.paged": False}
        assert page(tale("apimodels"), size=20, page_size=5).sees(self.check) == {"assets.list.paged": False}

    def test_they_are_of_the_group_that_was_asked_for(self, tale: Made) -> None:
        for number, right in ((2, True), (1, False)):
            told = page(tale("apimodels"), item(group_id=number), group_id="2")
            assert told.sees(self.check) == {"assets.list.paged": True, "assets.list.group_id": right}


class TestGroups:
    def test_they_are_listed_until_they_are_deleted(self, tale: Made) -> None:
        check, both = listings.groups_are_listed, [{"id": 1}, {"id": 2}]
        told = group(group(tale("apimodels")), 2)
        assert told.tell(Operation.GROUP_LIST, both).sees(check) == {"group_list": True, "groups.list.own": True}
        assert told.tell(Operation.GROUP_LIST, both[:1]).sees(check) == {"group_list": True, "groups.list.own": False}
        told.tell(Operation.GROUP_DELETE, {}, sent={"id": 2})
        for listed, right in ((both[:1], True), (both, False)):
            seen = told.tell(Operation.GROUP_LIST, listed).sees(check)
            assert seen == {"group_list": True, "groups.list.own": True, "groups.delete": right}

    def test_how_they_are_listed_is_settled(self, tale: Made) -> None:
        told = tale("apimodels").tell(Operation.GROUP_LIST, {"items": []})
        assert told.severities(listings.groups_are_listed) == {"group_list": Severity.INFO}

    @pytest.mark.parametrize(("named", "fact"), [(1, "groups.create"), ("1", "groups.id.text")])
    def test_they_are_found_by_their_id(self, tale: Made, named: Any, fact: str) -> None:
        check = listings.groups_exist_until_deleted
        assert made(group(tale("apimodels")), group_id=named).sees(check) == {fact: True}
        sent = FACE | {"group_id": named}
        told = group(tale("apimodels")).tell(Operation.ASSET_CREATE, None, sent=sent, **GONE)
        assert told.sees(check) == {fact: False}

    def test_they_are_gone_when_they_are_deleted(self, tale: Made) -> None:
        check = listings.groups_exist_until_deleted
        told = group(tale("apimodels")).tell(Operation.GROUP_DELETE, {}, sent={"id": 1})
        assert told.tell(Operation.ASSET_CREATE, None, sent=FACE, **GONE).sees(check) == {"groups.delete": True}
        assert made(told).sees(check) == {"groups.delete": False}
        assert page(told, group_id=1).sees(check) == {"groups.delete": False}


class TestUse:
    check = staticmethod(library.assets_are_usable_in_orders)
    WITH = "asset://a1"

    def refused(self, told: Any, **said: Any) -> Any:
        document = {**told.contract.example(Operation.CREATE), "first_frame_url": self.WITH}
        data = {"failCode": "INVALID_INPUT", "failMsg": "a1"}
        return told.tell(Operation.CREATE, data, sent=document, **{"status": 400, **said})

    def test_an_active_asset_can_be_used(self, tale: Made) -> None:
        told = look(made(tale("apimodels"))).order(first_frame_url=self.WITH)
        assert told.sees(self.check) == {"assets.purpose": True}
        assert self.refused(look(made(tale("apimodels")))).sees(self.check) == {"assets.purpose": False}
        told = look(made(tale("apimodels"))).order(operation=Operation.UPSCALE, videoUrl=self.WITH)
        assert told.sees(self.check) == {"assets.purpose": True}

    def test_one_in_processing_may_be_refused_or_not(self, tale: Made) -> None:
        assert self.refused(made(tale("apimodels"))).sees(self.check) == {}
        assert made(tale("apimodels")).order(first_frame_url=self.WITH).sees(self.check) == {}

    @pytest.mark.parametrize(
        ("end", "caller", "fact"),
        [
            ("failed", "first", "assets.usable"),
            ("deleted", "first", "assets.usable"),
            ("", "second", "assets.isolated"),
        ],
    )
    def test_one_that_is_none_comes_to_nothing(self, tale: Made, end: str, caller: str, fact: str) -> None:
        def begun() -> Any:
            told = look(made(tale("apimodels")), status="Failed" if end == "failed" else "Active")
            return told.tell(Operation.ASSET_DELETE, {}, sent={"id": "a1"}) if end == "deleted" else told

        assert self.refused(begun(), caller=caller).sees(self.check) == {fact: True}
        taken = begun().order(first_frame_url=self.WITH, caller=caller)
        assert taken.sees(self.check) == {}
        assert taken.poll("processing", caller=caller).sees(self.check) == {}
        assert taken.poll("failed", caller=caller).sees(self.check) == {fact: True}
        assert taken.poll("completed", caller=caller, link="https://x").sees(self.check) == {fact: False}

    def test_one_that_was_deleted_after_the_order_was_right_to_use(self, tale: Made) -> None:
        told = look(made(tale("apimodels"))).order(first_frame_url=self.WITH)
        told.tell(Operation.ASSET_DELETE, {}, sent={"id": "a1"}).poll("completed", link="https://x")
        assert told.sees(self.check) == {}
