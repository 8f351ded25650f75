"""Sends requests to an address: waits when it is told to, asks again where that cannot cost anything.

Says of a failure whether the request can have arrived. Keeps keys out of what is answered.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from seedmock_contracts.contract import Contract
from seedmock_contracts.exchange import REDACTED
from seedmock_server.http.in_process import BufferedResponse

from ..errors import HarnessError

MOST = 512 * 1024 * 1024
"""Bytes of an answer: the largest clips are far smaller."""
SHORTEST = 6
"""Characters of a key that is looked for in answers: a shorter one is a word like others."""
READ = 1 << 20
"""Bytes of an answer in which keys are looked for: what is longer is a clip."""
TRIES, WAITS = 3, 6
LONGEST_WAIT = 120.0
PATIENCE = 900.0
"""Seconds that one answer may take, however slowly it drips."""
FREE = ("GET", "HEAD")
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class InvalidBaseUrl(HarnessError, ValueError):
    """A base URL that is none: the message says what was found and what is allowed."""


class NoResponse(HarnessError):
    """No answer came; `sent` says whether the request may have arrived all the same."""

    def __init__(self, says: str, sent: bool) -> None:
        super().__init__(says)
        self.may_have_arrived = sent


class HttpTransport:
    """Sends what a speaker says to a base URL: the origin, or the origin and one of the upstream's prefixes."""

    def __init__(
        self,
        contract: Contract,
        base_url: str,
        keys: Mapping[str, str],
        client: httpx.Client,
        now: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._said = contract
        self.base_url = resolve_base_url(contract, base_url)
        secret = [re.escape(key) for word, key in keys.items() if word != "wrong" and len(key) >= SHORTEST]
        self._secret = re.compile(rf"(?<!\w)(?:{'|'.join(secret)})(?!\w)") if secret else None
        self._client, self._now, self._sleep = client, now, sleep

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
        """Raises NoAnswer."""
        where = self.url_for(url)
        for pause in self._pauses():
            answer = self._tried(method, where, headers, content)
            wait = _wait(answer, self._now()) if answer.status_code == 429 else None
            if wait is None or pause is None:
                return self._without_keys(answer)
            self._sleep(min(wait or pause, LONGEST_WAIT))
        raise AssertionError("the last pause is none")

    def url_for(self, url: str) -> str:
        """The whole address of a path."""
        return absolute_url(self._said, self.base_url, url)

    def _pauses(self) -> Iterator[float | None]:
        yield from (float(2**number) for number in range(WAITS))
        yield None

    def _tried(self, method: str, where: str, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
        for number in range(1, TRIES + 1):
            try:
                return self._asked(method, where, headers, content)
            except httpx.HTTPError as error:
                again = method in FREE and number < TRIES and not isinstance(error.__cause__, ssl.SSLError)
                if not again or _certificate(error):
                    raise NoResponse(describe_error(error, where), not isinstance(error, NOT_SENT)) from error
            except (httpx.InvalidURL, ValueError) as error:
                raise NoResponse(f"{_host(where)} cannot be asked: {error}", False) from error
            self._sleep(float(number))
        raise AssertionError("the last try answers or raises")

    def _asked(self, method: str, where: str, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
        since = self._now()
        with self._client.stream(method, where, headers=dict(headers), content=content) as answer:
            pieces, size = [], 0
            for piece in answer.iter_bytes():
                pieces.append(piece)
                size += len(piece)
                if size > MOST or self._now() - since > PATIENCE:
                    raise httpx.ReadError(f"the answer does not end: {size} bytes so far")
            return BufferedResponse(answer.status_code, answer.headers, b"".join(pieces))

    def _without_keys(self, answer: BufferedResponse) -> BufferedResponse:
        """Some upstreams repeat the key when they refuse it."""
        if self._secret is None:
            return answer
        headers = {name: self._secret.sub(REDACTED, value) for name, value in answer.headers.items()}
        content = answer.content
        if self._secret.search(content[:READ].decode("utf-8", "replace")):
            content = self._secret.sub(REDACTED, content.decode("utf-8", "replace")).encode()
        return BufferedResponse(answer.status_code, headers, content)


def absolute_url(contract: Contract, root: str, url: str) -> str:
    """The whole address of a path: below the root, or at the vendor's other host if that is where we are."""
    if not url.startswith("/"):
        return url
    first, *others = contract.bases
    if url.startswith(first.prefix + "/"):
        return root + url.removeprefix(first.prefix)
    parts = urlsplit(root)
    at_home = parts.hostname in {urlsplit(base.host).hostname for base in contract.bases}
    other = next((base for base in others if url.startswith(base.prefix + "/")), None)
    if at_home and other is not None:
        return other.host + url
    return f"{parts.scheme}://{parts.netloc}{url}"


def resolve_base_url(contract: Contract, base_url: str) -> str:
    """The address under which the endpoints' paths stand: a prefix of the upstream's is added to a bare origin.

    Raises InvalidAddress.
    """
    text = base_url.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or parts.username:
        raise InvalidBaseUrl(
            f"{base_url!r} is not a base URL; allowed: an origin such as {contract.bases[0].host}, without a query"
        )
    by_length = sorted(contract.bases, key=lambda base: -len(base.prefix))
    if any(parts.path.endswith(base.prefix) for base in by_length):
        return text
    prefix = next(
        (base.prefix for base in contract.bases if urlsplit(base.host).hostname == host), contract.bases[0].prefix
    )
    return text + prefix


def describe_error(error: httpx.HTTPError, where: str) -> str:
    """What kept an answer from coming, in one sentence."""
    host = _host(where)
    if _certificate(error):
        return f"{host} shows a TLS certificate that cannot be trusted: {_reason(error)}"
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        if "ssl" in str(error).lower() or "tls" in str(error).lower():
            return f"{host} does not speak TLS as it should: {_reason(error)}"
        return f"{host} cannot be reached: {_reason(error)}"
    if isinstance(error, httpx.TimeoutException):
        return f"{host} did not answer in time"
    return f"{host} broke off: {_reason(error)}"


def _certificate(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _host(where: str) -> str:
    """Only the host: the rest of a link may be a secret."""
    parts = urlsplit(where)
    return f"{parts.scheme}://{parts.netloc}"


def _wait(answer: BufferedResponse, now: float) -> float | None:
    """The seconds that Retry-After asks for, in either of its spellings; 0 where it is not there."""
    said = next((value for name, value in answer.headers.items() if name.lower() == "retry-after"), "")
    if said.strip().isdecimal():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - now)
    except (TypeError, ValueError):
        return 0.0
