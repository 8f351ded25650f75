"""nginx in front of the emulator, below a path prefix: what clients see through the proxy that is found most often."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.server.conftest import Server

from seedmock_server import serve
from seedmock_server.clock import ManualClock

pytestmark = pytest.mark.slow
CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{}}
http {{
  access_log off; client_max_body_size 0;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location /mock/ {{
      proxy_pass {url}/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Prefix /mock;
    }}
  }}
}}
"""


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[Server]:
    """An emulator as clients see it behind nginx."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if nginx is None:
        assert not os.environ.get("CI"), "nginx is not installed"
        pytest.skip("nginx is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    clock = ManualClock()
    with serve(pace="instant", seed=1, clock=clock) as server:
        path = tmp_path / "nginx.conf"
        path.write_text(CONFIGURATION.format(folder=tmp_path, port=port, url=server.url))
        with subprocess.Popen([nginx, "-c", path, "-p", tmp_path], stderr=subprocess.PIPE, text=True) as process:
            try:
                wait_for(port, process)
                with httpx.Client(base_url=f"http://127.0.0.1:{port}/mock", timeout=10, trust_env=False) as client:
                    yield Server(client.request, f"http://127.0.0.1:{port}/mock", clock)
            finally:
                process.kill()  # a SIGTERM just after its start is lost where nginx is a single process


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    """Wait until nginx listens."""
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.05):
            return
        assert process.poll() is None, process.stderr and process.stderr.read()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    pytest.fail("nginx does not listen")


def test_links_lead_through_the_proxy_to_the_clip_and_its_parts(proxied: Server) -> None:
    (link,) = proxied.query_apimodels(proxied.order_apimodels())["resultUrls"]
    assert link.startswith(f"{proxied.origin}/_mock/results/")
    clip = httpx.get(link).content
    part = httpx.get(link, headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content, clip[4:8]) == (206, b"ftyp", b"ftyp")
    assert part.headers["content-range"] == f"bytes 4-7/{len(clip)}"
    entry = proxied.journal()[-2]
    assert entry["download"] == {**entry["download"], "sent": len(clip), "whole": True}


def test_an_upload_is_used_by_its_link_of_the_proxy(proxied: Server, picture: Callable[..., bytes]) -> None:
    content = picture()
    url = proxied.post_file(content)
    assert url.startswith(f"{proxied.origin}/_mock/files/")
    assert httpx.get(url).content == content
    task = proxied.order_apimodels(input={"prompt": "A paper boat", "images": [{"url": url, "role": "first_frame"}]})
    assert proxied.query_apimodels(task)["state"]


def test_refusals_and_faults_pass_the_proxy(proxied: Server) -> None:
    assert "error" in proxied.post("/v1/videos", {}).json()
    slow = proxied.get("/v1/models", headers={"X-Mock-Fault": "status code=429 retry_after=7"})
    assert (slow.status_code, slow.headers["retry-after"]) == (429, "7")
    content = f"/v1/videos/{proxied.order_opeai()}/content"
    with pytest.raises(httpx.RemoteProtocolError):
        proxied.get(content, headers={"X-Mock-Fault": "body_cut at=1000"})
    assert proxied.get(content, headers={"X-Mock-Fault": "reset"}).status_code == 502
