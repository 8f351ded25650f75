"""Data URIs, by which most hostile bytes arrive."""

import asyncio
import base64
import contextlib
import io
import zipfile
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from seedmock_contracts.enums import MediaKind
from seedmock_server.http.url_policy import FetchError, FetchFailure
from seedmock_server.references.files import MeasuredFile, ReferenceFiles
from seedmock_server.references.local_urls import SPELLED_BYTES, FileUri, decode_data_uri


def image(width: int = 4, height: int = 3) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(target, "PNG")
    return target.getvalue()


IMAGE = image()
TEXT = base64.b64encode(IMAGE).decode()
WRAPPED = "\r\n ".join(TEXT[start : start + 20] for start in range(0, len(TEXT), 20))


def read(folder: Path, url: str) -> MeasuredFile | None:
    return asyncio.run(ReferenceFiles(folder).read(url, own_origin="http://mock", now=0.0))


def fetch_error(folder: Path, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        read(folder, url)
    assert list(folder.iterdir()) == []
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        f"data:image/png;base64,{TEXT}",
        f"data:image/png;charset=utf-8;name=cat.png;base64,{TEXT}",
        f"data:;base64,{TEXT}",
        f"  DATA:image/png; BASE64 ,{TEXT}\n",
        f"data:image/png;base64,{WRAPPED}",
        f"data:image/png;base64,{TEXT.rstrip('=')}",
        f"data:image/png;base64,{TEXT.replace('=', '%3D').replace('+', '%2B')}",
        f"data:image/png,{quote_from_bytes(IMAGE)}",
        f"data:text/plain;base64,{TEXT}",
    ],
)
def test_an_image_is_read_in_every_form_of_a_data_uri(tmp_path: Path, url: str) -> None:
    file = read(tmp_path, url)
    assert file is not None
    assert file.source.path.read_bytes() == IMAGE
    assert (file.facts.kind, file.facts.width, file.facts.height) == (MediaKind.IMAGE, 4, 3)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("data:", "no comma"),
        ("data:image/png;base64", "no comma"),
        ("data:,", "is empty"),
        ("data:image/png;base64,", "is empty"),
        ("data:image/png;base64, \n", "is empty"),
        ("data:image/png;base64,@@@@", "can't be decoded"),
        ("data:image/png;base64,A", "can't be decoded"),
        ("data:image/png;base64,AA=A", "can't be decoded"),
        ("data:image/png;base64,AA\0A", "can't be decoded"),
        ("data:image/png;base64,ÄÖÜ", "can't be decoded"),
        ("data:image/png;base64,%FF", "can't be decoded"),
        ("data:image/png,\ud800", "can't be decoded"),
    ],
)
def test_the_error_of_a_broken_data_uri_names_the_problem(tmp_path: Path, url: str, message: str) -> None:
    error = fetch_error(tmp_path, url)
    assert error.reason is FetchFailure.BROKEN
    assert message in str(error)


def archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr(zipfile.ZipInfo("cat.png"), IMAGE)  # with the same date in all workers: the bytes name a test
    return target.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 1000,
        b"<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'/>",
        b"<!doctype html><title>404</title>",
        archive(),
        b"#EXTM3U\nhttp://127.0.0.1/secret\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        IMAGE[:40],
        b"\0\0\0\x18ftypmp42" + b"x" * 100,
        b"RIFF\x24\0\0\0WAVEfmt ",
    ],
)
def test_content_that_is_not_media_is_rejected_and_not_stored(tmp_path: Path, content: bytes) -> None:
    error = fetch_error(tmp_path, f"data:image/png;base64,{base64.b64encode(content).decode()}")
    assert error.reason is FetchFailure.NOT_MEDIA
    assert str(tmp_path) not in str(error)


@given(st.binary(min_size=1, max_size=60))
def test_any_bytes_are_decoded_from_both_forms(content: bytes) -> None:
    assert decode_data_uri("data:;base64," + base64.b64encode(content).decode()) == content
    assert decode_data_uri("data:," + quote_from_bytes(content)) == content


@given(st.text(max_size=40))
def test_any_text_after_the_scheme_is_decoded_or_rejected(text: str) -> None:
    with contextlib.suppress(FetchError):
        assert decode_data_uri(f"data:{text}")


@given(st.binary(min_size=1, max_size=3 * SPELLED_BYTES))
@example(bytes(2 * SPELLED_BYTES))
def test_a_uri_of_a_file_begins_as_the_data_uri_of_its_content(content: bytes) -> None:
    whole = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    uri = FileUri.of("image/png", content)
    assert whole.startswith(uri)
    assert len(uri) == len(whole) or len(uri) > 200, "a message shows 120 characters of a value"
    assert uri.content == content


@pytest.mark.parametrize("content", [IMAGE, image(40, 30), b"text", b""], ids=len)
def test_a_uri_of_a_file_is_read_as_the_data_uri_of_its_content(content: bytes, tmp_path: Path) -> None:
    async def read(url: str) -> MeasuredFile | str | None:
        try:
            return await ReferenceFiles(tmp_path).read(url, own_origin="http://127.0.0.1", now=0.0)
        except FetchError as error:
            return str(error)

    whole = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    assert asyncio.run(read(FileUri.of("image/png", content))) == asyncio.run(read(whole))
