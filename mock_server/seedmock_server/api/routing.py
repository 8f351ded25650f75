"""Routes of all upstreams, from their contracts: which upstream and operation a method and path mean."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import unquote

from seedmock_contracts.contract import Contract
from seedmock_contracts.documents.hosts import web_host
from seedmock_contracts.enums import Operation

from ..http.asgi import SENT_TO
from ..http.origin import request_origin

WILDCARD = "/"
"""Stands for a `{name}` in the tree: no segment of a path can be equal to it."""
# The walk along a polled path took an eighth of a poll (benchmarks/api.py).
MAX_CACHED_PATHS, MAX_CACHED_CHARS = 4096, 120
ENCODED_SLASH = re.compile(rb"%2[fF]")


class RouteMatch(NamedTuple):
    """Endpoint of a path: its operations by method, and the values of the path's `{name}` segments.

    For the methods of `unserved` the path is an unknown URL.
    """

    upstream: str
    methods: Mapping[str, Operation]
    params: Mapping[str, str]
    unserved: Set[str]


class _Node:
    """`endpoints` and `unserved` are by upstream: two may serve one path."""

    __slots__ = ("children", "endpoints", "name", "unserved", "upstreams")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.name = ""
        self.endpoints: dict[str, dict[str, Operation]] = {}
        self.upstreams: list[str] = []
        self.unserved: defaultdict[str, set[str]] = defaultdict(set)


class Router:
    """Tree of path segments over the endpoints of all upstreams, which share one port and, in part, prefixes.

    A path that two of them serve is the upstream's to which `hosts` maps the request's host, which is that of a live
    service or one of the settings; by any other host, the upstream's whose first base URL has the path's prefix.
    """

    def __init__(self, contracts: Sequence[Contract], hosts: Mapping[str, str] = MappingProxyType({})) -> None:
        live = {web_host(base.host): contract.name for contract in contracts for base in contract.bases}
        self._hosts = live | dict(hosts)
        self._root = _Node()
        self._plain: dict[str, RouteMatch] = {}
        self._by_path: dict[str, RouteMatch] = {}
        self._first_upstream = {contract.bases[0].prefix: contract.name for contract in contracts}
        self._fallback = contracts[0].name
        for contract in contracts:
            for base in contract.bases:
                for endpoint in contract.endpoints:
                    # It shares the endpoint of a create; the model in the body tells it from that.
                    if endpoint.operation is not Operation.UPSCALE:
                        self._add(contract.name, base.prefix + endpoint.path, endpoint.method, endpoint.operation)

    def exclude(self, contract: Contract, unserved: Iterable[tuple[str, str]]) -> None:
        """Treat methods and paths as unknown URLs, although other methods are served at the same paths."""
        for base in contract.bases:
            for method, path in unserved:
                self._node(contract.name, base.prefix + path).unserved[contract.name].add(method)

    def _add(self, upstream: str, path: str, method: str, operation: Operation) -> None:
        node = self._node(upstream, path)
        methods = node.endpoints.setdefault(upstream, {})
        methods[method] = operation
        if len(node.endpoints) > 1:
            self._plain.pop(path, None)
        elif "{" not in path:
            self._plain[path] = RouteMatch(upstream, methods, {}, node.unserved[upstream])
        # Contracts list no HEAD, which is answered as GET is (fact NAME.content.head).
        if operation is Operation.CONTENT:
            methods["HEAD"] = operation

    def _node(self, upstream: str, path: str) -> _Node:
        node = self._root
        for segment in path.strip("/").split("/"):
            name = segment[1:-1] if segment.startswith("{") else ""
            node = node.children.setdefault(WILDCARD if name else segment, _Node())
            node.name = name
            if upstream not in node.upstreams:
                node.upstreams.append(upstream)
        return node

    def match(self, path: str, scope: Mapping[str, Any]) -> RouteMatch | None:
        """Return the endpoint of a path, whatever the method; None for a path that no upstream serves."""
        match = self._plain.get(path) or self._by_path.get(path)  # a task is polled again and again, at one path
        if match is not None:
            return match
        node, params = self._root, {}
        for segment in path[1:].split("/"):
            child = node.children.get(segment)
            if child is None:
                child = node.children.get(WILDCARD)
                if child is None or not segment:
                    return None
                params[child.name] = segment
            node = child
        if not node.endpoints:
            return None
        upstream = self._choose(tuple(node.endpoints), path, scope)
        match = RouteMatch(upstream, node.endpoints[upstream], params, node.unserved[upstream])
        if len(node.endpoints) == 1 and len(path) <= MAX_CACHED_CHARS:  # the host has no say
            if len(self._by_path) >= MAX_CACHED_PATHS:
                self._by_path.clear()
            self._by_path[path] = match
        return match

    def _choose(self, upstreams: Sequence[str], path: str, scope: Mapping[str, Any]) -> str:
        if len(upstreams) == 1:
            return upstreams[0]
        by_host = self._hosts.get(scope.get(SENT_TO) or web_host(request_origin(scope, dict(scope["headers"]))), "")
        prefixes = (prefix for prefix in self._first_upstream if path.startswith(f"{prefix}/"))
        by_base = self._first_upstream.get(max(prefixes, key=len, default=""), "")
        return next((name for name in (by_host, by_base) if name in upstreams), upstreams[0])

    def owner(self, path: str, scope: Mapping[str, Any]) -> str:
        """Return the upstream that renders the error of an unknown path: the one that serves the nearest paths."""
        node, prefix = self._root, ""
        for segment in path[1:].split("/"):
            child = node.children.get(segment) or node.children.get(WILDCARD)
            if child is None:
                break
            node, prefix = child, f"{prefix}/{segment}"
        if node is self._root:
            return self._fallback
        return self._choose(node.upstreams, f"{prefix}/", scope)


def routed_path(scope: Mapping[str, Any]) -> str:
    """Return the path with the slashes of the wire: an encoded slash belongs to its segment, and stays encoded."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%2" not in raw:
        return str(scope["path"])
    return unquote(ENCODED_SLASH.sub(b"%252F", raw.partition(b"?")[0]).decode("latin-1"))
