"""Make a clip of opeai with litellm, as a provider that speaks OpenAI's dialect.

OPEAI_BASE=https://api-platform.ope.ai/v1 OPEAI_KEY=sk_... python clips.py "A paper boat" boat.mp4
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before the import: without it litellm fetches a table of prices from the network, which opeai's are not in.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

import litellm
import openai

litellm.suppress_debug_info = True

SUCCEEDED, FAILED = ("success", "completed"), ("failure", "failed")
"""Statuses in lower case: opeai says SUCCESS where OpenAI says completed."""
DOWNLOADS = 5
"""Attempts at a download: content can follow a success by some seconds."""
PAUSE = 15.0


class OrderUnknown(Exception):
    """An order was sent and its response was lost: it may be charged. Look before you order again."""


class ClipFailed(Exception):
    """The task has ended without a clip."""


class StillRunning(Exception):
    """The time is up; the task goes on, and its id can be waited for again."""


@dataclass(frozen=True)
class Clips:
    """Clips of one account. `sleep` and `now` are those of `time`."""

    base: str
    key: str
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic

    @property
    def _account(self) -> dict[str, Any]:
        return {"api_base": self.base, "api_key": self.key, "custom_llm_provider": "openai"}

    def make(self, path: Path, deadline: float = 1800, **order: Any) -> Path:
        """Order a clip, wait for it for `deadline` seconds at most, and download it."""
        return self.download(self.wait(self.order(**order), deadline), path)

    def order(self, model: str, prompt: str, **fields: Any) -> str:
        """Send an order once; the id of its task. Fields that OpenAI lacks go into `extra_body`."""
        try:
            # Neither litellm nor what it uses may send it again: each order that arrives is paid for.
            video = litellm.video_generation(
                model=f"openai/{model}", prompt=prompt, num_retries=0, max_retries=0, **fields, **self._account
            )
        except openai.APIError as error:
            if _is_refusal(error):
                raise
            raise OrderUnknown(f"no task is known of this order: {error}") from error
        return str(video.id)

    def wait(self, task: str, seconds: float) -> str:
        """Poll a task until it succeeds. Raises ClipFailed or StillRunning."""
        until, status = self.now() + seconds, "unknown"
        while True:
            try:
                video = litellm.video_status(video_id=task, **self._account)
            except openai.APIError as error:  # the base of litellm's errors
                if _is_refusal(error) and not isinstance(error, litellm.RateLimitError):
                    raise
            else:
                status = str(video.status).lower()
                if status in SUCCEEDED:
                    return task
                if status in FAILED:
                    raise ClipFailed(f"{task} has failed: {video.error}")
            if self.now() + PAUSE > until:
                raise StillRunning(f"{task} is {status} after {seconds:g} s")
            self.sleep(PAUSE)

    def download(self, task: str, path: Path) -> Path:
        """Download the clip of a task. The file appears when it is complete."""
        part = path.with_name(path.name + ".part")
        for attempt in range(1, DOWNLOADS + 1):
            try:
                part.write_bytes(litellm.video_content(video_id=task, **self._account))
                break
            except openai.APIError:
                if attempt == DOWNLOADS:
                    raise
                self.sleep(PAUSE)
        os.replace(part, path)
        return path


def _is_refusal(error: openai.APIError) -> bool:
    """True for a clear no of the upstream; litellm gives a lost connection the status 500, and a time-out 408."""
    status = getattr(error, "status_code", 500)
    return 400 <= status < 500 and status != 408


def main() -> None:
    prompt, path = sys.argv[1:]
    clips = Clips(os.environ["OPEAI_BASE"], os.environ["OPEAI_KEY"])
    print(clips.make(Path(path), model="seedance-2-0-fast", prompt=prompt, size="1280x720", seconds="4"))


if __name__ == "__main__":
    main()
