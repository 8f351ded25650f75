"""API keys and the accounts that they belong to. Knows no route and no upstream."""

from __future__ import annotations

from hashlib import blake2b

from seedmock_contracts.enums import ErrorKind

from ..errors import ApiError
from ..matching.magic_values import account_prefix

ANONYMOUS = "key-anyone"
"""Account of a request without a valid key that the fault `auth_bypass` lets in."""
# A client may send another key with each request: names are kept for speed alone, and none may fill the memory.
MAX_KNOWN_KEYS = 10_000


class ApiKeys:
    """Maps API keys to accounts. An account's name is a hash, so that a key appears in no record and no log."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._allowed = {key.encode() for key in keys}
        self._accounts: dict[bytes, str] = {}

    def account(self, authorization: bytes) -> str:
        """Return the account of an Authorization header. Raises ApiError AUTHENTICATION."""
        account = self._accounts.get(authorization)
        return account if account is not None else self._add(authorization)

    def _add(self, authorization: bytes) -> str:
        scheme, _, key = authorization.partition(b" ")
        key = key.strip()
        if scheme.lower() != b"bearer" or not key:
            problem = "an Authorization header without a bearer key" if authorization else "no Authorization header"
            raise ApiError(ErrorKind.AUTHENTICATION, f"{problem}; expected Authorization: Bearer YOUR_API_KEY")
        if self._allowed and key not in self._allowed and account_prefix(key) == "key-":
            raise ApiError(
                ErrorKind.AUTHENTICATION, "this API key is not valid; expected one that the server was given"
            )
        if len(self._accounts) >= MAX_KNOWN_KEYS:
            self._accounts.clear()
        account = self._accounts[authorization] = account_prefix(key) + blake2b(key, digest_size=6).hexdigest()
        return account
