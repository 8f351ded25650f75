"""Upscale a video: its frames at another size, with its own frame rate, duration and sound."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from .clip_spec import ClipSpec, tags
from .encoding import encoder
from .encoding.encoder import Encoder
from .errors import Unrenderable
from .probe import read_tracks
from .sniff import safe_input

# A prompt goes into the file's metadata through the command line, where this many characters fit on every system.
MAX_PROMPT_CHARS = 10_000


def upscale(spec: ClipSpec, path: Path, target: Path, ffmpeg: Encoder, *, low_priority: bool = False) -> None:
    """Write the video at `path` to `target` at the size of the spec; raises Unrenderable."""
    tracks = read_tracks(path, ffmpeg)
    if tracks.video is None:
        raise Unrenderable("the source has no pictures")
    is_aac = tracks.audio is not None and tracks.audio.codec == "aac"
    # A rate for sound that is only copied would be stated in the file as if it were true.
    sound = ("-c:a", "copy") if is_aac else ("-c:a", "aac", "-b:a", "128k")
    scale = f"scale={spec.width}:{spec.height}:flags=bicubic+accurate_rnd+full_chroma_int+bitexact"
    size = f"{scale}:out_color_matrix=bt709:out_range=tv,{encoder.COLOURS}"
    ffmpeg.run(
        [
            *safe_input(path),
            *("-map", "0:V:0", "-map", "0:a:0?", "-vf", size, "-pix_fmt", "yuv420p", "-fps_mode", "passthrough"),
            *(*encoder.X264, "-g", "48", "-bsf:v", "filter_units=remove_types=6"),
            *(*sound, *encoder.BITEXACT, *_metadata(spec)),
            # Without btrt, which ffmpeg fills with an average of 0 for pictures of constant quality.
            *("-movflags", "+faststart", "-write_btrt", "0", "-f", "mp4", f"file:{target}"),
        ],
        low_priority=low_priority,
    )


def _metadata(spec: ClipSpec) -> list[str]:
    short = replace(spec, prompt=spec.prompt[:MAX_PROMPT_CHARS])
    names = {b"\xa9nam": "title", b"\xa9cmt": "comment"}
    return [part for key, text in tags(short).items() if key in names for part in ("-metadata", f"{names[key]}={text}")]
