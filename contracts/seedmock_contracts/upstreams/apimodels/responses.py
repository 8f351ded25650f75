"""Response fields of apimodels. Its page shows two bodies only, those of the asset library; see each evidence."""

from __future__ import annotations

from ...enums import Mode, Operation, TaskStatus
from ...facts import Evidence, ResponseField
from .sources import ASSUMED, CLIENT, LIKE_ARK, PAGE_ASSETS, SIBLINGS, VENDOR_CLIENT

SUCCEEDED, FAILED = (TaskStatus.SUCCESS,), (TaskStatus.FAILURE,)
RUNNING = (TaskStatus.QUEUED, TaskStatus.IN_PROGRESS)
TEXT, WHOLE, NUMBER, FLAG, LIST = ("string",), ("integer",), ("integer", "number"), ("boolean",), ("array",)
KEYS, CURRENT, LEGACY = "apimodels.keys", "current", "legacy"
LINK, CAPS = r"https?://\S+", r"[A-Z]+(_[A-Z]+)*"


def _field(
    id_: str, evidence: Evidence, operation: Operation, path: str, types: tuple[str, ...] = TEXT, *,
    statuses: tuple[TaskStatus, ...] = (), required: bool = True, pattern: str = "", keys: str = "",
) -> ResponseField:  # fmt: skip
    return ResponseField(
        f"apimodels.{id_}", evidence, operation, path, types, statuses, required, pattern, KEYS if keys else "", keys
    )


def _created(operation: Operation, current: Evidence, legacy: Evidence) -> tuple[ResponseField, ...]:
    """Fields of the response to an order. A create can fail at once, with the reason."""
    at = f"{operation}.response"
    return (
        _field(f"{at}.taskId", current, operation, "data.taskId", keys=CURRENT),
        _field(f"{at}.state", current, operation, "data.state", keys=CURRENT),
        _field(f"{at}.model", current, operation, "data.model", required=False),
        _field(f"{at}.task_id", legacy, operation, "data.task_id", keys=LEGACY),
        _field(f"{at}.status", legacy, operation, "data.status", keys=LEGACY),
        _field(f"{at}.failCode", legacy, operation, "data.failCode", statuses=FAILED, required=False),
        _field(f"{at}.failMsg", legacy, operation, "data.failMsg", statuses=FAILED, required=False),
        _field(f"{at}.retryable", legacy, operation, "data.retryable", FLAG, statuses=FAILED, required=False),
    )


Q = Operation.QUERY
QUERY = (
    _field("query.response.taskId", SIBLINGS, Q, "data.taskId", keys=CURRENT),
    _field("query.response.state", SIBLINGS, Q, "data.state", keys=CURRENT),
    _field("query.response.task_id", CLIENT, Q, "data.task_id", keys=LEGACY),
    _field("query.response.status", CLIENT, Q, "data.status", keys=LEGACY),
    _field("query.response.model", SIBLINGS, Q, "data.model", required=False),
    _field("query.response.modelType", VENDOR_CLIENT, Q, "data.modelType", required=False, pattern=CAPS),
    _field("query.response.resultUrls", SIBLINGS, Q, "data.resultUrls", LIST, statuses=SUCCEEDED, keys=CURRENT),
    _field("query.response.resultUrls.item", SIBLINGS, Q, "data.resultUrls[]", statuses=SUCCEEDED, pattern=LINK,
           keys=CURRENT),
    _field("query.response.resultJson", VENDOR_CLIENT, Q, "data.resultJson", ("string", "object"), statuses=SUCCEEDED,
           required=False, keys=CURRENT),
    _field("query.response.videos", CLIENT, Q, "data.videos", LIST, statuses=SUCCEEDED, keys=LEGACY),
    _field("query.response.videos.item", CLIENT, Q, "data.videos[]", statuses=SUCCEEDED, pattern=LINK, keys=LEGACY),
    _field("query.response.failMsg", SIBLINGS, Q, "data.failMsg", statuses=FAILED),
    _field("query.response.failCode", VENDOR_CLIENT, Q, "data.failCode", statuses=FAILED, required=False, pattern=CAPS),
    _field("query.response.retryable", VENDOR_CLIENT, Q, "data.retryable", FLAG, statuses=FAILED, required=False),
    _field("query.response.createTime", SIBLINGS, Q, "data.createTime", WHOLE, statuses=SUCCEEDED),
    _field("query.response.createTime.running", ASSUMED, Q, "data.createTime", WHOLE, statuses=RUNNING),
    _field("query.response.createTime.failed", ASSUMED, Q, "data.createTime", WHOLE, statuses=FAILED),
    _field("query.response.completeTime", SIBLINGS, Q, "data.completeTime", WHOLE, statuses=SUCCEEDED),
    _field("query.response.completeTime.failed", ASSUMED, Q, "data.completeTime", WHOLE, statuses=FAILED),
)  # fmt: skip

ASSET_STATUS = "Processing|Active|Failed"
LIBRARY_CREATED = (
    _field("groups.create.response.id", PAGE_ASSETS, Operation.GROUP_CREATE, "data.id", WHOLE),
    _field("groups.create.response.group_name", PAGE_ASSETS, Operation.GROUP_CREATE, "data.group_name",
           pattern="group-.*"),
    _field("assets.create.response.id", PAGE_ASSETS, Operation.ASSET_CREATE, "data.id"),
    _field("assets.create.response.asset_url", PAGE_ASSETS, Operation.ASSET_CREATE, "data.asset_url",
           pattern="asset://.+"),
    _field("assets.create.response.status", CLIENT, Operation.ASSET_CREATE, "data.status", required=False,
           pattern=ASSET_STATUS),
)  # fmt: skip


def _groups(option: str, at: str) -> tuple[ResponseField, ...]:
    """Fields of a list of groups, in one of the two forms that clients can read."""
    rows = (("id", WHOLE), ("group_name", TEXT), ("name", TEXT), ("created_at", WHOLE))
    return tuple(
        ResponseField(
            f"apimodels.groups.list.response.{option}.{name}" if name else f"apimodels.groups.list.response.{option}",
            ASSUMED, Operation.GROUP_LIST, f"{at}[].{name}" if name else at, types,
            required=name in ("", "id", "group_name"), variant="apimodels.group_list", option=option,
        )
        for name, types in (("", LIST), *rows)
    )  # fmt: skip


def _asset(operation: Operation, id_: str, at: str) -> tuple[ResponseField, ...]:
    """Fields of an asset. The service behind has the same ones under other names."""
    link, status = "asset://.+", ASSET_STATUS
    rows = (
        ("id", TEXT, True, ""), ("name", TEXT, False, ""), ("asset_type", TEXT, False, "Image|Video|Audio"),
        ("asset_url", TEXT, True, link), ("url", TEXT, False, ""), ("group_id", WHOLE, False, ""),
        ("status", TEXT, True, status), ("created_at", WHOLE, False, ""), ("error", ("object", "null"), False, ""),
        ("error.code", TEXT, True, ""), ("error.message", TEXT, True, ""),
    )  # fmt: skip
    return tuple(
        _field(f"{id_}.{name}", LIKE_ARK, operation, f"{at}.{name}", types, required=required, pattern=pattern)
        for name, types, required, pattern in rows
    )


LIBRARY = (
    *_groups("array", "data"),
    *_groups("items", "data.items"),
    *_asset(Operation.ASSET_GET, "assets.get.response", "data"),
    _field("assets.list.response.items", LIKE_ARK, Operation.ASSET_LIST, "data.items", LIST),
    *_asset(Operation.ASSET_LIST, "assets.list.response.items", "data.items[]"),
    _field("assets.list.response.total", LIKE_ARK, Operation.ASSET_LIST, "data.total", WHOLE),
    _field("assets.list.response.page", LIKE_ARK, Operation.ASSET_LIST, "data.page", WHOLE),
    _field("assets.list.response.page_size", LIKE_ARK, Operation.ASSET_LIST, "data.page_size", WHOLE),
    _field("assets.update.response.id", ASSUMED, Operation.ASSET_UPDATE, "data.id"),
    _field("assets.update.response.name", ASSUMED, Operation.ASSET_UPDATE, "data.name"),
    _field("assets.delete.response.data", ASSUMED, Operation.ASSET_DELETE, "data", ("object", "boolean", "null")),
    _field("groups.delete.response.data", ASSUMED, Operation.GROUP_DELETE, "data", ("object", "boolean", "null")),
)

ACCOUNT = (
    _field("balance.response.balance", VENDOR_CLIENT, Operation.BALANCE, "data.balance", NUMBER),
    _field("models.response.data", VENDOR_CLIENT, Operation.MODELS, "data", LIST),
    _field("models.response.id", VENDOR_CLIENT, Operation.MODELS, "data[].id"),
    _field("models.response.modality", VENDOR_CLIENT, Operation.MODELS, "data[].modality",
           pattern="chat|image|video|audio|embedding"),
    _field("models.response.endpoint", VENDOR_CLIENT, Operation.MODELS, "data[].endpoint"),
    _field("records.response.settled", CLIENT, Operation.RECORD, "data.settled", FLAG),
    _field("records.response.credits", CLIENT, Operation.RECORD, "data.credits", NUMBER),
    _field("records.response.currency", CLIENT, Operation.RECORD, "data.currency", pattern="USD"),
    _field("files.response.publicUrl", VENDOR_CLIENT, Operation.FILE_CREATE, "data.publicUrl", pattern=LINK),
)  # fmt: skip

ERROR_RESPONSES = (
    ResponseField("apimodels.error_response.code", VENDOR_CLIENT, None, "code", WHOLE),
    ResponseField("apimodels.error_response.msg", VENDOR_CLIENT, None, "msg", TEXT),
    ResponseField("apimodels.error_response.data", ASSUMED, None, "data", ("object", "null"), required=False),
    ResponseField(
        "apimodels.error_response.failCode", CLIENT, None, "data.failCode", TEXT, required=False, pattern=CAPS
    ),
    ResponseField("apimodels.error_response.failMsg", CLIENT, None, "data.failMsg", TEXT, required=False),
    ResponseField("apimodels.error_response.retryable", ASSUMED, None, "data.retryable", FLAG, required=False),
)

RESPONSE_FIELDS: tuple[ResponseField, ...] = (
    *_created(Operation.CREATE, SIBLINGS, CLIENT),
    *_created(Operation.UPSCALE, ASSUMED, ASSUMED),
    *QUERY,
    *LIBRARY_CREATED,
    *LIBRARY,
    *ACCOUNT,
    *ERROR_RESPONSES,
)

MODE_NAMES = {
    Mode.TEXT: "TEXT_TO_VIDEO",
    Mode.FIRST_FRAME: "IMAGE_TO_VIDEO",
    Mode.FIRST_LAST_FRAME: "IMAGE_TO_VIDEO",
    Mode.REFERENCE: "REFERENCE_TO_VIDEO",
    Mode.EDIT: "VIDEO_TO_VIDEO",
    Mode.UPSCALE: "VIDEO_TO_VIDEO",
}
"""Values of modelType. The vendor's client names TEXT_TO_VIDEO and IMAGE_TO_VIDEO; the others follow their form."""
