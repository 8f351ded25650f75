"""Access control of the control API: this machine or a token, and never a page of another site in a browser."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, MutableMapping
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

from .errors import ControlError, abbreviated

ACCEPTED_HEADERS = "Authorization: Bearer TOKEN or X-Mock-Token: TOKEN"
PAGE_HEADER = "X-Mock-Page"
READING_METHODS = ("GET", "HEAD")


def check_access(scope: MutableMapping[str, Any], token: str | None) -> None:
    """Raise ControlError 401 or 403 for a request that may not use the control API.

    Without a token the peer must be loopback, and so must the Host unless it is the address that was connected to: a
    name that a foreign page has rebound to this machine (DNS rebinding) is neither. With a token any Host will do,
    because no page knows the token.
    """
    headers = _headers(scope)
    _check_same_site(headers)
    if scope["method"] not in READING_METHODS:
        _check_not_a_form(headers)
    if token is not None:
        _check_token(headers, token)
    else:
        _check_this_machine(scope, headers)


def check_page_access(scope: MutableMapping[str, Any], token: str | None) -> None:
    """Raise ControlError 403 for a request for the page itself that may not have it.

    The page holds no state, and may be opened by a link on another site. With a token every machine may have it,
    since its login form asks for the token.
    """
    if token is None:
        _check_this_machine(scope, _headers(scope))


def _headers(scope: MutableMapping[str, Any]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _check_this_machine(scope: MutableMapping[str, Any], headers: Mapping[str, str]) -> None:
    peer = (scope.get("client") or ("",))[0]
    if not is_loopback(peer):
        message = f"the control API accepts loopback connections only, and this one comes from {abbreviated(peer)}"
        raise ControlError(f"{message}; start the server with --control-token to allow others", status=403)
    _check_host(headers.get("host", ""), (scope.get("server") or ("",))[0])


def _check_same_site(headers: Mapping[str, str]) -> None:
    site = headers.get("sec-fetch-site", "none")
    if site not in ("same-origin", "none"):
        message = f"Sec-Fetch-Site is {abbreviated(site)}: the request comes from a page of another site"
        raise ControlError(f"{message}; allowed: same-origin, none", status=403, field="Sec-Fetch-Site")
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        message = f"Origin is {abbreviated(origin)}; allowed: this server's own, or none"
        raise ControlError(message, status=403, field="Origin")


def _check_not_a_form(headers: Mapping[str, str]) -> None:
    """Reject a change that a browser sends without the page's header, which no form and no link can add.

    A second line of defence: forms of other sites fail at Sec-Fetch-Site or Origin already.
    """
    if ("origin" in headers or "sec-fetch-site" in headers) and PAGE_HEADER.lower() not in headers:
        message = f"a browser sent this request without {PAGE_HEADER}; allowed: with it, as the page at /_mock/ does"
        raise ControlError(message, status=403, field=PAGE_HEADER)


def _check_token(headers: Mapping[str, str], token: str) -> None:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    tokens = [headers.get("x-mock-token", ""), bearer.strip() if scheme.lower() == "bearer" else ""]
    if not any(hmac.compare_digest(candidate.encode("latin-1"), token.encode()) for candidate in tokens):
        problem = "wrong token" if any(tokens) else "missing token"
        raise ControlError(f"{problem}; allowed: that of --control-token, as {ACCEPTED_HEADERS}", status=401)


def _check_host(host: str, bound: str) -> None:
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        name = ""
    if not (is_loopback(name) or name == "localhost" or name.endswith(".localhost") or (name and name == bound)):
        message = f"Host is {abbreviated(host)}; allowed: localhost, a loopback address, or the address of this server"
        raise ControlError(message, status=403, field="Host")


def is_loopback(host: str) -> bool:
    """Tell whether an address is loopback, also an IPv4 one that is mapped into IPv6."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
