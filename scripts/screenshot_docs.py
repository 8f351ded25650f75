"""Take screenshots of the documentation's site, light and dark, on a wide and a narrow screen, from the disk.

mkdocs build --strict
python scripts/screenshot_docs.py site FOLDER

Prints what a look at the pictures can miss: a page wider than the screen, errors in the console, requests that
leave the disk, a search without results. Exit code 1 if there is any.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

PAGES = (
    "index.html", "tutorial.html", "guides/pytest.html", "guides/javascript.html", "guides/troubleshooting.html",
    "reference/commands.html", "reference/faults.html", "reference/control-api.html", "reference/client-api.html",
    "reference/upstreams/opeai.html", "reference/checks-and-mutations.html", "explanation/performance.html",
)  # fmt: skip
SCREENS = {"wide": (1280, 900), "narrow": (390, 844)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
QUERY = "hard-wired hosts"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path, help="folder of the built site")
    parser.add_argument("folder", type=Path, help="folder for the pictures")
    arguments = parser.parse_args()
    chromium = os.environ.get("SEEDMOCK_CHROMIUM") or shutil.which("chromium")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        problems = list(take_pictures(browser, arguments.site.resolve(), arguments.folder))
        browser.close()
    sys.stdout.write(("\n".join(problems) or "nothing to mend") + "\n")
    return 1 if problems else 0


def take_pictures(browser: Browser, site: Path, folder: Path) -> Iterator[str]:
    """Take all pictures; yield a sentence for each problem."""
    for screen, (width, height) in SCREENS.items():
        for scheme in SCHEMES:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            problems = watch(page)
            for name in PAGES:
                page.goto((site / name).as_uri())
                page.screenshot(path=folder / f"{name.replace('/', '-')[:-5]}-{screen}-{scheme}.png")
                excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                problems += [f"{excess} px wider than the screen"] if excess > 0 else []
                yield from (f"{name} ({screen}, {scheme}): {problem}" for problem in problems)
                problems.clear()
            yield from search(page, folder / f"search-{screen}-{scheme}.png")
            page.close()


def watch(page: Page) -> list[str]:
    """Return the list that errors and requests to servers are added to as they occur."""
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        problems.extend([f"console: {message.text}"] if message.type == "error" else [])

    def on_request(request: Request) -> None:
        problems.extend([f"asks {request.url}"] if request.url.startswith("http") else [])

    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("console", on_console)
    page.on("request", on_request)
    return problems


def search(page: Page, picture: Path) -> Iterator[str]:
    """Search from the page that is open; yield a sentence if nothing is found."""
    page.keyboard.press("/")
    page.locator(".md-search__input").press_sequentially(QUERY, delay=20)
    results = page.locator(".md-search-result__item")
    results.first.wait_for(timeout=10_000)
    page.screenshot(path=picture)
    addresses = [link.get_attribute("href") or "" for link in results.locator("a.md-search-result__link").all()]
    if not any("guides/pytest.html" in address for address in addresses):
        yield f"{picture.stem}: the guide for pytest is no result for {QUERY!r}"


if __name__ == "__main__":
    sys.exit(main())
