"""Limits on referenced media, on both sides of each limit."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Basis, MediaKind
from seedmock_contracts.facts import MediaFacts
from seedmock_contracts.upstreams import get_contract
from seedmock_contracts.validation.media import kind_violation, media_violations

MB = 1024 * 1024
IMAGE = MediaFacts(kind=MediaKind.IMAGE, size_bytes=MB, format="png", width=1280, height=720)
VIDEO = MediaFacts(kind=MediaKind.VIDEO, size_bytes=MB, format="mp4", seconds=5.0, width=1280, height=720, fps=24.0)
AUDIO = MediaFacts(kind=MediaKind.AUDIO, size_bytes=MB, format="mp3", seconds=5.0)


def violated_limits(contract: Contract, *media: MediaFacts) -> list[str]:
    violations = media_violations(contract.name, [(f"reference[{at}]", facts) for at, facts in enumerate(media)])
    return [violation.fact.id.removeprefix(f"{contract.name}.limit.") for violation in violations]


def test_ordinary_media_violate_no_limit(contract: Contract) -> None:
    assert violated_limits(contract, IMAGE, VIDEO, AUDIO) == []
    assert violated_limits(contract) == []


@pytest.mark.parametrize(
    ("facts", "limit"),
    [
        (replace(IMAGE, size_bytes=30 * MB - 1), None),
        (replace(IMAGE, size_bytes=30 * MB), "image.size"),
        (replace(IMAGE, width=301, height=301), None),
        (replace(IMAGE, width=300, height=310), "image.side"),
        (replace(IMAGE, width=5999, height=5999), None),
        (replace(IMAGE, width=6000, height=5999), "image.side"),
        (replace(IMAGE, width=2499, height=1000), None),
        (replace(IMAGE, width=2500, height=1000), "image.ratio"),
        (replace(IMAGE, width=401, height=1000), None),
        (replace(IMAGE, width=400, height=1000), "image.ratio"),
        (replace(IMAGE, width=None, height=None), None),
        (replace(VIDEO, seconds=2.0), None),
        (replace(VIDEO, seconds=1.8), None),
        (replace(VIDEO, seconds=1.79), "video.seconds"),
        (replace(VIDEO, seconds=15.2), None),
        (replace(VIDEO, seconds=None), None),
        (replace(VIDEO, width=176, height=144), "video.pixels"),
        (replace(VIDEO, width=637, height=640), "video.pixels"),
        (replace(VIDEO, width=637, height=641), None),
        (replace(VIDEO, width=3840, height=2160), None),
        (replace(VIDEO, width=4096, height=2160), "video.pixels"),
        (replace(VIDEO, fps=23.976), None),
        (replace(VIDEO, fps=23.4), "video.fps"),
        (replace(VIDEO, fps=59.94), None),
        (replace(VIDEO, fps=120.0), "video.fps"),
        (replace(VIDEO, fps=None), None),
        (replace(AUDIO, seconds=2.0), None),
        (replace(AUDIO, seconds=1.5), "audio.seconds"),
        (replace(AUDIO, seconds=15.0), None),
    ],
)
def test_media_on_both_sides_of_each_limit(contract: Contract, facts: MediaFacts, limit: str | None) -> None:
    assert violated_limits(contract, facts) == ([limit] if limit else [])


def test_a_too_long_clip_violates_its_own_limit_and_the_total(contract: Contract) -> None:
    assert violated_limits(contract, replace(VIDEO, seconds=15.21)) == ["video.seconds", "video.total"]
    assert violated_limits(contract, replace(AUDIO, seconds=16.0)) == ["audio.seconds", "audio.total"]


@pytest.mark.parametrize("facts", [VIDEO, AUDIO], ids=lambda facts: facts.kind)
def test_the_total_length_of_a_kind_is_limited(contract: Contract, facts: MediaFacts) -> None:
    assert violated_limits(contract, facts, facts, facts) == []
    assert violated_limits(contract, facts, facts, replace(facts, seconds=6.0)) == [f"{facts.kind}.total"]


def test_videos_and_sounds_have_separate_totals(contract: Contract) -> None:
    assert violated_limits(contract, replace(VIDEO, seconds=15.0), replace(AUDIO, seconds=15.0)) == []


def test_size_limits_of_opeai_are_exclusive_and_those_of_apimodels_inclusive() -> None:
    apimodels, opeai = get_contract("apimodels"), get_contract("opeai")
    video = {"opeai": replace(VIDEO, size_bytes=50 * MB), "apimodels": replace(VIDEO, size_bytes=200 * MB)}
    audio = dict.fromkeys(video, replace(AUDIO, size_bytes=15 * MB))
    for media, name in [(video, "video"), (audio, "audio")]:
        assert violated_limits(opeai, media["opeai"]) == [f"{name}.size"]
        assert violated_limits(opeai, replace(media["opeai"], size_bytes=media["opeai"].size_bytes - 1)) == []
        assert violated_limits(apimodels, media["apimodels"]) == []
        larger = replace(media["apimodels"], size_bytes=media["apimodels"].size_bytes + 1)
        assert violated_limits(apimodels, larger) == [f"{name}.size"]


def test_bytes_of_a_video_are_as_the_service_behind_states_now_or_earlier() -> None:
    """The guide of opeai states 50 MB; behind apimodels the service's page said 50 MB, and says 200 MB."""
    apimodels, opeai = (
        next(limit for limit in get_contract(name).limits if limit.id == f"{name}.limit.video.size")
        for name in ("apimodels", "opeai")
    )
    assert (opeai.high, opeai.basis, opeai.variant) == (50 * MB, Basis.DOCUMENTED, "")
    assert (apimodels.high, apimodels.basis) == (200 * MB, Basis.OBSERVED)
    for option, high in {"current": 200 * MB, "older": 50 * MB, "off": 200 * MB}.items():
        variants = {apimodels.variant: option}
        for size, count in ((high, 0), (high + 1, 1)):
            media = [("x", replace(VIDEO, size_bytes=size))]
            assert len(media_violations("apimodels", media, variants=variants)) == count


@pytest.mark.parametrize(
    ("facts", "quantity", "value", "allowed"),
    [
        (replace(VIDEO, codec="vp09"), "codec", "vp09", "avc1 (H.264), hvc1 (H.265)"),
        (replace(VIDEO, codec="avc1", audio_codec="opus"), "audio_codec", "opus", "mp4a (AAC), mp3"),
    ],
)
def test_codecs_of_videos_are_those_of_the_service_behind(
    contract: Contract, facts: MediaFacts, quantity: str, value: str, allowed: str
) -> None:
    (violation,) = media_violations(contract.name, [("x", facts)])
    assert violation.fact.id == f"{contract.name}.limit.video.{quantity}"
    assert violation.message == f'x: {quantity.replace("_", " ")} is "{value}"; allowed: {allowed}'
    assert violation.fact.basis is Basis.OBSERVED
    assert media_violations(contract.name, [("x", facts)], variants={f"{contract.name}.media_limits": "off"}) == []


@pytest.mark.parametrize(("codec", "sound"), [("", ""), ("avc1", ""), ("hvc1", "mp3"), ("avc1", "mp4a")])
def test_accepted_and_unknown_codecs_pass(contract: Contract, codec: str, sound: str) -> None:
    assert violated_limits(contract, replace(VIDEO, codec=codec, audio_codec=sound)) == []


def test_the_upright_or_the_stored_size_counts_by_a_variant_that_is_assumed(contract: Contract) -> None:
    video = replace(VIDEO, width=854, height=480, stored_size=(640, 480))
    image = replace(IMAGE, width=200, height=310, stored_size=(310, 301))
    assert violated_limits(contract, video, image) == ["image.side"]
    stored = {f"{contract.name}.media_size": "stored"}
    (pixels,) = media_violations(contract.name, [("x", video), ("y", image)], variants=stored)
    assert (pixels.fact.id, pixels.value) == (f"{contract.name}.limit.video.pixels", 640 * 480)
    fact, variant = (contract.find(f"{contract.name}.{name}") for name in ("limit.upright", "media_size"))
    assert fact is not None
    assert variant is not None
    assert fact.basis is variant.basis is Basis.ASSUMED


def test_a_violated_limit_names_the_reference_the_value_and_the_allowed_values() -> None:
    media = [("first_frame_url", replace(IMAGE, width=200))]
    side, ratio = media_violations("apimodels", media)
    assert side.message == "first_frame_url: side is 200; allowed: 300 to 6000 pixels (bounds excluded)"
    assert ratio.message == "first_frame_url: ratio is 0.2778; allowed: 0.4 to 2.5 (bounds excluded)"
    assert (side.field, side.value) == ("first_frame_url", 200)
    assert ratio.fact.id == "apimodels.limit.image.ratio"
    (size,) = media_violations("opeai", [("x", replace(AUDIO, size_bytes=15 * MB))])
    assert size.allowed == "less than 15728640 bytes"


FORMATS = {
    IMAGE: (("jpeg", "png", "webp", "bmp", "tiff", "gif", "heic", "heif"), ("avif", "jpeg2000", "ppm", "ico")),
    VIDEO: (("mp4", "mov"), ("webm", "matroska", "avi", "flv", "mpeg", "mpegts")),
    AUDIO: (("wav", "mp3"), ("ogg", "flac", "m4a", "aac", "mp2")),
}


@pytest.mark.parametrize("facts", FORMATS, ids=lambda facts: facts.kind)
def test_formats_are_those_of_the_service_behind(contract: Contract, facts: MediaFacts) -> None:
    accepted, rejected = FORMATS[facts]
    assert [name for name in accepted if violated_limits(contract, replace(facts, format=name))] == []
    for name in rejected:
        assert violated_limits(contract, replace(facts, format=name)) == [f"{facts.kind}.format"]
    (violation,) = media_violations(contract.name, [("x", replace(facts, format=rejected[0]))])
    assert violation.message == f'x: format is "{rejected[0]}"; allowed: {", ".join(accepted)}'
    assert violation.fact.basis is Basis.OBSERVED


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("current", {"image.format", "image.side", "video.fps", "video.pixels"}),
        ("older", {"image.format", "image.side", "video.fps", "video.pixels", "4k"}),
        ("off", set()),
    ],
)
def test_limits_of_the_service_behind_are_switched_by_a_variant(
    contract: Contract, option: str, expected: set[str]
) -> None:
    media = {
        "image.format": replace(IMAGE, format="avif"),
        "image.side": replace(IMAGE, width=200, height=200),
        "video.fps": replace(VIDEO, fps=120.0),
        "video.pixels": replace(VIDEO, width=176, height=144),
        "4k": replace(VIDEO, width=3840, height=2160),
    }
    variants = {f"{contract.name}.media_limits": option}
    broken = {
        name for name, facts in media.items() if media_violations(contract.name, [("x", facts)], variants=variants)
    }
    assert broken == expected
    documented = [("x", replace(IMAGE, size_bytes=31 * MB))]
    assert media_violations(contract.name, documented, variants=variants) != []


def test_both_ends_of_a_limit_are_stated(contract: Contract) -> None:
    variants = {f"{contract.name}.media_limits": "older"}
    (pixels,) = media_violations(contract.name, [("x", replace(VIDEO, width=3840, height=2160))], variants=variants)
    assert pixels.message == "x: pixels is 8294400; allowed: 409600 to 2086876 pixels"
    (seconds,) = media_violations(contract.name, [("x", replace(AUDIO, seconds=1.0))])
    assert seconds.message == "x: seconds is 1; allowed: 2 to 15 s (0.2 s more or less passes)"


def test_the_slack_of_lengths_is_a_fact_that_was_observed(contract: Contract) -> None:
    slack = contract.amount(f"{contract.name}.limit.seconds.slack")
    assert (str(slack.value), slack.basis) == ("0.2", Basis.OBSERVED)
    assert "1.8 and 15.2" in slack.source


def test_media_of_another_kind_than_the_field_is_a_violation(contract: Contract) -> None:
    limit = contract.limits[0]
    assert kind_violation("reference_image_urls[0]", MediaKind.IMAGE, IMAGE, limit) is None
    wrong = kind_violation("reference_image_urls[0]", MediaKind.IMAGE, VIDEO, limit)
    assert wrong is not None
    assert wrong.message == 'reference_image_urls[0] is "mp4", of kind video; allowed: image'
