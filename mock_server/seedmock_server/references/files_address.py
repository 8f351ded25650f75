"""Places of posted files by their addresses: a folder, or a bucket of an S3-compatible store."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct

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


def _without_keys(text: str) -> str:
    head, at, rest = text.partition("@")
    return f"{head.partition('://')[0]}://***@{rest}" if at else text
