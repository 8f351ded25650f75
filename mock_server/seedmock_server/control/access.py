"""Who may use the control API: this machine, or whoever has the token; never a page of another site in a browser."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, MutableMapping
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

from .errors import ControlError, shown

WHERE = "Authorization: Bearer TOKEN or X-Mock-Token: TOKEN"


def admit(scope: MutableMapping[str, Any], token: str | None) -> None:
    """Let a request pass. Raises Trouble 401 or 403.

    Without a token the peer must be loopback, and the Host must be too, or the address that was connected to: a name
    that a foreign page has rebound to this machine is neither. A token is worth more than a name: no page knows it.
    """
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    _refuse_other_sites(headers)
    if token is not None:
        _check_token(headers, token)
        return
    peer = (scope.get("client") or ("",))[0]
    if not is_loopback(peer):
        said = f"the control API answers on loopback only, and this call comes from {shown(peer)}"
        raise ControlError(f"{said}; start the server with --control-token to allow others", status=403)
    _check_host(headers.get("host", ""), (scope.get("server") or ("",))[0])


def _refuse_other_sites(headers: Mapping[str, str]) -> None:
    site = headers.get("sec-fetch-site", "none")
    if site not in ("same-origin", "none"):
        said = f"Sec-Fetch-Site is {shown(site)}: a page of another site is asking"
        raise ControlError(f"{said}; allowed: same-origin, none", status=403, field="Sec-Fetch-Site")
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        said = f"Origin is {shown(origin)}; allowed: this server's own, or none"
        raise ControlError(said, status=403, field="Origin")


def _check_token(headers: Mapping[str, str], token: str) -> None:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    offered = [headers.get("x-mock-token", ""), bearer.strip() if scheme.lower() == "bearer" else ""]
    if not any(hmac.compare_digest(one.encode("latin-1"), token.encode()) for one in offered):
        found = "another token than" if any(offered) else "no token, not"
        raise ControlError(f"found {found} that of --control-token; allowed: {WHERE}", status=401)


def _check_host(host: str, bound: str) -> None:
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        name = ""
    if not (is_loopback(name) or name == "localhost" or name.endswith(".localhost") or (name and name == bound)):
        said = f"Host is {shown(host)}; allowed: localhost, a loopback address, or the address of this server"
        raise ControlError(said, status=403, field="Host")


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own, also when IPv6 carries an IPv4 one."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
