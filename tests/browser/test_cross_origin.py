"""A page of another origin in a real browser: an order, polls and a part of its clip; nothing without permission."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from seedmock_server import serve

from .browsers import CHROMIUM

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "browser-applications.md"
PAGE = b"<!doctype html><title>app</title>"
ORDER = {"model": "seedance-2-0-fast", "prompt": "A paper boat", "size": "640x640", "seconds": "4"}
APPLICATION = """
async ([base, order]) => {
  const headers = {"Authorization": "Bearer sk_browser", "Content-Type": "application/json", "X-Mock-Advance": "1s"}
  const created = await fetch(base + "/v1/videos", {method: "POST", headers, body: JSON.stringify(order)})
  const id = (await created.json()).id
  let status = ""
  for (let polls = 0; status !== "SUCCESS" && polls < 9; polls++) {
    status = (await (await fetch(base + "/v1/videos/" + id, {headers})).json()).status
  }
  const part = await fetch(base + "/v1/videos/" + id + "/content", {headers: {...headers, "Range": "bytes=4-7"}})
  const refused = await fetch(base + "/v1/videos", {method: "POST", headers, body: "{}"})
  return {
    status, code: part.status, text: await part.text(), range: part.headers.get("Content-Range"),
    tag: part.headers.get("ETag"), refused: refused.status, error: await refused.json(),
  }
}
"""
REACHES = "([url, options]) => fetch(url, options).then(() => 'reached', error => error.name)"


class Application(BaseHTTPRequestHandler):
    """The origin of the page: another port is another origin."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Application) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def page(browsers: Callable[[str], Any], origin: str) -> Iterator[Any]:
    """A page of the application in Chromium."""
    opened = browsers(CHROMIUM).new_page()
    opened.goto(origin)
    yield opened
    opened.close()


def test_the_example_of_the_guide_orders_a_clip(page: Any, origin: str) -> None:
    example = GUIDE.read_text(encoding="utf-8").partition("```js\n// order.js\n")[2].partition("```")[0]
    with serve(pace="instant", seed=1, cors=(origin,)) as server:
        task = page.evaluate(f"async ([base, key]) => {{ {example}; return id }}", [server.url, "sk_browser"])
    assert str(task).startswith("cgt-")


def test_a_browser_application_orders_polls_and_reads_a_range(page: Any, origin: str) -> None:
    with serve(pace="instant", seed=1, cors=(origin,)) as server:
        result = page.evaluate(APPLICATION, [server.url, ORDER])
        assert (result["status"], result["code"], result["text"]) == ("SUCCESS", 206, "ftyp")
        assert result["range"].startswith("bytes 4-7/")
        assert result["tag"]
        assert (result["refused"], set(result["error"])) == (400, {"error"})


def test_without_permission_the_browser_refuses_and_the_journal_says_why(page: Any, origin: str) -> None:
    with serve(pace="instant", seed=1) as server:
        options = {"method": "POST", "headers": {"Authorization": "Bearer sk_browser"}, "body": json.dumps(ORDER)}
        assert page.evaluate(REACHES, [f"{server.url}/v1/videos", options]) == "TypeError"
        entry = page.request.get(f"{server.url}/_mock/journal").json()["exchanges"][-1]
        assert entry["method"] == "OPTIONS"
        assert f"`--cors {origin}` allows it" in entry["notes"][-1]


def test_no_page_reaches_the_control_api_whatever_is_allowed(page: Any) -> None:
    with serve(pace="instant", seed=1, cors=("*",)) as server:
        assert (
            page.evaluate(REACHES, [f"{server.url}/v1/models", {"headers": {"Authorization": "Bearer k"}}]) == "reached"
        )
        for path in ("health", "tasks", "clock"):
            assert page.evaluate(REACHES, [f"{server.url}/_mock/{path}", {}]) == "TypeError"
        assert page.evaluate(REACHES, [f"{server.url}/_mock/reset", {"method": "POST"}]) == "TypeError"


FORM = """
([url, type]) => {
  const form = Object.assign(document.createElement("form"), {method: "post", action: url, enctype: type})
  form.append(Object.assign(document.createElement("input"), {name: '{"rate": 9, "x": "', value: '"}'}))
  document.body.append(form)
  form.submit()
}
"""


@pytest.mark.parametrize("encoding", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_no_form_of_another_page_changes_anything(browser: Any, origin: str, encoding: str) -> None:
    with serve(pace="instant", seed=1, cors=("*",)) as server:
        form, url = browser.new_page(), f"{server.url}/_mock/reset"
        form.request.post(f"{server.url}/_mock/faults", data={"fault": "hang"})
        form.goto(origin)
        with form.expect_navigation(url=url) as answer:
            form.evaluate(FORM, [url, encoding])
        assert answer.value.status == 403
        assert len(form.request.get(f"{server.url}/_mock/faults").json()["rules"]) == 1
        form.close()


def test_no_page_of_another_origin_frames_the_page(page: Any) -> None:
    with serve(pace="instant", seed=1) as server:
        framed = """url => new Promise((resolve) => {
          const frame = Object.assign(document.createElement("iframe"), {src: url})
          frame.onload = () => resolve(true)
          document.body.append(frame)
        })"""
        page.evaluate(framed, f"{server.url}/_mock/")
        frames = [frame for frame in page.frames if frame != page.main_frame]
        assert [frame.url for frame in frames] == ["chrome-error://chromewebdata/"]
