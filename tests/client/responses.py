"""Success responses of both upstreams, as in their documentation and in the vendors' own clients."""

from __future__ import annotations

from typing import Any

TASK_IDS = {"opeai": "cgt-20260529102017-sjqj9", "apimodels": "clabcdefghijklmnopqrstuvw"}


def created(upstream: str) -> dict[str, Any]:
    id_ = TASK_IDS[upstream]
    if upstream == "opeai":
        return {
            "id": id_, "task_id": id_, "object": "video", "model": "seedance-2-0-fast",
            "status": "queued", "created_at": 1780021218,
        }  # fmt: skip
    return {"code": 200, "msg": "success", "data": {"taskId": id_, "state": "pending"}}


def queried(upstream: str, status: str, **fields: Any) -> dict[str, Any]:
    id_ = TASK_IDS[upstream]
    if upstream == "opeai":
        return {"created_at": 1780021218, "id": id_, "model": "m", "object": "video", "status": status, **fields}
    data = {"taskId": id_, "state": status, "createTime": 1780021218000, **fields}
    return {"code": 200, "msg": "success", "data": data}


def finished(upstream: str, url: str = "https://results.test/clip.mp4") -> dict[str, Any]:
    if upstream == "opeai":
        return queried(upstream, "SUCCESS")
    return queried(upstream, "completed", resultUrls=[url], completeTime=1780021318000)
