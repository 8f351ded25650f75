"""Redact exchanges before they are stored: remove keys, and replace ids and links by references of the same form.

Stateful over one recording: the same original always gets the same reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from msgspec.structs import replace

from .contract import Contract
from .endpoints import match_route
from .enums import Operation
from .exchange import REDACTED, SECRET_HEADERS, Exchange, Headers, Request, Response

STORED_HEADERS = frozenset(
    {
        *("content-type", "content-length", "content-range", "content-encoding", "accept-ranges", "etag"),
        *("cache-control", "retry-after", "allow", "location", "date", "range", "x-mock-basis"),
        # Without these a recorded verification confirmed fewer facts than the live one.
        *("if-match", "if-none-match", "if-range", "if-modified-since", "if-unmodified-since"),
        "authorization",
    }
)
"""Headers that a recording contains, in lower case; `authorization` shows only that a key was sent."""
PUBLIC_HOST = "link.invalid"
"""Replaces every public host; the top-level domain `invalid` never resolves."""
PRIVATE_HOST = "192.0.2.1"
"""Replaces every private or reserved address, and is reserved itself: upstreams refuse links to such addresses."""
MIN_ID_LENGTH = 6
"""Length from which a word in an id's place is redacted; shorter ones are page numbers and the like."""
MIN_EMBEDDED_ID_LENGTH = 12
"""Length from which an id is also redacted inside longer words."""

_COMMON_ID = re.compile(
    r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b|\b(?:task|video|asset|file)_[A-Za-z0-9]{8,}"
)
"""Ids in the form of any service, such as a gateway in between; those of the upstream are in its contract."""
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9]")
_LAST_RUN = re.compile(r"([A-Za-z0-9]+)([^A-Za-z0-9]*)\Z")
_URL = re.compile(r"""https?:(?:\\*/){2}(?:\\+/|\\+u[0-9a-fA-F]{4}|[^\s"'<>\\`])+""", re.IGNORECASE)
_ESCAPED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|(/))")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{2,5}\Z")
# Each has a first group, empty or not, that stays in the text.
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
_ALPHABETS = (ascii_lowercase, ascii_uppercase, digits)
_WITHOUT_IDS = frozenset({Operation.MODELS, Operation.BALANCE})
"""Operations whose `id` fields contain names, such as those of models."""


class Redactor:
    """Redacts the exchanges of one recording in their order. `secrets` are API keys to remove wherever they occur."""

    def __init__(self, contract: Contract, secrets: Iterable[str] = ()) -> None:
        self._contract = contract
        # The longest first: one key can be the beginning of another.
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._reference_by_id: dict[str, str] = {}
        self._references: set[str] = set()
        self._links: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._registered_ids: re.Pattern[str] | None = None
        spellings = (spelling.spelling for spelling in contract.status_spellings)
        self._public_words = {*(model.name for model in contract.models), *spellings}

    def add_secret(self, secret: str) -> None:
        """Remove this key from all following exchanges."""
        if secret and secret not in self._secrets:
            self._secrets = sorted([*self._secrets, secret], key=len, reverse=True)

    def redact(self, exchange: Exchange) -> Exchange:
        """Redact an exchange; redacting the result again changes nothing."""
        for id_ in _ids_in(self._contract, exchange):
            self._register(id_)
        request, response = exchange.request, exchange.response
        return replace(
            exchange,
            request=Request(
                request.method,
                self.redact_text(self._own_path(request)),
                self._headers(request.headers, request.body),
                self.redact_text(request.body),
            ),
            response=Response(
                response.status,
                self._headers(response.headers, response.body),
                self.redact_text(response.body),
                response.media,
            ),
        )

    def redact_text(self, text: str) -> str:
        """Remove keys from a text, and replace its ids and links."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        # Links before ids: a link that contains an id becomes one reference as a whole.
        text = _URL.sub(self._link, text)
        if self._registered_ids is not None:
            text = self._registered_ids.sub(lambda match: self._reference_by_id[match[0]], text)
        text = _COMMON_ID.sub(lambda match: self._reference(match[0]), text)
        if self._contract.ids_in_text is not None:
            text = self._contract.ids_in_text.sub(self._own_id, text)
        for pattern in _SECRETS:
            text = pattern.sub(lambda match: match[1] + REDACTED, text)
        return text

    def _own_id(self, match: re.Match[str]) -> str:
        # A number can stand for anything; where it is an id, it was registered by its key.
        return match[0] if match[0].isdecimal() else self._reference(match[0])

    def _own_path(self, request: Request) -> str:
        """Path of a request to the upstream itself; any other URL unchanged."""
        parts = urlsplit(request.url)
        if not parts.scheme or match_route(self._contract, _routed_method(request.method), parts.path) is None:
            return request.url
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def _headers(self, headers: Headers, body: str) -> Headers:
        stored = [(name.lower(), value) for name, value in headers if name.lower() in STORED_HEADERS]
        return tuple(
            (name, REDACTED if name in SECRET_HEADERS else self._header(name, value, body)) for name, value in stored
        )

    def _header(self, name: str, value: str, body: str) -> str:
        # A correct length stays correct although redaction changes the body; a wrong one stays wrong.
        if name == "content-length" and value == str(len(body.encode())):
            return str(len(self.redact_text(body).encode()))
        return self.redact_text(value)

    def _link(self, match: re.Match[str]) -> str:
        link = _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)) if escaped[1] else "/", match[0])
        scheme, _, rest = link.partition("://")
        if rest.startswith((f"{PUBLIC_HOST}/", f"{PRIVATE_HOST}/")):
            return link
        if link not in self._links:
            path = rest.partition("#")[0].partition("?")[0]
            suffix = _SUFFIX.search(path) if "/" in path else None
            name = f"{len(self._links) + 1:04}{suffix[0] if suffix else ''}"
            self._links[link] = f"{scheme.lower()}://{PRIVATE_HOST if _is_private(link) else PUBLIC_HOST}/{name}"
        return self._links[link]

    def _register(self, id_: str) -> None:
        if id_ in self._public_words or id_ in self._reference_by_id or id_ in self._references:
            return
        if _is_placeholder(id_):
            return
        self._reference(id_)
        # Of alternatives a pattern takes the first that fits, and one id can be the beginning of another.
        longest_first = sorted(self._reference_by_id, key=len, reverse=True)
        self._registered_ids = re.compile("|".join(_id_pattern(registered) for registered in longest_first))

    def _reference(self, id_: str) -> str:
        """Reference for an id: its last run of letters and digits becomes a number in the same alphabets."""
        if id_ in self._references:
            return id_
        if id_ not in self._reference_by_id:
            last = _LAST_RUN.search(id_)
            start, run, end = (last.start(1), last[1], last[2]) if last else (len(id_), "", "")
            lead = 2 if start == 0 and len(run) > 2 else 0  # an id of one run is recognised by its first two characters
            head, run = id_[: start + lead], run[lead:]
            alphabets = [next(alphabet for alphabet in _ALPHABETS if char in alphabet) for char in run]
            if id_.isdecimal():  # counted from the top: numbers that an upstream counts begin at the bottom
                alphabets = [digits[::-1]] * len(run)
            numbered = self._numbered(head, alphabets, end)
            reference = next(text for text in numbered if text not in self._references and text != id_)
            self._reference_by_id[id_] = reference
            self._references.add(reference)
        return self._reference_by_id[id_]

    def _numbered(self, head: str, alphabets: list[str], end: str) -> Iterator[str]:
        form = head + "".join(alphabet[0] for alphabet in alphabets) + end
        while True:
            number = self._counts[form] = self._counts.get(form, 0) + 1
            chars = []
            for alphabet in reversed(alphabets):
                number, digit = divmod(number, len(alphabet))
                chars.append(alphabet[digit])
            overflow = f"-{number}" if number else ""  # more ids of this form than its characters can count
            yield head + "".join(reversed(chars)) + overflow + end


def _is_placeholder(id_: str) -> bool:
    """Tell whether a number has nines only: requests for an id that does not exist keep it, so that they are found."""
    return len(id_) > 6 and set(id_) == {"9"}


def _id_pattern(id_: str) -> str:
    """Pattern for the occurrences of an id; a short one only matches as a whole word."""
    pattern = re.escape(id_)
    return pattern if len(id_) >= MIN_EMBEDDED_ID_LENGTH else rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"


def _is_private(link: str) -> bool:
    try:
        host = urlsplit(link).hostname or ""
    except ValueError:  # an IPv6 bracket that is not closed
        return False
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


def _routed_method(method: str) -> str:
    # Contracts list no HEAD, which is to be answered as GET is (fact NAME.content.head).
    return "GET" if method == "HEAD" else method


def _ids_in(contract: Contract, exchange: Exchange) -> Iterator[str]:
    """Find the ids in the path, the request and the response of an exchange."""
    if exchange.operation in _WITHOUT_IDS:
        return
    parts = urlsplit(exchange.request.url)
    route = match_route(contract, _routed_method(exchange.request.method), parts.path)
    values: list[Any] = [*(route.params.values() if route else ())]
    names = _id_names(contract)
    values += [value for name, value in parse_qsl(parts.query) if name in names]
    values += _values_of(_parse_json(exchange.request.body), names)
    values += _values_of(_parse_json(exchange.response.body), names)
    for value in values:
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if len(text) >= MIN_ID_LENGTH and _WORD.fullmatch(text) and any(char in digits for char in text):
            yield text


def _id_names(contract: Contract) -> frozenset[str]:
    """Keys and parameters with ids of tasks and assets, and generated names. A response can repeat the request's."""
    in_requests = (contract.id_parameter(endpoint.operation) for endpoint in contract.endpoints)
    in_responses = (path.rpartition(".")[2] for path in contract.response.id_paths)
    generated = contract.response.path("group_name").rpartition(".")[2]
    return frozenset({*in_requests, *in_responses, generated} - {""})


def _values_of(value: Any, names: Iterable[str]) -> Iterator[Any]:
    """Scalar values of keys with one of these names, at any depth."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in names and not isinstance(inner, Mapping | list):
                yield inner
            else:
                yield from _values_of(inner, names)
    elif isinstance(value, list):
        for inner in value:
            yield from _values_of(inner, names)


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
