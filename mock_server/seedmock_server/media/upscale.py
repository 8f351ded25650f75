"""Makes a clip out of another video: its pictures at another size, its own rate, duration and sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .clip_spec import ClipSpec, tags
from .encoding import encoder
from .encoding.encoder import Encoder, Unrenderable
from .probe import streams
from .sniff import safe_input

PROMPT = 10_000
"""As much of a prompt, in characters, as fits on a command line for sure."""


def upscale(clip_spec: ClipSpec, path: Path, target: Path, ffmpeg: Encoder, *, quiet: bool = False) -> None:
    """Write the video at `path` to `target` at the look's size; raises Unrenderable."""
    found = streams(path, ffmpeg)
    if found.video is None:
        raise Unrenderable("the source has no pictures")
    sound = "copy" if found.audio and found.audio.codec == "aac" else "aac"
    size = f"scale={clip_spec.width}:{clip_spec.height}:flags=bicubic+accurate_rnd+full_chroma_int+bitexact,setsar=1"
    ffmpeg.run(
        [
            *safe_input(path),
            *("-map", "0:V:0", "-map", "0:a:0?", "-vf", size, "-pix_fmt", "yuv420p", "-fps_mode", "passthrough"),
            *(*encoder.X264, "-g", "48", "-bsf:v", "filter_units=remove_types=6"),
            *("-c:a", sound, "-b:a", "128k", *encoder.BITEXACT, *_tags(clip_spec)),
            *("-movflags", "+faststart", "-f", "mp4", f"file:{target}"),
        ],
        quiet=quiet,
    )


def _tags(clip_spec: ClipSpec) -> list[str]:
    short = replace(clip_spec, prompt=clip_spec.prompt[:PROMPT])
    names = {b"\xa9nam": "title", b"\xa9cmt": "comment"}
    return [part for key, text in tags(short).items() if key in names for part in ("-metadata", f"{names[key]}={text}")]
