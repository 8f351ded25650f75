#!/usr/bin/env bash
# Pillow and JPEG 2000: in a picture of 16 bits in colour, white is drawn as black.
#
# One would expect: a white picture opens as white: 65535 of 65535 becomes 255 of 255.
# What happens:     values from 65408 on become 0. Pillow scales a sample by (x + 128) >> 8 and keeps the lowest byte, so that
#                   what rounds up to 256 is 0. 65407 is drawn as 255. Greys of 16 bits, which are not scaled, are right.
# Versions:         Pillow 13.0.0 with OpenJPEG 2.5.4 (the newest), imagecodecs 2026.3.6, Python 3.11. Looked at on 2026-11-30.
# Why it matters:   scanners and cinema tools write such files; a picture with a white background comes out with holes, and
#                   no error is raised. Whoever checks or shows pictures with Pillow before paying for a video of them
#                   judges another picture than the service does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "pillow==13.0.0" "imagecodecs==2026.3.6" "numpy<3"
"$folder/venv/bin/python" - <<'PY'
import io
import sys
from importlib.metadata import version

import imagecodecs
import numpy
from PIL import Image, features

LEVELS = (0, 32768, 65407, 65408, 65535)
print("Pillow", version("pillow"), "OpenJPEG", features.version("jpg_2000"), "imagecodecs", version("imagecodecs"))
drawn = {}
for level in LEVELS:
    samples = numpy.full((16, 16, 3), level, numpy.uint16)
    file = imagecodecs.jpeg2k_encode(samples, level=0)
    assert (imagecodecs.jpeg2k_decode(file) == level).all(), "the file is not what was written"
    drawn[level] = Image.open(io.BytesIO(file)).getpixel((8, 8))[0]
    print(f"{level:5} of 65535: Pillow draws {drawn[level]:3} of 255")
as_described = drawn[65407] == 255 and drawn[65408] == drawn[65535] == 0
print("as described" if as_described else "no longer as described")
sys.exit(not as_described)
PY
