"""Places of posted files that other machines share: open the one of an address, and tell it from others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from ..randomness import fresh_token
from ..storage.models import StoreError
from .files_address import IDENTITY, BucketAddress, parse_files_address


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
