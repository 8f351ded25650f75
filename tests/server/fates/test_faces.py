"""Faces in direct references, known by declaration, magic URL or detector; assets may show faces."""

from __future__ import annotations

import base64
import io
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFilter

from seedmock_server.matching.rules import InvalidRule
from seedmock_server.references import face_detection as vision
from seedmock_server.references.declared import DeclaredMedia, declaration_from

FACE, NO_FACE = "https://mock.test/face.png", "https://mock.test/not-a-face.png"
PHOTO = "https://media.example.org/someone.png"
PRIVACY = {"apimodels": "CONTENT_MODERATION", "opeai": "InputImageSensitiveContentDetected.PrivacyInformation"}
needs_detector = pytest.mark.skipif(not vision.detector_name(), reason="seedmock[vision] is not installed")


INK = (50, 35, 25)


def drawn_face(side: int = 640, form: str = "PNG", turned: int = 0) -> bytes:
    """Draw a frontal face that fills most of an image; `turned` is in degrees."""
    image = Image.new("RGB", (640, 640), (150, 170, 190))
    draw = ImageDraw.Draw(image)
    draw.ellipse((130, 60, 510, 600), (60, 40, 30))
    draw.ellipse((165, 110, 475, 590), (224, 178, 150))
    for x in (250, 390):
        draw.ellipse((x - 52, 258, x + 52, 318), (150, 105, 85))
        draw.ellipse((x - 42, 268, x + 42, 312), (245, 245, 245))
        draw.ellipse((x - 20, 268, x + 20, 310), INK)
        draw.rectangle((x - 58, 228, x + 58, 246), INK)
    draw.polygon([(320, 300), (285, 420), (355, 420)], (205, 155, 128))
    draw.ellipse((285, 400, 313, 424), (110, 70, 58))
    draw.ellipse((327, 400, 355, 424), (110, 70, 58))
    draw.ellipse((250, 465, 390, 520), (165, 70, 70))
    draw.line((252, 492, 388, 492), (90, 30, 30), width=6)
    return encoded(image.filter(ImageFilter.GaussianBlur(6)).rotate(turned).resize((side, side)), form)


def drawn_boat(side: int = 640, form: str = "PNG") -> bytes:
    """Draw a paper boat with two portholes and a stripe: circles and lines, but no face."""
    image = Image.new("RGB", (640, 640), (150, 170, 190))
    draw = ImageDraw.Draw(image)
    draw.polygon([(60, 400), (580, 400), (480, 540), (160, 540)], (245, 245, 245))
    draw.polygon([(320, 120), (320, 390), (500, 390)], (224, 178, 150))
    for x in (240, 400):
        draw.ellipse((x - 20, 450, x + 20, 490), INK)
    draw.line((60, 410, 580, 410), (90, 30, 30), width=6)
    return encoded(image.filter(ImageFilter.GaussianBlur(2)).resize((side, side)), form)


def encoded(image: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def notes(upstream_client: Any) -> list[str]:
    notes: list[str] = upstream_client.server.journal()[-1]["notes"]
    return notes


def is_refused_for_a_face(upstream_client: Any, response: Any, path: str) -> bool:
    status, code, message = upstream_client.error(response)
    return (status, code, path in message) == (400, PRIVACY[upstream_client.name], True)


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the vision extra."""
    monkeypatch.setattr(vision, "_library", cache(lambda: None))


@pytest.mark.parametrize("place", ["reference", "frame"])
def test_a_face_in_a_direct_image_is_refused_at_create(upstream_client: Any, place: str) -> None:
    placed = upstream_client.references("image", NO_FACE, FACE) if place == "reference" else upstream_client.frame(FACE)
    path = {
        ("apimodels", "reference"): "reference_image_urls[1]",
        ("apimodels", "frame"): "first_frame_url",
        ("opeai", "reference"): "input_reference.content[1]",
        ("opeai", "frame"): "input_reference.content[0]",
    }[upstream_client.name, place]
    assert is_refused_for_a_face(upstream_client, upstream_client.create(**placed), path)
    assert f"{path}: a face (table of magic values)" in notes(upstream_client)
    if upstream_client.name == "apimodels":
        assert upstream_client.server.balance(key=upstream_client.key) == 1000


def test_a_face_in_a_last_frame_is_refused(in_process_client: Any) -> None:
    placed = in_process_client.frame(NO_FACE)
    if in_process_client.name == "apimodels":
        placed["last_frame_url"] = FACE
    else:
        last = {"type": "image_url", "role": "last_frame", "image_url": {"url": FACE}}
        placed["input_reference"]["content"].append(last)
    assert in_process_client.create(**placed).status_code == 400


def test_the_same_picture_passes_as_an_asset(start_client_of: Callable[..., Any]) -> None:
    upstream_client = start_client_of("apimodels")
    group = upstream_client.server.post("/api/v1/assets/groups", {"name": "cast"}, key=upstream_client.key).json()[
        "data"
    ]["id"]
    asset = {"url": FACE, "asset_type": "Image", "group_id": group}
    url = upstream_client.server.post("/api/v1/assets", asset, key=upstream_client.key).json()["data"]["asset_url"]
    upstream_client.server.clock.advance(60)
    assert upstream_client.create(**upstream_client.references("image", url)).status_code == 200
    assert upstream_client.create(**upstream_client.frame(url)).status_code == 200
    assert upstream_client.create(**upstream_client.references("image", url, FACE)).status_code == 400


def test_a_declared_face_is_refused_and_a_declared_absence_is_not(in_process_client: Any) -> None:
    declared = in_process_client.app.declared_media
    assert in_process_client.create(**in_process_client.references("image", PHOTO)).status_code == 200
    assert notes(in_process_client) == []
    declared.put(PHOTO, declaration_from({"kind": "image", "face": True}))
    assert is_refused_for_a_face(
        in_process_client, in_process_client.create(**in_process_client.references("image", PHOTO)), "[0]"
    )
    assert "a face (declared facts)" in notes(in_process_client)[0]
    declared.put(FACE, declaration_from({"kind": "image", "face": False}))
    assert in_process_client.create(**in_process_client.references("image", FACE)).status_code == 200
    declared.clear()
    assert in_process_client.create(**in_process_client.references("image", FACE)).status_code == 400


def data(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


@pytest.mark.usefixtures("blind")
def test_without_the_vision_extra_only_declared_faces_count(in_process_client: Any) -> None:
    url = data(drawn_face(360, "JPEG"))
    assert in_process_client.create(**in_process_client.references("image", url)).status_code == 200
    assert "face unknown (seedmock[vision] is not installed)" in notes(in_process_client)[0]
    in_process_client.app.declared_media.put(url, declaration_from({"kind": "image", "face": True}))
    assert in_process_client.create(**in_process_client.references("image", url)).status_code == 400


def test_opencv_without_its_model_is_no_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    vision._library.cache_clear()
    monkeypatch.setitem(sys.modules, "cv2", object())
    assert vision.detector_name() == ""
    vision._library.cache_clear()
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert vision.detector_name() == ""
    vision._library.cache_clear()


@needs_detector
@pytest.mark.parametrize("side", [320, 640, pytest.param(2000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_the_detector_finds_a_drawn_face_and_none_in_a_boat(tmp_path: Path, side: int, form: str) -> None:
    face, boat = tmp_path / "face", tmp_path / "boat"
    face.write_bytes(drawn_face(side, form))
    boat.write_bytes(drawn_boat(side, form))
    assert (vision.has_face(face), vision.has_face(boat)) == (True, False)


@needs_detector
def test_the_detector_applies_the_exif_orientation(tmp_path: Path) -> None:
    lying = tmp_path / "lying.jpg"
    (tmp_path / "face").write_bytes(drawn_face())
    picture = Image.open(tmp_path / "face").convert("RGB").rotate(90)
    picture.save(lying)
    assert vision.has_face(lying) is False
    tag = Image.Exif()
    tag[0x0112] = 6
    picture.save(lying, exif=tag)
    assert vision.has_face(lying) is True


@needs_detector
def test_a_file_that_is_not_an_image_shows_no_face(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("a face")
    assert vision.has_face(tmp_path / "text") is None


@needs_detector
def test_images_are_inspected_off_the_event_loop_and_once(
    in_process_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    has_face = vision.has_face

    def counting(path: Path) -> bool | None:
        looked.append(threading.current_thread() is threading.main_thread())
        return has_face(path)

    monkeypatch.setattr(vision, "has_face", counting)
    face, boat = data(drawn_face()), data(drawn_boat())
    for _ in range(2):
        assert is_refused_for_a_face(in_process_client, in_process_client.create(**in_process_client.frame(face)), "")
        assert f"a face ({vision.detector_name()})" in notes(in_process_client)[0]
        assert in_process_client.create(**in_process_client.frame(boat)).status_code == 200
        assert f": no face ({vision.detector_name()})" in notes(in_process_client)[0]
    assert looked == [False, False]


@needs_detector
def test_a_declaration_takes_precedence_over_the_detector(in_process_client: Any) -> None:
    url = data(drawn_face(360, "JPEG"))
    in_process_client.app.declared_media.put(url, declaration_from({"kind": "image", "face": False}))
    assert in_process_client.create(**in_process_client.frame(url)).status_code == 200
    in_process_client.app.declared_media.put(url, declaration_from({"kind": "image"}))
    assert in_process_client.create(**in_process_client.frame(url)).status_code == 400


@pytest.mark.slow
@needs_detector
def test_the_emulator_s_own_test_cards_show_no_face(
    start_server: Callable[..., Any], watch: Callable[[bytes], dict[str, Any]], tmp_path: Path
) -> None:
    server = start_server(pace="instant")
    for seed in range(4):
        task = server.query_apimodels(server.order_apimodels(seed=seed))
        still = watch(server.get(task["resultUrls"][0], key=None).content)["first"]
        still.save(tmp_path / "still.png")
        assert vision.has_face(tmp_path / "still.png") is False


# --- declarations ---


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({}, ("kind is None", "image, video, audio")),
        ({"kind": "film"}, ("'film'", "image, video, audio")),
        ({"kind": "image", "colour": "red"}, ("'colour'", "kind, format, codec, audio_codec, size_bytes")),
        ({"kind": "video", "face": True}, ("face", "of an image")),
        ({"kind": "image", "face": "yes"}, ("'yes'", "true, false")),
        ({"kind": "image", "width": 5}, ("width", "both or neither")),
        ({"kind": "image", "width": 0, "height": 5}, ("width is 0", "above 0")),
        ({"kind": "image", "width": 1.5, "height": 5}, ("1.5", "whole number")),
        ({"kind": "audio", "seconds": float("nan")}, ("nan", "a number above 0")),
        ({"kind": "audio", "seconds": True}, ("True", "a number above 0")),
        ({"kind": "audio", "size_bytes": -1}, ("-1", "from 0")),
        ({"kind": "audio", "format": ""}, ("''", "such as png")),
    ],
)
def test_invalid_declarations_are_rejected_with_the_name(values: dict[str, Any], parts: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRule) as raised:
        declaration_from(values)
    assert all(part in str(raised.value) for part in parts), raised.value


def test_declarations_can_be_read_back() -> None:
    declared, values = DeclaredMedia(), {"kind": "video", "seconds": 16.0, "width": 640, "height": 360, "fps": 24.0}
    declared.put(" https://x.example/a.mp4 ", declaration_from(values))
    (table,) = declared.as_tables()
    assert table == {"url": "https://x.example/a.mp4", **values} or set(table) == {"url", *values}
    assert declared.get("https://x.example/a.mp4") == declaration_from(values)
    assert declared.remove("https://x.example/a.mp4")
    assert not declared.remove("https://x.example/a.mp4")
    assert declared.as_tables() == []


def test_declarations_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedmock_server.references.declared.MAX_DECLARATIONS", 2)
    declared, facts = DeclaredMedia(), declaration_from({"kind": "audio"})
    for url in ("a", "b", "a"):
        declared.put(url, facts)
    for url, why in (("c", "too many declared URLs; allowed: 2"), ("", "blank"), ("x" * 70_000, "at most 65536")):
        with pytest.raises(InvalidRule, match=why):
            declared.put(url, facts)


def test_declared_facts_are_checked_against_the_limits(in_process_client: Any) -> None:
    for kind, values, quantity in (
        ("image", {"width": 100, "height": 100}, "side"),
        ("video", {"seconds": 99}, "seconds"),
        ("audio", {"size_bytes": 1 << 30}, "size_bytes"),
    ):
        url = f"https://media.example.org/declared-{kind}"
        in_process_client.app.declared_media.put(url, declaration_from({"kind": kind, **values}))
        response = in_process_client.create(**in_process_client.references(kind, url))
        assert (response.status_code, f"{quantity} is" in response.text) == (400, True)


def test_declared_facts_override_measured_ones(
    in_process_client: Any, watch: Callable[[bytes], dict[str, Any]]
) -> None:
    url = data(drawn_boat())
    in_process_client.app.declared_media.put(url, declaration_from({"kind": "image", "size_bytes": 31 << 20}))
    assert "size_bytes is 32505856" in in_process_client.create(**in_process_client.frame(url)).text
    in_process_client.app.declared_media.put(url, declaration_from({"kind": "image", "face": False}))
    task_id = in_process_client.order(**in_process_client.frame(url))
    in_process_client.server.clock.advance(10)
    red, green, blue = watch(in_process_client.clip(task_id).content)["first"].getpixel((5, 5))
    assert (abs(red - 150) < 12, abs(green - 170) < 12, abs(blue - 190) < 12) == (True, True, True)


def test_declared_media_need_not_be_readable(in_process_client: Any) -> None:
    in_process_client.app.declared_media.put("https://mock.test/unreachable.jpg", declaration_from({"kind": "image"}))
    assert in_process_client.create(**in_process_client.frame("https://mock.test/unreachable.jpg")).status_code == 200
    in_process_client.app.declared_media.put("data:image/png;base64,AAAA", declaration_from({"kind": "image"}))
    assert in_process_client.create(**in_process_client.frame("data:image/png;base64,AAAA")).status_code == 200
