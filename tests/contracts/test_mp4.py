"""The MP4 reader: measures, truncated and damaged files."""

from __future__ import annotations

import dataclasses
import io

import pytest

from seedmock_contracts.errors import InvalidMovie
from seedmock_contracts.mp4 import read_movie

from ..mp4_files import QUARTER_TURN, UPRIGHT, mp4_box, mp4_bytes


@pytest.mark.parametrize(("width", "height", "seconds", "audio"), [(1280, 720, 4, True), (834, 1112, 15, False)])
def test_a_movie_is_measured(width: int, height: int, seconds: int, audio: bool) -> None:
    content = mp4_bytes(width, height, seconds, audio)
    movie = read_movie(io.BytesIO(content))
    assert dataclasses.astuple(movie)[:5] == (len(content), seconds, width, height, audio)


@pytest.mark.parametrize(
    ("matrix", "size"),
    [(UPRIGHT, "1280x720"), (QUARTER_TURN, "720x1280"), ((-1, 0, 0, -1), "1280x720"), ((0, -1, 1, 0), "720x1280")],
)
def test_a_turned_movie_has_the_size_that_is_seen(matrix: tuple[int, int, int, int], size: str) -> None:
    assert read_movie(io.BytesIO(mp4_bytes(matrix=matrix))).size == size


def test_every_truncation_of_a_movie_is_detected() -> None:
    content = mp4_bytes(payload=b"x" * 50)
    for length in range(len(content)):
        with pytest.raises(InvalidMovie):
            read_movie(io.BytesIO(content[:length]))


def test_any_damaged_byte_raises_invalid_movie_or_nothing() -> None:
    content = mp4_bytes(payload=b"x" * 50)
    for index in range(len(content)):
        for value in (0, 0xFF, content[index] ^ 1):
            damaged = content[:index] + bytes([value]) + content[index + 1 :]
            try:
                read_movie(io.BytesIO(damaged))
            except InvalidMovie:
                continue


def test_box_sizes_of_64_bits_and_up_to_the_end_are_read() -> None:
    content = mp4_bytes(payload=b"")[:-8]
    long = content + b"\0\0\0\1mdat" + (16 + 5).to_bytes(8, "big") + b"12345"
    open_ended = content + b"\0\0\0\0mdat12345"
    assert read_movie(io.BytesIO(long)).bytes == len(long)
    assert read_movie(io.BytesIO(open_ended)).bytes == len(open_ended)


def test_a_file_without_a_video_track_is_invalid() -> None:
    content = mp4_box(b"ftyp", b"isom") + mp4_box(b"moov") + mp4_box(b"mdat")
    with pytest.raises(InvalidMovie, match="no video track"):
        read_movie(io.BytesIO(content))
