"""Lets code with hard-wired hosts run unchanged: what httpx sends to a real host goes to the emulator instead.

The answers come over the emulator's own socket, so that hangs, resets and cut bodies are what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import respx

from .network_guard import HOSTS
from .upstreams import Upstreams

MOCK = "Bearer sk_mock_"


@contextmanager
def redirected(upstreams: Upstreams) -> Iterator[respx.MockRouter]:
    """Bend every real host to the emulator while the block lasts; `router.calls` are the calls that were bent.

    A key that is no mock key is taken for this test's. Other hosts are left alone.
    """
    bend = _bender(upstreams)
    # On httpx' own level, where a request that is passed on may still be changed.
    with respx.mock(using="httpx", assert_all_called=False) as router:
        for host in HOSTS:
            router.route(host=host).mock(side_effect=bend)
        router.route().pass_through()
        yield router


def _bender(upstreams: Upstreams) -> Any:
    origin = httpx.URL(upstreams.url)

    def bend(request: httpx.Request) -> httpx.Request:
        request.url = request.url.copy_with(scheme=origin.scheme, host=origin.host, port=origin.port)
        # Result links are made from the Host: like this they can be fetched with anything.
        request.headers["Host"] = origin.netloc.decode()
        key = request.headers.get("Authorization", "")
        if key.startswith("Bearer ") and not key.startswith(MOCK):
            request.headers["Authorization"] = f"Bearer {upstreams.api_key}"
        return request

    return bend
