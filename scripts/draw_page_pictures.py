"""Draw the pictures of the page: those of the documentation, or every view in light and dark at three widths.

python scripts/draw_page_pictures.py            docs/images/page-*.webp, and the README's picture with a clip that plays
python scripts/draw_page_pictures.py --all DIR  screenshots of every view, as artefacts of CI

Needs Chromium (`apt-get install chromium`) and the extra `test`.
"""

from __future__ import annotations

import argparse
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageOps
from playwright.sync_api import Page, sync_playwright

from seedmock_contracts.enums import Capability, Operation
from seedmock_contracts.upstreams import contracts
from seedmock_server import serve
from seedmock_server.clock import ManualClock

IMAGES = Path(__file__).parents[1] / "docs" / "images"
VIEWS = ("tasks", "clock", "faults", "journal", "money", "assets", "contract", "playground")
WIDTHS, SCHEMES = (360, 768, 1440), ("light", "dark")
PROMPTS = (
    "A paper boat on a canal at dusk",
    "Neon rain over a quiet street, slow dolly in",
    "[[mock: failed]] A fox in the snow",
    "A lighthouse in fog, waves below",
    "[[mock: moderated]] A crowd at a concert",
    "[[mock: slow after=1h]] A train through wheat",
)
FRAMES, SECONDS = 16, 4.0
STILL: dict[str, Any] = {"quality": 80, "method": 6}
MOVING: dict[str, Any] = {"quality": 55, "method": 6, "minimize_size": True, "kmin": 999, "kmax": 1000}


class Scene:
    """An emulator in which something has happened, and a browser that looks at it."""

    def __init__(self, url: str, client: httpx.Client, browser: Any, task: str) -> None:
        self.url, self.client, self.task = url, client, task
        self._browser = browser

    def page(self, width: int, height: int, scheme: str) -> Page:
        context = self._browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        opened: Page = context.new_page()
        return opened

    def show(self, page: Page, view: str) -> bytes:
        page.goto(f"{self.url}/_mock/#/{view}")
        page.locator("main h1").wait_for()
        page.wait_for_function("() => !document.querySelector('.skeleton')")
        page.wait_for_timeout(400)  # pictures and clips that are being decoded
        return page.screenshot()


@contextmanager
def scene() -> Iterator[Scene]:
    clock = ManualClock()
    with (
        serve(clock=clock, pace="fast", seed=7) as server,
        httpx.Client(base_url=server.url, headers={"Authorization": "Bearer sk_demo"}, timeout=60) as client,
        sync_playwright() as playwright,
    ):
        task = act(client, clock)
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield Scene(server.url, client, browser, task)
        browser.close()


def act(client: httpx.Client, clock: ManualClock) -> str:
    """Order clips from every upstream, poll and download them, with a fault and a mistake; return the last task."""
    task = ""
    for number, prompt in enumerate(PROMPTS * 3):
        contract = contracts()[number % len(contracts())]
        document = {**contract.example(Operation.CREATE), contract.request.path("prompt"): prompt}
        order = {"upstream": contract.name, "document": document, "key": "sk_demo"}
        answer = client.post("/_mock/orders", json=order).raise_for_status().json()
        task = answer["task"] if "[[" not in prompt and Capability.CONTENT in contract.capabilities else task
        clock.advance(0.4)
    client.post("/_mock/faults", json={"fault": "status code=503", "match": {"operation": "query", "nth": 2}})
    client.post("/_mock/faults", json={"fault": "latency seconds=1", "match": {"probability": 0.1}})
    client.post("/_mock/fates", json={"fate": "failed after=9s", "match": {"prompt": "fox"}})
    path = f"/v1/videos/{task}"
    for _ in range(4):
        client.get(path)
        clock.advance(0.5)
    client.get(path)
    client.get(f"{path}/content")
    clock.advance(0.3)
    client.post("/v1/videos", json={**document, "size": "1x1"})
    fill_assets(client, clock)
    return task


def fill_assets(client: httpx.Client, clock: ManualClock) -> None:
    """Put two pictures into a group; the second is still being processed."""
    library = "/api/v1/assets"
    group = client.post(f"{library}/groups", json={"name": "people"}).raise_for_status().json()["data"]["id"]
    for name, colours in (("a harbour", ("#12355b", "#f2a65a")), ("a meadow", ("#2d6a4f", "#ffe66d"))):
        file = io.BytesIO()
        ImageOps.colorize(Image.radial_gradient("L").resize((640, 480)), *colours).save(file, "PNG")
        upload = client.post("/api/v1/files", files={"file": (f"{name}.png", file.getvalue())}).raise_for_status()
        asset = {"group_id": group, "asset_type": "Image", "url": upload.json()["data"]["publicUrl"], "name": name}
        client.post(library, json=asset).raise_for_status()
        clock.advance(0.5)


def draw_documentation() -> None:
    with scene() as shown:
        for view, scheme in (("tasks", "light"), ("faults", "dark"), ("journal", "light"), ("playground", "light")):
            picture = shown.show(shown.page(1200, 750, scheme), view)
            Image.open(io.BytesIO(picture)).convert("RGB").save(IMAGES / f"page-{view}.webp", **STILL)
        draw_clip(shown)


def draw_clip(shown: Scene) -> None:
    """Draw a task's view whose clip plays: one frame of the picture for each step of the clip."""
    page = shown.page(1120, 640, "light")
    shown.show(page, f"tasks/{shown.task}")
    frames = []
    for step in range(FRAMES):
        page.locator("video").evaluate(SEEK, step * SECONDS / FRAMES)
        frames.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    duration = round(SECONDS * 1000 / FRAMES)
    frames[0].save(IMAGES / "page.webp", save_all=True, append_images=frames[1:], duration=duration, loop=0, **MOVING)


SEEK = """
(clip, seconds) => new Promise((resolve) => {
  clip.controls = false
  clip.pause()
  clip.addEventListener("seeked", () => requestAnimationFrame(() => requestAnimationFrame(resolve)), {once: true})
  clip.currentTime = seconds + 0.01
})
"""


def draw_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with scene() as shown:
        for scheme in SCHEMES:
            for width in WIDTHS:
                page = shown.page(width, 900, scheme)
                for view in (*VIEWS, f"tasks/{shown.task}", "journal/1"):
                    name = view.partition("/")[0] + ("-one" if "/" in view else "")
                    (folder / f"{name}-{width}-{scheme}.png").write_bytes(shown.show(page, view))
                page.context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--all", type=Path, metavar="DIR", help="Write every view, light and dark, into this folder.")
    folder = parser.parse_args().all
    if folder is None:
        draw_documentation()
    else:
        draw_all(folder)


if __name__ == "__main__":
    main()
