"""Reference page of the OpenAPI documents, drawn by a vendored Redoc: offline, and without scripts in the page."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from starlette.responses import Response

from seedmock_contracts.upstreams import NAMES, get_contract

from .context import ControlContext
from .endpoints import ROOT, ControlEndpoint, ControlRequest
from .query_parameters import choice

CONTROL = "control"
PATH = f"{ROOT}/docs"
FOLDER = Path(__file__).with_name("reference_page")
REDOC = "redoc.standalone.js"
CONTENT_TYPES = {
    REDOC: "text/javascript",
    "start.js": "text/javascript",
    "page.css": "text/css",
    "LICENSE.txt": "text/plain",
}
# Redoc writes its own styles into the page, and searches in a worker that it makes of a blob.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
# Shown by start.js where the documents need a token. The page and its parts say nothing of the emulator.
LOGIN = (
    '<form hidden><label for="token">Control token</label>'
    '<input id="token" name="token" type="password" autocomplete="off" required>'
    '<button type="submit">Log in</button><small>It stays in this tab, and is sent to this server alone.</small></form>'
)


def is_public(path: str) -> bool:
    """Tell whether a path is that of the page or of its parts, which hold no state and have a login form."""
    return path == PATH or path.startswith(f"{PATH}/")


def page(_: ControlContext, __: ControlRequest) -> Response:
    documents = [(name, get_contract(name).display_name, f"openapi/{name}.json") for name in NAMES]
    documents.append((CONTROL, "Control API", "openapi.json"))
    links = "".join(
        f'<a href="?api={name}" data-api="{name}" data-document="{document}">{escape(title)}</a>'
        for name, title, document in documents
    )
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>seedmock</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="docs/page.css"></head>'
        f'<body><nav>{links}<a href="./">The page</a></nav>{LOGIN}<p role="status"></p><main></main>'
        '<script src="docs/redoc.standalone.js"></script><script src="docs/start.js" type="module"></script>'
        "</body></html>"
    )
    return Response(html, media_type="text/html", headers=HEADERS)


def file(_: ControlContext, request: ControlRequest) -> Response:
    name = request.params["file"]
    if name not in CONTENT_TYPES:
        choice(tuple(CONTENT_TYPES), "").parse("file", name)
    # Redoc alone is large, and changes with its version alone.
    caching = "max-age=3600" if name == REDOC else "no-cache"
    headers = {**HEADERS, "cache-control": caching}
    return Response((FOLDER / name).read_bytes(), media_type=CONTENT_TYPES[name], headers=headers)


TEXT: dict[str, Any] = {"type": "string"}
ENDPOINTS: tuple[ControlEndpoint, ...] = (
    ControlEndpoint(
        method="GET",
        path=PATH,
        handler=page,
        summary="Show the OpenAPI documents of the upstreams and of this API as a page, in a browser.",
        response=str,
        media_type="text/html",
        query={"api": choice((*NAMES, CONTROL), "the document to show")},
    ),
    ControlEndpoint(
        method="GET",
        path=f"{PATH}/{{file}}",
        handler=file,
        summary="Load a part of that page.",
        response=str,
        media_type="text/javascript",
        also={"text/css": TEXT, "text/plain": TEXT},
        params={"file": choice(tuple(CONTENT_TYPES), "its name")},
    ),
)
