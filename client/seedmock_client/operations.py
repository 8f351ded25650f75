"""Every verb of the client, once: each gives the flow that both clients run."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from seedmock_contracts.enums import MediaKind
from seedmock_contracts.generation import GenerationRequest, UpscaleRequest
from seedmock_contracts.pricing import Quote

from . import assets as library
from . import flows
from . import polling as waiting
from .context import ClientConfig, ask
from .effects import Flow
from .models import Asset, Charge, Clip, Group, ModelEntry, Page, Video
from .polling import Report


class Verbs:
    """The verbs of one client as flows. `timeout` and `poll_seconds` stand in for the client's patience."""

    def __init__(self, setup: ClientConfig) -> None:
        self._setup = setup

    def create(self, order: GenerationRequest | UpscaleRequest) -> Flow[Video]:
        """Order a video and return at once. Raises SubmissionUnknownError if the answer was lost."""
        return flows.create(self._setup, order)

    def query(self, task_id: str) -> Flow[Video]:
        """Look at a task once. A failed task is returned, not raised."""
        return flows.query(self._setup, task_id)

    def wait(
        self,
        task: Video | str,
        *,
        timeout: float | None = None,
        poll_seconds: float | None = None,
        report: Report | None = None,
    ) -> Flow[Video]:
        """Wait until a task succeeds. Raises what its failure stands for, or WaitTimeoutError."""
        known = task if isinstance(task, Video) else None
        created = known if known is not None and not known.terminal else None
        task_id = task.task_id if isinstance(task, Video) else task
        video, _ = yield from waiting.wait(self._setup.patient(timeout, poll_seconds), task_id, report, created)
        return replace(video, order=known.order) if known is not None else video

    def download(self, task: Video | str, path: str | Path) -> Flow[Clip]:
        """Bring a finished task's video to a file, whole or not at all."""
        return flows.fetch(self._setup, task, Path(path))

    def generate(
        self,
        order: GenerationRequest | UpscaleRequest,
        path: str | Path,
        *,
        timeout: float | None = None,
        poll_seconds: float | None = None,
        report: Report | None = None,
    ) -> Flow[Clip]:
        """Create, wait and download. `timeout` is for the waiting; every error after the order has the task's id."""
        return flows.generate(self._setup.patient(timeout, poll_seconds), order, Path(path), report)

    def upscale(
        self,
        url: str,
        resolution: str,
        path: str | Path,
        *,
        timeout: float | None = None,
        poll_seconds: float | None = None,
        report: Report | None = None,
    ) -> Flow[Clip]:
        """Make a video larger: create, wait and download."""
        order = UpscaleRequest(url=url, resolution=resolution)
        return flows.generate(self._setup.patient(timeout, poll_seconds), order, Path(path), report)

    def collect(
        self,
        task_id: str,
        path: str | Path,
        *,
        timeout: float | None = None,
        poll_seconds: float | None = None,
        report: Report | None = None,
    ) -> Flow[Clip]:
        """Wait for a task that exists and download it: how to go on after a timeout or a crash."""
        return flows.collect(self._setup.patient(timeout, poll_seconds), task_id, Path(path), report)

    def quote(self, order: GenerationRequest | UpscaleRequest) -> Flow[Quote]:
        """What an order costs if it succeeds. Sends nothing; raises ValidationError for an order that breaks a rule."""
        self._setup.check(flows.encoded(self._setup, flows.without_files(order)))
        return flows.priced(self._setup, order)
        yield  # pragma: no cover - makes this a flow like the others

    def upload(self, path: str | Path, kind: MediaKind = MediaKind.IMAGE) -> Flow[str]:
        """Upload a local file; gives its public URL."""
        upload = yield from flows.local(self._setup, Path(path), kind)
        return (yield from flows.put(self._setup, upload))

    def balance(self) -> Flow[Decimal]:
        """What is left in the account, in USD."""
        account = self._setup.account
        return ask(self._setup, account.balance(), account.read_balance)

    def models(self) -> Flow[tuple[ModelEntry, ...]]:
        """The upstream's own list of models."""
        account = self._setup.account
        return ask(self._setup, account.models(), account.read_models)

    def record(self, task_id: str) -> Flow[Charge]:
        """What a task really cost."""
        account = self._setup.account
        request = account.record(task_id)
        return ask(self._setup, request, lambda body: account.read_record(body, task_id), task_id)

    def ensure_group(self, name: str) -> Flow[Group]:
        """The asset group of this name, made if there is none yet."""
        return library.ensure_group(self._setup, name)

    def create_group(self, name: str) -> Flow[Group]:
        """A new asset group."""
        return library.create_group(self._setup, name)

    def list_groups(self) -> Flow[tuple[Group, ...]]:
        """Every asset group of this key."""
        return library.list_groups(self._setup)

    def delete_group(self, group_id: str) -> Flow[None]:
        """Delete a group and every asset in it."""
        return library.delete_group(self._setup, group_id)

    def create_asset(
        self, url: str, group_id: str, *, name: str = "", kind: MediaKind = MediaKind.IMAGE
    ) -> Flow[Asset]:
        """Register a public URL as an asset; one that succeeds costs a fee."""
        return library.create_asset(self._setup, url, group_id, name, kind)

    def get_asset(self, asset_id: str) -> Flow[Asset]:
        """Look at an asset once."""
        return library.get_asset(self._setup, asset_id)

    def wait_asset(
        self, asset_id: str, *, timeout: float | None = None, poll_seconds: float | None = None
    ) -> Flow[Asset]:
        """Wait until an asset is Active. Raises AssetFailedError or WaitTimeoutError."""
        return library.wait_asset(self._setup.patient(timeout, poll_seconds), asset_id)

    def list_assets(self, group_id: str | None = None, *, page: int = 1, page_size: int = 10) -> Flow[Page]:
        """One page of assets, of one group or of all."""
        return library.list_assets(self._setup, group_id, page, page_size)

    def rename_asset(self, asset_id: str, name: str) -> Flow[None]:
        """Give an asset another name."""
        return library.rename_asset(self._setup, asset_id, name)

    def delete_asset(self, asset_id: str) -> Flow[None]:
        """Delete an asset."""
        return library.delete_asset(self._setup, asset_id)
