"""Properties of `violations`: it accepts any document, and each limit is where it should be."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.references import ContentArray
from seedmock_contracts.enums import MediaKind, Operation
from seedmock_contracts.facts import Size
from seedmock_contracts.generation import Reference, first_frame, last_frame
from seedmock_contracts.rules.boundaries import sample_reference
from seedmock_contracts.upstreams import contracts, get_contract
from seedmock_contracts.validation import notices, violations
from seedmock_contracts.validation.unread import unknown_fields

APIMODELS, OPEAI = get_contract("apimodels"), get_contract("opeai")
STANDARD, FAST, MINI, _ = APIMODELS.models
OPERATIONS = [(contract, operation) for contract in contracts() for operation in Operation]

# Names and values that rules check, among others: purely random data would reach no rule.
NAMES = {
    step for contract in contracts() for field in contract.fields for step in field.path.replace("[]", "").split(".")
}
NAMES |= {"url", "text", "nonsense"}
VALUES = {word for contract in contracts() for model in contract.models for word in (model.name, *model.resolutions)}
LAYOUT = OPEAI.request.layout
assert isinstance(LAYOUT, ContentArray)
VALUES |= {
    *LAYOUT.types,
    *LAYOUT.roles,
    *(size.text for size in OPEAI.sizes),
    "16:9",
    "adaptive",
    "4",
    "-1",
    "1e5",
    "",
}
VALUES |= {"https://example.com/a.png", "asset://asset-1", "data:image/png;base64,", "ftp://x", "https://"}

text = st.sampled_from(sorted(VALUES)) | st.text(st.characters(exclude_categories=()), max_size=8)
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
def test_any_document_has_violations_with_ascii_messages(document: dict[str, Any]) -> None:
    for upstream, operation in OPERATIONS:
        last_options = {variant.id: option for variant in upstream.variants for option in variant.options}
        for variants in (None, last_options):
            result = violations(upstream.name, operation, document, variants)
            assert [violation for violation in result if not violation.message.isascii()] == []
            assert all(violation.field and violation.allowed and len(violation.message) < 600 for violation in result)
            assert len({violation.fact.id for violation in result}) == len(result)
        notices(upstream.name, document)
        paths = unknown_fields(upstream.name, operation, document)
        assert [path for path in paths if path not in document and re.split(r"[.\[]", path)[0] not in document] == []


@pytest.fixture(scope="module")
def deep() -> Any:
    """Deeply nested list, built once: building it takes longer than the tests."""
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    return nested


@pytest.mark.parametrize(("upstream", "operation"), OPERATIONS, ids=lambda value: getattr(value, "name", value))
def test_a_deeply_nested_body_violates_rules(upstream: Contract, operation: Operation, deep: Any) -> None:
    names = {
        field.path.partition(".")[0].removesuffix("[]") for field in upstream.fields if field.operation is operation
    }
    result = violations(upstream.name, operation, dict.fromkeys(names, deep))
    assert all(violation.message.isascii() for violation in result)
    assert bool(result) is bool(upstream.rules.get(operation))


@pytest.mark.slow
@given(extra=st.dictionaries(st.text(max_size=12), items, max_size=6), data=st.data())
def test_unknown_fields_violate_nothing(extra: dict[str, Any], data: st.DataObject) -> None:
    contract, operation = data.draw(st.sampled_from([(s, o) for s in contracts() for o in s.request.examples]))
    document = dict(contract.example(operation))
    named = {f.path.partition(".")[0].removesuffix("[]") for f in contract.fields if f.operation is operation}
    unknown = {name: value for name, value in extra.items() if name not in named}
    assert violations(contract.name, operation, {**unknown, **document}) == []
    assert set(unknown_fields(contract.name, operation, {**unknown, **document})) == set(unknown)


def references(contract: Contract) -> st.SearchStrategy[list[Reference]]:
    """Valid lists: frames, or up to nine images, three videos and three sounds, not sounds alone."""
    schemes = ["https://example.com/r", "http://example.com/r", "data:x/y;base64,AA"]
    urls = st.sampled_from(schemes + (["asset://asset-1"] if contract is APIMODELS else []))
    web = urls.filter(lambda url: not url.startswith("data:"))
    limits = ((urls, 9), (web, 3), (urls, 3))
    mixed = st.tuples(*(st.lists(of_kind, max_size=limit) for of_kind, limit in limits)).map(
        lambda lists: [Reference(kind, url) for kind, of in zip(MediaKind, lists, strict=True) for url in of]
    )
    not_sounds_alone = mixed.filter(lambda references: {r.kind for r in references} != {MediaKind.AUDIO})
    frames = st.tuples(urls, st.none() | urls).map(
        lambda pair: [first_frame(pair[0]), *([last_frame(pair[1])] if pair[1] else [])]
    )
    return frames | not_sounds_alone


@st.composite
def apimodels_orders(draw: st.DrawFn) -> dict[str, Any]:
    model = draw(st.sampled_from([STANDARD, FAST, MINI]))
    optional = {
        "resolution": st.sampled_from(model.resolutions),
        "aspect_ratio": st.sampled_from(["21:9", "16:9", "4:3", "1:1", "3:4", "9:16", "adaptive"]),
        "duration": st.sampled_from([4, 15, "4", "15"]) | st.integers(4, 15),
        "generate_audio": st.booleans(),
        "web_search": st.booleans(),
        "seed": st.sampled_from([-1, 0, 2**32 - 1]),
    }
    document = draw(st.fixed_dictionaries({}, optional=optional))
    return APIMODELS.request.layout.place(
        {"model": model.name, "prompt": "A kite.", **document}, draw(references(APIMODELS))
    )


@st.composite
def opeai_orders(draw: st.DrawFn) -> dict[str, Any]:
    model = draw(st.sampled_from(OPEAI.models))
    size = draw(st.sampled_from([size for size in OPEAI.sizes if size.resolution in model.resolutions]))
    form = draw(st.sampled_from([{"size": size.text}, {"resolution": size.resolution, "ratio": size.ratio}]))
    seconds = draw(st.integers(4, 15).flatmap(lambda n: st.sampled_from([n, str(n), float(n)])))
    optional = {"generate_audio": st.booleans(), "seed": st.sampled_from([-1, 0, 2**32 - 1])}
    document = draw(st.fixed_dictionaries({}, optional=optional))
    whole = {"model": model.name, "prompt": "A kite.", "seconds": seconds, **form, **document}
    return OPEAI.request.layout.place(whole, draw(references(OPEAI)))


@given(document=apimodels_orders())
def test_an_apimodels_order_of_valid_parts_is_valid(document: dict[str, Any]) -> None:
    assert violations("apimodels", Operation.CREATE, document) == []


@given(document=opeai_orders())
def test_an_opeai_order_of_valid_parts_is_valid(document: dict[str, Any]) -> None:
    assert violations("opeai", Operation.CREATE, document) == []


def violated_rules(contract: Contract, document: dict[str, Any]) -> list[str]:
    return [violation.fact.id for violation in violations(contract.name, Operation.CREATE, document)]


@pytest.mark.parametrize(("kind", "limit"), [(MediaKind.IMAGE, 9), (MediaKind.VIDEO, 3), (MediaKind.AUDIO, 3)])
def test_the_number_of_references_of_each_kind_is_limited(contract: Contract, kind: MediaKind, limit: int) -> None:
    document = contract.example(Operation.CREATE)
    anchor = [sample_reference(MediaKind.IMAGE)] if kind is MediaKind.AUDIO else []
    place = contract.request.layout.place
    assert violated_rules(contract, place(document, [*anchor, *[sample_reference(kind)] * limit])) == []
    assert violated_rules(
        contract, contract.request.layout.place(document, [*anchor, *[sample_reference(kind)] * (limit + 1)])
    ) == [f"{contract.name}.reference.{kind}.count"]


def test_the_limits_of_all_kinds_can_be_reached_together(contract: Contract) -> None:
    full = (
        [sample_reference(MediaKind.IMAGE)] * 9
        + [sample_reference(MediaKind.VIDEO)] * 3
        + [sample_reference(MediaKind.AUDIO)] * 3
    )
    assert violated_rules(contract, contract.request.layout.place(contract.example(Operation.CREATE), full)) == []


@pytest.mark.parametrize("kind", [MediaKind.IMAGE, MediaKind.VIDEO])
def test_a_sound_requires_an_image_or_a_video(contract: Contract, kind: MediaKind) -> None:
    document = contract.example(Operation.CREATE)
    assert violated_rules(contract, contract.request.layout.place(document, [sample_reference(MediaKind.AUDIO)])) == [
        f"{contract.name}.reference.audio.anchored"
    ]
    assert (
        violated_rules(
            contract,
            contract.request.layout.place(document, [sample_reference(MediaKind.AUDIO), sample_reference(kind)]),
        )
        == []
    )


def test_apimodels_requires_no_prompt_beside_an_image_or_a_video() -> None:
    document = {"model": STANDARD.name}
    for reference in (
        sample_reference(MediaKind.IMAGE),
        sample_reference(MediaKind.VIDEO),
        first_frame("https://example.com/f.png"),
    ):
        assert violated_rules(APIMODELS, APIMODELS.request.layout.place(document, [reference])) == []
    assert violated_rules(APIMODELS, document) == ["apimodels.create.prompt.required"]
    assert violated_rules(APIMODELS, APIMODELS.request.layout.place(document, [sample_reference(MediaKind.AUDIO)])) == [
        "apimodels.create.prompt.required",
        "apimodels.reference.audio.anchored",
    ]


def test_opeai_requires_a_prompt_beside_an_image() -> None:
    document = {name: value for name, value in OPEAI.example(Operation.CREATE).items() if name != "prompt"}
    assert violated_rules(OPEAI, OPEAI.request.layout.place(document, [sample_reference(MediaKind.IMAGE)])) == [
        "opeai.create.prompt.required"
    ]


@pytest.mark.parametrize("field", ["duration", "seconds"])
def test_a_clip_has_4_to_15_seconds(field: str) -> None:
    contract = APIMODELS if field == "duration" else OPEAI
    document = dict(contract.example(Operation.CREATE))
    for length, fits in [(3, False), (4, True), (15, True), (16, False), ("3", False), ("15", True), ("16", False)]:
        rules = violated_rules(contract, {**document, field: length})
        assert rules == ([] if fits else [f"{contract.name}.create.{field}.range"])


@pytest.mark.parametrize("seed", [-2, 2**32])
def test_a_seed_out_of_range_is_a_violation(contract: Contract, seed: int) -> None:
    assert violated_rules(contract, {**contract.example(Operation.CREATE), "seed": seed}) == [
        f"{contract.name}.create.seed.range"
    ]


def test_a_page_has_1_to_100_assets() -> None:
    for size, fits in [(0, False), (1, True), (100, True), (101, False)]:
        assert (violations("apimodels", Operation.ASSET_LIST, {"page_size": size}) == []) is fits


@pytest.mark.parametrize("size", OPEAI.sizes, ids=lambda size: f"{size.resolution}-{size.ratio}")
def test_opeai_accepts_each_size_and_its_resolution_with_ratio(size: Size) -> None:
    rest = {"model": "seedance-2-0", "prompt": "A kite.", "seconds": "5"}
    assert violated_rules(OPEAI, {**rest, "size": size.text}) == []
    assert violated_rules(OPEAI, {**rest, "resolution": size.resolution, "ratio": size.ratio}) == []
    assert OPEAI.size(size.resolution, size.ratio) is OPEAI.parse_size(size.text) is size


@pytest.mark.parametrize("size", ["1280x721", "1280X720", "1280*720", " 1280x720", "720p", "864x480"])
def test_opeai_accepts_only_sizes_of_its_table(size: str) -> None:
    document = {"model": "seedance-2-0", "prompt": "A kite.", "seconds": "5", "size": size}
    assert violated_rules(OPEAI, document) == ["opeai.create.size.values"]
    assert OPEAI.parse_size(size) is None


@pytest.mark.parametrize(
    "size", [size for size in OPEAI.sizes if size.resolution == "1080p"], ids=lambda size: size.ratio
)
def test_the_fast_model_of_opeai_does_not_render_1080p(size: Size) -> None:
    rest = {"model": "seedance-2-0-fast", "prompt": "A kite.", "seconds": "5"}
    expected = ["opeai.model.seedance-2-0-fast.resolutions"]
    assert violated_rules(OPEAI, {**rest, "size": size.text}) == expected
    assert violated_rules(OPEAI, {**rest, "resolution": "1080p", "ratio": size.ratio}) == expected


@pytest.mark.parametrize("model", [FAST, MINI], ids=lambda model: model.tier)
def test_the_small_models_of_apimodels_render_720p_only(model: Any) -> None:
    document = {"model": model.name, "prompt": "A kite.", "resolution": "1080p"}
    assert violated_rules(APIMODELS, document) == [f"apimodels.model.{model.tier}.resolutions"]
    assert violated_rules(APIMODELS, {**document, "resolution": "720p"}) == []


@pytest.mark.parametrize("resolution", ["480p", "2k", "1080", "720P"])
def test_apimodels_rejects_other_resolutions(resolution: str) -> None:
    document = {**APIMODELS.example(Operation.CREATE), "resolution": resolution}
    assert violated_rules(APIMODELS, document) == ["apimodels.create.resolution.values"]


def test_frames_and_references_exclude_each_other(contract: Contract) -> None:
    frame = first_frame("https://example.com/f.png")
    for kind in MediaKind:
        document = contract.request.layout.place(contract.example(Operation.CREATE), [frame, sample_reference(kind)])
        assert violated_rules(contract, document) == [f"{contract.name}.create.frames_exclude_references"]


@pytest.mark.parametrize(
    ("items", "rule"),
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
def test_an_item_of_opeai_has_a_type_and_its_url(items: Any, rule: str | None) -> None:
    document = {**OPEAI.example(Operation.CREATE), "input_reference": {"content": items}}
    assert violated_rules(OPEAI, document) == ([f"opeai.create.{rule}"] if rule else [])


def test_a_blank_url_is_first_reported_as_missing() -> None:
    items = [{"type": "image_url", "image_url": {"url": " "}}]
    rules = violated_rules(OPEAI, {**OPEAI.example(Operation.CREATE), "input_reference": {"content": items}})
    assert rules[0] == "opeai.create.content.url.required"


def test_an_upscale_requires_its_video_and_its_target() -> None:
    document = dict(APIMODELS.example(Operation.UPSCALE))
    for target in ("720p", "1080p", "2k", "4k"):
        assert violations("apimodels", Operation.UPSCALE, {**document, "targetResolution": target}) == []
    missing = violations("apimodels", Operation.UPSCALE, {"model": "video-upscale"})
    assert [violation.field for violation in missing] == ["videoUrl", "targetResolution"]
    wrong = violations("apimodels", Operation.UPSCALE, {**document, "targetResolution": "8k"})
    assert [violation.fact.id for violation in wrong] == ["apimodels.upscale.targetResolution.values"]
