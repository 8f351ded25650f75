"""Clips that are not as ordered: another size, length, sound, codec or container. Knows no socket and no JSON."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace
from msgspec.structs import replace as replace_struct

from ..generation.engine import Engine
from ..matching.rules import InvalidRule
from ..media.clip_cache import CachedClip
from ..media.clip_spec import ClipSpec
from ..media.errors import Unrenderable
from ..media.renderer import ClipRenderer
from ..tasks.models import Task
from ..upstreams.protocol import FileResponse
from .kinds import FaultKind
from .mutations import other_size
from .rules import Fault

CLIP_KINDS = frozenset({FaultKind.OTHER_SIZE, FaultKind.OTHER_DURATION, FaultKind.OTHER_CLIP})
MIN_SIDE, MAX_SIDE, MAX_SECONDS = 64, 2208, 60
"""Of a mutated clip: pixels a side, and seconds."""
# The beginning of an EBML header, by which programs recognize WebM.
WEBM_HEAD = bytes.fromhex("1a45dfa3a342868101")


class ClipMutator:
    """Renders the clips that faults put in the place of a task's own."""

    def __init__(self, engine: Engine, renderer: ClipRenderer) -> None:
        self._engine, self._renderer = engine, renderer

    async def early_clip(self, fault: Fault, task: Task) -> FileResponse:
        """Return a task's own clip, whatever has become of the task. Raises InvalidRule."""
        clip = await self._render(fault, self._engine.clip_spec(task))
        return FileResponse(clip.path, clip.etag, "video/mp4", size=clip.size_bytes)

    async def mutate(self, fault: Fault, task: Task, response: FileResponse) -> FileResponse:
        """Replace the clip of a response. Raises InvalidRule for one that cannot be rendered."""
        clip = await self._render(fault, mutated_spec(fault, self._engine.clip_spec(task)))
        return replace_struct(response, path=clip.path, etag=clip.etag, size=clip.size_bytes)

    async def _render(self, fault: Fault, spec: ClipSpec) -> CachedClip:
        try:
            clip = await self._renderer.clip(spec)
            if fault.kind is FaultKind.OTHER_CLIP and fault.values["what"] in RELABELLED:
                clip = await self._renderer.modified(clip, str(fault), partial(relabelled, fault.values["what"]))
        except Unrenderable as error:
            raise InvalidRule(f"{fault}: no such clip can be made: {error}") from error
        return clip


def mutated_spec(fault: Fault, spec: ClipSpec) -> ClipSpec:
    """Return the spec of a clip that is not as ordered. Raises InvalidRule for one that cannot be rendered."""
    if fault.kind is FaultKind.OTHER_CLIP:
        return _of_another_kind(fault.values["what"], spec)
    if fault.kind is FaultKind.OTHER_DURATION:
        seconds = round(fault.values.get("seconds", spec.seconds + 1))
        if not 1 <= seconds <= MAX_SECONDS:
            raise InvalidRule(f"seconds is {seconds}; allowed for a clip: 1 to {MAX_SECONDS}")
        return replace(spec, seconds=seconds)
    width, height = other_size(fault, spec.width, spec.height)
    if not all(MIN_SIDE <= side <= MAX_SIDE and side % 2 == 0 for side in (width, height)):
        raise InvalidRule(f"to is {width}x{height}; allowed for a clip: even sides of {MIN_SIDE} to {MAX_SIDE}")
    return replace(spec, width=width, height=height)


RELABELLED = ("codec", "container")


def relabelled(what: str, clip: bytes) -> bytes:
    """Put another codec's or container's name into a clip.

    Only names change: the bytes stay as many, so that a program that does not read the names sees no difference.
    """
    if what == "codec":
        return clip.replace(b"avc1", b"hvc1").replace(b"avcC", b"hvcC")
    return WEBM_HEAD + clip[len(WEBM_HEAD) :]


def _of_another_kind(what: str, spec: ClipSpec) -> ClipSpec:
    if what == "sound":
        return replace(spec, audio=not spec.audio)
    if what == "frames":
        return replace(spec, extra_frame=not spec.extra_frame)
    return replace(spec, seed=spec.seed + 1) if what == "picture" else spec
