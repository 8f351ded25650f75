"""What an order costs: a function of the order and the contract's figures, in exact decimals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from .contract import Contract
from .enums import Basis
from .facts import Amount, Fact, Model, Size, Tariff
from .generation import GenerationRequest, UpscaleRequest
from .upstreams import get_contract

MICRO_USD = Decimal("0.000001")
ADAPTIVE = "adaptive"


@dataclass(frozen=True, slots=True)
class Quote:
    """A price in USD and what it rests on. `tokens` is None where the bill does not count them."""

    amount: Decimal
    seconds: int
    tokens: int | None
    rate: Decimal
    unit: str
    facts: tuple[Fact, ...]

    @property
    def basis(self) -> Basis:
        """The weakest basis among the facts that the price rests on."""
        return max((fact.basis for fact in self.facts), key=list(Basis).index)


def token_count(width: int, height: int, seconds: int) -> int:
    """The tokens of a clip: 24 frames a second and one more. Source: Ark's live bills, matched exactly."""
    return width * height * (24 * seconds + 1) // 1024


def quote(
    upstream: str,
    request: GenerationRequest | UpscaleRequest,
    *,
    variants: Mapping[str, str] | None = None,
    price_per_million: Decimal | None = None,
) -> Quote:
    """What the upstream charges for an order that succeeds.

    `price_per_million` replaces the assumed price of B's tokens. Raises ValueError for a model, resolution or size
    that the upstream has no price for.
    """
    contract = get_contract(upstream)
    if isinstance(request, UpscaleRequest):
        return _upscale(contract, request)
    model, size = _model(contract, request.model), requested_size(contract, request)
    if model.upscales or size.resolution not in model.resolutions:
        raise ValueError(f"{model.name} makes no clip at {size.resolution}; allowed: {', '.join(model.resolutions)}")
    count = token_count(size.width, size.height, request.seconds)
    tariff = _tariff(contract, model, size.resolution)
    if tariff is None:
        return _by_tokens(contract.amount(f"{contract.name}.tokens.price"), price_per_million, count, request.seconds)
    if {**contract.defaults, **(variants or {})}.get(f"{contract.name}.billing") == "tokens":
        return _by_tokens(_implied(contract, tariff), None, count, request.seconds)
    amount = tariff.per_second * request.seconds
    return Quote(amount, request.seconds, count, tariff.per_second, "second", (tariff,))


def asset_fee(upstream: str) -> Amount:
    """What one asset that succeeds costs. Raises LookupError for an upstream without assets."""
    return get_contract(upstream).amount(f"{upstream}.assets.create.fee")


def requested_size(contract: Contract, request: GenerationRequest) -> Size:
    """The pixels that an order asks for; adaptive counts as 16:9 until the picture is known. Raises ValueError."""
    if request.size is not None:
        size = contract.parse_size(request.size)
    else:
        ratio = "16:9" if request.ratio in (None, ADAPTIVE) else str(request.ratio)
        size = contract.size(request.resolution or "720p", ratio)
    if size is None:
        asked = request.size or f"{request.resolution} at {request.ratio}"
        raise ValueError(
            f"{contract.name} renders no {asked}; allowed: {', '.join(row.text for row in contract.sizes)}"
        )
    return size


def _model(contract: Contract, name: str | None) -> Model:
    model = contract.resolve_model(name)
    if model is None:
        raise ValueError(
            f"{contract.name} has no model {name!r}; allowed: {', '.join(m.name for m in contract.models)}"
        )
    return model


def _tariff(contract: Contract, model: Model, resolution: str) -> Tariff | None:
    rows = [tariff for tariff in contract.tariffs if tariff.model == model.name]
    found = next((tariff for tariff in rows if tariff.resolution == resolution), None)
    if contract.tariffs and found is None:
        allowed = ", ".join(tariff.resolution for tariff in rows)
        raise ValueError(f"{model.name} has no price at {resolution}; allowed: {allowed}")
    return found


def _implied(contract: Contract, tariff: Tariff) -> Amount:
    """The price per million tokens that a price a second stands for, at 24 frames of 16:9 a second."""
    size = contract.size(tariff.resolution, "16:9")
    assert size is not None, f"{contract.name} has no 16:9 row at {tariff.resolution}"
    a_second = Decimal(size.width * size.height * 24) / 1024
    return Amount(tariff.id, tariff.evidence, tariff.per_second * 1_000_000 / a_second)


def _by_tokens(price: Amount, settled: Decimal | None, count: int, seconds: int) -> Quote:
    rate = price.value if settled is None else settled
    amount = (rate * count / 1_000_000).quantize(MICRO_USD, ROUND_HALF_UP)
    return Quote(amount, seconds, count, rate, "million tokens", (price,))


def _upscale(contract: Contract, request: UpscaleRequest) -> Quote:
    model = next((model for model in contract.models if model.upscales), None)
    if model is None:
        raise ValueError(f"{contract.name} does not upscale")
    tariff = _tariff(contract, model, request.resolution)
    assert tariff is not None, "an upstream that upscales has tariffs"
    least = contract.amount(f"{contract.name}.upscale.minimum_seconds")
    guess = contract.amount(f"{contract.name}.upscale.unknown_seconds")
    length = guess.value if request.seconds is None else Decimal(str(request.seconds))
    seconds = max(math.ceil(length), int(least.value))
    facts = (tariff, least, guess) if request.seconds is None else (tariff, least)
    return Quote(tariff.per_second * seconds, seconds, None, tariff.per_second, "second", facts)
