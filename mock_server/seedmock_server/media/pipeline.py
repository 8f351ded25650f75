"""Rendering of one clip: draw its frames, encode those that differ, assemble the video, mux it with the sound.

Blocking, and free of time and randomness; the renderer decides when and where it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Protocol

from .clip_spec import FPS, STEPS, ClipSpec, tags
from .encoding import audio_tone, bitstream, encoder, mp4_muxer
from .encoding.encoder import Encoder
from .encoding.skip_frames import SkipFrames
from .encoding.yuv import YuvFrame
from .errors import Unrenderable


class Scene(Protocol):
    """Frames by second and step, and the seconds that share their motion."""

    def same_motion_as(self, second: int) -> int:
        """Return the first second whose frames move in the same way, which may be this one."""
        ...

    def frame(self, second: int, step: int) -> YuvFrame: ...


def render(spec: ClipSpec, target: Path, ffmpeg: Encoder, *, low_priority: bool = False) -> None:
    """Write a clip to `target`; raises Unrenderable."""
    if spec.source is not None:
        from .upscale import upscale

        upscale(spec, spec.source.path, target, ffmpeg, low_priority=low_priority)
        return
    # The sound beside the frames: a second of it takes ffmpeg some 20 ms.
    with ThreadPoolExecutor(1) as executor:
        sound = executor.submit(_sound, spec, ffmpeg, low_priority)
        video = _video(spec, _scene(spec), ffmpeg, low_priority)
    with target.open("wb") as file:
        file.writelines(mp4_muxer.movie(video, (spec.width, spec.height), sound.result(), tags(spec)))


def _scene(spec: ClipSpec) -> Scene:
    if spec.first or spec.last:
        from .drawing.crossfade import Crossfade

        return Crossfade(spec)
    from .drawing.test_card import Card

    return Card(spec)


def _video(spec: ClipSpec, scene: Scene, ffmpeg: Encoder, low_priority: bool) -> bitstream.Stream:
    """Encode a key frame and 11 more for each second that has a motion of its own, and a key frame for the others.

    Each frame is shown twice, the second time by a skip frame; seconds with the same motion share the 11.
    """
    motions = [scene.same_motion_as(second) for second in range(spec.seconds)]
    whole_seconds = sorted(set(motions))
    lone_seconds = [second for second, motion in enumerate(motions) if second != motion]
    lone_seconds += [spec.seconds] * spec.extra_frame
    arguments = encoder.video(spec.width, spec.height, len(whole_seconds))
    frames = _frames(scene, whole_seconds, lone_seconds)
    stream = bitstream.parse_h264(ffmpeg.run(arguments, frames, low_priority=low_priority))
    if len(stream.frames) != len(whole_seconds) * STEPS + len(lone_seconds):
        raise Unrenderable("ffmpeg lost a frame")
    return bitstream.Stream(stream.sps, stream.pps, _in_order(stream, motions, whole_seconds, lone_seconds))


def _frames(scene: Scene, whole_seconds: list[int], lone_seconds: list[int]) -> Iterator[bytes]:
    for second in whole_seconds:
        for step in range(STEPS):
            yield from scene.frame(second, step).planes()
    for second in lone_seconds:
        yield from scene.frame(second, 0).planes()


def _in_order(
    stream: bitstream.Stream, motions: list[int], whole_seconds: list[int], lone_seconds: list[int]
) -> list[bytes]:
    """Return the samples in the order in which they are shown."""
    skips = SkipFrames.of(stream.sps, stream.pps)
    repeats = [skips.sample(step) for step in range(STEPS)]
    key_frames = dict(zip(lone_seconds, stream.frames[len(whole_seconds) * STEPS :], strict=True))
    samples: list[bytes] = []
    for second, motion in enumerate(motions):
        start = whole_seconds.index(motion) * STEPS
        frames = stream.frames[start : start + STEPS]
        frames[0] = key_frames.pop(second, frames[0])
        samples += chain.from_iterable(zip(frames, repeats, strict=True))
    return samples + list(key_frames.values())


def _sound(spec: ClipSpec, ffmpeg: Encoder, low_priority: bool) -> mp4_muxer.Sound | None:
    if not spec.audio:
        return None
    rate = audio_tone.RATE
    arguments = encoder.sound(audio_tone.tone_expression(spec.seed), audio_tone.PHRASE_SECONDS + 1, rate)
    phrase = bitstream.parse_adts(ffmpeg.run(arguments, low_priority=low_priority))
    count = -(-spec.frames * rate // (FPS * bitstream.FRAME_SAMPLES))
    return mp4_muxer.Sound(audio_tone.looped_frames(phrase, count), rate)
