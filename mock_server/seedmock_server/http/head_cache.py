"""Heads of requests that have been parsed before: a client repeats its heads to the byte, and a poll is nothing else.

Knows no application, and nothing of uvicorn but the keys of a scope.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from .asgi import Scope

# A poll has a head for each task and key, so that the number of heads has no bound; orders of a client share one.
MAX_HEADS: Final = 1024
MAX_HEAD_BYTES: Final = 2048
END: Final = b"\r\n\r\n"
PARSED: Final = ("method", "path", "raw_path", "query_string", "headers")
"""Keys of a scope that a parser sets: all that differs between requests of one connection, but for the version."""


class ParsedHead(NamedTuple):
    """The part of a scope that comes from a head, the request target, and the length of the body that follows it."""

    scope: dict[str, Any]
    url: bytes
    body_length: int


class HeaderList(list[tuple[bytes, bytes]]):
    """Headers of a request in their order. `by_name` is the last of each name. Shared: not to be changed.

    `redacted` is for who has made a copy without secrets: the next request with this head needs the same.
    """

    __slots__ = ("by_name", "redacted")

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        super().__init__(headers)
        self.by_name = dict(headers)
        self.redacted: tuple[tuple[bytes, bytes], ...] | None = None


def headers_by_name(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers of a scope by name, the last one of each. Not to be changed."""
    headers = scope["headers"]
    return headers.by_name if type(headers) is HeaderList else dict(headers)


class HeadCache:
    """Bounded cache of parsed heads, by their bytes.

    What a head means depends on its bytes alone, if the parser is between two requests of a connection that goes on:
    that is up to the caller. So does the length of its body, unless it is chunked; such heads are not cached.
    """

    def __init__(self) -> None:
        self._heads: dict[bytes, ParsedHead] = {}

    def find(self, data: bytes) -> tuple[ParsedHead, bytes] | None:
        """Return the head of a read that is exactly one known request, and its body; else None."""
        length = data.find(END) + len(END)
        head = self._heads.get(data[:length])
        if head is None or len(data) - length != head.body_length:
            return None
        return head, data[length:]

    def add(self, data: bytes, scope: Scope, url: bytes, body: bytes) -> Scope:
        """Cache the head of a read that a parser has found to be one whole request with this body.

        Return the scope with the headers that are cached.
        """
        length = data.find(END) + len(END)
        # The parser has read another body, if it is chunked, if a second request follows, or if line feeds alone end
        # the lines.
        if length > MAX_HEAD_BYTES or data[length:] != body:
            return scope
        scope["headers"] = HeaderList(scope["headers"])
        if len(self._heads) >= MAX_HEADS:
            self._heads.clear()
        self._heads[data[:length]] = ParsedHead({key: scope[key] for key in PARSED}, url, len(body))
        return scope
