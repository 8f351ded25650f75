"""A web service that orders clips of apimodels and hears of their end by callbacks.

    SEEDMOCK_BASE_URL=https://apimodels.app SEEDMOCK_API_KEY=sk_... PUBLIC_URL=https://clips.example.com \
        uvicorn --factory service:from_environment

Callbacks of apimodels are not signed, can come twice, and can fail to come. So each order has a secret in its callback
URL, a callback is only a reason to ask the upstream, and every five minutes the service asks about all running clips.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel, Field

MODEL = "seedance2-a/seedance-2.0-fast-a"
MAX_BODY = 64 * 1024
RECONCILE_SECONDS = 300
ENDED = ("completed", "failed")
ORDERED, UNKNOWN, REFUSED = "ordered", "unknown", "refused"
"""States of a clip before its end. `unknown`: the response to its order was lost, so that it may be charged."""


class Store:
    """Clips in SQLite. The unique name of an order is what keeps two requests from paying twice."""

    def __init__(self, path: str) -> None:
        # Every method is one short statement on the event loop's thread.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS clips (name TEXT PRIMARY KEY, secret TEXT NOT NULL, task TEXT UNIQUE,"
            " state TEXT NOT NULL, url TEXT, problem TEXT)"
        )

    def add(self, name: str) -> sqlite3.Row | None:
        """Add a clip, before it is ordered; None if there is one of this name."""
        statement = "INSERT INTO clips (name, secret, state) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        added = self._db.execute(statement, (name, secrets.token_urlsafe(32), UNKNOWN)).rowcount
        return self.get(name) if added else None

    def get(self, name: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute("SELECT * FROM clips WHERE name = ?", (name,)).fetchone()
        return row

    def ordered(self, name: str, task: str) -> None:
        self._db.execute("UPDATE clips SET state = ?, task = ? WHERE name = ?", (ORDERED, task, name))

    def refused(self, name: str, problem: str) -> None:
        self._db.execute("UPDATE clips SET state = ?, problem = ? WHERE name = ?", (REFUSED, problem, name))

    def end(self, name: str, state: str, url: str | None, problem: str | None) -> bool:
        """Write how a clip has ended; False if that was known, so that what follows an end is done once."""
        statement = "UPDATE clips SET state = ?, url = ?, problem = ? WHERE name = ? AND state = ?"
        return self._db.execute(statement, (state, url, problem, name, ORDERED)).rowcount == 1

    def running(self) -> list[sqlite3.Row]:
        return self._db.execute("SELECT * FROM clips WHERE state = ?", (ORDERED,)).fetchall()

    def close(self) -> None:
        self._db.close()


class Clips:
    """Orders and ends of clips. `on_end` is called once for each clip, with its name and state."""

    def __init__(self, http: httpx.AsyncClient, store: Store, public_url: str, on_end: Any = None) -> None:
        self._http, self._store, self._public_url = http, store, public_url
        self._on_end = on_end or (lambda name, state: None)

    async def order(self, name: str, prompt: str) -> sqlite3.Row:
        """Order a clip, unless there is one of this name. Its state tells what became of the order."""
        clip = self._store.add(name)
        if clip is not None:
            order = {"model": MODEL, "prompt": prompt, "duration": 4}
            order["callback_url"] = f"{self._public_url}/callbacks/{name}/{clip['secret']}"
            try:
                response = await self._http.post("video/generations", json=order)
            except httpx.ConnectError as error:
                self._store.refused(name, f"no connection: {error}")
            except httpx.TransportError:
                pass  # it may be running: the clip stays `unknown`, and nobody orders it again
            else:
                self._read_order(name, response)
        clip = self._store.get(name)
        assert clip is not None
        return clip

    def _read_order(self, name: str, response: httpx.Response) -> None:
        body = _json(response)
        if task := _data(body).get("taskId"):
            self._store.ordered(name, str(task))
        elif 400 <= response.status_code < 500:
            self._store.refused(name, str(body.get("msg", response.status_code)))

    async def settle(self, clip: sqlite3.Row) -> None:
        """Ask the upstream how a clip is. Raises httpx.HTTPError if it cannot say."""
        response = await self._http.get("video/generations", params={"task_id": clip["task"]})
        response.raise_for_status()
        data = _data(_json(response))
        if data.get("state") not in ENDED:
            return
        urls = data.get("resultUrls") or [None]
        if self._store.end(clip["name"], data["state"], urls[0], data.get("failMsg")):
            self._on_end(clip["name"], data["state"])

    async def reconcile(self) -> None:
        """Settle the clips that still run by the store, for callbacks that were lost."""
        for clip in self._store.running():
            try:
                await self.settle(clip)
            except httpx.HTTPError:
                continue  # the next time


class ClipRequest(BaseModel):
    prompt: Annotated[str, Field(min_length=1, max_length=2000)]


Name = Annotated[str, Header(alias="Idempotency-Key", pattern=r"^[A-Za-z0-9_-]{1,64}$")]


def create_service(http: httpx.AsyncClient, store: Store, public_url: str, on_end: Any = None) -> FastAPI:
    """The service. `http` has the base URL and the key of apimodels; the service closes it, and the store."""
    clips = Clips(http, store, public_url, on_end)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        reconciling = asyncio.create_task(_reconcile_forever(clips))
        yield
        reconciling.cancel()
        await http.aclose()
        store.close()

    service = FastAPI(lifespan=lifespan)

    @service.post("/clips", status_code=202)
    async def order_clip(request: ClipRequest, name: Name) -> dict[str, Any]:
        clip = await clips.order(name, request.prompt)
        if clip["state"] == REFUSED:
            raise HTTPException(422, clip["problem"])
        if clip["state"] == UNKNOWN:
            raise HTTPException(502, "the order may or may not have been taken; it is not sent again")
        return _shown(clip)

    @service.get("/clips/{name}")
    async def get_clip(name: str) -> dict[str, Any]:
        clip = store.get(name)
        if clip is None:
            raise HTTPException(404, f"no clip {name}")
        return _shown(clip)

    @service.post("/callbacks/{name}/{secret}", status_code=204)
    async def take_callback(name: str, secret: str, request: Request) -> Response:
        clip = store.get(name)
        # One response for an unknown clip and a wrong secret: nobody learns which names there are.
        if clip is None or not secrets.compare_digest(clip["secret"].encode(), secret.encode()):
            raise HTTPException(404)
        if int(request.headers.get("content-length") or MAX_BODY + 1) > MAX_BODY:
            raise HTTPException(413)
        if clip["state"] != ORDERED:
            # Faster than the response to its own order, or after the end.
            return Response(status_code=204 if clip["state"] in ENDED else 503)
        try:
            await clips.settle(clip)  # what the callback says is not read: anybody could have sent it
        except httpx.HTTPError as error:
            raise HTTPException(503, "cannot ask the upstream now") from error  # it calls again
        return Response(status_code=204)

    return service


async def _reconcile_forever(clips: Clips) -> None:
    while True:
        await clips.reconcile()  # at once as well: for what ended while the service was down
        await asyncio.sleep(RECONCILE_SECONDS)


def _shown(clip: sqlite3.Row) -> dict[str, Any]:
    return {name: clip[name] for name in ("name", "state", "url", "problem")}


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _data(body: dict[str, Any]) -> dict[str, Any]:
    data = body.get("data")
    return data if body.get("code") == 200 and isinstance(data, dict) else {}


def from_environment() -> FastAPI:
    headers = {"Authorization": f"Bearer {os.environ['SEEDMOCK_API_KEY']}"}
    http = httpx.AsyncClient(base_url=os.environ["SEEDMOCK_BASE_URL"] + "/api/v1", headers=headers, timeout=60)
    return create_service(http, Store("clips.db"), os.environ["PUBLIC_URL"])
