"""Restrict the hosts that are contacted: no real host with a mock key, and only this machine under SEEDMOCK_ONLY."""

from __future__ import annotations

import os
from ipaddress import ip_address
from urllib.parse import urlsplit

from seedmock_contracts.upstreams import contracts

from .errors import UsageError

MOCK_KEY = "sk_mock_"
ONLY_VARIABLE = "SEEDMOCK_ONLY"
FALSE_VALUES = frozenset({"", "0", "false", "no", "off"})
REAL_HOSTS = frozenset(urlsplit(base.host).hostname for contract in contracts() for base in contract.bases)


# Tests that silently reach the paid service are a known accident of emulators (firebase-tools#2192).
def check_host(host: str, key: str) -> None:
    """Raise UsageError for a host that must not be contacted with this API key."""
    # A host with a dot at its end is the same one to a resolver, and must be to the guard.
    name = host.lower().rstrip(".")
    if key.startswith(MOCK_KEY) and name in REAL_HOSTS:
        advice = "Set SEEDMOCK_BASE_URL to an emulator, or use a real key; nothing was sent."
        raise UsageError(f"a mock key ({MOCK_KEY}...) for {name}, which is a real host", advice=advice)
    if os.environ.get(ONLY_VARIABLE, "").strip().lower() not in FALSE_VALUES and not is_loopback(name):
        advice = f"Set SEEDMOCK_BASE_URL to an emulator on this machine, or unset {ONLY_VARIABLE}; nothing was sent."
        raise UsageError(f"{name} is not this machine, and {ONLY_VARIABLE} allows nothing else", advice=advice)


def is_loopback(name: str) -> bool:
    """Test if a host name or address is this machine; names are not resolved."""
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
