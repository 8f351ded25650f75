"""Variants of apimodels: choices where the truth is unknown, each with a default."""

from __future__ import annotations

from ...facts import Variants
from .. import _ark
from .sources import ARK, ASSUMED, CLIENT, PAGE, PAGE_ASSETS, UNREACHABLE, VENDOR_CLIENT

BILLING = Variants(
    "apimodels.billing", PAGE, "seconds", ("seconds", "tokens"),
    "billed by the page's price a second (which it calls approximate), or by tokens at the price that it implies",
)  # fmt: skip
FIRST_STATUS = Variants(
    "apimodels.asset_status", PAGE_ASSETS, "Processing", ("Processing", "Active"),
    "the status of an asset in the response to its creation: pages poll until Active, clients see Active",
)  # fmt: skip
GROUP_LISTING = Variants(
    "apimodels.group_list", ASSUMED, "array", ("array", "items"),
    "groups are listed as an array in data, or as data.items",
)  # fmt: skip
FRAMES = _ark.frames_variant("apimodels")
VARIANTS = (
    Variants(
        "apimodels.errors", VENDOR_CLIENT, "status", ("status", "ok"),
        "errors as HTTP status with the same code (status), or as HTTP 200 whose code is not 200 (ok)",
    ),
    _ark.media_limits_variant("apimodels", ARK),
    _ark.media_size_variant("apimodels"),
    Variants(
        "apimodels.video_data", ARK, "reject", ("reject", "accept"),
        "a reference video as a data: URI is rejected as by the service behind, or uploaded by the gateway itself",
    ),
    Variants(
        "apimodels.private_hosts", UNREACHABLE, "advise", ("advise", "reject"),
        "an order with a URL on a host that no vendor can reach is accepted with an advice, or rejected at create",
    ),
    FIRST_STATUS,
    Variants(
        "apimodels.keys", CLIENT, "current", ("current", "legacy"),
        "task responses with taskId, state, resultUrls (current), or with task_id, status, videos as in early 2026",
    ),
    Variants(
        "apimodels.moderation", ASSUMED, "400", ("400", "422"),
        "the HTTP status of a create that moderation rejects",
    ),
    Variants(
        "apimodels.expired_link", CLIENT, "404", ("403", "404", "410"),
        "the HTTP status of a result link after its seven days",
    ),
    GROUP_LISTING,
    BILLING,
    FRAMES,
)  # fmt: skip
