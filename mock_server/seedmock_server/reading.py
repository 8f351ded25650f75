"""What a request says: its body as bytes, as JSON, as a form. Hostile input ends in one of four exceptions.

Knows no upstream and no field but `type` and `role`, which forms need to put the items of a list back together.
"""

import asyncio
import json
import logging
import re
import types
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

DEPTH: Final = 64
DIGITS: Final = 100
PARTS: Final = 1000
NAME: Final = 200
BRACKETS: Final = 8

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

# The library warns about every malformed form; the caller hears it as Malformed, and stderr need not.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())


class BodyTooLarge(Exception):
    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes")
        self.limit = limit


class BodyTooSlow(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__(f"the body did not arrive within {seconds:g} seconds")
        self.seconds = seconds


class ClientGone(Exception):
    """The client hung up before its body was complete: there is nobody to answer."""


class Malformed(Exception):
    """The body cannot be read; `message` says where and what was expected."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Content-Length in bytes, or None when it is absent or no number (then the body itself is counted)."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 20 else None
    return None


async def read_body(
    receive: Receive, *, limit: int, seconds: float, headers: Iterable[tuple[bytes, bytes]] = ()
) -> bytes:
    """The whole body, which must arrive within `seconds` and hold at most `limit` bytes.

    With `headers`, a Content-Length over the limit is refused before reading.
    Raises BodyTooLarge, BodyTooSlow, ClientGone.
    """
    if (declared_length(headers) or 0) > limit:
        raise BodyTooLarge(limit)
    # A timer costs more than the read, and the body of nearly every request has come with its head: look first.
    waiting = receive().__await__()
    try:
        pending = next(waiting)
    except StopIteration as arrived:
        chunk, more = _chunk(arrived.value, limit, limit)
        if not more:
            return chunk
        first = None
    else:
        chunk, first = b"", _resume(waiting, pending)
    try:
        async with asyncio.timeout(seconds):
            return await _read_rest(receive, first, chunk, limit)
    except TimeoutError:
        raise BodyTooSlow(seconds) from None


async def _read_rest(receive: Receive, first: Awaitable[Any] | None, head: bytes, limit: int) -> bytes:
    chunks, size, more = [head], len(head), True
    while more:
        message = await (first or receive())
        first = None
        chunk, more = _chunk(message, limit - size, limit)
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def _chunk(message: Mapping[str, Any], room: int, limit: int) -> tuple[bytes, bool]:
    """The bytes of one ASGI message and whether more will follow."""
    if message["type"] != "http.request":
        raise ClientGone
    chunk = message.get("body", b"")
    if len(chunk) > room:
        raise BodyTooLarge(limit)
    return chunk, message.get("more_body", False)


@types.coroutine
def _resume(waiting: Any, pending: object) -> Generator[Any, Any, Any]:
    """Go on awaiting what has been begun and waits for `pending`."""
    while True:
        try:
            step = partial(waiting.send, (yield pending))
        except BaseException as error:
            step = partial(waiting.throw, error)
        try:
            pending = step()
        except StopIteration as arrived:
            return arrived.value


def content_kind(header: bytes | None) -> Literal["json", "form", "other"]:
    """What Content-Type announces; a missing header counts as JSON."""
    kind = (header or b"").partition(b";")[0].strip().lower()
    if kind in (b"", b"application/json") or (kind.startswith(b"application/") and kind.endswith(b"+json")):
        return "json"
    return "form" if kind == b"multipart/form-data" else "other"


# --- JSON ---


class _Objection(Exception):
    """Raised by the decoder's hooks, which know that something is wrong but not where."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _Objection
    return document


def _whole(digits: str) -> int | float:
    """Whole numbers beyond 64 bits become floats, as in JavaScript and Go: whatever is read can be written again."""
    if len(digits) > DIGITS:
        raise _Objection
    number = int(digits)
    return number if _fits(number) else float(number)


def _fraction(digits: str) -> float:
    if len(digits) > DIGITS or (number := float(digits)) in (float("inf"), float("-inf")):
        raise _Objection
    return number


def _constant(word: str) -> NoReturn:
    raise _Objection


def _fits(number: int) -> bool:
    return -(2**63) <= number < 2**64


_STRICT: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_whole, parse_float=_fraction, parse_constant=_constant
)
_QUICK: Final = msgspec.json.Decoder()
_TOKEN: Final = re.compile(r'("(?:[^"\\]++|\\.)*+")([ \t\n\r]*:)?|[{}\[\]]|[-+.\w]++', re.DOTALL)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(body: bytes) -> object:
    """The document in `body`: strict RFC 8259 in UTF-8, without a byte order mark, NaN, infinities, duplicate keys or
    lone surrogates, at most 64 levels and 100 characters to a number. Raises Malformed, which names line and column.
    """
    if b"\\" not in body and body.count(b"[") + body.count(b"{") <= DEPTH:
        try:
            document = _QUICK.decode(body)
            # Without escapes every string of the text has two quotes, so a duplicate key leaves a string missing.
            if 2 * _strings(document) == body.count(b'"'):
                return document
        except (msgspec.DecodeError, UnicodeDecodeError, _Objection):
            pass
    return _parse_strictly(_text(body))


def _strings(document: object) -> int:
    """How many strings a document holds, keys included; raises _Objection at an integer beyond 64 bits."""
    count, pending = 0, [document]
    for value in pending:
        kind = type(value)
        if kind is str:
            count += 1
        elif kind is dict:
            count += len(value)  # type: ignore[arg-type]
            pending.extend(value.values())  # type: ignore[attr-defined]
        elif kind is list:
            pending.extend(value)  # type: ignore[arg-type]
        elif kind is int and not _fits(value):  # type: ignore[arg-type]
            raise _Objection
    return count


def _text(body: bytes) -> str:
    if not body.strip():
        raise Malformed("the body is empty: expected a JSON document")
    if body.startswith(b"\xef\xbb\xbf"):
        raise Malformed("line 1, column 1: a byte order mark: expected JSON in UTF-8 without one")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start].decode("utf-8")
        raise _malformed(before, len(before), f"byte 0x{body[error.start]:02x}: expected UTF-8") from None


def _parse_strictly(text: str) -> object:
    if text.count("[") + text.count("{") > DEPTH:
        _complain(text, only_depth=True)
    try:
        document = _STRICT.decode(text)
    except json.JSONDecodeError as error:
        raise _malformed(text, error.pos, error.msg[:1].lower() + error.msg[1:]) from None
    except _Objection:
        _complain(text)
        raise Malformed("the body is not strict JSON") from None
    if _SURROGATE.search(text):
        _complain(text)
    return document


def _malformed(text: str, position: int, trouble: str) -> Malformed:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return Malformed(f"line {line}, column {column}: {trouble}")


def _complain(text: str, *, only_depth: bool = False) -> None:
    """Raise Malformed at the first thing that the grammar allows and this reader does not."""
    keys: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word in "{[":
            keys.append(set())
            if len(keys) > DEPTH:
                raise _malformed(text, token.start(), f"more than {DEPTH} levels: expected a flatter document")
        elif word in "}]":
            del keys[-1:]
        elif not only_depth and (trouble := _trouble(token, keys)):
            raise _malformed(text, token.start(), trouble) from None


def _trouble(token: re.Match[str], keys: list[set[str]]) -> str | None:
    """What is wrong with a string or a number, if anything; a key joins the keys of its object.

    The text is grammatical as far as this is asked to look: the decoder that objected has read it.
    """
    word, quoted, colon = token.group(0, 1, 2)
    try:
        content = _STRICT.decode(quoted or word)
        if quoted is not None:
            content.encode()
    except _Objection:
        return f"{word[:24]}: expected a finite number of at most {DIGITS} characters"
    except UnicodeEncodeError:
        return "half a surrogate pair: expected both halves"
    if colon and keys:
        if content in keys[-1]:
            return f"duplicate key {quoted[:NAME]}: expected each key once"
        keys[-1].add(content)
    return None


# --- forms ---


@dataclass(frozen=True, slots=True)
class FormFile:
    name: str
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """A form as a document: dicts and lists after the bracket notation, every value still text. Files stand apart."""

    document: dict[str, Any]
    files: tuple[FormFile, ...]


_NAME: Final = re.compile(r"([^\[\]\x00-\x1f]+)((?:\[[^\[\]\x00-\x1f]*\])*)")
_ROLE_KINDS: Final = {
    "reference_image": "image_url",
    "first_frame": "image_url",
    "last_frame": "image_url",
    "reference_video": "video_url",
    "reference_audio": "audio_url",
}
Path = tuple[str, ...]
Row = tuple[Path, str]


def parse_form(content_type: bytes | str, body: bytes) -> Form:
    """Read multipart/form-data into a JSON-like document by its names: `a[b]` is an object, `a[]` and `a[0]` are lists.

    A list of objects without indices arrives item by item (openai-node) or key by key (openai-python). In the second
    case the `type`s say how many items there are, and each takes the next value that its type calls for. Roles, when
    there are fewer than items, go to the next item of their kind: the wire does not tell more. Raises Malformed.
    """
    root: dict[str, Any] = {}
    files: list[FormFile] = []
    for headers, content in _parts(content_type, body):
        name, filename = _disposition(headers)
        if filename is None:
            _insert(root, _path(name), _utf8(content, f"the value of {name}"), name)
        else:
            kind = headers.get(b"content-type", b"application/octet-stream").decode("latin-1")
            files.append(FormFile(name, filename, kind, content))
    return Form(_settled(root, ""), tuple(files))


Part = tuple[dict[bytes, bytes], bytes]


def _parts(content_type: bytes | str, body: bytes) -> list[Part]:
    """The headers and the content of each part."""
    line = content_type if isinstance(content_type, str) else content_type.decode("latin-1")
    parts: list[Part] = []
    ended: list[bool] = []
    try:
        boundary = parse_options_header(line)[1].get(b"boundary")
        if not boundary:
            raise Malformed("Content-Type names no boundary: expected multipart/form-data; boundary=...")
        MultipartParser(boundary, _collecting(parts, ended)).write(body)
    except (FormParserError, UnicodeEncodeError) as error:
        raise Malformed(f"the form cannot be read: {error}") from None
    if not ended:
        raise Malformed("the form ends before its closing boundary")
    return parts


def _collecting(parts: list[Part], ended: list[bool]) -> "MultipartCallbacks":
    names: list[bytes] = []
    headers: dict[bytes, bytes] = {}
    content: list[bytes] = []

    def end_part() -> None:
        if len(parts) >= PARTS:
            raise Malformed(f"the form has more than {PARTS} parts")
        parts.append((dict(headers), b"".join(content)))
        headers.clear()
        content.clear()

    return {
        "on_header_field": lambda data, start, stop: names.append(data[start:stop].lower()),
        "on_header_value": lambda data, start, stop: headers.__setitem__(names[-1], data[start:stop]),
        "on_part_data": lambda data, start, stop: content.append(data[start:stop]),
        "on_part_end": end_part,
        "on_end": lambda: ended.append(True),
    }


def _disposition(headers: Mapping[bytes, bytes]) -> tuple[str, str | None]:
    kind, options = parse_options_header(headers.get(b"content-disposition", b""))
    if kind != b"form-data" or b"name" not in options:
        raise Malformed('a part of the form has no name: expected Content-Disposition: form-data; name="..."')
    name = _utf8(options[b"name"], "the name of a part")
    filename = options.get(b"filename")
    return name, None if filename is None else filename.decode("utf-8", "replace")


def _utf8(content: bytes, what: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"{what} is not UTF-8 at byte {error.start}") from None


def _path(name: str) -> Path:
    found = _NAME.fullmatch(name) if len(name) <= NAME else None
    if found is None:
        raise Malformed(f"{name[:NAME]!r} is no field name: expected name, name[key], name[] or name[0]")
    keys = tuple(found.group(2)[1:-1].split("][")) if found.group(2) else ()
    if len(keys) > BRACKETS:
        raise Malformed(f"{name} has more than {BRACKETS} pairs of brackets")
    return (found.group(1), *keys)


class _Rows(list[Row]):
    """The values below `name[]`, in the order of the wire, not yet put together."""


def _insert(node: dict[str, Any], path: Path, value: str, name: str) -> None:
    """Hang `value` into the tree, where an object is a dict and an unnumbered list is _Rows."""
    *way, last = path
    for depth, key in enumerate(way, start=1):
        child = node.setdefault(key, _Rows() if path[depth] == "" else {})
        if type(child) is not (_Rows if path[depth] == "" else dict):
            raise Malformed(f"{name} contradicts an earlier field: one name cannot be two kinds of value")
        if isinstance(child, _Rows):
            child.append((path[depth + 1 :], value))
            return
        node = child
    if last in node:
        raise Malformed(f"{name} is given twice")
    node[last] = value


def _settled(node: Any, name: str) -> Any:
    """The tree with its lists put together."""
    if isinstance(node, _Rows):
        return _list_of(node, name)
    if not isinstance(node, dict):
        return node
    children = {key: _settled(child, f"{name}[{key}]" if name else key) for key, child in node.items()}
    numbered = [key for key in children if re.fullmatch("[0-9]+", key)] if name else []
    if not numbered:
        return children
    if len(numbered) != len(children) or sorted(map(int, numbered)) != list(range(len(numbered))):
        raise Malformed(f"the indices of {name} have gaps: expected {name}[0], {name}[1], ...")
    return [children[key] for key in sorted(numbered, key=int)]


def _list_of(rows: _Rows, name: str) -> list[Any]:
    if all(not path for path, _ in rows):
        return [value for _, value in rows]
    if not all(path and "" not in path for path, _ in rows):
        raise Malformed(f"{name}[] mixes plain values with objects, or holds a list in a list")
    return [_item(item, f"{name}[]") for item in (_by_key(rows, name) if _is_grouped(rows) else _by_item(rows))]


def _item(rows: Iterable[Row], name: str) -> Any:
    node: dict[str, Any] = {}
    for path, value in rows:
        _insert(node, path, value, f"{name}[{']['.join(path)}]")
    return _settled(node, name)


def _is_grouped(rows: _Rows) -> bool:
    """Whether the values of each key stand together, as openai-python sends them."""
    runs = [path for index, (path, _) in enumerate(rows) if index == 0 or rows[index - 1][0] != path]
    return len(runs) == len(set(runs))


def _by_item(rows: _Rows) -> list[list[Row]]:
    """A key seen before opens the next item."""
    items: list[dict[Path, str]] = []
    for path, value in rows:
        if not items or path in items[-1]:
            items.append({})
        items[-1][path] = value
    return [list(item.items()) for item in items]


def _by_key(rows: _Rows, name: str) -> list[list[Row]]:
    columns: dict[Path, list[str]] = {}
    for path, value in rows:
        columns.setdefault(path, []).append(value)
    kinds = columns.get(("type",), [])
    count = len(kinds) or max(map(len, columns.values()))
    items: list[list[Row]] = [[] for _ in range(count)]
    for path, values in columns.items():
        owners = _owners(path, values, kinds, count)
        if len(values) > len(owners):
            raise Malformed(f"{name}[][{']['.join(path)}] has {len(values)} values for {len(owners)} items")
        for owner, value in zip(owners, values, strict=False):
            items[owner].append((path, value))
    return items


def _owners(path: Path, values: list[str], kinds: list[str], count: int) -> list[int]:
    """The items, by position, to which the values of one key belong."""
    if len(values) == count:
        return list(range(count))
    if path[0] in kinds:
        return [index for index, kind in enumerate(kinds) if kind == path[0]]
    return _role_owners(values, kinds) if path == ("role",) and kinds else list(range(count))


def _role_owners(roles: list[str], kinds: list[str]) -> list[int]:
    free = list(range(len(kinds)))
    owners = []
    for role in roles[: len(kinds)]:
        wanted = _ROLE_KINDS.get(role)
        owner = next((index for index in free if wanted is None or kinds[index] == wanted), free[0])
        free.remove(owner)
        owners.append(owner)
    return owners
