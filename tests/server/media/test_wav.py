"""WAV files of many writers, also of those that stream: their length is counted to the end."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from seedmock_contracts.enums import MediaKind
from seedmock_server.media.ffmpeg import executable
from seedmock_server.media.probe import UnreadableMedia, measure


def wav(
    samples: int = 48_000, *, riff_size: int | None = None, data_size: int | None = None, tail: bytes = b""
) -> bytes:
    """A mono WAV of 16 bits and 16 kHz whose sizes may be wrong."""
    data = bytes(2 * samples)
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 16_000, 32_000, 2, 16)
    data_head = struct.pack("<4sI", b"data", len(data) if data_size is None else data_size)
    body = b"WAVE" + fmt + data_head + data + tail
    return struct.pack("<4sI", b"RIFF", len(body) if riff_size is None else riff_size) + body


def rf64(samples: int, stated: int) -> bytes:
    ds64 = struct.pack("<4sIQQQI", b"ds64", 28, 0, stated, samples, 0)
    content = wav(samples, riff_size=0xFFFFFFFF, data_size=0xFFFFFFFF)
    return b"RF64" + content[4:12] + ds64 + content[12:]


STREAMED = {
    "zero": (0, 0),
    "largest signed": (0x7FFFFFFF, 0x7FFFFFFF),
    "largest": (0xFFFFFFFF, 0xFFFFFFFF),
    "only the data is unknown": (96_036, 0),
    "only the file is unknown": (0xFFFFFFFF, 96_000),
    "largest without the header": (0x7FFFFFFF, 0x7FFFFFDB),
    "2 to the 31": (0x80000024, 0x80000000),
    "whole pages": (0x7FFFF024, 0x7FFFF000),
}


@pytest.mark.parametrize("name", STREAMED)
def test_a_streamed_wav_is_counted_to_its_end(name: str, tmp_path: Path) -> None:
    riff_size, data_size = STREAMED[name]
    (tmp_path / "a.wav").write_bytes(wav(riff_size=riff_size, data_size=data_size))
    facts = measure(tmp_path / "a.wav")
    assert (facts.kind, facts.format, facts.seconds, facts.has_audio) == (MediaKind.AUDIO, "wav", 3.0, True)


@pytest.mark.parametrize("stated", [96_000, 0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF])
def test_an_rf64_is_counted_to_its_end(stated: int, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(rf64(48_000, stated))
    assert measure(tmp_path / "a.wav").seconds == 3.0


@pytest.mark.parametrize("form", ["wav", "rf64"])
@pytest.mark.parametrize(
    ("codec", "channels", "tolerance"),
    [
        ("pcm_u8", 1, 0), ("pcm_s16le", 2, 0), ("pcm_s24le", 6, 0), ("pcm_f32le", 1, 0), ("pcm_f64le", 2, 0),
        ("pcm_alaw", 1, 0), ("pcm_mulaw", 2, 0), ("adpcm_ms", 1, 0.15), ("adpcm_ima_wav", 2, 0.15),
    ],
)  # fmt: skip
def test_wav_of_many_codecs_is_measured_from_a_file_and_from_a_pipe(
    codec: str, channels: int, tolerance: float, form: str, tmp_path: Path
) -> None:
    """RF64 and more than two channels are WAVE_FORMAT_EXTENSIBLE; through a pipe ffmpeg leaves the sizes unknown."""
    source = ("-f", "lavfi", "-i", "sine=d=2:r=16000", "-ac", str(channels), "-c:a", codec, "-f", "wav")
    rf64_option = ("-rf64", "always") if form == "rf64" else ()
    command = [executable(), "-v", "error", *source, *rf64_option]
    subprocess.run([*command, str(tmp_path / "file.wav")], check=True)
    piped = subprocess.run([*command, "pipe:1"], check=True, capture_output=True).stdout
    (tmp_path / "pipe.wav").write_bytes(piped)
    for name in ("file.wav", "pipe.wav"):
        facts = measure(tmp_path / name)
        assert facts.format == "wav"
        assert facts.seconds == pytest.approx(2.0, abs=tolerance or 1e-6)


def test_a_wav_of_another_codec_is_measured_by_ffmpeg(tmp_path: Path) -> None:
    command = [executable(), "-v", "error", "-f", "lavfi", "-i", "sine=d=2", "-c:a", "libmp3lame"]
    subprocess.run([*command, str(tmp_path / "a.wav")], check=True)
    assert measure(tmp_path / "a.wav").seconds == pytest.approx(2.0, abs=0.1)


def test_chunks_after_the_sound_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(tail=struct.pack("<4sI", b"LIST", 4000) + bytes(4000)))
    assert measure(tmp_path / "a.wav").seconds == 3.0


def test_a_wav_of_an_odd_number_of_bytes_needs_no_padding(tmp_path: Path) -> None:
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8_000, 8_000, 1, 8)
    body = b"WAVE" + fmt + struct.pack("<4sI", b"data", 8_001) + bytes(8_001)
    (tmp_path / "a.wav").write_bytes(struct.pack("<4sI", b"RIFF", len(body)) + body)
    assert measure(tmp_path / "a.wav").seconds == 1.000125


def broken_wavs() -> dict[str, tuple[bytes, str]]:
    whole = wav()
    no_rate = whole[:24] + bytes(4) + whole[28:]
    return {
        "cut": (whole[:50_000], "cut short"),
        "no data": (whole[:36], "no format or no data"),
        "no format": (b"RIFF\0\0\0\0WAVE" + whole[36:], "no format or no data"),
        "empty": (wav(0), "neither pictures nor sound"),
        "no rate": (no_rate, "states no rate"),
        "many chunks": (whole[:12] + struct.pack("<4sI", b"junk", 0) * 5000 + whole[12:], "no format or no data"),
        "short format": (b"RIFF\0\0\0\0WAVEfmt \2\0\0\0\1\0" + whole[36:], "no format or no data"),
    }


@pytest.mark.parametrize("name", broken_wavs())
def test_a_broken_wav_is_unreadable_and_the_message_says_why(name: str, tmp_path: Path) -> None:
    content, message = broken_wavs()[name]
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UnreadableMedia, match=message):
        measure(tmp_path / "a.wav")
