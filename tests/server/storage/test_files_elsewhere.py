"""Posted files of several machines: in a folder that all have, in a bucket, or, said at the start, on each its own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from seedmock_server import create_app
from seedmock_server.clock import ManualClock
from seedmock_server.references.files_address import BucketAddress, parse_files_address
from seedmock_server.settings import InvalidSetting
from seedmock_server.storage import StoreError

from ...each_case import each_case
from .redis_server import redis_url
from .s3_server import KEY, SECRET, S3Server
from .test_shared_servers import Emulator

BUCKET = "s3://mock/team-a"
Play = Callable[[Emulator, Emulator], Awaitable[None]]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    pytest.importorskip("obstore", reason="no obstore: pip install 'seedmock[s3]'")
    server = S3Server()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    yield server
    server.stop()


@contextlib.asynccontextmanager
async def machine(folder: Path, store: str, **settings: Any) -> AsyncIterator[Emulator]:
    """Open an emulator whose caches and copies are its own, as on a machine of its own."""
    own = {"cache_dir": folder / "clips", "data_dir": folder / "data", **settings}
    options = {"pace": "instant", "seed": 1, "store": store, **own}
    async with create_app(clock=ManualClock(), **options) as app:
        emulator = Emulator(app)
        async with emulator.client:
            await app.start()
            yield emulator


def on_two_machines(folder: Path, store: str, play: Play, **settings: Any) -> None:
    async def main() -> None:
        async with machine(folder / "one", store, **settings) as one, machine(folder / "two", store, **settings) as two:
            await play(one, two)

    asyncio.run(main())


async def post_file(emulator: Emulator, content: bytes) -> Any:
    return await emulator.client.post("/api/v1/files", files={"file": ("a.png", content)})


async def play_with_files(one: Emulator, two: Emulator, content: bytes) -> None:
    """Post at one machine, and use the file at the other, until all is reset."""
    link = (await post_file(one, content)).json()["data"]["publicUrl"]
    first, second = await one.client.get(link), await two.client.get(link)
    assert (second.status_code, second.content, second.headers["etag"]) == (200, content, first.headers["etag"])
    inline = "data:image/png;base64," + base64.b64encode(content[:-12] + content[-12:]).decode()
    for url in (link, inline):
        item = {"type": "image_url", "role": "first_frame", "image_url": {"url": url}}
        task = await two.order(input_reference={"content": [item]})
        clips = [await emulator.client.get(f"/v1/videos/{task}/content") for emulator in (one, two)]
        assert [clip.status_code for clip in clips] == [200, 200]
        assert clips[0].content == clips[1].content
        assert clips[0].headers["etag"] == clips[1].headers["etag"]
    await two.call("POST", "/_mock/reset")
    assert [(await emulator.client.get(link)).status_code for emulator in (one, two)] == [404, 404]


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_a_bucket_has_the_files_of_all_machines(store: str, s3: S3Server, tmp_path: Path, picture: Any) -> None:
    url = f"sqlite:{tmp_path}/mock.db" if store == "sqlite" else redis_url(tmp_path)

    async def play(one: Emulator, two: Emulator) -> None:
        await play_with_files(one, two, picture())

    on_two_machines(tmp_path, url, play, files=BUCKET)
    assert {key.partition("/")[0] for key in s3.objects} == {"team-a"}


@pytest.mark.slow
def test_a_folder_has_the_files_of_all_machines(tmp_path: Path, picture: Any) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()

    async def play(one: Emulator, two: Emulator) -> None:
        await play_with_files(one, two, picture())

    url = f"sqlite:{tmp_path}/mock.db"
    on_two_machines(tmp_path, url, play, files=f"file://{folder}", data_dir=None)


def test_a_large_file_is_one_object_that_is_whole_or_absent(s3: S3Server, tmp_path: Path) -> None:
    noise = bytes(range(256)) * 3 * 8192  # more than obstore puts into one request by default
    buffer = io.BytesIO()
    Image.frombytes("RGB", (1024, 2048), noise).save(buffer, "BMP")

    async def play(one: Emulator, two: Emulator) -> None:
        response = await post_file(one, buffer.getvalue())
        assert response.status_code == 200, response.text
        link = response.json()["data"]["publicUrl"]
        assert (await two.client.get(link)).content == buffer.getvalue()

    on_two_machines(tmp_path, f"sqlite:{tmp_path}/mock.db", play, files=BUCKET)


def test_an_upload_is_refused_while_the_bucket_is_away_and_the_server_goes_on(
    s3: S3Server, tmp_path: Path, picture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(one: Emulator, two: Emulator) -> None:
        link = (await post_file(one, picture("red"))).json()["data"]["publicUrl"]
        s3.refusal = 503, "SlowDown"
        refused = await post_file(one, picture("blue"))
        assert (refused.status_code, refused.json()["code"]) == (503, 503), refused.text
        assert "s3://mock/team-a can't be used now" in refused.text
        assert (await two.client.get(link)).status_code == 503
        assert (await one.client.get(link)).status_code == 200  # it has a copy
        s3.refusal = None
        assert (await two.client.get(link)).content == picture("red")
        again = (await post_file(one, picture("blue"))).json()["data"]["publicUrl"]
        assert (await two.client.get(again)).content == picture("blue")

    on_two_machines(tmp_path, f"sqlite:{tmp_path}/mock.db", play, files=BUCKET)


def test_a_slow_bucket_is_an_overload(
    s3: S3Server, tmp_path: Path, picture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seedmock_server.references import object_files

    async def play(one: Emulator, two: Emulator) -> None:
        monkeypatch.setattr(object_files, "SECONDS", 0.1)
        s3.may_answer.clear()
        refused = await post_file(one, picture())
        assert refused.json()["code"] == 503
        assert "takes longer than 0.1 seconds" in refused.text
        assert not [name for name in os.listdir(one.app._uploads) if name.startswith("part-")]

    on_two_machines(tmp_path, f"sqlite:{tmp_path}/mock.db", play, files=BUCKET)


def test_a_file_that_was_changed_in_the_bucket_is_not_served(s3: S3Server, tmp_path: Path, picture: Any) -> None:
    async def play(one: Emulator, two: Emulator) -> None:
        link = (await post_file(one, picture())).json()["data"]["publicUrl"]
        (key,) = [key for key in s3.objects if "seedmock-files" not in key]
        s3.objects[key] = picture("blue")
        assert (await two.client.get(link)).status_code == 404
        # Who has it puts it back where it is missing.
        del s3.objects[key]
        await post_file(one, picture())
        assert (await two.client.get(link)).content == picture()

    on_two_machines(tmp_path, f"sqlite:{tmp_path}/mock.db", play, files=BUCKET)


def bucket_problem(**settings: Any) -> str:
    with pytest.raises(StoreError) as caught:
        create_app(**{"files": BUCKET, **settings})
    message = str(caught.value)
    assert SECRET not in message
    assert KEY not in message
    assert "\n" not in message
    return message


def test_a_bucket_that_cannot_be_used_is_refused_at_the_start(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    host = f"127.0.0.1:{s3.port}"
    missing = bucket_problem(files="s3://other/team-a")
    assert missing.endswith(f": {host} has no bucket 'other'; create it, or name another in --files")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    assert f"{host} refuses the credentials (SignatureDoesNotMatch)" in bucket_problem()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    assert f"{host} refuses the credentials (InvalidAccessKeyId)" in bucket_problem()
    s3.refusal = 301, "PermanentRedirect"
    assert f"{host} answers with a redirect; see AWS_ENDPOINT_URL and AWS_REGION" in bucket_problem()
    s3.refusal = 403, "AccessDenied"
    assert f"{host} refuses the credentials (AccessDenied)" in bucket_problem()
    s3.refusal = 500, "InternalError"
    assert f"{host} answers 500; see its log" in bucket_problem()
    s3.stop()
    assert f"no S3 server answers at {host}" in bucket_problem()
    s3.start()


def test_missing_credentials_are_named(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")  # that of Amazon's machines, which is not here
    assert "found no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in bucket_problem()


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "seedmock_server.references.object_files", raising=False)
    assert bucket_problem() == "files in a bucket need obstore; pip install 'seedmock[s3]'"


@pytest.mark.slow
def test_the_command_says_it_in_one_sentence_without_keys(s3: S3Server) -> None:
    command = [sys.executable, "-m", "seedmock_server", "serve", "--port", "0", "--files", "s3://other"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: the files s3://other can't be used: 127.0.0.1:{s3.port} has no bucket")
    assert SECRET not in result.stderr


BAD_ADDRESSES = {
    "": "allowed: a folder, or s3://BUCKET/PREFIX",
    "http://127.0.0.1/mock": "files is 'http://127.0.0.1/mock'; allowed",
    "s3://": "such as s3://seedmock/team-a",
    "s3://a_b c/": "such as s3://seedmock/team-a",
    "s3://AKIA:s3cret@mock/a": "'s3://***@mock/a'; allowed",
    "s3://mock/a?region=x": "allowed: a folder",
    "file://host/a": "allowed: a folder",
}


@each_case("address", BAD_ADDRESSES)
def test_an_address_that_names_no_place_is_an_invalid_setting(address: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        create_app(files=address)
    assert BAD_ADDRESSES[address] in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_addresses_name_a_folder_or_a_bucket(tmp_path: Path) -> None:
    assert parse_files_address("s3://mock/a/b/") == BucketAddress("mock", "a/b")
    assert str(BucketAddress("mock", "")) == "s3://mock"
    assert parse_files_address(f"file://{tmp_path}/a%20b") == tmp_path / "a b"
    assert parse_files_address("shared") == Path("shared").absolute()


def test_a_folder_of_all_machines_comes_before_one_of_this_machine(tmp_path: Path) -> None:
    # The image of a container names a folder for data.
    app = create_app(files=str(tmp_path), data_dir=str(tmp_path / "data"))
    assert app._uploads == tmp_path / "sources"
    assert not (tmp_path / "data").exists()


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="which is no folder; create it, or mount it"):
        create_app(files=str(tmp_path / "unmounted"))
    assert not (tmp_path / "unmounted").exists()


def test_a_start_that_is_refused_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="posted files can't be stored in the folder"):
        create_app(store=f"sqlite:{tmp_path}/mock.db", data_dir=str(tmp_path / "file"))
    (tmp_path / "other.db").write_text("no database, but a text that is longer than the header of one\n" * 50)
    with pytest.raises(StoreError, match="it is damaged, or no database"):
        create_app(store=f"sqlite:{tmp_path}/other.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "other.db"]


def test_a_server_that_has_files_elsewhere_is_refused_or_says_so(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/mock.db"
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()

    async def play() -> None:
        async with machine(tmp_path / "one", url, files=str(folders[0]), data_dir=None) as one:
            assert not one.app.warning
            with pytest.raises(StoreError, match="the others that use the store have them elsewhere; start all with"):
                create_app(store=url, seed=1, pace="instant", files=str(folders[1]))
            # Whoever posts no files needs none: only a warning, as there was no choice of a place.
            async with machine(tmp_path / "two", url) as two:
                assert f"posted files in {tmp_path}/two/data" in two.app.warning
                assert "files that are posted to one are not found by another" in two.app.warning
        # Nobody is left who would miss them.
        async with machine(tmp_path / "two", url, files=str(folders[1]), data_dir=None) as moved:
            assert not moved.app.warning

    asyncio.run(play())
