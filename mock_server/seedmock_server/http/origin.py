"""Origin by which clients reach the server: from a request's head, or from what a proxy on this machine says of it.

Knows no setting and no application.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from .url_policy import is_loopback_host

HOST: Final = re.compile(rb"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
PREFIX: Final = re.compile(rb"(/[A-Za-z0-9\-._~!$&'()*+,;=:@%]{1,100}){0,8}")
SCHEMES: Final = (b"http", b"https")
PROTO, FORWARDED_HOST, FORWARDED_PREFIX = b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-prefix"


def request_origin(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> str:
    """Return scheme://host[:port][/prefix], with which links in a response begin.

    X-Forwarded-Proto, -Host and -Prefix count from a loopback address alone, where a proxy of this machine may be: a
    client could make links lead elsewhere by them. Malformed ones are ignored.
    """
    host = headers.get(b"host", b"")
    if PROTO not in headers and FORWARDED_HOST not in headers and FORWARDED_PREFIX not in headers:
        return _origin(host)
    if not is_loopback_host((scope.get("client") or ("",))[0]):
        return _origin(host)
    first = [headers.get(name, b"").partition(b",")[0].strip() for name in (PROTO, FORWARDED_HOST, FORWARDED_PREFIX)]
    return _forwarded_origin(host, *first)


def path_prefix(origin: str) -> str:
    """Return the path with which an origin ends; empty for most."""
    return urlsplit(origin).path


@lru_cache(maxsize=256)
def _origin(host: bytes, scheme: str = "http") -> str:
    return f"{scheme}://{host.decode()}" if HOST.fullmatch(host) else f"{scheme}://127.0.0.1"


@lru_cache(maxsize=256)
def _forwarded_origin(host: bytes, proto: bytes, forwarded_host: bytes, prefix: bytes) -> str:
    scheme = proto.lower().decode() if proto.lower() in SCHEMES else "http"
    path = prefix.rstrip(b"/")
    return _origin(forwarded_host if HOST.fullmatch(forwarded_host) else host, scheme) + (
        path.decode() if PREFIX.fullmatch(path) else ""
    )
