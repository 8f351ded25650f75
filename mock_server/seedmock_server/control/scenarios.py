"""Scenarios: which there are, which one is on, and putting on another."""

from __future__ import annotations

from ..http.request_body import MalformedBody, parse_json
from ..scenarios.catalog import names, scenario
from ..scenarios.loader import InvalidScenario, Scenario, scenario_from
from .context import ControlContext
from .endpoints import ControlEndpoint, ControlRequest
from .errors import ControlError, shown
from .models import ActiveScenarioResponse, ScenarioResponse, ScenariosResponse

SENT = "the scenario that was sent"
ALLOWED = 'a scenario as TOML, or {"name": "NAME"} for one that comes with seedmock'


def read(world: ControlContext, _: ControlRequest) -> ActiveScenarioResponse:
    """The scenario that is on."""
    on = world.stage.scenario
    return ActiveScenarioResponse(scenario=None if on is None else scenario_row(on))


def listed(_: ControlContext, __: ControlRequest) -> ScenariosResponse:
    """All that come with seedmock."""
    return ScenariosResponse(scenarios=[scenario_row(scenario(name)) for name in names()])


def put(world: ControlContext, asked: ControlRequest) -> ActiveScenarioResponse:
    """Put a scenario on. Raises Trouble, having changed nothing."""
    try:
        world.stage.put(_sent(asked.raw))
    except InvalidScenario as error:
        raise ControlError(str(error)) from error
    return read(world, asked)


def clear(world: ControlContext, asked: ControlRequest) -> ActiveScenarioResponse:
    """Take the scenario away."""
    world.stage.clear()
    return read(world, asked)


def scenario_row(said: Scenario) -> ScenarioResponse:
    """A scenario as the control API shows it."""
    return ScenarioResponse(
        name=said.name,
        title=said.title,
        description=said.description,
        links=said.links,
        covers=said.covers,
        upstreams=said.upstreams,
    )


def _sent(raw: bytes) -> Scenario:
    """The scenario of a body: TOML, or its name in JSON (no TOML begins with a brace)."""
    if not raw.strip():
        raise ControlError(f"the body is empty; allowed: {ALLOWED}")
    if not raw.lstrip().startswith(b"{"):
        try:
            return scenario_from(raw.decode(), SENT)
        except UnicodeDecodeError as error:
            raise ControlError(f"the body is no text in UTF-8; allowed: {ALLOWED}") from error
    try:
        document = parse_json(raw)
    except MalformedBody as error:
        raise ControlError(f"the body is not JSON: {error.message}; allowed: {ALLOWED}") from error
    if not isinstance(document, dict) or document.keys() != {"name"} or not isinstance(document["name"], str):
        raise ControlError(f"the body is {shown(document)}; allowed: {ALLOWED}")
    return scenario(document["name"])


ROWS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path="/_mock/scenario",
        handler=read,
        summary="The scenario that is on, or null.",
        response=ActiveScenarioResponse,
    ),
    ControlEndpoint(
        method="PUT",
        path="/_mock/scenario",
        handler=put,
        summary=f"Put a scenario on in the place of the one that is. The body is {ALLOWED}.",
        response=ActiveScenarioResponse,
        raw=True,
    ),
    ControlEndpoint(
        method="DELETE",
        path="/_mock/scenario",
        handler=clear,
        summary="Take the scenario away.",
        response=ActiveScenarioResponse,
    ),
    ControlEndpoint(
        method="GET",
        path="/_mock/scenarios",
        handler=listed,
        summary="The scenarios that come with seedmock.",
        response=ScenariosResponse,
    ),
)
"""The rows of the table."""
