"""Records behave as the frozen dataclasses of the standard library, which type checkers take them for."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from itertools import product
from typing import Any
from unittest.mock import ANY

import pytest

from seedmock_contracts.records import record

Decorator = Callable[..., Any]


def classes_of(decorate: Decorator, *, slots: bool) -> dict[str, Any]:
    """The same classes, by either decorator."""

    @decorate(frozen=True, slots=slots)
    class Empty:
        """No field."""

    @decorate(frozen=True, slots=slots)
    class Single:
        text: str

    @decorate(frozen=True, slots=slots)
    class Parent:
        number: int
        text: str = "x"

        @property
        def doubled(self) -> int:
            return 2 * self.number

    @decorate(frozen=True, slots=slots)
    class Child(Parent):
        values: Mapping[str, int] = field(default_factory=dict, compare=False)
        hidden: str = field(default="secret", repr=False)

    @decorate(frozen=True, slots=slots, kw_only=True)
    class Keyword:
        number: int = 3
        text: str

    @decorate(frozen=True, slots=slots, repr=False)
    class Checked:
        number: int

        def __post_init__(self) -> None:
            if self.number < 0:
                raise ValueError("negative")

        def __repr__(self) -> str:
            return f"<{self.number}>"

    @decorate(frozen=True, slots=slots)
    class Loose:
        number: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    class Derived(Child):
        __slots__ = ()

    return {cls.__name__: cls for cls in (Empty, Single, Parent, Child, Keyword, Checked, Loose, Derived)}


PAIRS = [(classes_of(record, slots=slots), classes_of(dataclass, slots=slots)) for slots in (True, False)]
CALLS: tuple[tuple[list[Any], dict[str, Any]], ...] = (
    ([], {}),
    ([1], {}),
    ([-1], {}),
    ([1, "a"], {}),
    ([1, "a", {"b": 1}], {}),
    ([1], {"text": "a", "hidden": "h"}),
    ([], {"number": 1, "text": "a"}),
    ([], {"text": "a"}),
    ([1], {"other": 2}),
    ([1], {"number": 1}),
    ([[]], {}),
)
CHANGES: tuple[dict[str, Any], ...] = ({}, {"number": 2}, {"text": "b"}, {"values": {}}, {"hidden": "q"}, {"other": 1})


def outcome(action: Callable[[], object]) -> object:
    """Text of the result of an action, or its error."""
    try:
        return str(action())
    except (TypeError, ValueError, AttributeError) as error:
        return type(error), str(error)


def behavior(cls: Any, args: list[Any], options: dict[str, Any], change: dict[str, Any]) -> list[object]:
    def make() -> Any:
        return cls(*args, **options)

    return [
        outcome(make),
        outcome(lambda: [getattr(make(), item.name) for item in fields(make())]),
        outcome(lambda: replace(make(), **change)),
        outcome(lambda: (make() == make(), make() == replace(make(), **change), make() == 1, make() == ANY)),
        outcome(lambda: hash(make()) == hash(make())),
        outcome(lambda: hash(make()) == hash(replace(make(), **change))),
        outcome(lambda: copy.deepcopy(make())),
        outcome(lambda: copy.copy(make()) == make()),
        outcome(lambda: cls.__match_args__),
        outcome(lambda: inspect.signature(cls)),
        outcome(lambda: [(item.name, item.type, item.kw_only) for item in fields(cls)]),
    ]


@pytest.mark.parametrize("name", PAIRS[0][0])
@pytest.mark.parametrize("pair", PAIRS, ids=["slots", "no slots"])
def test_a_record_behaves_as_a_frozen_dataclass(pair: tuple[dict[str, Any], dict[str, Any]], name: str) -> None:
    ours, theirs = (classes[name] for classes in pair)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs)), "before the first instance"
    for (args, options), change in product(CALLS, CHANGES):
        assert behavior(ours, args, options, change) == behavior(theirs, args, options, change), (args, options, change)


@pytest.mark.parametrize("classes", [pair[0] for pair in PAIRS], ids=["slots", "no slots"])
def test_a_record_cannot_be_changed(classes: dict[str, Any]) -> None:
    value = classes["Child"](1)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'number'"):
        value.number = 2
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'number'"):
        del value.number
    assert value == classes["Child"](1)


def test_records_of_other_classes_are_not_equal() -> None:
    parent, child = (PAIRS[0][0][name](1) for name in ("Parent", "Child"))
    assert parent != child
    assert child != parent
    assert {parent: 1, child: 2}[parent] == 1


def test_methods_are_compiled_at_the_first_instance() -> None:
    @record(frozen=True, slots=True)
    class Late:
        text: str

    before = Late.__init__
    assert Late("a").text == "a"
    assert Late.__init__ is not before
    assert Late.__init__.__qualname__.endswith("Late.__init__")
    assert str(inspect.signature(Late)) == "(text: 'str') -> None"


@record(frozen=True, slots=True)
class Pickled:
    text: str
    number: int = 1


def test_a_record_with_slots_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Pickled("a", 2))) == Pickled("a", 2)
