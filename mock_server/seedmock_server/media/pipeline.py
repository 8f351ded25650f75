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


def render(look: ClipSpec, target: Path, ffmpeg: Encoder, *, quiet: bool = False) -> None:
    """Write the clip of a look to `target`; raises Unrenderable."""
    if look.source is not None:
        from .upscale import upscale

        upscale(look, look.source.path, target, ffmpeg, quiet=quiet)
        return
    with ThreadPoolExecutor(1) as aside:
        sound = aside.submit(_sound, look, ffmpeg, quiet)
        video = _video(look, _scene(look), ffmpeg, quiet)
    with target.open("wb") as file:
        file.writelines(mp4.movie(video, (look.width, look.height), sound.result(), tags(look)))


def _scene(look: ClipSpec) -> Scene:
    if look.first or look.last:
        from .drawing.crossfade import Crossfade

        return Crossfade(look)
    from .drawing.test_card import Card

    return Card(look)


def _video(look: ClipSpec, scene: Scene, ffmpeg: Encoder, quiet: bool) -> bitstream.Stream:
    """Every second is a key picture and 11 more, each shown twice; seconds that move alike share the 11."""
    twins = [scene.twin(second) for second in range(look.seconds)]
    shots = sorted(set(twins))
    others = [second for second, twin in enumerate(twins) if second != twin]
    others += [look.seconds] * look.extra_frame
    arguments = encoder.video(look.width, look.height, len(shots))
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


def _sound(look: ClipSpec, ffmpeg: Encoder, quiet: bool) -> mp4.Sound | None:
    if not look.audio:
        return None
    arguments = encoder.sound(tune.phrase(look.seed), tune.PHRASE_SECONDS + 1, tune.RATE)
    phrase = bitstream.frames(ffmpeg.run(arguments, quiet=quiet))
    count = -(-look.frames * tune.RATE // (FPS * 1024))
    return mp4.Sound(tune.laid(phrase, count), tune.RATE)
