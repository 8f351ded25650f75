"""The orders of the trials, as an adapter reads them: JSON in the house's words, a few of each upstream's forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedmock_contracts.upstreams import get_contract
from seedmock_server.matching.magic_values import ORIGIN

PROMPT = "A paper boat crosses a puddle."
SECONDS = 4
SEED = 7
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
SIZES: Mapping[str, Mapping[str, Any]] = {"opeai": {"size": "864x496"}, "apimodels": {"size": "1280x720"}}
FORMS: Mapping[str, Mapping[str, Any]] = {
    "opeai": {"resolution": "480p", "ratio": "16:9"},
    "apimodels": {"resolution": "720p", "ratio": "16:9"},
}
PLAIN = {"opeai": SIZES["opeai"], "apimodels": FORMS["apimodels"]}
OTHER = {"opeai": FORMS["opeai"], "apimodels": SIZES["apimodels"]}
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "text": {},
    "fast model": {"model": FAST},
    "without audio": {"generate_audio": False},
    "without seed": {"seed": None},
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
    # With a seed the clip is always the same, and is drawn once.
    plain: Order = {"prompt": PROMPT, **form, "seconds": SECONDS, "seed": SEED, "references": []}
    changed = {**plain, **CHANGES.get(name, {}), "timeout_seconds": seconds}
    order = {field: value for field, value in changed.items() if value is not None}
    model = get_contract(upstream).resolve_model(order.get("model"))
    return order if "model" not in order or model is None else {**order, "model": model.name}
