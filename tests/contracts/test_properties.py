"""Properties of `violations`: it never fails whatever is sent, and the edge of each figure lies where it should."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import MediaKind, Operation
from seedmock_contracts.facts import Size
from seedmock_contracts.generation import Reference, first_frame, last_frame
from seedmock_contracts.rules.boundaries import sample_reference
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_contracts.validation import notices, unknown_fields, violations

A, B = get_contract("apimodels"), get_contract("opeai")
STANDARD_A, FAST_A, MINI_A, _ = A.models
OPERATIONS = [(said, operation) for said in contracts() for operation in Operation]

# Names and values that rules look for, among others that they do not: blind data hits no rule at all.
NAMES = {step for said in contracts() for field in said.fields for step in field.path.replace("[]", "").split(".")}
NAMES |= {"url", "text", "nonsense"}
WORDS = {word for said in contracts() for model in said.models for word in (model.name, *model.resolutions)}
WORDS |= {
    *B.request.layout.types,
    *B.request.layout.roles,
    *(size.text for size in B.sizes),
    "16:9",
    "adaptive",
    "4",
    "-1",
    "1e5",
    "",
}
WORDS |= {"https://example.com/a.png", "asset://asset-1", "data:image/png;base64,", "ftp://x", "https://"}

text = st.sampled_from(sorted(WORDS)) | st.text(st.characters(exclude_categories=()), max_size=8)
numbers = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 2**32 - 1, 2**32, 4, 15, 16, 4.5])
scalars = st.none() | st.booleans() | numbers | text
keys = st.sampled_from(sorted(NAMES)) | st.text(max_size=4)
items = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=20,
)
documents = st.dictionaries(keys, items, max_size=8)


@pytest.mark.slow
@given(document=documents)
@example(document={"model": ["video-upscale"], "input_reference": {"content": {"type": []}}})
@example(document={"input_reference": {"content": [{"type": "image_url", "image_url": {"url": "\ud800"}}]}})
@example(document={"seed": 10**5000, "duration": -(10**5000), "page": 10**5000})
def test_violations_never_fail_and_their_messages_can_always_be_sent(document: dict[str, Any]) -> None:
    for upstream, operation in OPERATIONS:
        loosest = {variant.id: option for variant in upstream.variants for option in variant.options}
        for variants in (None, loosest):
            found = violations(upstream.name, operation, document, variants)
            assert [violation for violation in found if not violation.message.isascii()] == []
            assert all(violation.field and violation.allowed and len(violation.message) < 600 for violation in found)
            assert len({violation.fact.id for violation in found}) == len(found)
        notices(upstream.name, document)
        assert set(unknown_fields(upstream.name, operation, document)) <= set(document)


@pytest.fixture(scope="module")
def deep() -> Any:
    """A list nested beyond all reason; made once, for so many new lists keep the garbage collector busy."""
    made: Any = []
    for _ in range(100_000):
        made = [made]
    return made


@pytest.mark.parametrize(("upstream", "operation"), OPERATIONS, ids=lambda value: getattr(value, "name", value))
def test_a_body_nested_beyond_all_reason_breaks_rules_and_not_the_program(
    upstream: Contract, operation: Operation, deep: Any
) -> None:
    names = {
        field.path.partition(".")[0].removesuffix("[]") for field in upstream.fields if field.operation is operation
    }
    found = violations(upstream.name, operation, dict.fromkeys(names, deep))
    assert all(violation.message.isascii() for violation in found)
    assert bool(found) is bool(upstream.rules.get(operation))


@pytest.mark.slow
@given(extra=st.dictionaries(st.text(max_size=12), items, max_size=6), data=st.data())
def test_fields_that_no_page_names_break_nothing(extra: dict[str, Any], data: st.DataObject) -> None:
    said, operation = data.draw(st.sampled_from([(s, o) for s in contracts() for o in s.request.examples]))
    document = dict(said.example(operation))
    named = {f.path.partition(".")[0].removesuffix("[]") for f in said.fields if f.operation is operation}
    strange = {name: value for name, value in extra.items() if name not in named}
    assert violations(said.name, operation, {**strange, **document}) == []
    assert set(unknown_fields(said.name, operation, {**strange, **document})) == set(strange)


def references(contract: Contract) -> st.SearchStrategy[list[Reference]]:
    """Lists that keep every rule: frames, or up to nine images, three videos and three sounds with an anchor."""
    schemes = ["https://example.com/r", "http://example.com/r", "data:x/y;base64,AA"]
    urls = st.sampled_from(schemes + (["asset://asset-1"] if contract is A else []))
    mixed = st.tuples(*(st.lists(urls, max_size=most) for most in (9, 3, 3))).map(
        lambda lists: [Reference(kind, url) for kind, of in zip(MediaKind, lists, strict=True) for url in of]
    )
    anchored = mixed.filter(lambda found: {r.kind for r in found} != {MediaKind.AUDIO})
    frames = st.tuples(urls, st.none() | urls).map(
        lambda pair: [first_frame(pair[0]), *([last_frame(pair[1])] if pair[1] else [])]
    )
    return frames | anchored


@st.composite
def orders_of_a(draw: st.DrawFn) -> dict[str, Any]:
    model = draw(st.sampled_from([STANDARD_A, FAST_A, MINI_A]))
    optional = {
        "resolution": st.sampled_from(model.resolutions),
        "aspect_ratio": st.sampled_from(["21:9", "16:9", "4:3", "1:1", "3:4", "9:16", "adaptive"]),
        "duration": st.sampled_from([4, 15, "4", "15"]) | st.integers(4, 15),
        "generate_audio": st.booleans(),
        "web_search": st.booleans(),
        "seed": st.sampled_from([-1, 0, 2**32 - 1]),
    }
    document = draw(st.fixed_dictionaries({}, optional=optional))
    return A.request.layout.place({"model": model.name, "prompt": "A kite.", **document}, draw(references(A)))


@st.composite
def orders_of_b(draw: st.DrawFn) -> dict[str, Any]:
    model = draw(st.sampled_from(B.models))
    size = draw(st.sampled_from([size for size in B.sizes if size.resolution in model.resolutions]))
    form = draw(st.sampled_from([{"size": size.text}, {"resolution": size.resolution, "ratio": size.ratio}]))
    seconds = draw(st.integers(4, 15).flatmap(lambda n: st.sampled_from([n, str(n), float(n)])))
    optional = {"generate_audio": st.booleans(), "seed": st.sampled_from([-1, 0, 2**32 - 1])}
    document = draw(st.fixed_dictionaries({}, optional=optional))
    whole = {"model": model.name, "prompt": "A kite.", "seconds": seconds, **form, **document}
    return B.request.layout.place(whole, draw(references(B)))


@given(document=orders_of_a())
def test_an_order_of_valid_parts_keeps_every_rule_of_a(document: dict[str, Any]) -> None:
    assert violations("apimodels", Operation.CREATE, document) == []


@given(document=orders_of_b())
def test_an_order_of_valid_parts_keeps_every_rule_of_b(document: dict[str, Any]) -> None:
    assert violations("opeai", Operation.CREATE, document) == []


def broken_by(contract: Contract, document: dict[str, Any]) -> list[str]:
    return [violation.fact.id for violation in violations(contract.name, Operation.CREATE, document)]


@pytest.mark.parametrize(("kind", "most"), [(MediaKind.IMAGE, 9), (MediaKind.VIDEO, 3), (MediaKind.AUDIO, 3)])
def test_references_are_counted_to_the_last_one(contract: Contract, kind: MediaKind, most: int) -> None:
    example_ = contract.example(Operation.CREATE)
    anchor = [sample_reference(MediaKind.IMAGE)] if kind is MediaKind.AUDIO else []
    place = contract.request.layout.place
    assert broken_by(contract, place(example_, [*anchor, *[sample_reference(kind)] * most])) == []
    assert broken_by(
        contract, contract.request.layout.place(example_, [*anchor, *[sample_reference(kind)] * (most + 1)])
    ) == [f"{contract.name}.reference.{kind}.count"]


def test_nine_images_three_videos_and_three_sounds_fit_together(contract: Contract) -> None:
    full = (
        [sample_reference(MediaKind.IMAGE)] * 9
        + [sample_reference(MediaKind.VIDEO)] * 3
        + [sample_reference(MediaKind.AUDIO)] * 3
    )
    assert broken_by(contract, contract.request.layout.place(contract.example(Operation.CREATE), full)) == []


@pytest.mark.parametrize("kind", [MediaKind.IMAGE, MediaKind.VIDEO])
def test_a_sound_needs_an_image_or_a_video_beside_it(contract: Contract, kind: MediaKind) -> None:
    example_ = contract.example(Operation.CREATE)
    assert broken_by(contract, contract.request.layout.place(example_, [sample_reference(MediaKind.AUDIO)])) == [
        f"{contract.name}.reference.audio.anchored"
    ]
    assert (
        broken_by(
            contract,
            contract.request.layout.place(example_, [sample_reference(MediaKind.AUDIO), sample_reference(kind)]),
        )
        == []
    )


def test_a_needs_no_prompt_beside_an_image_or_a_video() -> None:
    bare = {"model": STANDARD_A.name}
    for seen in (
        sample_reference(MediaKind.IMAGE),
        sample_reference(MediaKind.VIDEO),
        first_frame("https://example.com/f.png"),
    ):
        assert broken_by(A, A.request.layout.place(bare, [seen])) == []
    assert broken_by(A, bare) == ["apimodels.create.prompt.required"]
    assert broken_by(A, A.request.layout.place(bare, [sample_reference(MediaKind.AUDIO)])) == [
        "apimodels.create.prompt.required",
        "apimodels.reference.audio.anchored",
    ]


def test_b_needs_a_prompt_beside_an_image_too() -> None:
    bare = {name: value for name, value in B.example(Operation.CREATE).items() if name != "prompt"}
    assert broken_by(B, B.request.layout.place(bare, [sample_reference(MediaKind.IMAGE)])) == [
        "opeai.create.prompt.required"
    ]


@pytest.mark.parametrize("field", ["duration", "seconds"])
def test_lengths_end_at_four_and_fifteen(field: str) -> None:
    said = A if field == "duration" else B
    document = dict(said.example(Operation.CREATE))
    for length, fits in [(3, False), (4, True), (15, True), (16, False), ("3", False), ("15", True), ("16", False)]:
        found = broken_by(said, {**document, field: length})
        assert found == ([] if fits else [f"{said.name}.create.{field}.range"])


@pytest.mark.parametrize("seed", [-2, 2**32])
def test_a_seed_beyond_its_bounds_is_refused(contract: Contract, seed: int) -> None:
    assert broken_by(contract, {**contract.example(Operation.CREATE), "seed": seed}) == [
        f"{contract.name}.create.seed.range"
    ]


def test_the_last_page_size_is_a_hundred() -> None:
    for size, fits in [(0, False), (1, True), (100, True), (101, False)]:
        assert (violations("apimodels", Operation.ASSET_LIST, {"page_size": size}) == []) is fits


@pytest.mark.parametrize("size", B.sizes, ids=lambda size: f"{size.resolution}-{size.ratio}")
def test_b_takes_each_size_by_both_names(size: Size) -> None:
    rest = {"model": "seedance-2-0", "prompt": "A kite.", "seconds": "5"}
    assert broken_by(B, {**rest, "size": size.text}) == []
    assert broken_by(B, {**rest, "resolution": size.resolution, "ratio": size.ratio}) == []
    assert B.size(size.resolution, size.ratio) is B.parse_size(size.text) is size


@pytest.mark.parametrize("size", ["1280x721", "1280X720", "1280*720", " 1280x720", "720p", "864x480"])
def test_b_takes_no_size_that_its_table_has_not(size: str) -> None:
    document = {"model": "seedance-2-0", "prompt": "A kite.", "seconds": "5", "size": size}
    assert broken_by(B, document) == ["opeai.create.size.values"]
    assert B.parse_size(size) is None


@pytest.mark.parametrize("size", [size for size in B.sizes if size.resolution == "1080p"], ids=lambda size: size.ratio)
def test_b_fast_renders_no_1080p_by_either_name(size: Size) -> None:
    rest = {"model": "seedance-2-0-fast", "prompt": "A kite.", "seconds": "5"}
    refused = ["opeai.model.seedance-2-0-fast.resolutions"]
    assert broken_by(B, {**rest, "size": size.text}) == refused
    assert broken_by(B, {**rest, "resolution": "1080p", "ratio": size.ratio}) == refused


@pytest.mark.parametrize("model", [FAST_A, MINI_A], ids=lambda model: model.tier)
def test_the_small_models_of_a_render_720p_only(model: Any) -> None:
    document = {"model": model.name, "prompt": "A kite.", "resolution": "1080p"}
    assert broken_by(A, document) == [f"apimodels.model.{model.tier}.resolutions"]
    assert broken_by(A, {**document, "resolution": "720p"}) == []


@pytest.mark.parametrize("resolution", ["480p", "2k", "1080", "720P"])
def test_a_makes_clips_in_two_resolutions(resolution: str) -> None:
    document = {**A.example(Operation.CREATE), "resolution": resolution}
    assert broken_by(A, document) == ["apimodels.create.resolution.values"]


def test_frames_and_references_exclude_each_other(contract: Contract) -> None:
    frame = first_frame("https://example.com/f.png")
    for kind in MediaKind:
        document = contract.request.layout.place(contract.example(Operation.CREATE), [frame, sample_reference(kind)])
        assert broken_by(contract, document) == [f"{contract.name}.create.frames_exclude_references"]


@pytest.mark.parametrize(
    ("items", "broken"),
    [
        ([{"type": "image_url"}], "content.url.required"),
        ([{"type": "image_url", "image_url": {}}], "content.url.required"),
        ([{"type": "image_url", "video_url": {"url": "https://example.com/v.mp4"}}], "content.url.required"),
        ([{"type": "image_url", "image_url": "https://example.com/i.png"}], "content.image_url"),
        ([{"image_url": {"url": "https://example.com/i.png"}}], "content.type.required"),
        ([{"type": "text", "text": "A kite."}], "content.type.values"),
        ([{"type": "image_url", "role": "banner", "image_url": {"url": "https://a/b"}}], "content.role.values"),
        ([{"type": "video_url", "role": "first_frame", "video_url": {"url": "https://a/b"}}], "content.role.fits"),
        (["https://example.com/i.png"], "content.item"),
        ({}, "content"),
        ([{"type": "image_url", "image_url": {"url": "https://a/b"}}], None),
        ([], None),
    ],
)
def test_an_item_of_b_says_its_type_and_holds_its_url_there(items: Any, broken: str | None) -> None:
    document = {**B.example(Operation.CREATE), "input_reference": {"content": items}}
    assert broken_by(B, document) == ([f"opeai.create.{broken}"] if broken else [])


def test_a_blank_url_is_missing_first_of_all() -> None:
    items = [{"type": "image_url", "image_url": {"url": " "}}]
    found = broken_by(B, {**B.example(Operation.CREATE), "input_reference": {"content": items}})
    assert found[0] == "opeai.create.content.url.required"


def test_an_upscale_needs_its_video_and_its_target() -> None:
    document = dict(A.example(Operation.UPSCALE))
    for target in ("720p", "1080p", "2k", "4k"):
        assert violations("apimodels", Operation.UPSCALE, {**document, "targetResolution": target}) == []
    missing = violations("apimodels", Operation.UPSCALE, {"model": "video-upscale"})
    assert [violation.field for violation in missing] == ["videoUrl", "targetResolution"]
    wrong = violations("apimodels", Operation.UPSCALE, {**document, "targetResolution": "8k"})
    assert [violation.fact.id for violation in wrong] == ["apimodels.upscale.targetResolution.values"]
