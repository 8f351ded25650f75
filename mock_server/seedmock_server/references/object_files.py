"""Posted files in a bucket of an S3-compatible store, by their digests; each machine keeps copies of what it uses.

The only module that knows obstore. Messages hold codes of the store and no more of its words: some of those quote keys.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable
from datetime import timedelta
from hashlib import sha256
from typing import TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError, PermissionDeniedError
from obstore.store import S3Store

from ..randomness import fresh_token
from ..storage.models import StoreError, StoreUnavailable
from .files_address import IDENTITY, BucketAddress

T = TypeVar("T")
SECONDS = 20.0
"""Longest time that a request waits for the store."""
# For what is not there obstore raises Python's own error, and for the rest its own.
ERRORS = (BaseError, OSError)
MISSING = FileNotFoundError
ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
CREDENTIALS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
REFUSALS = (
    "AccessDenied",
    "AllAccessDisabled",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
)


class ObjectFiles:
    """Files of one bucket. Endpoint, region and credentials are those of the usual variables AWS_*."""

    def __init__(self, address: BucketAddress) -> None:
        """Try to write and to read. Raises StoreError."""
        self._address = address
        endpoint = next(filter(None, map(os.environ.get, ENDPOINT_VARIABLES)), "")
        self._host = urlsplit(endpoint).netloc.rpartition("@")[2] or "Amazon S3"
        try:
            self._store = _open_bucket(address, is_plain=endpoint.lower().startswith("http://"))
            self._write_identity()
            self.identity = bytes(obstore.get(self._store, IDENTITY).bytes()).decode()
        except ERRORS as error:
            raise StoreError(f"the files {self._address} can't be used: {self._reason(error)}") from None

    def _write_identity(self) -> None:
        try:
            obstore.put(self._store, IDENTITY, fresh_token().encode(), mode="create")
        except AlreadyExistsError:
            obstore.put(self._store, f"{IDENTITY}-trial", b"")  # who may read only learns it now
        except NotSupportedError:
            obstore.put(self._store, IDENTITY, str(self._address).encode())

    async def put(self, digest: str, content: bytes) -> None:
        """Store a file that is not there. Raises StoreUnavailable."""
        if not await self._has(digest):
            # In one request: parts need other rights, and those of a put that fails stay in the bucket.
            await self._call(obstore.put_async(self._store, digest, content, use_multipart=False))

    async def _has(self, digest: str) -> bool:
        try:
            await self._call(obstore.head_async(self._store, digest))
        except MISSING:
            return False
        return True

    async def get(self, digest: str) -> bytes | None:
        """Return the content of a file; None for one that is not there, or was changed. Raises StoreUnavailable."""
        try:
            content = bytes(await self._call(self._read(digest)))
        except MISSING:
            return None
        return content if sha256(content).hexdigest() == digest else None

    async def _read(self, digest: str) -> bytes:
        return bytes(await (await obstore.get_async(self._store, digest)).bytes_async())

    async def _call(self, waiting: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(SECONDS):
                return await waiting
        except MISSING as error:
            if "NoSuchKey" in str(error) or not _code(error):  # a HEAD has no body to say so
                raise
            raise self._unavailable(error) from None
        except (*ERRORS, TimeoutError) as error:
            raise self._unavailable(error) from None

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        return StoreUnavailable(f"the files {self._address} can't be used now: {self._reason(error)}")

    def _reason(self, error: Exception) -> str:
        """Say what to do about an error."""
        text, code = str(error), _code(error)
        if code == "NoSuchBucket" or (isinstance(error, MISSING) and code != "NoSuchKey"):
            return f"{self._host} has no bucket {self._address.bucket!r}; create it, or name another in --files"
        if code in REFUSALS or isinstance(error, PermissionDeniedError):
            return f"{self._host} refuses the credentials ({code or 'forbidden'}); {CREDENTIALS} need to read and write"
        # Without any, Amazon's machines have some at an address of their own.
        if "Missing" in text or "169.254.169.254" in text or "/latest/api/token" in text:
            return f"found no credentials; set {CREDENTIALS}"
        if isinstance(error, TimeoutError):
            return f"{self._host} takes longer than {SECONDS:g} seconds"
        status = re.search(r"status code: (\d{3})", text)
        if status is not None and status[1] >= "500":
            return f"{self._host} answers {status[1]}; see its log"
        if status is not None or "LOCATION" in text:
            return f"{self._host} answers {code or 'with a redirect'}; see AWS_ENDPOINT_URL and AWS_REGION"
        return f"no S3 server answers at {self._host}; start it, or set AWS_ENDPOINT_URL to another"


def _code(error: Exception) -> str:
    """Return the code of S3's error document; empty if there is none."""
    matched = re.search(r"<Code>(\w+)</Code>", str(error))
    return "" if matched is None else matched[1]


def _open_bucket(address: BucketAddress, *, is_plain: bool) -> S3Store:
    return S3Store(
        address.bucket,
        prefix=address.prefix or None,
        client_options={
            "allow_http": is_plain,
            "connect_timeout": timedelta(seconds=3),
            "timeout": timedelta(seconds=SECONDS),
        },
        # Few and quick: who waits can send the same again.
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=SECONDS / 2)},
    )
