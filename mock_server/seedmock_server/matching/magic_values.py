"""Magic values: prompts, keys and URLs with a built-in effect, like the test cards of payment services.

docs/reference/magic-values.md is generated from these. Opens nothing: the facts of a magic URL are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from seedmock_contracts.documents.hosts import web_host
from seedmock_contracts.enums import ErrorKind, MediaKind
from seedmock_contracts.facts import MediaFacts

from ..errors import ApiError
from ..http.url_policy import PRIVATE_ADDRESS_MESSAGE, FetchError, FetchFailure
from .rules import InvalidRule

MIB: Final = 1 << 20
HOST: Final = "mock.test"
ORIGIN: Final = f"https://{HOST}"
PROMPT_OPENING: Final = re.compile(r"\[\[\s*mock:", re.IGNORECASE)
# Bounded: a bracket that is never closed must not make a fate of a whole prompt.
PROMPT_FATE: Final = re.compile(r"\[\[\s*mock:([^\]]{0,300})\]\]", re.IGNORECASE)
MAGIC_ACCOUNT: Final = "mock-"
"""Prefix of the accounts of magic keys: `mock-invalid-...`."""


class MagicUrl(Struct, frozen=True):
    """Path of the magic host: media with these facts, or none, for a reason."""

    description: str
    facts: MediaFacts | None = None
    reason: FetchFailure | None = None

    def error(self) -> FetchError:
        """Return the error of a URL without media."""
        reason = self.reason or FetchFailure.UNREACHABLE
        return FetchError(reason, f"the reference can't be read: {self.description}")


def _image(
    description: str, width: int, height: int, *, size: int = MIB, face: bool = False, form: str = "png"
) -> MagicUrl:
    facts = MediaFacts(
        kind=MediaKind.IMAGE, size_bytes=size, format=form, width=width, height=height, face=face,
    )  # fmt: skip
    return MagicUrl(description, facts)


def _video(
    description: str,
    seconds: float = 5.0,
    *,
    size: int = MIB,
    fps: float = 24.0,
    width: int = 1280,
    height: int = 720,
    form: str = "mp4",
    codec: str = "avc1",
    audio_codec: str = "mp4a",
    stored_size: tuple[int, int] | None = None,
) -> MagicUrl:
    facts = MediaFacts(
        kind=MediaKind.VIDEO, size_bytes=size, format=form, seconds=seconds, width=width, height=height, fps=fps,
        has_audio=True, codec=codec, audio_codec=audio_codec, stored_size=stored_size,
    )  # fmt: skip
    return MagicUrl(description, facts)


def _audio(description: str, seconds: float = 5.0, *, size: int = MIB, form: str = "mp3") -> MagicUrl:
    facts = MediaFacts(kind=MediaKind.AUDIO, size_bytes=size, format=form, seconds=seconds, has_audio=True)
    return MagicUrl(description, facts)


URLS: Final[Mapping[str, MagicUrl]] = {
    "/face.png": _image("a picture with a real person's face", 1024, 1024, face=True),
    "/not-a-face.png": _image("a picture without a face", 1024, 1024),
    "/landscape.jpg": _image("a picture of 1280 x 720", 1280, 720, form="jpeg"),
    "/portrait.jpg": _image("a picture of 720 x 1280, without a face", 720, 1280, form="jpeg"),
    "/image-29mb.png": _image("29 MB", 2048, 2048, size=29 * MIB),
    "/image-30mb.png": _image("30 MB exactly", 2048, 2048, size=30 * MIB),
    "/image-31mb.png": _image("31 MB", 2048, 2048, size=31 * MIB),
    "/image-tiny.png": _image("200 x 200", 200, 200),
    "/image-smallest.png": _image("301 x 301", 301, 301),
    "/image-largest.png": _image("5999 x 5999", 5999, 5999),
    "/image-huge.png": _image("6400 x 6400", 6400, 6400),
    "/image-wide.png": _image("2.4 times as wide as high", 2400, 1000),
    "/image-too-wide.png": _image("3 times as wide as high", 3000, 1000),
    "/image-tall.png": _image("2.4 times as high as wide", 1000, 2400),
    "/image-too-tall.png": _image("3 times as high as wide", 1000, 3000),
    "/image.avif": _image("an AVIF", 1024, 1024, form="avif"),
    "/image.jp2": _image("a JPEG 2000", 1024, 1024, form="jpeg2000"),
    "/video-1s.mp4": _video("1 second", 1.0),
    "/video-2s.mp4": _video("2 seconds", 2.0),
    "/video-5s.mp4": _video("5 seconds", 5.0),
    "/video-10s.mp4": _video("10 seconds: two of them are too long together", 10.0),
    "/video-15s.mp4": _video("15 seconds", 15.0),
    "/video-16s.mp4": _video("16 seconds", 16.0),
    "/video-49mb.mp4": _video("49 MB", 5.0, size=49 * MIB),
    "/video-50mb.mp4": _video("50 MB exactly", 5.0, size=50 * MIB),
    "/video-51mb.mp4": _video("51 MB", 5.0, size=51 * MIB),
    "/video-199mb.mp4": _video("199 MB", 5.0, size=199 * MIB),
    "/video-200mb.mp4": _video("200 MB exactly", 5.0, size=200 * MIB),
    "/video-201mb.mp4": _video("201 MB", 5.0, size=201 * MIB),
    "/video-176x144.mp4": _video("176 x 144", width=176, height=144),
    "/video-480p.mp4": _video("864 x 496, 60 frames a second", width=864, height=496, fps=60.0),
    "/video-4k.mp4": _video("3840 x 2160", width=3840, height=2160),
    "/video-8k.mp4": _video("7680 x 4320", width=7680, height=4320),
    "/video-12fps.mp4": _video("12 frames a second", fps=12.0),
    "/video-120fps.mp4": _video("120 frames a second", fps=120.0),
    "/video-wide-pixels.mp4": _video(
        "854 x 480, stored as 640 x 480 with wide pixels", width=854, height=480, stored_size=(640, 480)
    ),
    "/video-h265.mp4": _video("H.265", codec="hvc1"),
    "/video-av1.mp4": _video("AV1", codec="av01"),
    "/video-opus.mp4": _video("H.264 with Opus", audio_codec="opus"),
    "/video.webm": _video("a WebM", form="webm", codec="vp09", audio_codec="opus"),
    "/video.mkv": _video("a Matroska file", form="matroska"),
    "/audio-1s.mp3": _audio("1 second", 1.0),
    "/audio-2s.mp3": _audio("2 seconds", 2.0),
    "/audio-ok.mp3": _audio("5 seconds", 5.0),
    "/audio-10s.mp3": _audio("10 seconds: two of them are too long together", 10.0),
    "/audio-15s.mp3": _audio("15 seconds", 15.0),
    "/audio-16s.mp3": _audio("16 seconds", 16.0),
    "/audio-14mb.mp3": _audio("14 MB", 5.0, size=14 * MIB),
    "/audio-15mb.mp3": _audio("15 MB exactly", 5.0, size=15 * MIB),
    "/audio-16mb.mp3": _audio("16 MB", 5.0, size=16 * MIB),
    "/audio.ogg": _audio("an Ogg", form="ogg"),
    "/audio.m4a": _audio("an M4A", form="m4a"),
    "/unreachable.jpg": MagicUrl("no response", reason=FetchFailure.UNREACHABLE),
    "/broken.png": MagicUrl("the file is damaged", reason=FetchFailure.NOT_MEDIA),
    "/text.txt": MagicUrl("the file is text, not media", reason=FetchFailure.NOT_MEDIA),
    "/private": MagicUrl(f"{PRIVATE_ADDRESS_MESSAGE}: a redirect leads to one", reason=FetchFailure.PRIVATE),
}
"""By path. A query `?fate=...` names the fate of the task or asset that refers to the URL."""

KEY_PREFIX: Final = "sk_mock_"
KEYS: Final[Mapping[str, tuple[ErrorKind, str]]] = {
    "sk_mock_invalid": (ErrorKind.AUTHENTICATION, "this magic key is never valid"),
    "sk_mock_forbidden": (ErrorKind.FORBIDDEN, "this magic key has no permissions"),
    "sk_mock_ratelimited": (ErrorKind.RATE_LIMIT, "this magic key is always over its rate limit"),
    "sk_mock_nocredit": (ErrorKind.BALANCE, "this magic key has no credit"),
}
"""Error by key; a suffix such as `_7` makes another key of the same kind. A key without credit can do what is free."""

PROMPTS: Final[Mapping[str, str]] = {
    "[[mock: succeed after=60s]]": "succeeds after a minute",
    "[[mock: refused why=face]]": "refused at create: face, text, image, video, audio or policy",
    "[[mock: moderated after=120s what=audio]]": "fails after two minutes: moderation objects to the output's sound",
    "[[mock: failed code=CODE]]": "fails with a code of the upstream; charged=yes: is charged although it failed",
    "[[mock: stuck status=in_progress]]": "never ends",
    "[[mock: expired raw_status=expired]]": "ends with a status of its own, such as expired",
    "[[mock: slow after=900s]]": "takes a quarter of an hour",
    "[[mock: not_started_first duration=2s]]": "begins with the statuses of tasks that are not queued yet",
    "[[mock: unknown_status raw_status=PAUSED duration=30s]]": "has an undocumented status; without duration, for ever",
    "[[mock: completed_without_url]]": "succeeds without a clip",
    "[[mock: content_late by=10s]]": "succeeds, and its clip comes later",
    "[[mock: link_dead lifetime=60s]]": "succeeds, and its clip is gone a minute later",
}
"""Examples: the brackets contain a fate, and may stand anywhere in the prompt."""


def may_have_fate(prompt: str, references: Iterable[str]) -> bool:
    """Tell if `fate_in` might find a fate, or raise an error.."""
    # One bracket first: to search for a single character takes a tenth of the time, and a prompt can have megabytes.
    has_brackets = "[" in prompt and "[[" in prompt
    return has_brackets or any(map(is_magic, references))


def fate_in(prompt: str, references: Iterable[str]) -> str:
    """Return the text of the fate in a prompt or in a reference's URL, or an empty one. Raises InvalidRule."""
    if PROMPT_OPENING.search(prompt):
        fate = PROMPT_FATE.search(prompt)
        # An error, not a plain prompt: a typo would else be a success, and the test that meant a failure would pass.
        if fate is None or not fate[1].strip():
            raise InvalidRule("the prompt has [[mock: without a fate; allowed: [[mock: FATE]], at most 300 characters")
        return fate[1].strip()
    return next((text for url in references if (text := _fate_in_url(url))), "")


def media_at(url: str) -> MagicUrl | None:
    """Return what a URL of the magic host stands for; None for other hosts. An unknown path is unreachable."""
    if not is_magic(url):
        return None
    return URLS.get(urlsplit(url.strip()).path) or MagicUrl(
        f"unknown path at {ORIGIN}; available: {', '.join(URLS)}", reason=FetchFailure.UNREACHABLE
    )


def is_magic(url: str) -> bool:
    return HOST in url[:300].lower() and web_host(url) == HOST


def account_prefix(key: bytes) -> str:
    """Return the prefix of a key's account, which tells magic keys and their kinds."""
    name = next((name for name in KEYS if key == name.encode() or key.startswith(name.encode() + b"_")), None)
    return "key-" if name is None else MAGIC_ACCOUNT + name.removeprefix(KEY_PREFIX) + "-"


def check_key(account: str) -> None:
    """Raise the error with which every request by a magic key fails, unless the key only has no credit."""
    if not account.startswith(MAGIC_ACCOUNT):
        return
    kind, message = _magic_error(account)
    if kind is not ErrorKind.BALANCE:
        raise ApiError(kind, message)


def has_no_credit(account: str) -> bool:
    return account.startswith(MAGIC_ACCOUNT) and _magic_error(account)[0] is ErrorKind.BALANCE


def _magic_error(account: str) -> tuple[ErrorKind, str]:
    return KEYS[KEY_PREFIX + account.removeprefix(MAGIC_ACCOUNT).rpartition("-")[0]]


def _fate_in_url(url: str) -> str:
    if not is_magic(url):
        return ""
    return dict(parse_qsl(urlsplit(url.strip()).query)).get("fate", "").strip()
