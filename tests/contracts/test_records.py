"""Records behave as the frozen, slotted dataclasses of the standard library, which stay the specification."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, fields, replace
from typing import Any, ClassVar

import pytest

from seedmock_contracts import records


def family(decorator: Any) -> dict[str, type[Any]]:
    """Classes of every form that the packages use, made by a decorator."""

    @decorator(frozen=True, slots=True)
    class Base:
        """A base with a method that reads its fields."""

        name: str
        size: int = 3
        kind: ClassVar[str] = "base"

        def label(self) -> str:
            return f"{self.kind} {self.name}"

    @decorator(frozen=True, slots=True)
    class Derived(Base):
        tags: tuple[str, ...] = ()
        kind: ClassVar[str] = "derived"

    @decorator(frozen=True, slots=True, kw_only=True)
    class Keywords:
        first: int
        table: dict[str, int] = field(default_factory=dict, compare=False, repr=False)
        second: str = "b"

    @decorator(frozen=True, slots=True)
    class Checked:
        value: int

        def __post_init__(self) -> None:
            if self.value < 0:
                raise ValueError("negative")

    @decorator(frozen=True, slots=True)
    class Shown:
        secret: str

        def __repr__(self) -> str:
            return "Shown(***)"

    @decorator(frozen=True, slots=True)
    class Empty:
        pass

    classes = (Base, Derived, Keywords, Checked, Shown, Empty)
    return {cls.__name__: cls for cls in classes}


STANDARD, OURS = family(dataclasses.dataclass), family(records.dataclass)
ARGUMENTS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Base", ("a",), {}),
    ("Base", ("a", 4), {}),
    ("Base", (), {"size": 1, "name": "b"}),
    ("Derived", ("a", 3, ("x",)), {}),
    ("Derived", ("a",), {}),
    ("Keywords", (), {"first": 1}),
    ("Keywords", (), {"first": 1, "table": {"a": 1}, "second": "c"}),
    ("Checked", (1,), {}),
    ("Shown", ("x",), {}),
    ("Empty", (), {}),
]
CALLS: dict[str, Callable[[Any], object]] = {
    "repr": lambda record: repr(record).replace("family.<locals>.", ""),
    "fields": lambda record: [(entry.name, entry.type, entry.default) for entry in fields(record)],
    "asdict": dataclasses.asdict,
    "match": lambda record: type(record).__match_args__,
    "slots": lambda record: (type(record).__slots__, hasattr(record, "__dict__")),
    "signature": lambda record: str(inspect.signature(type(record))),
    "copies": lambda record: (
        copy.copy(record) == record,
        copy.deepcopy(record) == record,
        copy.copy(record) is record,
    ),
    "hashable": lambda record: hash(record) == hash(copy.copy(record)),
    "label": lambda record: record.label() if hasattr(record, "label") else None,
    "unlike": lambda record: (record == 1, record != 1, record == object()),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("name", "args", "kwargs"), ARGUMENTS)
def test_records_answer_as_standard_dataclasses(
    call: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    ours, standard = OURS[name](*args, **kwargs), STANDARD[name](*args, **kwargs)
    assert CALLS[call](ours) == CALLS[call](standard)


def test_equality_compares_the_compared_fields_of_one_class() -> None:
    base, derived, keywords = OURS["Base"], OURS["Derived"], OURS["Keywords"]
    assert base("a") == base("a", 3) != base("a", 4)
    assert base("a") != derived("a")
    assert keywords(first=1, table={"a": 1}) == keywords(first=1)


def test_frozen_fields_cannot_be_assigned_or_deleted() -> None:
    record = OURS["Derived"]("a")
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'name'"):
        record.name = "b"
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'name'"):
        del record.name
    assert replace(record, name="b", tags=("x",)).label() == "derived b"


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [("Base", (), {}), ("Base", ("a", 1, 2), {}), ("Base", ("a",), {"name": "b"}), ("Keywords", (1,), {})],
)
def test_wrong_arguments_raise_the_standard_message(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    with pytest.raises(TypeError) as standard:
        STANDARD[name](*args, **kwargs)
    with pytest.raises(TypeError) as ours:
        OURS[name](*args, **kwargs)
    assert str(ours.value) == str(standard.value)


def test_the_check_after_construction_runs() -> None:
    with pytest.raises(ValueError, match="negative"):
        OURS["Checked"](-1)


@records.dataclass(frozen=True, slots=True)
class Pickled:
    name: str
    size: int = 2


def test_a_record_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Pickled("a"))) == Pickled("a", 2)


def test_other_dataclasses_are_the_standard_ones() -> None:
    @records.dataclass
    class Mutable:
        count: int = 0

    counter = Mutable()
    counter.count += 1
    assert counter == Mutable(1)
