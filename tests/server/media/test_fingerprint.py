"""The fingerprint of an encoder names all that the bytes of clips depend on beside their specs."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PIL import Image, features

from seedmock_server.media import clip_spec, ffmpeg, fingerprint
from seedmock_server.media.clip_spec import ClipSpec, StoredFile
from seedmock_server.media.drawing import crossfade, text
from seedmock_server.media.encoding import audio_tone

SPEC = ClipSpec(model="seedance", width=240, height=240, seconds=1, audio=True, seed=7, prompt="a fox 狐")
STILL = replace(SPEC, first=StoredFile(Path("still.png"), "1"))


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    caches: list[Any] = [
        *(fingerprint.fingerprint, clip_spec._tool_versions, clip_spec._pillow_decoder_versions),
        *(ffmpeg.version, ffmpeg._about),
    ]
    for function in caches:
        function.cache_clear()
    yield
    for function in caches:
        function.cache_clear()


def clip_bytes(render: Callable[..., list[Path]], spec: ClipSpec) -> bytes:
    (path,) = render(spec)
    return path.read_bytes()


def change_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "_about", lambda: "ffmpeg version 8.1 Copyright\nconfiguration: --enable-libx264")


def change_build(monkeypatch: pytest.MonkeyPatch) -> None:
    about = ffmpeg._about() + "another library"
    monkeypatch.setattr(ffmpeg, "_about", lambda: about)


def change_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.__version__", "99.0")


def change_library(name: str) -> Callable[[pytest.MonkeyPatch], None]:
    def change(monkeypatch: pytest.MonkeyPatch) -> None:
        version = features.version
        monkeypatch.setattr(features, "version", lambda library: "0.1" if library == name else version(library))

    return change


def change_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unicodedata, "unidata_version", "99.0.0")


def change_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (clip_spec, fingerprint):
        monkeypatch.setattr(module, "RENDER_VERSION", 99)


def remove_heif(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pillow_heif")
    monkeypatch.setattr("seedmock_server.media.heif.has_decoder", lambda: False)


CHANGES = {
    "ffmpeg": change_ffmpeg,
    "build": change_build,
    "pillow": change_pillow,
    "freetype": change_library("freetype2"),
    "jpeg": change_library("libjpeg_turbo"),
    "unicode": change_unicode,
    "renderer": change_renderer,
    "heif": remove_heif,
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_version_is_part_of_the_fingerprint_and_of_the_digest_of_a_clip_with_a_still(
    change: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fingerprint, "_reference_digest", lambda: "1")
    before = fingerprint.fingerprint(tmp_path), STILL.digest
    _clear()
    CHANGES[change](monkeypatch)
    after = fingerprint.fingerprint(tmp_path), STILL.digest
    # The file that remembers the first one is not taken for another: but for ffmpeg's, whose executable is the same.
    if change in ("ffmpeg", "build"):
        _clear()
        after = fingerprint.fingerprint(tmp_path / "other"), STILL.digest
    assert (before[0] == after[0], before[1] == after[1]) == (False, False)


def _clear() -> None:
    fingerprint.fingerprint.cache_clear()
    clip_spec._tool_versions.cache_clear()
    clip_spec._pillow_decoder_versions.cache_clear()


def test_letters_that_another_python_knows_are_drawn_otherwise_under_another_etag(
    render: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    melting, ascii_spec = replace(SPEC, prompt="a \U0001fae0 face"), replace(SPEC, prompt="a face")
    before = clip_bytes(render, melting), melting.digest, ascii_spec.digest
    # As Python 3.9 has it, whose Unicode is 13: the character does not exist there, and is left out.
    category = unicodedata.category
    monkeypatch.setattr(unicodedata, "category", lambda c: "Cn" if c == "\U0001fae0" else category(c))
    monkeypatch.setattr(unicodedata, "unidata_version", "13.0.0")
    after = clip_bytes(render, melting), melting.digest, ascii_spec.digest
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]


def draw_other_still(path: Path) -> None:
    Image.linear_gradient("L").convert("RGB").save(path, "JPEG")


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (crossfade, "WHITE", (200, 200, 200)),
        (text, "FACES", ("", "west")),
        (audio_tone, "TAU", 6.2),
        (fingerprint, "_draw_still", draw_other_still),
    ],
)
def test_the_reference_clip_shows_a_change_that_no_version_does(
    module: Any, name: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint._reference_digest()
    text._face.cache_clear()
    monkeypatch.setattr(module, name, value)
    after = fingerprint._reference_digest()
    text._face.cache_clear()
    assert after != before


def test_the_next_start_remembers_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = fingerprint.fingerprint(tmp_path)
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_bytes()) == {"fingerprint": own}
    monkeypatch.setattr(fingerprint, "_reference_digest", lambda: pytest.fail("rendered again"))
    fingerprint.fingerprint.cache_clear()
    assert fingerprint.fingerprint(tmp_path) == own
    path.write_text("{")
    monkeypatch.setattr(fingerprint, "_reference_digest", lambda: "1")
    fingerprint.fingerprint.cache_clear()
    assert fingerprint.fingerprint(tmp_path).endswith("reference clip 1")


def test_a_difference_names_what_differs() -> None:
    assert fingerprint.difference("ffmpeg 7; Pillow 12; x 1", "ffmpeg 8; Pillow 12; x 1") == ("ffmpeg 7", "ffmpeg 8")
    assert fingerprint.difference("ffmpeg 7", "ffmpeg 7") == ("ffmpeg 7", "ffmpeg 7")
