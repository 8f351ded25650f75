"""Layouts of references: those that are placed are found again; modes of orders; values at paths."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import PathReader, values_at
from seedmock_contracts.documents.references import ContentArray, FlatFields
from seedmock_contracts.enums import MediaKind, Mode, Role
from seedmock_contracts.facts import MISSING
from seedmock_contracts.generation import GenerationRequest, Reference, first_frame, last_frame
from seedmock_contracts.upstreams import get_contract


def _layouts() -> tuple[FlatFields, ContentArray]:
    apimodels, opeai = get_contract("apimodels").request.layout, get_contract("opeai").request.layout
    assert isinstance(apimodels, FlatFields)
    assert isinstance(opeai, ContentArray)
    return apimodels, opeai


APIMODELS, OPEAI = _layouts()

IMAGE, VIDEO, AUDIO = (Reference(kind, f"https://example.com/{kind}") for kind in MediaKind)
SLOTS = [(kind, Role.REFERENCE) for kind in MediaKind]
SLOTS += [(MediaKind.IMAGE, Role.FIRST_FRAME), (MediaKind.IMAGE, Role.LAST_FRAME)]

urls = st.text(min_size=1, max_size=20)
any_reference = st.builds(lambda slot, url: Reference(slot[0], url, slot[1]), st.sampled_from(SLOTS), urls)
bodies = st.dictionaries(st.sampled_from(["model", "prompt", "nonsense"]), st.text(max_size=5))


@given(body=bodies, references=st.lists(any_reference, max_size=12))
def test_the_content_array_finds_placed_references_in_order(body: dict[str, Any], references: list[Reference]) -> None:
    placed = OPEAI.place(body, references)
    assert [located.reference for located in OPEAI.find(placed)] == references
    assert [located.path for located in OPEAI.find(placed)] == [
        f"input_reference.content[{index}]" for index in range(len(references))
    ]
    assert {name: value for name, value in placed.items() if name != "input_reference"} == body


@given(body=bodies, references=st.lists(any_reference, max_size=12))
def test_flat_fields_find_placed_references_by_field(body: dict[str, Any], references: list[Reference]) -> None:
    frames = {r.role: r for r in references if r.role is not Role.REFERENCE}
    sent = [*frames.values(), *(r for r in references if r.role is Role.REFERENCE)]
    slots = [(slot.kind, slot.role) for slot in APIMODELS.slots]
    placed = APIMODELS.place(body, sent)
    expected = sorted(sent, key=lambda r: slots.index((r.kind, r.role)))
    assert [located.reference for located in APIMODELS.find(placed)] == expected
    fields = {slot.field for slot in APIMODELS.slots}
    assert {name: value for name, value in placed.items() if name not in fields} == body


@given(references=st.lists(any_reference, max_size=6, unique_by=lambda r: (r.kind, r.role)))
def test_placing_replaces_earlier_references(references: list[Reference]) -> None:
    for layout in (APIMODELS, OPEAI):
        placed = layout.place({"prompt": "A kite."}, references)
        assert layout.place(placed, []) == {"prompt": "A kite."}
        assert layout.place(placed, references) == placed


def test_placing_does_not_change_the_original(contract: Contract) -> None:
    document = {"prompt": "A kite."}
    contract.request.layout.place(document, [IMAGE])
    assert document == {"prompt": "A kite."}


def test_an_unsupported_reference_is_an_error(contract: Contract) -> None:
    with pytest.raises(ValueError, match="video as first_frame"):
        contract.request.layout.place({}, [Reference(MediaKind.VIDEO, "https://example.com/v.mp4", Role.FIRST_FRAME)])


def test_a_located_reference_has_its_path() -> None:
    frames = APIMODELS.place({}, [first_frame("f"), last_frame("l")])
    assert [located.path for located in APIMODELS.find(frames)] == ["first_frame_url", "last_frame_url"]
    assert [located.path for located in APIMODELS.find(APIMODELS.place({}, [IMAGE, IMAGE]))] == [
        "reference_image_urls[0]",
        "reference_image_urls[1]",
    ]


def test_an_item_of_opeai_is_placed_as_in_the_guide() -> None:
    assert OPEAI.place({}, [first_frame("https://example.com/f.png")]) == {
        "input_reference": {
            "content": [{"type": "image_url", "role": "first_frame", "image_url": {"url": "https://example.com/f.png"}}]
        }
    }


def test_roles_and_types_of_opeai() -> None:
    assert {name: (kind.value, role.value) for name, (kind, role) in OPEAI.roles.items()} == {
        "reference_image": ("image", "reference"),
        "reference_video": ("video", "reference"),
        "reference_audio": ("audio", "reference"),
        "first_frame": ("image", "first_frame"),
        "last_frame": ("image", "last_frame"),
    }
    assert {name: kind.value for name, kind in OPEAI.types.items()} == {
        "image_url": "image",
        "video_url": "video",
        "audio_url": "audio",
    }


def test_reference_fields_of_apimodels() -> None:
    assert [(slot.field, slot.kind.value, slot.role.value, slot.many) for slot in APIMODELS.slots] == [
        ("first_frame_url", "image", "first_frame", False),
        ("images", "image", "first_frame", True),
        ("last_frame_url", "image", "last_frame", False),
        ("reference_image_urls", "image", "reference", True),
        ("reference_video_urls", "video", "reference", True),
        ("reference_audio_urls", "audio", "reference", True),
    ]


def test_an_item_without_a_role_is_a_reference_of_its_kind() -> None:
    item = {"type": "video_url", "video_url": {"url": "https://example.com/video"}}
    (located,) = OPEAI.find({"input_reference": {"content": [item]}})
    assert located.reference == VIDEO


@pytest.mark.parametrize(
    "document",
    [
        {"input_reference": None},
        {"input_reference": []},
        {"input_reference": {"content": None}},
        {"input_reference": {"content": "https://example.com"}},
        {"input_reference": {"content": [None, 1, "x", [], {}, {"type": []}, {"type": "image_url"}]}},
        {"input_reference": {"content": [{"type": "image_url", "image_url": {"url": 7}}]}},
        {"input_reference": {"content": [{"type": "text", "text": "a kite"}]}},
        {"first_frame_url": 7, "last_frame_url": None, "reference_image_urls": "https://example.com"},
        {"reference_image_urls": [None, 7, {}], "reference_video_urls": {}},
    ],
)
def test_malformed_references_are_not_found(contract: Contract, document: dict[str, Any]) -> None:
    assert contract.request.layout.find(document) == ()


def test_values_at_distinguishes_missing_from_null() -> None:
    document = {"a": [{"b": 1}, {"b": None}, {}, 7], "c": None}
    assert values_at(document, "a[].b") == [("a[0].b", 1), ("a[1].b", None), ("a[2].b", MISSING)]
    assert values_at(document, "c") == [("c", None)]
    assert values_at(document, "c.d") == []
    assert values_at(document, "e") == [("e", MISSING)]


@pytest.mark.parametrize(
    ("references", "mode"),
    [
        ((), Mode.TEXT),
        ((first_frame("f"),), Mode.FIRST_FRAME),
        ((first_frame("f"), last_frame("l")), Mode.FIRST_LAST_FRAME),
        ((last_frame("l"), first_frame("f")), Mode.FIRST_LAST_FRAME),
        ((IMAGE,), Mode.REFERENCE),
        ((IMAGE, IMAGE), Mode.REFERENCE),
        ((VIDEO,), Mode.EDIT),
        ((VIDEO, IMAGE), Mode.REFERENCE),
        ((VIDEO, VIDEO), Mode.REFERENCE),
        ((IMAGE, VIDEO, AUDIO), Mode.REFERENCE),
    ],
)
def test_references_determine_the_mode(references: tuple[Reference, ...], mode: Mode) -> None:
    assert GenerationRequest(references=references).mode is mode


def test_references_of_every_mode_can_be_placed_in_both_layouts(contract: Contract) -> None:
    for fact in contract.modes:
        for role in fact.roles:
            assert contract.request.layout.place({}, [Reference(MediaKind.IMAGE, "https://example.com/i.png", role)])


json_values = st.recursive(
    st.none() | st.integers(0, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
any_path = st.sampled_from(["a", "a[]", "a.b", "a.b[]", "a[].b", "a[].b.c", "a[].b[].c", "a.b.c[]", "b", "b[]"])


@given(document=st.dictionaries(st.sampled_from("abc"), json_values), paths=st.lists(any_path, max_size=6))
def test_a_reader_of_many_paths_gives_the_values_at_each(document: dict[str, Any], paths: list[str]) -> None:
    reader = PathReader(document)
    assert [reader.values_at(path) for path in paths] == [values_at(document, path) for path in paths]


ITEMS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["image_url", "video_url", "first_frame", "x"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["content", "type", "role", "image_url", "video_url", "url"]), inner, max_size=4
        ),
    ),
    max_leaves=12,
)


@given(body=st.dictionaries(st.sampled_from(["input_reference", "prompt"]), ITEMS, max_size=2))
@example(body={"input_reference": [{"type": "image_url", "image_url": {"url": "x"}}]})
@example(body={"input_reference": {"content": [{"type": "image_url", "image_url": {"url": "x"}}]}})
@example(body={"input_reference": {"content": {"type": "image_url", "image_url": {"url": "x"}}}})
def test_the_quick_search_for_references_finds_those_at_the_path(body: dict[str, Any]) -> None:
    at_path = (OPEAI._read(path, item) for path, item in values_at(body, f"{OPEAI.path}[]"))
    assert OPEAI.find(body) == tuple(located for located in at_path if located is not None)
