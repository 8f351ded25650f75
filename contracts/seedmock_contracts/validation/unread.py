"""Parts of a request that an upstream does not read: fields at every depth, query parameters, files of a form.

Knows no role: it names the parts, and the references among them, and the caller decides what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, Final, TypeAlias

from msgspec import Struct

from ..contract import Contract
from ..enums import ORDERS, Operation
from ..facts import Document
from ..upstreams import get_contract

# A container with more values than this is not searched to its end: the answer would be "yes" long before.
MAX_SEARCHED: Final = 200
# Shorter texts in base64 are words; a picture of one pixel has about a hundred characters.
MIN_BASE64_CHARS: Final = 64
_MEDIA_NAME: Final = re.compile(
    r"image|img|picture|photo|portrait|video|movie|clip|audio|sound|music|voice|frame|reference|media|file|asset|mask",
    re.IGNORECASE,
)
_MEDIA_FILE: Final = re.compile(
    r"\.(?:png|jpe?g|webp|gif|bmp|tiff?|hei[cf]|avif|mp4|mov|webm|mkv|m4v|avi|mp3|wav|m4a|aac|ogg|flac)\Z",
    re.IGNORECASE,
)
# A web URL in such a field is one to post to; it refers to no media.
_RESPONSE_NAME: Final = re.compile(r"callback|webhook|hook|notify", re.IGNORECASE)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_\-\s]+=*\s*\Z")
_OTHER_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://|//\w", re.IGNORECASE)
_INLINE: Final = ("data:image/", "data:video/", "data:audio/", "asset://")
_WEB: Final = ("https://", "http://")
_Names: TypeAlias = Mapping[str, Any]
"""Known names by name, each with those below it; `[]` stands for the items of an array."""


class UnusedReference(Struct, frozen=True):
    """A reference in an order that the clip is made without: its path, and a sentence."""

    path: str
    message: str


def unknown_fields(upstream: str, operation: Operation, document: Document) -> list[str]:
    """Paths of the fields that the contract does not define for this operation, such as `content[0].image_url.detail`.

    Below an unknown field, and below one whose inside the contract leaves open, nothing is listed.
    """
    return [path for path, _ in _unknown_values(upstream, operation, document)]


def unknown_parameters(upstream: str, operation: Operation, parameters: Sequence[str]) -> list[str]:
    """Names of the query parameters that the contract does not define for this operation."""
    contract = get_contract(upstream)
    endpoint = contract.endpoint(operation)
    # A body's fields are not read from the query: a prompt there is as unknown as any other name.
    names = _known_names(upstream, operation)[0] if endpoint is not None and endpoint.method == "GET" else {}
    return list(dict.fromkeys(name for name in parameters if name not in names))


def unused_files(contract: Contract, operation: Operation, parts: Sequence[str]) -> list[str]:
    """Names of the file parts of a form that are not read: those of another name, and all but one where one is."""
    part = contract.request.file_parts.get(operation)
    if part is None:
        return list(parts)
    is_order, used = operation in ORDERS, parts.count(part)
    surplus = [part] * (used - 1) if used and not is_order else []
    return [*(name for name in parts if name != part), *surplus]


def unused_references(
    upstream: str,
    operation: Operation,
    document: Document,
    files: Sequence[str] = (),
    parameters: Sequence[tuple[str, str]] = (),
) -> list[UnusedReference]:
    """References that an order carries and that are not used.

    `files` are the names of a form's file parts, `parameters` those of the query with their values.
    """
    # Nearly every order is flat and has known fields alone; it is spared the search, a tenth of a create.
    has_more = files or parameters or _may_hold_more(upstream, operation, document)
    if operation not in ORDERS or not has_more:
        return []
    contract = get_contract(upstream)
    reasons = {name: _file_reason(contract, operation, name) for name in unused_files(contract, operation, files)}
    reasons |= dict(contract.request.layout.unread(document)) if operation is Operation.CREATE else {}
    for path, value in _unknown_values(upstream, operation, document):
        if not any(path.startswith(f"{top}.") for top in reasons) and _carries_media(path, value):
            reasons[path] = f"{upstream} has no field {path[:MAX_SEARCHED]} here"
    for name, value in parameters:
        if _carries_media(name, value):
            reasons[f"?{name}"] = f"{upstream} reads no query parameter {name[:MAX_SEARCHED]} of an order"
    if not reasons:
        return []
    is_text = operation is Operation.CREATE and not contract.request.layout.find(document)
    outcome = "this order is text-to-video" if is_text else "this order leaves out a reference"
    return [UnusedReference(path, f"{outcome}: {reason}") for path, reason in reasons.items()]


def reads_whole(upstream: str, operation: Operation, document: Document) -> bool:
    """Tell that an upstream reads every field of a document, and uses every reference in it."""
    if next(_unknown_values(upstream, operation, document), None) is not None:
        return False
    return operation is not Operation.CREATE or not any(get_contract(upstream).request.layout.unread(document))


def _file_reason(contract: Contract, operation: Operation, name: str) -> str:
    part = contract.request.file_parts.get(operation)
    expected = f"; a file is expected as {part}" if part else ""
    return f"the file part {name[:MAX_SEARCHED]} is not used{expected}"


@cache
def _known_names(upstream: str, operation: Operation) -> tuple[_Names, frozenset[str], frozenset[str]]:
    """Known names as a tree, those at its top, and those of these below which there are others."""
    contract = get_contract(upstream)
    fields = (field.path for field in contract.fields if field.operation is operation)
    # Rules know paths that are no fields of their own, such as the url in an item's image_url.
    rules = (rule.field for rule in contract.rules.get(operation, ()))
    tree: dict[str, Any] = {}
    for path in (*fields, *rules):
        node = tree
        for step in path.replace("[]", ".[]").split("."):
            node = node.setdefault(step, {})
    nested = (name for name, below in tree.items() if any(name != "[]" or inner for name, inner in below.items()))
    return tree, frozenset(tree), frozenset(nested)


def _may_hold_more(upstream: str, operation: Operation, document: Document) -> bool:
    """Tell if a document has an unknown field at its top, or a known one below which there are others."""
    _, tops, nested = _known_names(upstream, operation)
    return not (tops.issuperset(document) and nested.isdisjoint(document))


def _unknown_values(upstream: str, operation: Operation, document: Document) -> Iterator[tuple[str, Any]]:
    if not _may_hold_more(upstream, operation, document):
        return iter(())
    return _unknown(document, _known_names(upstream, operation)[0], "")


def _unknown(value: Any, names: _Names, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and "[]" not in names:
        for name, inner in value.items():
            at = f"{path}.{name}" if path else name
            if name not in names:
                yield at, inner
            elif names[name]:
                yield from _unknown(inner, names[name], at)
    elif isinstance(value, list) and names.get("[]"):
        for index, item in enumerate(value):
            yield from _unknown(item, names["[]"], f"{path}[{index}]")


def _carries_media(path: str, value: Any) -> bool:
    """Recognize an image, a video or a sound, or what stands for one, in the value of an unknown field."""
    return any(_is_media(name, text) for name, text in islice(_texts(path, value), MAX_SEARCHED))


def _texts(path: str, value: Any, depth: int = 6) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping) and depth:
        for name, inner in value.items():
            yield from _texts(f"{path}.{name}", inner, depth - 1)
    elif isinstance(value, list) and depth:
        for inner in value:
            yield from _texts(path, inner, depth - 1)


def _is_media(name: str, text: str) -> bool:
    start = text[:16].lstrip().lower()
    if start.startswith(_INLINE):
        return True
    if _RESPONSE_NAME.search(name):
        return False
    is_named = _MEDIA_NAME.search(name[-MAX_SEARCHED:]) is not None
    if start.startswith(_WEB):
        return is_named or _is_media_path(text)
    if not is_named:
        return False
    # An id further down is the caller's own, as in metadata.
    is_id = "." not in name and name.lower().endswith("id") and bool(text.strip())
    is_base64 = len(text) >= MIN_BASE64_CHARS and _BASE64.match(text[:10_000]) is not None
    return is_id or is_base64 or _is_media_path(text) or _OTHER_URL.match(start) is not None


def _is_media_path(text: str) -> bool:
    path = text[:10_000].partition("?")[0].partition("#")[0]
    return _MEDIA_FILE.search(path.rstrip()) is not None
