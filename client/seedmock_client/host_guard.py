"""Where a client may go: a mock key to no real host, and under SEEDMOCK_ONLY nothing beyond this machine."""

from __future__ import annotations

import os
from ipaddress import ip_address
from urllib.parse import urlsplit

from seedmock_contracts.upstreams import contracts

from .errors import UsageError

MOCK_KEY = "sk_mock_"
ONLY_VARIABLE = "SEEDMOCK_ONLY"
OFF = frozenset({"", "0", "false", "no", "off"})
LIVE = frozenset(urlsplit(base.host).hostname for said in contracts() for base in said.bases)


def check(host: str, key: str) -> None:
    """Raise UsageError for a host that must not be reached, before anything is sent."""
    name = host.lower().rstrip(".")
    if key.startswith(MOCK_KEY) and name in LIVE:
        advice = "Set SEEDMOCK_BASE_URL to an emulator, or use a real key; nothing was sent."
        raise UsageError(f"a mock key ({MOCK_KEY}...) for {name}, which is a real host", advice=advice)
    if os.environ.get(ONLY_VARIABLE, "").strip().lower() not in OFF and not is_loopback(name):
        advice = f"Set SEEDMOCK_BASE_URL to an emulator on this machine, or unset {ONLY_VARIABLE}; nothing was sent."
        raise UsageError(f"{name} is not this machine, and {ONLY_VARIABLE} allows nothing else", advice=advice)


def is_loopback(name: str) -> bool:
    """Whether a host is this machine, by its name or its address; no name is looked up."""
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
