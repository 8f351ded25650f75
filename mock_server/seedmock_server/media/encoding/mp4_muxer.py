"""Write an MP4 file: `ftyp`, `moov`, `mdat`, in this order, so that a player can start before the file is complete.

ISO/IEC 14496-12 (boxes), -14 (esds), -15 (avcC). Timescales: 24 x 512 for video, the sampling rate for sound.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise

from msgspec import Struct

from ..clip_spec import FPS
from .bitstream import FRAME_SAMPLES, Stream

# A frame takes 512 ticks, as in what ffmpeg writes: its time scale for 24 frames a second is 12 288.
TICKS = 512
VIDEO_SCALE = FPS * TICKS
BT709 = 1  # in each of the three code tables of ISO/IEC 23091-2
# Neither turned nor scaled, in 16.16 and 2.30 fixed point (ISO/IEC 14496-12).
MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
# AAC states a rate by its index in this list (ISO/IEC 14496-3).
RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000)


class Sound(Struct, frozen=True):
    """AAC-LC, mono: its frames, of which the first only primes the decoder."""

    frames: Sequence[bytes]
    rate: int


class _Track(Struct, frozen=True):
    """One track: chunks of samples, and the boxes that are specific to its kind.

    `scale` is ticks a second, `step` ticks a sample, `length` ticks that are played, after `skip` ticks that are not;
    `keys` are the numbers of key frames, from 1, or None if every sample is one.
    """

    number: int
    chunks: list[list[bytes]]
    scale: int
    step: int
    length: int
    skip: int
    kind: bytes
    name: bytes
    size: tuple[int, int]
    header: bytes
    entry: bytes
    keys: Sequence[int] | None

    @property
    def samples(self) -> list[bytes]:
        return [sample for chunk in self.chunks for sample in chunk]

    @property
    def durations(self) -> list[tuple[int, int]]:
        """Numbers of samples and their ticks: the last sample ends with the track, or players would play its rest."""
        last_but_one = len(self.samples) - 1
        rest = self.skip + self.length - last_but_one * self.step
        return [(last_but_one + 1, self.step)] if rest == self.step else [(last_but_one, self.step), (1, rest)]


def movie(video: Stream, size: tuple[int, int], sound: Sound | None, tags: dict[bytes, str]) -> list[bytes]:
    """Return the file in parts, ready for `writelines`; every 24th frame is a key frame.

    `tags` are iTunes-style names, bytes that begin with the copyright sign in Latin-1, and their text.
    """
    tracks = [_video_track(video, size)]
    if sound is not None:
        tracks.append(_sound_track(sound, len(video.frames)))
    start = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
    data = [b"".join(chunk) for second in range(len(tracks[0].chunks)) for chunk in _chunks(tracks, second)]
    offset = len(start) + len(_moov(tracks, 0, tags)) + 8
    head = struct.pack(">I4s", 8 + sum(map(len, data)), b"mdat")
    return [start, _moov(tracks, offset, tags), head, *data]


def box(kind: bytes, *parts: bytes) -> bytes:
    """Build a box: size, kind, content."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, flags: int, *parts: bytes, version: int = 0) -> bytes:
    """Build a box with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _video_track(video: Stream, size: tuple[int, int]) -> _Track:
    count = len(video.frames)
    chunks = [list(video.frames[at : at + FPS]) for at in range(0, count, FPS)]
    return _Track(
        number=1,
        chunks=chunks,
        scale=VIDEO_SCALE,
        step=TICKS,
        length=count * TICKS,
        skip=0,
        kind=b"vide",
        name=b"pictures",
        size=size,
        header=full(b"vmhd", 1, bytes(8)),
        entry=_avc1(video, size, _bit_rates(video.frames, FPS)),
        keys=range(1, count + 1, FPS),
    )


def _sound_track(sound: Sound, frames: int) -> _Track:
    per_second = sound.rate / FRAME_SAMPLES
    cuts = [round(second * per_second) for second in range(-(-frames // FPS))]
    cuts.append(len(sound.frames))
    return _Track(
        number=2,
        chunks=[list(sound.frames[start:end]) for start, end in pairwise(cuts)],
        scale=sound.rate,
        step=FRAME_SAMPLES,
        length=frames * sound.rate // FPS,
        skip=FRAME_SAMPLES,
        kind=b"soun",
        name=b"sound",
        size=(0, 0),
        header=full(b"smhd", 0, bytes(4)),
        entry=_mp4a(sound.rate, _bit_rates(sound.frames, sound.rate / FRAME_SAMPLES)),
        keys=None,
    )


def _chunks(tracks: list[_Track], second: int) -> list[list[bytes]]:
    return [track.chunks[second] for track in tracks if second < len(track.chunks)]


def _moov(tracks: list[_Track], start: int, tags: dict[bytes, str]) -> bytes:
    times = struct.pack(">4I", 0, 0, VIDEO_SCALE, tracks[0].length)
    head = full(b"mvhd", 0, times, struct.pack(">IH10x", 0x10000, 0x100), MATRIX, bytes(24), struct.pack(">I", 3))
    offsets = _chunk_offsets(tracks, start)
    traks = [_trak(track, chunks) for track, chunks in zip(tracks, offsets, strict=True)]
    return box(b"moov", head, *traks, box(b"udta", _tags(tags)))


def _chunk_offsets(tracks: list[_Track], start: int) -> list[list[int]]:
    """Return the offsets of each track's chunks, which are interleaved second by second."""
    offsets: list[list[int]] = [[] for _ in tracks]
    for second in range(len(tracks[0].chunks)):
        for track, chunks in zip(tracks, offsets, strict=True):
            chunks.append(start)
            start += sum(map(len, track.chunks[second]))
    return offsets


def _trak(track: _Track, offsets: list[int]) -> bytes:
    width, height = track.size
    length = track.length * VIDEO_SCALE // track.scale
    volume = 0x100 if track.kind == b"soun" else 0
    head = full(
        b"tkhd",
        3,
        struct.pack(">5I8xHHHH", 0, 0, track.number, 0, length, 0, track.number - 1, volume, 0),
        MATRIX,
        struct.pack(">2I", width << 16, height << 16),
    )
    edits = box(b"edts", full(b"elst", 0, struct.pack(">IIiI", 1, length, track.skip, 0x10000)))
    return box(b"trak", head, edits, _mdia(track, offsets))


def _mdia(track: _Track, offsets: list[int]) -> bytes:
    length = track.skip + track.length
    head = full(b"mdhd", 0, struct.pack(">4IHH", 0, 0, track.scale, length, 0x55C4, 0))
    handler = full(b"hdlr", 0, struct.pack(">I4s12x", 0, track.kind), track.name + b"\x00")
    data_in_this_file = box(b"dinf", full(b"dref", 0, struct.pack(">I", 1), full(b"url ", 1)))
    return box(b"mdia", head, handler, box(b"minf", track.header, data_in_this_file, _stbl(track, offsets)))


def _stbl(track: _Track, offsets: list[int]) -> bytes:
    sizes = [len(sample) for sample in track.samples]
    counts = [len(chunk) for chunk in track.chunks]
    runs = [(at + 1, count, 1) for at, count in enumerate(counts) if at == 0 or counts[at - 1] != count]
    boxes = [
        full(b"stsd", 0, struct.pack(">I", 1), track.entry),
        full(b"stts", 0, _table(track.durations)),
        full(b"stsc", 0, _table(runs)),
        full(b"stsz", 0, struct.pack(">I", 0), _table([(size,) for size in sizes])),
        full(b"stco", 0, _table([(offset,) for offset in offsets])),
    ]
    if track.keys is not None:
        boxes.insert(2, full(b"stss", 0, _table([(key,) for key in track.keys])))
    return box(b"stbl", *boxes)


def _table(rows: Sequence[tuple[int, ...]]) -> bytes:
    flat = [value for row in rows for value in row]
    return struct.pack(f">I{len(flat)}I", len(rows), *flat)


def _bit_rates(samples: Sequence[bytes], per_second: float) -> bytes:
    """Return the largest sample in bytes, and the highest (of any second) and the average number of bits a second."""
    sizes = [len(sample) for sample in samples]
    sums = [0, *accumulate(sizes)]
    window = min(len(sizes), round(per_second))
    highest = max(end - start for start, end in zip(sums, sums[window:], strict=False)) * 8
    average = round(sums[-1] * 8 * per_second / len(sizes))
    return struct.pack(">3I", max(sizes), max(highest, average), average)


def _avc1(video: Stream, size: tuple[int, int], bit_rates: bytes) -> bytes:
    sps, pps = video.sps, video.pps
    sets = struct.pack(">BH", 0xE1, len(sps)) + sps + struct.pack(">BH", 1, len(pps)) + pps
    avcc = box(b"avcC", b"\x01", sps[1:4], b"\xff", sets)
    fields = struct.pack(">6xH16xHHIIIH32xHh", 1, *size, 0x480000, 0x480000, 0, 1, 24, -1)
    # The same colours and the same square pixels as in the stream itself: readers believe either.
    colours, pixels = struct.pack(">3HB", BT709, BT709, BT709, 0), struct.pack(">2I", 1, 1)
    return box(b"avc1", fields, avcc, box(b"colr", b"nclx", colours), box(b"pasp", pixels), box(b"btrt", bit_rates))


def _mp4a(rate: int, bit_rates: bytes) -> bytes:
    config = struct.pack(">H", 2 << 11 | RATES.index(rate) << 7 | 1 << 3)
    # A descriptor's buffer size has three bytes: the first two numbers are the kinds of object and of stream.
    decoder = _descriptor(4, b"\x40\x15", bit_rates[1:], _descriptor(5, config))
    esds = full(b"esds", 0, _descriptor(3, struct.pack(">HB", 2, 0), decoder, _descriptor(6, b"\x02")))
    fields = struct.pack(">6xH8xHHHHHH", 1, 1, 16, 0, 0, rate, 0)
    return box(b"mp4a", fields, esds, box(b"btrt", bit_rates))


def _descriptor(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">BB", tag, len(body)) + body


def _tags(tags: dict[bytes, str]) -> bytes:
    handler = full(b"hdlr", 0, struct.pack(">I4s4s9x", 0, b"mdir", b"appl"))
    items = [box(name, box(b"data", struct.pack(">II", 1, 0), _utf8(text))) for name, text in tags.items()]
    return full(b"meta", 0, handler, box(b"ilst", *items))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
