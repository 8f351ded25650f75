"""Reference client of the upstreams, blocking and async.

    from seedmock_client import Client, GenerationRequest
    with Client("opeai", base_url="http://127.0.0.1:8000", api_key="sk_mock") as client:
        clip = client.generate(GenerationRequest(prompt="a paper boat", size="1280x720", seconds=4), "boat.mp4")

Modules are loaded at the first use of their names, which keeps the start of the command line fast.
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
        StateConflictError,
        SubmissionUnknownError,
        TaskCancelledError,
        TaskExpiredError,
        TaskFailedError,
        UnknownStatusError,
        UpstreamError,
        UsageError,
        ValidationError,
        WaitTimeoutError,
    )
    from .models import Asset, Charge, Clip, Failure, Group, Mismatch, ModelEntry, Page, Progress, Video
    from .retry import RetryPolicy

_NAMES_BY_MODULE = {
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
        "StateConflictError",
        "SubmissionUnknownError",
        "TaskCancelledError",
        "TaskExpiredError",
        "TaskFailedError",
        "UnknownStatusError",
        "UpstreamError",
        "UsageError",
        "ValidationError",
        "WaitTimeoutError",
    ),
    ".retry": ("RetryPolicy",),
    ".models": ("Asset", "Charge", "Clip", "Mismatch", "Failure", "Group", "ModelEntry", "Page", "Progress", "Video"),
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
_MODULES = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}

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
    "DownloadError",
    "Failure",
    "GenerationRequest",
    "Group",
    "InputModerationError",
    "LinkExpiredError",
    "MediaKind",
    "Mismatch",
    "ModelEntry",
    "ModerationError",
    "Movie",
    "NotFoundError",
    "NotReadyError",
    "OutputModerationError",
    "Page",
    "Progress",
    "RateLimitError",
    "Reference",
    "RetryPolicy",
    "Role",
    "SeedmockError",
    "StateConflictError",
    "SubmissionUnknownError",
    "TaskCancelledError",
    "TaskExpiredError",
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
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
