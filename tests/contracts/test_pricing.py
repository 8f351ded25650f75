"""Quotes against prices computed by hand, in exact decimals."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedmock_contracts.enums import Basis
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.pricing import asset_fee, quote, requested_size
from seedmock_contracts.upstreams import NAMES, get_contract

APIMODELS, OPEAI = get_contract("apimodels"), get_contract("opeai")
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
def test_apimodels_charges_for_each_second(model: str, resolution: str, seconds: int, usd: str) -> None:
    price = quote("apimodels", GenerationRequest(model=model, resolution=resolution, seconds=seconds))
    assert (price.amount, price.seconds, price.unit) == (Decimal(usd), seconds, "second")
    assert price.basis is Basis.DOCUMENTED


def test_a_model_has_the_same_price_by_name_and_by_tier() -> None:
    by_name = quote("apimodels", GenerationRequest(model="seedance2-a/seedance-2.0-mini", seconds=7))
    assert by_name == quote("apimodels", GenerationRequest(model="mini", seconds=7))
    assert by_name.amount == Decimal("0.511")


def test_an_order_without_a_model_is_priced_as_the_first_one() -> None:
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
def test_token_counts_equal_those_of_live_bills(width: int, height: int, seconds: int, count: int) -> None:
    for upstream in NAMES:
        bill = get_contract(upstream).token_bill
        assert bill is not None
        assert bill.tokens(width, height, seconds) == count


@pytest.mark.parametrize(
    ("model", "resolution", "seconds", "usd"),
    [
        ("standard", "720p", 5, "0.741125"),  # 0.147 x 121 / 24
        ("standard", "1080p", 5, "1.840208"),  # 0.365 x 121 / 24 = 1.84020833...
        ("fast", "720p", 4, "0.476917"),  # 0.118 x 97 / 24 = 0.47691666...
        ("mini", "720p", 15, "1.098042"),  # 0.073 x 361 / 24 = 1.09804166...
    ],
)
def test_apimodels_billed_by_tokens_charges_an_additional_frame(
    model: str, resolution: str, seconds: int, usd: str
) -> None:
    order = GenerationRequest(model=model, resolution=resolution, ratio="16:9", seconds=seconds)
    price = quote("apimodels", order, variants=BY_TOKENS)
    assert (price.amount, price.unit) == (Decimal(usd), "million tokens")


def test_apimodels_billed_by_tokens_charges_by_size() -> None:
    order = GenerationRequest(resolution="720p", ratio="1:1", seconds=5)
    # 960 x 960 x 121 / 1024 = 108 900 tokens, like 16:9; 21:9 has 1470 x 630 x 121 / 1024 = 109 431.
    assert quote("apimodels", order, variants=BY_TOKENS).tokens == 108_900
    wide = GenerationRequest(resolution="720p", ratio="21:9", seconds=5)
    assert quote("apimodels", wide, variants=BY_TOKENS).tokens == 109_431
    assert quote("apimodels", wide, variants=BY_TOKENS).amount == Decimal("0.744739")  # 109431 x 0.147 / 21600


@pytest.mark.parametrize(
    ("size", "seconds", "per_million", "usd"),
    [
        ("864x496", 5, None, "0.354466"),
        ("1280x720", 5, None, "0.7623"),
        ("1920x1080", 5, None, "1.715175"),
        ("1920x1080", 5, "7.7", "1.886693"),  # 1.8866925, half up
        ("1280x720", 5, "0", "0"),
    ],
)
def test_opeai_charges_for_tokens_at_a_configurable_price(
    size: str, seconds: int, per_million: str | None, usd: str
) -> None:
    token_price = None if per_million is None else Decimal(per_million)
    price = quote("opeai", GenerationRequest(size=size, seconds=seconds), price_per_million=token_price)
    assert price.amount == Decimal(usd)
    assert price.unit == "million tokens"
    assert price.basis is Basis.ASSUMED


def test_opeai_has_the_same_price_by_size_and_by_resolution() -> None:
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
def test_an_upscale_is_charged_by_whole_seconds_and_at_least_five(
    target: str, length: float | None, seconds: int, usd: str
) -> None:
    price = quote("apimodels", UpscaleRequest(url="https://example.com/v.mp4", resolution=target, seconds=length))
    assert (price.seconds, price.amount, price.tokens) == (seconds, Decimal(usd), None)
    assert price.basis is (Basis.ASSUMED if length is None else Basis.DOCUMENTED)


@given(length=st.floats(0.01, 4000, allow_nan=False), target=st.sampled_from(["720p", "1080p", "2k", "4k"]))
def test_an_upscale_is_charged_for_at_least_its_length(length: float, target: str) -> None:
    price = quote("apimodels", UpscaleRequest(url="https://example.com/v.mp4", resolution=target, seconds=length))
    assert price.seconds == max(math.ceil(length), 5)
    assert price.amount == price.rate * price.seconds


@given(seconds=st.integers(4, 14), size=st.sampled_from(OPEAI.sizes))
def test_a_longer_clip_costs_more(seconds: int, size: Any) -> None:
    shorter, longer = (
        quote("opeai", GenerationRequest(size=size.text, seconds=length)).amount for length in (seconds, seconds + 1)
    )
    assert Decimal(0) < shorter < longer


def test_an_asset_costs_a_cent_on_apimodels_only() -> None:
    assert asset_fee("apimodels").value == Decimal("0.01")
    with pytest.raises(LookupError, match="opeai has no assets"):
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
def test_an_order_that_the_upstream_does_not_offer_has_no_price(
    upstream: str, order: GenerationRequest | UpscaleRequest
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        quote(upstream, order)


def test_every_model_has_a_tariff_for_each_of_its_resolutions() -> None:
    rows = [(tariff.model, tariff.resolution) for tariff in APIMODELS.tariffs]
    assert sorted(rows) == sorted(
        (model.name, resolution) for model in APIMODELS.models for resolution in model.resolutions
    )
    assert len(APIMODELS.tariffs) == 8


def test_an_adaptive_ratio_is_priced_as_16_to_9() -> None:
    assert requested_size(APIMODELS, GenerationRequest(ratio="adaptive")).text == "1280x720"
    assert requested_size(APIMODELS, GenerationRequest(resolution="1080p")).text == "1920x1080"
    assert requested_size(OPEAI, GenerationRequest()).text == "1280x720"
