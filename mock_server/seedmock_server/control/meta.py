"""What the server says of itself and of the two upstreams: health, basis, variants."""

from __future__ import annotations

from seedmock_contracts import __version__
from seedmock_contracts.facts import Fact, Variants
from seedmock_contracts.upstreams import contracts

from ..settings import Settings
from .context import ControlContext
from .endpoints import ControlEndpoint, ControlRequest
from .models import FactResponse, HealthResponse, VariantResponse


def health(world: ControlContext, _: ControlRequest) -> HealthResponse:
    """Whether the server answers."""
    return HealthResponse(status="ok", version=__version__, pace=world.settings.pace)


def basis(_: ControlContext, __: ControlRequest) -> dict[str, list[FactResponse]]:
    """Every fact of both upstreams."""
    return {contract.name: [fact_row(fact) for fact in contract.facts()] for contract in contracts()}


def variants(world: ControlContext, _: ControlRequest) -> list[VariantResponse]:
    """Every variant of both upstreams."""
    return [variant_row(variant, world.settings) for contract in contracts() for variant in contract.variants]


def fact_row(fact: Fact) -> FactResponse:
    """A fact as the control API shows it."""
    return FactResponse(id=fact.id, basis=fact.basis, source=fact.source)


def variant_row(variant: Variants, settings: Settings) -> VariantResponse:
    """A variant with the option in force."""
    return VariantResponse(
        id=variant.id,
        option=settings.variant_options[variant.id],
        default=variant.default,
        options=variant.options,
        description=variant.description,
        basis=variant.basis,
        source=variant.source,
    )


ROWS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/health",
        handler=health,
        summary="Whether the server answers.",
        response=HealthResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/basis",
        handler=basis,
        summary="Every fact of both upstreams: documented, observed or assumed, and its source.",
        response=dict[str, list[FactResponse]],
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/variants",
        handler=variants,
        summary="Where the truth is unknown: the options, and the one in force.",
        response=list[VariantResponse],
    ),
)
"""The rows of the table."""
