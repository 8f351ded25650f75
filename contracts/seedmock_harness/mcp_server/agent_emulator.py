"""The emulator that an agent works with: orders, polls and downloads as a client makes them, and the control API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec

from seedmock_contracts.contract import Contract
from seedmock_contracts.endpoints import endpoint_path, task_params
from seedmock_contracts.enums import Operation, TaskStatus
from seedmock_contracts.generation import GenerationRequest
from seedmock_contracts.lifecycle import TERMINAL
from seedmock_contracts.pricing import quote
from seedmock_contracts.response_format import first_value
from seedmock_contracts.upstreams import get_contract
from seedmock_server.clock import Clock, pause
from seedmock_server.control_client import ControlClient, ControlClientError

from ..conversation.order_parser import build_document
from ..errors import HarnessError

POLL_SECONDS = 0.2


class RefusedCall(HarnessError):
    """A call that the emulator, the contract or the control API refuses; the message says what is allowed."""


class AgentEmulator:
    """Calls of an agent to an emulator. `key` is the API key with which it orders."""

    def __init__(self, url: str, key: str, token: str | None = None) -> None:
        self.url, self.key, self.control = url, key, ControlClient(url, token)
        self._http = httpx.Client(base_url=url, timeout=120, headers={"Authorization": f"Bearer {key}"})

    def close(self) -> None:
        self._http.close()
        self.control.close()

    def quote(self, upstream: str, request: GenerationRequest) -> dict[str, Any]:
        """Return the price of an order. Raises RefusedCall."""
        try:
            price = quote(_contract(upstream).name, request)
        except ValueError as error:
            raise RefusedCall(str(error)) from error
        facts = [fact.id for fact in price.facts]
        return {"usd": str(price.amount), "seconds": price.seconds, "basis": str(price.basis), "facts": facts}

    def order(self, upstream: str, request: GenerationRequest) -> dict[str, Any]:
        """Order a clip. Raises RefusedCall with what the upstream answers."""
        contract = _contract(upstream)
        price = self.quote(upstream, request)
        try:
            document = build_document(contract, request)
        except ValueError as error:
            raise RefusedCall(str(error)) from error
        body = self._call(contract, Operation.CREATE, {}, document)
        task_id = contract.response.item_id(contract.response.payload(body))
        return {"task_id": str(task_id), "upstream": upstream, "quote_usd": price["usd"], "response": body}

    def wait(self, task_id: str, timeout_seconds: float) -> dict[str, Any]:
        """Poll a task until it ends, or until the timeout. Raises RefusedCall for an unknown one."""
        clock = Clock()
        deadline = clock.now() + timeout_seconds
        task = self.task(task_id)
        while TaskStatus(task["status"]) not in TERMINAL and clock.now() < deadline:
            self._query(task)
            pause(POLL_SECONDS)
            task = self.task(task_id)
        return {**task, "response": self._query(task)}

    def task(self, task_id: str) -> dict[str, Any]:
        """Return a task as the emulator knows it. Raises RefusedCall."""
        try:
            row: dict[str, Any] = msgspec.to_builtins(self.control.task(task_id))
        except ControlClientError as error:
            raise RefusedCall(str(error)) from error
        return row

    def _query(self, task: Mapping[str, Any]) -> Any:
        contract = get_contract(str(task["upstream"]))
        return self._call(contract, Operation.QUERY, task_params(contract, Operation.QUERY, str(task["id"])), {})

    def download(self, task_id: str, path: Path) -> dict[str, Any]:
        """Save a task's clip to a file. Raises RefusedCall."""
        task = self.task(task_id)
        contract = get_contract(str(task["upstream"]))
        response = self._http.get(self._clip_url(contract, task))
        if response.status_code != 200:
            raise RefusedCall(f"the clip is not there: {response.status_code} {response.text[:500]}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(response.content)
        content_type = response.headers["content-type"]
        return {"path": str(path.resolve()), "bytes": len(response.content), "content_type": content_type}

    def _clip_url(self, contract: Contract, task: Mapping[str, Any]) -> str:
        task_id = str(task["id"])
        if contract.endpoint(Operation.CONTENT) is not None:
            return endpoint_path(contract, Operation.CONTENT, task_params(contract, Operation.CONTENT, task_id))[1]
        link = first_value(contract.response.payload(self._query(task)), contract.response.link_paths)
        link = link[0] if isinstance(link, list) and link else link
        if not isinstance(link, str):
            raise RefusedCall(f"the task is {task['status']} and has no link; allowed: a task that is SUCCESS")
        return link

    def _call(self, contract: Contract, operation: Operation, params: Mapping[str, str], document: Any) -> Any:
        endpoint = contract.endpoint(operation)
        in_path = {name: value for name, value in params.items() if endpoint and name in endpoint.parameters}
        method, path = endpoint_path(contract, operation, in_path)
        query = {name: value for name, value in params.items() if name not in in_path}
        response = self._http.request(method, path, params=query, json=document or None)
        try:
            body = response.json()
        except json.JSONDecodeError:
            body = response.text
        code = first_value(body, (contract.response.code_path,)) if contract.response.code_path else None
        # One upstream rejects requests with HTTP 200, and has the real status in the body.
        if response.status_code >= 400 or (isinstance(code, int) and code >= 400):
            message = contract.response.error_part(body, "message")
            raise RefusedCall(f"{operation} was refused with {response.status_code}: {message or body}")
        return body


def _contract(upstream: str) -> Contract:
    try:
        return get_contract(upstream)
    except LookupError as error:
        raise RefusedCall(str(error)) from error
