"""Operations of the client, each written once as a flow that the blocking and the async client run."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from seedmock_contracts.enums import MediaKind
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.pricing import Quote

from . import assets, flows, polling
from .context import ClientConfig, call
from .effects import Flow
from .models import Asset, Charge, Clip, Group, ModelEntry, Page, Video
from .polling import ProgressCallback


class Operations:
    """Operations of one client as flows. `timeout` and `poll_seconds`, in seconds, override its RetryPolicy."""

    def __init__(self, config: ClientConfig) -> None:
        self._config = config

    def create(self, order: GenerationRequest | UpscaleRequest) -> Flow[Video]:
        """Create a task without waiting for it. Raises SubmissionUnknownError if the response was lost."""
        return flows.create(self._config, order)

    def query(self, task_id: str) -> Flow[Video]:
        """Query a task once. A failed task is returned, not raised."""
        return flows.query(self._config, task_id)

    def cancel(self, task: Video | str) -> Flow[Video]:
        """Cancel a task that has not ended. Raises StateConflictError if it has ended."""
        return flows.cancel(self._config, task.task_id if isinstance(task, Video) else task)

    def list_tasks(self) -> Flow[tuple[Video, ...]]:
        """List the tasks of this API key. Raises UsageError if the upstream has no such operation."""
        codec = self._config.codec
        return call(self._config, codec.list_tasks(), codec.read_videos)

    def wait(
        self,
        task: Video | str,
        *,
        timeout: float | None = None,
        poll_seconds: float | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> Flow[Video]:
        """Wait until a task succeeds. Raises the exception of a failed task, or WaitTimeoutError."""
        last = task if isinstance(task, Video) else None
        unfinished = last if last is not None and not last.terminal else None
        task_id = task.task_id if isinstance(task, Video) else task
        video, _ = yield from polling.wait(
            self._config.with_limits(timeout, poll_seconds), task_id, on_progress, unfinished
        )
        return replace(video, order=last.order) if last is not None else video

    def download(self, task: Video | str, path: str | Path) -> Flow[Clip]:
        """Download the video of a finished task to a file, whole or not at all."""
        return flows.download_task(self._config, task, Path(path))

    def generate(
        self,
        order: GenerationRequest | UpscaleRequest,
        path: str | Path,
        *,
        timeout: float | None = None,
        poll_seconds: float | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> Flow[Clip]:
        """Create, wait and download. `timeout` limits the wait; every exception after the create has the task's id."""
        return flows.generate(self._config.with_limits(timeout, poll_seconds), order, Path(path), on_progress)

    def upscale(
        self,
        url: str,
        resolution: str,
        path: str | Path,
        *,
        timeout: float | None = None,
        poll_seconds: float | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> Flow[Clip]:
        """Upscale a video: create, wait and download."""
        order = UpscaleRequest(url=url, resolution=resolution)
        return flows.generate(self._config.with_limits(timeout, poll_seconds), order, Path(path), on_progress)

    def collect(
        self,
        task_id: str,
        path: str | Path,
        *,
        timeout: float | None = None,
        poll_seconds: float | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> Flow[Clip]:
        """Wait for an existing task and download it, for example after a timeout or a crash."""
        return flows.collect(self._config.with_limits(timeout, poll_seconds), task_id, Path(path), on_progress)

    def quote(self, order: GenerationRequest | UpscaleRequest) -> Flow[Quote]:
        """Price of an order that succeeds. Sends nothing; raises ValidationError for an order that violates a rule."""
        # A price for an order that would be refused is none; files are not uploaded to learn it.
        self._config.check_rules(flows.encode(self._config, flows.without_files(order)))
        return flows.price(self._config, order)
        yield  # pragma: no cover - makes this a flow like the others

    def upload(self, path: str | Path, kind: MediaKind = MediaKind.IMAGE) -> Flow[str]:
        """Upload a local file; return its public URL."""
        upload = yield from flows.read_local_file(self._config, Path(path), kind)
        return (yield from flows.upload_file(self._config, upload))

    def balance(self) -> Flow[Decimal]:
        """Balance of the account in USD."""
        account = self._config.account
        return call(self._config, account.balance(), account.read_balance)

    def models(self) -> Flow[tuple[ModelEntry, ...]]:
        """List the models that the upstream reports."""
        codec = self._config.codec
        return call(self._config, codec.models(), codec.read_models)

    def record(self, task_id: str) -> Flow[Charge]:
        """Actual cost of a task."""
        account = self._config.account
        request = account.record(task_id)
        return call(self._config, request, lambda body: account.read_record(body, task_id), task_id)

    def ensure_group(self, name: str) -> Flow[Group]:
        """Get the asset group of this name, creating it if it does not exist."""
        return assets.ensure_group(self._config, name)

    def create_group(self, name: str) -> Flow[Group]:
        """Create an asset group."""
        return assets.create_group(self._config, name)

    def list_groups(self) -> Flow[tuple[Group, ...]]:
        """List all asset groups of this API key."""
        return assets.list_groups(self._config)

    def delete_group(self, group_id: str) -> Flow[None]:
        """Delete a group and every asset in it."""
        return assets.delete_group(self._config, group_id)

    def create_asset(
        self, url: str, group_id: str, *, name: str = "", kind: MediaKind = MediaKind.IMAGE
    ) -> Flow[Asset]:
        """Register a public URL as an asset; it is charged if it succeeds."""
        return assets.create_asset(self._config, url, group_id, name, kind)

    def get_asset(self, asset_id: str) -> Flow[Asset]:
        """Query an asset once."""
        return assets.get_asset(self._config, asset_id)

    def wait_asset(
        self, asset_id: str, *, timeout: float | None = None, poll_seconds: float | None = None
    ) -> Flow[Asset]:
        """Wait until an asset is Active. Raises AssetFailedError or WaitTimeoutError."""
        return assets.wait_asset(self._config.with_limits(timeout, poll_seconds), asset_id)

    def list_assets(self, group_id: str | None = None, *, page: int = 1, page_size: int = 10) -> Flow[Page]:
        """List one page of assets, of one group or of all."""
        return assets.list_assets(self._config, group_id, page, page_size)

    def rename_asset(self, asset_id: str, name: str) -> Flow[None]:
        """Rename an asset."""
        return assets.rename_asset(self._config, asset_id, name)

    def delete_asset(self, asset_id: str) -> Flow[None]:
        """Delete an asset."""
        return assets.delete_asset(self._config, asset_id)
