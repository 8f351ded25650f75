"""Scenario endpoints: the built-in scenarios, and the active one."""

from __future__ import annotations

from typing import Any

from ..http.request_body import MalformedBody, parse_json
from ..scenarios.catalog import load_builtin, scenario_names
from ..scenarios.loader import InvalidScenario, Scenario, parse_scenario
from .context import ControlContext
from .endpoints import ControlEndpoint, ControlRequest
from .errors import ControlError, abbreviated
from .models import ActiveScenarioResponse, ScenarioResponse, ScenariosResponse

SENT_NAME = "the request's scenario"
ALLOWED = 'a scenario as TOML, or {"name": "NAME"} for a built-in one'


def read(context: ControlContext, _: ControlRequest) -> ActiveScenarioResponse:
    active = context.active_scenario.scenario
    return ActiveScenarioResponse(scenario=None if active is None else scenario_response(active))


def list_builtin(_: ControlContext, __: ControlRequest) -> ScenariosResponse:
    return ScenariosResponse(scenarios=[scenario_response(load_builtin(name)) for name in scenario_names()])


def activate(context: ControlContext, request: ControlRequest) -> ActiveScenarioResponse:
    """Activate a scenario. Raises ControlError, with nothing changed."""
    try:
        context.active_scenario.activate(_parse(request.raw))
    except InvalidScenario as error:
        raise ControlError(str(error)) from error
    return read(context, request)


def deactivate(context: ControlContext, request: ControlRequest) -> ActiveScenarioResponse:
    context.active_scenario.deactivate()
    return read(context, request)


def scenario_response(scenario: Scenario) -> ScenarioResponse:
    return ScenarioResponse(
        name=scenario.name,
        title=scenario.title,
        description=scenario.description,
        links=scenario.links,
        covers=scenario.covers,
        upstreams=scenario.upstreams,
    )


def _parse(raw: bytes) -> Scenario:
    """Parse a body: a name in JSON if it begins with a brace, as no TOML document does, otherwise TOML."""
    if not raw.strip():
        raise ControlError(f"the body is empty; allowed: {ALLOWED}")
    if not raw.lstrip().startswith(b"{"):
        try:
            return parse_scenario(raw.decode(), SENT_NAME)
        except UnicodeDecodeError as error:
            raise ControlError(f"the body is not valid UTF-8; allowed: {ALLOWED}") from error
    try:
        document = parse_json(raw)
    except MalformedBody as error:
        raise ControlError(f"the body is not valid JSON: {error.message}; allowed: {ALLOWED}") from error
    if not isinstance(document, dict) or document.keys() != {"name"} or not isinstance(document["name"], str):
        raise ControlError(f"the body is {abbreviated(document)}; allowed: {ALLOWED}")
    return load_builtin(document["name"])


def _name_schema() -> dict[str, Any]:
    name = {"type": "string", "enum": list(scenario_names())}
    return {"type": "object", "required": ["name"], "properties": {"name": name}, "additionalProperties": False}


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/scenario",
        handler=read,
        summary="Show the active scenario, or null.",
        response=ActiveScenarioResponse,
    ),
    ControlEndpoint(
        method="PUT",
        path="/_mock/scenario",
        handler=activate,
        summary=f"Activate a scenario in the place of the current one. The body is {ALLOWED}.",
        response=ActiveScenarioResponse,
        raw=True,
        bodies={
            "application/json": _name_schema(),
            "text/plain": {"type": "string", "description": "a scenario as TOML"},
        },
    ),
    ControlEndpoint(
        method="DELETE",
        path="/_mock/scenario",
        handler=deactivate,
        summary="Deactivate the scenario.",
        response=ActiveScenarioResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/scenarios",
        handler=list_builtin,
        summary="List the built-in scenarios.",
        response=ScenariosResponse,
    ),
)
