"""References: what is placed is found again, in both layouts; and what an order starts from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.paths import values_at
from seedmock_contracts.documents.references import ContentArray, FlatFields
from seedmock_contracts.enums import MediaKind, Mode, Role
from seedmock_contracts.facts import MISSING
from seedmock_contracts.generation import GenerationRequest, Reference, first_frame, last_frame
from seedmock_contracts.upstreams import get_contract

A, B = get_contract("apimodels").request.layout, get_contract("opeai").request.layout
assert isinstance(A, FlatFields)
assert isinstance(B, ContentArray)

IMAGE, VIDEO, AUDIO = (Reference(kind, f"https://example.com/{kind}") for kind in MediaKind)
PLACES = [(kind, Role.REFERENCE) for kind in MediaKind]
PLACES += [(MediaKind.IMAGE, Role.FIRST_FRAME), (MediaKind.IMAGE, Role.LAST_FRAME)]

urls = st.text(min_size=1, max_size=20)
anything = st.builds(lambda place, url: Reference(place[0], url, place[1]), st.sampled_from(PLACES), urls)
bodies = st.dictionaries(st.sampled_from(["model", "prompt", "nonsense"]), st.text(max_size=5))


@given(body=bodies, references=st.lists(anything, max_size=12))
def test_b_finds_what_was_placed_in_its_order(body: dict[str, Any], references: list[Reference]) -> None:
    placed = B.place(body, references)
    assert [found.reference for found in B.find(placed)] == references
    assert [found.path for found in B.find(placed)] == [
        f"input_reference.content[{index}]" for index in range(len(references))
    ]
    assert {name: value for name, value in placed.items() if name != "input_reference"} == body


@given(body=bodies, references=st.lists(anything, max_size=12))
def test_a_finds_what_was_placed_field_by_field(body: dict[str, Any], references: list[Reference]) -> None:
    one_frame = {r.role: r for r in references if r.role is not Role.REFERENCE}
    sent = [*one_frame.values(), *(r for r in references if r.role is Role.REFERENCE)]
    slots = [(slot.kind, slot.role) for slot in A.slots]
    placed = A.place(body, sent)
    expected = sorted(sent, key=lambda r: slots.index((r.kind, r.role)))
    assert [found.reference for found in A.find(placed)] == expected
    taken = {slot.field for slot in A.slots}
    assert {name: value for name, value in placed.items() if name not in taken} == body


@given(references=st.lists(anything, max_size=6, unique_by=lambda r: (r.kind, r.role)))
def test_placing_replaces_what_was_there(references: list[Reference]) -> None:
    for layout in (A, B):
        placed = layout.place({"prompt": "A kite."}, references)
        assert layout.place(placed, []) == {"prompt": "A kite."}
        assert layout.place(placed, references) == placed


def test_placing_changes_no_document_in_place(contract: Contract) -> None:
    document = {"prompt": "A kite."}
    contract.request.layout.place(document, [IMAGE])
    assert document == {"prompt": "A kite."}


def test_a_reference_that_a_layout_has_no_place_for_is_an_error(contract: Contract) -> None:
    with pytest.raises(ValueError, match="video as first_frame"):
        contract.request.layout.place({}, [Reference(MediaKind.VIDEO, "https://example.com/v.mp4", Role.FIRST_FRAME)])


def test_paths_say_where_a_reference_stands() -> None:
    frames = A.place({}, [first_frame("f"), last_frame("l")])
    assert [found.path for found in A.find(frames)] == ["first_frame_url", "last_frame_url"]
    assert [found.path for found in A.find(A.place({}, [IMAGE, IMAGE]))] == [
        "reference_image_urls[0]",
        "reference_image_urls[1]",
    ]


def test_b_writes_an_item_as_the_guide_shows_it() -> None:
    assert B.place({}, [first_frame("https://example.com/f.png")]) == {
        "input_reference": {
            "content": [{"type": "image_url", "role": "first_frame", "image_url": {"url": "https://example.com/f.png"}}]
        }
    }


def test_the_five_roles_and_three_types_of_b_mean_what_they_say() -> None:
    assert {name: (kind.value, role.value) for name, (kind, role) in B.roles.items()} == {
        "reference_image": ("image", "reference"),
        "reference_video": ("video", "reference"),
        "reference_audio": ("audio", "reference"),
        "first_frame": ("image", "first_frame"),
        "last_frame": ("image", "last_frame"),
    }
    assert {name: kind.value for name, kind in B.types.items()} == {
        "image_url": "image",
        "video_url": "video",
        "audio_url": "audio",
    }


def test_the_six_fields_of_a_mean_what_they_say() -> None:
    assert [(slot.field, slot.kind.value, slot.role.value, slot.many) for slot in A.slots] == [
        ("first_frame_url", "image", "first_frame", False),
        ("images", "image", "first_frame", True),
        ("last_frame_url", "image", "last_frame", False),
        ("reference_image_urls", "image", "reference", True),
        ("reference_video_urls", "video", "reference", True),
        ("reference_audio_urls", "audio", "reference", True),
    ]


def test_an_item_without_a_role_is_a_reference_of_its_kind() -> None:
    item = {"type": "video_url", "video_url": {"url": "https://example.com/video"}}
    (found,) = B.find({"input_reference": {"content": [item]}})
    assert found.reference == VIDEO


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


def test_values_tell_a_missing_key_from_a_null() -> None:
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
def test_references_say_what_an_order_starts_from(references: tuple[Reference, ...], mode: Mode) -> None:
    assert GenerationRequest(references=references).mode is mode


def test_every_mode_with_frames_or_references_can_be_written_in_both_layouts(contract: Contract) -> None:
    for fact in contract.modes:
        for role in fact.roles:
            assert contract.request.layout.place({}, [Reference(MediaKind.IMAGE, "https://example.com/i.png", role)])
