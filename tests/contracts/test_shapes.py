"""Shapes of JSON values: derived, merged and compared."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedmock_contracts.documents.shape import compare_shapes, has_type, json_type, merge_shapes, shape_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
TASK = {"id": "t-1", "status": "queued", "created_at": 1, "url": "https://example.com/a.mp4", "tags": ["a"]}


@pytest.mark.parametrize(
    ("value", "name"),
    [(None, "null"), (True, "boolean"), (1, "integer"), (1.0, "number"), ("", "string"), ([], "array"), ({}, "object")],
)
def test_json_types_distinguish_integers_from_numbers(value: Any, name: str) -> None:
    assert json_type(value) == name
    assert has_type(value, (name,))


def test_an_integer_is_a_number_but_a_number_is_no_integer() -> None:
    assert has_type(1, ("number",))
    assert not has_type(1.5, ("integer",))
    assert not has_type(True, ("integer", "number"))


def test_a_shape_has_keys_types_formats_and_enumerated_words() -> None:
    shape = shape_of({**TASK, "size": "1280x720", "at": "2026-06-01T09:00:00Z", "day": "2026-06-01", "seconds": "4"})
    keys = shape["keys"]
    assert {name: keys[name]["formats"] for name in ("url", "size", "at", "day", "seconds", "id")} == {
        "url": ["uri"],
        "size": ["size"],
        "at": ["date-time"],
        "day": ["date"],
        "seconds": ["integer"],
        "id": ["text"],
    }
    assert keys["status"] == {"types": ["string"], "formats": ["identifier"], "enum": ["queued"]}
    assert keys["tags"] == {
        "types": ["array"],
        "items": {"types": ["string"], "formats": ["identifier"], "enum": ["a"]},
    }


@given(JSON)
def test_a_shape_is_json(value: Any) -> None:
    shape = shape_of(value)
    assert json.loads(json.dumps(shape)) == shape


@given(JSON)
def test_a_shape_has_no_difference_from_itself(value: Any) -> None:
    assert compare_shapes(shape_of(value), shape_of(value)) == ()


@given(st.lists(JSON, min_size=1, max_size=4))
def test_every_value_fits_the_merged_shape(values: list[Any]) -> None:
    merged = merge_shapes(shape_of(value) for value in values)
    for value in values:
        assert [difference for difference in compare_shapes(merged, shape_of(value)) if difference.breaking] == []


def test_a_key_that_is_sometimes_absent_is_optional() -> None:
    shape = merge_shapes([shape_of({"a": 1, "b": 1}), shape_of({"a": None})])
    assert shape["keys"]["a"] == {"types": ["integer", "null"]}
    assert shape["keys"]["b"] == {"types": ["integer"], "optional": True}
    assert compare_shapes(shape, shape_of({"a": 2})) == ()
    assert merge_shapes([shape, shape_of({"a": 1, "b": 2})])["keys"]["b"]["optional"]


def test_too_many_words_are_no_enumeration() -> None:
    values = [f"word{chr(97 + at)}" for at in range(13)]
    assert "enum" in merge_shapes(map(shape_of, values[:12]))
    assert "enum" not in merge_shapes(map(shape_of, values))
    assert "enum" not in merge_shapes([*map(shape_of, values), shape_of("one")])


def test_the_merge_of_no_shapes_fits_nothing() -> None:
    assert merge_shapes([]) == {"types": []}
    assert [difference.change for difference in compare_shapes(merge_shapes([]), shape_of(1))] == ["of another type"]


@pytest.mark.parametrize(
    ("change", "expected", "breaking"),
    [
        ({"id": None}, ("id", "of another type"), True),
        ({"created_at": 1.5}, ("created_at", "of another type"), True),
        ({"created_at": "1"}, ("created_at", "of another type"), True),
        ({"url": "a.mp4 somewhere"}, ("url", "of another format"), True),
        ({"status": "waiting"}, ("status", "a new value"), False),
        ({"progress": 0}, ("progress", "new"), False),
        ({"tags": [1]}, ("tags[]", "of another type"), True),
        ({"tags": []}, None, False),
    ],
)
def test_a_difference_is_reported_with_its_path(
    change: dict[str, Any], expected: tuple[str, str] | None, breaking: bool
) -> None:
    differences = compare_shapes(shape_of(TASK), shape_of({**TASK, **change}))
    actual = [(difference.path, difference.change, difference.breaking) for difference in differences]
    assert actual == ([(*expected, breaking)] if expected else [])


def test_a_key_that_is_missing_always_or_sometimes_is_breaking() -> None:
    whole, partial = shape_of(TASK), shape_of({key: TASK[key] for key in TASK if key != "id"})
    missing = compare_shapes(whole, partial)
    assert [str(difference) for difference in missing] == ["id is missing: expected string, got nothing"]
    assert missing[0].breaking
    (rare,) = compare_shapes(whole, merge_shapes([whole, partial]))
    assert (rare.path, rare.change, rare.actual) == ("id", "missing", "it only sometimes")


def test_a_value_of_another_type_is_one_difference() -> None:
    (difference,) = compare_shapes(shape_of(TASK), shape_of([]))
    assert str(difference) == "the response is of another type: expected object, got array"
