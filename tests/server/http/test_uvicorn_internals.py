"""The internals of uvicorn that seedmock_server.http overrides or reads, in the installed release.

They are found in the source, so that no list of them goes stale. uvicorn promises none of them, so pyproject.toml
bounds its version; the socket tests of this folder show that they still behave as they did.
"""

import ast
import asyncio
import inspect
from collections.abc import Iterator
from importlib.metadata import requires
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from seedmock_server.http import connection, guarded_protocol, server

HOW_TO_ADAPT = """
uvicorn {version} lacks {names} of its {owner}, which seedmock_server.http uses. Adapt guarded_protocol.py,
connection.py or server.py until tests/server/http passes, and then raise the bound in pyproject.toml."""


async def app(scope: Any, receive: Any, send: Any) -> None:
    pytest.fail("no request is sent")


def protocol_instance() -> HttpToolsProtocol:
    async def build() -> HttpToolsProtocol:
        config = uvicorn.Config(app, http=HttpToolsProtocol)
        config.load()
        protocol = HttpToolsProtocol(config=config, server_state=ServerState(), app_state={})
        protocol.on_message_begin()  # sets the attributes of a request
        return protocol

    return asyncio.run(build())


def stopped_server() -> uvicorn.Server:
    """A server that has run: some attributes are set only then."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None))
    server.should_exit = True
    asyncio.run(server.serve())
    return server


def cycle_instance() -> RequestResponseCycle:
    """A cycle that was built from nothing: its attributes are there, whatever they hold."""
    arguments: Any = dict.fromkeys(inspect.signature(RequestResponseCycle).parameters)
    return RequestResponseCycle(**arguments)


def class_body(source: object, name: str = "") -> ast.Module | ast.ClassDef:
    """The syntax tree of a module, or of one class in it."""
    tree = ast.parse(inspect.getsource(source))  # type: ignore[arg-type]
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    return classes[0] if classes else tree


def text_of(node: ast.expr) -> str:
    return ast.unparse(node)


def attributes_of(tree: ast.AST, *owners: str) -> set[str]:
    """The attributes that a tree reads from, or assigns to, expressions such as `self` or `super()`."""
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return {node.attr for node in nodes if text_of(node.value) in owners}


def defined_names(body: ast.AST) -> Iterator[str]:
    """The names that a class gives to itself: its methods, its annotations, and the private attributes that it sets."""
    for node in ast.walk(body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and text_of(node).startswith("self._"):
            yield node.attr
        elif isinstance(node, ast.AnnAssign):
            yield text_of(node.target).removeprefix("self.")


def inherited(body: ast.AST) -> set[str]:
    """The names that a class overrides by calling `super()`, and those of `self` that it does not define."""
    return attributes_of(body, "super()") - {"__init__"} | attributes_of(body, "self") - {*defined_names(body)}


def require(names: set[str], owner: object) -> None:
    missing = sorted(name for name in names if not hasattr(owner, name))
    assert not missing, HOW_TO_ADAPT.format(
        version=uvicorn.__version__, names=", ".join(missing), owner=type(owner).__name__
    )


def test_the_protocol_has_what_the_guarded_protocol_overrides_and_reads() -> None:
    names = inherited(class_body(guarded_protocol, "GuardedProtocol"))
    assert {"connection_made", "timeout_keep_alive_handler", "_start_asgi_task", "parser", "pipeline"} <= names
    require(names | {"cycle", "data_received", "on_response_complete"}, protocol_instance())


def test_the_server_has_what_ours_overrides_and_reads() -> None:
    names = inherited(class_body(server, "_Server"))
    assert {"startup", "on_tick", "handle_exit", "lifespan", "servers", "server_state"} <= names
    require(names | {"capture_signals", "main_loop", "shutdown", "should_exit"}, stopped_server())
    require({"connections", "tasks", "default_headers"}, ServerState())


def test_a_request_cycle_has_what_is_read_and_set() -> None:
    owners = ("cycle", "self._cycle", "self.current")
    names = attributes_of(class_body(guarded_protocol), *owners) | attributes_of(class_body(connection), *owners)
    assert {"disconnected", "message_event", "more_body", "response_complete", "waiting_for_100_continue"} <= names
    require(names, cycle_instance())


def test_a_missing_internal_is_named_with_what_to_do() -> None:
    with pytest.raises(AssertionError, match=r"(?s)lacks gone of its ServerState.* raise the bound") as caught:
        require({"gone", "tasks"}, ServerState())
    assert uvicorn.__version__ in str(caught.value)


def test_the_version_is_bounded_from_above() -> None:
    (requirement,) = [line for line in requires("seedmock") or () if line.startswith("uvicorn")]
    assert "<" in requirement
