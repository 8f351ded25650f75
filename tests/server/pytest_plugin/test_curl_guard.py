"""pycurl, whose connections no Python function sees: naming a real host to it raises, guarded or redirected."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from seedmock_server.testing import mocked
from seedmock_server.testing.interception import LibraryNotRedirected
from seedmock_server.testing.network_guard import LiveHostReached, NetworkGuard

LIVE = "https://apimodels.app/api/v1/models"


class Curl:
    """As in pycurl, as far as the guard sees it: options are set one by one."""

    def __init__(self) -> None:
        self.options: dict[int, Any] = {}

    def setopt(self, option: int, value: Any) -> None:
        self.options[option] = value


@pytest.fixture
def pycurl(monkeypatch: pytest.MonkeyPatch) -> Any:
    module: Any = ModuleType("pycurl")
    module.Curl, module.URL, module.TIMEOUT = Curl, 10002, 13
    monkeypatch.setitem(sys.modules, "pycurl", module)
    return module


@pytest.mark.parametrize("url", [LIVE, LIVE.encode(), "HTTPS://APIMODELS.APP:443/"])
def test_the_guard_raises_for_a_real_host(pycurl: Any, url: Any) -> None:
    with NetworkGuard("the test"):
        curl = pycurl.Curl()
        curl.setopt(pycurl.TIMEOUT, 3)
        with pytest.raises(LiveHostReached, match=r"apimodels\.app, a real host of apimodels; nothing was sent"):
            curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.URL, "http://127.0.0.1:8000/")
    assert curl.options == {13: 3, 10002: "http://127.0.0.1:8000/"}
    assert pycurl.Curl is Curl


def test_under_redirected_hosts_a_real_host_raises_in_one_sentence(pycurl: Any) -> None:
    with mocked() as upstreams, upstreams.redirect_hosts(), pytest.raises(LibraryNotRedirected, match="libcurl cannot"):
        pycurl.Curl().setopt(pycurl.URL, LIVE)
