#!/usr/bin/env bash
# ffmpeg and imageio-ffmpeg: -color_primaries and -color_trc of an output no longer reach the stream for raw input.
#
# One would expect: `-colorspace smpte170m -color_primaries smpte170m -color_trc smpte170m` on an encoder writes all three
#                   into the H.264 stream (VUI), as ffmpeg 5 and 7 do.
# What happens:     ffmpeg 9 writes the matrix and leaves primaries and transfer unknown, without a warning. The filter
#                   setparams writes all three in both.
# Versions:         imageio-ffmpeg 0.6.0 (ffmpeg 7.0.2) and 0.8.1 (ffmpeg n9.0.2), Linux x86_64. Looked at on 2026-11-29.
# Why it matters:   an upgrade of imageio-ffmpeg changes how colours of the same program are drawn: Chromium 156's WebCodecs
#                   takes a stream with unknown primaries for BT.709 as a whole, matrix included, and draws (200, 30, 30)
#                   as (215, 46, 30). seedmock's clips had that.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Print how ffmpeg reads the colours of a stream that imageio-ffmpeg $1 has encoded with the options after it.
colours() {
  local version=$1 ffmpeg
  shift
  if [ ! -d "$folder/$version" ]; then
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install -q --disable-pip-version-check "imageio-ffmpeg==$version"
  fi
  ffmpeg=$("$folder/$version/bin/python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
  head -c 12288 /dev/zero | "$ffmpeg" -v error -y -f rawvideo -pix_fmt yuv420p -s 64x64 -r 24 -i pipe:0 \
    -c:v libx264 "$@" "$folder/stream.h264"
  { "$ffmpeg" -hide_banner -i "$folder/stream.h264" 2>&1 || true; } | sed -n 's/.*yuv420p(\([^)]*\)).*/\1/p' | head -1
}

options=(-color_range tv -colorspace smpte170m -color_primaries smpte170m -color_trc smpte170m)
filter=(-vf "setparams=range=tv:colorspace=smpte170m:color_primaries=smpte170m:color_trc=smpte170m")
old=$(colours 0.6.0 "${options[@]}")
new=$(colours 0.8.1 "${options[@]}")
filtered=$(colours 0.8.1 "${filter[@]}")
echo "imageio-ffmpeg 0.6.0, options: $old"
echo "imageio-ffmpeg 0.8.1, options: $new"
echo "imageio-ffmpeg 0.8.1, filter:  $filtered"
[[ $old == "tv, smpte170m, progressive" && $new == "tv, smpte170m/unknown/unknown, progressive" && $filtered == "$old" ]]
