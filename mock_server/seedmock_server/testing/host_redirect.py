"""Redirection of httpx requests for the real hosts to the emulator, for code with hard-wired hosts.

Responses come over the emulator's own socket, so that faults on the connection are real.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import respx

from .network_guard import HOSTS
from .upstreams import EmulatedUpstreams

MOCK_KEY = "Bearer sk_mock_"


@contextmanager
def redirect_hosts(upstreams: EmulatedUpstreams) -> Iterator[respx.MockRouter]:
    """Redirect every real host to the emulator while the block lasts; `router.calls` are the redirected requests.

    A key that is not a mock key is replaced by this test's. Other hosts are left alone.
    """
    redirect = _redirector(upstreams)
    # On the level of httpx, not httpcore: there a request that passes through can still be changed.
    with respx.mock(using="httpx", assert_all_called=False) as router:
        for host in HOSTS:
            router.route(host=host).mock(side_effect=redirect)
        router.route().pass_through()
        yield router


def _redirector(upstreams: EmulatedUpstreams) -> Callable[[httpx.Request], httpx.Request]:
    origin = httpx.URL(upstreams.url)

    def redirect(request: httpx.Request) -> httpx.Request:
        request.url = request.url.copy_with(scheme=origin.scheme, host=origin.host, port=origin.port)
        # Result links are made from the Host header: with the emulator's they work in any library.
        request.headers["Host"] = origin.netloc.decode()
        key = request.headers.get("Authorization", "")
        if key.startswith("Bearer ") and not key.startswith(MOCK_KEY):
            request.headers["Authorization"] = f"Bearer {upstreams.api_key}"
        return request

    return redirect
