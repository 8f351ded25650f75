"""Prices worked out by hand, in exact decimals, against what `quote` says."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedmock_contracts.enums import Basis
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.pricing import asset_fee, quote, requested_size, token_count
from seedmock_contracts.upstreams import get_contract

A, B = get_contract("apimodels"), get_contract("opeai")
BY_TOKENS = {"apimodels.billing": "tokens"}


@pytest.mark.parametrize(
    ("model", "resolution", "seconds", "usd"),
    [
        ("standard", "720p", 4, "0.588"),
        ("standard", "720p", 15, "2.205"),
        ("standard", "1080p", 5, "1.825"),
        ("standard", "1080p", 15, "5.475"),
        ("fast", "720p", 5, "0.59"),
        ("fast", "720p", 15, "1.77"),
        ("mini", "720p", 4, "0.292"),
        ("mini", "720p", 10, "0.73"),
    ],
)
def test_a_charges_its_price_for_each_second(model: str, resolution: str, seconds: int, usd: str) -> None:
    found = quote("apimodels", GenerationRequest(model=model, resolution=resolution, seconds=seconds))
    assert (found.amount, found.seconds, found.unit) == (Decimal(usd), seconds, "second")
    assert found.basis is Basis.DOCUMENTED


def test_a_wire_name_costs_what_its_tier_costs() -> None:
    by_name = quote("apimodels", GenerationRequest(model="seedance2-a/seedance-2.0-mini", seconds=7))
    assert by_name == quote("apimodels", GenerationRequest(model="mini", seconds=7))
    assert by_name.amount == Decimal("0.511")


def test_without_a_model_the_first_of_the_page_is_billed() -> None:
    assert quote("apimodels", GenerationRequest()).amount == Decimal("0.735")


@pytest.mark.parametrize(
    ("width", "height", "seconds", "count"),
    [
        (864, 496, 5, 50_638),  # these three as billed by the service behind
        (1280, 720, 5, 108_900),
        (1920, 1080, 5, 245_025),
        (1280, 720, 4, 87_300),
        (1280, 720, 15, 324_900),
        (496, 864, 5, 50_638),
    ],
)
def test_tokens_are_those_of_the_live_bills(width: int, height: int, seconds: int, count: int) -> None:
    assert token_count(width, height, seconds) == count


@pytest.mark.parametrize(
    ("model", "resolution", "seconds", "usd"),
    [
        ("standard", "720p", 5, "0.741125"),  # 0.147 x 121 / 24
        ("standard", "1080p", 5, "1.840208"),  # 0.365 x 121 / 24 = 1.84020833...
        ("fast", "720p", 4, "0.476917"),  # 0.118 x 97 / 24 = 0.47691666...
        ("mini", "720p", 15, "1.098042"),  # 0.073 x 361 / 24 = 1.09804166...
    ],
)
def test_a_billed_by_tokens_costs_a_frame_more(model: str, resolution: str, seconds: int, usd: str) -> None:
    order = GenerationRequest(model=model, resolution=resolution, ratio="16:9", seconds=seconds)
    found = quote("apimodels", order, variants=BY_TOKENS)
    assert (found.amount, found.unit) == (Decimal(usd), "million tokens")


def test_a_billed_by_tokens_costs_less_for_a_smaller_picture() -> None:
    order = GenerationRequest(resolution="720p", ratio="1:1", seconds=5)
    # 960 x 960 x 121 / 1024 = 108 900 tokens, like 16:9; 21:9 has 1470 x 630 x 121 / 1024 = 109 431.
    assert quote("apimodels", order, variants=BY_TOKENS).tokens == 108_900
    wide = GenerationRequest(resolution="720p", ratio="21:9", seconds=5)
    assert quote("apimodels", wide, variants=BY_TOKENS).tokens == 109_431
    assert quote("apimodels", wide, variants=BY_TOKENS).amount == Decimal("0.744739")  # 109431 x 0.147 / 21600


@pytest.mark.parametrize(
    ("size", "seconds", "price", "usd"),
    [
        ("864x496", 5, None, "0.354466"),
        ("1280x720", 5, None, "0.7623"),
        ("1920x1080", 5, None, "1.715175"),
        ("1920x1080", 5, "7.7", "1.886693"),  # 1.8866925, half up
        ("1280x720", 5, "0", "0"),
    ],
)
def test_b_charges_for_tokens_at_a_price_that_can_be_set(size: str, seconds: int, price: str | None, usd: str) -> None:
    settled = None if price is None else Decimal(price)
    found = quote("opeai", GenerationRequest(size=size, seconds=seconds), price_per_million=settled)
    assert found.amount == Decimal(usd)
    assert found.unit == "million tokens"
    assert found.basis is Basis.ASSUMED


def test_b_costs_the_same_by_either_name_of_a_size() -> None:
    by_size = quote("opeai", GenerationRequest(size="720x1280", seconds=4))
    assert by_size == quote("opeai", GenerationRequest(resolution="720p", ratio="9:16", seconds=4))


@pytest.mark.parametrize(
    ("target", "length", "seconds", "usd"),
    [
        ("720p", 5.0, 5, "0.15"),
        ("720p", 5.01, 6, "0.18"),
        ("720p", 0.2, 5, "0.15"),
        ("1080p", 3, 5, "0.225"),
        ("1080p", 12.5, 13, "0.585"),
        ("2k", 60, 60, "4.5"),
        ("2k", 4.999, 5, "0.375"),
        ("4k", 6.0001, 7, "0.84"),
        ("4k", None, 5, "0.6"),
    ],
)
def test_an_upscale_is_billed_by_whole_seconds_and_at_least_five(
    target: str, length: float | None, seconds: int, usd: str
) -> None:
    found = quote("apimodels", UpscaleRequest(url="https://example.com/v.mp4", resolution=target, seconds=length))
    assert (found.seconds, found.amount, found.tokens) == (seconds, Decimal(usd), None)
    assert found.basis is (Basis.ASSUMED if length is None else Basis.DOCUMENTED)


@given(length=st.floats(0.01, 4000, allow_nan=False), target=st.sampled_from(["720p", "1080p", "2k", "4k"]))
def test_an_upscale_never_bills_less_than_its_length(length: float, target: str) -> None:
    found = quote("apimodels", UpscaleRequest(url="https://example.com/v.mp4", resolution=target, seconds=length))
    assert found.seconds == max(math.ceil(length), 5)
    assert found.amount == found.rate * found.seconds


@given(seconds=st.integers(4, 14), size=st.sampled_from(B.sizes))
def test_a_longer_clip_costs_more(seconds: int, size: Any) -> None:
    shorter, longer = (
        quote("opeai", GenerationRequest(size=size.text, seconds=length)).amount for length in (seconds, seconds + 1)
    )
    assert Decimal(0) < shorter < longer


def test_an_asset_costs_a_cent_and_only_where_there_are_assets() -> None:
    assert asset_fee("apimodels").value == Decimal("0.01")
    with pytest.raises(LookupError, match="opeai has no figure"):
        asset_fee("opeai")


@pytest.mark.parametrize(
    ("upstream", "order"),
    [
        ("apimodels", GenerationRequest(model="sora")),
        ("apimodels", GenerationRequest(model="nsfw")),
        ("apimodels", GenerationRequest(model="upscale")),
        ("apimodels", GenerationRequest(model="mini", resolution="1080p")),
        ("apimodels", GenerationRequest(model="fast", resolution="1080p", ratio="1:1")),
        ("apimodels", GenerationRequest(resolution="480p")),
        ("apimodels", GenerationRequest(ratio="2:1")),
        ("opeai", GenerationRequest(model="mini")),
        ("opeai", GenerationRequest(size="1280x721")),
        ("opeai", GenerationRequest(model="fast", size="1920x1080")),
        ("opeai", GenerationRequest(resolution="2k", ratio="16:9")),
        ("apimodels", UpscaleRequest(url="https://example.com/v.mp4", resolution="8k", seconds=5)),
        ("opeai", UpscaleRequest(url="https://example.com/v.mp4", resolution="1080p", seconds=5)),
    ],
)
def test_what_an_upstream_does_not_sell_has_no_price(upstream: str, order: GenerationRequest | UpscaleRequest) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        quote(upstream, order)


def test_every_tariff_is_of_a_model_and_a_resolution_that_it_renders() -> None:
    rows = [(tariff.model, tariff.resolution) for tariff in A.tariffs]
    assert sorted(rows) == sorted((model.name, resolution) for model in A.models for resolution in model.resolutions)
    assert len(A.tariffs) == 8


def test_adaptive_counts_as_sixteen_to_nine_until_the_picture_is_known() -> None:
    assert requested_size(A, GenerationRequest(ratio="adaptive")).text == "1280x720"
    assert requested_size(A, GenerationRequest(resolution="1080p")).text == "1920x1080"
    assert requested_size(B, GenerationRequest()).text == "1280x720"
