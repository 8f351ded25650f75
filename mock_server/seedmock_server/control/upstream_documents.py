"""OpenAPI documents of the upstreams over HTTP: the contract's, under the variants in force, with this server first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from seedmock_contracts import __version__
from seedmock_contracts.enums import Operation
from seedmock_contracts.upstreams import NAMES, get_contract

from .context import ControlContext
from .endpoints import ROOT, ControlEndpoint, ControlRequest
from .errors import ControlError
from .query_parameters import choice

HERE = Path(__file__).parent
# In a wheel the files lie within the package, in a checkout among the fixtures.
FOLDERS = (HERE / "upstream_examples", HERE.parents[2] / "fixtures")
RESPONSE = "-answer"


def read(context: ControlContext, request: ControlRequest) -> dict[str, Any]:
    name = request.params["name"]
    if name not in NAMES:
        message = f"unknown upstream {name[:100]!r}; available: {', '.join(NAMES)}"
        raise ControlError(message, status=404, field="name", allowed=NAMES)
    # Relative to where the document came from, unless a proxy has another name.
    server = (context.settings.public_url or "") + get_contract(name).bases[0].prefix
    return upstream_document(name, context.settings.variant_options, [server])


def upstream_document(name: str, options: Mapping[str, str], servers: Sequence[str] = ()) -> dict[str, Any]:
    """Return the OpenAPI document of an upstream, with the examples of its vendor's page where there are some."""
    from seedmock_contracts.openapi.upstream_document import openapi_document  # only a reader of a document needs it

    contract = get_contract(name)
    return openapi_document(contract, options, version=__version__, examples=vendor_examples(name), servers=servers)


@cache
def vendor_examples(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Bodies that an upstream's page shows, by operation and by name; empty for an upstream without a folder."""
    files = sorted(path for folder in FOLDERS for path in (folder / name / "examples").glob("*.json"))
    examples: dict[str, dict[str, Any]] = {}
    for path in files:
        body = path.stem.removesuffix(RESPONSE)
        prefixes = (operation for operation in Operation if body.startswith(operation.replace("_", "-")))
        operation = max(prefixes, key=len)
        key = f"{operation}.response" if path.stem.endswith(RESPONSE) else str(operation)
        examples.setdefault(key, {})[path.stem] = json.loads(path.read_text(encoding="utf-8"))
    return examples


ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path=f"{ROOT}/openapi/{{name}}.json",
        handler=read,
        summary="Show an upstream's API as OpenAPI: operations, rules, errors and links, each with basis and source.",
        response=dict[str, Any],
        params={"name": choice(NAMES, "the upstream")},
    ),
)
