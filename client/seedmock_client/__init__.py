"""The reference client of both upstreams: one order, two vendors, blocking or awaited.

    from seedmock_client import Client, GenerationRequest
    with Client("opeai", base_url="http://127.0.0.1:8000", api_key="sk_mock") as client:
        clip = client.generate(GenerationRequest(prompt="a paper boat", size="1280x720", seconds=4), "boat.mp4")

Names are loaded when they are first used: importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seedmock_contracts.enums import MediaKind, Role, TaskStatus
    from seedmock_contracts.generation import GenerationRequest, Reference, UpscaleRequest, first_frame, last_frame
    from seedmock_contracts.mp4 import Movie

    from .clients import AsyncClient, Client
    from .errors import (
        AssetFailedError,
        AuthenticationError,
        BalanceError,
        ConnectionFailedError,
        DownloadError,
        InputModerationError,
        LinkExpiredError,
        ModerationError,
        NotFoundError,
        NotReadyError,
        OutputModerationError,
        RateLimitError,
        SeedmockError,
        SubmissionUnknownError,
        TaskFailedError,
        UnknownStatusError,
        UpstreamError,
        UsageError,
        ValidationError,
        WaitTimeoutError,
    )
    from .models import Asset, Charge, Clip, Difference, Failure, Group, ModelEntry, Page, Progress, Video
    from .retry import Patience

_PLACES = {
    ".clients": ("AsyncClient", "Client"),
    ".errors": (
        "AssetFailedError",
        "AuthenticationError",
        "BalanceError",
        "ConnectionFailedError",
        "DownloadError",
        "InputModerationError",
        "LinkExpiredError",
        "ModerationError",
        "NotFoundError",
        "NotReadyError",
        "OutputModerationError",
        "RateLimitError",
        "SeedmockError",
        "SubmissionUnknownError",
        "TaskFailedError",
        "UnknownStatusError",
        "UpstreamError",
        "UsageError",
        "ValidationError",
        "WaitTimeoutError",
    ),
    ".retry": ("Patience",),
    ".models": ("Asset", "Charge", "Clip", "Difference", "Failure", "Group", "ModelEntry", "Page", "Progress", "Video"),
    "seedmock_contracts.mp4": ("Movie",),
    "seedmock_contracts.generation": (
        "GenerationRequest",
        "Reference",
        "UpscaleRequest",
        "first_frame",
        "last_frame",
    ),
    "seedmock_contracts.enums": ("MediaKind", "Role", "TaskStatus"),
}
_HOMES = {name: place for place, names in _PLACES.items() for name in names}

__all__ = [
    "Asset",
    "AssetFailedError",
    "AsyncClient",
    "AuthenticationError",
    "BalanceError",
    "Charge",
    "Client",
    "Clip",
    "ConnectionFailedError",
    "Difference",
    "DownloadError",
    "Failure",
    "GenerationRequest",
    "Group",
    "InputModerationError",
    "LinkExpiredError",
    "MediaKind",
    "ModelEntry",
    "ModerationError",
    "Movie",
    "NotFoundError",
    "NotReadyError",
    "OutputModerationError",
    "Page",
    "Patience",
    "Progress",
    "RateLimitError",
    "Reference",
    "Role",
    "SeedmockError",
    "SubmissionUnknownError",
    "TaskFailedError",
    "TaskStatus",
    "UnknownStatusError",
    "UpscaleRequest",
    "UpstreamError",
    "UsageError",
    "ValidationError",
    "Video",
    "WaitTimeoutError",
    "first_frame",
    "last_frame",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
