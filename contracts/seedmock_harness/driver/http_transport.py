"""HTTP transport of the harness: waits after a 429, repeats requests that cannot cost anything, redacts keys.

Its errors say whether the request may have arrived.
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

MAX_RESPONSE_BYTES = 512 * 1024 * 1024
"""The largest clips are far smaller."""
MIN_KEY_CHARS = 6
"""Shorter keys are not redacted: they are likely to occur as words of their own."""
MAX_REDACTED_BYTES = 1 << 20
"""A longer response body is a clip, in which no key is looked for."""
# Six waits of 1 to 32 s make 63 s: a gateway's limit a minute (new-api) is over by then, without a Retry-After too.
MAX_TRIES, MAX_RATE_LIMIT_WAITS = 3, 6
# The OpenAI SDKs honour no longer Retry-After either.
MAX_WAIT_SECONDS = 120.0
MAX_RESPONSE_SECONDS = 900.0
"""However slowly the bytes of one response come."""
# A repeated order whose response was lost is a second paid task (agent-media-app#4, Draftdeckai#1067).
REPEATABLE_METHODS = ("GET", "HEAD")
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""Exceptions of httpx that come before the request is sent."""


class InvalidBaseUrl(HarnessError, ValueError):
    """A malformed base URL; the message has the value and what is allowed."""


class NoResponse(HarnessError):
    """A request got no complete response; `may_have_arrived` is False if it was certainly not sent."""

    def __init__(self, message: str, may_have_arrived: bool) -> None:
        super().__init__(message)
        self.may_have_arrived = may_have_arrived


class _IncompleteBody(httpx.RemoteProtocolError):
    """The connection was closed in the middle of a body; `response` has the bytes that came."""

    def __init__(self, message: str, response: BufferedResponse) -> None:
        super().__init__(message)
        self.response = response


class HttpTransport:
    """Sends the requests of a driver to a base URL: an origin, with or without one of the upstream's prefixes."""

    def __init__(
        self,
        contract: Contract,
        base_url: str,
        keys: Mapping[str, str],
        client: httpx.Client,
        now: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._contract = contract
        self.base_url = resolve_base_url(contract, base_url)
        # The wrong key is made up, and errors may show it.
        secrets = [re.escape(key) for caller, key in keys.items() if caller != "wrong" and len(key) >= MIN_KEY_CHARS]
        self._secrets = re.compile(rf"(?<!\w)(?:{'|'.join(secrets)})(?!\w)") if secrets else None
        self._client, self._now, self._sleep = client, now, sleep

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
        """Send a request; waits and repeats after a 429. Raises NoResponse."""
        absolute = self.url_for(url)
        # Orders as well: a 429 has accepted nothing.
        for pause in self._pauses():
            response = self._send_with_retries(method, absolute, headers, content)
            wait = _retry_after(response, self._now()) if response.status_code == 429 else None
            if wait is None or pause is None:
                return self._redact(response)
            self._sleep(min(wait or pause, MAX_WAIT_SECONDS))
        raise AssertionError("the last pause is None")

    def url_for(self, url: str) -> str:
        """The absolute URL of a path."""
        return absolute_url(self._contract, self.base_url, url)

    def _pauses(self) -> Iterator[float | None]:
        yield from (float(2**number) for number in range(MAX_RATE_LIMIT_WAITS))
        yield None

    def _send_with_retries(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
        for number in range(1, MAX_TRIES + 1):
            try:
                return self._send(method, url, headers, content)
            except _IncompleteBody as error:
                if method not in REPEATABLE_METHODS:
                    raise NoResponse(describe_error(error, url), True) from error
                if number > 1:  # cut again: that is what the upstream has to say, and the checks judge it
                    return error.response
            except httpx.HTTPError as error:
                # A certificate is no other one at the next try.
                is_last = method not in REPEATABLE_METHODS or number == MAX_TRIES
                if is_last or isinstance(error.__cause__, ssl.SSLError) or _is_certificate_error(error):
                    raise NoResponse(describe_error(error, url), not isinstance(error, NOT_SENT)) from error
            except (httpx.InvalidURL, ValueError) as error:
                raise NoResponse(f"a request to {_origin(url)} cannot be sent: {error}", False) from error
            self._sleep(float(number))
        raise AssertionError("the last try returns or raises")

    def _send(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> BufferedResponse:
        since = self._now()
        with self._client.stream(method, url, headers=dict(headers), content=content) as response:
            chunks, size = [], 0
            try:
                for chunk in response.iter_bytes():
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > MAX_RESPONSE_BYTES or self._now() - since > MAX_RESPONSE_SECONDS:
                        raise httpx.ReadError(f"the response does not end: {size} bytes so far")
            except httpx.RemoteProtocolError as error:
                partial = BufferedResponse(response.status_code, response.headers, b"".join(chunks))
                raise _IncompleteBody(str(error), partial) from error
            return BufferedResponse(response.status_code, response.headers, b"".join(chunks))

    def _redact(self, response: BufferedResponse) -> BufferedResponse:
        """Redact keys in a response: some upstreams repeat an invalid key in their error."""
        if self._secrets is None:
            return response
        headers = {name: self._secrets.sub(REDACTED, value) for name, value in response.headers.items()}
        content = response.content
        if self._secrets.search(content[:MAX_REDACTED_BYTES].decode("utf-8", "replace")):
            content = self._secrets.sub(REDACTED, content.decode("utf-8", "replace")).encode()
        return BufferedResponse(response.status_code, headers, content)


def absolute_url(contract: Contract, base_url: str, url: str) -> str:
    """Make a path absolute: below the base URL, or on the vendor's other host if the base URL is the vendor's own."""
    if not url.startswith("/"):
        return url
    first, *others = contract.bases
    if url.startswith(first.prefix + "/"):
        return base_url + url.removeprefix(first.prefix)
    parts = urlsplit(base_url)
    is_vendor = parts.hostname in {urlsplit(base.host).hostname for base in contract.bases}
    other = next((base for base in others if url.startswith(base.prefix + "/")), None)
    if is_vendor and other is not None:
        return other.host + url
    return f"{parts.scheme}://{parts.netloc}{url}"


def resolve_base_url(contract: Contract, base_url: str) -> str:
    """Add the upstream's prefix to a base URL that has none. Raises InvalidBaseUrl."""
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
    if any(parts.path.endswith(base.prefix) for base in contract.bases):
        return text
    prefix = next(
        (base.prefix for base in contract.bases if urlsplit(base.host).hostname == host), contract.bases[0].prefix
    )
    return text + prefix


def describe_error(error: httpx.HTTPError, url: str) -> str:
    """Describe in one sentence why a request got no response."""
    origin = _origin(url)
    if _is_certificate_error(error):
        return f"{origin} has a TLS certificate that cannot be trusted: {_reason(error)}"
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        if "ssl" in str(error).lower() or "tls" in str(error).lower():
            return f"{origin} failed the TLS handshake: {_reason(error)}"
        return f"{origin} cannot be reached: {_reason(error)}"
    if isinstance(error, httpx.TimeoutException):
        return f"{origin} did not respond in time"
    return f"{origin} closed the connection: {_reason(error)}"


def _is_certificate_error(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _origin(url: str) -> str:
    """Scheme and host of a URL: the rest of a link may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _retry_after(response: BufferedResponse, now: float) -> float:
    """Seconds in Retry-After, which is a number or a date; 0 if there is none."""
    value = next((value for name, value in response.headers.items() if name.lower() == "retry-after"), "")
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (TypeError, ValueError):
        return 0.0
