"""URLs of references that need no request: data URIs, and links to this server. Knows no file."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import Any, Final
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from seedmock_contracts.documents.hosts import MAX_URL_CHARS, web_host

from ..http.url_policy import FetchError, FetchFailure, is_loopback_host

MOCK_PREFIX: Final = "/_mock/"
FILES_PREFIX: Final = f"{MOCK_PREFIX}files/"
RESULTS_PREFIX: Final = f"{MOCK_PREFIX}results/"
# A multiple of 3, so that the beginning of a URI is that of the whole; messages show 120 characters of one.
SPELLED_BYTES: Final = 150
PUBLIC_ORIGIN: Final = "https://example.com"
_BASE64: Final = re.compile(r";[ ]*base64[ ]*\Z", re.IGNORECASE)
_BLANKS: Final = str.maketrans("", "", " \t\n\r\f")


class FileUri(str):
    """Data URI of a file whose bytes are at hand, so that they need be neither encoded nor decoded.

    Its text is the beginning of the URI, which is all that rules and messages read of one.
    """

    content: bytes

    @classmethod
    def of(cls, content_type: str, content: bytes) -> FileUri:
        beginning = base64.b64encode(content[:SPELLED_BYTES]).decode()
        uri = cls(f"data:{content_type};base64,{beginning}")
        uri.content = content
        return uri


def is_data_uri(url: str) -> bool:
    return url.lstrip()[:5].lower() == "data:"


def decode_data_uri(url: str) -> bytes:
    """Decode a data: URI as browsers do (WHATWG Fetch, "data: URL processor"); raises FetchError."""
    head, comma, data = url.partition(",")
    if not comma:
        expected = "data:[<media type>][;base64],<data>"
        raise FetchError(FetchFailure.BROKEN, f"the data: URI has no comma; expected {expected}")
    try:
        content = unquote_to_bytes(data)
        if _BASE64.search(head):
            content = _decode_base64(content.decode("ascii"))
    except (UnicodeError, binascii.Error) as error:
        raise FetchError(FetchFailure.BROKEN, f"the data: URI can't be decoded: {error}") from None
    if not content:
        expected = "the bytes of an image, a video or a sound"
        raise FetchError(FetchFailure.BROKEN, f"the data: URI is empty; expected {expected}")
    return content


def local_path(url: str, own_origin: str) -> str | None:
    """Return the path of a link to this server, or None for any other URL. `own_origin` may end with a path prefix.

    Every loopback address on the server's port stands for this server: clients reach it by one and quote another.
    """
    try:
        link = urlsplit(url[:MAX_URL_CHARS].strip())
        if _scheme_and_port(link) != _own_scheme_and_port(own_origin):
            return None
    except ValueError:
        return None
    host = web_host(url)
    if host == web_host(own_origin):
        prefix = urlsplit(own_origin).path.rstrip("/")
        return link.path.removeprefix(prefix) if link.path.startswith(f"{prefix}/") else None
    return link.path if is_loopback_host(host) else None


def with_public_links(value: Any, own_origin: str) -> Any:
    """Copy a JSON value with a public host in each link to a file of this server.

    Such a link stands for one on the vendor's own host, however this server is reached.
    """
    if isinstance(value, str):
        path = local_path(value, own_origin) if MOCK_PREFIX in value else None
        is_file = path is not None and path.startswith((FILES_PREFIX, RESULTS_PREFIX))
        return f"{PUBLIC_ORIGIN}{path}" if is_file else value
    if isinstance(value, dict):
        return {name: with_public_links(inner, own_origin) for name, inner in value.items()}
    return [with_public_links(inner, own_origin) for inner in value] if isinstance(value, list) else value


def _decode_base64(text: str) -> bytes:
    """Decode base64 whose padding may be missing, with blanks anywhere."""
    dense = text.translate(_BLANKS)
    return base64.b64decode(dense + "=" * (-len(dense) % 4), validate=True)


@lru_cache(maxsize=256)
def _own_scheme_and_port(origin: str) -> tuple[str, int | None]:
    return _scheme_and_port(urlsplit(origin))


def _scheme_and_port(url: SplitResult) -> tuple[str, int | None]:
    return url.scheme, url.port or {"http": 80, "https": 443}.get(url.scheme)
