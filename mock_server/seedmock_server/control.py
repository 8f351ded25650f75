"""Everything of ours under /_mock/: health, basis, journal. Reads the rooms; speaks for no upstream."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seedmock_contracts import __version__
from seedmock_contracts.upstreams import contracts

from .journal import Journal
from .settings import Settings


class Json(Response):
    """Any JSON value."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


def routes(settings: Settings, journal: Journal) -> list[Route]:
    """The control API's routes."""

    async def health(_: Request) -> Response:
        return Json({"status": "ok", "version": __version__, "pace": settings.pace})

    async def basis(_: Request) -> Response:
        return Json({said.name: [fact_row(fact) for fact in said.facts()] for said in contracts()})

    async def variants(_: Request) -> Response:
        return Json([variant_row(variant, settings) for said in contracts() for variant in said.variants])

    async def exchanges(request: Request) -> Response:
        asked = request.query_params
        return Json({"exchanges": list(journal.read(asked.get("upstream"), asked.get("account")))})

    async def unknown(request: Request) -> Response:
        known = ", ".join(route.path for route in known_routes)
        return Json({"error": f"nothing stands at {request.scope['path'][:200]}; there are: {known}"}, 404)

    known_routes = [
        Route("/_mock/health", health),
        Route("/_mock/basis", basis),
        Route("/_mock/variants", variants),
        Route("/_mock/journal", exchanges),
    ]
    return [*known_routes, Route("/{path:path}", unknown)]


def fact_row(fact: Any) -> dict[str, str]:
    """A fact as the control API and the README's tables show it."""
    return {"id": fact.id, "basis": fact.basis, "source": fact.source}


def variant_row(variant: Any, settings: Settings) -> dict[str, Any]:
    """A variant with the option in force."""
    return {
        "id": variant.id,
        "option": settings.options[variant.id],
        "default": variant.default,
        "options": variant.options,
        "says": variant.says,
        "basis": variant.basis,
        "source": variant.source,
    }
