"""Requests to a control API, and its errors as exceptions."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Any, TypeVar

import httpx
import msgspec

from ..errors import SeedmockServerError
from ..http.in_process import Asgi, InProcessTransport

T = TypeVar("T")
TIMEOUT = httpx.Timeout(30.0)
IN_PROCESS_URL = "http://127.0.0.1"


class ControlClientError(SeedmockServerError):
    """Failed call of the control API. `status`: of the HTTP response, 0 without one."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class RequestRejected(ControlClientError, ValueError):
    """Request that the control API rejected. `field` and `allowed` say in data what the message says in words."""

    def __init__(self, message: str, status: int = 0, field: str | None = None, allowed: Sequence[str] = ()) -> None:
        super().__init__(message, status)
        self.field = field
        self.allowed = tuple(allowed)


class EmulatorNotRunning(ControlClientError):
    """No emulator answers at the address."""


class ControlTransport:
    """Sends requests to the control API at a URL. Every method raises ControlClientError."""

    def __init__(self, url: str, token: str | None = None, transport: httpx.BaseTransport | None = None) -> None:
        address = httpx.URL(url)
        if address.scheme not in ("http", "https") or not address.host:
            raise ControlClientError(f"url is {url!r}; allowed: an address such as http://127.0.0.1:8000")
        self.url = str(address.copy_with(path="/", query=None, fragment=None)).rstrip("/")
        self._headers = {} if token is None else {"X-Mock-Token": token}
        # A transport, not an httpx.Client: no proxy of the environment, and no patch of a test, can get in the way.
        self._transport = transport or _connections(address.scheme)

    @classmethod
    def in_process(cls, app: Asgi, token: str | None = None) -> ControlTransport:
        """Return a transport to an application in this process, served or not."""
        return cls(IN_PROCESS_URL, token, InProcessTransport(app))

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def call(self, method: str, path: str, returns: type[T], body: Any = None, **query: Any) -> T:
        """Send a JSON body, and decode the JSON of the response."""
        response = self.request(method, path, None if body is None else msgspec.json.encode(body), **query)
        try:
            return msgspec.json.decode(response.content, type=returns)
        except msgspec.DecodeError as error:
            raise ControlClientError(f"{response.url} is not a seedmock control API: {error}") from error

    def request(self, method: str, path: str, content: bytes | None = None, **query: Any) -> httpx.Response:
        """Send a request; a query parameter of None is left out, and `key` goes into a header: URLs are logged."""
        key = query.pop("key", None)
        request = httpx.Request(
            method,
            f"{self.url}/_mock/{path}",
            params={name: value for name, value in query.items() if value is not None},
            headers=self._headers if key is None else {**self._headers, "X-Mock-Key": key},
            content=content,
            extensions={"timeout": TIMEOUT.as_dict()},
        )
        try:
            response = self._transport.handle_request(request)
            response.request = request
            response.read()
        except httpx.TransportError as error:
            message = f"no emulator answers at {self.url} ({error}); start one: seedmock serve"
            raise EmulatorNotRunning(message) from error
        if response.is_error:
            raise _error_from(response)
        return response


def _connections(scheme: str) -> httpx.HTTPTransport:
    # To load certificates takes longer than any call. Without TLS none is needed: this context trusts none.
    verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if scheme == "http" else True
    return httpx.HTTPTransport(verify=verify, trust_env=False)


def _error_from(response: httpx.Response) -> ControlClientError:
    status = response.status_code
    try:
        error = response.json()["error"]
        return RequestRejected(error["message"], status, error.get("field"), error.get("allowed") or ())
    except (ValueError, KeyError, TypeError, AttributeError):
        return ControlClientError(f"{response.url} is not a seedmock control API: it answered HTTP {status}", status)
