"""Price an order from the figures of a contract, in exact decimals. Knows no account and no clock."""

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

MICRO_USD = Decimal("0.000001")  # bills by tokens are rounded to a millionth of a dollar
# The default ratio and resolution of the service behind.
ADAPTIVE, USUAL_RESOLUTION = "adaptive", "720p"


@dataclass(frozen=True, slots=True)
class Quote:
    """A price in USD and the facts behind it. `rate` is the price of one `unit`; `tokens` is None if not counted."""

    amount: Decimal
    seconds: int
    tokens: int | None
    rate: Decimal
    unit: str
    facts: tuple[Fact, ...]

    @property
    def basis(self) -> Basis:
        """Weakest basis among the facts behind the price."""
        return max((fact.basis for fact in self.facts), key=list(Basis).index)


def quote(
    upstream: str,
    request: GenerationRequest | UpscaleRequest,
    *,
    variants: Mapping[str, str] | None = None,
    price_per_million: Decimal | None = None,
) -> Quote:
    """Price of an order that succeeds.

    `price_per_million` replaces the price of tokens where that is assumed. Raises ValueError for a model, resolution or
    size without a price.
    """
    contract = get_contract(upstream)
    if isinstance(request, UpscaleRequest):
        return _upscale(contract, request)
    model, size = _model(contract, request.model), requested_size(contract, request)
    if model.upscales or size.resolution not in model.resolutions:
        allowed = ", ".join(model.resolutions)
        raise ValueError(f"{model.name} does not render {size.resolution}; allowed: {allowed}")
    bill = contract.token_bill
    count = None if bill is None else bill.tokens(size.width, size.height, request.seconds)
    tariff = _tariff(contract, model, size.resolution)
    if tariff is None:
        assert contract.token_price is not None, "an upstream without tariffs has a price of tokens"
        return _by_tokens(contract.token_price, price_per_million, count, request.seconds)
    billing = contract.billing
    if billing is not None and {**contract.defaults, **(variants or {})}[billing.id] == "tokens":
        return _by_tokens(_implied_token_price(contract, tariff), None, count, request.seconds)
    amount = tariff.per_second * request.seconds
    return Quote(amount, request.seconds, count, tariff.per_second, "second", (tariff,))


def asset_fee(upstream: str) -> Amount:
    """Fee of one asset that becomes active. Raises LookupError for an upstream without assets."""
    terms = get_contract(upstream).assets
    if terms is None:
        raise LookupError(f"{upstream} has no assets")
    return terms.fee


def requested_size(contract: Contract, request: GenerationRequest) -> Size:
    """Size that an order requests; an adaptive ratio counts as 16:9. Raises ValueError for an unknown size."""
    if request.size is not None:
        size = contract.parse_size(request.size)
    else:
        # References are not read here; adaptive without a readable one is 16:9 (fact NAME.adaptive.none).
        ratio = "16:9" if request.ratio in (None, ADAPTIVE) else str(request.ratio)
        size = contract.size(request.resolution or _usual_resolution(contract, request.model), ratio)
    if size is None:
        requested = request.size or f"{request.resolution} at {request.ratio}"
        allowed = ", ".join(row.text for row in contract.sizes)
        raise ValueError(f"{contract.name} does not render {requested}; allowed: {allowed}")
    return size


def _usual_resolution(contract: Contract, model: str | None) -> str:
    """Resolution of an order that names none: the usual one, or the first of a model that does not render that."""
    resolutions = _model(contract, model).resolutions
    return USUAL_RESOLUTION if USUAL_RESOLUTION in resolutions else resolutions[0]


def _model(contract: Contract, name: str | None) -> Model:
    model = contract.resolve_model(name)
    if model is None:
        raise ValueError(
            f"{contract.name} has no model {name!r}; allowed: {', '.join(m.name for m in contract.models)}"
        )
    return model


def _tariff(contract: Contract, model: Model, resolution: str) -> Tariff | None:
    rows = [tariff for tariff in contract.tariffs if tariff.model == model.name]
    tariff = next((row for row in rows if row.resolution == resolution), None)
    if contract.tariffs and tariff is None:
        allowed = ", ".join(row.resolution for row in rows)
        raise ValueError(f"{model.name} has no price at {resolution}; allowed: {allowed}")
    return tariff


def _implied_token_price(contract: Contract, tariff: Tariff) -> Amount:
    """Price per million tokens that equals a price per second of 16:9, without the extra frames."""
    size, bill = contract.size(tariff.resolution, "16:9"), contract.token_bill
    assert size is not None, f"{contract.name} has no 16:9 row at {tariff.resolution}"
    assert bill is not None, f"{contract.name} has no token bill"
    # $0.147 a second of 720p is $6.81 a million tokens: so counted, all four tariffs of one vendor are 0.97 of Ark's
    # list prices, as if they had been made from these.
    tokens_per_second = Decimal(size.width * size.height * bill.frames_per_second) / bill.pixels_per_token
    return Amount(tariff.id, tariff.evidence, tariff.per_second * 1_000_000 / tokens_per_second)


def _by_tokens(price: Amount, price_per_million: Decimal | None, count: int | None, seconds: int) -> Quote:
    assert count is not None, "an upstream that prices by tokens has a token bill"
    rate = price.value if price_per_million is None else price_per_million
    amount = (rate * count / 1_000_000).quantize(MICRO_USD, ROUND_HALF_UP)
    return Quote(amount, seconds, count, rate, "million tokens", (price,))


def _upscale(contract: Contract, request: UpscaleRequest) -> Quote:
    model = next((model for model in contract.models if model.upscales), None)
    if model is None:
        raise ValueError(f"{contract.name} does not upscale")
    tariff = _tariff(contract, model, request.resolution)
    assert tariff is not None, "an upstream that upscales has tariffs"
    assert contract.upscaling is not None, "an upstream that upscales has terms of upscaling"
    minimum, fallback = contract.upscaling.minimum_seconds, contract.upscaling.unknown_seconds
    length = fallback.value if request.seconds is None else Decimal(str(request.seconds))
    # The formula of the vendor's page: max(ceil(duration), 5).
    seconds = max(math.ceil(length), int(minimum.value))
    facts = (tariff, minimum, fallback) if request.seconds is None else (tariff, minimum)
    return Quote(tariff.per_second * seconds, seconds, None, tariff.per_second, "second", facts)
