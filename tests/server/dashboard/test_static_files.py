"""Files of the page: headers, conditional requests, weight, and who may have them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from seedmock_server.clock import stopwatch
from seedmock_server.dashboard import static_files

FOLDER = Path(static_files.__file__).with_name("static")
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())
MAX_WEIGHT = 150 * 1024
TOKEN = {"control_token": "correct horse"}


@pytest.fixture
def page(start_server: Any) -> Any:
    server = start_server()
    return lambda path="", **options: server.ask(options.pop("method", "GET"), f"/_mock/{path}", key=None, **options)


def test_the_shell_is_html_that_nothing_may_store_or_frame(page: Any) -> None:
    response = page()
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert response.headers["cache-control"] == "no-store"
    policy = response.headers["content-security-policy"]
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(
        policy.split("; ")
    )
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"


def test_nothing_in_the_files_is_inline_or_comes_from_elsewhere() -> None:
    shell = (FOLDER / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", shell)
    texts = (".js", ".css", ".html")
    own = [FOLDER / name for name in FILES if not name.startswith("vendor/") and name.endswith(texts)]
    assert len(own) > 15
    for path in own:
        # A scenario's links begin with https://, and the page shows no others.
        assert not re.search(r"https?://(?!www\.w3\.org|\"\)\))", path.read_text()), path.name
        assert not re.search(r"[iI]nnerHTML|outerHTML|\beval\(|new Function", path.read_text()), path.name


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_served_with_its_type_and_asked_for_again(page: Any, name: str) -> None:
    response = page(f"page/{name}")
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-cache")
    assert response.headers["content-type"] == static_files.MEDIA_TYPES[Path(name).suffix]
    assert response.content == (FOLDER / name).read_bytes()
    again = page(f"page/{name}", headers={"If-None-Match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = page(f"page/{name}", method="HEAD")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(response.content)))


@pytest.mark.parametrize("path", ["page/", "page/nothing.js", "page/../static_files.py", "page/%2e%2e/static_files.py"])
def test_there_is_no_other_file(page: Any, path: str) -> None:
    assert page(path).status_code == 404


def test_the_page_is_read_only(page: Any) -> None:
    assert page(method="POST").headers["allow"] == "GET, HEAD"


def test_the_whole_page_is_light_and_quick() -> None:
    names = [name for name in FILES if not name.endswith(".txt")]
    sent: list[bytes] = []

    async def collect(message: Any) -> None:
        sent.append(message.get("body", b""))

    async def load() -> None:
        page = static_files.StaticFiles()
        for path in (static_files.SHELL, *(static_files.FILES + name for name in names)):
            await page({"path": path, "method": "GET", "headers": []}, collect, collect)  # type: ignore[arg-type]

    static_files._files.cache_clear()
    start = stopwatch()
    asyncio.run(load())
    assert stopwatch() - start < 0.1
    assert 40_000 < sum(map(len, sent)) < MAX_WEIGHT


def test_the_page_is_for_this_machine_unless_there_is_a_token(start_server: Any) -> None:
    foreign = {"Host": "rebound.example"}
    assert start_server().get("/_mock/", key=None, headers=foreign).status_code == 403
    server = start_server(**TOKEN)
    assert server.get("/_mock/", key=None, headers=foreign).status_code == 200
    assert server.get("/_mock/page/app.js", key=None).status_code == 200
    assert server.get("/_mock/tasks", key=None).status_code == 401


def test_a_link_on_another_site_may_open_the_page_and_read_nothing(start_server: Any) -> None:
    server = start_server()
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert server.get("/_mock/", key=None, headers=link).status_code == 200
    assert server.get("/_mock/tasks", key=None, headers=link).status_code == 403


def test_a_browser_can_change_something_only_with_the_header_of_the_page(start_server: Any) -> None:
    server = start_server()
    own = {"Origin": server.origin, "Sec-Fetch-Site": "same-origin"}
    refused = server.post("/_mock/reset", {}, key=None, headers=own)
    assert (refused.status_code, refused.json()["error"]["field"]) == (403, "X-Mock-Page")
    assert server.post("/_mock/reset", {}, key=None, headers={**own, "X-Mock-Page": "1"}).status_code == 200
    assert server.post("/_mock/reset", {}, key=None).status_code == 200  # curl
    foreign = {"Origin": "https://evil.example", "X-Mock-Page": "1"}
    assert server.post("/_mock/reset", {}, key=None, headers=foreign).status_code == 403
