"""Serve the page's files under a strict Content-Security-Policy. Knows no state of the emulator."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from ..http.asgi import Receive, Scope, Send

Header = tuple[bytes, bytes]
SHELL: Final = "/_mock/"
FILES: Final = "/_mock/page/"
FOLDER: Final = Path(__file__).with_name("static")
MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
# Nothing inline, nothing from elsewhere, no markup made of text (Trusted Types without a policy). Clips and pictures
# are fetched with the token in a header, which no <video src> can send, and shown from blob: URLs.
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        *("script-src 'self'", "style-src 'self'", "connect-src 'self'"),
        *("img-src 'self' data: blob:", "media-src 'self' blob:"),
        *("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
        *("require-trusted-types-for 'script'", "trusted-types 'none'"),
    )
)
COMMON_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class StaticFiles:
    """ASGI application of the page's files: the shell at `/_mock/`, and what it loads under `/_mock/page/`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, headers, body = _response(scope)
        await send({"type": "http.response.start", "status": status, "headers": [*COMMON_HEADERS, *headers]})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def serves(path: str) -> bool:
    """Tell whether a path is one of the page's."""
    return path == SHELL or path.startswith(FILES)


def _response(scope: Scope) -> tuple[int, list[Header], bytes]:
    path = scope["path"]
    if scope["method"] not in ("GET", "HEAD"):
        message = f"{scope['method'][:20]} is not allowed here; allowed: GET, HEAD"
        return _plain(405, message, [(b"allow", b"GET, HEAD")])
    file = _files().get("index.html" if path == SHELL else path.removeprefix(FILES))
    if file is None:
        return _plain(404, "the page has no such file; it begins at /_mock/")
    media_type, etag, content = file
    # The shell names the other files; they are asked for again at each load, and mostly answered by 304.
    headers = [(b"cache-control", b"no-store" if path == SHELL else b"no-cache"), (b"etag", etag)]
    candidates = dict(scope["headers"]).get(b"if-none-match", b"")
    if path != SHELL and etag in (candidate.strip() for candidate in candidates.split(b",")):
        return 304, headers, b""
    length = (b"content-length", b"%d" % len(content))
    return 200, [*headers, (b"content-type", media_type.encode()), length], content


def _plain(status: int, message: str, headers: list[Header] | None = None) -> tuple[int, list[Header], bytes]:
    body = f"{message}\n".encode()
    fixed = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    return status, [*fixed, *(headers or [])], body


@cache
def _files() -> Mapping[str, tuple[str, bytes, bytes]]:
    """Return the media type, the ETag and the content of each file, by its path in the folder."""
    files = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and path.suffix in MEDIA_TYPES:
            content = path.read_bytes()
            etag = b'"%s"' % hashlib.sha256(content).hexdigest()[:32].encode()
            files[path.relative_to(FOLDER).as_posix()] = MEDIA_TYPES[path.suffix], etag, content
    return files
