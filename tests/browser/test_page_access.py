"""Access to the page: the login form, a token that becomes wrong, and what the policy stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from seedmock_server import serve
from seedmock_server.clock import ManualClock

from .conftest import Emulator, OpenPage

TOKEN = "correct horse"


HOSTILE = """
(url) => {
  const tried = {
    markup: () => { document.querySelector("main").innerHTML = "<img src=x onerror='window.owned = 1'>" },
    script: () => {
      document.body.append(Object.assign(document.createElement("script"), {textContent: "window.owned = 1"}))
    },
    evaluation: () => setTimeout(() => { try { Function("window.owned = 1")() } catch {} }),
    handler: () => {
      const link = document.createElement("a")
      link.setAttribute("onclick", "window.owned = 1")
      link.click()
    },
  }
  for (const attempt of Object.values(tried)) try { attempt() } catch {}
  return fetch(url).then(() => "reached", () => "refused").then((answer) => [answer, window.owned ?? null])
}
"""


def test_the_policy_stops_markup_scripts_and_foreign_addresses(
    emulator: Emulator, open_page: OpenPage, clips: Path
) -> None:
    with serve(seed=1, cache_dir=clips, cors=("*",)) as elsewhere:
        url = f"{elsewhere.url}/v1/models"
        page = open_page("#/contract", bypass_csp=True)
        expect(page.locator("main h1")).to_be_visible()
        assert page.evaluate(HOSTILE, url) == ["reached", 1]  # so it is without the policy
        page = open_page("#/contract")
        expect(page.locator("main h1")).to_be_visible()
        page.remove_listener("console", page.problems)  # the browser reports each attempt
        assert page.evaluate(HOSTILE, url) == ["refused", None]
        expect(page.locator("main h1")).to_be_visible()


def test_the_token_is_asked_for_and_a_wrong_one_is_refused(browser: Any, open_page: OpenPage, clips: Path) -> None:
    with serve(clock=ManualClock(), seed=1, cache_dir=clips, control_token=TOKEN) as server:
        page = open_page(url=server.url)
        requests: list[Any] = []
        page.on("request", lambda request: requests.append(request))
        expect(page.get_by_label("Control token")).to_be_focused()
        expect(page.get_by_role("alert")).to_have_count(0)  # nothing was wrong yet
        page.wait_for_timeout(500)  # each view that is loaded asks once
        calls = [request.url for request in requests if request.url.endswith("/clock")]
        page.get_by_role("button", name="Log in").click()
        page.wait_for_timeout(200)
        assert [request.url for request in requests if request.url.endswith("/clock")] == calls  # none without a token
        log_in(page, "wrong")
        expect(page.get_by_role("alert")).to_contain_text("wrong token")
        log_in(page, TOKEN)
        expect(page.get_by_text("No tasks yet")).to_be_visible()
        expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
        page.reload()
        expect(page.get_by_text("No tasks yet")).to_be_visible()
        assert [request for request in requests if request.url.endswith("/events")][-1].headers["x-mock-token"] == TOKEN
        assert page.evaluate("() => JSON.stringify(localStorage)") == "{}"
        assert page.context.cookies() == []
        assert TOKEN not in page.url


def test_a_token_that_becomes_wrong_is_asked_for_again(open_page: OpenPage, clips: Path) -> None:
    settings: Any = {"seed": 1, "cache_dir": clips, "clock": ManualClock()}
    with serve(control_token=TOKEN, **settings) as server:
        page, port = open_page(url=server.url), server.port
        log_in(page, TOKEN)
        expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
    with serve(control_token="another", port=port, **settings):
        expect(page.get_by_label("Control token")).to_be_focused()
        expect(page.get_by_role("alert")).to_contain_text("wrong token")
        log_in(page, "another")
        expect(page.locator("[data-connection]")).to_have_attribute("data-connection", "live")
        expect(page.get_by_role("alert")).to_have_count(0)
        page.context.close()


def log_in(page: Any, token: str) -> None:
    page.get_by_label("Control token").fill(f" {token} ")  # as it comes from a terminal
    page.keyboard.press("Enter")
