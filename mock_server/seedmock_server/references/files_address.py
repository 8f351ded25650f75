"""Places of posted files by their addresses: a folder, or a bucket of an S3-compatible store."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from ..randomness import fresh_token
from ..storage.models import StoreError

ALLOWED = "a folder, or s3://BUCKET/PREFIX"
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
IDENTITY = "seedmock-files"
"""Name of what tells one place from another: a folder has another path on each machine that mounts it."""


class BucketAddress(Struct, frozen=True):
    """Bucket with a prefix, which may be empty."""

    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


class RemoteFiles(Protocol):
    """Files of all machines by their digests, outside of any folder."""

    identity: str
    """Text that tells this place from others."""

    async def put(self, digest: str, content: bytes) -> None:
        """Store a file that is not there. Raises StoreUnavailable."""
        ...

    async def get(self, digest: str) -> bytes | None:
        """Return the content of a file; None for one that is not there, or was changed. Raises StoreUnavailable."""
        ...


def parse_files_address(text: str) -> Path | BucketAddress:
    """Parse a path, or a URL of the scheme file or s3. Raises ValueError."""
    if "://" not in text:
        if not text.strip():
            raise ValueError(f"files is {text!r}; allowed: {ALLOWED}")
        return Path(text).absolute()
    url = urlsplit(text)
    if url.scheme == "file" and url.netloc in ("", "localhost") and url.path:
        return Path(unquote(url.path))
    # Keys in a URL would be shown by `ps` and in messages.
    if url.scheme != "s3" or "@" in url.netloc or url.query or url.fragment:
        raise ValueError(
            f"files is {_without_keys(text)!r}; allowed: {ALLOWED}, with keys in AWS_ACCESS_KEY_ID and others"
        )
    if not BUCKET.fullmatch(url.netloc):
        raise ValueError(f"files is {text!r}; allowed: {ALLOWED}, such as s3://seedmock/team-a")
    return BucketAddress(url.netloc, url.path.strip("/"))


def files_path(text: str | None) -> Path | None:
    """Return the folder of an address; None for a bucket, or for no address."""
    place = None if text is None else parse_files_address(text)
    return place if isinstance(place, Path) else None


def open_remote_files(text: str | None) -> RemoteFiles | None:
    """Open the place of an address, if that is no folder. Raises StoreError for one that cannot be used."""
    place = None if text is None else parse_files_address(text)
    if isinstance(place, BucketAddress):
        try:
            from .object_files import ObjectFiles
        except ModuleNotFoundError as error:
            raise StoreError(f"files in a bucket need {error.name}; pip install 'seedmock[s3]'") from error
        return ObjectFiles(place)
    if place is not None and not place.is_dir():
        # Not made: what was to be a mounted folder would become one of this machine alone.
        raise StoreError(f"files is {str(place)!r}, which is no folder; create it, or mount it")
    return None


def files_identity(remote: RemoteFiles | None, folder: Path) -> str:
    """Return what tells the place of files from others. Raises StoreError for a folder that cannot be used."""
    if remote is not None:
        return remote.identity
    try:
        return folder_identity(folder)
    except OSError as error:
        reason = f"{error.strerror}; expected one that this user may write to"
        raise StoreError(f"posted files can't be stored in the folder {folder}: {reason}") from error


def folder_identity(folder: Path) -> str:
    """Return what a folder has written in it, on whatever machine it is seen. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / IDENTITY
    draft = folder / f"part-{fresh_token()}"
    draft.write_text(fresh_token())
    try:
        os.link(draft, path)  # whole or not at all, and the first one counts
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        if not path.exists():
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_text()


def _without_keys(text: str) -> str:
    head, at, rest = text.partition("@")
    return f"{head.partition('://')[0]}://***@{rest}" if at else text
