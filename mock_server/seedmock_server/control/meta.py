"""Endpoints about the emulator itself: health, the basis of its facts, variants."""

from __future__ import annotations

import os

from seedmock_contracts import __version__
from seedmock_contracts.facts import Fact, Variants
from seedmock_contracts.upstreams import contracts

from ..settings import Settings
from .context import ControlContext
from .endpoints import ControlEndpoint, ControlRequest
from .models import FactResponse, HealthResponse, VariantResponse


def health(context: ControlContext, _: ControlRequest) -> HealthResponse:
    return HealthResponse(
        status="ok",
        version=__version__,
        pace=context.settings.pace,
        store=context.store.name,
        workers=context.workers,
        pid=os.getpid(),
    )


def basis(_: ControlContext, __: ControlRequest) -> dict[str, list[FactResponse]]:
    return {contract.name: [fact_response(fact) for fact in contract.facts()] for contract in contracts()}


def variants(context: ControlContext, _: ControlRequest) -> list[VariantResponse]:
    return [variant_response(variant, context.settings) for contract in contracts() for variant in contract.variants]


def fact_response(fact: Fact) -> FactResponse:
    return FactResponse(id=fact.id, basis=fact.basis, source=fact.source)


def variant_response(variant: Variants, settings: Settings) -> VariantResponse:
    return VariantResponse(
        id=variant.id,
        option=settings.variant_options[variant.id],
        default=variant.default,
        options=variant.options,
        description=variant.description,
        basis=variant.basis,
        source=variant.source,
    )


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/health",
        handler=health,
        summary="Check that the server is up.",
        response=HealthResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/basis",
        handler=basis,
        summary="List every fact of the upstreams: documented, observed or assumed, and its source.",
        response=dict[str, list[FactResponse]],
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/variants",
        handler=variants,
        summary="List the behaviours that the documentation leaves open: the options, and the one in force.",
        response=list[VariantResponse],
    ),
)
