"""Sample orders of trials, in the JSON that adapters read, as far as an upstream can take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Mode, Operation
from seedmock_server.matching.magic_values import ORIGIN

PROMPT = "A paper boat crosses a puddle."
SEED = 7
Order = dict[str, Any]


def _reference(kind: str, name: str, role: str = "reference") -> dict[str, str]:
    return {"kind": kind, "role": role, "url": f"{ORIGIN}/{name}"}


FIRST_FRAME = _reference("image", "landscape.jpg", "first_frame")
LAST_FRAME = _reference("image", "not-a-face.png", "last_frame")
MANY_REFERENCES = [
    _reference("image", "landscape.jpg"),
    _reference("image", "portrait.jpg"),
    _reference("video", "video-5s.mp4"),
    _reference("audio", "audio-ok.mp3"),
]
FAST = "fast"
"""A tier; the order carries the upstream's name for the model."""
OTHER_FORM = "other form"
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "text": {},
    "fast model": {"model": FAST},
    "without audio": {"generate_audio": False},
    "without seed": {"seed": None},
    "first frame": {"references": [FIRST_FRAME]},
    "first and last frame": {"references": [FIRST_FRAME, LAST_FRAME]},
    "many references": {"references": MANY_REFERENCES},
    OTHER_FORM: {},
}
"""The orders by name, as differences from the plain text order; None removes a field."""
_MODES = {
    "first frame": Mode.FIRST_FRAME,
    "first and last frame": Mode.FIRST_LAST_FRAME,
    "many references": Mode.REFERENCE,
}
_OPTIONAL_FIELDS = {"without audio": "generate_audio", "without seed": "seed"}


def order_names(contract: Contract) -> tuple[str, ...]:
    """Return the names of the orders that an upstream can take, the plainest first."""
    modes = {fact.mode for fact in contract.modes}
    missing = {name for name, mode in _MODES.items() if mode not in modes}
    missing |= {name for name, field in _OPTIONAL_FIELDS.items() if contract.field(field) is None}
    missing |= {"fast model"} if contract.resolve_model(FAST) is None else set()
    missing |= {OTHER_FORM} if contract.field("resolution") is None else set()
    return tuple(name for name in CHANGES if name not in missing)


def sample_order(contract: Contract, name: str, timeout_seconds: float) -> Order:
    """Return an order by name."""
    by_size, by_ratio = _forms(contract)
    usual = by_size if contract.field("size") is not None else by_ratio
    form = (by_ratio if usual is by_size else by_size) if name == OTHER_FORM else usual
    seconds = int(contract.request.read(contract.example(Operation.CREATE), "seconds"))
    # With a seed the clip is always the same, and is rendered once.
    seed = None if contract.field("seed") is None else SEED
    plain: Order = {"prompt": PROMPT, **form, "seconds": seconds, "seed": seed, "references": []}
    fields = {**plain, **CHANGES[name], "timeout_seconds": timeout_seconds}
    order = {field: value for field, value in fields.items() if value is not None}
    model = contract.resolve_model(order.get("model"))
    return order if "model" not in order or model is None else {**order, "model": model.name}


def _forms(contract: Contract) -> tuple[Order, Order]:
    """Return the smallest 16:9 size in both forms: as pixels, and as resolution and ratio.

    Where no order names a resolution, the model decides on it, and the second form is a ratio alone.
    """
    rendered = [size for size in contract.sizes if size.resolution in contract.models[0].resolutions]
    wide = [size for size in rendered if size.ratio == "16:9"] or rendered
    size = min(wide, key=lambda size: size.width * size.height)
    by_ratio = {"resolution": size.resolution, "ratio": size.ratio}
    if contract.field("resolution") is None:
        del by_ratio["resolution"]
    return {"size": size.text}, by_ratio
