"""Takes out of exchanges what must not be kept: keys, and ids and links, for which references stand of the same form.

Stateful over one recording: the same original is always the same reference, wherever it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any
from urllib.parse import urlsplit

from .contract import Contract
from .endpoints import match_route
from .enums import Operation
from .exchange import REDACTED, SECRET_HEADERS, Exchange, Headers, Request, Response

KEPT = frozenset(
    {
        *("content-type", "content-length", "content-range", "content-encoding", "accept-ranges", "etag"),
        *("cache-control", "retry-after", "allow", "location", "date", "range", "if-range", "x-mock-basis"),
        "authorization",
    }
)
"""The headers that matter, in lower case; that of the key is kept as a sign that there was one."""
HOST = "link.invalid"
"""Stands for every host: nobody can ask it for anything."""
INSIDE = "192.0.2.1"
"""Stands for every private or reserved address, and is one: upstreams treat links to such otherwise."""
LEAST = 6
"""Characters from which on a word that stands in an id's place is taken for one."""
LONG = 12
"""Characters from which on an id is found inside of longer words too."""

_SHAPES = (
    r"[A-Za-z]+-\d{14}-[A-Za-z0-9]{3,}",
    r"\bcl[a-z0-9]{23}\b",
    r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b",
    r"\b(?:task|video|asset|file)_[A-Za-z0-9]{8,}",
)
_ID = re.compile("|".join(_SHAPES))
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9]")
_LAST_RUN = re.compile(r"([A-Za-z0-9]+)([^A-Za-z0-9]*)\Z")
_URL = re.compile(r"""https?:(?:\\*/){2}(?:\\+/|\\+u[0-9a-fA-F]{4}|[^\s"'<>\\`])+""", re.IGNORECASE)
_ESCAPED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|(/))")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{2,5}\Z")
_SECRETS = (
    re.compile(r"()\b[spra]k[-_][A-Za-z0-9_-]{8,}"),
    re.compile(r"()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
    re.compile(r"(\b[Bb]earer\s+)[A-Za-z0-9._~+/=-]{6,}"),
    re.compile(
        r"""(\\*"(?:api[_-]?key|secret|password|authorization|access[_-]?token|token)\\*"\s*:\s*\\*")(?:[^"\\])+""",
        re.IGNORECASE,
    ),
    re.compile(
        r"""([?&][^=&\s"]*(?:key|token|secret|signature|sig|auth|credential|password)[^=&\s"]*=)[^&\s"#]+""",
        re.IGNORECASE,
    ),
)
_CLASSES = (ascii_lowercase, ascii_uppercase, digits)
_ASKED = ("id", "task_id", "taskId", "asset_id", "assetId")
_NAMED = frozenset({Operation.MODELS, Operation.BALANCE})
"""Operations whose answers tell names in the places of ids."""


class Redactor:
    """Redacts the exchanges of one recording, in their order. `secrets` are keys that are known by heart."""

    def __init__(self, contract: Contract, secrets: Iterable[str] = ()) -> None:
        self._said = contract
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._ids: dict[str, str] = {}
        self._references: set[str] = set()
        self._links: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._known: re.Pattern[str] | None = None
        self._plain = {
            *(model.name for model in contract.models),
            *(word.spelling for word in contract.status_spellings),
        }

    def add_secret(self, secret: str) -> None:
        """From here on, hide a key wherever it stands."""
        if secret and secret not in self._secrets:
            self._secrets = sorted([*self._secrets, secret], key=len, reverse=True)

    def redact(self, exchange: Exchange) -> Exchange:
        """The exchange as it may be kept. What was redacted once stays as it is."""
        for id_ in _ids_in(self._said, exchange):
            self._learn(id_)
        asked, answered = exchange.request, exchange.response
        url = self.text(self._address(asked))
        request = Request(asked.method, url, self._headers(asked.headers, asked.body), self.text(asked.body))
        headers = self._headers(answered.headers, answered.body)
        response = Response(answered.status, headers, self.text(answered.body), answered.media)
        return replace(exchange, request=request, response=response)

    def text(self, text: str) -> str:
        """A text without keys, ids and links."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        text = _URL.sub(self._link, text)
        text = self._known.sub(lambda found: self._ids[found[0]], text) if self._known is not None else text
        text = _ID.sub(lambda found: self._id(found[0]), text)
        for secret_form in _SECRETS:
            text = secret_form.sub(lambda found: found[1] + REDACTED, text)
        return text

    def _address(self, request: Request) -> str:
        """The path where the address is one of the upstream's own; a link as it is."""
        parts = urlsplit(request.url)
        if not parts.scheme or match_route(self._said, _method(request.method), parts.path) is None:
            return request.url
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def _headers(self, headers: Headers, body: str) -> Headers:
        kept = [(name.lower(), value) for name, value in headers if name.lower() in KEPT]
        return tuple(
            (name, REDACTED if name in SECRET_HEADERS else self._header(name, value, body)) for name, value in kept
        )

    def _header(self, name: str, value: str, body: str) -> str:
        """A length that was right stays so, though the body is another one now."""
        if name == "content-length" and value == str(len(body.encode())):
            return str(len(self.text(body).encode()))
        return self.text(value)

    def _link(self, found: re.Match[str]) -> str:
        link = _ESCAPED.sub(lambda one: chr(int(one[1], 16)) if one[1] else "/", found[0])
        scheme, _, rest = link.partition("://")
        if rest.startswith((f"{HOST}/", f"{INSIDE}/")):
            return link
        if link not in self._links:
            path = rest.partition("#")[0].partition("?")[0]
            suffix = _SUFFIX.search(path) if "/" in path else None
            name = f"{len(self._links) + 1:04}{suffix[0] if suffix else ''}"
            self._links[link] = f"{scheme.lower()}://{INSIDE if _is_inside(link) else HOST}/{name}"
        return self._links[link]

    def _learn(self, id_: str) -> None:
        if id_ in self._plain or id_ in self._ids or id_ in self._references:
            return
        self._id(id_)
        longest = sorted(self._ids, key=len, reverse=True)
        self._known = re.compile("|".join(_anywhere(one) for one in longest))

    def _id(self, id_: str) -> str:
        """The reference to an id: its last run of letters and digits counted anew, each by one of its own sort."""
        if id_ in self._references:
            return id_
        if id_ not in self._ids:
            last = _LAST_RUN.search(id_)
            start, run, end = (last.start(1), last[1], last[2]) if last else (len(id_), "", "")
            lead = 2 if start == 0 and len(run) > 2 else 0  # an id of one run is known by how it begins
            head, run = id_[: start + lead], run[lead:]
            kinds = [next(kind for kind in _CLASSES if sign in kind) for sign in run]
            free = (made for made in self._counted(head, kinds, end) if made not in self._references and made != id_)
            self._ids[id_] = next(free)
            self._references.add(self._ids[id_])
        return self._ids[id_]

    def _counted(self, head: str, kinds: list[str], end: str) -> Iterator[str]:
        form = head + "".join(kind[0] for kind in kinds) + end
        while True:
            number = self._counts[form] = self._counts.get(form, 0) + 1
            signs = []
            for kind in reversed(kinds):
                number, place = divmod(number, len(kind))
                signs.append(kind[place])
            over = f"-{number}" if number else ""  # more ids of a form than it has places for
            yield head + "".join(reversed(signs)) + over + end


def _anywhere(id_: str) -> str:
    """Where an id is found: a short one only as a word of its own."""
    found = re.escape(id_)
    return found if len(id_) >= LONG else rf"(?<![A-Za-z0-9]){found}(?![A-Za-z0-9])"


def _is_inside(link: str) -> bool:
    try:
        host = urlsplit(link).hostname or ""
    except ValueError:  # a bracket that is not closed
        return False
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


def _method(method: str) -> str:
    return "GET" if method == "HEAD" else method


def _ids_in(contract: Contract, exchange: Exchange) -> Iterator[str]:
    """Every id that an exchange tells in a place of ids."""
    if exchange.operation in _NAMED:
        return
    parts = urlsplit(exchange.request.url)
    found = match_route(contract, _method(exchange.request.method), parts.path)
    told: list[Any] = [*(found.params.values() if found else ())]
    told += _values(_json(exchange.request.body), _ASKED)
    told += _values(_json(exchange.response.body), contract.id_fields)
    for value in told:
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if len(text) >= LEAST and _WORD.fullmatch(text) and any(sign in digits for sign in text):
            yield text


def _values(value: Any, names: Iterable[str]) -> Iterator[Any]:
    """What stands under one of the names, however deep."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in names and not isinstance(inner, Mapping | list):
                yield inner
            else:
                yield from _values(inner, names)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, names)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
