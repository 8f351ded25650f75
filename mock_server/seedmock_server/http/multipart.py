"""Parse multipart/form-data into a JSON-like document, by the bracket notation of the OpenAI SDKs.

Knows no upstream, and no field but `type` and `role`, which it needs to reassemble the items of a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from .form_parts import Part, split_parts
from .request_body import MAX_NAME_CHARS, MalformedBody

MAX_BRACKETS: Final = 8
HEADERS_KEPT: Final = 128
_EXTENDED_FILENAME: Final = re.compile(rb";\s*filename\*\s*=\s*[\w-]*'[^']*'([^;\s]*)", re.IGNORECASE)
TEXT_PART: Final = "a part without a filename is text"


class FormFile(Struct, frozen=True):
    """A part with a filename. `start` is the position of its content in the body."""

    name: str
    filename: str
    content_type: str
    content: bytes
    start: int


class Form(Struct, frozen=True):
    """Parsed form: dicts and lists by the bracket notation, with every value a text, and the files apart from them."""

    document: dict[str, Any]
    files: tuple[FormFile, ...]


_NAME: Final = re.compile(r"([^\[\]\x00-\x1f]+)((?:\[[^\[\]\x00-\x1f]*\])*)")
Path = tuple[str, ...]
Row = tuple[Path, str]
Types = Mapping[str, str]


def parse_form(content_type: bytes | str, body: bytes, types_by_role: Mapping[str, str] | None = None) -> Form:
    """Parse a form by its field names: `a[b]` is an object, `a[]` and `a[0]` are lists. Raises MalformedBody.

    A list of objects without indices arrives item by item (openai-node) or key by key (openai-python). In the second
    case the number of `type`s is the number of items, and each item takes the next value of the field that its type
    names. If there are fewer roles than items, each goes to the next item of its type in `types_by_role`.
    """
    root: dict[str, Any] = {}
    files: list[FormFile] = []
    for headers, content, start in _parts(content_type, body):
        name, filename = _disposition(headers)
        if filename is None:
            _insert(root, _path(name), _text(name, content), name)
        else:
            kind = headers.get(b"content-type", b"application/octet-stream").decode("latin-1")
            files.append(FormFile(name, filename, kind, content, start))
    return Form(_assemble(root, "", types_by_role or {}), tuple(files))


def _parts(content_type: bytes | str, body: bytes) -> list[Part]:
    header = content_type if isinstance(content_type, str) else content_type.decode("latin-1")
    try:
        boundary = _options(header)[1].get(b"boundary")
    except UnicodeEncodeError:
        raise MalformedBody("the form cannot be read: its boundary is not Latin-1") from None
    if not boundary:
        raise MalformedBody("Content-Type names no boundary: expected multipart/form-data; boundary=...")
    return split_parts(boundary, body)


@lru_cache(maxsize=HEADERS_KEPT)
def _options(header: str | bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """Parse a header with options. Imported on first use: few emulators receive a form."""
    from python_multipart.multipart import parse_options_header

    return parse_options_header(header)


def _disposition(headers: Mapping[bytes, bytes]) -> tuple[str, str | None]:
    kind, options = _options(headers.get(b"content-disposition", b""))
    if kind != b"form-data" or b"name" not in options:
        raise MalformedBody('a part of the form has no name: expected Content-Disposition: form-data; name="..."')
    name = _utf8(options[b"name"], "the name of a part")
    filename = options.get(b"filename")
    if filename is None:
        # requests sends a name that is not ASCII in this form alone (RFC 5987), which the library passes over.
        extended = _EXTENDED_FILENAME.search(headers[b"content-disposition"])
        filename = None if extended is None else unquote_to_bytes(extended[1])
    return name, None if filename is None else filename.decode("utf-8", "replace")


def _text(name: str, content: bytes) -> str:
    try:
        return _utf8(content, f"the value of {name}")
    except MalformedBody as error:
        raise MalformedBody(f"{error.message}; {TEXT_PART}, and a file needs one") from None


def _utf8(content: bytes, description: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedBody(f"{description} is not valid UTF-8 at byte {error.start}") from None


def _path(name: str) -> Path:
    match = _NAME.fullmatch(name) if len(name) <= MAX_NAME_CHARS else None
    if match is None:
        raise MalformedBody(f"{name[:MAX_NAME_CHARS]!r} is not a field name; expected name, name[key], name[], name[0]")
    keys = tuple(match.group(2)[1:-1].split("][")) if match.group(2) else ()
    if len(keys) > MAX_BRACKETS:
        raise MalformedBody(f"{name} has more than {MAX_BRACKETS} pairs of brackets")
    return (match.group(1), *keys)


class _Rows(list[Row]):
    """Values below `name[]`, in the order of the form, not yet assembled into items."""


def _insert(node: dict[str, Any], path: Path, value: str, name: str) -> None:
    """Insert `value` into the tree, where an object is a dict and a list without indices is _Rows."""
    *parents, last = path
    for depth, key in enumerate(parents, start=1):
        child = node.setdefault(key, _Rows() if path[depth] == "" else {})
        if type(child) is not (_Rows if path[depth] == "" else dict):
            raise MalformedBody(f"{name} contradicts an earlier field: one name cannot be two kinds of value")
        if isinstance(child, _Rows):
            child.append((path[depth + 1 :], value))
            return
        node = child
    if last in node:
        raise MalformedBody(f"duplicate field {name}")
    node[last] = value


def _assemble(node: Any, name: str, types_by_role: Types) -> Any:
    if isinstance(node, _Rows):
        return _list_of(node, name, types_by_role)
    if not isinstance(node, dict):
        return node
    children = {key: _assemble(child, f"{name}[{key}]" if name else key, types_by_role) for key, child in node.items()}
    numbered = [key for key in children if re.fullmatch("[0-9]+", key)] if name else []
    if not numbered:
        return children
    if len(numbered) != len(children) or sorted(map(int, numbered)) != list(range(len(numbered))):
        raise MalformedBody(f"the indices of {name} have gaps: expected {name}[0], {name}[1], ...")
    return [children[key] for key in sorted(numbered, key=int)]


def _list_of(rows: _Rows, name: str, types_by_role: Types) -> list[Any]:
    if all(not path for path, _ in rows):
        return [value for _, value in rows]
    if not all(path and "" not in path for path, _ in rows):
        raise MalformedBody(f"{name}[] mixes plain values with objects, or holds a list in a list")
    items = _by_key(rows, name, types_by_role) if _is_grouped(rows) else _by_item(rows)
    return [_item(item, f"{name}[]", types_by_role) for item in items]


def _item(rows: Iterable[Row], name: str, types_by_role: Types) -> Any:
    node: dict[str, Any] = {}
    for path, value in rows:
        _insert(node, path, value, f"{name}[{']['.join(path)}]")
    return _assemble(node, name, types_by_role)


def _is_grouped(rows: _Rows) -> bool:
    """Recognize openai-python, which sends the values of each key together."""
    runs = [path for index, (path, _) in enumerate(rows) if index == 0 or rows[index - 1][0] != path]
    return len(runs) == len(set(runs))


def _by_item(rows: _Rows) -> list[list[Row]]:
    """Split rows into items: a repeated key opens the next one."""
    items: list[dict[Path, str]] = []
    for path, value in rows:
        if not items or path in items[-1]:
            items.append({})
        items[-1][path] = value
    return [list(item.items()) for item in items]


def _by_key(rows: _Rows, name: str, types_by_role: Types) -> list[list[Row]]:
    columns: dict[Path, list[str]] = {}
    for path, value in rows:
        columns.setdefault(path, []).append(value)
    kinds = columns.get(("type",), [])
    count = len(kinds) or max(map(len, columns.values()))
    items: list[list[Row]] = [[] for _ in range(count)]
    for path, values in columns.items():
        owners = _owners(path, values, kinds, count, types_by_role)
        if len(values) > len(owners):
            raise MalformedBody(f"{name}[][{']['.join(path)}] has {len(values)} values for {len(owners)} items")
        for owner, value in zip(owners, values, strict=False):
            items[owner].append((path, value))
    return items


def _owners(path: Path, values: list[str], kinds: list[str], count: int, types_by_role: Types) -> list[int]:
    """Return the positions of the items to which the values of one key belong."""
    if len(values) == count:
        return list(range(count))
    if path[0] in kinds:
        return [index for index, kind in enumerate(kinds) if kind == path[0]]
    is_role = path == ("role",) and kinds
    return _role_owners(values, kinds, types_by_role) if is_role else list(range(count))


def _role_owners(roles: list[str], kinds: list[str], types_by_role: Types) -> list[int]:
    free = list(range(len(kinds)))
    owners = []
    for role in roles[: len(kinds)]:
        kind = types_by_role.get(role)
        owner = next((index for index in free if kind is None or kinds[index] == kind), free[0])
        free.remove(owner)
        owners.append(owner)
    return owners
