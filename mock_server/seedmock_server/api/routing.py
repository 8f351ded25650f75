"""Which upstream and operation a method and path mean, read from the contracts. Knows no HTTP library."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple
from urllib.parse import unquote

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation

ANY = "/"
"""Stands for a `{name}` in the tree: no segment of a path can be it, whatever an id is."""


SLASH = re.compile(rb"%2[fF]")


class Match(NamedTuple):
    """An endpoint found: its operations by method, and the values of its path's `{name}` segments.

    By the methods of `unserved` the path is an unknown URL.
    """

    upstream: str
    methods: Mapping[str, Operation]
    params: Mapping[str, str]
    unserved: Set[str]


class _Node:
    __slots__ = ("ends", "name", "owners", "steps", "unserved")

    def __init__(self) -> None:
        self.steps: dict[str, _Node] = {}
        self.name = ""
        self.ends: tuple[str, dict[str, Operation]] | None = None
        self.owners: list[str] = []
        self.unserved: set[str] = set()


class Router:
    """A tree of path segments over all upstreams' endpoints; they share one port, and A's second base B's prefix."""

    def __init__(self, contracts: Sequence[Contract]) -> None:
        self._root = _Node()
        self._plain: dict[str, Match] = {}
        self._first_owner = {contract.bases[0].prefix: contract.name for contract in contracts}
        self._fallback = contracts[0].name
        for contract in contracts:
            for base in contract.bases:
                for endpoint in contract.endpoints:
                    if endpoint.operation is not Operation.UPSCALE:
                        self._add(contract.name, base.prefix + endpoint.path, endpoint.method, endpoint.operation)

    def leave_out(self, contract: Contract, unserved: Iterable[tuple[str, str]]) -> None:
        """Take methods and paths for unknown URLs, although other methods are served at the same paths."""
        for base in contract.bases:
            for method, path in unserved:
                self._node(contract.name, base.prefix + path).unserved.add(method)

    def _add(self, upstream: str, path: str, method: str, operation: Operation) -> None:
        node = self._node(upstream, path)
        if node.ends is None:
            node.ends = (upstream, {})
        node.ends[1][method] = operation
        if "{" not in path:
            self._plain[path] = Match(*node.ends, {}, node.unserved)
        if operation is Operation.CONTENT:
            node.ends[1]["HEAD"] = operation

    def _node(self, upstream: str, path: str) -> _Node:
        node = self._root
        for segment in path.strip("/").split("/"):
            name = segment[1:-1] if segment.startswith("{") else ""
            node = node.steps.setdefault(ANY if name else segment, _Node())
            node.name = name
            if upstream not in node.owners:
                node.owners.append(upstream)
        return node

    def match(self, path: str) -> Match | None:
        """The endpoint at a path, which may be of another method; None for a path that no upstream serves."""
        plain = self._plain.get(path)
        if plain is not None:
            return plain
        node, params = self._root, {}
        for segment in path[1:].split("/"):
            step = node.steps.get(segment)
            if step is None:
                step = node.steps.get(ANY)
                if step is None or not segment:
                    return None
                params[step.name] = segment
            node = step
        return None if node.ends is None else Match(node.ends[0], node.ends[1], params, node.unserved)

    def owner(self, path: str) -> str:
        """The upstream in whose envelope an unknown path is refused: the one that serves the nearest paths."""
        node, seen = self._root, ""
        for segment in path[1:].split("/"):
            step = node.steps.get(segment) or node.steps.get(ANY)
            if step is None:
                break
            node, seen = step, f"{seen}/{segment}"
        if len(node.owners) == 1:
            return node.owners[0]
        return self._first_owner.get(seen, self._fallback)


def routed_path(scope: Mapping[str, Any]) -> str:
    """Return the path with the slashes of the wire: an encoded slash belongs to its segment, and stays encoded."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%2" not in raw:
        return str(scope["path"])
    return unquote(SLASH.sub(b"%252F", raw.partition(b"?")[0]).decode("latin-1"))
