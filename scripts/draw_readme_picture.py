"""Draw `docs/images/order.png`: a terminal that orders a clip, and frames of that clip. Runs emulator and client.

python scripts/draw_readme_picture.py
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from seedmock_server import serve
from seedmock_server.media.ffmpeg import executable

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "order.png"
COMMAND = 'seedmock generate "A paper boat" --upstream opeai --size 1280x720 --seconds 4 -o boat.mp4'
WIDTH, MARGIN, LINE = 1600, 40, 34
BACKGROUND, INK, DIM = (22, 24, 29), (226, 228, 233), (126, 132, 145)


def order_clip(folder: Path) -> list[str]:
    """Order a clip from an emulator with the command line; return what the terminal shows."""
    with serve(pace="fast", seed=7) as server:
        command = [str(Path(sys.executable).parent / "seedmock"), *shlex.split(COMMAND)[1:]]
        environment = {"SEEDMOCK_BASE_URL": server.url, "SEEDMOCK_API_KEY": "sk_any", "PATH": "/usr/bin:/bin"}
        result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return [f"$ {COMMAND}", *(result.stderr + result.stdout).strip().splitlines()]


def read_frames(clip: Path, seconds: tuple[float, ...]) -> list[Image.Image]:
    frames = []
    for second in seconds:
        target = clip.with_name(f"{second}.png")
        command = [executable(), "-v", "error", "-ss", str(second), "-i", str(clip), "-frames:v", "1", str(target)]
        subprocess.run(command, check=True)
        frames.append(Image.open(target).convert("RGB"))
    return frames


def draw(lines: list[str], frames: list[Image.Image]) -> Image.Image:
    """Terminal above, frames below, on one background."""
    font = ImageFont.load_default(22)
    width = (WIDTH - MARGIN * (len(frames) + 1)) // len(frames)
    height = width * frames[0].height // frames[0].width
    top = MARGIN + LINE * len(lines) + MARGIN // 2
    picture = Image.new("RGB", (WIDTH, top + height + MARGIN), BACKGROUND)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        pen.text((MARGIN, MARGIN + LINE * number), line, font=font, fill=INK if number == 0 else DIM)
    for number, frame in enumerate(frames):
        place = (MARGIN + number * (width + MARGIN), top)
        picture.paste(frame.resize((width, height), Image.Resampling.LANCZOS), place)
    return picture


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines = order_clip(Path(folder))
        frames = read_frames(Path(folder) / "boat.mp4", (0.0, 1.4, 3.0))
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        draw(lines, frames).save(PICTURE, optimize=True)
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)} written\n")


if __name__ == "__main__":
    main()
