"""Makes one clip: draws its pictures, has the few that differ encoded, lays them out, packs them.

Blocking, and free of time and chance; the studio decides when and where it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Protocol

from .clip_spec import FPS, STEPS, ClipSpec, tags
from .encoding import audio_tone as tune
from .encoding import bitstream, encoder
from .encoding import mp4_muxer as mp4
from .encoding.encoder import Encoder, Unrenderable
from .encoding.skip_frames import SkipFrames
from .encoding.yuv import YuvFrame


class Scene(Protocol):
    """Pictures by second and step, and which seconds move alike."""

    def twin(self, second: int) -> int: ...
    def picture(self, second: int, step: int) -> YuvFrame: ...


def render(clip_spec: ClipSpec, target: Path, ffmpeg: Encoder, *, quiet: bool = False) -> None:
    """Write the clip of a look to `target`; raises Unrenderable."""
    if clip_spec.source is not None:
        from .upscale import upscale

        upscale(clip_spec, clip_spec.source.path, target, ffmpeg, quiet=quiet)
        return
    with ThreadPoolExecutor(1) as aside:
        sound = aside.submit(_sound, clip_spec, ffmpeg, quiet)
        video = _video(clip_spec, _scene(clip_spec), ffmpeg, quiet)
    with target.open("wb") as file:
        file.writelines(mp4.movie(video, (clip_spec.width, clip_spec.height), sound.result(), tags(clip_spec)))


def _scene(clip_spec: ClipSpec) -> Scene:
    if clip_spec.first or clip_spec.last:
        from .drawing.crossfade import Crossfade

        return Crossfade(clip_spec)
    from .drawing.test_card import Card

    return Card(clip_spec)


def _video(clip_spec: ClipSpec, scene: Scene, ffmpeg: Encoder, quiet: bool) -> bitstream.Stream:
    """Every second is a key picture and 11 more, each shown twice; seconds that move alike share the 11."""
    twins = [scene.twin(second) for second in range(clip_spec.seconds)]
    shots = sorted(set(twins))
    others = [second for second, twin in enumerate(twins) if second != twin]
    others += [clip_spec.seconds] * clip_spec.extra_frame
    arguments = encoder.video(clip_spec.width, clip_spec.height, len(shots))
    stream = bitstream.pictures(ffmpeg.run(arguments, _pictures(scene, shots, others), quiet=quiet))
    if len(stream.pictures) != len(shots) * STEPS + len(others):
        raise Unrenderable("ffmpeg lost a picture")
    return bitstream.Stream(stream.sps, stream.pps, _laid(stream, twins, shots, others))


def _pictures(scene: Scene, shots: list[int], others: list[int]) -> Iterator[bytes]:
    for second in shots:
        for step in range(STEPS):
            yield scene.picture(second, step).data()
    for second in others:
        yield scene.picture(second, 0).data()


def _laid(stream: bitstream.Stream, twins: list[int], shots: list[int], others: list[int]) -> list[bytes]:
    """The pictures in the order in which they are shown."""
    skips = SkipFrames.of(stream.sps, stream.pps)
    again = [skips.sample(step) for step in range(STEPS)]
    lone = dict(zip(others, stream.pictures[len(shots) * STEPS :], strict=True))
    order: list[bytes] = []
    for second, twin in enumerate(twins):
        start = shots.index(twin) * STEPS
        drawn = stream.pictures[start : start + STEPS]
        drawn[0] = lone.pop(second, drawn[0])
        order += chain.from_iterable(zip(drawn, again, strict=True))
    return order + list(lone.values())


def _sound(clip_spec: ClipSpec, ffmpeg: Encoder, quiet: bool) -> mp4.Sound | None:
    if not clip_spec.audio:
        return None
    arguments = encoder.sound(tune.phrase(clip_spec.seed), tune.PHRASE_SECONDS + 1, tune.RATE)
    phrase = bitstream.frames(ffmpeg.run(arguments, quiet=quiet))
    count = -(-clip_spec.frames * tune.RATE // (FPS * 1024))
    return mp4.Sound(tune.laid(phrase, count), tune.RATE)
