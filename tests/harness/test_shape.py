"""The shape of a JSON value: taken, merged, compared."""

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
def test_types_have_json_s_names_and_whole_numbers_their_own(value: Any, name: str) -> None:
    assert json_type(value) == name
    assert has_type(value, (name,))


def test_a_whole_number_is_a_number_and_not_the_other_way_round() -> None:
    assert has_type(1, ("number",))
    assert not has_type(1.5, ("integer",))
    assert not has_type(True, ("integer", "number"))


def test_a_shape_tells_keys_types_formats_and_words() -> None:
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
    assert keys["status"] == {"types": ["string"], "formats": ["word"], "words": ["queued"]}
    assert keys["tags"] == {"types": ["array"], "items": {"types": ["string"], "formats": ["word"], "words": ["a"]}}


@given(JSON)
def test_a_shape_is_json(value: Any) -> None:
    shape = shape_of(value)
    assert json.loads(json.dumps(shape)) == shape


@given(JSON)
def test_a_value_s_shape_differs_from_itself_in_nothing(value: Any) -> None:
    assert compare_shapes(shape_of(value), shape_of(value)) == ()


@given(st.lists(JSON, min_size=1, max_size=4))
def test_each_fits_what_was_merged_from_all(values: list[Any]) -> None:
    together = merge_shapes(shape_of(value) for value in values)
    for value in values:
        assert [found for found in compare_shapes(together, shape_of(value)) if found.breaking] == []


def test_what_was_not_always_there_is_optional() -> None:
    shape = merge_shapes([shape_of({"a": 1, "b": 1}), shape_of({"a": None})])
    assert shape["keys"]["a"] == {"types": ["integer", "null"]}
    assert shape["keys"]["b"] == {"types": ["integer"], "optional": True}
    assert compare_shapes(shape, shape_of({"a": 2})) == ()
    assert merge_shapes([shape, shape_of({"a": 1, "b": 2})])["keys"]["b"]["optional"]


def test_words_that_are_too_many_are_no_enumeration() -> None:
    words = [f"word{chr(97 + at)}" for at in range(13)]
    assert "words" in merge_shapes(map(shape_of, words[:12]))
    assert "words" not in merge_shapes(map(shape_of, words))
    assert "words" not in merge_shapes([*map(shape_of, words), shape_of("one")])


def test_nothing_merged_fits_nothing() -> None:
    assert merge_shapes([]) == {"types": []}
    assert [found.what for found in compare_shapes(merge_shapes([]), shape_of(1))] == ["retyped"]


@pytest.mark.parametrize(
    ("change", "told", "breaking"),
    [
        ({"id": None}, ("id", "retyped"), True),
        ({"created_at": 1.5}, ("created_at", "retyped"), True),
        ({"created_at": "1"}, ("created_at", "retyped"), True),
        ({"url": "a.mp4 somewhere"}, ("url", "of another format"), True),
        ({"status": "waiting"}, ("status", "a new word"), False),
        ({"progress": 0}, ("progress", "new"), False),
        ({"tags": [1]}, ("tags[]", "retyped"), True),
        ({"tags": []}, None, False),
    ],
)
def test_what_differs_is_told_with_its_place(
    change: dict[str, Any], told: tuple[str, str] | None, breaking: bool
) -> None:
    found = compare_shapes(shape_of(TASK), shape_of({**TASK, **change}))
    assert [(one.path, one.what, one.breaking) for one in found] == ([(*told, breaking)] if told else [])


def test_what_is_gone_is_breaking_and_what_is_there_at_times_too() -> None:
    expected, less = shape_of(TASK), shape_of({key: TASK[key] for key in TASK if key != "id"})
    gone = compare_shapes(expected, less)
    assert [str(one) for one in gone] == ["id is missing: expected string, seen nothing"]
    assert gone[0].breaking
    (rare,) = compare_shapes(expected, merge_shapes([expected, less]))
    assert (rare.path, rare.what, rare.seen) == ("id", "missing", "it at times only")


def test_a_value_of_another_type_is_told_once() -> None:
    (found,) = compare_shapes(shape_of(TASK), shape_of([]))
    assert str(found) == "the answer is retyped: expected object, seen array"
