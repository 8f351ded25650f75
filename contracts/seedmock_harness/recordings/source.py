"""Origin of a recording: only a live service makes a fact observed; an emulator confirms only itself."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from seedmock_contracts.contract import Contract

PRIVATE_SUFFIXES = (".local", ".internal", ".localhost")


class Source(StrEnum):
    """Kind of service that responses came from. UNKNOWN: a private address, behind which anything may be."""

    LIVE = "live"
    EMULATOR = "emulator"
    UNKNOWN = "unknown"


def source_of(contract: Contract, target: str, emulator: bool = False) -> Source:
    """Source of the responses of a target: a URL, or a name for people. `emulator`: it is known to be one."""
    host = urlsplit(target).hostname or ""
    if emulator or not host:
        return Source.EMULATOR if emulator else Source.UNKNOWN
    is_vendor = host in {urlsplit(base.host).hostname for base in contract.bases}
    return Source.LIVE if is_vendor or _is_public(host) else Source.UNKNOWN


def _is_public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(PRIVATE_SUFFIXES)
