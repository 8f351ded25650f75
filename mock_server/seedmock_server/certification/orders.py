"""The orders of the trials, as an adapter reads them: JSON in the house's words, a few of each upstream's forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedmock_contracts.upstreams import contract

from ..magic import ORIGIN

PROMPT = "A paper boat crosses a puddle."
SECONDS = 4
Order = dict[str, Any]


def _reference(kind: str, name: str, role: str = "reference") -> dict[str, str]:
    return {"kind": kind, "role": role, "url": f"{ORIGIN}/{name}"}


FIRST, LAST = _reference("image", "landscape.jpg", "first_frame"), _reference("image", "not-a-face.png", "last_frame")
MANY = [
    _reference("image", "landscape.jpg"),
    _reference("image", "portrait.jpg"),
    _reference("video", "video-5s.mp4"),
    _reference("audio", "audio-ok.mp3"),
]
FAST = "fast"
"""A tier; the order has its wire name, which is each upstream's."""
SIZED: Mapping[str, Any] = {"size": "1280x720"}
FORMED: Mapping[str, Any] = {"resolution": "720p", "ratio": "16:9"}
PLAIN: Mapping[str, Mapping[str, Any]] = {"opeai": SIZED, "apimodels": FORMED}
OTHER: Mapping[str, Mapping[str, Any]] = {"opeai": FORMED, "apimodels": SIZED}
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "text": {},
    "fast model": {"model": FAST},
    "without audio": {"generate_audio": False},
    "seeded": {"seed": 7},
    "first frame": {"references": [FIRST]},
    "first and last frame": {"references": [FIRST, LAST]},
    "many references": {"references": MANY},
}
"""Each order by its name, as what it changes of the plainest one."""
OTHER_FORM = "other form"
NAMES = (*CHANGES, OTHER_FORM)


def order_of(upstream: str, name: str, seconds: float) -> Order:
    """An order by its name, to be given up after so many seconds."""
    form = OTHER[upstream] if name == OTHER_FORM else PLAIN[upstream]
    plain: Order = {"prompt": PROMPT, **form, "seconds": SECONDS, "references": [], "timeout_seconds": seconds}
    order = {**plain, **CHANGES.get(name, {})}
    model = contract(upstream).named(order.get("model"))
    return order if "model" not in order or model is None else {**order, "model": model.name}
