"""Hosts of URLs: which no service on the public internet can reach, by their spelling alone, without DNS.

Opens no connection. Every spelling that a resolver accepts counts: `http://0x7f.1/` is the loopback.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache
from typing import Final, TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL_CHARS: Final = 65_536
"""Characters of a URL that are parsed: httpx accepts no more, and `urlsplit` caches what it is called with."""
# The well-known prefix of RFC 6052: packets go to the IPv4 address in the last four bytes.
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Names that no server of the ordinary web has: RFC 6761 and 7686.
RESERVED_NAMES: Final = ("invalid", "onion")
# The host ends in a word of letters that has no meaning of its own, here or in RFC 6761.
_PLAIN_PUBLIC_URL: Final = re.compile(
    r"https?://(?:[a-z0-9-]{1,63}\.){1,8}"
    r"(?!(?:local|localhost|localdomain|internal|intranet|lan|arpa|invalid|onion|test)(?:/|\Z))[a-z]{2,63}"
    # Without a backslash, which browsers read as a slash, so that the host may end elsewhere.
    r"(?:/[!-\[\]-~]{0,2000})?"
)
MAX_PLAIN_CHARS: Final = 8 + 8 * 64 + 63 + 2001
"""Characters of the longest plain URL: its scheme, the labels of its host, the last one, and its path."""
_NO_HOST_CHAR: Final = re.compile(r"[\x00-\x20<>%|^\"{}\x7f]")
_IGNORED: Final = str.maketrans("", "", "\t\r\n")
# Names that no public server has, nor any name below them: RFC 6761, 6762 and 8375, and common use.
INTERNAL_NAMES: Final = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa")


def is_plain_public_url(url: str) -> bool:
    """Recognize a URL as nearly all are: http(s), an ordinary host name in lower case, no port, no user, ASCII alone.

    One look in the place of all those below, none of which finds anything in such a URL. False says nothing of a URL.
    """
    return len(url) <= MAX_PLAIN_CHARS and _is_plain(url)


# An order is judged, resolved and logged by its URLs, and tests use few of them. A data: URI is too long to be stored.
@lru_cache(maxsize=1024)
def _is_plain(url: str) -> bool:
    return _PLAIN_PUBLIC_URL.fullmatch(url) is not None


def unreachable_reason(url: str) -> str:
    """Reason for which no vendor can reach the host of a web URL; empty for any other host, and any other URL."""
    if is_plain_public_url(url) or not is_web_url(url):
        return ""
    host = web_host(url)
    if not host:
        return "names no host"
    if has_user_information(url):
        return "names a user"
    literal = literal_address(host)
    if literal is not None:
        return "" if is_public_address(literal) else "has a private, loopback or reserved address"
    if any(not 0 < len(label) < 64 for label in host.split(".")) or _NO_HOST_CHAR.search(host):
        return "has a host name that cannot exist"
    internal = next((name for name in (*INTERNAL_NAMES, *RESERVED_NAMES) if is_below(host, name)), None)
    if internal is not None:
        return f"has a name of internal networks ({internal})"
    return "" if "." in host else "has a host name without a dot"


def is_private_url(url: str) -> bool:
    """Recognize a web URL whose host is not on the public internet by its name or address alone."""
    if is_plain_public_url(url):
        return False
    host = web_host(url)
    literal = literal_address(host)
    if literal is not None:
        return not is_public_address(literal)
    return any(is_below(host, name) for name in INTERNAL_NAMES)


def is_web_url(url: str) -> bool:
    return url[:16].lstrip().lower().startswith(("http://", "https://", "http:\\\\", "https:\\\\"))


def has_user_information(url: str) -> bool:
    """True for a URL with a user, or a password, before its host."""
    return "@" in _authority(url)


def has_password(url: str) -> bool:
    """True for a URL with a password before its host."""
    return ":" in _authority(url).rpartition("@")[0]


def without_user_information(url: str) -> str:
    """The URL with *** in the place of the user, and of the password, if it has any."""
    user = _authority(url).rpartition("@")[0]
    hidden = "***:***" if ":" in user else "***"
    return _cleaned(url).replace(f"{user}@", f"{hidden}@", 1) if user else url


# urllib is imported where it is needed: the contracts load in milliseconds, and most programs never get here.
def _authority(url: str) -> str:
    from urllib.parse import urlsplit

    try:
        return urlsplit(_cleaned(url)).netloc
    except ValueError:
        return ""


def _cleaned(url: str) -> str:
    """The URL as browsers read it: without tabs and line breaks, and with slashes for backslashes."""
    return url[:MAX_URL_CHARS].strip().replace("\\", "/").translate(_IGNORED)


def web_host(url: str) -> str:
    """Normalized host of an http(s) URL, or an empty string for any other URL."""
    from urllib.parse import unquote, urlsplit

    try:
        parts = urlsplit(_cleaned(url))
        host = parts.hostname or ""
    except ValueError:
        return ""
    # NFKC leaves U+3002, which is a dot to IDNA (RFC 3490, 3.1). A final dot is the root of the DNS.
    normalized = unicodedata.normalize("NFKC", unquote(host)).replace("\u3002", ".").lower()
    return normalized.rstrip(".") if parts.scheme in ("http", "https") else ""


def is_below(host: str, name: str) -> bool:
    """True for a name, and for each name below it."""
    return host == name or host.endswith(f".{name}")


def literal_address(host: str) -> Address | None:
    """Parse an address in any of the forms that resolvers accept; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return _inet_aton(host)


def _inet_aton(host: str) -> ipaddress.IPv4Address | None:
    """Parse one to four numbers, decimal, octal or hexadecimal, of which the last fills the remaining bytes."""
    parts = host.split(".")
    try:
        *heads, last = [int(part, _radix(part)) for part in parts]
    except ValueError:
        return None
    room = 256 ** (4 - len(heads))
    if len(heads) > 3 or any(head > 255 for head in heads) or last >= room:
        return None
    return ipaddress.IPv4Address(int.from_bytes(bytes(heads)) * room + last)


def _radix(part: str) -> int:
    # int() would also take signs, blanks, underscores and the digits of other scripts.
    if not part.isascii() or not part.isalnum():
        raise ValueError
    return 16 if part.startswith("0x") else 8 if part.startswith("0") else 10


def is_loopback_address(address: Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def is_public_address(address: Address) -> bool:
    """Check an address, and the IPv4 address inside an IPv6 one to which packets would be forwarded."""
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if embedded is not None:
            return is_public_address(embedded)
        # fec0::/10 is deprecated (RFC 3879), but `ipaddress` calls it global; multicast addresses, below, too.
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
