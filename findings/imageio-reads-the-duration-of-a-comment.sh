#!/usr/bin/env bash
# imageio-ffmpeg: the duration of a clip is read from its comment, when that holds the words "Duration: ".
#
# One would expect: the duration of a clip does not depend on what its title or comment says.
# What happens:     the first line of ffmpeg's report with "Duration: " is taken for the clip's own, and metadata come
#                   before that: a comment "A boat. Duration: 8 s" makes it 0, "Duration: 00:00:08.00" makes it 8. imageio
#                   (plugin FFMPEG) passes it on. ffprobe, PyAV, and moviepy, which reads the same report, say 4.
# Versions:         imageio-ffmpeg 0.8.1, imageio 2.38.1, Python 3.11. Looked at on 2026-11-30.
# Why it matters:   prompts of videos say such things, and generators write the prompt into the file, as seedmock does:
#                   its clips have it in their comment. A check "as long as ordered" fails, or divides by zero, for some
#                   prompts only. seedmock takes the path of ffmpeg from imageio-ffmpeg, and no duration.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .venv
.venv/bin/pip install -q --disable-pip-version-check imageio-ffmpeg==0.8.1 imageio==2.38.1 numpy==2.4.6 pillow==11.3.0
cat >trial.py <<'PY'
import subprocess
import sys
from importlib.metadata import version

import imageio.v3 as imageio
import imageio_ffmpeg

COMMENTS = {"": 4, "A boat. Duration: 8 s": 0, "A boat. Duration: 00:00:08.00": 8}


def write_clip(path: str, comment: str) -> None:
    source = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=24:duration=4"]
    metadata = ["-metadata", f"comment={comment}"] if comment else []
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, "-pix_fmt", "yuv420p", *metadata, "-y", path]
    subprocess.run(command, check=True)


print(*(f"{name} {version(name)}" for name in ("imageio-ffmpeg", "imageio")), "Python", sys.version.split()[0])
is_as_described = True
for comment, expected in COMMENTS.items():
    write_clip("clip.mp4", comment)
    reader = imageio_ffmpeg.read_frames("clip.mp4")
    by_ffmpeg = next(reader)["duration"]
    reader.close()
    by_imageio = imageio.immeta("clip.mp4", plugin="FFMPEG")["duration"]
    frames, seconds = imageio_ffmpeg.count_frames_and_secs("clip.mp4")
    print(f"comment {comment!r}: imageio-ffmpeg {by_ffmpeg} s, imageio {by_imageio} s; {frames} frames last {seconds} s")
    is_as_described &= (by_ffmpeg, by_imageio, seconds) == (expected, expected, 4)
sys.exit(0 if is_as_described else 1)
PY
.venv/bin/python trial.py
